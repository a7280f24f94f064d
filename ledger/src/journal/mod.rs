//! The journal: what was decided, in order, on stable storage.
//!
//! Owns: the batch format ([`batch`]), the segment files and their recovery ([`log`]), reading behind the
//! watermark ([`cursor`]), the committing thread ([`committer`]), who reads ([`readers`]) and what may go
//! ([`retention`]), and the file operations it needs ([`disk`]). Must never: interpret a record, retry a
//! failed sync, or skip damage.
//!
//! [`Journal`] is all that the writer knows of it, so that a replicated log fits behind the same trait.

pub mod batch;
mod clean_end;
pub mod committer;
pub mod cursor;
pub mod disk;
mod label;
pub mod log;
mod open_error;
mod opening;
mod prepare;
pub mod readers;
pub mod remote;
pub mod retainer;
pub mod retention;
pub(crate) mod segments;
pub mod signal;
pub mod simulated;

pub use batch::Batch;
pub use prepare::{Prepared, Preparer};

use crate::durable::Watermark;

/// Takes batches in order and makes them durable some time after.
///
/// A batch is durable once the journal's [`Watermark`] has passed its sequence.
pub trait Journal {
    /// Hands over the next batch without waiting for it to be durable; returns its sequence.
    ///
    /// # Errors
    /// [`SubmitError`] when the sequence is not the next one or the journal has stopped. Nothing of the
    /// batch is then durable, unless the journal was stopped by a failed write: then it is unknown.
    fn submit(&mut self, batch: Batch, expected_sequence: u64) -> Result<u64, SubmitError>;

    /// The highest sequence that is durable. Only the journal raises it.
    fn watermark(&self) -> &Watermark;
}

/// Why a batch was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SubmitError {
    /// The writer and the journal do not agree on what comes next.
    #[error("the journal expects batch {next}, the writer submitted {submitted}")]
    WrongSequence {
        /// The sequence the journal would take.
        next: u64,
        /// The sequence it was offered.
        submitted: u64,
    },
    /// A write or a sync failed, or the journal was closed: nothing more is taken.
    #[error("the journal has stopped")]
    Stopped,
}
