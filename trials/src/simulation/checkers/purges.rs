//! Checks of what leaves the books: what goes, what stays, and what is said of it afterwards.
//!
//! Owns: a reading of the records in order, with what is open at each purge, and the comparison of the rows with what
//! went. Must never: ask the switch what may go.

use std::collections::{BTreeMap, BTreeSet};

use ledger::authorization::{
    AuthorizationStatus, Change, ClearingResult, Decision, ReversalDecided, ReversalResult,
    Standing,
};
use ledger::books::rows::Table;
use ledger::books::store::BookStore as _;
use ledger::identifiers::{RecordId, Timestamp};
use ledger::operation::{Operation, OperationEffect};
use ledger::purge::HistoryPurged;
use ledger::record::Record;
use rules::LimitName;

use super::super::peers::{Purchase, Request, Reversal, Undoing};
use super::lives::Life;
use super::money::{is_named, lives_of, moves};
use super::{Checker, Evidence, Recorded, Verdict, Violation};

/// The steps of purging.
pub fn of(records: &[Recorded]) -> Vec<(RecordId, &HistoryPurged)> {
    let steps = records.iter();
    let steps = steps.filter_map(|recorded| match &recorded.record {
        Record::HistoryPurged(step) => Some((recorded.id, &**step)),
        _ => None,
    });
    steps.collect()
}

/// Days of history that nothing may take away.
const KEPT_US: i64 = 31 * 86_400_000_000;

/// What a step of purging is measured by, at its place in the journal.
#[derive(Default)]
struct Books {
    /// The newest line that an operation ordered.
    line: Timestamp,
    /// The last record that went.
    through: RecordId,
    /// Decisions that are there, with their time.
    decisions: BTreeMap<RecordId, Timestamp>,
    transactions: BTreeSet<RecordId>,
    /// What waits for something: holds, items of the work list, transfers on their way.
    open: BTreeSet<RecordId>,
}

/// What goes was decided before a line that an operation ordered, is the oldest that there is, with nothing left out, and
/// waits for nothing.
pub fn only_the_old_is_purged(evidence: &Evidence<'_>) -> Verdict {
    let mut books = Books::default();
    for recorded in evidence.records {
        let went = match &recorded.record {
            Record::HistoryPurged(purged) => books.let_go(purged),
            record => books.take(recorded, record),
        };
        if let Err(what) = went {
            let what = format!("{}: {what}", recorded.id);
            return Err(Violation::new(Checker::OnlyTheOldIsPurged, what));
        }
    }
    Ok(())
}

impl Books {
    fn take(&mut self, recorded: &Recorded, record: &Record) -> Result<(), String> {
        let id = recorded.id;
        if is_decision(record) {
            self.decisions.insert(id, recorded.time);
        }
        match record {
            Record::TransactionPosted(_) => {
                self.transactions.insert(id);
            }
            Record::ClearingDecided(decided) if decided.result == ClearingResult::Held => {
                self.open.insert(id);
            }
            Record::OperationDone(done) => {
                if let Operation::PurgeHistory { before } = done.request.operation {
                    if before.0 > recorded.time.0 - KEPT_US || before <= self.line {
                        return Err(format!("{before} is ordered after {}", self.line));
                    }
                    self.line = before;
                }
                let settled = done.effect.settled().map(|settled| settled.item);
                for closed in settled.into_iter().chain(done.effect.settles()) {
                    self.open.remove(&closed);
                }
                if let OperationEffect::TransferSent(_) = done.effect {
                    self.open.insert(id);
                }
            }
            _ => {}
        }
        if standing(id, record).is_some_and(|it| it.status == AuthorizationStatus::Pending) {
            self.open.insert(id);
        }
        for change in changes(record) {
            match change.status {
                AuthorizationStatus::Pending => self.open.insert(change.authorization),
                _ => self.open.remove(&change.authorization),
            };
        }
        Ok(())
    }

