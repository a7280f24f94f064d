//! The load test's own books: what its answers did to each account, and whether the switch's books say the
//! same.
//!
//! Owns: the sum per account. Must never: take a number from the switch's decisions other than the DE39 it
//! answered.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::mix::Kind;

/// Accounts named in a report at most.
const NAMED: usize = 10;

/// What happened to one account, in minor units.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Effect {
    /// Change of the available limit by answered messages.
    change: i64,
    /// How much lower it may be for requests that were never answered.
    perhaps_lower: i64,
    /// How much higher it may be for reversals that were never answered.
    perhaps_higher: i64,
}

/// The effects of a run by card number.
#[derive(Debug, Default)]
pub(crate) struct Effects(BTreeMap<u64, Effect>);

impl Effects {
    /// A message was approved.
    pub(crate) fn approved(&mut self, kind: Kind, card: u64, amount_minor: u64) {
        let effect = self.0.entry(card).or_default();
        let amount = signed(amount_minor);
        match kind {
            Kind::Reversal => effect.change = effect.change.saturating_add(amount),
            kind if kind.takes_amount() => effect.change = effect.change.saturating_sub(amount),
            _ => {}
        }
    }

    /// It is not known what became of a message.
    pub(crate) fn became_unknown(&mut self, kind: Kind, card: u64, amount_minor: u64) {
        self.unknown(kind, card, signed(amount_minor));
    }

    /// What was unknown has been answered after all.
    pub(crate) fn became_known(&mut self, kind: Kind, card: u64, amount_minor: u64) {
        self.unknown(kind, card, signed(amount_minor).saturating_neg());
    }

    fn unknown(&mut self, kind: Kind, card: u64, amount: i64) {
        let effect = self.0.entry(card).or_default();
        match kind {
            Kind::Reversal => effect.perhaps_higher = effect.perhaps_higher.saturating_add(amount),
            kind if kind.takes_amount() => {
                effect.perhaps_lower = effect.perhaps_lower.saturating_add(amount);
            }
            _ => {}
        }
    }

    /// What the available limit of a card's account must lie between.
    pub(crate) fn expected(&self, card: u64, before_minor: i64) -> (i64, i64) {
        let effect = self.0.get(&card).copied().unwrap_or_default();
        let after = before_minor.saturating_add(effect.change);
        (
            after.saturating_sub(effect.perhaps_lower),
            after.saturating_add(effect.perhaps_higher),
        )
    }
}

fn signed(amount_minor: u64) -> i64 {
    i64::try_from(amount_minor).unwrap_or(i64::MAX)
}

/// The comparison of all accounts that the run could move.
#[derive(Debug, Default, Serialize)]
pub struct BooksReport {
    /// Accounts compared.
    pub accounts: u64,
    /// Accounts for which unanswered messages leave more than one value possible.
    pub accounts_with_range: u64,
    /// Accounts whose available limit is not what the answers add up to.
    pub differing: u64,
    /// The first of these.
    pub examples: Vec<Difference>,
}

/// An account whose books differ; amounts are available limits in minor units.
#[derive(Debug, Serialize)]
pub struct Difference {
    /// The account.
    pub account_id: u64,
    /// Before the run.
    pub before_minor: i64,
    /// Smallest value that the answers allow.
    pub expected_lowest_minor: i64,
    /// Largest value that the answers allow.
    pub expected_highest_minor: i64,
    /// After the run; `None` when the books no longer hold the account.
    pub after_minor: Option<i64>,
}

impl BooksReport {
    /// Takes in one account.
    pub(crate) fn compare(
        &mut self,
        account_id: u64,
        before_minor: i64,
        expected: (i64, i64),
        after_minor: Option<i64>,
    ) {
        let (lowest, highest) = expected;
        self.accounts += 1;
        self.accounts_with_range += u64::from(lowest != highest);
        if agrees(expected, after_minor) {
            return;
        }
        self.differing += 1;
        if self.examples.len() < NAMED {
            self.examples.push(Difference {
                account_id,
                before_minor,
                expected_lowest_minor: lowest,
                expected_highest_minor: highest,
                after_minor,
            });
        }
    }
}

/// Whether a value lies where it must.
pub(crate) fn agrees((lowest, highest): (i64, i64), after_minor: Option<i64>) -> bool {
    after_minor.is_some_and(|after| (lowest..=highest).contains(&after))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_approved_money_moves() {
        let mut effects = Effects::default();
        effects.approved(Kind::Purchase, 1, 500);
        effects.approved(Kind::SingleMessagePurchase, 1, 40);
        effects.approved(Kind::Repeat, 1, 500);
        effects.approved(Kind::Inquiry, 1, 0);
        effects.approved(Kind::Reversal, 1, 500);
        assert_eq!(effects.expected(1, 10_000), (9_960, 9_960));
        assert_eq!(effects.expected(2, 10_000), (10_000, 10_000));
    }

    #[test]
    fn unanswered_messages_leave_a_range_until_they_are_answered() {
        let mut effects = Effects::default();
        effects.became_unknown(Kind::Purchase, 1, 500);
        effects.became_unknown(Kind::Reversal, 1, 30);
        assert_eq!(effects.expected(1, 1_000), (500, 1_030));
        effects.became_known(Kind::Purchase, 1, 500);
        effects.approved(Kind::Purchase, 1, 500);
        assert_eq!(effects.expected(1, 1_000), (500, 530));
    }

    #[test]
    fn reports_count_and_name_differences() {
        let mut report = BooksReport::default();
        report.compare(1, 100, (90, 90), Some(90));
        report.compare(2, 100, (90, 95), Some(95));
        report.compare(3, 100, (90, 95), Some(96));
        report.compare(4, 100, (90, 90), None);
        assert_eq!(
            (
                report.accounts,
                report.accounts_with_range,
                report.differing
            ),
            (4, 2, 2)
        );
        let named: Vec<u64> = report.examples.iter().map(|one| one.account_id).collect();
        assert_eq!(named, [3, 4]);
    }
}
