//! Clearings over HTTP: `POST /v1/clearings` takes records of a clearing file, `GET /v1/work-list` shows what waits.
//!
//! Owns: how records arrive as JSON, their way to the ledger and back, and how their outcomes look. File and number
//! of a record make it safe to send again. Must never: answer before a record is durable, or echo a card number.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Bytes;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use codec::Pan;
use ledger::Durable;
use ledger::authorization::{
    AcquirerReference, ApprovalCode, ClearingFacts, ClearingKey, ClearingKind, NetworkReference,
    TrackingId,
};
use ledger::books::{SledStore, StoreError, Views};
use ledger::command::{ClearedAs, Command, LOOKUP_GOOD_US, Outcome, Submission, Undecided};
use ledger::identifiers::RecordId;
use ledger::runtime::{Submitter, now};
use rules::{AccountType, ClearingAction, Currency, NetworkId, ProcessingCode};
use serde::{Deserialize, Deserializer};
use serde_json::{Value, json};
use tokio::sync::oneshot;
use zeroize::Zeroizing;

use crate::card_vault::CardVault;
use crate::http::page::PageAfter;
use crate::http::{self, Context, problem};
use crate::operations::OperatorTicket;
use crate::server::SwitchTicket;

/// How long a record is waited for.
const PATIENCE: Duration = Duration::from_secs(10);

/// Most records of one request.
pub(crate) const MOST_RECORDS: usize = 256;

/// Records of one clearing file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Records {
    file_id: TrackingId,
    network_id: u8,
    records: Vec<Record>,
}

/// A record as it arrives.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Record {
    record: u32,
    kind: ClearingKind,
    #[serde(deserialize_with = "zeroized")]
    pan: Zeroizing<String>,
    /// Six digits of DE3.
    processing_code: String,
    amount_minor: i64,
    currency: Currency,
    billing_minor: Option<i64>,
    billing_currency: Option<Currency>,
    fee_minor: Option<i64>,
    mcc: Option<u16>,
    installments: Option<u8>,
    #[serde(rename = "final")]
    is_final: bool,
    processing_date: Option<u16>,
    network_reference: Option<String>,
    approval_code: Option<String>,
    retrieval_reference: Option<String>,
    acquirer_reference: Option<String>,
    card_acceptor: Option<String>,
}

fn zeroized<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Zeroizing<String>, D::Error> {
    String::deserialize(deserializer).map(Zeroizing::new)
}

type Heard = Result<Durable<Outcome>, Undecided>;

/// Takes records, each for itself; answers when all of them are durable.
pub(crate) async fn clear(State(context): State<Arc<Context>>, body: Bytes) -> Response {
    let records: Records = match serde_json::from_slice(&body) {
        Ok(records) => records,
        // The error of the parser names a place, and quotes at most a value of the wrong type.
        Err(error) => return problem(StatusCode::BAD_REQUEST, &unquoted(&error)),
    };
    if records.records.len() > MOST_RECORDS {
        let detail = format!("expected at most {MOST_RECORDS} records");
        return problem(StatusCode::BAD_REQUEST, &detail);
    }
    let shared = Arc::clone(&context.shared);
    let submitted = tokio::task::spawn_blocking(move || {
        let submit = |record| submit(&shared.submitter, read(&records, record, &shared.vault)?);
        let records = records.records.iter();
        records
            .map(|record| (record.record, submit(record)))
            .collect::<Vec<_>>()
    });
    let Ok(submitted) = submitted.await else {
        return problem(
            StatusCode::INTERNAL_SERVER_ERROR,
            "the records were cut off",
        );
    };
    let mut results = Vec::with_capacity(submitted.len());
    for (number, receiver) in submitted {
        let mut result = match receiver {
            Ok(receiver) => heard(tokio::time::timeout(PATIENCE, receiver).await.ok()),
            Err(refused) => refused,
        };
        result["record"] = json!(number);
        results.push(result);
    }
    axum::Json(json!({ "results": results })).into_response()
}

/// What is wrong with a body, without any value of it.
fn unquoted(error: &serde_json::Error) -> String {
    format!(
        "not the records of a clearing file: column {}",
        error.column()
    )
}

/// Looks up what deciding a record needs and hands it to the writer, waiting for books and room.
fn submit(
    submitter: &Submitter<SwitchTicket>,
    facts: ClearingFacts,
) -> Result<oneshot::Receiver<Heard>, Value> {
    let unknown = |reason: String| json!({ "undecided": reason });
    submitter.wait_for_books();
    let deadline = Some(now().plus_us(LOOKUP_GOOD_US));
    let mut command = Command::Clear {
        facts: Box::new(facts),
        stored: Vec::new(),
    };
    let stored = submitter.views().related(command.lookups());
    command.attach(stored.map_err(|error| unknown(error.to_string()))?);
    let (ticket, receiver) = OperatorTicket::new();
    let submission = Submission {
        command,
        deadline,
        ticket: SwitchTicket::Operator(ticket),
    };
    match submitter.submit_waiting(submission) {
        Ok(()) => Ok(receiver),
        Err(_) => Err(unknown("the switch is ending".to_owned())),
    }
}

