//! Removing what retention lets go.
//!
//! Owns: the list of segments with their sizes and times, and their removal, the oldest first, each
//! durable before the next, so that a crash at any point leaves the rest of the journal whole from some
//! segment on. Must never: remove what [`retention`](super::retention) did not decide, or go on after a
//! removal failed: which names a crash would bring back is then unknown.

use std::collections::BTreeMap;

use super::batch::{HEADER_BYTES, Header};
use super::disk::{Disk, DiskFile as _, read_fully};
use super::log::{OpenError, SEGMENT_HEADER_BYTES};
use super::readers::{ReaderStatus, Readers};
use super::retention::{Policy, Segment, decide, lag_bytes};
use super::segments::{segment_name, segment_names};
use crate::identifiers::Timestamp;

/// Keeps a journal within its policy.
#[derive(Debug)]
pub struct Retainer<D> {
    disk: D,
    readers: Readers,
    policy: Policy,
    /// Segments whose first batch is known, by first sequence: what is said of them does not change.
    known: BTreeMap<u64, Segment>,
    failed: bool,
}

/// The journal after a run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Retained {
    /// The segments that are left.
    pub segments: usize,
    /// Their bytes.
    pub bytes: u64,
    /// The first sequence that is left; `None` when there is no segment.
    pub oldest_sequence: Option<u64>,
    /// Where the readers stand, each with the bytes of closed segments kept for it.
    pub readers: Vec<(ReaderStatus, u64)>,
    /// Segments that were removed.
    pub removed: usize,
    /// Readers that were detached: they have to resynchronize.
    pub detached: Vec<String>,
    /// Pins that keep more of the journal than the policy allows.
    pub held_by: Vec<String>,
}

impl<D: Disk> Retainer<D> {
    /// Over the journal of a disk.
    pub fn new(disk: D, readers: Readers, policy: Policy) -> Self {
        Self {
            disk,
            readers,
            policy,
            known: BTreeMap::new(),
            failed: false,
        }
    }

    /// Removes what may go, a few segments at most; more is for the next run.
    ///
    /// # Errors
    /// [`OpenError`] when the directory or a segment cannot be read, or a segment not be removed; after
    /// the latter nothing is removed any more.
    pub fn run(&mut self, now: Timestamp) -> Result<Retained, OpenError> {
        let mut segments = self.segments()?;
        let settled = self.readers.settled();
        let mut decision = decide(&segments, &settled.statuses(), now, self.policy);
        if self.failed {
            (decision.detach, decision.remove) = (Vec::new(), Vec::new());
        }
        for reader in &decision.detach {
            settled.detach(reader, now);
        }
        for first_sequence in &decision.remove {
            let file = segment_name(*first_sequence);
            if let Err(source) = self.disk.remove(&file) {
                self.failed = true;
                return Err(OpenError::Io { file, source });
            }
            segments.retain(|segment| segment.first_sequence != *first_sequence);
        }
        let statuses = settled.statuses();
        drop(settled);
        let with_lag = |status: ReaderStatus| {
            let bytes = lag_bytes(&segments, status.seen);
            (status, bytes)
        };
        Ok(Retained {
            segments: segments.len(),
            bytes: segments.iter().map(|segment| segment.bytes).sum(),
            oldest_sequence: segments.first().map(|segment| segment.first_sequence),
            readers: statuses.into_iter().map(with_lag).collect(),
            removed: decision.remove.len(),
            detached: decision.detach,
            held_by: decision.held_by,
        })
    }

    fn segments(&mut self) -> Result<Vec<Segment>, OpenError> {
        let mut segments = Vec::new();
        for (first_sequence, name) in segment_names(&self.disk)? {
            let segment = match self.known.get(&first_sequence) {
                Some(segment) => *segment,
                None => self.look(first_sequence, &name)?,
            };
            segments.push(segment);
        }
        let begun = segments
            .iter()
            .filter(|segment| segment.begins_at.is_some());
        self.known = begun
            .map(|segment| (segment.first_sequence, *segment))
            .collect();
        Ok(segments)
    }

    fn look(&self, first_sequence: u64, name: &str) -> Result<Segment, OpenError> {
        let io = |source| OpenError::Io {
            file: name.to_owned(),
            source,
        };
        let file = self.disk.open(name).map_err(io)?;
        let mut header = [0; HEADER_BYTES];
        read_fully(&file, SEGMENT_HEADER_BYTES as u64, &mut header).map_err(io)?;
        let first = Header::read(&header).ok();
        let first = first.filter(|header| header.sequence == first_sequence);
        Ok(Segment {
            first_sequence,
            bytes: file.length().map_err(io)?,
            begins_at: first.map(|header| header.time),
        })
    }
}
