//! What limits have counted, and what an approval adds to it. Types and their arithmetic; the
//! accumulators themselves live in the ledger, which changes them only by what is here.

use serde::{Deserialize, Serialize};

use super::names::{CardHash, ControlId, CustomerId};
use super::period::Period;
use crate::AccountId;

/// Whose operations an accumulator counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AccumulatorOwner {
    /// Those of an account.
    Account(AccountId),
    /// Those of a customer.
    Customer(CustomerId),
    /// Those of a card.
    Card(CardHash),
}

/// Names an accumulator.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct AccumulatorKey {
    /// The control that counts.
    pub control: ControlId,
    /// Whose operations.
    pub owner: AccumulatorOwner,
}

/// What a limit has counted in one period.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Accumulator {
    /// The period. One that is over counts as empty.
    pub period: Period,
    /// Sum of the amounts, minor units of the control's currency.
    pub amount_minor: i64,
    /// Number of operations.
    pub count: i64,
}

/// What an approved operation adds to an accumulator. Stored with the authorization, so that whatever
/// becomes of it takes back exactly this.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reservation {
    /// The accumulator.
    pub key: AccumulatorKey,
    /// The period it is counted in.
    pub period: Period,
    /// Amount, minor units of the control's currency.
    pub amount_minor: i64,
    /// Number of operations: 1, or 0 when the operation only resets the count.
    pub count: i64,
}

/// Where an evaluation finds accumulators.
pub trait Accumulators {
    /// The accumulator of this name; `None` when nothing was counted yet.
    fn accumulator(&self, key: &AccumulatorKey) -> Option<Accumulator>;
}

/// Nothing was counted yet.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoAccumulators;

impl Accumulators for NoAccumulators {
    fn accumulator(&self, _key: &AccumulatorKey) -> Option<Accumulator> {
        None
    }
}

impl Accumulator {
    /// Nothing counted in a period.
    pub(crate) fn empty(period: Period) -> Self {
        Self {
            period,
            amount_minor: 0,
            count: 0,
        }
    }

    /// The accumulator after a reservation: the same period goes on, another one begins.
    #[must_use]
    pub fn after(before: Option<Self>, reservation: &Reservation) -> Self {
        let same = before.filter(|before| before.period == reservation.period);
        let before = same.unwrap_or_else(|| Self::empty(reservation.period));
        Self {
            period: before.period,
            amount_minor: before.amount_minor.saturating_add(reservation.amount_minor),
            count: before.count.saturating_add(reservation.count),
        }
    }

    /// The accumulator after taking back an amount and a number of operations of a reservation. Of a
    /// period that is over, or was reset since, nothing is taken back; never below nothing.
    #[must_use]
    pub fn rolled_back(self, reservation: &Reservation, amount_minor: i64, count: i64) -> Self {
        if self.period != reservation.period {
            return self;
        }
        Self {
            period: self.period,
            amount_minor: self.amount_minor.saturating_sub(amount_minor).max(0),
            count: self.count.saturating_sub(count).max(0),
        }
    }
}

impl Reservation {
    /// The share of the amount that a part of an operation stands for, rounded half up; all of it for the
    /// whole operation, and more where it came to more. Both parts are in one currency, whichever.
    pub fn share_minor(&self, part_minor: i64, whole_minor: i64) -> i64 {
        if whole_minor <= 0 || part_minor == whole_minor {
            return self.amount_minor;
        }
        let (part, whole) = (i128::from(part_minor.max(0)), i128::from(whole_minor));
        i128::from(self.amount_minor)
            .checked_mul(part)
            .and_then(|product| product.checked_mul(2)?.checked_add(whole))
            .and_then(|doubled| doubled.checked_div(whole.checked_mul(2)?))
            .and_then(|share| i64::try_from(share).ok())
            .unwrap_or(self.amount_minor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reservation(resets: u32, amount_minor: i64) -> Reservation {
        Reservation {
            key: AccumulatorKey {
                control: "c".parse().unwrap(),
                owner: AccumulatorOwner::Account(AccountId(1)),
            },
            period: Period {
                start_us: 0,
                end_us: 9,
                rule: 1,
                resets,
            },
            amount_minor,
            count: 1,
        }
    }

    #[test]
    fn a_reservation_is_taken_back_within_its_period_only() {
        let (first, second) = (reservation(0, 30), reservation(0, 12));
        let both = Accumulator::after(Some(Accumulator::after(None, &first)), &second);
        assert_eq!((both.amount_minor, both.count), (42, 2));
        let back = both.rolled_back(&first, 30, 1);
        assert_eq!((back.amount_minor, back.count), (12, 1));
        let partly = both.rolled_back(&first, 10, 0);
        assert_eq!((partly.amount_minor, partly.count), (32, 2));
        assert_eq!(both.rolled_back(&first, 99, 9).amount_minor, 0);

        let next = Accumulator::after(Some(both), &reservation(1, 5));
        assert_eq!((next.amount_minor, next.count), (5, 1));
        assert_eq!(next.rolled_back(&first, 30, 1), next);
    }

    #[test]
    fn shares_are_rounded_half_up() {
        let table = [
            (100, 1, 3, 33),
            (100, 2, 3, 67),
            (1, 1, 2, 1),
            (101, 50, 100, 51),
            (100, 3, 3, 100),
            (100, 9, 3, 300),
            (101, 101, 100, 102),
            (100, 0, 3, 0),
            (100, 5, 0, 100),
            (i64::MAX, i64::MAX - 1, i64::MAX, i64::MAX - 1),
        ];
        for (amount, part, whole, expected) in table {
            let found = reservation(0, amount).share_minor(part, whole);
            assert_eq!(found, expected, "{amount} {part}/{whole}");
        }
    }
}
