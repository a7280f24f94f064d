//! Recovery: the books and the journal's rest become a running state again.
//!
//! Owns: the order of a start, the same for real disks and simulated ones: the store says how far it is, the state is
//! loaded from it, and every later batch of the journal is applied to the state; to the views too, as far as they may
//! not be behind: what is left the view-writer takes in afterwards, as it does behind any decision. Books whose rows
//! may be newer than they say (a checkpoint or a snapshot was cut off or fuzzy) name the place up to which they may be;
//! there they must contain exactly what was announced. Must never: answer, or go on past anything that cannot be read.

use std::sync::Arc;

use crate::books::contents::ContentsError;
use crate::books::inspection::is_of_the_system;
use crate::books::load::{self, Known};
use crate::books::view::ViewError;
use crate::books::{BookStore, Progress, StoreError, ViewWriter};
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
    /// Records behind that place, which the state reflects and the views do not.
    pub behind_records: u64,
    /// Records that the views show and the books do not hold yet.
    pub unwritten_records: u64,
    /// The last batch the books held.
    pub books_sequence: u64,
    /// The last batch of the journal.
    pub last_sequence: u64,
    /// Records of the batches that were replayed over the state of the books.
    pub replayed_records: u64,
    /// Bytes of a torn tail cut from the journal.
    pub cut_bytes: u64,
}

impl<D: Disk, S> Recovery<D, S> {
    /// Records that the books do not hold yet.
    pub fn lag_records(&self) -> u64 {
        self.behind_records.saturating_add(self.unwritten_records)
    }
}

/// How the journal's rest is taken in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Replay {
    /// How many records the views may be behind the state when it ends.
    pub behind_records: u64,
    /// Changed rows after which the books are written.
    pub checkpoint_rows: usize,
}

impl Replay {
    /// The views are as far as the state in the end.
    #[must_use]
    pub fn whole(checkpoint_rows: usize) -> Self {
        Self {
            behind_records: 0,
            checkpoint_rows,
        }
    }
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
            Self::Store(error)
            | Self::Replay(ReplayError::Store(error))
            | Self::View(ViewError::Store(error) | ViewError::Record(ReplayError::Store(error))) => {
                !is_of_the_system(error)
            }
            // A record that does not fit the books: one of the two is wrong, and the journal has
            // checksums and a chain.
            Self::Replay(ReplayError::Invariant(_))
            | Self::View(ViewError::Record(ReplayError::Invariant(_))) => true,
            Self::Open(_) | Self::Cursor(_) | Self::Replay(_) | Self::View(_) => false,
        }
    }
}

/// Recovers a shard, after reading every row of its books. Messages decided at or after `since` come into
/// memory.
///
/// # Errors
/// [`RecoveryError`]: something durable cannot be read. Nothing was lost by trying.
pub fn recover<D: Disk + Clone, S: BookStore + Send + Sync>(
    disk: D,
    store: S,
    options: LogOptions,
    since: Timestamp,
    how: Replay,
) -> Result<Recovery<D, S>, RecoveryError> {
    let known = Known::of(load::contents(&store, |_, _| Ok(()))?);
    recover_inspected(disk, store, known, options, since, how)
}

