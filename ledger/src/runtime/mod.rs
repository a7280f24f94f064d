//! The shell around the ledger's machines: threads, the clock, the files.
//!
//! Owns: the start (books, then the journal's rest), the writer, committer, preparation, view-writer and housekeeping
//! threads, and the end in order. Everything that decides is in the machines; nothing here does. Must
//! never: hand out an outcome but through the watermark.

mod clock;
mod expiry_shell;
mod housekeeping;
mod lag;
mod observer;
mod options;
mod pace;
mod preparation;
mod pressure;
mod purge_shell;
mod queue;
mod releaser;
mod snapshot_shell;
mod submitter;
mod transfer_shell;
mod view_shell;
mod writer_shell;

pub use crate::rank::{Behind, Follower};
pub use clock::{between, elapsed_since, now, whole_ms};
pub use expiry_shell::drop_expired;
pub use observer::{LedgerFailure, Observer, Started, Ticket, Timing};
pub use options::{BOOKS, LedgerOptions, SNAPSHOT};
pub use queue::Lane;
pub use snapshot_shell::{SnapshotReply, Snapshots};
pub use submitter::Submitter;

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use arc_swap::ArcSwap;
use rules::Snapshot;

use crate::books::{SledStore, ViewWriter, Views};
use crate::durable::Watermark;
use crate::journal::Journal;
use crate::journal::committer::{Committed, FileJournal};
use crate::journal::cursor::Cursor;
use crate::journal::disk::Directory;
use crate::journal::readers::{Reader, Readers};
use crate::journal::retainer::Retainer;
use crate::journal::signal::Signal;
use crate::rebuild::{self, Opened, Places, Rebuilt, Source};
use crate::settled::Settled;
use crate::snapshot::files;
use crate::writer::Writer;

use expiry_shell::ExpiryShell;
use housekeeping::Housekeeping;
use lag::Lag;
use pace::Pace;
use preparation::Preparation;
use pressure::Pressure;
use purge_shell::PurgeShell;
use queue::Entrance;
use releaser::Releaser;
use snapshot_shell::SnapshotShell;
use transfer_shell::TransferShell;
use view_shell::ViewShell;
use writer_shell::WriterShell;

/// The running ledger.
#[derive(Debug)]
pub struct Ledger<T> {
    submissions: Option<Entrance<T>>,
    views: Arc<Views<SledStore>>,
    watermark: Watermark,
    lag: Arc<Lag>,
    pressure: Arc<Pressure>,
    snapshots: Snapshots,
    readers: Readers,
    stopping: Arc<AtomicBool>,
    /// Wakes the thread that prepares segments.
    wanted: Signal,
    /// The threads that submit commands themselves, and what ends each: they must end before the writer does.
    submitting: Vec<(JoinHandle<()>, Signal)>,
    threads: Vec<JoinHandle<()>>,
    started: Started,
}

