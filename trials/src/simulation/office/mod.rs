//! The issuer's side: operators' operations and clearing files, as `switch operate` and `switch clear` submit them.
//!
//! Owns: what is asked, and the outcomes that were heard. Whoever has no outcome asks again under the same name until
//! there is one. Must never: look into the books to know what became of it.

mod clearings;
mod operations;

use ledger::command::{Command, Outcome};
use ledger::identifiers::Timestamp;
use rules::ClearingAction;

use super::checkers::{Verdict, answers};
use super::marks::Mark;
use super::node::Heard;
use super::peers::is_late;
use super::world::World;

/// What is asked for, as the issuer counts it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    /// The available limit moves, and as much is posted.
    Adjust { moved_minor: i64 },
    /// Funds are set aside.
    Hold { amount_minor: i64 },
    /// Funds that were set aside come back.
    Release { amount_minor: i64 },
    /// A limit inside the credit limit comes back.
    RefundLimit,
    /// Money leaves for another account, by its place; `None` where there is no such account, so that it comes back.
    Send {
        to: Option<usize>,
        amount_minor: i64,
    },
    /// So much of an operation is presented, perhaps for the last time.
    Presentment {
        purchase: usize,
        amount_minor: i64,
        is_final: bool,
    },
    /// A presentment is undone.
    Undo { of: usize },
    /// A presentment of the work list is posted.
    Resolve { of: usize },
    /// A presentment of the work list is refused.
    Reject { of: usize },
    /// History that is older than a line is to go.
    Purge,
}

/// One command of the issuer.
#[derive(Debug)]
pub struct Work {
    pub what: What,
    /// The account that it is asked of, by its place in the world.
    pub account: usize,
    /// The true time at which it was first asked.
    pub asked: Timestamp,
    pub command: Command,
    /// The last outcome that was heard.
    pub outcome: Option<Outcome>,
}

impl Work {
    /// Whether it took effect.
    pub fn is_done(&self) -> bool {
        match &self.outcome {
            Some(Outcome::Done(_)) => true,
            Some(Outcome::Cleared(cleared)) => cleared.verdict == ClearingAction::Post,
            _ => false,
        }
    }

    /// Whether it may move what an account has. A transfer moves two: the account that it leaves and the one that it
    /// reaches.
    pub fn may_touch(&self, account: usize) -> bool {
        let reaches = matches!(self.what, What::Send { to: Some(to), .. } if to == account);
        let asked_of = self.account == account && self.what != What::Purge;
        asked_of || reaches
    }

    fn is_held(&self) -> bool {
        matches!(&self.outcome, Some(Outcome::Cleared(cleared)) if cleared.verdict == ClearingAction::Hold)
    }
}

/// Everything that the issuer has asked for.
#[derive(Debug, Default)]
pub struct Office {
    pub works: Vec<Work>,
}

impl Office {
    /// Whether another work does this to one.
    fn is_settled(&self, of: usize) -> bool {
        let settles = |work: &Work| match work.what {
            What::Undo { of: other } | What::Resolve { of: other } | What::Reject { of: other } => {
                other == of
            }
            _ => false,
        };
        self.works.iter().any(settles)
    }

    /// Works without an outcome.
    pub fn open(&self) -> Vec<usize> {
        self.which(|work| work.outcome.is_none())
    }

    fn which(&self, condition: impl Fn(&Work) -> bool) -> Vec<usize> {
        let numbers = 0..self.works.len();
        numbers
            .filter(|number| condition(&self.works[*number]))
            .collect()
    }
}

impl World<'_> {
    fn begin_work(&mut self, what: What, account: usize, command: Command) {
        self.office.works.push(Work {
            what,
            account,
            asked: self.run.time,
            command,
            outcome: None,
        });
        self.submit_work(self.office.works.len() - 1);
    }

    pub(super) fn submit_work(&mut self, number: usize) {
        let command = self.office.works[number].command.clone();
        self.with_node(|node, run| node.ask_for(number, command, run));
    }

    /// The issuer hears what has come, and asks again for what it has no outcome of.
    pub(super) fn insist_in_office(&mut self) -> Verdict {
        self.hear_in_office()?;
        let open = self.office.open();
        if !open.is_empty() {
            let number = *self.run.random.pick(&open);
            self.submit_work(number);
        }
        Ok(())
    }

    /// Asks once more for works from this one on, as many as a small queue takes; returns the next. What may have left
    /// the books would be done anew.
    pub(super) fn repeat_in_office(&mut self, from: usize, most: usize) -> usize {
        let until = self.office.works.len().min(from + most);
        for number in from..until {
            if !is_late(self.office.works[number].asked, self.run.time) {
                self.submit_work(number);
            }
        }
        until
    }

    pub(super) fn hear_in_office(&mut self) -> Verdict {
        for Heard { number, outcome } in self.with_node(|node, _| node.heard()) {
            let work = &mut self.office.works[number];
            if let Some(earlier) = &work.outcome {
                answers::same_outcome(work.what, earlier, &outcome)?;
                self.run.reach(Mark::OutcomeRepeated);
            } else {
                self.run.reach(mark_of(work.what, &outcome));
            }
            work.outcome = Some(outcome);
        }
        Ok(())
    }
}

fn mark_of(what: What, outcome: &Outcome) -> Mark {
    match (what, outcome) {
        (What::Resolve { .. }, Outcome::Done(_)) => Mark::ClearingResolved,
        (What::Send { to: Some(_), .. }, Outcome::Done(_)) => Mark::MoneySent,
        (What::Send { to: None, .. }, Outcome::Done(_)) => Mark::MoneySentToNobody,
        (What::Purge, Outcome::Done(_)) => Mark::PurgeOrdered,
        (_, Outcome::Done(_)) => Mark::Operated,
        (What::Undo { .. }, Outcome::Cleared(cleared))
            if cleared.verdict == ClearingAction::Post =>
        {
            Mark::ClearingUndone
        }
        (_, Outcome::Cleared(cleared)) if cleared.verdict == ClearingAction::Post => {
            Mark::ClearingPosted
        }
        (_, Outcome::Cleared(_)) => Mark::ClearingHeld,
        (_, _) => Mark::OperationRefused,
    }
}
