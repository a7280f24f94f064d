//! Deciding reversals.
//!
//! Owns: how what a reversal names is found and undone. A reversal is arithmetic on the deltas that its
//! original recorded, whatever the rules say now (DESIGN section 6). One that overtakes its original is
//! remembered and wins. A reversal of a reversal puts back what that one undid. Must never: undo twice.

use rules::Reason;

use super::{Context, Target, response_code};
use crate::authorization::{
    Answer, AuthorizationStatus, Change, Divergence, MessageKey, Moves, Part, PlannedPosting,
    ReversalDecided, ReversalFacts, ReversalResult, Standing,
};
use crate::command::{Decided, Outcome};
use crate::identifiers::RecordId;
use crate::recent::{Content, Link, Recent, Remembered};
use crate::record::Record;

/// What a reversal comes to.
struct Verdict {
    result: ReversalResult,
    /// The message that it names.
    original: Option<RecordId>,
    /// The authorization behind that.
    authorization: Option<(RecordId, Standing)>,
    change: Option<Change>,
    divergences: Vec<Divergence>,
}

impl Verdict {
    fn of(result: ReversalResult) -> Self {
        Self {
            result,
            original: None,
            authorization: None,
            change: None,
            divergences: Vec::new(),
        }
    }
}

pub(super) fn decide(context: Context<'_>, facts: ReversalFacts) -> (Vec<Record>, Outcome) {
    match context.state.recent(&facts.key.into()) {
        Some(Recent::Message(earlier))
            if earlier.content == Content::Message(facts.fingerprint) =>
        {
            return earlier.again();
        }
        Some(Recent::Message(_)) => {
            return conclude(context, facts, Verdict::of(ReversalResult::MatchConflict));
        }
        Some(Recent::ReversedBeforeArrival(_)) | None => {}
    }
    let verdict = match context.find(facts.relations()) {
        Some((key, Recent::Message(message))) => {
            let verdict = of_known(context, &facts, key, message);
            Verdict {
                original: Some(message.id),
                ..verdict
            }
        }
        Some((_, Recent::ReversedBeforeArrival(_))) | None => {
            Verdict::of(ReversalResult::UnknownOriginal)
        }
    };
    conclude(context, facts, verdict)
}

/// Undoes a message that is known.
fn of_known(
    context: Context<'_>,
    facts: &ReversalFacts,
    key: MessageKey,
    message: &Remembered,
) -> Verdict {
    if let Some(Link::Reversal(undone)) = &message.link {
        return restore(context, message, undone.as_deref());
    }
    let Some(target) = context.target(key, message) else {
        return Verdict::of(ReversalResult::NoEffect);
    };
    let Some(standing) = &target.message.standing else {
        return Verdict::of(ReversalResult::NoEffect);
    };
    let verdict = undo(facts, message, &target, standing);
    Verdict {
        authorization: Some((target.message.id, standing.clone())),
        ..verdict
    }
}

/// Undoes an authorization, as far as anything is left to undo and the amounts agree.
fn undo(
    facts: &ReversalFacts,
    named: &Remembered,
    target: &Target<'_>,
    standing: &Standing,
) -> Verdict {
    if standing.remaining_minor() <= 0 {
        return Verdict::of(ReversalResult::NoEffect);
    }
    let Content::Message(authorized) = named.content else {
        return Verdict::of(ReversalResult::NoEffect);
    };
    let asked = facts.fingerprint;
    let replacement = facts.replacement_minor.filter(|amount| *amount > 0);
    // A reversal may name what was authorized or what remains of it.
    let other_amount = asked.amount_minor > 0
        && asked.amount_minor != authorized.amount_minor
        && asked.amount_minor != standing.remaining_minor();
    let other_currency = asked
        .currency
        .is_some_and(|currency| Some(currency) != authorized.currency);
    // A clearing for more than was approved can be reduced to anything below that.
    let approved: i64 = match target.increment {
        Some(_) => authorized.amount_minor,
        None => approved_minor(standing).max(standing.remaining_minor()),
    };
    let impossible =
        replacement.is_some_and(|amount| amount > approved.max(authorized.amount_minor));
    let differs = other_amount || other_currency;
    let divergent = impossible || (differs && replacement.is_none());
    if impossible || (divergent && !facts.advice) {
        // A refusal is no divergence: only what was accepted is listed as one.
        let mut refused = Verdict::of(ReversalResult::AmountMismatch);
        refused
            .divergences
            .extend(facts.advice.then_some(Divergence::Amount));
        return refused;
    }
    let mut verdict = match reduce(target, standing, replacement.unwrap_or(0)) {
        Some(change) => Verdict {
            change: Some(change),
            ..Verdict::of(ReversalResult::Reversed)
        },
        None => Verdict::of(ReversalResult::NoEffect),
    };
    verdict
        .divergences
        .extend(divergent.then_some(Divergence::Amount));
    verdict
}

/// What was approved in all, minor units of DE4's currency.
fn approved_minor(standing: &Standing) -> i64 {
    let approved = standing.parts.iter().map(|part| part.transaction_minor);
    approved.fold(0, i64::saturating_add)
}

