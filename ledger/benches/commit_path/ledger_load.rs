//! The running ledger under load: closed loop for throughput, open loop for latency.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use arc_swap::ArcSwap;
use crossbeam_channel::{Receiver, Sender, bounded};
use hdrhistogram::Histogram;
use ledger::Durable;
use ledger::books::inspection::Inspector;
use ledger::command::{Outcome, Submission, Undecided};
use ledger::journal::committer::CommitOptions;
use ledger::journal::log::LogOptions;
use ledger::journal::readers::Readers;
use ledger::journal::retainer::Retained;
use ledger::journal::retention::Policy;
use ledger::runtime::{
    Lane, Ledger, LedgerFailure, LedgerOptions, Observer, Submitter, Ticket, Timing,
};

use super::world::Purchases;
use super::{Failure, clock, pause, per_second, until, world};

/// Most answers that wait to be counted.
const ANSWERS: usize = 1 << 20;

/// A ledger with its accounts, and the number of the next purchase.
#[derive(Debug)]
pub(crate) struct Running {
    ledger: Ledger<Waiting>,
    submitter: Submitter<Waiting>,
    answered: Receiver<Answered>,
    answers: Sender<Answered>,
    purchases: Purchases,
    next: u64,
}

/// When an answer was due from, and when it came; whether it was an approval.
#[derive(Debug)]
struct Answered {
    asked: Instant,
    came: Instant,
    approved: bool,
}

/// Who waits for one purchase.
#[derive(Debug)]
pub(crate) struct Waiting {
    asked: Instant,
    answers: Sender<Answered>,
}

impl Waiting {
    fn tell(self, approved: bool) {
        let answered = Answered {
            asked: self.asked,
            came: clock(),
            approved,
        };
        // The channel holds more than can be under way.
        self.answers.try_send(answered).unwrap_or_default();
    }
}

impl Ticket for Waiting {
    /// For holds that are due, of which there are none here: nobody hears its answer.
    fn unattended() -> Self {
        let (answers, _nobody) = bounded(1);
        Self {
            asked: clock(),
            answers,
        }
    }

    fn decided(self, outcome: Durable<Outcome>, _timing: Timing) {
        let approved = match outcome.get() {
            Outcome::Decided(decided) => decided.reason.is_none() && !decided.repeat,
            Outcome::Created => true,
            Outcome::Acknowledged(_)
            | Outcome::Dropped(_)
            | Outcome::Purged(_)
            | Outcome::Done(_)
            | Outcome::Refused(_)
            | Outcome::Cleared(_)
            | Outcome::OtherClearing
            | Outcome::Rejected(_) => false,
        };
        self.tell(approved);
    }

    fn undecided(self, _undecided: Undecided) {
        self.tell(false);
    }
}

/// Ends the benchmark when the ledger cannot go on.
struct EndOnFailure;

impl Observer for EndOnFailure {
    fn decided(&self, _commands: usize, _records: u32, _took: Duration) {}
    fn committed(&self, _batches: usize, _took: Duration) {}
    fn checkpointed(&self, _rows: usize, _took: Duration) {}
    fn journal(&self, _retained: &Retained) {}
    fn failed(&self, failure: LedgerFailure) {
        std::io::Write::write_fmt(&mut std::io::stderr(), format_args!("{failure}\n"))
            .unwrap_or_default();
        std::process::exit(1);
    }
}

