//! What an approval stands for, from its first hold to its end.
//!
//! Owns: the statuses of an authorization, the parts it is made of, and the arithmetic by which every later
//! message changes it: reversal, replacement, increment, completion, expiry and their undoing all set what
//! remains of the parts, and what moves is the difference of what is held before and after. So the books of
//! an account are always the sum of its records, whatever the rules say now (DESIGN section 6). Must never:
//! consult rules, or move what its parts did not record.

use rules::{AccountId, LimitName, ProcessingCode, Reservation, ResetLimit};
use serde::{Deserialize, Serialize};
use smallvec::SmallVec;

use super::counts::{self, CountChange};
use super::key::MessageKey;
use super::moves::{Moves, prorate};
use super::posting::PlannedPosting;
use crate::identifiers::{RecordId, Timestamp};

/// Where an authorization stands (reference authorization-guides 3.6).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum AuthorizationStatus {
    /// Approved, waits for its clearing.
    Pending,
    /// Cleared.
    Processed,
    /// Never cleared; its hold was let go.
    Dropped,
    /// Not approved.
    Declined,
    /// Reversed in full.
    Canceled,
}

impl AuthorizationStatus {
    /// The name in events and answers.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "PENDING",
            Self::Processed => "PROCESSED",
            Self::Dropped => "DROPPED",
            Self::Declined => "DECLINED",
            Self::Canceled => "CANCELED",
        }
    }
}

/// One approved amount: the authorization itself, or an increment of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Part {
    /// The record that approved it.
    pub record: RecordId,
    /// What it moves when all of it is in force.
    pub base: Moves,
    /// What it moves at the confirmation of a dual message, on top of `base`.
    pub confirmation: Moves,
    /// What of it is in force.
    pub held: Moves,
    /// The amount approved, minor units of the account's currency.
    pub amount_minor: i64,
    /// The amount approved, minor units of DE4's currency. Positive.
    pub transaction_minor: i64,
    /// What of that remains authorized; more than it after a completion for more.
    pub remaining_minor: i64,
    /// Posted when it is cleared.
    pub postings: Vec<PlannedPosting>,
    /// Posted when a cleared amount is undone.
    pub compensations: Vec<PlannedPosting>,
    /// What it counts towards the limits of flex controls when all of it is in force.
    pub reservations: Vec<Reservation>,
    /// When the limits inside the credit limit that it takes from come back.
    pub reset_limit: Option<ResetLimit>,
}

/// The limits that come back by themselves: those inside the credit limit. What was taken from the credit limit comes
/// back by the payment.
const REFUNDED: [LimitName; 2] = [
    LimitName::AvailableTotalInstallmentCredit,
    LimitName::AvailableWithdrawalCredit,
];

impl Part {
    fn comes_back_at(&self, paid: ResetLimit) -> bool {
        self.reset_limit == Some(paid) && paid != ResetLimit::Never
    }

    /// What remains, in minor units of the account's currency.
    #[must_use]
    pub fn remaining_of_amount_minor(&self) -> Option<i64> {
        prorate(
            self.amount_minor,
            self.remaining_minor,
            self.transaction_minor,
        )
    }
}

/// An approval that moved something, as it stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Standing {
    /// The account it is listed under.
    pub account: AccountId,
    /// Code it was decided under.
    pub processing_code: ProcessingCode,
    /// Where it stands.
    pub status: AuthorizationStatus,
    /// The authorization first, then its increments in order.
    pub parts: SmallVec<[Part; 1]>,
    /// When it is dropped if it is still pending.
    pub expires: Option<Timestamp>,
    /// The newest record that this includes. A record at or before it is not applied again.
    pub reflects: RecordId,
}

/// What a change makes of one part.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PartChange {
    /// What remained authorized before, minor units of DE4's currency.
    pub before_minor: i64,
    /// What remains after.
    pub after_minor: i64,
    /// What moves.
    pub moves: Moves,
}

/// What a later message makes of an authorization.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// Names the authorization.
    pub key: MessageKey,
    /// Its record.
    pub authorization: RecordId,
    /// Where it stood before.
    pub status_before: AuthorizationStatus,
    /// Where it stands after.
    pub status: AuthorizationStatus,
    /// Its parts, in order.
    pub parts: SmallVec<[PartChange; 1]>,
    /// What it counts more or less towards the limits of flex controls.
    pub counts: Vec<CountChange>,
}

