//! The shell around the ledger's machines: threads, the clock, the files.
//!
//! Owns: the start (books, then the journal's rest), the writer, committer and view-writer threads, and
//! the end in order. Everything that decides is in the machines; nothing here does. Must never: hand out
//! an outcome but through the watermark.

mod clock;
mod releaser;
mod view_shell;
mod writer_shell;

pub use clock::{between, now};

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use arc_swap::ArcSwap;
use crossbeam_channel::{Sender, TrySendError, bounded};
use rules::{Reason, Snapshot};

use crate::books::view::ViewError;
use crate::books::{SledStore, Views};
use crate::command::{Outcome, Submission, Undecided};
use crate::durable::{Durable, Watermark};
use crate::identifiers::Timestamp;
use crate::journal::committer::{CommitOptions, Committed, FileJournal};
use crate::journal::cursor::{Cursor, CursorError};
use crate::journal::disk::Directory;
use crate::journal::log::LogOptions;
use crate::recovery::{RecoveryError, recover};
use crate::writer::WriterError;

use clock::elapsed_since;
use releaser::Releaser;
use view_shell::ViewShell;
use writer_shell::WriterShell;

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
    /// How far the views may be behind the journal, in batches, before commands are refused.
    pub view_lag_batches: u64,
}

/// What the sender of a command needs to hear of it.
pub trait Ticket: Send + 'static {
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
    /// The ledger cannot go on. The process must exit with a failure; nothing is acknowledged any more.
    fn failed(&self, failure: LedgerFailure);
}

/// Why the ledger cannot start or go on. What lies beneath is the error's source.
#[derive(Debug, thiserror::Error)]
pub enum LedgerFailure {
    /// The shard cannot be recovered.
    #[error(transparent)]
    Recovery(#[from] RecoveryError),
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
    /// Batches of the journal replayed over the books.
    pub replayed_batches: u64,
    /// The last batch.
    pub sequence: u64,
    /// Bytes of a torn tail cut from the journal.
    pub cut_bytes: u64,
    /// How long it took.
    pub took: Duration,
}

/// The running ledger.
#[derive(Debug)]
pub struct Ledger<T> {
    submissions: Option<Sender<Submission<T>>>,
    views: Arc<Views<SledStore>>,
    watermark: Watermark,
    view_lag_batches: u64,
    stopping: Arc<AtomicBool>,
    threads: Vec<JoinHandle<()>>,
    started: Started,
}

/// A way to submit commands, for those who hold links.
#[derive(Debug)]
pub struct Submitter<T> {
    submissions: Sender<Submission<T>>,
    views: Arc<Views<SledStore>>,
    watermark: Watermark,
    view_lag_batches: u64,
}

impl<T> Clone for Submitter<T> {
    fn clone(&self) -> Self {
        Self {
            submissions: self.submissions.clone(),
            views: Arc::clone(&self.views),
            watermark: self.watermark.clone(),
            view_lag_batches: self.view_lag_batches,
        }
    }
}

impl<T: Ticket> Submitter<T> {
    /// Hands a command to the writer. When its queue is full or the views lag too far behind, the
    /// ticket hears [`Reason::Overloaded`].
    pub fn submit(&self, submission: Submission<T>) {
        let lag = self.watermark.sequence().saturating_sub(self.views.shown());
        let refused = if lag > self.view_lag_batches {
            submission
        } else {
            match self.submissions.try_send(submission) {
                Ok(()) => return,
                Err(TrySendError::Full(back) | TrySendError::Disconnected(back)) => back,
            }
        };
        refused.ticket.undecided(Undecided {
            reason: Reason::Overloaded,
        });
    }

    /// Hands a command to the writer, waiting for room: for loading, never for a link.
    ///
    /// # Errors
    /// The command back, when the ledger has ended.
    pub fn submit_waiting(&self, submission: Submission<T>) -> Result<(), Box<Submission<T>>> {
        self.submissions
            .send(submission)
            .map_err(|back| Box::new(back.0))
    }

    /// Commands that wait for the writer.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.submissions.len()
    }

    /// The views.
    #[must_use]
    pub fn views(&self) -> &Arc<Views<SledStore>> {
        &self.views
    }

    /// The durable watermark.
    #[must_use]
    pub fn watermark(&self) -> &Watermark {
        &self.watermark
    }
}

