//! Checks of everything that is derived from the journal: the state, the books, the events.
//!
//! Owns: the comparison of each with the records. Must never: derive what it compares in the way that is
//! checked.

use std::collections::{BTreeMap, BTreeSet};

use ledger::authorization::{Decision, MatchKey, ReversalResult, Standing};
use ledger::books;
use ledger::books::rows::{MessageBody, Table};
use ledger::books::store::BookStore as _;
use ledger::entities::Account;
use ledger::identifiers::RecordId;
use ledger::record::Record;
use ledger::recovery::{Replay, recover};
use rules::Reason;

use super::super::node::{OPTIONS, Store};
use super::super::run::BEGINNING;
use super::lives::Life;
use super::{Checker, Evidence, Recorded, Verdict, Violation};

/// A replay of the whole journal gives the accounts that the running state has, and so do books built anew
/// from what retention and snapshots have left; and both are purged as far as the running books are.
pub fn state_equals_replay(evidence: &Evidence<'_>) -> Verdict {
    let failed = |what: String| Violation::new(Checker::StateEqualsReplay, what);
    let disk = evidence.journal.clone();
    let replayed = recover(
        disk,
        Store::empty(),
        OPTIONS,
        BEGINNING,
        Replay::whole(usize::MAX),
    )
    .unwrap();
    let rebuilt = evidence.node.rebuilt(BEGINNING).map_err(failed)?;
    let purged = evidence.node.view_writer.views().purged().unwrap();
    for (how, recovered) in [("replayed", &replayed), ("rebuilt", &rebuilt)] {
        for account in &evidence.accounts {
            let again = recovered.writer.state().account(account.id);
            if again != Some(account) {
                return Err(failed(format!("{account:?}, {how} {again:?}")));
            }
        }
        let again = recovered.view_writer.views().purged().unwrap();
        if again != purged {
            return Err(failed(format!("{purged:?}, {how} {again:?}")));
        }
    }
    Ok(())
}

/// Views and store hold every account as the state does, and every message and transaction as recorded.
/// The books have been written before.
pub fn books_equal_state(evidence: &Evidence<'_>) -> Verdict {
    let failed = |what: String| Err(Violation::new(Checker::BooksEqualState, what));
    let views = evidence.node.view_writer.views();
    let stored = books::load::state(views.store(), BEGINNING).unwrap();
    for account in &evidence.accounts {
        let shown = views.account(account.id).unwrap();
        let shown = shown.map(Account::for_deciding);
        let kept = stored.account(account.id);
        if shown.as_ref() != Some(account) || kept != Some(account) {
            return failed(format!("{account:?}, shown {shown:?}, stored {kept:?}"));
        }
    }
    let end = evidence.records.last().map(|recorded| recorded.id);
    let is_gone = |id: RecordId| end.is_some_and(|end| evidence.is_purged(id, end));
    let there = |life: &&Life<'_>| life.is_plain && !is_gone(life.id);
    for life in evidence.lives.iter().filter(there) {
        let message = views.message(life.id).unwrap();
        let last = life
            .reversals
            .iter()
            .rfind(|r| r.result == ReversalResult::Reversed);
        let remaining = last.map_or(life.approval.amount_minor, |r| r.remaining_minor);
        match message.map(|message| message.body) {
            Some(MessageBody::Authorization {
                decided, standing, ..
            }) if *decided == *life.decided
                && standing
                    .as_ref()
                    .map_or(0, Standing::remaining_of_amount_minor)
                    == remaining => {}
            other => return failed(format!("{}: {remaining} left, stored {other:?}", life.id)),
        }
    }
    for (key, id) in newest_by_key(evidence) {
        let found = views.matching(&key).unwrap().map(|message| message.id);
        if found != Some(id).filter(|id| !is_gone(*id)) {
            return failed(format!("{key:?} is {id}, the books say {found:?}"));
        }
    }
    let rows = views.store().newest_first(Table::Transactions).count();
    let posted = |recorded: &&Recorded| {
        matches!(recorded.record, Record::TransactionPosted(_)) && !is_gone(recorded.id)
    };
    let posted = evidence.records.iter().filter(posted).count();
    if rows != posted {
        return failed(format!("{posted} transactions, {rows} rows"));
    }
    Ok(())
}

