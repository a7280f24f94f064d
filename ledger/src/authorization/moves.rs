//! What a decision moves: the limits of one account or of several.
//!
//! Owns: deltas by account, as they are planned, held and recorded. Every account stands at most once, in
//! the order in which it was first named. Must never: drop a move.

use rules::{AccountId, Deltas, LimitName, Limits};
use serde::{Deserialize, Serialize};
use smallvec::SmallVec;

use crate::identifiers::RecordId;

/// The sum of two sets of deltas; `None` when one leaves its range.
#[must_use]
pub fn sum(left: &Deltas, right: &Deltas) -> Option<Deltas> {
    let mut total = *left;
    for limit in LimitName::ALL {
        if !total.set(limit, left.get(limit).checked_add(right.get(limit))?) {
            return None;
        }
    }
    Some(total)
}

/// `value` times `part` over `whole`, rounded half away from zero.
#[must_use]
pub fn prorate(value: i64, part: i64, whole: i64) -> Option<i64> {
    let product = i128::from(value).checked_mul(i128::from(part))?;
    let half = i128::from(whole)
        .checked_div(2)?
        .checked_mul(product.signum())?;
    i64::try_from(product.checked_add(half)?.checked_div(i128::from(whole))?).ok()
}

/// Deltas by account.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Moves(SmallVec<[(AccountId, Deltas); 1]>);

impl Moves {
    /// The deltas of one account; nothing when they move nothing.
    #[must_use]
    pub fn of(account: AccountId, deltas: Deltas) -> Self {
        let mut moves = Self::default();
        // One account's deltas cannot leave their range.
        let _fits = moves.add(account, &deltas);
        moves
    }

    /// Adds deltas to those of an account. Returns `None` and changes nothing when one leaves its range.
    #[must_use]
    pub fn add(&mut self, account: AccountId, deltas: &Deltas) -> Option<()> {
        match self.0.iter_mut().find(|(other, _)| *other == account) {
            Some((_, sum_so_far)) => *sum_so_far = sum(sum_so_far, deltas)?,
            None if deltas.is_none() => {}
            None => self.0.push((account, *deltas)),
        }
        Some(())
    }

    /// These and others; `None` when one leaves its range.
    #[must_use]
    pub fn plus(&self, other: &Self) -> Option<Self> {
        let mut total = self.clone();
        for (account, deltas) in other.iter() {
            total.add(account, deltas)?;
        }
        Some(total)
    }

    /// These without others; `None` when one leaves its range.
    #[must_use]
    pub fn minus(&self, other: &Self) -> Option<Self> {
        let mut total = self.clone();
        for (account, deltas) in other.iter() {
            total.add(account, &deltas.negated())?;
        }
        Some(total)
    }

    /// Every delta times `part` over `whole`, each rounded by itself.
    #[must_use]
    pub fn share(&self, part: i64, whole: i64) -> Option<Self> {
        let mut shares = Self::default();
        for (account, deltas) in self.iter() {
            let mut share = Deltas::NONE;
            for (limit, delta) in deltas.iter() {
                if !share.set(limit, prorate(delta, part, whole)?) {
                    return None;
                }
            }
            shares.add(account, &share)?;
        }
        Some(shares)
    }

    /// These without what they take from some limits.
    #[must_use]
    pub fn without_taking(&self, limits: &[LimitName]) -> Self {
        let mut kept = Self::default();
        for (account, deltas) in self.iter() {
            let mut left = *deltas;
            for limit in limits.iter().filter(|limit| deltas.get(**limit) < 0) {
                // No delta is as good as any other.
                let _set = left.set(*limit, 0);
            }
            if !left.is_none() {
                kept.0.push((account, left));
            }
        }
        kept
    }

    /// The limits of an account after these; `None` when one leaves its range.
    #[must_use]
    pub fn applied_to(&self, account: AccountId, limits: &Limits) -> Option<Limits> {
        limits.checked_apply(&self.deltas(account))
    }

    /// What one account moves by.
    #[must_use]
    pub fn deltas(&self, account: AccountId) -> Deltas {
        let found = self.0.iter().find(|(other, _)| *other == account);
        found.map_or(Deltas::NONE, |(_, deltas)| *deltas)
    }

    /// The accounts and what they move by.
    pub fn iter(&self) -> impl Iterator<Item = (AccountId, &Deltas)> {
        self.0.iter().map(|(account, deltas)| (*account, deltas))
    }

    /// Whether nothing moves.
    #[must_use]
    pub fn is_none(&self) -> bool {
        self.0.iter().all(|(_, deltas)| deltas.is_none())
    }
}

/// What a record does to one account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountMove {
    /// The account.
    pub account: AccountId,
    /// What its limits move by.
    pub deltas: Deltas,
    /// What the sum of its pending authorizations moves by.
    pub pending: Deltas,
    /// The record before this one that is about the account.
    pub previous: Option<RecordId>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn available(minor: i64) -> Deltas {
        let mut deltas = Deltas::NONE;
        assert!(deltas.set(LimitName::AvailableCreditLimit, minor));
        deltas
    }

    #[test]
    fn shares_round_half_away_from_zero_and_their_differences_sum_to_the_whole() {
        for (value, part, whole, expected) in [
            (100, 50, 100, 50),
            (-100, 50, 100, -50),
            (-101, 50, 100, -51),
            (101, 50, 100, 51),
            (-10, 1, 3, -3),
            (-10, 2, 3, -7),
            (0, 5, 7, 0),
        ] {
            assert_eq!(
                prorate(value, part, whole),
                Some(expected),
                "{value} * {part} / {whole}"
            );
        }
        assert_eq!(prorate(1, 1, 0), None);
        let steps = [1000, 667, 333, 1, 0];
        let undone: i64 = steps
            .windows(2)
            .map(|pair| {
                prorate(-997, pair[0], 1000).unwrap() - prorate(-997, pair[1], 1000).unwrap()
            })
            .sum();
        assert_eq!(undone, -997);
    }

    #[test]
    fn an_account_stands_once_and_what_is_taken_away_was_there() {
        let mut moves = Moves::of(AccountId(1), available(-100));
        assert_eq!(moves.add(AccountId(2), &available(40)), Some(()));
        assert_eq!(moves.add(AccountId(1), &available(-5)), Some(()));
        assert_eq!(moves.iter().count(), 2);
        assert_eq!(moves.deltas(AccountId(1)), available(-105));
        let third = moves.share(1, 3).unwrap();
        assert_eq!(third.deltas(AccountId(1)), available(-35));
        assert_eq!(third.deltas(AccountId(2)), available(13));
        let rest = moves.minus(&third).unwrap();
        assert_eq!(rest.plus(&third).unwrap(), moves);
        assert!(moves.minus(&moves).unwrap().is_none());
        let mut full = Moves::of(AccountId(1), available(i64::MAX));
        assert_eq!(full.add(AccountId(1), &available(1)), None);
        assert_eq!(full.deltas(AccountId(1)), available(i64::MAX));
    }
}
