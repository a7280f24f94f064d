//! Checks of money: what was approved, what was undone, and what is left.
//!
//! Owns: the records of authorizations against each other, the answers and the limits. Must never: evaluate a
//! rule.

use std::collections::BTreeSet;

use codec::Element;
use ledger::authorization::{AccountMove, MatchKey, ReversalResult};
use ledger::command::Outcome;
use ledger::identifiers::RecordId;
use ledger::record::Record;
use rules::{AccountId, Deltas, LimitName, Limits};

use super::super::accounts::OPENINGS;
use super::super::peers::{Heard, Request};
use super::answered::is_plain;
use super::lives::{Life, moved};
use super::{Checker, Evidence, Verdict, Violation};
use crate::history::share;

const AVAILABLE: LimitName = LimitName::AvailableCreditLimit;

fn failed(checker: Checker, what: String) -> Verdict {
    Err(Violation::new(checker, what))
}

/// Whether a key is that of a request.
pub fn is_named(key: &MatchKey, request: &Request) -> bool {
    let number = |element| request.text(element).unwrap_or("0").parse::<u64>();
    key.network == request.scheme().network()
        && Ok(u64::from(key.stan)) == number(Element::STAN)
        && Ok(key.transmission) == number(Element::TRANSMISSION_DATE_TIME)
        && Ok(key.acquirer) == number(Element::ACQUIRING_INSTITUTION)
}

/// Lives of the authorizations that a request makes, in the order of the journal.
pub fn lives_of<'a>(evidence: &'a Evidence<'_>, request: &'a Request) -> Vec<&'a Life<'a>> {
    let named = |life: &&Life<'_>| is_named(&life.decided.facts.key, request);
    evidence.lives.iter().filter(named).collect()
}

/// Requests that may make an authorization, with what was approved of each and its answer.
fn requests<'a>(
    evidence: &'a Evidence<'_>,
) -> impl Iterator<Item = (&'a Request, i64, Option<&'a Heard>)> {
    evidence.host.purchases.iter().flat_map(|purchase| {
        let own = (
            &purchase.request,
            purchase.amount_minor,
            purchase.answer.as_ref(),
        );
        let anew = purchase.answer_anew.as_ref();
        let anew = anew.map(|answer| (&purchase.request, purchase.amount_minor, Some(answer)));
        let follows = purchase.follows.iter();
        let follows =
            follows.map(|follow| (&follow.request, follow.amount_minor, follow.answer.as_ref()));
        std::iter::once(own).chain(anew).chain(follows)
    })
}

/// Every approval that was answered is in the journal under its code, with its amount; and so is every outcome that the
/// issuer was told.
pub fn no_lost_ack(evidence: &Evidence<'_>) -> Verdict {
    for (request, amount_minor, answer) in requests(evidence) {
        let Some(code) = answer.and_then(|a| a.approval.as_deref()) else {
            continue;
        };
        let is_it = |life: &&Life<'_>| {
            let known = life.decided.answer.approval_code;
            known.is_some_and(|known| known.as_str() == code)
                && life.approval.amount_minor == amount_minor
        };
        if !lives_of(evidence, request).iter().any(is_it) {
            let what = format!("approval {code} of {request:?} is not there");
            return failed(Checker::NoLostAck, what);
        }
    }
    let places: BTreeSet<RecordId> = evidence
        .records
        .iter()
        .map(|recorded| recorded.id)
        .collect();
    for work in &evidence.office.works {
        let told = match &work.outcome {
            Some(Outcome::Done(done)) => Some(done.id),
            Some(Outcome::Cleared(cleared)) => Some(cleared.id),
            _ => None,
        };
        if told.is_some_and(|id| !places.contains(&id)) {
            let what = format!(
                "{:?} became {:?}, which is not there",
                work.what, work.outcome
            );
            return failed(Checker::NoLostAck, what);
        }
    }
    Ok(())
}

