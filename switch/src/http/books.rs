//! The books over HTTP: accounts, cards, and what was decided.
//!
//! Owns: what is read of them for an answer, and how accounts and cards look. Must never: change anything, or show more
//! of a card than its masked number.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use codec::Pan;
use ledger::books::{SledStore, StoreError, Views};
use ledger::entities::{Account, Card, CardMode};
use ledger::identifiers::RecordId;
use ledger::over_limit::{self, Crossing, Excursion};
use rules::AccountId;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Context, found, message_json, page, problem};
use crate::{controls, purges, transfers};

/// How far the journal, what readers see, and the books on disk are.
pub(super) async fn books(State(context): State<Arc<Context>>) -> Response {
    let submitter = &context.shared.submitter;
    axum::Json(json!({
        "journal_sequence": submitter.watermark().sequence(),
        "shown_sequence": submitter.views().shown(),
        "books_sequence": submitter.views().in_books(),
    }))
    .into_response()
}

pub(super) async fn account(State(context): State<Arc<Context>>, Path(id): Path<u64>) -> Response {
    found(shown_account(
        context.shared.submitter.views(),
        AccountId(id),
    ))
}

/// Newest records of an account among which its excursions over the limit are looked for.
const EXCURSION_RECORDS: usize = 1000;

fn shown_account(views: &Views<SledStore>, id: AccountId) -> Result<Option<Value>, StoreError> {
    let Some(account) = views.account(id)? else {
        return Ok(None);
    };
    let excursions = views.excursions_of(&account, EXCURSION_RECORDS)?;
    let mut shown = account_json(&account);
    shown["over_limit"] = json!({
        "used_minor": over_limit::used_minor(&account.limits),
        "allowance_minor": over_limit::allowance_minor(&account.limits),
        "excursions": excursions.iter().map(excursion_json).collect::<Vec<_>>(),
    });
    Ok(Some(shown))
}

fn account_json(account: &Account) -> Value {
    json!({
        "account_id": account.id.0,
        "program_id": account.program.0,
        "owner_customer_id": account.owner.0,
        "holder_customer_ids": account.holders.iter().map(|holder| holder.0).collect::<Vec<_>>(),
        "parent_account_id": account.parent.map(|parent| parent.0),
        "status": account.status,
        "status_reason_id": account.status_reason,
        "currency": account.currency.to_string(),
        "limits_minor": account.limits,
        "ledger_balance_minor": account.ledger_balance(),
        "available_balance_minor": account.available_balance(),
        "latest_message_id": account.latest.map(|id| id.to_string()),
        "reflects": account.reflects.to_string(),
    })
}

fn excursion_json(excursion: &Excursion) -> Value {
    json!({
        "entered": excursion.entered.as_ref().map(crossing_json),
        "most_used_minor": excursion.most_used_minor,
        "left": excursion.left.as_ref().map(crossing_json),
    })
}

fn crossing_json(crossing: &Crossing) -> Value {
    json!({
        "record_id": crossing.record.to_string(),
        "authorization_id": crossing.authorization.map(|id| id.to_string()),
        "time": crossing.time.to_string(),
        "moved_minor": crossing.moved_minor,
        "available_minor": crossing.available_minor,
        "used_minor": crossing.used_minor,
        "allowance_minor": crossing.allowance_minor,
    })
}

/// Finds a card by its PAN, which stays out of URLs and so out of logs.
pub(super) async fn card(State(context): State<Arc<Context>>, body: Bytes) -> Response {
    // The error of the parser could quote the PAN, so it is not passed on.
    let search = serde_json::from_slice::<Value>(&body).unwrap_or_default();
    let Some(pan) = search["pan"].as_str().and_then(|pan| Pan::parse(pan).ok()) else {
        let detail = r#"expected {"pan": "12 to 19 digits"}"#;
        return problem(StatusCode::BAD_REQUEST, detail);
    };
    let shared = &context.shared;
    let views = shared.submitter.views();
    let rules = shared.rulebook.rules();
    let card = views.card(&shared.vault.hash(&pan));
    found(card.and_then(|card| {
        let Some(card) = card else { return Ok(None) };
        let mut shown = card_json(&card);
        shown["flex_controls"] = controls::of_card(&rules, views, &card)?;
        Ok(Some(shown))
    }))
}

fn card_json(card: &Card) -> Value {
    let accounts = match card.facts.mode {
        CardMode::Single(account) => json!([{ "account_id": account.0 }]),
        CardMode::Combo { credit, debit } => json!([
            { "account_id": credit.0, "mode": "credit" },
            { "account_id": debit.0, "mode": "debit" },
        ]),
    };
    json!({
        "pan": card.masked_pan,
        "card_hash": card.hash.to_string(),
        "expiry": format!("{:04}", u16::from(card.facts.expiry)),
        "status": card.facts.status,
        "holder_customer_id": card.facts.holder.0,
        "accounts": accounts,
    })
}

/// Which messages of an account.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Page {
    /// Only those decided before this message.
    before: Option<String>,
    /// At most so many, up to 1000.
    #[serde(default = "page::default_limit")]
    limit: usize,
}

pub(super) async fn messages(
    State(context): State<Arc<Context>>,
    Path(id): Path<u64>,
    Query(page): Query<Page>,
) -> Response {
    let (before, limit) = match page::asked("before", page.before, page.limit) {
        Ok(asked) => asked,
        Err(detail) => return problem(StatusCode::BAD_REQUEST, &detail),
    };
    let views = context.shared.submitter.views();
    found(messages_json(views, AccountId(id), before, limit))
}

fn messages_json(
    views: &Views<SledStore>,
    account: AccountId,
    before: Option<RecordId>,
    limit: usize,
) -> Result<Option<Value>, StoreError> {
    if views.account(account)?.is_none() {
        return Ok(None);
    }
    let messages = views.messages_of(account, before, limit)?;
    // A full page may have a next one, which begins before its last message.
    let next = messages.last().filter(|_| messages.len() == limit);
    Ok(Some(json!({
        "items": messages.iter().map(message_json).collect::<Vec<_>>(),
        "next_before": next.map(|message| message.id.to_string()),
    })))
}

pub(super) async fn message(
    State(context): State<Arc<Context>>,
    Path(id): Path<String>,
) -> Response {
    let Ok(id) = id.parse() else {
        return problem(
            StatusCode::BAD_REQUEST,
            "expected a message id such as 0-1234-5",
        );
    };
    let views = context.shared.submitter.views();
    let shown = |message| transfers::with_whereabouts(views, &message);
    match views.message(id) {
        Ok(None) if let Some(gone) = purges::gone(views, id) => gone,
        message => found(message.and_then(|message| message.map(shown).transpose())),
    }
}
