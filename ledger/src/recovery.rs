//! Recovery: the books and the journal's rest become a running state again.
//!
//! Owns: the order of a start, the same for real disks and simulated ones: the store says how far it is,
//! the state is loaded from it, and every later batch of the journal is applied to the state and to the
//! views. Must never: answer, or go on past anything that cannot be read.

use crate::books::view::ViewError;
use crate::books::{self, BookStore, StoreError, ViewWriter};
use crate::identifiers::Timestamp;
use crate::journal::cursor::{Cursor, CursorError};
use crate::journal::disk::Disk;
use crate::journal::log::{Log, LogOptions, OpenError};
use crate::writer::{ReplayError, Writer};

/// The machines of a shard, ready to go on where it ended.
#[derive(Debug)]
pub struct Recovery<D: Disk, S> {
    /// The journal, open at its end.
    pub log: Log<D>,
    /// The writer over the recovered state.
    pub writer: Writer,
    /// The view-writer over the books.
    pub view_writer: ViewWriter<S>,
    /// The view-writer's place in the journal.
    pub cursor: Cursor<D>,
    /// The last batch the books held.
    pub books_sequence: u64,
    /// The last batch of the journal.
    pub last_sequence: u64,
    /// Bytes of a torn tail cut from the journal.
    pub cut_bytes: u64,
}

/// Why a shard cannot be recovered. What lies beneath is the error's source.
#[derive(Debug, thiserror::Error)]
pub enum RecoveryError {
    /// The journal cannot be opened.
    #[error("journal")]
    Open(#[from] OpenError),
    /// The journal cannot be read.
    #[error("journal")]
    Cursor(#[from] CursorError),
    /// The books cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The journal's rest cannot be replayed.
    #[error("replay")]
    Replay(#[from] ReplayError),
    /// The views cannot be written.
    #[error("views")]
    View(#[from] ViewError),
}

/// Recovers a shard. Messages decided at or after `since` come into memory; the books are written
/// whenever a replay has changed `checkpoint_rows` rows.
///
/// # Errors
/// [`RecoveryError`]: something durable cannot be read. Nothing was lost by trying.
pub fn recover<D: Disk + Clone, S: BookStore>(
    disk: D,
    store: S,
    options: LogOptions,
    since: Timestamp,
    checkpoint_rows: usize,
) -> Result<Recovery<D, S>, RecoveryError> {
    let progress = books::load::progress(&store)?;
    let (log, recovered) = Log::open(disk.clone(), options, progress.sequence)?;
    let state = books::load::state(&store, since)?;
    let shard = options.shard;
    let mut writer = Writer::new(shard, state, progress.sequence, progress.time);
    let mut view_writer = ViewWriter::new(shard, store, progress);
    let mut cursor = Cursor::after(disk, progress.sequence);
    while let Some(batch) = cursor.next(recovered.last_sequence)? {
        writer.replay(&batch)?;
        view_writer.apply(&batch)?;
        if view_writer.dirty_rows() >= checkpoint_rows {
            view_writer.checkpoint()?;
        }
    }
    Ok(Recovery {
        log,
        writer,
        view_writer,
        cursor,
        books_sequence: progress.sequence,
        last_sequence: recovered.last_sequence,
        cut_bytes: recovered.cut_bytes,
    })
}
