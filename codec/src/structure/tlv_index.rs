//! The objects of one level of BER-TLV, found once and looked up by tag.
//!
//! Owns the index. Must never allocate or hold a byte of a value: it is made for every message that has chip data.

use arrayvec::ArrayVec;

use super::ber_tlv::{Ff, MORE, NUMBER_FOLLOWS, Tag, TlvError, TlvErrorKind, TlvReader};

/// Most objects that an index holds.
const MOST_INDEXED: usize = 64;
/// Most bytes that an index scans: offsets are 16 bits.
const MOST_BYTES: usize = 0xFFFF;

/// Where the objects of one level are: scanned once per element, looked up by tag. Holds at most 64 objects and no
/// bytes. One index can serve one message after another.
#[derive(Clone, Debug, Default)]
pub struct TlvIndex {
    entries: ArrayVec<Entry, MOST_INDEXED>,
}

#[derive(Clone, Copy, Debug)]
struct Entry {
    tag: Tag,
    start: u16,
    length: u16,
}

impl TlvIndex {
    /// Scans the objects of one level in place of those scanned before.
    ///
    /// # Errors
    /// [`TlvError`] when one of them cannot be read, or there are more than 64, or more than 65,535 bytes. The index is
    /// then empty.
    pub fn scan(&mut self, bytes: &[u8], ff: Ff) -> Result<(), TlvError> {
        self.entries.clear();
        let found = bytes.len();
        let result = if found > MOST_BYTES {
            let maximum = MOST_BYTES;
            let kind = TlvErrorKind::TooLong { maximum, found };
            Err(TlvError { offset: 0, kind })
        } else {
            self.fill(bytes, ff)
        };
        if result.is_err() {
            self.entries.clear();
        }
        result
    }

    fn fill(&mut self, bytes: &[u8], ff: Ff) -> Result<(), TlvError> {
        let mut at: u16 = 0;
        while let Some(rest) = bytes.get(usize::from(at)..).filter(|rest| !rest.is_empty()) {
            let (entry, end) = match short_object(rest, at) {
                Some(short) if usize::from(short.1) <= bytes.len() => short,
                Some(_) | None => match any_object(rest, at, ff)? {
                    Some(object) => object,
                    None => return Ok(()),
                },
            };
            self.entries.try_push(entry).map_err(|_full| {
                let maximum = MOST_INDEXED;
                let kind = TlvErrorKind::TooMany { maximum };
                let offset = usize::from(at);
                TlvError { offset, kind }
            })?;
            at = end;
        }
        Ok(())
    }

    /// The value of the first object with this tag, in the bytes that were scanned.
    pub fn get<'a>(&self, bytes: &'a [u8], tag: Tag) -> Option<&'a [u8]> {
        let entry = self.entries.iter().find(|entry| entry.tag == tag)?;
        entry.value(bytes)
    }

    /// Tags and values in their order, in the bytes that were scanned.
    pub fn iter<'a>(&self, bytes: &'a [u8]) -> impl Iterator<Item = (Tag, &'a [u8])> {
        let value = move |entry: &Entry| Some((entry.tag, entry.value(bytes)?));
        self.entries.iter().filter_map(value)
    }

    /// Number of objects.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there is no object.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }
}

impl Entry {
    fn value(self, bytes: &[u8]) -> Option<&[u8]> {
        let rest = bytes.get(usize::from(self.start)..)?;
        rest.get(..usize::from(self.length))
    }
}

/// The object at the beginning if its tag has one or two bytes and its length one, as nearly all have, and where it
/// ends: not checked yet.
#[inline]
fn short_object(rest: &[u8], at: u16) -> Option<(Entry, u16)> {
    let (tag, header, length) = match *rest {
        [tag, length, ..] if tag & NUMBER_FOLLOWS != NUMBER_FOLLOWS && tag != 0 => {
            (Tag::short(tag), 2, length)
        }
        [first, second, length, ..] if second & MORE == 0 && first != 0xFF && first != 0 => {
            (Tag::two_bytes(first, second), 3, length)
        }
        _ => return None,
    };
    if length & MORE != 0 {
        return None;
    }
    let start = at.checked_add(header)?;
    let length = u16::from(length);
    let end = start.checked_add(length)?;
    Some((Entry { tag, start, length }, end))
}

/// The next object whatever its form, after filler, and where it ends; `None` when only filler is left.
#[cold]
fn any_object(rest: &[u8], at: u16, ff: Ff) -> Result<Option<(Entry, u16)>, TlvError> {
    let base = usize::from(at);
    let object = TlvReader::new(rest, ff).next().transpose();
    let object = object.map_err(|error| TlvError {
        offset: base.saturating_add(error.offset),
        ..error
    })?;
    Ok(object.map(|object| {
        // All positions are within MOST_BYTES.
        let within = |position: usize| u16::try_from(position).unwrap_or(u16::MAX);
        let start = base.saturating_add(object.value_start);
        let entry = Entry {
            tag: object.tag,
            start: within(start),
            length: within(object.value.len()),
        };
        (entry, within(start.saturating_add(object.value.len())))
    }))
}
