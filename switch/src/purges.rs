//! `GET /v1/purges`: how far the history is purged, and what stays of what is older than the line.
//!
//! Owns: how that is told, and the answer for a decision that is gone. Must never: purge; the ledger does.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use ledger::books::{BookStore, StoreError, Views};
use ledger::identifiers::RecordId;
use ledger::purge::Purged;
use serde_json::{Value, json};

use crate::http::{Context, found, problem};

pub(crate) async fn purges(State(context): State<Arc<Context>>) -> Response {
    let views = context.shared.submitter.views();
    found(shown(views).map(Some))
}

fn shown<S: BookStore>(views: &Views<S>) -> Result<Value, StoreError> {
    let mut shown = told(&views.purged()?);
    shown["held_back_by"] = match views.kept_from_purging()? {
        Some((id, why)) => json!({ "id": id.to_string(), "because": why }),
        None => Value::Null,
    };
    Ok(shown)
}

/// How far the history is purged.
pub(crate) fn told(purged: &Purged) -> Value {
    let anything = purged.messages > 0;
    json!({
        "ordered_before": (purged.line.0 > 0).then(|| purged.line.to_string()),
        "through": anything.then(|| purged.through.to_string()),
        "decisions": purged.messages,
        "transactions": purged.transactions,
    })
}

/// What is answered of a record that left the books; `None` where it did not.
pub(crate) fn gone<S: BookStore>(views: &Views<S>, id: RecordId) -> Option<Response> {
    let purged = views.purged().ok()?;
    purged.includes(id).then(|| {
        let line = purged.line;
        let detail = format!(
            "record {id} is gone: the history before {line} is being purged, and it left the books"
        );
        problem(StatusCode::GONE, &detail)
    })
}
