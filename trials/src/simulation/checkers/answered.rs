//! The check of the books against everything that anybody was told: hosts, operators, senders of clearing files.
//!
//! Owns: an account of its own, added up from answers, with one thing taken from records: which holds were let go
//! because their time was over, since that is told to nobody. Must never: look at moves or at what is left of an
//! authorization.

use std::collections::{BTreeMap, BTreeSet};

use ledger::authorization::Decision;
use ledger::identifiers::RecordId;
use ledger::record::Record;
use rules::LimitName;

use super::super::accounts::OPENINGS;
use super::super::office::{What, Work};
use super::super::peers::{Follow, FollowKind, Purchase, Standing};
use super::lives::Life;
use super::money::lives_of;
use super::purges::is_undone_late;
use super::{Checker, Evidence, Recorded, Verdict, Violation};

/// What an account comes to, beside what it was opened with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Sum {
    available_minor: i64,
    pending_minor: i64,
    posted_minor: i64,
}

impl Sum {
    fn pending(&mut self, minor: i64) {
        self.available_minor += minor;
        self.pending_minor += minor;
    }

    fn posted(&mut self, minor: i64) {
        self.available_minor += minor;
        self.posted_minor += minor;
    }
}

/// The available limit, what is pending of it and what is posted are, on every account, what the answers add up to.
pub fn books_equal_answers(evidence: &Evidence<'_>) -> Verdict {
    let gone = gone(evidence.records);
    let mut sums = vec![Sum::default(); OPENINGS.len()];
    for (number, purchase) in evidence.host.purchases.iter().enumerate() {
        if let Some(place) = purchase.account {
            add(evidence, (number, purchase), &gone, &mut sums[place]);
        }
    }
    for work in &evidence.office.works {
        add_work(evidence, work, &mut sums[work.account]);
        // What reached the other account; what found none came back.
        if let What::Send { to, amount_minor } = work.what
            && work.is_done()
        {
            sums[to.unwrap_or(work.account)].posted(amount_minor);
        }
    }
    let posted = posted(evidence.records);
    for ((account, opening), told) in evidence.accounts.iter().zip(&OPENINGS).zip(sums) {
        let limits = (&account.limits, &opening.limits);
        let held = Sum {
            available_minor: limits.0.available_credit_limit - limits.1.available_credit_limit,
            pending_minor: account.pending.get(LimitName::AvailableCreditLimit),
            posted_minor: posted.get(&account.id.0).copied().unwrap_or(0),
        };
        if held != told {
            let what = format!(
                "account {}: {held:?}, the answers give {told:?}",
                account.id
            );
            return Err(Violation::new(Checker::BooksEqualAnswers, what));
        }
    }
    Ok(())
}

/// Authorizations whose hold was let go, and that nothing put in force again.
fn gone(records: &[Recorded]) -> BTreeSet<RecordId> {
    let mut gone = BTreeSet::new();
    for recorded in records {
        match &recorded.record {
            Record::HoldDropped(dropped) => {
                gone.insert(dropped.change.authorization);
            }
            Record::AuthorizationDecided(decided) => {
                if let Decision::Completed(change) = &decided.decision {
                    gone.remove(&change.authorization);
                }
            }
            _ => {}
        }
    }
    gone
}

fn posted(records: &[Recorded]) -> BTreeMap<u64, i64> {
    let mut sums = BTreeMap::new();
    for recorded in records {
        if let Record::TransactionPosted(posted) = &recorded.record {
            let (posting, sum) = (&posted.posting, sums.entry(posted.account.0).or_default());
            *sum += match posting.credit {
                true => posting.amount_minor,
                false => -posting.amount_minor,
            };
        }
    }
    sums
}

/// What an operation of a cardholder comes to.
fn add(
    evidence: &Evidence<'_>,
    (number, purchase): (usize, &Purchase),
    gone: &BTreeSet<RecordId>,
    sum: &mut Sum,
) {
    let is_over = |life: &&Life<'_>| gone.contains(&life.id) || is_undone_late(purchase, life);
    let lives = lives_of(evidence, &purchase.request);
    let approved = purchase
        .answer
        .as_ref()
        .is_none_or(|heard| heard.code == "00");
    // What is approved beside what the first answer says was decided anew.
    let (own, anew) = lives.split_at(lives.len().min(usize::from(approved)));
    let sign = purchase.kind.move_minor(1);
    let stands = match purchase.standing {
        Standing::Approved { remaining_minor } if !own.iter().any(is_over) => remaining_minor,
        _ => 0,
    };
    for _ in anew.iter().filter(|life| !is_over(life)) {
        match online(purchase.request.mti()) {
            true => sum.posted(sign * purchase.amount_minor),
            false => sum.pending(sign * purchase.amount_minor),
        }
    }
    let completed =
        |follow: &&Follow| follow.kind == FollowKind::Completion && follow.is_approved();
    let completion = purchase.follows.iter().find(completed);
    if let Some(completion) = completion.filter(|_| stands > 0) {
        let minor = sign * completion.amount_minor;
        match online(completion.request.mti()) {
            true => sum.posted(minor),
            false => sum.pending(minor),
        }
    } else if online(purchase.request.mti()) {
        sum.posted(sign * stands);
    } else {
        sum.pending(sign * left_minor(evidence, number, stands));
    }
    for follow in &purchase.follows {
        if follow.kind != FollowKind::Increment || !follow.is_approved() {
            continue;
        }
        // It is a part of the operation, or stands alone where that was let go before it came.
        let lives = lives_of(evidence, &follow.request);
        let part = lives
            .iter()
            .any(|life| life.approval.increment_of().is_some());
        let in_force = match part {
            true => stands > 0,
            false => !lives.iter().any(|life| gone.contains(&life.id)),
        };
        if in_force {
            sum.pending(sign * follow.amount_minor);
        }
    }
}