    fn let_go(&mut self, purged: &HistoryPurged) -> Result<(), String> {
        if (purged.line, purged.after) != (self.line, self.through) {
            let ordered = (self.line, self.through);
            return Err(format!("{purged:?} where {ordered:?} is in force"));
        }
        let kept = self.decisions.split_off(&purged.through);
        let gone = std::mem::replace(&mut self.decisions, kept);
        let mut gone: Vec<_> = gone.into_iter().collect();
        // The last may have posted nothing.
        gone.extend(self.decisions.remove_entry(&purged.through));
        let young = gone.iter().find(|(_, time)| *time >= purged.line);
        if let Some((id, time)) = young {
            return Err(format!("{id} of {time} goes, the line is {}", purged.line));
        }
        if !gone.iter().map(|(id, _)| id).eq(&purged.messages) {
            return Err(format!("{gone:?} go, told is {:?}", purged.messages));
        }
        if let Some(id) = purged.messages.iter().find(|id| self.open.contains(id)) {
            return Err(format!("{id} goes and is open"));
        }
        let before = self.transactions.len();
        self.transactions.retain(|id| *id > purged.through);
        let posted = before - self.transactions.len();
        if posted != purged.transactions as usize {
            let told = purged.transactions;
            return Err(format!("{posted} transactions go, told is {told}"));
        }
        self.through = purged.through;
        Ok(())
    }
}

/// What is purged is in no row, its accounts begin where it left them, and nothing that came later knows it. What was not
/// purged is known.
pub fn purged_is_gone(evidence: &Evidence<'_>) -> Verdict {
    let failed = |what: String| Err(Violation::new(Checker::PurgedIsGone, what));
    for recorded in evidence.records {
        let named = named(&recorded.record);
        let gone = named
            .iter()
            .find(|id| evidence.is_purged(**id, recorded.id));
        if let Some(gone) = gone {
            return failed(format!("{} names {gone}, which is gone", recorded.id));
        }
    }
    for purchase in &evidence.host.purchases {
        let late = |reversal: &&Reversal| reversal.undoing == Undoing::Late;
        for reversal in purchase.reversals.iter().filter(late) {
            named_late(evidence, purchase, reversal)?;
        }
    }
    rows_are_gone(evidence).or_else(failed)?;
    accounts_begin_there(evidence).or_else(failed)
}

/// A late reversal finds its original unless that is gone.
fn named_late(evidence: &Evidence<'_>, purchase: &Purchase, reversal: &Reversal) -> Verdict {
    let Some((id, decided)) = decided(evidence, &reversal.request) else {
        return Ok(());
    };
    let lives = lives_of(evidence, &purchase.request);
    let there = |life: RecordId| life < id && !evidence.is_purged(life, id);
    let known = lives.iter().any(|life| there(life.id));
    if known && decided.result == ReversalResult::UnknownOriginal {
        let what = format!("{id} does not find {:?}", purchase.request);
        return Err(Violation::new(Checker::PurgedIsGone, what));
    }
    Ok(())
}

/// What became of a reversal.
fn decided<'a>(
    evidence: &'a Evidence<'_>,
    request: &Request,
) -> Option<(RecordId, &'a ReversalDecided)> {
    let mut records = evidence.records.iter();
    records.find_map(|recorded| match &recorded.record {
        Record::ReversalDecided(decided) if is_named(&decided.facts.key, request) => {
            Some((recorded.id, &**decided))
        }
        _ => None,
    })
}

/// Whether a reversal that came late undid an authorization: nobody was told whether it was still known.
pub fn is_undone_late(purchase: &Purchase, life: &Life<'_>) -> bool {
    let late = |reversal: &&Reversal| reversal.undoing == Undoing::Late;
    let mut late = purchase.reversals.iter().filter(late);
    let undid = |decided: &&&ReversalDecided| decided.result == ReversalResult::Reversed;
    let undid = || life.reversals.iter().filter(undid);
    late.any(|reversal| undid().any(|decided| is_named(&decided.facts.key, &reversal.request)))
}

fn rows_are_gone(evidence: &Evidence<'_>) -> Result<(), String> {
    let views = evidence.node.view_writer.views();
    let purged = views.purged().unwrap();
    let steps = || evidence.purges.iter().map(|(_, step)| *step);
    let messages: usize = steps().map(|step| step.messages.len()).sum();
    let transactions: u64 = steps().map(|step| u64::from(step.transactions)).sum();
    let through = steps().map(|step| step.through).max().unwrap_or_default();
    let told = (purged.messages, purged.transactions, purged.through);
    if told != (messages as u64, transactions, through) {
        return Err(format!("{purged:?} after {messages} and {transactions}"));
    }
    for id in steps().flat_map(|step| &step.messages) {
        if views.message(*id).unwrap().is_some() {
            return Err(format!("{id} is still there"));
        }
    }
    let decisions = evidence.records.iter();
    let decisions = decisions.filter(|recorded| is_decision(&recorded.record));
    let rows = views.store().newest_first(Table::Messages).count();
    if rows + messages != decisions.count() {
        return Err(format!("{rows} decisions are left after {messages} went"));
    }
    Ok(())
}