/// The change that leaves so much of what was named: of the whole authorization, or of one increment.
/// `None` when that much or less is left already.
fn reduce(target: &Target<'_>, standing: &Standing, left_minor: i64) -> Option<Change> {
    let remaining = match target.increment {
        None if left_minor >= standing.remaining_minor() => return None,
        None => standing.distribute(left_minor),
        Some(record) => {
            let left = |part: &Part| {
                if part.record == record {
                    left_minor.min(part.remaining_minor)
                } else {
                    part.remaining_minor
                }
            };
            standing.parts.iter().map(left).collect()
        }
    };
    let total = remaining.iter().copied().fold(0, i64::saturating_add);
    if total >= standing.remaining_minor() {
        return None;
    }
    let status = if total == 0 {
        AuthorizationStatus::Canceled
    } else {
        standing.status
    };
    standing.change((target.key.clone(), target.message.id), &remaining, status)
}

/// Puts back what a reversal undid, if the authorization has not changed since.
fn restore(context: Context<'_>, reversal: &Remembered, undone: Option<&Change>) -> Verdict {
    let Some(undone) = undone else {
        return Verdict::of(ReversalResult::NoEffect);
    };
    let undone_of = context.state.message(&undone.key, undone.authorization);
    let Some(authorization) = undone_of else {
        return Verdict::of(ReversalResult::NoEffect);
    };
    let Some(standing) = &authorization.standing else {
        return Verdict::of(ReversalResult::NoEffect);
    };
    let known = Some((authorization.id, standing.clone()));
    if standing.reflects != reversal.id {
        return Verdict {
            authorization: known,
            divergences: vec![Divergence::ChangedSince],
            ..Verdict::of(ReversalResult::NoEffect)
        };
    }
    match undone.taken_back() {
        Some(change) => Verdict {
            authorization: known,
            change: Some(change),
            ..Verdict::of(ReversalResult::Restored)
        },
        None => Verdict::of(ReversalResult::NoEffect),
    }
}

/// What a verdict moves and posts, if the limits can take it.
#[derive(Default)]
struct Effect {
    moves: Vec<crate::authorization::AccountMove>,
    postings: Vec<PlannedPosting>,
}

fn effect(context: Context<'_>, verdict: &Verdict) -> Option<Effect> {
    let listed = verdict
        .authorization
        .as_ref()
        .map(|(_, standing)| standing.account);
    let (Some(change), Some((_, standing))) = (&verdict.change, &verdict.authorization) else {
        let nothing = Moves::default();
        return Some(Effect {
            moves: context.account_moves(listed, &nothing, &nothing)?,
            postings: Vec::new(),
        });
    };
    let (moves, pending) = (change.moves()?, standing.pending(change)?);
    Some(Effect {
        moves: context.account_moves(listed, &moves, &pending)?,
        postings: standing.postings(change),
    })
}

fn conclude(
    context: Context<'_>,
    facts: ReversalFacts,
    mut verdict: Verdict,
) -> (Vec<Record>, Outcome) {
    let effect = match effect(context, &verdict) {
        Some(effect) => effect,
        None => {
            // The limits cannot take it: nothing is undone.
            (verdict.result, verdict.change) = (ReversalResult::NoEffect, None);
            effect(context, &verdict).unwrap_or_default()
        }
    };
    let code = processing_code(context, &verdict);
    let (authorization, standing) = verdict.authorization.unzip();
    let remaining_minor = standing.as_ref().map_or(0, |standing| {
        let mut after = standing.clone();
        if let Some(change) = &verdict.change {
            // What cannot be taken was refused above.
            let _taken = after.take(context.id, change);
        }
        after.remaining_of_amount_minor()
    });
    let mut decided = ReversalDecided {
        facts,
        original: verdict.original,
        account: standing.map(|standing| standing.account),
        processing_code: code,
        result: verdict.result,
        change: verdict.change.map(Box::new),
        remaining_minor,
        moves: effect.moves,
        divergences: verdict.divergences,
        rules: context.rules.version(),
        answer: Answer::code(rules::ResponseCode::APPROVED),
    };
    let reason: Option<Reason> = decided.reason();
    decided.answer.response_code = response_code(context.rules, decided.facts.key.network, reason);
    let outcome = Outcome::Decided(Decided {
        id: context.id,
        answer: decided.answer,
        reason,
        repeat: false,
        business_date: decided.facts.business_date,
    });
    let mut records = vec![Record::ReversalDecided(Box::new(decided))];
    if let Some(authorization) = authorization {
        let postings = under(&effect.postings, code);
        records.extend(context.transactions(&postings, authorization));
    }
    (records, outcome)
}

/// The code that undoes the authorization's: that of a partial reversal where something remains, else
/// that of the whole (reference authorization-guides 2.3).
fn processing_code(context: Context<'_>, verdict: &Verdict) -> Option<rules::ProcessingCode> {
    let (_, standing) = verdict.authorization.as_ref()?;
    let entry = context.rules.processing_code(standing.processing_code)?;
    let change = verdict.change.as_ref()?;
    match (verdict.result, change.status) {
        (ReversalResult::Restored, _) => Some(entry.code),
        (_, AuthorizationStatus::Canceled) => entry.reversal_processing_code,
        _ => entry
            .partial_reversal_processing_code
            .or(entry.reversal_processing_code),
    }
}

/// The postings under the code of the reversal, where they had that of a whole one.
fn under(postings: &[PlannedPosting], code: Option<rules::ProcessingCode>) -> Vec<PlannedPosting> {
    let Some(code) = code else {
        return postings.to_vec();
    };
    let first = postings.first().map(|planned| planned.account);
    let renamed = |planned: &PlannedPosting| PlannedPosting {
        // A counterpart keeps the code of its own.
        processing_code: if Some(planned.account) == first {
            code
        } else {
            planned.processing_code
        },
        ..planned.clone()
    };
    postings.iter().map(renamed).collect()
}
