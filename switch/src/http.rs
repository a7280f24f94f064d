//! HTTP: health, metrics, reading the books, asking for a snapshot or an audit of them, operations, and clearings.
//!
//! Owns: the routes, and what the switch says of itself: health, metrics, links, totals, rules. Errors are problem+json.
//! Must never: change the books itself.
//!
//! What the books say is in `http/books`, and how what was decided looks in `http/messages`.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use axum::Router;
use axum::extract::{Path, Request, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use ledger::books::StoreError;
use ledger::runtime::Snapshots;
use metrics::gauge;
use metrics_exporter_prometheus::PrometheusHandle;
use serde_json::{Value, json};
use tower::ServiceExt as _;

use crate::audit::live::{self, Audits};
use crate::explain;
use crate::history;
use crate::server::Shared;
use crate::session::Purpose;
use crate::telemetry::{self, DroppedLines};
use crate::{clearings, controls, operations, purges, settings, snapshots, transfers};

mod books;
mod messages;
pub(crate) mod page;

pub(crate) use self::messages::message_json;

/// What the routes read.
#[derive(Debug)]
pub struct Context {
    /// Shared with the links.
    pub shared: Arc<Shared>,
    /// The metrics.
    pub metrics: PrometheusHandle,
    /// Bounds of the ledger's queues.
    pub bounds: settings::Ledger,
    /// Where snapshots of the books are asked for.
    pub snapshots: Snapshots,
    /// Whether requests are decided.
    pub ready: Arc<AtomicBool>,
    /// Log lines dropped.
    pub dropped_lines: DroppedLines,
    /// Where audits are asked for.
    pub audits: Audits,
}

/// What is served from the beginning: liveness, and everything of `routes` once they are set. Until then,
/// while the journal is replayed, the switch is alive and not ready.
pub fn site(routes: Arc<OnceLock<Router>>) -> Router {
    Router::new()
        .route("/health/live", get(|| async { "live\n" }))
        .fallback(async move |request: Request| match routes.get() {
            Some(routes) => routes.clone().oneshot(request).await.into_response(),
            None => problem(StatusCode::SERVICE_UNAVAILABLE, "the switch is starting"),
        })
}

/// The routes of a switch that has started.
pub fn routes(context: Arc<Context>) -> Router {
    Router::new()
        .route("/health/ready", get(ready))
        .route("/metrics", get(metrics_text))
        .route("/v1/books", get(books::books))
        .route("/v1/accounts/{account_id}", get(books::account))
        .route("/v1/accounts/{account_id}/messages", get(books::messages))
        .route(
            "/v1/accounts/{account_id}/flex-controls",
            get(controls::of_account),
        )
        .route("/v1/accounts/{account_id}/history", get(history::history))
        .route("/v1/messages/{message_id}", get(books::message))
        .route(
            "/v1/messages/{message_id}/explanation",
            get(explain::explanation),
        )
        .route("/v1/cards/search", post(books::card))
        .route("/v1/links", get(links))
        .route("/v1/totals", get(totals))
        .route("/v1/links/{link}/{request}", post(ask_link))
        .route("/v1/audits", post(live::audit).get(live::progress))
        .route("/v1/operations", post(operations::operate))
        .route("/v1/clearings", post(clearings::clear))
        .route("/v1/work-list", get(clearings::work_list))
        .route("/v1/transfers", get(transfers::open))
        .route("/v1/purges", get(purges::purges))
        .route("/v1/snapshots", post(snapshots::take))
        .route("/v1/rules", get(rules))
        .route("/v1/rules/reload", post(reload))
        .fallback(async || problem(StatusCode::NOT_FOUND, "there is no such resource"))
        .with_state(context)
}

/// An error as problem+json (RFC 9457).
pub(crate) fn problem(status: StatusCode, detail: &str) -> Response {
    let body = json!({
        "type": "about:blank",
        "title": status.canonical_reason(),
        "status": status.as_u16(),
        "detail": detail,
    });
    let kind = [(header::CONTENT_TYPE, "application/problem+json")];
    (status, kind, body.to_string()).into_response()
}

pub(crate) fn found(body: Result<Option<Value>, StoreError>) -> Response {
    match body {
        Ok(Some(body)) => axum::Json(body).into_response(),
        Ok(None) => problem(StatusCode::NOT_FOUND, "the books do not hold it"),
        Err(error) => {
            tracing::error!(%error, "the books could not be read");
            problem(
                StatusCode::INTERNAL_SERVER_ERROR,
                "the books could not be read",
            )
        }
    }
}

async fn ready(State(context): State<Arc<Context>>) -> Response {
    if context.ready.load(Ordering::Acquire) {
        return "ready\n".into_response();
    }
    problem(StatusCode::SERVICE_UNAVAILABLE, "the switch is ending")
}

async fn metrics_text(State(context): State<Arc<Context>>) -> String {
    let submitter = &context.shared.submitter;
    let durable = submitter.watermark().sequence();
    let bounds = context.bounds;
    let set = |name: &'static str, value: u64| gauge!(name).set(value as f64);
    set("switch_writer_queue_commands", submitter.waiting() as u64);
    set(
        "switch_writer_queue_commands_bound",
        bounds.queue_commands as u64,
    );
    set("switch_journal_sequence", durable);
    set(
        "switch_view_lag_batches",
        durable.saturating_sub(submitter.views().shown()),
    );
    set("switch_view_lag_batches_bound", bounds.view_lag_batches);
    set("switch_view_lag_records", submitter.lag_records());
    set("switch_view_lag_records_bound", bounds.view_lag_records);
    set("switch_snapshot_sequence", context.snapshots.newest());
    set("switch_books_sequence", submitter.views().in_books());
    set(
        "switch_connections_free",
        context.shared.admission.free() as u64,
    );
    set(
        "switch_connections_bound",
        context.shared.bounds.maximum_connections as u64,
    );
    telemetry::report_rules(&context.shared.rulebook);
    context.dropped_lines.report();
    let mut text = context.metrics.render();
    context.shared.links.write_metrics(&mut text);
    text
}

async fn links(State(context): State<Arc<Context>>) -> Response {
    axum::Json(context.shared.links.to_json()).into_response()
}

/// The totals of the last business days.
async fn totals(State(context): State<Arc<Context>>) -> Response {
    let rules = context.shared.rulebook.rules();
    let name = |id| {
        let network = rules.network(id);
        network.map_or_else(|| id.0.to_string(), |network| network.name.clone())
    };
    let shared = &context.shared.totals;
    axum::Json(shared.read(|totals| totals.to_json(&name))).into_response()
}

/// The rules in force and how the last reload ended.
async fn rules(State(context): State<Arc<Context>>) -> Response {
    let rulebook = &context.shared.rulebook;
    let last = rulebook.last_reload();
    axum::Json(json!({
        "version": rulebook.rules().version().to_string(),
        "in_force_since": last.in_force_since.to_string(),
        "last_reload": {
            "tried_at": last.tried_at.to_string(),
            "accepted": last.refused.is_none(),
            "refused_because": last.refused,
        },
    }))
    .into_response()
}

/// Reloads the rules; 422 with every error when they are not good.
async fn reload(State(context): State<Arc<Context>>) -> Response {
    let shared = Arc::clone(&context.shared);
    let reloaded = tokio::task::spawn_blocking(move || telemetry::reload(&shared.rulebook)).await;
    match reloaded {
        Ok(Ok(version)) => axum::Json(json!({ "version": version.to_string() })).into_response(),
        Ok(Err(error)) => problem(StatusCode::UNPROCESSABLE_ENTITY, &error.to_string()),
        Err(_) => problem(StatusCode::INTERNAL_SERVER_ERROR, "the reload was cut off"),
    }
}

/// Has a request of our own sent on a link: an echo, a sign-on or a sign-off. What comes of it stands in its status.
async fn ask_link(
    State(context): State<Arc<Context>>,
    Path((link, request)): Path<(u64, String)>,
) -> Response {
    let purpose = match request.as_str() {
        "echo" => Purpose::Echo,
        "sign-on" => Purpose::SignOn,
        "sign-off" => Purpose::SignOff,
        _ => {
            let expected = "a link can be asked for echo, sign-on or sign-off";
            return problem(StatusCode::NOT_FOUND, expected);
        }
    };
    match context.shared.links.ask(link, purpose) {
        Some(true) => StatusCode::ACCEPTED.into_response(),
        Some(false) => problem(StatusCode::CONFLICT, "the link is not open, or busy"),
        None => problem(StatusCode::NOT_FOUND, "there is no such link"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn status(site: &Router, path: &str) -> StatusCode {
        let request = Request::get(path).body(axum::body::Body::empty()).unwrap();
        site.clone().oneshot(request).await.unwrap().status()
    }

    #[tokio::test]
    async fn a_starting_switch_is_alive_and_not_ready() {
        let routes = Arc::new(OnceLock::new());
        let site = site(Arc::clone(&routes));
        assert_eq!(status(&site, "/health/live").await, StatusCode::OK);
        for path in ["/health/ready", "/v1/links", "/metrics"] {
            assert_eq!(
                status(&site, path).await,
                StatusCode::SERVICE_UNAVAILABLE,
                "{path}"
            );
        }
        let started = Router::new().route("/health/ready", get(|| async { "ready\n" }));
        routes.set(started).unwrap();
        assert_eq!(status(&site, "/health/ready").await, StatusCode::OK);
        assert_eq!(status(&site, "/v1/links").await, StatusCode::NOT_FOUND);
    }
}
