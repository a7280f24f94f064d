//! Event emission: what the journal holds, as JSON lines in `data/events/`.
//!
//! Owns: the event of each record ([`lines`]), the files they go to ([`EventFiles`]) and the reader that brings them
//! there ([`Emitter`]). An event exists exactly when its record is durable, bears the record's id, and is written in
//! journal order; batches that the journal let go before they were read are told as one event of their own; what
//! happens on links and to networks is told by [`Notices`]. Must never: be ahead of the watermark, or hold card
//! secrets.

mod allowance;
pub(crate) mod clearing;
mod emitter;
mod files;
mod notices;
mod operation;
pub(crate) mod transfer;

pub use allowance::Source;
pub use emitter::{Emitter, follow};
pub use files::EventFiles;
pub(crate) use files::{files_of, saved_sequence};
pub(crate) use notices::is_notice;
pub use notices::{Notice, Notices, WaitingNotices, notices};
pub(crate) use operation::{operation_name, purge_line};

use std::io;
use std::path::PathBuf;

use ledger::Record;
use ledger::authorization::{
    AccountMove, AuthorizationDecided, Clearing, ControlDenial, Decision, Divergence,
    FileActionDecided, HoldDropped, ReversalDecided, TransactionPosted,
};
use ledger::identifiers::{BusinessDate, RecordId, ShardId, Timestamp};
use ledger::journal::Batch;
use ledger::over_limit;
use ledger::purge::HistoryPurged;
use ledger::record::{Unreadable, records_of};
use rules::{AccountId, AmountKey, CustomKey};
use serde_json::{Value, json};

