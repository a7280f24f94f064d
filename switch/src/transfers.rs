//! `GET /v1/transfers`: the transfers that are on their way.
//!
//! Owns: how they are listed, and where a transfer is. Must never: carry one on; the ledger does.

use std::sync::Arc;

use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::Response;
use ledger::books::rows::StoredMessage;
use ledger::books::{SledStore, StoreError, Views};
use ledger::identifiers::RecordId;
use serde_json::{Value, json};

use crate::http::page::PageAfter;
use crate::http::{self, Context, problem};

/// The transfers whose intent is open, the oldest first.
pub(crate) async fn open(
    State(context): State<Arc<Context>>,
    Query(page): Query<PageAfter>,
) -> Response {
    let (after, limit) = match page.asked() {
        Ok(asked) => asked,
        Err(detail) => return problem(StatusCode::BAD_REQUEST, &detail),
    };
    let views = context.shared.submitter.views();
    http::found(listed(views, after, limit).map(Some))
}

fn listed(
    views: &Views<SledStore>,
    after: Option<RecordId>,
    limit: usize,
) -> Result<Value, StoreError> {
    let open = views.open_transfers(after, limit)?;
    let next = open.last().filter(|_| open.len() == limit);
    let mut shown = Vec::with_capacity(open.len());
    for message in &open {
        shown.push(with_whereabouts(views, message)?);
    }
    Ok(json!({
        "transfers": shown,
        "next_after": next.map(|message| message.id.to_string()),
    }))
}

/// A message as it is shown, with where the transfer is that it began.
pub(crate) fn with_whereabouts(
    views: &Views<SledStore>,
    message: &StoredMessage,
) -> Result<Value, StoreError> {
    let mut shown = http::message_json(message);
    if let Some(whereabouts) = views.whereabouts(message)? {
        let (said_by, refused) = whereabouts.said_by();
        shown["transfer"]["status"] = json!(whereabouts.as_str());
        shown["transfer"]["said_by"] = json!(said_by.map(|id| id.to_string()));
        shown["transfer"]["refused"] = json!(refused);
    }
    Ok(shown)
}