/// No operation was approved or carried out twice while the books knew it, and nothing that nobody asked for was.
pub fn no_double_debit(evidence: &Evidence<'_>) -> Verdict {
    let mut explained = BTreeSet::new();
    for (request, ..) in requests(evidence) {
        let lives = lives_of(evidence, request);
        explained.extend(lives.iter().map(|life| life.id));
        let again = |pair: &[&Life<'_>]| !evidence.is_purged(pair[0].id, pair[1].id);
        if lives.windows(2).any(again) {
            let ids: Vec<_> = lives.iter().map(|life| life.id).collect();
            let what = format!("{request:?} was approved as {ids:?}");
            return failed(Checker::NoDoubleDebit, what);
        }
    }
    if explained.len() != evidence.lives.len() {
        let asked_for = explained.len();
        let what = format!("{} approvals, {asked_for} asked for", evidence.lives.len());
        return failed(Checker::NoDoubleDebit, what);
    }
    let (mut tracked, mut cleared) = (BTreeSet::new(), BTreeSet::new());
    for recorded in evidence.records {
        let first = match &recorded.record {
            // The steps of a transfer have names of their own.
            Record::OperationDone(done) => tracked.insert(done.request.key()),
            Record::ClearingDecided(decided) => cleared.insert(&decided.facts.key),
            _ => true,
        };
        if !first {
            let what = format!("{} was carried out before", recorded.id);
            return failed(Checker::NoDoubleDebit, what);
        }
    }
    Ok(())
}

/// What an approval took is given back step by step, never more than once, and counts as pending as long
/// as it is neither cleared nor given back.
pub fn hold_resolved_once(evidence: &Evidence<'_>) -> Verdict {
    for life in evidence.lives.iter().filter(|life| life.is_plain) {
        let mut remaining = life.approval.amount_minor;
        for reversal in &life.reversals {
            if reversal.result != ReversalResult::Reversed {
                continue;
            }
            if reversal.remaining_minor >= remaining || reversal.remaining_minor < 0 {
                let after = reversal.remaining_minor;
                let what = format!("{}: {remaining} left, then {after}", life.id);
                return failed(Checker::HoldResolvedOnce, what);
            }
            remaining = reversal.remaining_minor;
        }
    }
    for (place, account) in evidence.accounts.iter().enumerate() {
        if !is_plain(evidence, place) {
            continue;
        }
        let held = evidence
            .lives
            .iter()
            .filter(|life| life.decided.account == Some(account.id) && !life.is_cleared());
        let pending: i64 = held.map(|life| life.left_minor(AVAILABLE)).sum();
        let shown = account.pending.get(AVAILABLE);
        if pending != shown {
            let what = format!("account {}: {pending} is held, {shown} shown", account.id);
            return failed(Checker::HoldResolvedOnce, what);
        }
    }
    Ok(())
}

/// What is left of every limit's move is the share of what is left of the amount.
pub fn reversal_restores_exactly(evidence: &Evidence<'_>) -> Verdict {
    for life in evidence.lives.iter().filter(|life| life.is_plain) {
        let undone = life
            .reversals
            .iter()
            .rfind(|r| r.result == ReversalResult::Reversed);
        let whole = life.approval.amount_minor;
        let remaining = undone.map_or(whole, |reversal| reversal.remaining_minor);
        for limit in LimitName::ALL {
            // Every rule of this world moves a limit by the whole amount or not at all; but the cash that goes with
            // a purchase goes by rules of its own: it takes from the cash limit, and only the goods are held.
            let cash = life.decided.facts.cashback_minor.unwrap_or(0);
            let of_limit = match limit {
                LimitName::AvailableWithdrawalCredit if cash > 0 => cash,
                LimitName::HeldFunds => whole - cash,
                _ => whole,
            };
            let expected =
                moved(&life.decided.moves, limit).signum() * share(of_limit, remaining, whole);
            let left = life.left_minor(limit);
            if left != expected {
                let what = format!(
                    "{}: {limit:?} has {left} left of it, not {expected}",
                    life.id
                );
                return failed(Checker::ReversalRestoresExactly, what);
            }
        }
    }
    Ok(())
}

/// No debit took a limit below what its account allows.
pub fn available_never_below_floor(evidence: &Evidence<'_>) -> Verdict {
    for life in &evidence.lives {
        let Some(before) = life.decided.limits_before else {
            continue;
        };
        // What the network approved is taken whatever the limits say.
        if life.decided.facts.advice.is_some() {
            continue;
        }
        for limit in LimitName::ALL {
            let delta = moved(&life.decided.moves, limit);
            let after = before.get(limit) + delta;
            let floor = match limit {
                AVAILABLE => -before.available_savings_account_limit - before.total_overdraft_limit,
                _ => 0,
            };
            if delta < 0 && after < floor {
                let what = format!("{}: {limit:?} at {after}, floor {floor}", life.id);
                return failed(Checker::AvailableNeverBelowFloor, what);
            }
        }
    }
    Ok(())
}

/// Limits are what they were opened with plus what their records moved; nothing comes from nowhere; and what is posted of
/// an authorization is what was cleared of it and not undone.
pub fn conservation(evidence: &Evidence<'_>) -> Verdict {
    let mut whole = 0;
    for (account, opening) in evidence.accounts.iter().zip(&OPENINGS) {
        let (moved, limits) = (moves(evidence, account.id, None), account.limits);
        whole += moved.get(AVAILABLE);
        if opening.limits.checked_apply(&moved) != Some(limits) {
            let what = format!("account {}: {limits:?} after {moved:?}", account.id);
            return failed(Checker::Conservation, what);
        }
    }
    let of = |limits: &Limits| limits.available_credit_limit;
    let opened: i64 = OPENINGS.iter().map(|opening| of(&opening.limits)).sum();
    let now: i64 = evidence.accounts.iter().map(|a| of(&a.limits)).sum();
    if now - opened != whole {
        let what = format!("{now} after {opened} and moves of {whole}");
        return failed(Checker::Conservation, what);
    }
    transactions_balance(evidence)
}

/// What a record does to accounts.
fn moves_of(record: &Record) -> &[AccountMove] {
    match record {
        Record::AuthorizationDecided(decided) => &decided.moves,
        Record::ReversalDecided(decided) => &decided.moves,
        Record::HoldDropped(dropped) => &dropped.moves,
        Record::OperationDone(done) => &done.moves,
        Record::ClearingDecided(decided) => &decided.moves,
        Record::CustomerCreated(_)
        | Record::AccountOpened(_)
        | Record::CardIssued(_)
        | Record::ResponseAcknowledged(_)
        | Record::FileActionDecided(_)
        | Record::HistoryPurged(_)
        | Record::TransactionPosted(_) => &[],
    }
}

/// The sum of what the records moved on an account, of those behind one where it is given.
pub fn moves(evidence: &Evidence<'_>, account: AccountId, after: Option<RecordId>) -> Deltas {
    let mut sum = Deltas::NONE;
    let all = evidence.records.iter();
    let all = all.filter(|recorded| Some(recorded.id) > after);
    let all = all.flat_map(|recorded| moves_of(&recorded.record));
    for moved in all.filter(|moved| moved.account == account) {
        for limit in LimitName::ALL {
            sum.set(limit, sum.get(limit) + moved.deltas.get(limit));
        }
    }
    sum
}

fn transactions_balance(evidence: &Evidence<'_>) -> Verdict {
    for life in evidence.lives.iter().filter(|life| life.is_plain) {
        let signed =
            |amount_minor: i64, credit: bool| if credit { amount_minor } else { -amount_minor };
        let postings = life.postings.iter().map(|posted| &posted.posting);
        let posted: i64 = postings.map(|p| signed(p.amount_minor, p.credit)).sum();
        let expected = match life.is_cleared() {
            true => life.left_minor(AVAILABLE),
            false => 0,
        };
        if posted != expected {
            let what = format!("{}: {posted} posted, {expected} moved", life.id);
            return failed(Checker::Conservation, what);
        }
    }
    let own = |record: &Record| {
        matches!(
            record,
            Record::OperationDone(_) | Record::ClearingDecided(_)
        )
    };
    let records = evidence
        .records
        .iter()
        .filter(|recorded| own(&recorded.record));
    let lives = evidence.lives.iter().map(|life| life.id);
    let known: BTreeSet<RecordId> = lives.chain(records.map(|recorded| recorded.id)).collect();
    for recorded in evidence.records {
        if let Record::TransactionPosted(posted) = &recorded.record
            && !known.contains(&posted.authorization)
        {
            let what = format!("{} posts for nothing", recorded.id);
            return failed(Checker::Conservation, what);
        }
    }
    Ok(())
}
