//! Checks of money: what was approved, what was undone, and what is left.
//!
//! Owns: the naive account, kept from answers, against the records and the limits. Must never: evaluate a
//! rule.

use codec::Element;
use ledger::authorization::ReversalResult;
use ledger::record::Record;
use rules::{Deltas, LimitName, Limits};

use super::super::accounts::OPENINGS;
use super::super::peers::Purchase;
use super::lives::{Life, moved};
use super::{Checker, Evidence, Verdict, Violation};
use crate::history::share;

const AVAILABLE: LimitName = LimitName::AvailableCreditLimit;

fn failed(checker: Checker, what: String) -> Verdict {
    Err(Violation::new(checker, what))
}

/// Lives of the authorizations that an operation's messages name.
fn lives_of<'a>(evidence: &'a Evidence<'_>, purchase: &'a Purchase) -> Vec<&'a Life<'a>> {
    let number = |element| purchase.request.text(element).unwrap_or("0").parse::<u64>();
    let named = |life: &&Life<'_>| {
        let key = &life.decided.facts.key;
        key.network == purchase.scheme().network()
            && Ok(u64::from(key.stan)) == number(Element::STAN)
            && Ok(key.transmission) == number(Element::TRANSMISSION_DATE_TIME)
            && Ok(key.acquirer) == number(Element::ACQUIRING_INSTITUTION)
    };
    evidence.lives.iter().filter(named).collect()
}

/// Every approval that was answered is in the journal under its code, with its amount.
pub fn no_lost_ack(evidence: &Evidence<'_>) -> Verdict {
    for purchase in &evidence.host.purchases {
        let Some(code) = purchase.answer.as_ref().and_then(|a| a.approval.as_deref()) else {
            continue;
        };
        let is_it = |life: &&Life<'_>| {
            let known = life.decided.answer.approval_code;
            known.is_some_and(|known| known.as_str() == code)
                && life.approval.amount_minor == purchase.amount_minor
        };
        let found = lives_of(evidence, purchase);
        if !found.iter().any(is_it) {
            let what = format!("approval {code} of {:?} is not there", purchase.request);
            return failed(Checker::NoLostAck, what);
        }
    }
    Ok(())
}

/// No operation was approved twice, and nothing that nobody asked for was.
pub fn no_double_debit(evidence: &Evidence<'_>) -> Verdict {
    let mut explained = 0;
    for purchase in &evidence.host.purchases {
        let lives = lives_of(evidence, purchase);
        explained += lives.len();
        if lives.len() > 1 {
            let ids: Vec<_> = lives.iter().map(|life| life.id).collect();
            let what = format!("{:?} was approved as {ids:?}", purchase.request);
            return failed(Checker::NoDoubleDebit, what);
        }
    }
    if explained != evidence.lives.len() {
        let what = format!("{} approvals, {explained} asked for", evidence.lives.len());
        return failed(Checker::NoDoubleDebit, what);
    }
    Ok(())
}

/// What an approval took is given back step by step, never more than once, and counts as pending as long
/// as it is neither cleared nor given back.
pub fn hold_resolved_once(evidence: &Evidence<'_>) -> Verdict {
    for life in &evidence.lives {
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
    for account in &evidence.accounts {
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
    for life in &evidence.lives {
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

/// Limits are what they were opened with plus what their records moved; the available limit is also what the
/// host holds; and what is posted is what was cleared and not undone.
pub fn conservation(evidence: &Evidence<'_>) -> Verdict {
    let mut whole = 0;
    for (place, (account, opening)) in evidence.accounts.iter().zip(&OPENINGS).enumerate() {
        let (moved, limits) = (moves(evidence, place), account.limits);
        whole += moved.get(AVAILABLE);
        if opening.limits.checked_apply(&moved) != Some(limits) {
            let what = format!("account {}: {limits:?} after {moved:?}", account.id);
            return failed(Checker::Conservation, what);
        }
        let purchases = &evidence.host.purchases;
        let own = purchases.iter().filter(|p| p.account == Some(place));
        let held: i64 = own.map(Purchase::holds_minor).sum();
        let expected = opening.limits.available_credit_limit + held;
        if limits.available_credit_limit != expected {
            let shown = limits.available_credit_limit;
            let what = format!(
                "account {}: {shown}, the host counts {expected}",
                account.id
            );
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

/// The sum of what the records moved on an account.
fn moves(evidence: &Evidence<'_>, place: usize) -> Deltas {
    let mut sum = Deltas::NONE;
    let id = evidence.accounts[place].id;
    let of_account = |life: &&Life<'_>| life.decided.account == Some(id);
    for life in evidence.lives.iter().filter(of_account) {
        for limit in LimitName::ALL {
            sum.set(limit, sum.get(limit) + life.left_minor(limit));
        }
    }
    sum
}

fn transactions_balance(evidence: &Evidence<'_>) -> Verdict {
    for life in &evidence.lives {
        let signed =
            |amount_minor: i64, credit: bool| if credit { amount_minor } else { -amount_minor };
        let postings = life.postings.iter().map(|posted| posted.posting);
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
    let is_posting = |record: &&Record| matches!(record, Record::TransactionPosted(_));
    let all = evidence.records.iter().map(|recorded| &recorded.record);
    let all = all.filter(is_posting).count();
    let of_lives: usize = evidence.lives.iter().map(|life| life.postings.len()).sum();
    if all != of_lives {
        let what = format!("{all} transactions, {of_lives} of them of approvals");
        return failed(Checker::Conservation, what);
    }
    Ok(())
}
