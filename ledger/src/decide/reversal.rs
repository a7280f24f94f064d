//! Deciding reversals.
//!
//! Owns: how an original is found and undone. A reversal is arithmetic on the deltas that its original
//! recorded, whatever the rules say now (DESIGN section 6). One that overtakes its original is
//! remembered and wins.

use rules::{Deltas, Reason};

use super::{Context, response_code};
use crate::authorization::{
    Answer, Posting, ReversalDecided, ReversalFacts, ReversalResult, TransactionPosted,
};
use crate::command::{Decided, Outcome};
use crate::entities::Account;
use crate::recent::{Effect, Recent, Remembered};
use crate::record::Record;

/// What a reversal comes to.
struct Verdict {
    result: ReversalResult,
    divergent: bool,
    deltas: Deltas,
    remaining_minor: i64,
    postings: Vec<Posting>,
}

impl Verdict {
    /// Nothing moves, and what remained of the original still does.
    fn without_effect(result: ReversalResult, remaining_minor: i64) -> Self {
        Self {
            result,
            divergent: false,
            deltas: Deltas::NONE,
            remaining_minor,
            postings: Vec::new(),
        }
    }
}

pub(super) fn decide(context: Context<'_>, facts: ReversalFacts) -> (Vec<Record>, Outcome) {
    match context.state.recent(&facts.key) {
        Some(Recent::Message(earlier)) if earlier.fingerprint == facts.fingerprint => {
            return earlier.again();
        }
        Some(Recent::Message(_)) => {
            let verdict = Verdict::without_effect(ReversalResult::MatchConflict, 0);
            return conclude(context, facts, None, verdict);
        }
        Some(Recent::ReversedBeforeArrival(_)) | None => {}
    }
    match context.state.recent(&facts.original) {
        Some(Recent::Message(original)) => {
            let verdict = undo(context, &facts, original);
            conclude(context, facts, Some(original), verdict)
        }
        Some(Recent::ReversedBeforeArrival(_)) | None => {
            let verdict = Verdict::without_effect(ReversalResult::UnknownOriginal, 0);
            conclude(context, facts, None, verdict)
        }
    }
}

/// Undoes a known original, as far as anything is left to undo and the amounts agree.
fn undo(context: Context<'_>, facts: &ReversalFacts, original: &Remembered) -> Verdict {
    let Some(effect) = original
        .effect
        .as_deref()
        .filter(|effect| effect.remaining_minor > 0)
    else {
        return Verdict::without_effect(ReversalResult::NoEffect, 0);
    };
    let asked = facts.fingerprint;
    let authorized = original.fingerprint;
    let replacement = facts.replacement_minor.filter(|amount| *amount > 0);
    let differs = (asked.amount_minor > 0 && asked.amount_minor != authorized.amount_minor)
        || asked
            .currency
            .is_some_and(|currency| Some(currency) != authorized.currency);
    let impossible = replacement.is_some_and(|amount| amount > authorized.amount_minor);
    let divergent = impossible || (differs && replacement.is_none());
    if impossible || (divergent && !facts.advice) {
        // A refusal is no divergence: only what was accepted is listed as one.
        let divergent = divergent && facts.advice;
        let remaining = effect.remaining_minor;
        let refused = Verdict::without_effect(ReversalResult::AmountMismatch, remaining);
        return Verdict {
            divergent,
            ..refused
        };
    }
    // DE95 is in DE4's currency; what remains of the billed amount is its share, half up.
    let remaining_minor = replacement.map_or(Some(0), |amount| {
        prorate(effect.amount_minor, amount, authorized.amount_minor)
    });
    let undone = remaining_minor
        .filter(|remaining| *remaining < effect.remaining_minor)
        .and_then(|remaining| Some((remaining, change(effect, remaining)?)));
    match undone {
        Some((remaining_minor, deltas)) if fits(context, effect, &deltas) => Verdict {
            result: ReversalResult::Reversed,
            divergent,
            deltas,
            remaining_minor,
            postings: compensations(effect, remaining_minor),
        },
        Some(_) | None => {
            let idle = Verdict::without_effect(ReversalResult::NoEffect, effect.remaining_minor);
            Verdict { divergent, ..idle }
        }
    }
}