impl<T: Ticket> Ledger<T> {
    /// Opens books and journal, replays, and starts the threads. Messages stay in memory for the longest
    /// match window of the networks in the rules.
    ///
    /// # Errors
    /// [`LedgerFailure`]; nothing is running then.
    pub fn start(
        options: &LedgerOptions,
        rules: Arc<ArcSwap<Snapshot>>,
        observer: Arc<dyn Observer>,
    ) -> Result<Self, LedgerFailure> {
        let begun = now();
        let store = SledStore::open(&options.books_directory, options.books_cache_bytes)
            .map_err(RecoveryError::from)?;
        let disk = Directory::open(&options.journal_directory)?;
        let since = begun.plus_us(match_window_us(&rules.load()).saturating_neg());
        let opened = recover(disk, store, options.log, since, options.checkpoint_rows)?;
        let started = Started {
            books_sequence: opened.books_sequence,
            replayed_batches: opened.last_sequence.saturating_sub(opened.books_sequence),
            sequence: opened.last_sequence,
            cut_bytes: opened.cut_bytes,
            took: elapsed_since(begun),
        };
        let watermark = Watermark::at(started.sequence);
        let releaser = Arc::new(Releaser::behind(watermark.clone()));
        let stopping = Arc::new(AtomicBool::new(false));
        let tell = {
            let (releaser, observer) = (Arc::clone(&releaser), Arc::clone(&observer));
            move |committed| match committed {
                Committed::Durable { batches, sync, .. } => {
                    releaser.release();
                    observer.committed(batches, sync);
                }
                Committed::Failed(error) => observer.failed(LedgerFailure::Commit(error)),
            }
        };
        let journal = FileJournal::start(opened.log, options.commit, watermark.clone(), tell)?;
        let (sender, receiver) = bounded(options.queue_commands.max(1));
        let views = Arc::clone(opened.view_writer.views());
        let writer_thread = {
            let shell = WriterShell {
                writer: opened.writer,
                journal,
                releaser,
                views: Arc::clone(&views),
                rules,
                observer: Arc::clone(&observer),
                batch_commands: options.batch_commands.max(1),
            };
            spawn("writer", move || shell.run(&receiver))?
        };
        let view_thread = {
            let shell = ViewShell {
                view_writer: opened.view_writer,
                cursor: opened.cursor,
                watermark: watermark.clone(),
                stopping: Arc::clone(&stopping),
                interval: Duration::from_millis(options.checkpoint_interval_ms),
                rows: options.checkpoint_rows,
                observer,
            };
            spawn("view-writer", move || shell.run())?
        };
        Ok(Self {
            submissions: Some(sender),
            views,
            watermark,
            view_lag_batches: options.view_lag_batches,
            stopping,
            threads: vec![writer_thread, view_thread],
            started,
        })
    }

    /// What the start found.
    #[must_use]
    pub fn started(&self) -> Started {
        self.started
    }

    /// A way to submit commands; `None` after the end has begun.
    #[must_use]
    pub fn submitter(&self) -> Option<Submitter<T>> {
        Some(Submitter {
            submissions: self.submissions.clone()?,
            views: Arc::clone(&self.views),
            watermark: self.watermark.clone(),
            view_lag_batches: self.view_lag_batches,
        })
    }

    /// Ends in order once every [`Submitter`] is dropped: what was submitted is decided, committed and
    /// answered, then the books are written.
    pub fn stop(mut self) {
        self.submissions = None;
        for thread in self.threads.drain(..) {
            // The writer comes first; when it has ended, so has the committer.
            if thread.join().is_err() {
                tracing::error!("a thread of the ledger ended by a panic");
            }
            self.stopping.store(true, Ordering::Release);
        }
    }
}

fn spawn(name: &str, run: impl FnOnce() + Send + 'static) -> io::Result<JoinHandle<()>> {
    std::thread::Builder::new().name(name.to_owned()).spawn(run)
}

/// Gives the calling thread a lower priority: what happens behind the answers must not take the processor
/// from what they wait for.
pub fn step_back() {
    /// Ten steps of the scheduler's forty below the ordinary.
    const NICENESS: i32 = 10;
    if let Err(error) = rustix::process::setpriority_process(None, NICENESS) {
        tracing::warn!(%error, "a background thread keeps its priority");
    }
}

/// The longest match window of the networks, in microseconds.
fn match_window_us(rules: &Snapshot) -> i64 {
    let windows = rules.networks().map(|network| network.match_window_minutes);
    i64::from(windows.max().unwrap_or(0)).saturating_mul(60_000_000)
}

/// The journal's directory as a reader of events sees it.
///
/// # Errors
/// What the file system answers.
pub fn journal_reader(directory: &Path, seen: u64) -> io::Result<Cursor<Directory>> {
    Ok(Cursor::after(Directory::open(directory)?, seen))
}
