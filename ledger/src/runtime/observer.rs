//! What the ledger tells those around it.
//!
//! Owns: what the sender of a command hears, what is heard for metrics, what a start found, and why the
//! ledger cannot go on. Must never: hold anything up.

use std::io;
use std::time::Duration;

use crate::books::view::ViewError;
use crate::command::{Outcome, Undecided};
use crate::durable::Durable;
use crate::identifiers::Timestamp;
use crate::journal::cursor::CursorError;
use crate::journal::retainer::Retained;
use crate::rebuild::RebuildError;
use crate::snapshot::SnapshotError;
use crate::writer::WriterError;

/// What the sender of a command needs to hear of it.
pub trait Ticket: Send + 'static {
    /// A ticket for commands that nobody waits for.
    fn unattended() -> Self;
    /// The command was decided and is durable. Must not block.
    fn decided(self, outcome: Durable<Outcome>, timing: Timing);
    /// The command was not decided; nothing was recorded. Must not block.
    fn undecided(self, undecided: Undecided);
}

/// When a command passed the stages of the ledger.
#[derive(Clone, Copy, Debug)]
pub struct Timing {
    /// The writer took its batch.
    pub taken: Timestamp,
    /// Its batch was decided.
    pub decided: Timestamp,
    /// Its batch was durable and the outcome was released.
    pub durable: Timestamp,
}

/// Hears what the ledger does, for metrics. Calls must not block.
pub trait Observer: Send + Sync + 'static {
    /// A batch of so many commands was decided in this time.
    fn decided(&self, commands: usize, records: u32, took: Duration);
    /// A commit of so many batches was synced in this time.
    fn committed(&self, batches: usize, took: Duration);
    /// The books were written: so many rows in this time.
    fn checkpointed(&self, rows: usize, took: Duration);
    /// Retention ran: how large the journal is, who reads it, who was detached and what holds it.
    fn journal(&self, retained: &Retained);
    /// The ledger cannot go on. The process must exit with a failure; nothing is acknowledged any more.
    fn failed(&self, failure: LedgerFailure);
}

/// Why the ledger cannot start or go on. What lies beneath is the error's source.
#[derive(Debug, thiserror::Error)]
pub enum LedgerFailure {
    /// The shard cannot be opened.
    #[error(transparent)]
    Open(#[from] RebuildError),
    /// The snapshots cannot be listed.
    #[error("snapshots")]
    Snapshot(#[from] SnapshotError),
    /// The journal cannot be read.
    #[error("journal")]
    Cursor(#[from] CursorError),
    /// The journal cannot be written: what was submitted last may or may not be durable.
    #[error("journal: a write or sync failed")]
    Commit(#[source] io::Error),
    /// The journal no longer takes batches.
    #[error("journal")]
    Submit(#[from] crate::journal::SubmitError),
    /// The views cannot be written.
    #[error("views")]
    View(#[from] ViewError),
    /// The writer cannot go on.
    #[error("writer")]
    Writer(#[from] WriterError),
    /// A thread or directory cannot be made.
    #[error(transparent)]
    System(#[from] io::Error),
}

/// What the start found.
#[derive(Clone, Copy, Debug)]
pub struct Started {
    /// The last batch the books held.
    pub books_sequence: u64,
    /// Whether the books could not be used and were built anew.
    pub rebuilt: bool,
    /// Where the snapshot begins that they were built from, if they were built from one.
    pub snapshot: Option<u64>,
    /// Batches of the journal replayed over the books.
    pub replayed_batches: u64,
    /// Records of those batches.
    pub replayed_records: u64,
    /// The last batch.
    pub sequence: u64,
    /// Bytes of a torn tail cut from the journal.
    pub cut_bytes: u64,
    /// How long it took.
    pub took: Duration,
}