/// The same over books that were read before.
///
/// # Errors
/// [`RecoveryError`]: something durable cannot be read. Nothing was lost by trying.
pub fn recover_inspected<D: Disk + Clone, S: BookStore + Send + Sync>(
    disk: D,
    store: S,
    known: Known,
    options: LogOptions,
    since: Timestamp,
    how: Replay,
) -> Result<Recovery<D, S>, RecoveryError> {
    let Known { contents, entities } = known;
    let applied = load::progress(&store)?;
    let intended = load::intended(&store)?;
    if intended.is_none() {
        contents.expect(&applied.contents)?;
    }
    let (log, recovered) = Log::open(disk.clone(), options, applied.sequence)?;
    let reflected = intended.map_or(applied.sequence, |intended| intended.sequence);
    if recovered.last_sequence < reflected {
        let (applied, last) = (reflected, recovered.last_sequence);
        return Err(OpenError::ShorterThanBooks { applied, last }.into());
    }
    let state = match entities {
        Some(entities) => load::state_of(&store, entities, since)?,
        None => load::state(&store, since)?,
    };
    let shard = options.shard;
    let progress = Progress {
        contents,
        ..applied
    };
    let view_writer = ViewWriter::new(shard, store, progress);
    let mut recovery = Recovery {
        log,
        writer: Writer::new(shard, state, applied.sequence, applied.time),
        view_writer: match intended {
            Some(intended) => view_writer.expecting(intended),
            None => view_writer,
        },
        cursor: Cursor::after(disk.clone(), applied.sequence),
        behind_records: 0,
        unwritten_records: 0,
        books_sequence: applied.sequence,
        last_sequence: recovered.last_sequence,
        replayed_records: 0,
        cut_bytes: recovered.cut_bytes,
    };
    // Where a checkpoint was to lead, the tables must contain what it said they would.
    if reflected > applied.sequence {
        recovery.keep_level(reflected, how)?;
        recovery.write()?;
    }
    if how.behind_records == 0 {
        recovery.keep_level(recovery.last_sequence, how)?;
    } else {
        let ahead = Cursor::after(disk, reflected);
        recovery.go_ahead(ahead, how)?;
    }
    Ok(recovery)
}

impl<D: Disk, S: BookStore + Send + Sync> Recovery<D, S> {
    /// Takes the journal in up to a batch, the state and the views the same pieces.
    fn keep_level(&mut self, end: u64, how: Replay) -> Result<(), RecoveryError> {
        loop {
            let piece = next_piece(&mut self.cursor, end)?;
            if piece.is_empty() {
                return Ok(());
            }
            self.take(&piece, &piece, how)?;
        }
    }

    /// Takes the rest of the journal into the state; the views follow as far as they may not be behind.
    fn go_ahead(&mut self, mut ahead: Cursor<D>, how: Replay) -> Result<(), RecoveryError> {
        loop {
            let of_state = next_piece(&mut ahead, self.last_sequence)?;
            let behind_records = self.behind_records.saturating_add(records_in(&of_state));
            let of_views = if behind_records > how.behind_records {
                next_piece(&mut self.cursor, ahead.seen())?
            } else {
                Vec::new()
            };
            if of_state.is_empty() && of_views.is_empty() {
                return Ok(());
            }
            self.take(&of_state, &of_views, how)?;
        }
    }

    /// Takes batches into the state, and batches into the views, beside each other: neither asks the other for
    /// anything. The state only reads rows, which nobody writes meanwhile, so that what is asked of the disk comes in
    /// the same order in every run.
    fn take(
        &mut self,
        of_state: &[Batch],
        of_views: &[Batch],
        how: Replay,
    ) -> Result<(), RecoveryError> {
        let (writer, view_writer) = (&mut self.writer, &mut self.view_writer);
        let views = Arc::clone(view_writer.views());
        let stored = |id| load::message(views.store(), id);
        let mut batches = of_state.iter();
        let mut state = || batches.try_for_each(|batch| writer.replay(batch, stored));
        if of_views.is_empty() {
            state()?;
        } else {
            std::thread::scope(|threads| {
                let show = || {
                    let mut batches = of_views.iter();
                    batches.try_for_each(|batch| view_writer.apply(batch))
                };
                let views = threads.spawn(show);
                let state = state();
                // A thread that panicked goes on panicking here.
                let views = views
                    .join()
                    .unwrap_or_else(|panic| std::panic::resume_unwind(panic));
                state?;
                Ok::<_, RecoveryError>(views?)
            })?;
        }
        let (replayed, shown) = (records_in(of_state), records_in(of_views));
        self.replayed_records = self.replayed_records.saturating_add(replayed);
        self.behind_records = self
            .behind_records
            .saturating_add(replayed)
            .saturating_sub(shown);
        self.unwritten_records = self.unwritten_records.saturating_add(shown);
        if self.view_writer.dirty_rows() >= how.checkpoint_rows {
            self.write()?;
        }
        Ok(())
    }

    /// Writes what the views show to the books.
    fn write(&mut self) -> Result<(), RecoveryError> {
        self.view_writer.checkpoint()?;
        self.unwritten_records = 0;
        Ok(())
    }
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
