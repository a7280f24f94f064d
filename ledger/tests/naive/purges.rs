//! How the naive ledger lets go of what is purged: messages go from the oldest on, and what they stand for stays in the
//! sums without being found any more.

use ledger::authorization::AuthorizationStatus;
use ledger::operation::OperationError;
use ledger::purge::LEAST_DAYS;

use crate::books::{Became, Hold, Naive};

const DAY_US: i64 = 24 * 3600 * 1_000_000;

impl Naive {
    /// What is older than this is to go.
    pub(crate) fn order_purge(&mut self, before: i64) -> Result<Became, OperationError> {
        if before > self.now - LEAST_DAYS * DAY_US {
            return Err(OperationError::Retention);
        }
        if before <= self.line {
            return Err(OperationError::NothingToDo);
        }
        self.line = before;
        Ok(Became::Nothing)
    }

    /// The oldest messages go, at most so many, up to one that stays; returns how many.
    pub(crate) fn purge(&mut self, most: usize) -> usize {
        let before = self.gone;
        let goes = |number: &usize| self.times[*number] < self.line && !self.stays(*number);
        let after = (before..self.messages.len())
            .take(most)
            .take_while(goes)
            .count();
        let gone = before + after;
        self.gone = gone;
        self.keys.retain(|_, message| *message >= gone);
        self.names.retain(|_, message| *message >= gone);
        self.overtaken.retain(|_, message| *message >= gone);
        self.clearings.retain(|_, decided| decided.message >= gone);
        self.bearers.retain(|_, bearer| bearer.message >= gone);
        after
    }

    /// Whether a message waits for something, whatever its age.
    fn stays(&self, number: usize) -> bool {
        let own = |hold: &Hold| hold.parts[0].message == number;
        let pending = |hold: &Hold| hold.status == AuthorizationStatus::Pending;
        self.holds.iter().any(|hold| own(hold) && pending(hold))
            || self
                .clearings
                .values()
                .any(|item| item.message == number && item.waits())
            || self.open.iter().any(|open| open.message == number)
    }

    /// Whether a hold left the books.
    pub(crate) fn is_gone(&self, hold: usize) -> bool {
        self.holds[hold].parts[0].message < self.gone
    }
}
