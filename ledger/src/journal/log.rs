//! The segment files: appending to them and beginning the next.
//!
//! Owns: the end of the journal, rotation, and the rule that one append is one write and one sync per
//! segment touched. Keeps: batches stand in sequence without holes and each is chained to the one
//! before. How the end is found at a start is in `opening`. Must never: sync twice for
//! the same write.

use std::io;

use super::batch::{Batch, Chain};
use super::clean_end;
use super::disk::{Disk, DiskFile};
use super::label::{LABEL_BYTES, Label, Labelled};
pub use super::open_error::OpenError;
pub use super::opening::Recovered;
use super::prepare::{self, NextSegment, Preparer};
use super::segments::segment_name;
use super::signal::Signal;
use crate::identifiers::ShardId;

/// Bytes of a segment header: magic `ISOJRNL1`, format version u32, shard u16, zero u16, first sequence
/// u64, chain hash before it 32 bytes, zero u32, CRC32C u32. Little endian.
pub const SEGMENT_HEADER_BYTES: usize = LABEL_BYTES;

/// How the journal keeps its files.
#[derive(Clone, Copy, Debug)]
pub struct LogOptions {
    /// The shard whose journal this is; another shard's segments are refused.
    pub shard: ShardId,
    /// Size of a preallocated segment in bytes.
    pub segment_bytes: u64,
}

/// The journal's files, open at their end.
#[derive(Debug)]
pub struct Log<D: Disk> {
    pub(super) disk: D,
    pub(super) options: LogOptions,
    pub(super) segment: Option<Segment<D::File>>,
    pub(super) next_sequence: u64,
    pub(super) durable: u64,
    pub(super) chain: Chain,
    pub(super) next: NextSegment,
    buffer: Vec<u8>,
    failed: bool,
    /// The marker of a clean end is on the disk.
    marked: bool,
}

/// The segment that takes the next batch.
#[derive(Debug)]
pub(super) struct Segment<F> {
    pub(super) name: String,
    pub(super) file: F,
    pub(super) end: u64,
    pub(super) capacity: u64,
}

impl<D: Disk> Log<D> {
    /// A log that has found nothing yet.
    pub(super) fn at_the_beginning(disk: D, options: LogOptions, marked: bool) -> Self {
        Self {
            disk,
            options,
            segment: None,
            next_sequence: 1,
            durable: 0,
            chain: [0; 32],
            next: NextSegment::default(),
            buffer: Vec::new(),
            failed: false,
            marked,
        }
    }

    /// Sequence that the next batch must have.
    pub fn next_sequence(&self) -> u64 {
        self.next_sequence
    }

    /// Highest sequence that is durable.
    pub fn durable(&self) -> u64 {
        self.durable
    }

    /// Appends batches that follow each other and makes them durable: one write, one sync, unless a
    /// segment is full in between. Returns the highest durable sequence.
    ///
    /// # Errors
    /// The first failed write or sync. The log then takes nothing more: what reached the disk is
    /// unknown until it is opened again.
    pub fn append(&mut self, batches: &[Batch]) -> io::Result<u64> {
        if self.failed {
            return Err(io::Error::other("an earlier write or sync failed"));
        }
        let result = self.append_all(batches);
        self.failed = result.is_err();
        result.map(|()| self.durable)
    }

    /// Closes the journal in order: marks its end, so that a shorter journal is refused from now on.
    ///
    /// # Errors
    /// When the mark cannot be written. The journal is whole all the same, and its end unmarked.
    pub fn close(self) -> io::Result<()> {
        if self.failed || self.marked || self.next_sequence == 1 {
            return Ok(());
        }
        let end = Label {
            shard: self.options.shard,
            sequence: self.durable,
            chain: self.chain,
        };
        clean_end::write(&self.disk, end)
    }

    /// Prepares the next segment in pieces of so many bytes, for a thread beside the committer.
    /// `wanted` is raised when there is something to prepare.
    #[must_use]
    pub fn preparer(&self, piece_bytes: usize, wanted: &Signal) -> Preparer<D>
    where
        D: Clone,
    {
        let (disk, next) = (self.disk.clone(), self.next.clone());
        let segment_bytes = self.options.segment_bytes;
        Preparer::new(disk, next, segment_bytes, piece_bytes, wanted.clone())
    }

