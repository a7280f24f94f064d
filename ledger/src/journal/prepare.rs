//! The next segment, made before it is needed.
//!
//! Owns: the file `next-segment.partial`, filled with zeros piece by piece and synced after each, and the
//! handing over of it: the log takes it by a change of name, so that a rotation costs that, a sync of
//! the directory and a header. Without one the log makes its segment itself. What a crash leaves of it is
//! removed when the journal is opened. Must never: touch a segment.

use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::disk::{Disk, DiskFile as _};
use super::signal::Signal;

/// The file that becomes the next segment.
pub(super) const PARTIAL_NAME: &str = "next-segment.partial";

/// Pieces that are made as one in haste: each sync is a wait for the device, and for the processor behind it.
const PIECES_IN_HASTE: usize = 4;

/// What the log and the preparer tell each other; clones share it.
#[derive(Clone, Debug, Default)]
pub(super) struct NextSegment {
    shared: Arc<Mutex<Shared>>,
}

#[derive(Debug, Default)]
struct Shared {
    stage: Stage,
    /// The segment in use fills up faster than the next one is made.
    in_haste: bool,
    wanted: Option<Signal>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Stage {
    /// The log has room enough.
    #[default]
    NotNeeded,
    /// The log will need one.
    Wanted,
    /// The file is whole and durable: so many bytes.
    Ready(u64),
    /// The log is taking it.
    Taken,
}

impl NextSegment {
    fn lock(&self) -> MutexGuard<'_, Shared> {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The log will need a segment before long, or very soon.
    pub(super) fn want(&self, in_haste: bool) {
        let mut shared = self.lock();
        shared.in_haste = in_haste;
        if shared.stage == Stage::NotNeeded {
            shared.stage = Stage::Wanted;
            if let Some(wanted) = &shared.wanted {
                wanted.raise();
            }
        }
    }

    /// Takes the prepared file if it has room for `needed` bytes; its size. Until
    /// [`taken`](Self::taken) nobody else touches it.
    pub(super) fn take(&self, needed: u64) -> Option<u64> {
        let mut shared = self.lock();
        match shared.stage {
            Stage::Ready(bytes) if bytes >= needed => {
                shared.stage = Stage::Taken;
                Some(bytes)
            }
            Stage::NotNeeded | Stage::Wanted | Stage::Ready(_) | Stage::Taken => None,
        }
    }

    /// The file has its new name, or is gone.
    pub(super) fn taken(&self) {
        self.lock().stage = Stage::NotNeeded;
    }
}

/// How far the preparation is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Prepared {
    /// There is nothing to prepare.
    Idle,
    /// A piece was written; there are more.
    Piece {
        /// They are needed very soon.
        in_haste: bool,
    },
    /// The next segment is ready.
    Ready,
}

/// Prepares the next segment, a piece per step.
#[derive(Debug)]
pub struct Preparer<D: Disk> {
    disk: D,
    next: NextSegment,
    segment_bytes: u64,
    piece_bytes: usize,
    filling: Option<(D::File, u64)>,
}

impl<D: Disk> Preparer<D> {
    pub(super) fn new(
        disk: D,
        next: NextSegment,
        segment_bytes: u64,
        piece_bytes: usize,
        wanted: Signal,
    ) -> Self {
        next.lock().wanted = Some(wanted);
        Self {
            disk,
            next,
            segment_bytes,
            piece_bytes: piece_bytes.max(1),
            filling: None,
        }
    }

    /// Does the next step, if there is one.
    ///
    /// # Errors
    /// What the file system answers. The partial file is then removed, if that can be done, and the next
    /// step begins anew; a rotation before that makes its segment itself.
    pub fn step(&mut self) -> io::Result<Prepared> {
        let in_haste = {
            let shared = self.next.lock();
            if shared.stage != Stage::Wanted {
                return Ok(Prepared::Idle);
            }
            shared.in_haste
        };
        let filled = self.fill(in_haste);
        if filled.is_err() {
            self.filling = None;
            // It may hold the last free blocks, which the log needs more.
            self.disk.remove(PARTIAL_NAME).unwrap_or_default();
        }
        filled
    }

    fn fill(&mut self, in_haste: bool) -> io::Result<Prepared> {
        let (mut file, filled) = match self.filling.take() {
            Some(filling) => filling,
            None => (self.disk.create(PARTIAL_NAME, 0)?, 0),
        };
        let left = self.segment_bytes.saturating_sub(filled);
        let pieces = if in_haste { PIECES_IN_HASTE } else { 1 };
        let most = self.piece_bytes.saturating_mul(pieces);
        let length = usize::try_from(left).map_or(most, |left| left.min(most));
        // Real zeros, as Disk::create writes them.
        file.write_at(filled, &vec![0; length])?;
        file.sync_data()?;
        let filled = filled.saturating_add(length as u64);
        if filled < self.segment_bytes {
            self.filling = Some((file, filled));
            return Ok(Prepared::Piece { in_haste });
        }
        self.next.lock().stage = Stage::Ready(filled);
        Ok(Prepared::Ready)
    }
}
