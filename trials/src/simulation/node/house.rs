//! What keeps the journal's house in the simulated switch: retention, snapshots, the next segment.
//!
//! Owns: the shells of the shipped retainer, preparer and snapshot writer: the pins, and the order in which
//! they move. Must never: move a pin before what it stands for is durable.

use ledger::books::ViewWriter;
use ledger::identifiers::Timestamp;
use ledger::journal::log::{Log, OpenError};
use ledger::journal::readers::{Reader, Readers};
use ledger::journal::retainer::{Retained, Retainer};
use ledger::journal::retention::Policy;
use ledger::journal::simulated::SimulatedDisk;
use ledger::journal::{Prepared, Preparer};
use ledger::runtime::{BOOKS, SNAPSHOT};
use ledger::snapshot::SnapshotError;
use ledger::snapshot::files::{self, Taken};

use super::super::plan::Bounds;
use super::archive::Archive;
use super::{OPTIONS, Store};

/// Bytes of the next segment that are written at a time.
const PIECE_BYTES: usize = 2048;

pub struct House {
    preparer: Preparer<SimulatedDisk>,
    retainer: Retainer<SimulatedDisk>,
    journal: SimulatedDisk,
    books: Reader,
    snapshot: Reader,
    pub snapshots: SimulatedDisk,
    kept: usize,
    pub archive: Archive,
}

impl House {
    pub fn new(
        log: &Log<SimulatedDisk>,
        journal: &SimulatedDisk,
        (snapshots, archive): (SimulatedDisk, Archive),
        readers: &Readers,
        books_sequence: u64,
        (bounds, now): (&Bounds, Timestamp),
    ) -> Self {
        let policy = Policy {
            retain_hours: bounds.retain_hours,
            retain_bytes: bounds.retain_bytes,
            reader_lag_bytes: bounds.reader_lag_bytes,
        };
        let taken = files::list(&snapshots).unwrap_or_default();
        let oldest = taken.first().map_or(0, |(from, _)| *from);
        Self {
            preparer: log.preparer(PIECE_BYTES, readers.progress()),
            retainer: Retainer::new(journal.clone(), readers.clone(), policy),
            journal: journal.clone(),
            books: readers.pin(BOOKS, books_sequence, now),
            snapshot: readers.pin(SNAPSHOT, oldest, now),
            snapshots,
            kept: bounds.snapshots_kept,
            archive,
        }
    }

    /// The next piece of the next segment is written, if one is wanted.
    pub fn prepare(&mut self) -> std::io::Result<Prepared> {
        self.preparer.step()
    }

    /// What nobody needs any more is removed; the archive keeps it for the checkers.
    pub fn retain(&mut self, in_books: u64, now: Timestamp) -> Result<Retained, OpenError> {
        self.books.saw(in_books);
        self.archive.keep(&self.journal);
        self.retainer.run(now)
    }

    /// A snapshot is taken while checkpoints go on: `between` is called after each page of rows.
    pub fn snapshot(
        &self,
        view_writer: &mut ViewWriter<Store>,
        now: Timestamp,
        mut between: impl FnMut(&mut ViewWriter<Store>),
    ) -> Result<Taken, SnapshotError> {
        let store = view_writer.views().store().clone();
        let mut pace = |_| {
            between(view_writer);
            true
        };
        let (shard, disk) = (OPTIONS.shard, &self.snapshots);
        let taken = files::take(&store, shard, disk, self.kept, now, &mut pace)?;
        self.snapshot.saw(taken.oldest);
        Ok(taken)
    }
}
