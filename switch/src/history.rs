//! `GET /v1/accounts/{account_id}/history`: what was decided on an account, with what it posted.
//!
//! Owns: the pages, their JSON and how it looks to people. Must never: read more rows than a page has.

use std::fmt::Write as _;
use std::sync::Arc;

use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::Response;
use ledger::authorization::TransactionPosted;
use ledger::books::history::Entry;
use ledger::books::{SledStore, StoreError, Views};
use ledger::identifiers::RecordId;
use rules::AccountId;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::events;
use crate::http::{Context, found, message_json, page, problem};
use crate::purges;

/// Which page.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Page {
    /// What the page before gave as its next cursor.
    cursor: Option<String>,
    /// At most so many entries, up to 1000.
    #[serde(default = "default_limit")]
    limit: usize,
}

fn default_limit() -> usize {
    DEFAULT_LIMIT
}

/// Entries of a page when nothing is said.
pub const DEFAULT_LIMIT: usize = 50;

pub(crate) async fn history(
    State(context): State<Arc<Context>>,
    Path(id): Path<u64>,
    Query(page): Query<Page>,
) -> Response {
    let (cursor, limit) = match page::asked("cursor", page.cursor, page.limit) {
        Ok(asked) => asked,
        Err(detail) => return problem(StatusCode::BAD_REQUEST, &detail),
    };
    let views = context.shared.submitter.views();
    found(page_json(views, AccountId(id), cursor, limit))
}

fn page_json(
    views: &Views<SledStore>,
    account: AccountId,
    cursor: Option<RecordId>,
    limit: usize,
) -> Result<Option<Value>, StoreError> {
    let Some(latest) = views.account(account)?.map(|account| account.latest) else {
        return Ok(None);
    };
    let entries = views.history(account, cursor, limit)?;
    // A page goes on where its last entry follows another.
    let purged = views.purged()?;
    let last = entries.last().map(|entry| &entry.message);
    let before = last.and_then(|message| message.previous(account));
    let before = if last.is_none() { latest } else { before };
    let is_gone = before.is_some_and(|before| purged.includes(before));
    let more = last.filter(|_| before.is_some() && !is_gone);
    Ok(Some(json!({
        "account_id": account.0,
        "entries": entries.iter().map(entry_json).collect::<Vec<_>>(),
        "next_cursor": more.map(|message| message.id.to_string()),
        "purged": is_gone.then(|| purges::told(&purged)),
    })))
}

fn entry_json(entry: &Entry) -> Value {
    let mut shown = message_json(&entry.message);
    let transactions = entry.transactions.iter();
    let transactions: Vec<Value> = transactions
        .map(|(id, posted)| transaction_json(*id, posted))
        .collect();
    shown["transactions"] = transactions.into();
    shown
}

fn transaction_json(id: RecordId, posted: &TransactionPosted) -> Value {
    let mut shown = events::transaction(posted);
    shown["id"] = json!(id.to_string());
    shown
}

/// A page for people: a line per decision, and below it one per transaction.
#[must_use]
pub fn to_text(page: &Value) -> String {
    let mut text = String::new();
    let entries = page["entries"].as_array().map_or(&[][..], Vec::as_slice);
    for entry in entries {
        let said = |key: &str| match &entry[key] {
            Value::Null => "-".to_owned(),
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        // Writing into a string cannot fail.
        let _infallible = writeln!(
            text,
            "{}  {:<16} {:<13} {:<3} {:>12} {:<4} {}",
            said("time"),
            said("id"),
            said("kind"),
            said("response_code"),
            said("amount_minor"),
            said("currency"),
            said("status")
        );
        let transactions = entry["transactions"].as_array();
        for posted in transactions.map_or(&[][..], Vec::as_slice) {
            let way = if posted["credit"] == true {
                "credit"
            } else {
                "debit"
            };
            let _infallible = writeln!(
                text,
                "    posted {} type {}: {way} of {} on account {}{}",
                posted["id"].as_str().unwrap_or_default(),
                posted["transaction_type_id"],
                posted["amount_minor"],
                posted["account_id"],
                which_amount(posted)
            );
        }
    }
    match page["next_cursor"].as_str() {
        Some(cursor) => {
            let _infallible = writeln!(text, "more: --cursor {cursor}");
        }
        None => match page["purged"]["ordered_before"].as_str() {
            Some(line) => {
                let _infallible = writeln!(text, "older decisions were purged: before {line}");
            }
            None => text.push_str("no more\n"),
        },
    }
    text
}

/// Which amount of its operation a transaction is, for people; nothing where it was not recorded.
fn which_amount(posted: &Value) -> String {
    let mut text = String::new();
    if let Some(key) = posted["amount_key"].as_str() {
        text.push_str(&format!(", {key}"));
    }
    if let Some(custom) = posted["custom_key"].as_str() {
        text.push_str(&format!(" {custom}"));
    }
    if let Some(number) = posted["installment"].as_u64() {
        let of = &posted["number_of_installments"];
        text.push_str(&format!(" {number} of {of}"));
    }
    if let Some(due) = posted["due_date"].as_str() {
        text.push_str(&format!(", due {due}"));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_has_a_line_per_decision_and_transaction() {
        let page = json!({
            "entries": [{
                "time": "2026-01-02T03:04:05.000006Z", "id": "0-7-1", "kind": "authorization",
                "response_code": "00", "amount_minor": 1250, "currency": "840", "status": "PROCESSED",
                "transactions": [
                    { "id": "0-7-2", "transaction_type_id": 3, "credit": false, "amount_minor": 1250,
                      "account_id": 9 },
                    { "id": "0-7-3", "transaction_type_id": 4, "credit": false, "amount_minor": 25,
                      "account_id": 9, "amount_key": "OTHER", "custom_key": "transaction_fee" },
                    { "id": "0-7-4", "transaction_type_id": 5, "credit": true, "amount_minor": 100,
                      "account_id": 9, "amount_key": "INSTALLMENT", "installment": 2,
                      "number_of_installments": 3, "due_date": "2026-02-28" },
                ],
            }],
            "next_cursor": "0-7-1",
        });
        let expected = "2026-01-02T03:04:05.000006Z  0-7-1            authorization 00          1250 840  PROCESSED\n    \
            posted 0-7-2 type 3: debit of 1250 on account 9\n    \
            posted 0-7-3 type 4: debit of 25 on account 9, OTHER transaction_fee\n    \
            posted 0-7-4 type 5: credit of 100 on account 9, INSTALLMENT 2 of 3, due 2026-02-28\nmore: --cursor 0-7-1\n";
        assert_eq!(to_text(&page), expected);
        assert_eq!(to_text(&json!({})), "no more\n");
        let purged = json!({ "purged": { "ordered_before": "2026-01-02T00:00:00.000000Z" } });
        let expected = "older decisions were purged: before 2026-01-02T00:00:00.000000Z\n";
        assert_eq!(to_text(&purged), expected);
    }
}
