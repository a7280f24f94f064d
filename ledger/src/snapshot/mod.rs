//! Snapshots: the books in one checksummed file, so that they can be made anew.
//!
//! Owns: the format ([`mod@format`]), writing it from the store while others write to that ([`export`]), reading
//! it ([`read`]), the files of a directory ([`files`]) and the segments that go with one ([`segments`]).
//!
//! A snapshot begins at the checkpoint `from` and is *fuzzy*: checkpoints go on while it is written, so a
//! row may reflect anything from `from` to `through`, the last checkpoint that was begun before the last
//! row was read. Each row is whole, and replaying the journal from `from` over newer rows changes nothing
//! that they reflect already (accounts say what they reflect, remaining amounts are stated, not computed,
//! and everything else is written again with the same bytes). So at `through` the tables contain what the
//! books contained there, and the snapshot says what that was: the recovery compares. A snapshot without a
//! journal that reaches from `from` to `through` is of no use. Must never: be used before all of it was
//! verified.

pub mod export;
pub mod files;
pub mod format;
mod load;
pub mod read;
pub mod segments;

use std::io;

use crate::books::StoreError;

/// Why a snapshot cannot be written or used.
#[derive(Debug, thiserror::Error)]
pub enum SnapshotError {
    /// The file system refused.
    #[error("{file}: {source}")]
    Io {
        /// The file.
        file: String,
        /// What it answered.
        source: io::Error,
    },
    /// The file is not what was written.
    #[error("{file}: byte {offset}: {reason}")]
    Damaged {
        /// The file.
        file: String,
        /// Where in it.
        offset: u64,
        /// What is wrong.
        reason: String,
    },
    /// The books cannot be read or written.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The process is ending: the snapshot was given up.
    #[error("the snapshot was given up: the ledger is ending")]
    Ending,
}