/// The record that each match key leads to.
fn newest_by_key(evidence: &Evidence<'_>) -> BTreeMap<MatchKey, RecordId> {
    let mut keys = BTreeMap::new();
    for recorded in evidence.records {
        match &recorded.record {
            Record::AuthorizationDecided(decided)
                if decided.decision != Decision::Declined(Reason::MatchConflict) =>
            {
                keys.insert(decided.facts.key, recorded.id);
            }
            Record::FileActionDecided(decided) if decided.reason != Some(Reason::MatchConflict) => {
                keys.insert(decided.facts.key, recorded.id);
            }
            Record::ReversalDecided(decided) if decided.result != ReversalResult::MatchConflict => {
                keys.insert(decided.facts.key, recorded.id);
                if decided.result == ReversalResult::UnknownOriginal
                    && let Some(original) = decided.facts.original
                {
                    keys.insert(original, recorded.id);
                }
            }
            _ => {}
        }
    }
    keys
}

/// The batches that a line says are missing.
fn gap(line: &str) -> Option<(u64, u64)> {
    let event: serde_json::Value = serde_json::from_str(line).unwrap();
    let sequence = |name: &str| event[name].as_u64().unwrap_or_default();
    (event["type"] == "journal.gap").then(|| (sequence("first"), sequence("last")))
}

/// Every decision and every transaction has one event under its name, in the order of the journal, and the
/// event says what the record says.
pub fn events_match_records(evidence: &Evidence<'_>) -> Verdict {
    let failed = |what: String| Err(Violation::new(Checker::EventsMatchRecords, what));
    let text = std::str::from_utf8(&evidence.node.emitter.file.text).unwrap();
    let mut lines = text.lines();
    let mut ids = BTreeSet::new();
    let mut missed = 0;
    for recorded in evidence.records {
        // What retention let go before it was read is told in place of its events.
        let gap = lines.clone().next().and_then(gap);
        if let Some((first, last)) = gap.filter(|(first, _)| *first == recorded.id.sequence) {
            lines.next();
            missed = if last >= first { last } else { missed };
        }
        if recorded.id.sequence <= missed {
            continue;
        }
        let Some(expected) = event_of(&recorded.record) else {
            continue;
        };
        let Some(line) = lines.next() else {
            return failed(format!("{} has no event", recorded.id));
        };
        let event: serde_json::Value = serde_json::from_str(line).unwrap();
        let (data, kind) = (&event["data"], event["type"].as_str().unwrap_or_default());
        let said = match kind {
            "transaction.posted" => data["amount_minor"].to_string(),
            "response.acknowledged" => data["message_id"].to_string(),
            "authorization.dropped" => data["authorization_id"].to_string(),
            "operation.done" => data["tracking_id"].to_string(),
            "clearing.decided" => data["result"].to_string(),
            "history.purged" => data["through"].to_string(),
            _ => data["response_code"]
                .as_str()
                .unwrap_or_default()
                .to_owned(),
        };
        let id = recorded.id.to_string();
        if event["id"] != id.as_str() || (kind, said) != expected {
            return failed(format!("{id} {expected:?} has the event {line}"));
        }
        if !ids.insert(id) {
            return failed(format!("two events of {}", recorded.id));
        }
    }
    match lines.next() {
        None => Ok(()),
        Some(line) => failed(format!("an event without a record: {line}")),
    }
}

/// The kind of a record's event, and what it says of the record; none for entities that are made.
fn event_of(record: &Record) -> Option<(&'static str, String)> {
    Some(match record {
        Record::AuthorizationDecided(decided) => (
            "authorization.decided",
            decided.answer.response_code.as_str().to_owned(),
        ),
        Record::ReversalDecided(decided) => (
            "reversal.decided",
            decided.answer.response_code.as_str().to_owned(),
        ),
        Record::TransactionPosted(posted) => (
            "transaction.posted",
            posted.posting.amount_minor.to_string(),
        ),
        Record::ResponseAcknowledged(noted) => {
            ("response.acknowledged", format!("\"{}\"", noted.message))
        }
        Record::HoldDropped(dropped) => (
            "authorization.dropped",
            format!("\"{}\"", dropped.change.authorization),
        ),
        Record::OperationDone(done) => (
            "operation.done",
            format!("\"{}\"", done.request.tracking_id),
        ),
        Record::ClearingDecided(decided) => (
            "clearing.decided",
            format!("\"{}\"", decided.result.as_str()),
        ),
        Record::HistoryPurged(purged) => ("history.purged", format!("\"{}\"", purged.through)),
        Record::FileActionDecided(decided) => (
            "card.file_action",
            decided.answer.response_code.as_str().to_owned(),
        ),
        Record::CustomerCreated(_) | Record::AccountOpened(_) | Record::CardIssued(_) => {
            return None;
        }
    })
}
