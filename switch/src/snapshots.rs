//! `POST /v1/snapshots`: takes a snapshot of the books.
//!
//! Owns: the question and its answer, which is what `switch backup` copies by. Must never: keep a thread of
//! HTTP waiting, or answer before the snapshot is durable.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use ledger::books::rows::Table;
use ledger::snapshot::SnapshotError;
use ledger::snapshot::files::Taken;
use serde_json::{Value, json};

use crate::http::{Context, problem};

/// Takes a snapshot; 503 while another request waits for one or the switch is ending.
pub(crate) async fn take(State(context): State<Arc<Context>>) -> Response {
    let (sender, taken) = tokio::sync::oneshot::channel();
    let reply = Box::new(move |result| {
        // Who asked may have gone; the snapshot stays.
        drop(sender.send(result));
    });
    if context.snapshots.request(reply).is_err() {
        let detail = "somebody else waits for a snapshot, or the switch is ending";
        return problem(StatusCode::SERVICE_UNAVAILABLE, detail);
    }
    match taken.await {
        Ok(Ok(taken)) => {
            // Everything the snapshot reflects was durable before, so this is not behind it.
            let durable = context.shared.submitter.watermark().sequence();
            axum::Json(body(&taken, durable)).into_response()
        }
        Ok(Err(SnapshotError::Ending)) | Err(_) => {
            problem(StatusCode::SERVICE_UNAVAILABLE, "the switch is ending")
        }
        Ok(Err(error)) => {
            let detail = format!("no snapshot was taken: {error}");
            problem(StatusCode::INTERNAL_SERVER_ERROR, &detail)
        }
    }
}

fn body(taken: &Taken, durable: u64) -> Value {
    let rows = Table::ROWS.iter().zip(taken.footer.rows);
    let rows = rows.map(|(table, rows)| (table.name().to_owned(), json!(rows)));
    json!({
        "file": taken.file,
        "from_sequence": taken.header.from,
        "through_sequence": taken.footer.through.sequence,
        "durable_sequence": durable,
        "bytes": taken.bytes,
        "rows": Value::Object(rows.collect()),
    })
}
