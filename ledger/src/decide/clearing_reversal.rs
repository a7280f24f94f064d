//! Deciding reversals of clearings.
//!
//! Owns: how the clearing that is undone is found, by the acquirer's reference, and how much of it is left. A
//! reversal is arithmetic on what the clearing recorded; the hold that it cleared does not come back, but as much may
//! be presented again. Must never: undo more than was cleared.

use rules::ClearingReason;

use super::Context;
use super::clearing::Examined;
use crate::authorization::moves::prorate;
use crate::authorization::{
    AuthorizationStatus, Change, Cleared, ClearingFacts, Lookup, MessageKey, Standing, presented,
};
use crate::recent::{Link, Recent, Remembered, RememberedClearing};

pub(super) fn examine(context: Context<'_>, facts: &ClearingFacts) -> Examined {
    let reference = facts.acquirer().map(Lookup::Reference);
    let found = reference.and_then(|reference| context.state.find(&reference));
    let Some(undone) = found.and_then(|(key, recent)| Undone::of(context, key, recent)) else {
        let mut examined = Examined::of_account(None);
        examined.reasons.push(ClearingReason::AcceptanceNotFound);
        return examined;
    };
    let Some(standing) = &undone.message.standing else {
        let mut examined = Examined::of_account(None);
        examined
            .reasons
            .push(ClearingReason::InvalidSemanticCancellation);
        return examined;
    };
    let mut examined = Examined::of_account(Some(standing.account));
    examined.of = Some((undone.key.clone(), undone.message.id));
    let clearing = &undone.clearing.facts;
    let left_minor = standing.remaining_minor();
    let off_minor = undone.off(facts.amount_minor);
    let other =
        (facts.processing_code, facts.currency) != (clearing.processing_code, clearing.currency);
    if other || left_minor == 0 {
        examined
            .reasons
            .push(ClearingReason::InvalidSemanticCancellation);
    } else if facts.amount_minor > clearing.amount_minor
        || off_minor.is_none_or(|off_minor| off_minor > left_minor)
    {
        examined
            .reasons
            .push(ClearingReason::CancellationAmountExceedsAuthorized);
    } else {
        examined.cleared = off_minor.and_then(|off_minor| undone.cleared(standing, off_minor));
    }
    examined
}

/// A clearing that is undone, and what stands for it: itself, or the authorization that it confirmed.
pub(super) struct Undone<'a> {
    key: MessageKey,
    clearing: &'a RememberedClearing,
    pub(super) message: &'a Remembered,
    /// Whether it stands for itself.
    own: bool,
}

impl<'a> Undone<'a> {
    pub(super) fn of(context: Context<'a>, key: MessageKey, recent: &'a Recent) -> Option<Self> {
        let Recent::Message(message) = recent else {
            return None;
        };
        let Some(Link::Clearing(clearing)) = &message.link else {
            return None;
        };
        if message.standing.is_some() {
            return Some(Self {
                key,
                clearing,
                message,
                own: true,
            });
        }
        let (key, authorization) = clearing.changed.clone()?;
        let message = context.state.message(&key, authorization)?;
        Some(Self {
            key,
            clearing,
            message,
            own: false,
        })
    }

    /// So much of the clearing in the currency of what stands for it.
    fn off(&self, amount_minor: i64) -> Option<i64> {
        if self.own {
            return Some(amount_minor);
        }
        let of_minor = self.clearing.facts.amount_minor;
        prorate(self.clearing.presented_minor, amount_minor, of_minor)
    }

    /// Takes so much off what stands; as much less is presented of the authorization.
    fn cleared(&self, standing: &Standing, off_minor: i64) -> Option<Cleared> {
        let before_minor = standing.remaining_minor();
        let after_minor = before_minor.checked_sub(off_minor)?;
        let status = if after_minor == 0 {
            AuthorizationStatus::Canceled
        } else {
            standing.status
        };
        let name = (self.key.clone(), self.message.id);
        let change: Change = standing.change(name, &standing.distribute(after_minor), status)?;
        let presented_minor = if self.own {
            let left = (before_minor, after_minor);
            let of_minor = self.clearing.facts.amount_minor;
            presented::difference(self.clearing.presented_minor, left, of_minor)?
        } else {
            off_minor.checked_neg()?
        };
        Some(Cleared {
            postings: standing.postings(&change),
            change: Some(change),
            presented_minor,
            standing: None,
        })
    }
}
