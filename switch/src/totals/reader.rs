//! The reader of the journal that keeps totals.
//!
//! Owns: the place in the journal, the registration as the detachable reader `totals`, and the way others read them and
//! wait for them. Must never: leave batches out without saying so.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use ledger::Watermark;
use ledger::identifiers::ShardId;
use ledger::journal::cursor::{Cursor, CursorError, oldest_held};
use ledger::journal::disk::{Directory, Disk};
use ledger::journal::readers::{Reader, Readers};
use ledger::record::Unreadable;
use ledger::runtime::{Follower, now};
use tokio::sync::watch;

use super::{DateOf, Totals, kept};

/// Its name among the readers of the journal.
const READER: &str = "totals";

/// How often totals are kept, while they change.
const INTERVAL: Duration = Duration::from_secs(1);

/// How late totals may be before counting takes its share of a busy processor: a reconciliation waits for it.
const PATIENCE: Duration = Duration::from_secs(1);

/// How long nothing is looked at while nothing happens, the stop included.
const PAUSE: Duration = Duration::from_millis(100);

/// Why totals cannot be kept.
#[derive(Debug, thiserror::Error)]
pub enum TotalsError {
    /// The file cannot be used.
    #[error("{path}: {source}")]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The journal cannot be read.
    #[error("journal: {0}")]
    Journal(#[from] CursorError),
    /// A record cannot be read.
    #[error(transparent)]
    Record(#[from] Unreadable),
}

/// The totals as others see them.
#[derive(Debug)]
pub struct SharedTotals {
    totals: Mutex<Totals>,
    reached: watch::Sender<u64>,
}

impl SharedTotals {
    /// Looks at them.
    pub fn read<T>(&self, look: impl FnOnce(&Totals) -> T) -> T {
        look(&self.lock())
    }

    /// The last batch that is counted, now and as it rises.
    #[must_use]
    pub fn reached(&self) -> watch::Receiver<u64> {
        self.reached.subscribe()
    }

    fn change<T>(&self, change: impl FnOnce(&mut Totals) -> T) -> T {
        let mut totals = self.lock();
        let changed = change(&mut totals);
        let sequence = totals.sequence();
        drop(totals);
        self.reached.send_replace(sequence);
        changed
    }

    fn lock(&self) -> MutexGuard<'_, Totals> {
        // Sums are whole after every batch, whoever looked at them.
        self.totals.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Counts the batches of the journal.
#[derive(Debug)]
pub struct TotalsReader<D: Disk> {
    disk: D,
    cursor: Cursor<D>,
    reader: Reader,
    shard: ShardId,
    directory: PathBuf,
    saved: u64,
    totals: Arc<SharedTotals>,
}

impl TotalsReader<Directory> {
    /// Goes on with what is kept in a directory, and registers as a reader of the journal from there.
    ///
    /// # Errors
    /// [`TotalsError`] when a file cannot be used.
    pub fn open(
        directory: &Path,
        journal: &Path,
        shard: ShardId,
        readers: &Readers,
    ) -> Result<Self, TotalsError> {
        let disk = Directory::open(journal).map_err(|source| TotalsError::File {
            path: journal.to_owned(),
            source,
        })?;
        Self::over(disk, directory, shard, readers)
    }
}

impl<D: Disk + Clone> TotalsReader<D> {
    /// Over the journal of a disk.
    ///
    /// # Errors
    /// [`TotalsError`] when what is kept cannot be used.
    pub fn over(
        disk: D,
        directory: &Path,
        shard: ShardId,
        readers: &Readers,
    ) -> Result<Self, TotalsError> {
        let totals = kept::read(directory)?;
        let sequence = totals.sequence();
        Ok(Self {
            cursor: Cursor::after(disk.clone(), sequence),
            disk,
            reader: readers.detachable(READER, sequence, now()),
            shard,
            directory: directory.to_owned(),
            saved: sequence,
            totals: Arc::new(SharedTotals {
                totals: Mutex::new(totals),
                reached: watch::Sender::new(sequence),
            }),
        })
    }

    /// The totals as others see them.
    #[must_use]
    pub fn shared(&self) -> Arc<SharedTotals> {
        Arc::clone(&self.totals)
    }

    /// The last batch that is counted.
    #[must_use]
    pub fn sequence(&self) -> u64 {
        self.totals.read(Totals::sequence)
    }

    /// Counts the next batch that the watermark has passed; `false` when there is none.
    ///
    /// # Errors
    /// [`TotalsError`]: the journal cannot be read.
    pub fn count(&mut self, watermark: u64, date_of: DateOf<'_>) -> Result<bool, TotalsError> {
        if self.reader.is_detached() {
            // What stands after its place may be gone, even where an open file still shows it.
            self.cursor = Cursor::after(self.disk.clone(), self.sequence());
            self.reader.attach(self.saved, now());
        }
        let batch = match self.cursor.next(watermark) {
            Ok(Some(batch)) => batch,
            Ok(None) => return Ok(false),
            Err(CursorError::Gone { sequence }) => return self.skip(sequence),
            Err(error) => return Err(error.into()),
        };
        let shard = self.shard;
        self.totals
            .change(|totals| totals.take(shard, &batch, date_of))?;
        Ok(true)
    }

    /// Goes on with the oldest batch that the journal holds: what was counted so far is incomplete.
    fn skip(&mut self, wanted: u64) -> Result<bool, TotalsError> {
        let oldest = oldest_held(&self.disk).map_err(CursorError::from)?;
        let Some(last) = oldest.map(|oldest| oldest.saturating_sub(1)) else {
            return Err(CursorError::Gone { sequence: wanted }.into());
        };
        tracing::error!(
            first_sequence = wanted,
            last_sequence = last,
            "totals are incomplete: the journal had to let go of batches that were not counted"
        );
        self.totals.change(|totals| totals.miss(last));
        self.reader.attach(last, now());
        self.cursor = Cursor::after(self.disk.clone(), last);
        Ok(true)
    }

    /// Keeps the totals; the journal need not hold what they count.
    ///
    /// # Errors
    /// [`TotalsError`]: the file is then the one before.
    pub fn save(&mut self) -> Result<(), TotalsError> {
        let totals = self.totals.read(Totals::clone);
        if totals.sequence() == self.saved {
            return Ok(());
        }
        kept::write(&self.directory, &totals)?;
        self.saved = totals.sequence();
        self.reader.saw(self.saved);
        Ok(())
    }
}

/// Follows the journal and counts until told to stop: the shell of [`TotalsReader`].
///
/// # Errors
/// [`TotalsError`]: nothing more is counted then; authorizations go on, reconciliations are refused.
pub fn follow(
    mut reader: TotalsReader<Directory>,
    watermark: &Watermark,
    date_of: DateOf<'_>,
    stop: &AtomicBool,
) -> Result<(), TotalsError> {
    let mut rank = Follower::step_back(PATIENCE);
    let mut saved = now();
    loop {
        let stopping = stop.load(Ordering::Acquire);
        let next = reader.sequence().saturating_add(1);
        if stopping || watermark.wait_for(next, PAUSE) {
            while reader.count(watermark.sequence(), date_of)? {
                rank.press(stopping);
            }
        }
        rank.caught_up();
        let waited_us = now().0.saturating_sub(saved.0);
        if stopping || u128::try_from(waited_us).unwrap_or(0) >= INTERVAL.as_micros() {
            reader.save()?;
            saved = now();
        }
        if stopping {
            return Ok(());
        }
    }
}