impl Running {
    /// Starts a ledger in a directory and opens its accounts.
    pub(crate) fn start(
        directory: &Path,
        accounts: u64,
        checkpoint_interval_ms: u64,
    ) -> Result<Self, Failure> {
        let rules = world::rules()?;
        let with_books = checkpoint_interval_ms > 0;
        let options = LedgerOptions {
            journal_directory: directory.join("journal"),
            books_directory: directory.join("books"),
            log: LogOptions {
                shard: world::SHARD,
                segment_bytes: 64 * 1024 * 1024,
            },
            commit: CommitOptions {
                queue_batches: 256,
                gather_batches: 256,
                gather_us: 200,
                gather_records: u64::MAX,
            },
            readers: Readers::default(),
            retention: Policy {
                retain_hours: u64::from(u32::MAX),
                retain_bytes: u64::MAX,
                reader_lag_bytes: u64::MAX,
            },
            queue_commands: 16_384,
            batch_commands: 1024,
            books_cache_bytes: 256 * 1024 * 1024,
            checkpoint_interval_ms: if with_books {
                checkpoint_interval_ms
            } else {
                u64::from(u32::MAX)
            },
            checkpoint_rows: if with_books { 50_000 } else { usize::MAX },
            checkpoint_pause_percent: 100,
            view_lag_batches: u64::MAX,
            view_lag_records: u64::MAX,
            snapshots_directory: directory.join("snapshots"),
            snapshot_interval_minutes: 0,
            snapshots_kept: 1,
            history_days: None,
            inspector: Inspector::InProcess,
        };
        let commands: Result<Vec<_>, _> = (1..=accounts)
            .map(|number| world::opening(number, &rules))
            .collect();
        let shared = Arc::new(ArcSwap::from_pointee(rules));
        let ledger = Ledger::start(&options, shared, Arc::new(EndOnFailure))?;
        let submitter = ledger.submitter().ok_or("the ledger has ended")?;
        let (answers, answered) = bounded(ANSWERS);
        let running = Self {
            ledger,
            submitter,
            answered,
            answers,
            purchases: Purchases::on(accounts)?,
            next: 0,
        };
        let mut loading = 0_u64;
        for command in commands?.into_iter().flatten() {
            let submission = Submission {
                command,
                deadline: None,
                ticket: running.waiting(clock()),
            };
            if running.submitter.submit_waiting(submission).is_err() {
                return Err("the ledger has ended".into());
            }
            loading += 1;
        }
        running.await_all(loading)?;
        running.catch_up();
        Ok(running)
    }

    fn waiting(&self, asked: Instant) -> Waiting {
        Waiting {
            asked,
            answers: self.answers.clone(),
        }
    }

    fn ask(&mut self, asked: Instant) {
        let command = self.purchases.number(self.next);
        self.next += 1;
        let submission = Submission {
            command,
            deadline: None,
            ticket: self.waiting(asked),
        };
        self.submitter.submit(submission, Lane::Ahead);
    }

    fn await_all(&self, count: u64) -> Result<(), Failure> {
        for _ in 0..count {
            check(&self.answered.recv()?)?;
        }
        Ok(())
    }

    /// Authorizations a second with so many under way.
    pub(crate) fn throughput(
        &mut self,
        in_flight: usize,
        window: Duration,
    ) -> Result<u64, Failure> {
        let begun = clock();
        for _ in 0..in_flight {
            self.ask(begun);
        }
        let mut decided = 0_u64;
        while begun.elapsed() < window {
            check(&self.answered.recv()?)?;
            let mut again = 1;
            while let Ok(answered) = self.answered.try_recv() {
                check(&answered)?;
                again += 1;
            }
            decided += again;
            for _ in 0..again {
                self.ask(begun);
            }
        }
        let took = begun.elapsed();
        self.await_all(in_flight as u64)?;
        Ok(per_second(decided, took))
    }

    /// How long authorizations wait when they come at a rate.
    pub(crate) fn latency(
        &mut self,
        rate: u64,
        window: Duration,
    ) -> Result<Histogram<u64>, Failure> {
        let total = rate * window.as_secs();
        let due = |number: u64| Duration::from_secs_f64(number as f64 / rate as f64);
        let begun = clock();
        let mut asked = 0;
        while asked < total {
            if let Some(left) = until(begun, due(asked)) {
                pause(left);
            } else {
                self.ask(begun + due(asked));
                asked += 1;
            }
        }
        let mut histogram = Histogram::new(3)?;
        for _ in 0..total {
            let answered = self.answered.recv()?;
            check(&answered)?;
            let waited = answered.came.saturating_duration_since(answered.asked);
            histogram.record(u64::try_from(waited.as_micros())?)?;
        }
        Ok(histogram)
    }

    /// Waits until the views are as far as the journal.
    pub(crate) fn catch_up(&self) {
        while self.submitter.views().shown() < self.submitter.watermark().sequence() {
            pause(Duration::from_millis(10));
        }
    }

    /// Ends the ledger in order.
    pub(crate) fn stop(self) -> Result<(), Failure> {
        drop(self.submitter);
        self.ledger.stop();
        Ok(())
    }
}

fn check(answered: &Answered) -> Result<(), Failure> {
    if answered.approved {
        Ok(())
    } else {
        Err("a purchase was not approved".into())
    }
}