/// The result of a record that was waited for.
fn heard(heard: Option<Result<Heard, oneshot::error::RecvError>>) -> Value {
    match heard {
        Some(Ok(Ok(outcome))) => match outcome.get() {
            Outcome::Cleared(cleared) => result(cleared),
            Outcome::OtherClearing => json!({
                "error": "the file had other contents under this number before",
            }),
            Outcome::Decided(_)
            | Outcome::Acknowledged(_)
            | Outcome::Dropped(_)
            | Outcome::Purged(_)
            | Outcome::Done(_)
            | Outcome::Refused(_)
            | Outcome::Created
            | Outcome::Rejected(_) => json!({ "error": "the outcome is of another command" }),
        },
        Some(Ok(Err(undecided))) => json!({ "undecided": undecided.reason.as_str() }),
        Some(Err(_)) | None => json!({ "undecided": "the outcome is not known yet" }),
    }
}

fn result(cleared: &ClearedAs) -> Value {
    json!({
        "id": cleared.id.to_string(),
        "result": match cleared.verdict {
            ClearingAction::Post => "posted",
            ClearingAction::Hold => "held",
            ClearingAction::Reject => "rejected",
        },
        "reasons": cleared.reasons,
        "repeat": cleared.repeat,
    })
}

/// Reads a record; the error names the field and never the card.
fn read(records: &Records, record: &Record, vault: &CardVault) -> Result<ClearingFacts, Value> {
    let wrong = |field: &str| json!({ "error": format!("{field}: not what is expected") });
    let pan = Pan::parse(&record.pan).or(Err(wrong("pan")))?;
    let code = &record.processing_code;
    let account_type = |range| code.get(range).and_then(AccountType::parse);
    let own: Option<ProcessingCode> = code.get(..2).and_then(|code| code.parse().ok());
    let approval = |text: &str| text.as_bytes().try_into().ok().map(ApprovalCode);
    let optional = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
    Ok(ClearingFacts {
        key: ClearingKey {
            file: records.file_id.clone(),
            record: record.record,
        },
        network: NetworkId(records.network_id),
        card: vault.hash(&pan),
        kind: record.kind,
        processing_code: own
            .filter(|_| code.len() == 6)
            .ok_or_else(|| wrong("processing_code"))?,
        from_account: account_type(2..4).ok_or_else(|| wrong("processing_code"))?,
        to_account: account_type(4..6).ok_or_else(|| wrong("processing_code"))?,
        amount_minor: Some(record.amount_minor)
            .filter(|minor| *minor >= 0)
            .ok_or_else(|| wrong("amount_minor"))?,
        currency: record.currency,
        billing: record.billing_minor.zip(record.billing_currency),
        fee_minor: record.fee_minor,
        mcc: record.mcc,
        installments: record.installments.unwrap_or(1).max(1),
        is_final: record.is_final,
        processing_date: record.processing_date,
        network_reference: named(&record.network_reference, NetworkReference::new)
            .ok_or_else(|| wrong("network_reference"))?,
        approval_code: named(&record.approval_code, approval)
            .ok_or_else(|| wrong("approval_code"))?,
        retrieval_reference: optional(&record.retrieval_reference),
        acquirer_reference: named(&record.acquirer_reference, AcquirerReference::new)
            .ok_or_else(|| wrong("acquirer_reference"))?,
        card_acceptor: optional(&record.card_acceptor),
    })
}

/// A name that may be missing; `None` for one that cannot be read.
fn named<T>(text: &Option<String>, read: impl FnOnce(&str) -> Option<T>) -> Option<Option<T>> {
    match text.as_deref().filter(|text| !text.is_empty()) {
        None => Some(None),
        Some(text) => read(text).map(Some),
    }
}

/// The clearings that wait, the oldest first.
pub(crate) async fn work_list(
    State(context): State<Arc<Context>>,
    Query(page): Query<PageAfter>,
) -> Response {
    let (after, limit) = match page.asked() {
        Ok(asked) => asked,
        Err(detail) => return problem(StatusCode::BAD_REQUEST, &detail),
    };
    http::found(items(context.shared.submitter.views(), after, limit))
}

fn items(
    views: &Views<SledStore>,
    after: Option<RecordId>,
    limit: usize,
) -> Result<Option<Value>, StoreError> {
    let items = views.work_list(after, limit)?;
    let next = items.last().filter(|_| items.len() == limit);
    let shown = items.iter().map(|message| {
        let mut item = http::message_json(message);
        if let Some(decided) = message.item() {
            item["item"] = json!(decided.facts.key.to_string());
        }
        item
    });
    Ok(Some(json!({
        "items": shown.collect::<Vec<_>>(),
        "next_after": next.map(|message| message.id.to_string()),
    })))
}
