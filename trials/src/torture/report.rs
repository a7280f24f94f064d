//! What a torture comes to.
//!
//! Owns: the counts, and the verdict. Must never: call a run good that found anything.

use std::fmt;
use std::time::Duration;

use crate::history::History;

use super::audit::{Evidence, Finding, Sort};

/// What was done and what was found.
#[derive(Clone, Debug, Default)]
pub struct Counts {
    /// SIGKILLs, those during starts included.
    pub kills: u64,
    /// SIGTERMs under load.
    pub terminated: u64,
    /// Snapshots that were taken under load.
    pub snapshots: u64,
    /// How often the books were deleted and built anew.
    pub books_lost: u64,
    /// Starts that became ready.
    pub starts: u64,
    /// The longest of them.
    pub longest_start: Duration,
    /// Batches that the starts replayed.
    pub replayed_batches: u64,
    /// Answers, those to repeats included.
    pub acknowledged: u64,
    /// Messages that a blow cut off from their answer.
    pub unknown: u64,
    /// Those of them that had been decided all the same.
    pub happened: u64,
    /// Those of them that a repeat made known.
    pub resolved: u64,
    /// Event files that the run filled.
    pub event_files: usize,
    /// Operations in checked histories.
    pub operations: u64,
    /// Histories that no order explains.
    pub unexplained: u64,
    /// Answers that are not in the books or the events.
    pub lost: u64,
    /// What is there twice.
    pub doubled: u64,
    /// Messages with two answers.
    pub divergent: u64,
    /// What is there and was never asked.
    pub unasked: u64,
    /// Accounts whose limits are not the sum of their messages.
    pub limits: u64,
    /// Records that are in the books or the events alone.
    pub events: u64,
}

impl Counts {
    pub(super) fn started(&mut self, took: Duration, replayed_batches: u64) {
        self.starts += 1;
        self.longest_start = self.longest_start.max(took);
        self.replayed_batches += replayed_batches;
    }

    pub(super) fn take_in(&mut self, findings: &[Finding]) {
        for finding in findings {
            *match finding.sort {
                Sort::Lost => &mut self.lost,
                Sort::Doubled => &mut self.doubled,
                Sort::Divergent => &mut self.divergent,
                Sort::Unasked => &mut self.unasked,
                Sort::Limits => &mut self.limits,
                Sort::Events => &mut self.events,
            } += 1;
        }
    }

    /// Whether the promise held.
    #[must_use]
    pub fn is_good(&self) -> bool {
        let found = [
            self.lost,
            self.doubled,
            self.divergent,
            self.unasked,
            self.limits,
            self.events,
            self.unexplained,
        ];
        found.iter().all(|count| *count == 0)
    }
}

impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "kills {}, SIGTERM {}, snapshots {}, books lost {}, starts {} (longest {:.0} ms, {} batches replayed), event files {}",
            self.kills,
            self.terminated,
            self.snapshots,
            self.books_lost,
            self.starts,
            self.longest_start.as_secs_f64() * 1000.0,
            self.replayed_batches,
            self.event_files
        )?;
        writeln!(
            f,
            "acknowledged {}, unknown {} ({} of them had been decided, {} became known by a repeat)",
            self.acknowledged, self.unknown, self.happened, self.resolved
        )?;
        writeln!(
            f,
            "lost {}, doubled {}, divergent answers {}, unasked {}, limits off {}, events off {}",
            self.lost, self.doubled, self.divergent, self.unasked, self.limits, self.events
        )?;
        let verdict = if self.unexplained == 0 {
            "linearizable".to_owned()
        } else {
            format!("{} NOT LINEARIZABLE", self.unexplained)
        };
        write!(f, "histories: {} operations, {verdict}", self.operations)
    }
}

/// The end of a torture.
#[derive(Clone, Debug)]
pub struct Report {
    /// The counts.
    pub counts: Counts,
    /// What was found, for people.
    pub findings: Vec<String>,
    /// What the last audit compared: the whole run.
    pub evidence: Evidence,
    /// The histories of the last window, one per account.
    pub histories: Vec<History>,
}
