//! Deciding advices: what the network decided already and tells.
//!
//! Owns: DESIGN section 6 and reference authorization-guides 3.7 for x12x and x22x. An advice that the
//! network declined changes no books. One that belongs to an authorization that is open replaces its
//! amount, and clears it when it is a financial one; so does one that comes after the authorization was
//! dropped or reversed. A refund of it does not. Any other approved one is forced as an authorization of
//! its own, whatever the limits and the flex controls say, which count it. Must never: refuse
//! what the network approved as long as there is an
//! account to book it on.

use rules::Reason;

use super::amounts::Amounts;
use super::authorization::{approval, approve};
use super::conclusion::{Conclusion, conclude};
use super::controls::Controlled;
use super::evaluation::Asked;
use super::locate::Located;
use super::purchase_refund::{Refunded, moves_against};
use super::{Context, Target, purchase_refund};
use crate::authorization::{
    Approval, AuthorizationStatus, Clearing, Decision, Divergence, Relation, RequestFacts, Standing,
};
use crate::command::Outcome;
use crate::recent::Recent;
use crate::record::Record;

pub(super) fn decide(
    context: Context<'_>,
    facts: RequestFacts,
    located: &Located<'_>,
) -> (Vec<Record>, Outcome) {
    let approved = facts.advice.is_some_and(|advice| advice.approved);
    let conclusion = if approved {
        accept(context, &facts, located)
    } else {
        declined(context, &facts, located)
    };
    conclude(context, facts, located, conclusion)
}

/// The network declined. What the switch would have done is recorded.
fn declined(context: Context<'_>, facts: &RequestFacts, located: &Located<'_>) -> Conclusion {
    let mut conclusion = Conclusion::declined(Reason::DeclinedByNetwork);
    if approve(context, facts, located).is_ok() {
        conclusion.divergences.push(Divergence::NetworkDeclined);
    }
    conclusion
}

/// The network approved.
fn accept(context: Context<'_>, facts: &RequestFacts, located: &Located<'_>) -> Conclusion {
    let mut divergences = Vec::new();
    let mut original = None;
    let mut relation = Relation::Alone;
    let found = context.find(facts.relations());
    let target = found.and_then(|(key, recent)| match recent {
        Recent::Message(message) => context.target(key, message),
        Recent::ReversedBeforeArrival(_) => None,
    });
    if let Some(target) = target {
        original = Some(target.message.id);
        match complete(context, facts, located, &target) {
            Ok(conclusion) => return conclusion,
            Err(own) => {
                divergences.extend(own.divergence);
                relation = own.relation;
            }
        }
    } else if facts.relations().next().is_some() {
        divergences.push(Divergence::UnknownOriginal);
    }
    let (decision, own) = match force(context, facts, located) {
        Err(reason) => (Decision::Declined(reason), None),
        Ok(approval) => {
            let own = approve(context, facts, located);
            (Decision::Approved(Box::new(approval)), own.err())
        }
    };
    let own = own.map(|declined| {
        divergences.push(Divergence::OwnDecision(declined.reason));
        declined.denial
    });
    let mut conclusion = Conclusion {
        original,
        divergences,
        denial: own.flatten(),
        ..Conclusion::of(decision)
    };
    conclusion.relate(relation);
    conclusion
}

/// Replaces the amount of an authorization, and clears it when the advice is financial. What belongs to one
/// and does not complete it is an authorization of its own: a refund of a purchase is no clearing of it.
fn complete(
    context: Context<'_>,
    facts: &RequestFacts,
    located: &Located<'_>,
    target: &Target<'_>,
) -> Result<Conclusion, Refunded> {
    let standing = target.message.standing.as_ref();
    let standing = standing.ok_or(Divergence::UnknownOriginal)?;
    if !moves_against(context, located, standing) {
        return Ok(completion(facts, target, standing)?);
    }
    if located.direction() != rules::BalanceImpact::Credit {
        return Err(Divergence::UnknownOriginal.into());
    }
    Err(purchase_refund::of(
        context,
        facts,
        located,
        (target, standing),
    ))
}

fn completion(
    facts: &RequestFacts,
    target: &Target<'_>,
    standing: &Standing,
) -> Result<Conclusion, Divergence> {
    let mut divergences = Vec::new();
    match standing.status {
        AuthorizationStatus::Pending => {}
        AuthorizationStatus::Dropped => divergences.push(Divergence::AfterDrop),
        AuthorizationStatus::Canceled => divergences.push(Divergence::AfterReversal),
        AuthorizationStatus::Processed | AuthorizationStatus::Declined => {
            return Err(Divergence::AlreadyProcessed);
        }
    }
    let amount_minor = facts.fingerprint.amount_minor;
    let status = match facts.clearing {
        Clearing::Online => AuthorizationStatus::Processed,
        Clearing::Offline => AuthorizationStatus::Pending,
    };
    if amount_minor <= 0 {
        return Err(Divergence::Amount);
    }
    let name = (target.key.clone(), target.message.id);
    let remaining = standing.distribute(amount_minor);
    let change = standing.change(name, &remaining, status);
    let change = change.ok_or(Divergence::Amount)?;
    // A sum that leaves its range is noticed here, before anything rests on it.
    change.moves().ok_or(Divergence::Amount)?;
    let pending = standing.pending(&change).ok_or(Divergence::Amount)?;
    if amount_minor != standing.remaining_minor() && divergences.is_empty() {
        divergences.push(Divergence::Amount);
    }
    let postings = standing.postings(&change);
    Ok(Conclusion {
        original: Some(target.message.id),
        divergences,
        completion: Some((pending, postings)),
        ..Conclusion::of(Decision::Completed(Box::new(change)))
    })
}

/// Books it although the limits may not cover it. Fails only where there is nothing to book it on.
pub(super) fn force(
    context: Context<'_>,
    facts: &RequestFacts,
    located: &Located<'_>,
) -> Result<Approval, Reason> {
    located.card.ok_or(Reason::UnknownCard)?;
    let account = located.account.ok_or(Reason::CardModeUnavailable)?;
    let entry = located.entry.ok_or(Reason::UnknownProcessingCode)?;
    let money = entry.balance_impact != rules::BalanceImpact::None;
    let amounts = money.then(|| Amounts::of(context, facts, account, entry, located.network));
    let amounts = amounts.transpose()?;
    let controlled = Controlled::of(context, facts, located, amounts);
    let reservations = controlled.map_or_else(Vec::new, |controlled| controlled.count());
    let Some(amounts) = amounts else {
        return Ok(Approval {
            reservations,
            ..Approval::without_effect()
        });
    };
    let asked = Asked::by_network(facts, account, entry).forced();
    let planned = asked.plan_forced(context, amounts)?;
    Ok(Approval {
        reservations,
        ..approval(context, facts, located, amounts, planned)?
    })
}
