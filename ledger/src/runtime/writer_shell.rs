//! The shell around the writer.
//!
//! Owns: taking what waits in the queue, stamping one time per batch, and handing what was decided to the
//! journal and to the [`Releaser`]. Must never: decide.

use std::sync::Arc;

use arc_swap::ArcSwap;
use rules::Snapshot;

use super::clock::{between, elapsed_since, now};
use super::lag::Lag;
use super::pressure::Pressure;
use super::queue::Exit;
use super::releaser::{Releaser, Waiting};
use super::{LedgerFailure, Observer, Ticket, match_window_us};
use crate::books::{SledStore, Views};
use crate::command::Submission;
use crate::journal::Journal;
use crate::rank;
use crate::settled::Settled;
use crate::writer::Writer;

pub(super) struct WriterShell<T, J> {
    pub(super) writer: Writer,
    pub(super) journal: J,
    pub(super) releaser: Arc<Releaser<T>>,
    pub(super) views: Arc<Views<SledStore>>,
    pub(super) lag: Arc<Lag>,
    pub(super) pressure: Arc<Pressure>,
    pub(super) rules: Arc<ArcSwap<Snapshot>>,
    pub(super) observer: Arc<dyn Observer>,
    pub(super) batch_commands: usize,
    pub(super) settled: Settled,
}

impl<T: Ticket, J: Journal> WriterShell<T, J> {
    pub(super) fn run(mut self, submissions: &Exit<T>) {
        rank::give_way();
        while let Some(taken) = submissions.next(self.batch_commands) {
            if let Err(failure) = self.batch(taken) {
                self.observer.failed(failure);
                return;
            }
        }
    }

    fn batch(&mut self, submissions: Vec<Submission<T>>) -> Result<(), LedgerFailure> {
        let (commands, taken) = (submissions.len(), now());
        let rules = self.rules.load_full();
        let batch = self.writer.decide(submissions, &rules, taken)?;
        let decided = now();
        for (ticket, undecided) in batch.undecided {
            ticket.undecided(undecided);
        }
        let pending = batch.pending;
        self.releaser.wait(Waiting {
            pending,
            taken,
            decided,
        });
        let mut records = 0;
        if let Some(batch) = batch.batch {
            records = batch.count();
            // Before anybody can see it durable: the books must not seem to be ahead.
            self.lag.decided(u64::from(records));
            let sequence = batch.sequence;
            self.journal.submit(batch, sequence)?;
        }
        self.releaser.release();
        let settled = self.settled.through(now(), self.views.in_books());
        self.writer.forget(match_window_us(&rules), settled);
        self.pressure.took(commands, elapsed_since(taken));
        self.observer
            .decided(commands, records, between(taken, decided));
        Ok(())
    }
}
