//! What of the writes that were not synced a power cut leaves on the device.

use std::ops::Range;

use crate::change::Effect;
use crate::disk::Disk;

/// What a device writes as a whole.
const SECTOR_BYTES: usize = 512;

/// What is left of one write or change of a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kept {
    Whole,
    Nothing,
    /// The first so many bytes: up to the end of a sector.
    Torn(usize),
    /// Some sectors, by this seed.
    Scattered(u64),
}

/// What is left of everything that was not synced, in the order of the changes.
#[derive(Debug)]
pub(crate) struct Survival {
    pub(crate) name: String,
    pub(crate) kept: Vec<Kept>,
}

impl Kept {
    /// Tells it apart from the others for the same write.
    pub(crate) fn number(self) -> u64 {
        match self {
            Self::Nothing => 0,
            Self::Whole => 1,
            Self::Torn(bytes) => 2 + bytes as u64,
            Self::Scattered(seed) => seed | 1 << 31,
        }
    }

    /// The parts of a write of so many bytes at an offset that are left.
    pub(crate) fn parts(self, offset: usize, bytes: usize) -> Vec<Range<usize>> {
        match self {
            Self::Nothing => Vec::new(),
            Self::Whole => std::iter::once(0..bytes).collect(),
            Self::Torn(kept) => std::iter::once(0..kept.min(bytes)).collect(),
            Self::Scattered(seed) => {
                let sectors = sectors(offset, bytes).into_iter();
                let lucky = |(number, _): &(u64, _)| mix(seed ^ number) & 1 == 0;
                let left = (0_u64..).zip(sectors).filter(lucky);
                left.map(|(_, sector)| sector).collect()
            }
        }
    }
}

/// The sectors that a write touches, as parts of the write.
fn sectors(offset: usize, bytes: usize) -> Vec<Range<usize>> {
    let mut sectors = Vec::new();
    let mut start = 0;
    while start < bytes {
        let end = (offset + start + 1).next_multiple_of(SECTOR_BYTES) - offset;
        sectors.push(start..end.min(bytes));
        start = end;
    }
    sectors
}

/// Numbers that follow from a seed (SplitMix64).
pub(crate) fn mix(seed: u64) -> u64 {
    let mut mixed = seed.wrapping_add(0x9E37_79B9_7F4A_7C15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    mixed ^ (mixed >> 31)
}

/// What a cut at a point may leave: nothing of what was not synced; all of it, the last write torn; and all of
/// it, a beginning with its last write torn or whole, the journal's or the books' part alone, and sectors
/// here and there: one of these in turn, or `every` one.
pub(crate) fn choices(disk: &Disk, point: usize, every: bool) -> Vec<Survival> {
    let pending = &disk.pending;
    let count = pending.len();
    let seed = mix(point as u64);
    let place = usize::try_from(seed % (count as u64 + 1)).unwrap();
    let whole = |number: usize| {
        let kept = |at| {
            if at < number {
                Kept::Whole
            } else {
                Kept::Nothing
            }
        };
        (0..count).map(kept).collect::<Vec<_>>()
    };
    let torn = |number: usize| {
        let mut kept = whole(number);
        if let Some(last) = number.checked_sub(1) {
            kept[last] = torn(&pending[last].effect, seed);
        }
        kept
    };
    let of = |books: bool| {
        let kept = |of: bool| {
            if of == books {
                Kept::Whole
            } else {
                Kept::Nothing
            }
        };
        pending.iter().map(|pending| kept(pending.books)).collect()
    };
    let scattered = |number: usize| Kept::Scattered(mix(seed ^ number as u64) >> 33);
    let mut choices: Vec<(&str, Vec<Kept>)> = vec![
        ("everything is left", whole(count)),
        ("a beginning is left", whole(place)),
        ("a beginning is left, its last write torn", torn(place)),
        ("the journal's part is left", of(false)),
        ("the books' part is left", of(true)),
        (
            "sectors here and there are left",
            (0..count).map(scattered).collect(),
        ),
    ];
    if !every {
        let turn = usize::try_from(mix(!seed) % choices.len() as u64).unwrap();
        choices = vec![choices.swap_remove(turn)];
    }
    choices.push(("nothing unsynced is left", whole(0)));
    choices.push(("everything is left, the last write torn", torn(count)));
    choices
        .into_iter()
        .map(|(name, kept)| Survival {
            name: format!("{name} ({count} unsynced)"),
            kept,
        })
        .collect()
}

fn torn(effect: &Effect, seed: u64) -> Kept {
    let Effect::Write { offset, data, .. } = effect else {
        return Kept::Nothing;
    };
    let sectors = sectors(*offset, data.len());
    let kept = usize::try_from(mix(seed) % sectors.len().max(1) as u64).unwrap();
    Kept::Torn(sectors.get(kept).map_or(0, |sector| sector.start))
}