/// What the threads run.
struct Machines<T> {
    writer: Writer,
    view_writer: ViewWriter<SledStore>,
    cursor: Cursor<Directory>,
    /// Records that the views show and the books do not hold yet.
    unwritten_records: u64,
    lag: Arc<Lag>,
    releaser: Arc<Releaser<T>>,
    preparation: Preparation,
    housekeeping: Housekeeping,
    snapshots: Directory,
    snapshot_pin: Reader,
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
        let disk = Directory::open(&options.journal_directory)?;
        let Opened {
            recovery: opened,
            rebuilt,
        } = rebuild::open(&Places {
            journal: &options.journal_directory,
            books: &options.books_directory,
            snapshots: &options.snapshots_directory,
            log: options.log,
            cache_bytes: options.books_cache_bytes,
            inspector: &options.inspector,
            since: begun.plus_us(match_window_us(&rules.load()).saturating_neg()),
            replay: options.replay(),
        })?;
        let snapshots = Directory::open(&options.snapshots_directory)?;
        let oldest_snapshot = files::list(&snapshots)?
            .first()
            .map_or(0, |(from, _)| *from);
        let started = Started {
            rebuilt: rebuilt.is_some(),
            snapshot: rebuilt.and_then(|Rebuilt { source, .. }| match source {
                Source::Snapshot { from, .. } => Some(from),
                Source::Journal => None,
            }),
            replayed_records: opened.replayed_records,
            books_sequence: opened.books_sequence,
            replayed_batches: opened.last_sequence.saturating_sub(opened.books_sequence),
            sequence: opened.last_sequence,
            cut_bytes: opened.cut_bytes,
            took: elapsed_since(begun),
        };
        let now = now();
        let housekeeping = Housekeeping {
            retainer: Retainer::new(disk, options.readers.clone(), options.retention),
            books: options.readers.pin(BOOKS, started.books_sequence, now),
            readers: options.readers.clone(),
            views: Arc::clone(opened.view_writer.views()),
            stopping: Arc::default(),
            observer: Arc::clone(&observer),
        };
        let preparation = Preparation::of(&opened.log, Arc::clone(&housekeeping.stopping));
        let snapshot_pin = options.readers.pin(SNAPSHOT, oldest_snapshot, now);
        let lag = Lag::at_start(options, opened.lag_records());
        let watermark = Watermark::at(started.sequence);
        let releaser = Arc::new(Releaser::behind(watermark.clone()));
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
        let journal = FileJournal::start(opened.log, options.commit, watermark, tell)?;
        let machines = Machines {
            lag,
            unwritten_records: opened.unwritten_records,
            writer: opened.writer,
            view_writer: opened.view_writer,
            cursor: opened.cursor,
            releaser,
            preparation,
            housekeeping,
            snapshots,
            snapshot_pin,
        };
        Self::over(journal, machines, options, rules, &observer, started)
    }

    /// Starts the threads over any journal.
    fn over<J: Journal + Send + 'static>(
        journal: J,
        machines: Machines<T>,
        options: &LedgerOptions,
        rules: Arc<ArcSwap<Snapshot>>,
        observer: &Arc<dyn Observer>,
        started: Started,
    ) -> Result<Self, LedgerFailure> {
        let watermark = journal.watermark().clone();
        let housekeeping = machines.housekeeping;
        let stopping = Arc::clone(&housekeeping.stopping);
        let (entrance, exit) = queue::queue(options.queue_commands);
        let views = Arc::clone(machines.view_writer.views());
        let lag = machines.lag;
        let pace = Pace {
            percent: options.checkpoint_pause_percent,
            lag: Arc::clone(&lag),
            views: Arc::clone(&views),
            watermark: watermark.clone(),
            stopping: Arc::clone(&stopping),
        };
        let pressure = Arc::<Pressure>::default();
        let shell = WriterShell {
            writer: machines.writer,
            journal,
            releaser: machines.releaser,
            views: Arc::clone(&views),
            lag: Arc::clone(&lag),
            pressure: Arc::clone(&pressure),
            rules,
            observer: Arc::clone(observer),
            batch_commands: options.batch_commands.max(1),
            settled: Settled::default(),
        };
        let writer_thread = spawn("writer", move || shell.run(&exit))?;
        let shell = ViewShell {
            view_writer: machines.view_writer,
            cursor: machines.cursor,
            pace: pace.clone(),
            interval: Duration::from_millis(options.checkpoint_interval_ms),
            rows: options.checkpoint_rows,
            unwritten_records: machines.unwritten_records,
            observer: Arc::clone(observer),
        };
        let view_thread = spawn("view-writer", move || shell.run())?;
        let (preparation_thread, wanted) = machines.preparation.start()?;
        let housekeeping_thread = spawn("housekeeping", move || housekeeping.run())?;
        let kept = options.snapshots_kept;
        let (snapshot_shell, snapshots) = SnapshotShell::new(
            (machines.snapshots, options.log.shard, kept),
            options.snapshot_interval(),
            pace,
            machines.snapshot_pin,
        )?;
        let snapshot_thread = spawn("snapshots", move || snapshot_shell.run())?;
        Ok(Self {
            submitting: submitting_threads(&views, &entrance, options.history_days)?,
            submissions: Some(entrance),
            views,
            watermark,
            lag,
            pressure,
            snapshots,
            readers: options.readers.clone(),
            stopping,
            wanted,
            threads: vec![
                writer_thread,
                view_thread,
                preparation_thread,
                housekeeping_thread,
                snapshot_thread,
            ],
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
            lag: Arc::clone(&self.lag),
            pressure: Arc::clone(&self.pressure),
        })
    }

    /// A way to ask for snapshots.
    #[must_use]
    pub fn snapshots(&self) -> Snapshots {
        self.snapshots.clone()
    }

    /// Ends in order once every [`Submitter`] is dropped: what was submitted is decided, committed and
    /// answered, then the books are written.
    pub fn stop(mut self) {
        self.submissions = None;
        for (thread, stop) in self.submitting.drain(..) {
            stop.raise();
            joined(thread);
        }
        for thread in self.threads.drain(..) {
            // The writer comes first; when it has ended, so has the committer.
            joined(thread);
            self.stopping.store(true, Ordering::Release);
            self.wanted.raise();
            self.readers.progress().raise();
        }
    }
}

fn joined(thread: JoinHandle<()>) {
    if thread.join().is_err() {
        tracing::error!("a thread of the ledger ended by a panic");
    }
}

/// Starts the threads that let go of due holds, carry transfers on and purge the history; each with what ends it.
fn submitting_threads<T: Ticket>(
    views: &Arc<Views<SledStore>>,
    submissions: &Entrance<T>,
    history_days: Option<u32>,
) -> io::Result<Vec<(JoinHandle<()>, Signal)>> {
    let (stop_expiry, stop_transfers) = (Signal::default(), Signal::default());
    let stop_purge = Signal::default();
    let expiry = ExpiryShell {
        views: Arc::clone(views),
        submissions: submissions.clone(),
        stop: stop_expiry.clone(),
    };
    let transfers = TransferShell {
        views: Arc::clone(views),
        submissions: submissions.clone(),
        stop: stop_transfers.clone(),
    };
    let purge = PurgeShell {
        views: Arc::clone(views),
        submissions: submissions.clone(),
        history_days,
        stop: stop_purge.clone(),
    };
    Ok(vec![
        (spawn("purge", move || purge.run())?, stop_purge),
        (spawn("expiry", move || expiry.run())?, stop_expiry),
        (spawn("transfers", move || transfers.run())?, stop_transfers),
    ])
}

fn spawn(name: &str, run: impl FnOnce() + Send + 'static) -> io::Result<JoinHandle<()>> {
    std::thread::Builder::new().name(name.to_owned()).spawn(run)
}

/// The longest match window of the networks, in microseconds.
fn match_window_us(rules: &Snapshot) -> i64 {
    let windows = rules.networks().map(|network| network.match_window_minutes);
    i64::from(windows.max().unwrap_or(0)).saturating_mul(60_000_000)
}