/// What each limit must move by, so that only `remaining_minor` stays authorized.
fn change(effect: &Effect, remaining_minor: i64) -> Option<Deltas> {
    let mut deltas = Deltas::NONE;
    for (limit, delta) in effect.deltas.iter() {
        let held = prorate(delta, effect.remaining_minor, effect.amount_minor)?;
        let kept = prorate(delta, remaining_minor, effect.amount_minor)?;
        if !deltas.set(limit, kept.checked_sub(held)?) {
            return None;
        }
    }
    Some(deltas)
}

/// Whether the limits of the account can take the deltas.
fn fits(context: Context<'_>, effect: &Effect, deltas: &Deltas) -> bool {
    let account = context.state.account(effect.account);
    account.is_some_and(|account| account.limits.checked_apply(deltas).is_some())
}

/// The compensating transactions of what is undone; the last one takes the remainder, because each is
/// the difference of two shares of the same whole.
fn compensations(effect: &Effect, remaining_minor: i64) -> Vec<Posting> {
    let part = |posting: &Posting| {
        let held = prorate(
            posting.amount_minor,
            effect.remaining_minor,
            effect.amount_minor,
        )?;
        let kept = prorate(posting.amount_minor, remaining_minor, effect.amount_minor)?;
        Some(Posting {
            amount_minor: held.checked_sub(kept)?,
            ..*posting
        })
    };
    effect.compensations.iter().filter_map(part).collect()
}

/// `value` times `part` over `whole`, rounded half away from zero.
fn prorate(value: i64, part: i64, whole: i64) -> Option<i64> {
    let product = i128::from(value).checked_mul(i128::from(part))?;
    let half = i128::from(whole)
        .checked_div(2)?
        .checked_mul(product.signum())?;
    i64::try_from(product.checked_add(half)?.checked_div(i128::from(whole))?).ok()
}

fn conclude(
    context: Context<'_>,
    facts: ReversalFacts,
    original: Option<&Remembered>,
    verdict: Verdict,
) -> (Vec<Record>, Outcome) {
    let effect = original.and_then(|original| original.effect.as_deref());
    let account: Option<&Account> = effect.and_then(|effect| context.state.account(effect.account));
    let mut decided = ReversalDecided {
        facts,
        original: original.map(|original| original.id),
        account: account.map(|account| account.id),
        previous: account.and_then(|account| account.latest),
        result: verdict.result,
        divergent: verdict.divergent,
        deltas: verdict.deltas,
        remaining_minor: verdict.remaining_minor,
        cleared: effect.is_some_and(|effect| effect.cleared),
        postings: verdict.postings,
        rules: context.rules.version(),
        answer: Answer {
            response_code: rules::ResponseCode::APPROVED,
            approval_code: None,
            balances: None,
        },
    };
    let reason: Option<Reason> = decided.reason();
    decided.answer.response_code = response_code(context.rules, decided.facts.key.network, reason);
    let (id, answer) = (context.id, decided.answer);
    let transactions: Vec<_> = effect
        .zip(account)
        .zip(decided.original)
        .into_iter()
        .flat_map(|((effect, account), original)| {
            decided.postings.iter().map(move |posting| {
                Record::TransactionPosted(TransactionPosted {
                    account: account.id,
                    authorization: original,
                    reversal: Some(id),
                    processing_code: effect.processing_code,
                    currency: account.currency,
                    posting: *posting,
                })
            })
        })
        .collect();
    let mut records = vec![Record::ReversalDecided(Box::new(decided))];
    records.extend(transactions);
    (
        records,
        Outcome::Decided(Decided {
            id,
            answer,
            reason,
            repeat: false,
        }),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_round_half_away_from_zero_and_their_differences_sum_to_the_whole() {
        for (value, part, whole, expected) in [
            (100, 50, 100, 50),
            (-100, 50, 100, -50),
            (-101, 50, 100, -51),
            (101, 50, 100, 51),
            (-10, 1, 3, -3),
            (-10, 2, 3, -7),
            (0, 5, 7, 0),
        ] {
            assert_eq!(
                prorate(value, part, whole),
                Some(expected),
                "{value} * {part} / {whole}"
            );
        }
        assert_eq!(prorate(1, 1, 0), None);
        let steps = [1000, 667, 333, 1, 0];
        let undone: i64 = steps
            .windows(2)
            .map(|pair| {
                prorate(-997, pair[0], 1000).unwrap() - prorate(-997, pair[1], 1000).unwrap()
            })
            .sum();
        assert_eq!(undone, -997);
    }
}
