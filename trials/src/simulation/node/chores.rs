//! What the switch sees to by itself: holds that are due, transfers on their way, history that is to go.
//!
//! Owns: the shells around it: commands found by looking at the rows, submitted as the queue takes them. Must never: look
//! at anything but rows.

use ledger::command::{Command, LOOKUP_GOOD_US};
use ledger::runtime::drop_expired;

use super::super::run::Run;
use super::{Node, Ticket};

/// Holds that are looked for at a time.
const MOST_DUE: usize = 8;

impl Node {
    /// Holds that are due are let go, and transfers take their next step.
    pub fn see_to(&mut self, run: &Run) {
        self.expire(run);
        self.carry_on(run);
    }

    /// Holds that are due are let go, as many as the queue takes.
    fn expire(&mut self, run: &Run) {
        let due = self.view_writer.views().due(run.clock(), MOST_DUE).unwrap();
        let deadline = run.clock().plus_us(LOOKUP_GOOD_US);
        for command in due.into_iter().filter_map(drop_expired) {
            self.queue(command, Some(deadline), Ticket::Unattended);
        }
    }

    /// Transfers on their way take their next step, as many as the queue takes.
    fn carry_on(&mut self, run: &Run) {
        let steps = self.view_writer.views().missing_steps(MOST_DUE).unwrap();
        let deadline = run.clock().plus_us(LOOKUP_GOOD_US);
        for command in steps {
            self.queue(command, Some(deadline), Ticket::Unattended);
        }
    }

    /// A step of purging is planned on what is shown, of at most so many decisions, as far as the queue takes it.
    pub fn purge(&mut self, most: usize, run: &Run) {
        let views = self.view_writer.views();
        let step = views.purge_step(most).unwrap();
        run.say(|| format!("kept from purging: {:?}", views.kept_from_purging()));
        let deadline = run.clock().plus_us(LOOKUP_GOOD_US);
        if let Some(step) = step {
            let command = Command::Purge(Box::new(step));
            self.queue(command, Some(deadline), Ticket::Unattended);
        }
    }

    /// Whether a hold is due, a transfer on its way, or something is to be purged.
    pub fn has_due(&self, run: &Run) -> bool {
        let views = self.view_writer.views();
        let due = views.due(run.clock(), 1).unwrap();
        !due.is_empty()
            || !views.missing_steps(1).unwrap().is_empty()
            || views.purge_step(1).unwrap().is_some()
    }
}
