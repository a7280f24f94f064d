//! Event emission: what the journal holds, as JSON lines in `data/events/`.
//!
//! Owns: the event of each record ([`lines`]), the files they go to ([`EventFiles`]) and the reader that
//! brings them there ([`Emitter`]). An event exists exactly when its record is durable, bears the record's
//! id, and is written in journal order; batches that the journal let go before they were read are told as
//! one event of their own. Must never: be ahead of the watermark, or hold card secrets.

mod emitter;
mod files;

pub use emitter::{Emitter, follow};
pub use files::EventFiles;

use std::io;
use std::path::PathBuf;

use ledger::Record;
use ledger::authorization::{
    AuthorizationDecided, Clearing, Decision, Posting, ReversalDecided, TransactionPosted,
};
use ledger::identifiers::{RecordId, ShardId, Timestamp};
use ledger::journal::Batch;
use ledger::record::{Unreadable, records_of};
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
    for record in records_of(shard, batch) {
        let (id, record) = record?;
        if let Some(event) = event(id, batch.time, &record) {
            out.extend_from_slice(event.to_string().as_bytes());
            out.push(b'\n');
        }
    }
    Ok(())
}

/// The CloudEvents 1.0 envelope of a record; none for records that open entities.
fn event(id: RecordId, time: Timestamp, record: &Record) -> Option<Value> {
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
    let (approved, deltas, reason) = match &decided.decision {
        Decision::Approved(approval) => (true, deltas(&approval.deltas), None),
        Decision::Declined(reason) => (false, json!({}), Some(reason.as_str())),
    };
    json!({
        "approved": approved,
        "reason": reason,
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
        "retrieval_reference_number": facts.retrieval_reference,
        "processing_code": facts.processing_code.as_str(),
        "amount_minor": facts.fingerprint.amount_minor,
        "currency": facts.fingerprint.currency.map(|currency| currency.to_string()),
        "installments": facts.installments,
        "cashback_minor": facts.cashback_minor,
        "merchant_category_code": facts.mcc.map(|mcc| format!("{mcc:04}")),
        "card_acceptor_id": facts.card_acceptor,
        "limit_deltas_minor": deltas,
        "rules_version": decided.rules.to_string(),
    })
}

fn reversal(decided: &ReversalDecided) -> Value {
    json!({
        "result": match decided.result {
            ledger::authorization::ReversalResult::Reversed => "reversed",
            ledger::authorization::ReversalResult::NoEffect => "no_effect",
            ledger::authorization::ReversalResult::UnknownOriginal => "unknown_original",
            ledger::authorization::ReversalResult::AmountMismatch => "amount_mismatch",
            ledger::authorization::ReversalResult::MatchConflict => "match_conflict",
        },
        "divergent": decided.divergent,
        "advice": decided.facts.advice,
        "response_code": decided.answer.response_code.as_str(),
        "reason": decided.reason().map(rules::Reason::as_str),
        "authorization_id": decided.original.map(|id| id.to_string()),
        "network_id": decided.facts.key.network.0,
        "card_hash": decided.facts.key.card.to_string(),
        "account_id": decided.account.map(|account| account.0),
        "stan": format!("{:06}", decided.facts.key.stan),
        "retrieval_reference_number": decided.facts.retrieval_reference,
        "remaining_minor": decided.remaining_minor,
        "limit_deltas_minor": deltas(&decided.deltas),
        "rules_version": decided.rules.to_string(),
    })
}

fn transaction(posted: &TransactionPosted) -> Value {
    let Posting {
        transaction_type_id,
        credit,
        amount_minor,
    } = posted.posting;
    json!({
        "account_id": posted.account.0,
        "authorization_id": posted.authorization.to_string(),
        "reversal_id": posted.reversal.map(|id| id.to_string()),
        "processing_code": posted.processing_code.as_str(),
        "transaction_type_id": transaction_type_id,
        "credit": credit,
        "amount_minor": amount_minor,
        "currency": posted.currency.to_string(),
    })
}

/// What moved, by limit, minor units.
pub(crate) fn deltas(deltas: &rules::Deltas) -> Value {
    let moved = deltas
        .iter()
        .map(|(limit, delta)| (format!("{limit:?}"), json!(delta)));
    Value::Object(moved.collect())
}