    fn append_all(&mut self, batches: &[Batch]) -> io::Result<()> {
        if self.marked && !batches.is_empty() {
            clean_end::remove(&self.disk).map_err(at(clean_end::NAME, 0))?;
            self.marked = false;
        }
        for batch in batches {
            if batch.sequence != self.next_sequence {
                return Err(io::Error::other("a batch is out of sequence"));
            }
            if !self.fits(batch) {
                self.flush()?;
                self.rotate(batch.stored_bytes())?;
            }
            self.chain = batch.write(&self.chain, self.durable, &mut self.buffer);
            self.next_sequence = self.next_sequence.saturating_add(1);
        }
        self.flush()
    }

    fn fits(&self, batch: &Batch) -> bool {
        self.segment.as_ref().is_some_and(|segment| {
            let waiting = self.buffer.len().saturating_add(batch.stored_bytes());
            segment.end.saturating_add(waiting as u64) <= segment.capacity
        })
    }

    /// Writes what is gathered and syncs it.
    fn flush(&mut self) -> io::Result<()> {
        let Some(segment) = self.segment.as_mut().filter(|_| !self.buffer.is_empty()) else {
            return Ok(());
        };
        let written = segment.file.write_at(segment.end, &self.buffer);
        written
            .and_then(|()| segment.file.sync_data())
            .map_err(at(&segment.name, segment.end))?;
        segment.end = segment.end.saturating_add(self.buffer.len() as u64);
        self.buffer.clear();
        self.durable = self.next_sequence.saturating_sub(1);
        // Early enough that the next segment is ready when this one is full.
        if segment.end > segment.capacity / 4 {
            self.next.want(segment.end > segment.capacity / 2);
        }
        Ok(())
    }

    /// Makes the first segment of a journal that has none.
    ///
    /// # Errors
    /// What the disk answers.
    pub fn begin(&mut self) -> io::Result<()> {
        match self.segment {
            Some(_) => Ok(()),
            None => self.rotate(0),
        }
    }

    /// Starts the segment whose first batch is the next one.
    fn rotate(&mut self, batch_bytes: usize) -> io::Result<()> {
        let name = segment_name(self.next_sequence);
        let needed = SEGMENT_HEADER_BYTES.saturating_add(batch_bytes) as u64;
        let (file, capacity) = self.made(&name, needed).map_err(at(&name, 0))?;
        self.segment = Some(Segment {
            name,
            file,
            end: SEGMENT_HEADER_BYTES as u64,
            capacity,
        });
        Ok(())
    }

    /// A file of that name and at least that size, whose header is durable, with its size.
    fn made(&self, name: &str, needed: u64) -> io::Result<(D::File, u64)> {
        let (mut file, capacity) = match self.take_prepared(name, needed)? {
            Some(prepared) => prepared,
            None => {
                let capacity = self.options.segment_bytes.max(needed);
                (self.disk.create(name, capacity)?, capacity)
            }
        };
        let header = Label {
            shard: self.options.shard,
            sequence: self.next_sequence,
            chain: self.chain,
        };
        file.write_at(0, &header.to_bytes(Labelled::Segment))?;
        file.sync_data()?;
        Ok((file, capacity))
    }

    /// The prepared segment under its own name, with its size; `None` when there is none that fits.
    fn take_prepared(&self, name: &str, needed: u64) -> io::Result<Option<(D::File, u64)>> {
        let Some(capacity) = self.next.take(needed) else {
            return Ok(None);
        };
        let renamed = self.disk.rename(prepare::PARTIAL_NAME, name);
        self.next.taken();
        match renamed {
            Ok(()) => Ok(Some((self.disk.open(name)?, capacity))),
            // Somebody took it away: it was nothing but zeros.
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }
}

/// What went wrong, with where.
fn at(file: &str, offset: u64) -> impl FnOnce(io::Error) -> io::Error {
    move |error| io::Error::new(error.kind(), format!("{file}: byte {offset}: {error}"))
}
