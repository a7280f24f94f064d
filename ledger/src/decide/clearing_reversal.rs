//! Deciding reversals of clearings.
//!
//! Owns: how the clearing that is undone is found, by the acquirer's reference, and how much of it is left. A
//! reversal is arithmetic on what the clearing recorded; the hold that it cleared does not come back. Must never:
//! undo more than was cleared.

use rules::ClearingReason;

use super::Context;
use super::clearing::Examined;
use crate::authorization::{
    AuthorizationStatus, Change, Cleared, ClearingFacts, Lookup, MessageKey, Standing,
};
use crate::recent::{Link, Recent, Remembered};

pub(super) fn examine(context: Context<'_>, facts: &ClearingFacts) -> Examined {
    let reference = facts.acquirer().map(Lookup::Reference);
    let found = reference.and_then(|reference| context.state.find(&reference));
    let found = found.and_then(|(key, recent)| stands(context, key, recent));
    let Some((key, clearing, message)) = found else {
        let mut examined = Examined::of_account(None);
        examined.reasons.push(ClearingReason::AcceptanceNotFound);
        return examined;
    };
    let Some(standing) = &message.standing else {
        let mut examined = Examined::of_account(None);
        examined
            .reasons
            .push(ClearingReason::InvalidSemanticCancellation);
        return examined;
    };
    let mut examined = Examined::of_account(Some(standing.account));
    examined.of = Some((key.clone(), message.id));
    let left_minor = standing.remaining_minor();
    let other =
        (facts.processing_code, facts.currency) != (clearing.processing_code, clearing.currency);
    if other || left_minor == 0 {
        examined
            .reasons
            .push(ClearingReason::InvalidSemanticCancellation);
    } else if facts.amount_minor > left_minor {
        examined
            .reasons
            .push(ClearingReason::CancellationAmountExceedsAuthorized);
    } else {
        let change = reduce(standing, (key, message), facts.amount_minor);
        examined.cleared = change.map(|change| Cleared {
            postings: standing.postings(&change),
            change: Some(change),
            presented_minor: 0,
            standing: None,
        });
    }
    examined
}

/// The clearing that is named, and what stands for it: itself, or the authorization that it confirmed.
fn stands<'a>(
    context: Context<'a>,
    key: MessageKey,
    recent: &'a Recent,
) -> Option<(MessageKey, &'a ClearingFacts, &'a Remembered)> {
    let Recent::Message(message) = recent else {
        return None;
    };
    let Some(Link::Clearing(clearing)) = &message.link else {
        return None;
    };
    if message.standing.is_some() {
        return Some((key, &clearing.facts, message));
    }
    let of = clearing.changed.clone()?;
    match context.state.recent(&of) {
        Some(Recent::Message(message)) => Some((of, &clearing.facts, message)),
        Some(Recent::ReversedBeforeArrival(_)) | None => None,
    }
}

/// The change that takes so much off what stands.
fn reduce(
    standing: &Standing,
    (key, message): (MessageKey, &Remembered),
    off_minor: i64,
) -> Option<Change> {
    let left_minor = standing.remaining_minor().checked_sub(off_minor)?;
    let status = if left_minor == 0 {
        AuthorizationStatus::Canceled
    } else {
        standing.status
    };
    standing.change((key, message.id), &standing.distribute(left_minor), status)
}
