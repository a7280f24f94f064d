//! What operations count towards the limits of flex controls.
//!
//! Owns: what a record does to an accumulator. An approval counts what it reserved; a later message changes
//! that by the difference of two shares of the same reservation, so that steps of any number add up to the
//! whole. Must never: evaluate a control, or change a period that is over or was reset since.

use rules::{Accumulator, AccumulatorKey, Period, Reservation};
use serde::{Deserialize, Serialize};

use super::standing::{Part, PartChange};

/// What a later message counts of an operation, more or less than before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CountChange {
    /// The accumulator.
    pub key: AccumulatorKey,
    /// The period that the operation was counted in. Another one is left alone.
    pub period: Period,
    /// Amount, minor units of the control's currency; negative when it is taken back.
    pub amount_minor: i64,
    /// Number of operations; negative when they are taken back.
    pub count: i64,
}

impl CountChange {
    /// The accumulator after it.
    #[must_use]
    pub fn applied_to(&self, before: Accumulator) -> Accumulator {
        if before.period != self.period {
            return before;
        }
        let after = |counted: i64, change: i64| counted.saturating_add(change).max(0);
        Accumulator {
            period: before.period,
            amount_minor: after(before.amount_minor, self.amount_minor),
            count: after(before.count, self.count),
        }
    }

    /// The change that takes this one back.
    #[must_use]
    pub fn taken_back(&self) -> Self {
        Self {
            amount_minor: self.amount_minor.saturating_neg(),
            count: self.count.saturating_neg(),
            ..*self
        }
    }
}

/// What the change of a part makes of what it counts. An operation counts as one as long as anything of it
/// remains.
pub(super) fn changes<'a>(
    part: &'a Part,
    change: &'a PartChange,
) -> impl Iterator<Item = CountChange> + 'a {
    let (before_minor, after_minor) = (change.before_minor, change.after_minor);
    part.reservations.iter().filter_map(move |reservation| {
        let counted = |remaining_minor: i64| counted(reservation, part, remaining_minor);
        let ((amount_before, before), (amount_after, after)) =
            (counted(before_minor), counted(after_minor));
        let change = CountChange {
            key: reservation.key,
            period: reservation.period,
            amount_minor: amount_after.saturating_sub(amount_before),
            count: after.saturating_sub(before),
        };
        (change.amount_minor != 0 || change.count != 0).then_some(change)
    })
}

/// What a reservation of a part counts while so much of it remains.
fn counted(reservation: &Reservation, part: &Part, remaining_minor: i64) -> (i64, i64) {
    if remaining_minor <= 0 {
        return (0, 0);
    }
    let amount_minor = reservation.share_minor(remaining_minor, part.transaction_minor);
    (amount_minor, reservation.count)
}