impl Standing {
    /// What remains authorized of all parts, minor units of DE4's currency.
    #[must_use]
    pub fn remaining_minor(&self) -> i64 {
        let sum = |sum: i64, part: &Part| sum.saturating_add(part.remaining_minor);
        self.parts.iter().fold(0, sum)
    }

    /// What remains of all parts, minor units of the account's currency.
    #[must_use]
    pub fn remaining_of_amount_minor(&self) -> i64 {
        let remaining = |part: &Part| part.remaining_of_amount_minor().unwrap_or(0);
        let sum = |sum: i64, remaining| sum.saturating_add(remaining);
        self.parts.iter().map(remaining).fold(0, sum)
    }

    /// What all parts have in force.
    #[must_use]
    pub fn held(&self) -> Option<Moves> {
        let mut held = Moves::default();
        for part in &self.parts {
            held = held.plus(&part.held)?;
        }
        Some(held)
    }

    /// What remains of each part so that `total_minor` remains of all: less comes off the newest part
    /// first, more goes onto the first.
    #[must_use]
    pub fn distribute(&self, total_minor: i64) -> SmallVec<[i64; 1]> {
        let mut remaining: SmallVec<[i64; 1]> =
            self.parts.iter().map(|part| part.remaining_minor).collect();
        let mut off = self.remaining_minor().saturating_sub(total_minor);
        if off <= 0 {
            if let Some(first) = remaining.first_mut() {
                *first = first.saturating_sub(off);
            }
            return remaining;
        }
        for part in remaining.iter_mut().rev() {
            let taken = off.min(*part);
            *part = part.saturating_sub(taken);
            off = off.saturating_sub(taken);
        }
        remaining
    }

    /// What it takes to leave so much of each part and the status `status`. A part that becomes processed
    /// moves what its confirmation says as well. `None` when a limit would leave its range.
    #[must_use]
    pub fn change(
        &self,
        (key, authorization): (MessageKey, RecordId),
        remaining: &[i64],
        status: AuthorizationStatus,
    ) -> Option<Change> {
        let confirmed = status == AuthorizationStatus::Processed;
        let (mut parts, mut counts) = (SmallVec::new(), Vec::new());
        for (part, after_minor) in self.parts.iter().zip(remaining) {
            let whole = if confirmed {
                part.base.plus(&part.confirmation)?
            } else {
                part.base.clone()
            };
            let held = whole.share(*after_minor, part.transaction_minor)?;
            let change = PartChange {
                before_minor: part.remaining_minor,
                after_minor: *after_minor,
                moves: held.minus(&part.held)?,
            };
            counts.extend(counts::changes(part, &change));
            parts.push(change);
        }
        Some(Change {
            key,
            authorization,
            status_before: self.status,
            status,
            parts,
            counts,
        })
    }

    /// Takes what the change of a record says, unless it is included already. Says whether it could:
    /// what is held may leave the range of its type, which no change that was planned here does.
    #[must_use]
    pub fn take(&mut self, id: RecordId, change: &Change) -> bool {
        if self.reflects >= id {
            return true;
        }
        for (part, change) in self.parts.iter_mut().zip(&change.parts) {
            let Some(held) = part.held.plus(&change.moves) else {
                return false;
            };
            (part.remaining_minor, part.held) = (change.after_minor, held);
        }
        (self.status, self.reflects) = (change.status, id);
        true
    }

    /// Takes an increment, unless it is included already.
    pub fn raise(&mut self, id: RecordId, part: Part, expires: Option<Timestamp>) {
        if self.reflects >= id {
            return;
        }
        self.parts.push(part);
        self.expires = self.expires.max(expires);
        self.reflects = id;
    }

    /// What limits move by when such a payment gives back what parts took from the limits inside the credit limit;
    /// nothing where no part says so. `None` when a limit would leave its range.
    #[must_use]
    pub fn refundable(&self, paid: ResetLimit) -> Option<Moves> {
        let mut moves = Moves::default();
        for part in self.parts.iter().filter(|part| part.comes_back_at(paid)) {
            let left = part.held.without_taking(&REFUNDED);
            moves = moves.plus(&left.minus(&part.held)?)?;
        }
        Some(moves)
    }

