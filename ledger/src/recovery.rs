//! Recovery: the books and the journal's rest become a running state again.
//!
//! Owns: the order of a start, the same for real disks and simulated ones: the store says how far it is,
//! the state is loaded from it, and every later batch of the journal is applied to the state and to the
//! views. Books whose rows may be newer than they say (a checkpoint or a snapshot was cut off or fuzzy) name
//! the place up to which they may be; there they must contain exactly what was announced. Must never:
//! answer, or go on past anything that cannot be read.

use crate::books::contents::ContentsError;
use crate::books::inspection::is_of_the_system;
use crate::books::view::ViewError;
use crate::books::{self, BookStore, Contents, Progress, StoreError, ViewWriter};
use crate::identifiers::Timestamp;
use crate::journal::Batch;
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
    /// Records of the batches that were replayed over the books.
    pub replayed_records: u64,
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
    /// The books do not contain what was written to them.
    #[error("the books: {0}")]
    Contents(#[from] ContentsError),
    /// The journal's rest cannot be replayed.
    #[error("replay")]
    Replay(#[from] ReplayError),
    /// The views cannot be written.
    #[error("views")]
    View(#[from] ViewError),
}

impl RecoveryError {
    /// Whether it lies in the books: others, built anew from a snapshot and the journal, may do.
    #[must_use]
    pub fn is_of_the_books(&self) -> bool {
        match self {
            Self::Contents(_) | Self::View(ViewError::Contents(_)) => true,
            Self::Store(error) | Self::View(ViewError::Store(error)) => !is_of_the_system(error),
            // A record that does not fit the books: one of the two is wrong, and the journal has
            // checksums and a chain.
            Self::Replay(ReplayError::Invariant(_))
            | Self::View(ViewError::Record(ReplayError::Invariant(_))) => true,
            Self::Open(_) | Self::Cursor(_) | Self::Replay(_) | Self::View(_) => false,
        }
    }
}

/// Recovers a shard, after reading every row of its books. Messages decided at or after `since` come into
/// memory; the books are written whenever a replay has changed `checkpoint_rows` rows.
///
/// # Errors
/// [`RecoveryError`]: something durable cannot be read. Nothing was lost by trying.
pub fn recover<D: Disk + Clone, S: BookStore + Send + Sync>(
    disk: D,
    store: S,
    options: LogOptions,
    since: Timestamp,
    checkpoint_rows: usize,
) -> Result<Recovery<D, S>, RecoveryError> {
    let contents = books::load::contents(&store, |_| {})?;
    recover_inspected(disk, store, contents, options, since, checkpoint_rows)
}

/// The same over books that are known to contain `contents`.
///
/// # Errors
/// [`RecoveryError`]: something durable cannot be read. Nothing was lost by trying.
pub fn recover_inspected<D: Disk + Clone, S: BookStore + Send + Sync>(
    disk: D,
    store: S,
    contents: Contents,
    options: LogOptions,
    since: Timestamp,
    checkpoint_rows: usize,
) -> Result<Recovery<D, S>, RecoveryError> {
    let applied = books::load::progress(&store)?;
    let intended = books::load::intended(&store)?;
    if intended.is_none() {
        contents.expect(&applied.contents)?;
    }
    let (log, recovered) = Log::open(disk.clone(), options, applied.sequence)?;
    let reflected = intended.map_or(applied.sequence, |intended| intended.sequence);
    if recovered.last_sequence < reflected {
        let (applied, last) = (reflected, recovered.last_sequence);
        return Err(OpenError::ShorterThanBooks { applied, last }.into());
    }
    let state = books::load::state(&store, since)?;
    let shard = options.shard;
    let mut writer = Writer::new(shard, state, applied.sequence, applied.time);
    let progress = Progress {
        contents,
        ..applied
    };
    let mut view_writer = ViewWriter::new(shard, store, progress);
    if let Some(intended) = intended {
        view_writer = view_writer.expecting(intended);
    }
    let mut cursor = Cursor::after(disk, applied.sequence);
    let mut replayed_records = 0_u64;
    loop {
        // Where a checkpoint was to lead, the tables must contain what it said they would.
        let proof = intended.filter(|intended| cursor.seen() < intended.sequence);
        let end = proof.map_or(recovered.last_sequence, |intended| intended.sequence);
        let piece = next_piece(&mut cursor, end)?;
        let Some(last) = piece.last() else { break };
        let proved = proof.is_some_and(|intended| last.sequence == intended.sequence);
        replay(&mut writer, &mut view_writer, &piece)?;
        replayed_records = replayed_records.saturating_add(records_in(&piece));
        if proved || view_writer.dirty_rows() >= checkpoint_rows {
            view_writer.checkpoint()?;
        }
    }
    Ok(Recovery {
        log,
        writer,
        view_writer,
        cursor,
        books_sequence: applied.sequence,
        last_sequence: recovered.last_sequence,
        replayed_records,
        cut_bytes: recovered.cut_bytes,
    })
}

/// Records of a piece of the journal at least, unless it ends there: what two threads take in beside each other.
const PIECE_RECORDS: u64 = 4096;

/// The next batches up to one of them; none where the journal has no more.
fn next_piece<D: Disk>(cursor: &mut Cursor<D>, end: u64) -> Result<Vec<Batch>, CursorError> {
    let mut piece = Vec::new();
    while records_in(&piece) < PIECE_RECORDS
        && let Some(batch) = cursor.next(end)?
    {
        piece.push(batch);
    }
    Ok(piece)
}

fn records_in(batches: &[Batch]) -> u64 {
    let counts = batches.iter().map(|batch| u64::from(batch.count()));
    counts.fold(0, u64::saturating_add)
}

/// Takes batches into the state and into the views, beside each other: neither asks the other for anything. The state does
/// no IO, so that what is asked of the disk comes in the same order in every run.
fn replay<S: BookStore + Send + Sync>(
    writer: &mut Writer,
    view_writer: &mut ViewWriter<S>,
    batches: &[Batch],
) -> Result<(), RecoveryError> {
    std::thread::scope(|threads| {
        let views = threads.spawn(|| {
            batches
                .iter()
                .try_for_each(|batch| view_writer.apply(batch))
        });
        let state = batches.iter().try_for_each(|batch| writer.replay(batch));
        // A thread that panicked goes on panicking here.
        let views = views
            .join()
            .unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        state?;
        Ok(views?)
    })
}
