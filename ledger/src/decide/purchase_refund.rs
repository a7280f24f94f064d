//! Refunds that name the purchase they are for.
//!
//! Owns: how much of a purchase may be given back, and whether a refund, with those before it that are in force, is
//! more than that. Must never: refuse a refund; what is above is told, and the policy of the rules decides in files.

use super::amounts::Amounts;
use super::locate::Located;
use super::{Context, Target};
use crate::authorization::moves::prorate;
use crate::authorization::{
    AuthorizationStatus, Divergence, Part, Refund, Relation, RequestFacts, Standing,
};
use crate::recent::{Content, Remembered};

/// What a refund comes to.
pub(super) struct Refunded {
    /// What it is to the purchase.
    pub(super) relation: Relation,
    /// Whether it gives back more than the purchase was for.
    pub(super) divergence: Option<Divergence>,
}

/// What stands for itself, whatever it names.
impl From<Divergence> for Refunded {
    fn from(divergence: Divergence) -> Self {
        Self {
            relation: Relation::Alone,
            divergence: Some(divergence),
        }
    }
}

/// A request or an advice that refunds what it names.
pub(super) fn of(
    context: Context<'_>,
    facts: &RequestFacts,
    located: &Located<'_>,
    (target, standing): (&Target<'_>, &Standing),
) -> Refunded {
    let message = target.message;
    let minor = in_its_currency(context, facts, located, (message, standing));
    let left_minor = match standing.status {
        AuthorizationStatus::Pending => {
            let presented = message.presented.in_force_minor;
            presented.saturating_add(standing.remaining_minor())
        }
        AuthorizationStatus::Processed
        | AuthorizationStatus::Dropped
        | AuthorizationStatus::Declined
        | AuthorizationStatus::Canceled => cleared_minor(message, standing),
    };
    let same = located.account.map(|account| account.id) == Some(standing.account);
    let counts = same && moves_against(context, located, standing);
    let noted = minor.filter(|minor| counts && *minor > 0);
    Refunded {
        relation: noted.map_or(Relation::Alone, |minor| {
            Relation::Refunds(Refund {
                of: target.key.clone(),
                authorization: message.id,
                minor,
            })
        }),
        divergence: is_above(message, minor, left_minor).then_some(Divergence::RefundAboveOriginal),
    }
}

/// Whether what moves money here moves it the other way than what it names.
pub(super) fn moves_against(
    context: Context<'_>,
    located: &Located<'_>,
    standing: &Standing,
) -> bool {
    let named = context.rules.processing_code(standing.processing_code);
    let both = located.entry.zip(named);
    both.is_some_and(|(own, named)| own.balance_impact != named.balance_impact)
}

/// What was cleared of a purchase, minor units of its DE4's currency.
pub(super) fn cleared_minor(message: &Remembered, standing: &Standing) -> i64 {
    let presented = message.presented.in_force_minor;
    match standing.status {
        AuthorizationStatus::Processed => presented.max(standing.remaining_minor()),
        AuthorizationStatus::Pending => presented,
        AuthorizationStatus::Dropped
        | AuthorizationStatus::Declined
        | AuthorizationStatus::Canceled => 0,
    }
}

/// Whether a refund, with those before it, is of more than so much; what cannot be told is.
pub(super) fn is_above(message: &Remembered, minor: Option<i64>, left_minor: i64) -> bool {
    let refunded = message.presented.refunded_minor;
    let in_all = minor.and_then(|minor| refunded.checked_add(minor));
    in_all.is_none_or(|in_all| in_all > left_minor)
}

/// The amount in the currency of what it refunds: at the rate of that, where they differ.
fn in_its_currency(
    context: Context<'_>,
    facts: &RequestFacts,
    located: &Located<'_>,
    (message, standing): (&Remembered, &Standing),
) -> Option<i64> {
    let of_account = located.account.map(|account| account.currency);
    let currency = match &message.content {
        Content::Message(fingerprint) => fingerprint.currency,
        Content::Operation(_) | Content::Clearing(_) => None,
    };
    if currency.or(of_account) == facts.fingerprint.currency.or(of_account) {
        return Some(facts.fingerprint.amount_minor);
    }
    let (account, entry) = located.account.zip(located.entry)?;
    let billed = Amounts::of(context, facts, account, entry, located.network).ok()?;
    let sum = |of: fn(&Part) -> i64| {
        let parts = standing.parts.iter().map(of);
        parts.fold(0, i64::saturating_add)
    };
    let of_minor = sum(|part| part.transaction_minor);
    prorate(
        of_minor,
        billed.contract_minor,
        sum(|part| part.amount_minor),
    )
}