/// Whether a message posts what it asks for.
fn online(mti: &str) -> bool {
    mti.starts_with("02")
}

/// What presentments leave of a hold.
fn left_minor(evidence: &Evidence<'_>, number: usize, held_minor: i64) -> i64 {
    let mut left = held_minor;
    for (place, work) in evidence.office.works.iter().enumerate() {
        if let What::Presentment {
            purchase,
            amount_minor,
            is_final,
        } = work.what
            && purchase == number
            && is_posted(evidence, place)
        {
            left = match is_final {
                true => 0,
                false => (left - amount_minor).max(0),
            };
        }
    }
    left
}

/// Whether a presentment was posted, at once or out of the work list.
fn is_posted(evidence: &Evidence<'_>, place: usize) -> bool {
    let works = &evidence.office.works;
    let resolved = |work: &Work| work.what == What::Resolve { of: place } && work.is_done();
    works[place].is_done() || works.iter().any(resolved)
}

/// What a work of the issuer comes to.
fn add_work(evidence: &Evidence<'_>, work: &Work, sum: &mut Sum) {
    let presented = |of: usize| match evidence.office.works[of].what {
        What::Presentment {
            purchase,
            amount_minor,
            ..
        } => evidence.host.purchases[purchase]
            .kind
            .move_minor(amount_minor),
        _ => 0,
    };
    if !work.is_done() {
        return;
    }
    match work.what {
        What::Adjust { moved_minor } => sum.posted(moved_minor),
        What::Send { amount_minor, .. } => sum.posted(-amount_minor),
        What::Hold { amount_minor } => sum.available_minor -= amount_minor,
        What::Release { amount_minor } => sum.available_minor += amount_minor,
        What::Presentment {
            purchase,
            amount_minor,
            ..
        } => sum.posted(
            evidence.host.purchases[purchase]
                .kind
                .move_minor(amount_minor),
        ),
        What::Undo { of } => sum.posted(-presented(of)),
        What::Resolve { of } => sum.posted(presented(of)),
        What::Reject { .. } | What::RefundLimit | What::Purge => {}
    }
}

/// Days after which a hold is let go that nothing cleared (config/authorization-options/tenant.toml).
const DAYS: i64 = 10;
const DAY_US: i64 = 86_400_000_000;

/// A hold is let go when its time is over, never before; and once, as long as nothing puts it in force again.
pub fn hold_dropped_in_time(evidence: &Evidence<'_>) -> Verdict {
    let failed = |what: String| Err(Violation::new(Checker::HoldDroppedInTime, what));
    let mut due: BTreeMap<RecordId, i64> = BTreeMap::new();
    for recorded in evidence.records {
        match &recorded.record {
            Record::AuthorizationDecided(decided) => {
                let in_force = |id: RecordId| (id, recorded.time.0 + DAYS * DAY_US);
                match &decided.decision {
                    Decision::Approved(approval) => {
                        let of = approval.increment_of().map_or(recorded.id, |(_, id)| *id);
                        let (id, time) = in_force(of);
                        due.insert(id, time);
                    }
                    // What the network completes later is due when it was.
                    Decision::Completed(_) | Decision::Declined(_) => {}
                }
            }
            Record::HoldDropped(dropped) => {
                let id = dropped.change.authorization;
                match due.get(&id) {
                    Some(time) if *time <= recorded.time.0 => {}
                    other => {
                        return failed(format!(
                            "{id} was let go at {}, due {other:?}",
                            recorded.time
                        ));
                    }
                }
            }
            _ => {}
        }
    }
    Ok(())
}

/// Whether nothing but requests, their reversals and their answers happened on an account. Works of the issuer, and the
/// transfers that reach it from other accounts, move its limits at times that no host is told of.
pub fn is_plain(evidence: &Evidence<'_>, place: usize) -> bool {
    let own = |purchase: &&Purchase| purchase.account == Some(place);
    let plain = evidence
        .host
        .purchases
        .iter()
        .filter(own)
        .all(Purchase::is_plain);
    let id = evidence.accounts[place].id;
    let dropped = |recorded: &Recorded| match &recorded.record {
        Record::HoldDropped(dropped) => dropped.account == id,
        _ => false,
    };
    let untouched = evidence
        .office
        .works
        .iter()
        .all(|work| !work.may_touch(place));
    plain && untouched && !evidence.records.iter().any(dropped)
}
