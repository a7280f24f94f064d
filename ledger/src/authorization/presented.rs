//! What clearings presented of an authorization, and what refunds gave back.
//!
//! Owns: what of that is in force, and what was undone and may be presented again. Must never: let more be presented
//! than was authorized or presented before.

use serde::{Deserialize, Serialize};

use super::moves::prorate;
use super::standing::{AuthorizationStatus, Change};

/// What clearings presented of an authorization and refunds gave back, minor units of its DE4's currency.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Presented {
    /// What was presented and not undone.
    pub in_force_minor: i64,
    /// What was undone and not presented again.
    pub undone_minor: i64,
    /// What refunds gave back of it and is in force.
    pub refunded_minor: i64,
}

impl Presented {
    /// What was presented at some time, as far as nothing took the place of what was undone: so much may be in force.
    #[must_use]
    pub fn most_minor(self) -> i64 {
        self.in_force_minor.saturating_add(self.undone_minor)
    }

    /// Takes in that so much more is refunded, or less where a refund is undone.
    pub fn refund(&mut self, more_minor: i64) {
        self.refunded_minor = self.refunded_minor.saturating_add(more_minor);
    }

    /// Takes in what a clearing presents, or undoes where it is less than nothing. What a presentment does not take
    /// out of the hold takes the place of what was undone.
    pub fn take(&mut self, presented_minor: i64, change: &Change) {
        let pending = change.status_before == AuthorizationStatus::Pending;
        let parts = change.parts.iter().filter(|_| pending);
        let released = parts.fold(0_i64, |sum, part| {
            sum.saturating_add(part.before_minor.saturating_sub(part.after_minor))
        });
        self.in_force_minor = self.in_force_minor.saturating_add(presented_minor);
        if presented_minor < 0 {
            self.undone_minor = self.undone_minor.saturating_sub(presented_minor);
        } else {
            let beside = presented_minor.saturating_sub(released).max(0);
            self.undone_minor = self.undone_minor.saturating_sub(beside).max(0);
        }
    }
}

/// What more is in force of an amount when so much is left as after in place of before, of a whole; less than nothing
/// where less is left. All steps add up to the whole. `None` when it leaves its range.
#[must_use]
pub fn difference(
    amount_minor: i64,
    (before_minor, after_minor): (i64, i64),
    of_minor: i64,
) -> Option<i64> {
    let share = |left_minor| prorate(amount_minor, left_minor, of_minor);
    share(after_minor)?.checked_sub(share(before_minor)?)
}

#[cfg(test)]
mod tests {
    use smallvec::smallvec;

    use super::*;
    use crate::authorization::{MessageKey, Moves, PartChange};
    use crate::identifiers::RecordId;

    fn change(
        status_before: AuthorizationStatus,
        (before_minor, after_minor): (i64, i64),
    ) -> Change {
        Change {
            key: MessageKey::Operator("any".parse().unwrap()),
            authorization: RecordId::default(),
            status_before,
            status: AuthorizationStatus::Processed,
            parts: smallvec![PartChange {
                before_minor,
                after_minor,
                moves: Moves::default(),
            }],
            counts: Vec::new(),
        }
    }

    /// Of 100.00: what was there of the hold before, what is left after, what is presented; and then what is in force
    /// and what there was at most.
    #[test]
    fn what_was_undone_is_presented_again_once() {
        use AuthorizationStatus::{Pending, Processed};
        let steps = [
            (Pending, (100, 70), 30, (30, 30)),
            (Processed, (0, 0), -30, (0, 30)),
            (Pending, (70, 40), 30, (30, 60)),
            (Pending, (40, 0), 40, (70, 100)),
            (Processed, (0, 0), 30, (100, 100)),
            (Processed, (0, 0), -100, (0, 100)),
            (Processed, (0, 0), 80, (80, 100)),
            (Processed, (0, 0), 80, (160, 160)),
        ];
        let mut presented = Presented::default();
        for (status, left, minor, expected) in steps {
            presented.take(minor, &change(status, left));
            let found = (presented.in_force_minor, presented.most_minor());
            assert_eq!(found, expected, "{minor} of {left:?}");
        }
    }

    #[test]
    fn what_is_undone_in_steps_is_the_whole() {
        let steps = [(30, 29), (29, 10), (10, 0)];
        let undone = steps.map(|step| difference(-101, step, 30).unwrap());
        assert_eq!(undone.iter().sum::<i64>(), 101);
        assert_eq!(difference(30, (30, 10), 30), Some(-20));
    }
}
