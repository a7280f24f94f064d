//! Many worlds, on as many threads as there are cores.
//!
//! Owns: which seeds run, the catching of their failures, and the report. Must never: let one world see
//! another, or depend on the order in which threads run.

use std::cell::Cell;
use std::io::{self, Write};
use std::ops::Range;
use std::panic::{self, AssertUnwindSafe};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, Once, PoisonError};
use std::time::Duration;

use ledger::runtime::{between, now};

use super::checkers::Violation;
use super::marks::{Mark, Marks};
use super::rulebook::Rulebook;
use super::world::{Outcome, World};

/// Seeds between two lines of progress.
const PROGRESS: u64 = 500;

/// Which seeds, and how.
#[derive(Clone, Debug)]
pub struct Seeds {
    /// The seeds.
    pub range: Range<u64>,
    /// Threads.
    pub jobs: usize,
    /// Whether the steps of each world are printed.
    pub traced: bool,
}

/// What came of the worlds.
#[derive(Clone, Debug)]
pub struct Report {
    /// Worlds that ran.
    pub seeds: u64,
    /// Messages that hosts wanted answered.
    pub requests: u64,
    /// Approvals that were answered.
    pub approvals: u64,
    /// Processes killed and powers lost.
    pub crashes: u64,
    /// Accounts whose history some order of requests explains.
    pub histories: u64,
    /// What was reached.
    pub marks: Marks,
    /// Seeds whose world failed, and how.
    pub failures: Vec<(u64, String)>,
    /// How long it took.
    pub took: Duration,
}

thread_local! {
    static SEED: Cell<Option<u64>> = const { Cell::new(None) };
}

impl Seeds {
    /// Runs them; `progress` hears now and then how many are done and how many failed.
    ///
    /// # Errors
    /// What is wrong with the configuration of the workspace, whose rules the worlds run under.
    pub fn run(&self, progress: &(dyn Fn(u64, u64) + Sync)) -> anyhow::Result<Report> {
        report_panics();
        let begun = now();
        let rulebook = Rulebook::shipped()?;
        let next = AtomicU64::new(self.range.start);
        let report = Mutex::new(Report {
            seeds: 0,
            requests: 0,
            approvals: 0,
            crashes: 0,
            histories: 0,
            marks: Marks::default(),
            failures: Vec::new(),
            took: Duration::ZERO,
        });
        std::thread::scope(|scope| {
            for _ in 0..self.jobs.max(1) {
                scope.spawn(|| {
                    loop {
                        let seed = next.fetch_add(1, Ordering::Relaxed);
                        if seed >= self.range.end {
                            return;
                        }
                        let outcome = run_one(seed, self.traced, &rulebook);
                        let mut report = report.lock().unwrap_or_else(PoisonError::into_inner);
                        report.add(seed, outcome);
                        if report.seeds.is_multiple_of(PROGRESS) {
                            progress(report.seeds, report.failures.len() as u64);
                        }
                    }
                });
            }
        });
        let mut report = report.into_inner().unwrap_or_else(PoisonError::into_inner);
        report.failures.sort();
        report.took = between(begun, now());
        Ok(report)
    }
}

/// The last chain hash of the journal of a seed's world.
///
/// # Errors
/// How the world failed.
pub fn journal_hash(seed: u64) -> Result<[u8; 32], String> {
    let rulebook = Rulebook::shipped().map_err(|error| error.to_string())?;
    run_one(seed, false, &rulebook).map(|outcome| outcome.journal_hash)
}

fn run_one(seed: u64, traced: bool, rulebook: &Rulebook) -> Result<Outcome, String> {
    SEED.set(Some(seed));
    let world = || World::new(seed, traced, rulebook).run();
    let outcome = panic::catch_unwind(AssertUnwindSafe(world));
    SEED.set(None);
    match outcome {
        Ok(outcome) => outcome.map_err(|violation: Violation| violation.to_string()),
        Err(_) => Err("panicked; its message stands above".to_owned()),
    }
}

/// A panic names the seed of its world. Where a panic ends the process, it ends it as a failure that was
/// found.
fn report_panics() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let usual = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            usual(info);
            if let Some(seed) = SEED.get() {
                drop(writeln!(io::stderr().lock(), "{}", replay(seed)));
                if cfg!(panic = "abort") {
                    std::process::exit(1);
                }
            }
        }));
    });
}

/// How to run a seed again.
fn replay(seed: u64) -> String {
    format!("cargo run --release -p trials -- simulate --seed {seed} --trace")
}

impl Report {
    fn add(&mut self, seed: u64, outcome: Result<Outcome, String>) {
        self.seeds += 1;
        match outcome {
            Ok(outcome) => {
                self.requests += outcome.requests;
                self.approvals += outcome.approvals;
                self.crashes += outcome.crashes;
                self.histories += outcome.histories;
                self.marks.add(&outcome.marks);
            }
            Err(failure) => self.failures.push((seed, failure)),
        }
    }

    /// Failures that a checker of this name reports.
    pub fn failures_of(&self, checker: &str) -> u64 {
        let prefix = format!("{checker}:");
        let named = |(_, failure): &&(u64, String)| failure.starts_with(&prefix);
        self.failures.iter().filter(named).count() as u64
    }

    /// Prints counts, marks and failures.
    ///
    /// # Errors
    /// What the writer answers.
    pub fn print(&self, out: &mut impl Write) -> io::Result<()> {
        for mark in Mark::ALL {
            writeln!(out, "{:>12} {mark:?}", self.marks.count(mark))?;
        }
        for (seed, failure) in &self.failures {
            writeln!(out, "seed {seed} failed: {failure}\n  {}", replay(*seed))?;
        }
        writeln!(
            out,
            "seeds {}, requests {}, approvals {}, crashes {}, histories explained {}, failed {}, lost {}, doubled {}, took {:.1} s",
            self.seeds,
            self.requests,
            self.approvals,
            self.crashes,
            self.histories,
            self.failures.len(),
            self.failures_of("no_lost_ack"),
            self.failures_of("no_double_debit"),
            self.took.as_secs_f64()
        )
    }
}
