//! Deciding presentments.
//!
//! Owns: how the authorization that is cleared is found, how much of it may be cleared, and what clearing does: an
//! authorization that is open gives up its hold for what is presented, in one or several clearings; one that was
//! posted online is only confirmed, or set to what was presented. What clears no authorization is one of its own.
//! Must never: ask whether the limits cover it.

use rules::{BalanceImpact, ClearingReason};
use smallvec::SmallVec;

use super::amounts::Amounts;
use super::clearing::{Examined, options};
use super::clearing_reversal::Undone;
use super::locate::Located;
use super::{Context, advice, clearing_shares, purchase_refund};
use crate::authorization::moves::prorate;
use crate::authorization::{
    Approval, AuthorizationStatus, Cleared, ClearingFacts, Divergence, Lookup, MessageKey,
    PlannedPosting, RequestFacts, Standing,
};
use crate::recent::{Content, Link, Recent, Remembered, retrieval};

/// An authorization that a presentment names.
struct Named<'a> {
    key: MessageKey,
    message: &'a Remembered,
    standing: &'a Standing,
}

pub(super) fn examine(
    context: Context<'_>,
    facts: &ClearingFacts,
    request: &RequestFacts,
    located: &Located<'_>,
) -> Examined {
    let mut examined = Examined::of_account(located.account.map(|account| account.id));
    if located.card.is_some() && located.account.is_none() {
        examined.reasons.push(ClearingReason::InvalidCardMode);
    }
    if is_posted_already(context, facts) {
        examined.reasons.push(ClearingReason::DuplicateClearing);
    }
    let named = named(context, facts);
    let direction = |named: &Named<'_>| {
        let entry = context
            .rules
            .processing_code(named.standing.processing_code);
        entry.map(|entry| entry.balance_impact)
    };
    let own = located.entry.map(|entry| entry.balance_impact);
    match named {
        Some(named) if direction(&named) == own => {
            clear(context, facts, (request, located), &named, &mut examined);
        }
        Some(named) if own == Some(BalanceImpact::Credit) => {
            refund(context, facts, (request, located), &named, &mut examined);
        }
        Some(_) | None => {
            if facts.relations().next().is_some() {
                examined.divergences.push(Divergence::UnknownOriginal);
            }
            let options = options(context, located, examined.account);
            let required = facts
                .mcc
                .is_some_and(|mcc| options.authorization_required.contains(&mcc));
            if required && own == Some(BalanceImpact::Debit) {
                examined
                    .reasons
                    .push(ClearingReason::MccAuthorizationNotFound);
            }
            by_itself(context, facts, (request, located), &mut examined);
        }
    }
    examined
}

/// Whether a clearing of the same acquirer reference was posted, and not undone since.
fn is_posted_already(context: Context<'_>, facts: &ClearingFacts) -> bool {
    let reference = facts.acquirer().map(Lookup::Reference);
    match reference.and_then(|reference| context.state.find(&reference)) {
        Some((key, recent)) => {
            let posted = Undone::of(context, key, recent);
            let standing = posted.and_then(|posted| posted.message.standing.as_ref());
            standing.is_none_or(|standing| standing.remaining_minor() > 0)
        }
        None => false,
    }
}

/// The authorization that a presentment names. An approval code is one of few; the network's retrieval reference
/// tells apart what bears the same.
fn named<'a>(context: Context<'a>, facts: &ClearingFacts) -> Option<Named<'a>> {
    let own = facts.retrieval_reference.as_deref().and_then(retrieval);
    facts.relations().enumerate().find_map(|(place, lookup)| {
        let (key, recent) = context.state.find(&lookup)?;
        let Recent::Message(message) = recent else {
            return None;
        };
        if let Some(Link::Clearing(_)) = message.link {
            return None;
        }
        let by_code = facts.network_reference.is_none() || place > 0;
        let both = own.zip(message.retrieval);
        if by_code && both.is_some_and(|(own, other)| own != other) {
            return None;
        }
        let target = context.target(key, message)?;
        Some(Named {
            key: target.key,
            message: target.message,
            standing: target.message.standing.as_ref()?,
        })
    })
}

