//! How the ledger runs.
//!
//! Owns: what the process around the ledger decides for it, and the names of the pins that a start adds.
//! Must never: be changed while it runs.

use std::path::PathBuf;
use std::time::Duration;

use crate::books::inspection::Inspector;
use crate::journal::committer::CommitOptions;
use crate::journal::log::LogOptions;
use crate::journal::readers::Readers;
use crate::journal::retention::Policy;
use crate::recovery::Replay;

/// How the ledger runs.
#[derive(Clone, Debug)]
pub struct LedgerOptions {
    /// Directory of the journal's segments.
    pub journal_directory: PathBuf,
    /// Directory of the books.
    pub books_directory: PathBuf,
    /// The journal's files.
    pub log: LogOptions,
    /// How the committer gathers.
    pub commit: CommitOptions,
    /// Who reads the journal beside the books. A detachable reader that must not miss anything registers
    /// before the start; the start adds the pins [`BOOKS`] and [`SNAPSHOT`].
    pub readers: Readers,
    /// How long and how much of the journal is kept.
    pub retention: Policy,
    /// Commands that may wait for the writer; more are refused.
    pub queue_commands: usize,
    /// Most commands of one batch.
    pub batch_commands: usize,
    /// sled's page cache in bytes.
    pub books_cache_bytes: u64,
    /// How often the view-writer writes the books, at least, when there is anything to write.
    pub checkpoint_interval_ms: u64,
    /// Changed rows after which it writes them at once.
    pub checkpoint_rows: usize,
    /// Length of the pauses within a checkpoint or a snapshot, in hundredths of the work before each.
    pub checkpoint_pause_percent: u32,
    /// How far the views may be behind the journal, in batches, before commands are refused.
    pub view_lag_batches: u64,
    /// How far the books may be behind what was decided, in records, before commands are refused.
    pub view_lag_records: u64,
    /// Directory of the snapshots.
    pub snapshots_directory: PathBuf,
    /// How often a snapshot is taken; 0 for only when somebody asks.
    pub snapshot_interval_minutes: u64,
    /// How many snapshots are kept, the newest ones.
    pub snapshots_kept: usize,
    /// How many days of history the books keep; `None` for all.
    pub history_days: Option<u32>,
    /// How the books are inspected before anything rests on them.
    pub inspector: Inspector,
}

impl LedgerOptions {
    /// How a start takes in the journal's rest: the views may be as far behind then as while the switch runs, and a start
    /// that takes everything into them answers much later than one that leaves it to the view-writer.
    pub(super) fn replay(&self) -> Replay {
        Replay {
            behind_records: self.view_lag_records,
            checkpoint_rows: self.checkpoint_rows,
        }
    }

    /// How often a snapshot is taken; zero for only when somebody asks.
    pub(super) fn snapshot_interval(&self) -> Duration {
        Duration::from_secs(self.snapshot_interval_minutes.saturating_mul(60))
    }
}

/// The pin of the books: what a start replays begins after it.
pub const BOOKS: &str = "books";
/// The pin of the oldest snapshot that is kept: what rebuilds the books begins after it. It stands at 0, so
/// that nothing is removed, until there is one.
pub const SNAPSHOT: &str = "snapshot";