/// Each account's opening and what is left of its records are its limits.
fn accounts_begin_there(evidence: &Evidence<'_>) -> Result<(), String> {
    let views = evidence.node.view_writer.views();
    let through = evidence.purges.last().map(|(_, step)| step.through);
    for account in &evidence.accounts {
        let opening = views.account(account.id).unwrap().unwrap().opening;
        let Some(opening) = opening else {
            return Err(format!("account {} has no opening", account.id));
        };
        let moved = moves(evidence, account.id, through);
        for limit in LimitName::ALL {
            let (opened, left) = (opening.get(limit), moved.get(limit));
            if opened + left != account.limits.get(limit) {
                let what = format!("{limit:?} begins at {opened} and moves by {left}");
                return Err(format!("account {}: {what}", account.id));
            }
        }
    }
    Ok(())
}

/// What a record decides or carries out, so that the books have a row of it.
fn is_decision(record: &Record) -> bool {
    match record {
        Record::AuthorizationDecided(_)
        | Record::ReversalDecided(_)
        | Record::HoldDropped(_)
        | Record::FileActionDecided(_)
        | Record::OperationDone(_)
        | Record::ClearingDecided(_) => true,
        Record::CustomerCreated(_)
        | Record::AccountOpened(_)
        | Record::CardIssued(_)
        | Record::ResponseAcknowledged(_)
        | Record::HistoryPurged(_)
        | Record::TransactionPosted(_) => false,
    }
}

/// What a record stands for by itself.
fn standing(id: RecordId, record: &Record) -> Option<Standing> {
    match record {
        Record::AuthorizationDecided(decided) => decided.standing(id),
        Record::OperationDone(done) => done.effect.standing().cloned(),
        Record::ClearingDecided(decided) => decided.cleared()?.standing.clone(),
        _ => None,
    }
}

/// What a record makes of what others stand for.
fn changes(record: &Record) -> Vec<&Change> {
    match record {
        Record::AuthorizationDecided(decided) => match &decided.decision {
            Decision::Completed(change) => vec![change],
            Decision::Approved(_) | Decision::Declined(_) => Vec::new(),
        },
        Record::ReversalDecided(decided) => decided.change.iter().map(AsRef::as_ref).collect(),
        Record::HoldDropped(dropped) => vec![&dropped.change],
        Record::OperationDone(done) => {
            let cleared = done.effect.cleared();
            let cleared = cleared.and_then(|cleared| cleared.change.as_ref());
            cleared.into_iter().chain(done.effect.undone()).collect()
        }
        Record::ClearingDecided(decided) => {
            let cleared = decided.cleared();
            let change = cleared.and_then(|cleared| cleared.change.as_ref());
            change.into_iter().collect()
        }
        _ => Vec::new(),
    }
}

/// The decisions that a record says it is about.
fn named(record: &Record) -> Vec<RecordId> {
    let changed = changes(record).into_iter();
    let mut named: Vec<RecordId> = changed.map(|change| change.authorization).collect();
    match record {
        Record::AuthorizationDecided(decided) => {
            if let Decision::Approved(approval) = &decided.decision {
                named.extend(approval.increment_of().map(|(_, id)| *id));
                named.extend(approval.refund().map(|refund| refund.authorization));
            }
        }
        Record::ReversalDecided(decided) => named.extend(decided.original),
        Record::OperationDone(done) => {
            named.extend(done.effect.settles());
            named.extend(done.effect.settled().map(|settled| settled.item));
            if let OperationEffect::LimitRefunded { authorization, .. } = &done.effect {
                named.push(*authorization);
            }
        }
        Record::ClearingDecided(decided) => named.extend(decided.of.as_ref().map(|(_, id)| *id)),
        Record::ResponseAcknowledged(noted) => named.push(noted.message),
        _ => {}
    }
    named
}