/// A refund stands for itself. What it refunds must have been cleared for as much, with the refunds before it, and takes
/// note of it.
fn refund(
    context: Context<'_>,
    facts: &ClearingFacts,
    (request, located): (&RequestFacts, &Located<'_>),
    named: &Named<'_>,
    examined: &mut Examined,
) {
    let (message, standing) = (named.message, named.standing);
    examined.of = Some((named.key.clone(), message.id));
    let amounts = amounts(context, facts, (request, located), named);
    let minor = amounts.map(|(_, minor)| minor);
    let cleared_minor = purchase_refund::cleared_minor(message, standing);
    if purchase_refund::is_above(message, minor, cleared_minor) {
        examined
            .reasons
            .push(ClearingReason::NotRefundableAuthorization);
    }
    by_itself(context, facts, (request, located), examined);
    // What was let go of or reversed has nothing that could be given back.
    let in_force = matches!(
        standing.status,
        AuthorizationStatus::Pending | AuthorizationStatus::Processed
    );
    let noted = in_force && examined.account == Some(standing.account);
    let own = examined
        .cleared
        .as_mut()
        .filter(|own| own.standing.is_some());
    if let Some((own, minor)) = own.zip(minor.filter(|minor| noted && *minor > 0)) {
        let name = (named.key.clone(), message.id);
        let left = standing.parts.iter().map(|part| part.remaining_minor);
        let left: SmallVec<[i64; 1]> = left.collect();
        own.change = standing.change(name, &left, standing.status);
        own.presented_minor = own.change.as_ref().map_or(0, |_| minor.saturating_neg());
    }
}

/// Posts it as an authorization of its own.
fn by_itself(
    context: Context<'_>,
    facts: &ClearingFacts,
    (request, located): (&RequestFacts, &Located<'_>),
    examined: &mut Examined,
) {
    if facts.amount_minor <= 0 {
        examined.cleared = located.account.map(|_| Cleared::default());
        return;
    }
    let approved = match located.entry {
        Some(entry) if entry.balance_impact != BalanceImpact::None => {
            advice::force(context, request, located)
        }
        Some(_) | None => return,
    };
    let Ok(approval) = approved else { return };
    if approval.configuration.is_none() {
        examined.reasons.push(ClearingReason::NotPermittedOperation);
    }
    examined.cleared = standing(context, located, &approval).map(|standing| Cleared {
        change: None,
        presented_minor: 0,
        standing: Some(standing),
        postings: approval.postings,
    });
}

/// What an approval that is cleared at once stands for.
fn standing(context: Context<'_>, located: &Located<'_>, approval: &Approval) -> Option<Standing> {
    Some(Standing {
        account: located.account?.id,
        processing_code: located.code,
        status: AuthorizationStatus::Processed,
        parts: smallvec::smallvec![approval.part(context.id)],
        expires: None,
        reflects: context.id,
    })
}

/// Clears the authorization that it names.
fn clear(
    context: Context<'_>,
    facts: &ClearingFacts,
    (request, located): (&RequestFacts, &Located<'_>),
    named: &Named<'_>,
    examined: &mut Examined,
) {
    examined.of = Some((named.key.clone(), named.message.id));
    let account = named.standing.account;
    if examined.account.is_some_and(|own| own != account) {
        examined.reasons.push(ClearingReason::InvalidCardMode);
    }
    examined.account = Some(account);
    match named.standing.status {
        AuthorizationStatus::Dropped => examined.divergences.push(Divergence::AfterDrop),
        AuthorizationStatus::Canceled => examined.divergences.push(Divergence::AfterReversal),
        AuthorizationStatus::Pending
        | AuthorizationStatus::Processed
        | AuthorizationStatus::Declined => {}
    }
    let options = options(context, located, Some(account));
    let age_us = context.now.0.saturating_sub(named.message.time.0);
    let too_old = |days: u16| age_us > i64::from(days).saturating_mul(super::DAY_US);
    if options.deadline_days.is_some_and(too_old) {
        examined.reasons.push(ClearingReason::ConciliationDeadline);
    }
    let Some((billed_minor, presented_minor)) = amounts(context, facts, (request, located), named)
    else {
        return;
    };
    let in_force_minor = named.message.presented.in_force_minor;
    let after = in_force_minor.checked_add(presented_minor);
    let most = options.most(facts.mcc, authorized(named));
    if after.is_none_or(|after| most.is_none_or(|most| after > most)) {
        examined
            .reasons
            .push(ClearingReason::MccAmountExceedsAuthorization);
    }
    let other_code = located.code != named.standing.processing_code;
    if other_code {
        examined
            .reasons
            .push(ClearingReason::DifferentProcessingCode);
    }
    examined.cleared = if is_posted_online(named.standing) {
        confirm(facts, named, presented_minor)
    } else {
        let shares = clearing_shares::Shares {
            standing: named.standing,
            is_final: facts.is_final,
            presented_minor,
            billed_minor,
        };
        shares.cleared(context, facts, (named.key.clone(), named.message.id))
    };
    if other_code && !is_posted_online(named.standing) {
        under_own_code(context, facts, (request, located), examined);
    }
}

/// What is posted instead stands under the code of the clearing, as the rules say of it now.
fn under_own_code(
    context: Context<'_>,
    facts: &ClearingFacts,
    (request, located): (&RequestFacts, &Located<'_>),
    examined: &mut Examined,
) {
    let same_account = located.account.map(|account| account.id) == examined.account;
    let own = examined.cleared.take().filter(|_| same_account);
    let Some(own) = own.filter(|_| facts.amount_minor > 0) else {
        return;
    };
    by_itself(context, facts, (request, located), examined);
    if let Some(cleared) = &mut examined.cleared {
        (cleared.change, cleared.presented_minor) = (own.change, own.presented_minor);
        // It goes on counting as what was authorized.
        let counted = own
            .standing
            .and_then(|standing| standing.parts.into_iter().next());
        let part = cleared.standing.as_mut();
        if let Some(part) = part.and_then(|standing| standing.parts.first_mut()) {
            part.reservations = counted.map_or_else(Vec::new, |part| part.reservations);
        }
    }
}

/// Whether the authorization was posted by its own messages: a single message, or one that an advice cleared.
fn is_posted_online(standing: &Standing) -> bool {
    standing.status == AuthorizationStatus::Processed && standing.remaining_minor() > 0
}

/// What may be cleared in all, minor units of DE4's currency: what was undone may be presented again.
fn authorized(named: &Named<'_>) -> i64 {
    let presented = named.message.presented.most_minor();
    let left = named.standing.remaining_minor();
    match named.standing.status {
        AuthorizationStatus::Pending => presented.saturating_add(left),
        AuthorizationStatus::Processed => presented.max(left),
        AuthorizationStatus::Dropped => {
            let parts = named.standing.parts.iter();
            let approved = parts.map(|part| part.transaction_minor);
            approved.fold(0, i64::saturating_add).max(presented)
        }
        AuthorizationStatus::Canceled | AuthorizationStatus::Declined => presented,
    }
}

/// What is presented: in the account's currency, and in that of the authorization's DE4. `None` when it cannot be
/// told.
fn amounts(
    context: Context<'_>,
    facts: &ClearingFacts,
    (request, located): (&RequestFacts, &Located<'_>),
    named: &Named<'_>,
) -> Option<(i64, i64)> {
    if facts.amount_minor <= 0 {
        return Some((0, 0));
    }
    let account = context.state.account(named.standing.account)?;
    let entry = located.entry?;
    let billed = Amounts::of(context, request, account, entry, located.network);
    let billed = billed.ok().map(|amounts| amounts.contract_minor);
    let parts = &named.standing.parts;
    let sum = |of: fn(&crate::authorization::Part) -> i64| {
        parts.iter().map(of).try_fold(0_i64, i64::checked_add)
    };
    let approved = (
        sum(|part| part.amount_minor)?,
        sum(|part| part.transaction_minor)?,
    );
    let currency = match &named.message.content {
        Content::Message(fingerprint) => fingerprint.currency,
        Content::Operation(_) | Content::Clearing(_) => None,
    };
    if currency.unwrap_or(account.currency) == facts.currency {
        // Without a rate of its own it has that of the authorization.
        let billed = billed.or_else(|| prorate(approved.0, facts.amount_minor, approved.1));
        return Some((billed?, facts.amount_minor));
    }
    Some((billed?, prorate(approved.1, billed?, approved.0)?))
}

/// Confirms what was posted online, or sets it to what was presented in all.
fn confirm(facts: &ClearingFacts, named: &Named<'_>, presented_minor: i64) -> Option<Cleared> {
    let standing = named.standing;
    let presented = named.message.presented.in_force_minor;
    let in_all = presented.checked_add(presented_minor)?;
    let left_minor = standing.remaining_minor();
    let set = (facts.is_final || in_all > left_minor) && in_all > 0;
    let remaining = standing.distribute(if set { in_all } else { left_minor });
    let name = (named.key.clone(), named.message.id);
    let change = standing.change(name, &remaining, AuthorizationStatus::Processed)?;
    let postings: Vec<PlannedPosting> = standing.postings(&change);
    Some(Cleared {
        change: Some(change),
        presented_minor,
        standing: None,
        postings,
    })
}
