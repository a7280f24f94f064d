//! Why a journal cannot be opened.
//!
//! Owns: what is said of it: which file, where in it, which batch, and what to do. Must never: show what a
//! record holds.

use std::io;

/// Why the journal cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The file system refused.
    #[error("{file}: {source}")]
    Io {
        /// The file.
        file: String,
        /// What it answered.
        source: io::Error,
    },
    /// A segment, or the marker of a clean end, is not one of this journal.
    #[error("{file}: {reason}")]
    Segment {
        /// The file.
        file: String,
        /// What is wrong with it.
        reason: String,
    },
    /// What was durable cannot be read: nothing is skipped.
    #[error(
        "{file}: byte {offset}: batch {sequence} was durable but cannot be read: {reason}; \
         restore this file from a copy"
    )]
    Damaged {
        /// The file.
        file: String,
        /// Where in it.
        offset: u64,
        /// The batch that should stand there.
        sequence: u64,
        /// What is wrong with it.
        reason: String,
    },
    /// The books know of more than the journal holds.
    #[error("the books reflect batch {applied}, but the journal ends with batch {last}")]
    ShorterThanBooks {
        /// Sequence the books reflect.
        applied: u64,
        /// Last sequence of the journal.
        last: u64,
    },
    /// The journal was closed in order after more than there is.
    #[error(
        "the journal was closed after batch {closed}, but holds nothing; restore its files from a copy"
    )]
    NothingLeft {
        /// Sequence it was closed after.
        closed: u64,
    },
    /// The journal begins after what the books reflect: there is a gap that nothing fills.
    #[error(
        "the journal no longer holds batch {wanted}: it begins with batch {first}; \
         restore the books from a snapshot or a backup"
    )]
    Gone {
        /// The first batch that the books do not reflect.
        wanted: u64,
        /// First sequence of the journal.
        first: u64,
    },
}