/// Why events cannot be emitted.
#[derive(Debug, thiserror::Error)]
pub enum EventError {
    /// A file cannot be read or written.
    #[error("{path}: {source}")]
    Io {
        /// The file.
        path: PathBuf,
        /// What the file system answered.
        source: io::Error,
    },
    /// The cursor file is not one.
    #[error("{path}: {reason}")]
    Cursor {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// The journal cannot be read.
    #[error("journal: {0}")]
    Journal(#[from] ledger::journal::cursor::CursorError),
    /// A record cannot be read.
    #[error(transparent)]
    Record(#[from] Unreadable),
}

/// Appends the events of a batch, a line each.
///
/// # Errors
/// [`EventError::Record`] when a record cannot be read; `out` then holds the events before it.
pub fn lines(shard: ShardId, batch: &Batch, out: &mut Vec<u8>) -> Result<(), EventError> {
    // That of the decision which the transactions behind it are of; both are in one batch.
    let mut business_date = None;
    for record in records_of(shard, batch) {
        let (id, record) = record?;
        if let Some(mut event) = event(id, batch.time, &record) {
            if let Record::TransactionPosted(_) = &record {
                event["data"]["business_date"] = dated(business_date);
            } else {
                business_date = business_date_of(&record);
            }
            out.extend_from_slice(event.to_string().as_bytes());
            out.push(b'\n');
        }
    }
    Ok(())
}

/// The business day of the network that a message came in; none for what no message asked for.
fn business_date_of(record: &Record) -> Option<BusinessDate> {
    match record {
        Record::AuthorizationDecided(decided) => decided.facts.business_date,
        Record::ReversalDecided(decided) => decided.facts.business_date,
        Record::FileActionDecided(decided) => decided.facts.business_date,
        _ => None,
    }
}

/// A business day as the network names it (DE15, MMDD); null where it had begun none.
pub(crate) fn dated(date: Option<BusinessDate>) -> Value {
    json!(date.map(|date| date.to_string()))
}

/// The CloudEvents 1.0 envelope of a record; none for records that open entities. What the record itself does not say,
/// such as the business day of a transaction, is not in it.
pub(crate) fn event(id: RecordId, time: Timestamp, record: &Record) -> Option<Value> {
    let (kind, subject, data) = match record {
        Record::AuthorizationDecided(decided) => (
            "authorization.decided",
            decided.account,
            authorization(decided),
        ),
        Record::ReversalDecided(decided) => {
            ("reversal.decided", decided.account, reversal(decided))
        }
        Record::TransactionPosted(posted) => (
            "transaction.posted",
            Some(posted.account),
            transaction(posted),
        ),
        Record::HoldDropped(dropped) => (
            "authorization.dropped",
            Some(dropped.account),
            dropped_hold(dropped),
        ),
        Record::FileActionDecided(decided) => ("card.file_action", None, file_action(decided)),
        Record::OperationDone(done) => ("operation.done", done.account, operation::done(done)),
        Record::ClearingDecided(decided) => (
            "clearing.decided",
            decided.account,
            clearing::decided(decided),
        ),
        Record::ResponseAcknowledged(noted) => (
            "response.acknowledged",
            None,
            json!({ "message_id": noted.message.to_string() }),
        ),
        Record::HistoryPurged(purged) => (PURGED, None, history_purged(purged)),
        Record::CustomerCreated(_) | Record::AccountOpened(_) | Record::CardIssued(_) => {
            return None;
        }
    };
    let subject = subject.map(|account| format!("accounts/{account}"));
    Some(envelope(
        id.shard,
        &id.to_string(),
        kind,
        subject,
        time,
        &data,
    ))
}

/// The name of the event that tells what left the books.
pub(crate) const PURGED: &str = "history.purged";

fn history_purged(purged: &HistoryPurged) -> Value {
    json!({
        "before": purged.line.to_string(),
        "through": purged.through.to_string(),
        "decisions": purged.messages.len(),
        "transactions": purged.transactions,
        "accounts": purged.accounts.len(),
    })
}

/// The event that tells of batches whose events are missing; `time` is that of the first batch after them.
/// Its id follows from its shard and the batches, so that it is the same when it is written again.
fn gap(shard: ShardId, first: u64, last: u64, time: Timestamp) -> Value {
    let id = format!("{}-{first}-{last}-gap", shard.0);
    let data = json!({ "first_sequence": first, "last_sequence": last });
    envelope(shard, &id, "journal.gap", None, time, &data)
}

fn envelope(
    shard: ShardId,
    id: &str,
    kind: &str,
    subject: Option<String>,
    time: Timestamp,
    data: &Value,
) -> Value {
    json!({
        "specversion": "1.0",
        "id": id,
        "source": format!("/switch/shards/{}", shard.0),
        "type": kind,
        "subject": subject,
        "time": time.to_string(),
        "datacontenttype": "application/json",
        "data": data,
    })
}

fn authorization(decided: &AuthorizationDecided) -> Value {
    let facts = &decided.facts;
    let reason = decided.reason();
    json!({
        "approved": reason.is_none(),
        "reason": reason.map(rules::Reason::as_str),
        "category": category(decided),
        "response_code": decided.answer.response_code.as_str(),
        "approval_code": decided.answer.approval_code.as_ref().map(|code| code.as_str()),
        "network_id": facts.key.network.0,
        "card_hash": facts.key.card.to_string(),
        "account_id": decided.account.map(|account| account.0),
        "message_class": match facts.clearing {
            Clearing::Offline => "dual",
            Clearing::Online => "single",
        },
        "stan": format!("{:06}", facts.key.stan),
        "transmission_date_time": format!("{:010}", facts.key.transmission),
        "business_date": dated(facts.business_date),
        "retrieval_reference_number": facts.retrieval_reference,
        "processing_code": facts.processing_code.as_str(),
        "amount_minor": facts.fingerprint.amount_minor,
        "currency": facts.fingerprint.currency.map(|currency| currency.to_string()),
        "installments": facts.installments,
        "cashback_minor": facts.cashback_minor,
        "merchant_category_code": facts.mcc.map(|mcc| format!("{mcc:04}")),
        "card_acceptor_id": facts.card_acceptor,
        "stand_in_reason": facts.stand_in_reason.map(|reason| reason.to_string()),
        "authorization_id": decided.original.map(|id| id.to_string()),
        "partial_minor": decided.answer.partial.map(|partial| partial.approved_minor),
        "merchant_advice_code": decided.answer.merchant_advice_code.map(|code| code.to_string()),
        "divergences": divergences(&decided.divergences),
        "control": decided.denial.as_deref().map(control),
        "limit_deltas_minor": listed(&decided.moves, decided.account),
        "related_limit_deltas_minor": related(&decided.moves, decided.account),
        "over_limit": over_limit(decided),
        "rules_version": decided.rules.to_string(),
    })
}

/// The flex control that denied, or would have.
pub(crate) fn control(denial: &ControlDenial) -> Value {
    json!({
        "control_id": denial.control.as_str(),
        "cause": denial.cause,
        "deny_code": denial.deny_code,
        "response_code": denial.response_code.map(|code| code.as_str().to_owned()),
        "custom_code": denial.custom_code.map(|code| code.as_str().to_owned()),
    })
}

/// How far above its limit an authorization found and left its account; null where it did neither.
fn over_limit(decided: &AuthorizationDecided) -> Option<Value> {
    let before = decided.limits_before?;
    let mut moves = decided.moves.iter();
    let moved = moves.find(|moved| Some(moved.account) == decided.account)?;
    let after = before.checked_apply(&moved.deltas)?;
    let used = [before, after].map(|limits| over_limit::used_minor(&limits));
    (used != [0, 0]).then(|| {
        let [before_minor, after_minor] = used;
        json!({
            "used_before_minor": before_minor,
            "used_minor": after_minor,
            "allowance_minor": over_limit::allowance_minor(&after),
        })
    })
}

/// What kind of event of its life an authorization record is (reference authorization-guides 3.6).
fn category(decided: &AuthorizationDecided) -> &'static str {
    match &decided.decision {
        Decision::Declined(_) => "DECLINED",
        Decision::Completed(_) => "CONFIRMATION",
        Decision::Approved(approval) if approval.increment_of().is_some() => "INCREMENTAL",
        Decision::Approved(_) => "AUTHORIZATION",
    }
}

/// What did not agree and was accepted, by name.
pub(crate) fn divergences(divergences: &[Divergence]) -> Value {
    let named = |divergence: &Divergence| match divergence {
        Divergence::OwnDecision(reason) => {
            json!({ "kind": divergence.as_str(), "reason": reason.as_str() })
        }
        other => json!({ "kind": other.as_str() }),
    };
    divergences.iter().map(named).collect()
}

/// What moved on the account that a record is listed under.
pub(crate) fn listed(moves: &[AccountMove], account: Option<AccountId>) -> Value {
    let own = moves.iter().find(|moved| Some(moved.account) == account);
    own.map_or_else(|| json!({}), |moved| deltas(&moved.deltas))
}

/// What moved on other accounts, by account.
pub(crate) fn related(moves: &[AccountMove], account: Option<AccountId>) -> Value {
    let others = moves.iter().filter(|moved| Some(moved.account) != account);
    let named = others.map(|moved| (moved.account.to_string(), deltas(&moved.deltas)));
    Value::Object(named.collect())
}

fn dropped_hold(dropped: &HoldDropped) -> Value {
    json!({
        "authorization_id": dropped.change.authorization.to_string(),
        "account_id": dropped.account.0,
        "expired": dropped.expired.to_string(),
        "limit_deltas_minor": listed(&dropped.moves, Some(dropped.account)),
        "related_limit_deltas_minor": related(&dropped.moves, Some(dropped.account)),
    })
}

fn file_action(decided: &FileActionDecided) -> Value {
    json!({
        "card_hash": decided.facts.key.card.to_string(),
        "network_id": decided.facts.key.network.0,
        "business_date": dated(decided.facts.business_date),
        "response_code": decided.answer.response_code.as_str(),
        "reason": decided.reason.map(rules::Reason::as_str),
        "status_before": decided.status_before,
        "status": decided.status,
    })
}

fn reversal(decided: &ReversalDecided) -> Value {
    json!({
        "result": decided.result.as_str(),
        "divergent": !decided.divergences.is_empty(),
        "divergences": divergences(&decided.divergences),
        "advice": decided.facts.advice,
        "response_code": decided.answer.response_code.as_str(),
        "reason": decided.reason().map(rules::Reason::as_str),
        "authorization_id": decided.original.map(|id| id.to_string()),
        "network_id": decided.facts.key.network.0,
        "card_hash": decided.facts.key.card.to_string(),
        "account_id": decided.account.map(|account| account.0),
        "stan": format!("{:06}", decided.facts.key.stan),
        "business_date": dated(decided.facts.business_date),
        "retrieval_reference_number": decided.facts.retrieval_reference,
        "remaining_minor": decided.remaining_minor,
        "processing_code": decided.processing_code.map(|code| code.as_str().to_owned()),
        "limit_deltas_minor": listed(&decided.moves, decided.account),
        "related_limit_deltas_minor": related(&decided.moves, decided.account),
        "rules_version": decided.rules.to_string(),
    })
}

pub(crate) fn transaction(posted: &TransactionPosted) -> Value {
    let posting = &posted.posting;
    let installment = posting.installment();
    json!({
        "account_id": posted.account.0,
        "authorization_id": posted.authorization.to_string(),
        "reversal_id": posted.reversal.map(|id| id.to_string()),
        "processing_code": posted.processing_code.as_str(),
        "transaction_type_id": posting.transaction_type_id,
        "credit": posting.credit,
        "amount_minor": posting.amount_minor,
        "currency": posted.currency.to_string(),
        "amount_key": posting.key.map(AmountKey::as_str),
        "custom_key": posting.custom_key().map(CustomKey::as_str),
        "installment": installment.map(|installment| installment.number),
        "number_of_installments": installment.map(|installment| installment.of),
        "due_date": installment.and_then(|installment| installment.due).map(|due| due.to_string()),
    })
}

/// What moved, by limit, minor units.
pub(crate) fn deltas(deltas: &rules::Deltas) -> Value {
    let moved = deltas
        .iter()
        .map(|(limit, delta)| (format!("{limit:?}"), json!(delta)));
    Value::Object(moved.collect())
}