    /// Gives it back, unless that is included already: from then on these parts hold nothing of those limits, so that
    /// no reversal gives it back again.
    pub fn refund(&mut self, id: RecordId, paid: ResetLimit) {
        if self.reflects >= id {
            return;
        }
        let parts = self.parts.iter_mut();
        for part in parts.filter(|part| part.comes_back_at(paid)) {
            part.base = part.base.without_taking(&REFUNDED);
            part.confirmation = part.confirmation.without_taking(&REFUNDED);
            part.held = part.held.without_taking(&REFUNDED);
            part.reset_limit = None;
        }
        self.reflects = id;
    }

    /// What a change moves the sums of pending authorizations by: what is held counts while the
    /// authorization is pending. `None` when one leaves its range.
    #[must_use]
    pub fn pending(&self, change: &Change) -> Option<Moves> {
        let is_pending = |status| status == AuthorizationStatus::Pending;
        let before = self.held()?;
        let mut pending = Moves::default();
        if is_pending(change.status) {
            pending = before.plus(&change.moves()?)?;
        }
        if is_pending(change.status_before) {
            pending = pending.minus(&before)?;
        }
        Some(pending)
    }

    /// The transactions that a change posts: for what is cleared more, those of the parts; for what is
    /// cleared less, those that undo it. Postings of one account in one direction add up to the share of their
    /// sum, at every step and over all steps: what is rounded off one goes to the next.
    #[must_use]
    pub fn postings(&self, change: &Change) -> Vec<PlannedPosting> {
        let cleared = |status, remaining_minor| match status {
            AuthorizationStatus::Processed => remaining_minor,
            // What is undone after its clearing has nothing left.
            AuthorizationStatus::Canceled
            | AuthorizationStatus::Pending
            | AuthorizationStatus::Dropped
            | AuthorizationStatus::Declined => 0,
        };
        let mut posted = Vec::new();
        for (part, changed) in self.parts.iter().zip(&change.parts) {
            let before = cleared(change.status_before, changed.before_minor);
            let after = cleared(change.status, changed.after_minor);
            let (flow, less, more) = if after >= before {
                (&part.postings, before, after)
            } else {
                (&part.compensations, after, before)
            };
            let due = |sum_minor| {
                let more = prorate(sum_minor, more, part.transaction_minor)?;
                more.checked_sub(prorate(sum_minor, less, part.transaction_minor)?)
            };
            let differences = flow.iter().enumerate().filter_map(|(place, planned)| {
                let earlier_minor = flow
                    .iter()
                    .take(place)
                    .filter(|earlier| planned.goes_with(earlier))
                    .try_fold(0_i64, |sum, earlier| {
                        sum.checked_add(earlier.posting.amount_minor)
                    })?;
                let sum_minor = earlier_minor.checked_add(planned.posting.amount_minor)?;
                let amount_minor = due(sum_minor)?.checked_sub(due(earlier_minor)?)?;
                (amount_minor != 0).then(|| planned.with_amount(amount_minor))
            });
            posted.extend(differences);
        }
        posted
    }
}

impl Change {
    /// What the limits move by; `None` when one leaves its range.
    #[must_use]
    pub fn moves(&self) -> Option<Moves> {
        let mut sum = Moves::default();
        for part in &self.parts {
            sum = sum.plus(&part.moves)?;
        }
        Some(sum)
    }

    /// The change that takes this one back, for an authorization that has not changed since.
    #[must_use]
    pub fn taken_back(&self) -> Option<Self> {
        let nothing = Moves::default();
        let mut parts = SmallVec::new();
        for part in &self.parts {
            parts.push(PartChange {
                before_minor: part.after_minor,
                after_minor: part.before_minor,
                moves: nothing.minus(&part.moves)?,
            });
        }
        Some(Self {
            status_before: self.status,
            status: self.status_before,
            parts,
            counts: self.counts.iter().map(CountChange::taken_back).collect(),
            ..self.clone()
        })
    }
}
