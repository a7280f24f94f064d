//! How the naive ledger takes refunds of a hold: it adds up what is in force of all of them whenever it is asked for.

use ledger::authorization::{AuthorizationStatus, Divergence, RequestFacts};
use rules::BalanceImpact;

use crate::books::{Hold, Naive, rounded};
use crate::plans::Sums;
use crate::requests::About;
use crate::support::made;

/// What a hold gives back: so much of another, in DE4's currency of that.
#[derive(Clone, Copy)]
pub(crate) struct Refunds {
    pub(crate) of: usize,
    pub(crate) minor: i64,
}

impl Naive {
    /// What is given back of a hold.
    pub(crate) fn refunded(&self, of: usize) -> i64 {
        let mut sum = 0;
        for (number, hold) in self.holds.iter().enumerate() {
            let Some(refunds) = hold.refunds.filter(|refunds| refunds.of == of) else {
                continue;
            };
            // What clearings took of a refund they give back in its place.
            let took = self.holds.iter().filter_map(|own| {
                let (_, minor) = own.clears.filter(|(of, _)| *of == number)?;
                Some(rounded(minor, own.left(), own.parts[0].approved))
            });
            let left = hold.left() + took.sum::<i64>();
            sum += rounded(refunds.minor, left, hold.parts[0].approved);
        }
        sum
    }

    /// Takes note of what is given back by now of each hold; the last message changed those that differ.
    pub(crate) fn note_refunds(&mut self) {
        for number in 0..self.holds.len() {
            let refunded = self.refunded(number);
            if self.holds[number].refunded != refunded {
                let hold = &mut self.holds[number];
                hold.refunded = refunded;
                hold.changed_by = self.messages.len() - 1;
            }
        }
    }

    /// What a message gives back of the hold that it names, and what is not as it says.
    pub(crate) fn refund(
        &self,
        facts: &RequestFacts,
        about: &About<'_>,
        number: usize,
    ) -> (Option<Refunds>, Option<Divergence>) {
        let hold = &self.holds[number];
        let own = facts.fingerprint.currency.unwrap_or_else(made::dollar);
        let minor = if hold.currency.unwrap_or_else(made::dollar) == own {
            Some(facts.fingerprint.amount_minor)
        } else {
            let entry = about.account.and(about.entry);
            let sums = entry.and_then(|entry| Sums::of(facts, entry).ok());
            let billed = hold.parts.iter().map(|part| part.billed).sum();
            let approved = hold.parts.iter().map(|part| part.approved).sum();
            sums.map(|sums| rounded(approved, sums.contract, billed))
        };
        let most = match hold.status {
            AuthorizationStatus::Pending => hold.presented.in_force + hold.left(),
            _ => hold.cleared(),
        };
        let above = minor.is_none_or(|minor| self.refunded(number) + minor > most);
        let above = above.then_some(Divergence::RefundAboveOriginal);
        (self.noted(about, number, minor), above)
    }

    /// Only a purchase on the same account takes note of what is given back.
    pub(crate) fn noted(
        &self,
        about: &About<'_>,
        of: usize,
        minor: Option<i64>,
    ) -> Option<Refunds> {
        let hold = &self.holds[of];
        let entry = self.rules.processing_code(hold.code);
        let debit = entry.is_some_and(|entry| entry.balance_impact == BalanceImpact::Debit);
        let same = about
            .account
            .is_some_and(|account| account.id == hold.account);
        let minor = minor.filter(|minor| debit && same && *minor > 0)?;
        Some(Refunds { of, minor })
    }
}

impl Hold {
    /// What was cleared of it.
    pub(crate) fn cleared(&self) -> i64 {
        match self.status {
            AuthorizationStatus::Processed => self.presented.in_force.max(self.left()),
            AuthorizationStatus::Pending => self.presented.in_force,
            _ => 0,
        }
    }
}
