//! Excursions over the limit of an account.
//!
//! Owns: what an excursion is and how it follows from the records of an account. One begins with the record that
//! takes what is available, savings and overdraft included, below zero, and ends with the record that brings it
//! back. Must never: be stored or decide; two readings of the same records say the same.

use rules::{LimitName, Limits};

use crate::authorization::{AccountMove, Cleared};
use crate::books::rows::{MessageBody, StoredMessage};
use crate::identifiers::{RecordId, Timestamp};
use crate::operation::OperationEffect;

/// The record with which an excursion began or ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Crossing {
    /// The record.
    pub record: RecordId,
    /// The authorization that it decided or changed, if any.
    pub authorization: Option<RecordId>,
    /// When.
    pub time: Timestamp,
    /// What it moved of the available limit, minor units.
    pub moved_minor: i64,
    /// The available limit that it left, minor units.
    pub available_minor: i64,
    /// How far above the limit it left the account, minor units.
    pub used_minor: i64,
    /// The allowance of the account at that time: its percentage of the maximum limit, minor units.
    pub allowance_minor: i64,
}

/// An excursion.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Excursion {
    /// How it began; `None` where that lies before what was looked at.
    pub entered: Option<Crossing>,
    /// How far above its limit the account was at most, minor units.
    pub most_used_minor: i64,
    /// How it ended; `None` while it lasts.
    pub left: Option<Crossing>,
}

/// How far above its limit an account stands, minor units; 0 within it.
#[must_use]
pub fn used_minor(limits: &Limits) -> i64 {
    limits
        .available_credit_limit
        .saturating_add(limits.available_savings_account_limit)
        .saturating_add(limits.total_overdraft_limit)
        .min(0)
        .saturating_neg()
}

/// The allowance above the limit, minor units.
#[must_use]
pub fn allowance_minor(limits: &Limits) -> i64 {
    i64::try_from(limits.over_limit_allowance_minor()).unwrap_or(i64::MAX)
}

/// Follows an account from record to record.
#[derive(Clone, Debug)]
pub(crate) struct Watch {
    lasting: Option<Excursion>,
    ended: Vec<Excursion>,
}

impl Watch {
    /// From these limits on.
    pub(crate) fn from(limits: &Limits) -> Self {
        let used_minor = used_minor(limits);
        let lasting = Excursion {
            entered: None,
            most_used_minor: used_minor,
            left: None,
        };
        Self {
            lasting: (used_minor > 0).then_some(lasting),
            ended: Vec::new(),
        }
    }

    /// The next record, by its message and what it did to the account, with the limits that it left.
    pub(crate) fn step(&mut self, message: &StoredMessage, moved: &AccountMove, after: &Limits) {
        let used_minor = used_minor(after);
        let crossing = || Crossing {
            record: message.id,
            authorization: authorization_of(message),
            time: message.time,
            moved_minor: moved.deltas.get(LimitName::AvailableCreditLimit),
            available_minor: after.available_credit_limit,
            used_minor,
            allowance_minor: allowance_minor(after),
        };
        self.lasting = match self.lasting.take() {
            Some(excursion) if used_minor == 0 => {
                self.ended.push(Excursion {
                    left: Some(crossing()),
                    ..excursion
                });
                None
            }
            Some(excursion) => Some(Excursion {
                most_used_minor: excursion.most_used_minor.max(used_minor),
                ..excursion
            }),
            None if used_minor > 0 => Some(Excursion {
                entered: Some(crossing()),
                most_used_minor: used_minor,
                left: None,
            }),
            None => None,
        };
    }

    /// The excursions that were seen, the oldest first.
    pub(crate) fn excursions(self) -> Vec<Excursion> {
        let mut excursions = self.ended;
        excursions.extend(self.lasting);
        excursions
    }
}

/// The limits before a message, given those after it; `None` where they would leave their range.
pub(crate) fn limits_before(
    message: &StoredMessage,
    moved: &AccountMove,
    after: &Limits,
) -> Option<Limits> {
    if let MessageBody::Operation { done, .. } = &message.body
        && let OperationEffect::Granted { before, .. } = &done.effect
    {
        return Some(*before);
    }
    after.checked_apply(&moved.deltas.negated())
}

fn authorization_of(message: &StoredMessage) -> Option<RecordId> {
    let own = message.standing().map(|_| message.id);
    let refunds = message.refund().is_some() || message.cleared().is_some_and(Cleared::refunds);
    // A refund changes nothing of what it refunds.
    let changed = message.changed().filter(|_| !refunds);
    changed.or(own)
}
