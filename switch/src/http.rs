//! HTTP: health, metrics, reading the books, asking for a snapshot or an audit of them, operations, and clearings.
//!
//! Owns: the routes and the JSON they answer. Errors are problem+json. Must never: change the books itself,
//! or show more of a card than its masked number.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, Query, Request, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use codec::Pan;
use ledger::authorization::{
    AuthorizationDecided, ClearingDecided, HoldDropped, ReversalDecided, Standing,
};
use ledger::books::rows::{MessageBody, StoredMessage};
use ledger::books::{SledStore, StoreError, Views};
use ledger::entities::{Account, Card, CardMode};
use ledger::identifiers::RecordId;
use ledger::operation::OperationDone;
use ledger::over_limit::{self, Crossing, Excursion};
use ledger::runtime::Snapshots;
use metrics::gauge;
use metrics_exporter_prometheus::PrometheusHandle;
use rules::AccountId;
use serde::Deserialize;
use serde_json::{Value, json};
use tower::ServiceExt as _;

use crate::audit::live::{self, Audits};
use crate::events;
use crate::explain;
use crate::history;
use crate::server::Shared;
use crate::session::Purpose;
use crate::telemetry::{self, DroppedLines};
use crate::{clearings, controls, operations, purges, settings, snapshots, transfers};

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
        .route("/v1/books", get(books))
        .route("/v1/accounts/{account_id}", get(account))
        .route("/v1/accounts/{account_id}/messages", get(messages))
        .route(
            "/v1/accounts/{account_id}/flex-controls",
            get(controls::of_account),
        )
        .route("/v1/accounts/{account_id}/history", get(history::history))
        .route("/v1/messages/{message_id}", get(message))
        .route(
            "/v1/messages/{message_id}/explanation",
            get(explain::explanation),
        )
        .route("/v1/cards/search", post(card))
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

/// How far the journal, what readers see, and the books on disk are.
async fn books(State(context): State<Arc<Context>>) -> Response {
    let submitter = &context.shared.submitter;
    axum::Json(json!({
        "journal_sequence": submitter.watermark().sequence(),
        "shown_sequence": submitter.views().shown(),
        "books_sequence": submitter.views().in_books(),
    }))
    .into_response()
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

/// Finds a card by its PAN, which stays out of URLs and so out of logs.
async fn card(State(context): State<Arc<Context>>, body: Bytes) -> Response {
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

async fn account(State(context): State<Arc<Context>>, Path(id): Path<u64>) -> Response {
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

/// Which messages of an account.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Page {
    /// Only those decided before this message.
    before: Option<String>,
    /// At most so many, up to 1000.
    #[serde(default = "default_limit")]
    limit: usize,
}

pub(crate) fn default_limit() -> usize {
    100
}

/// Most messages of one answer.
pub(crate) const MAXIMUM_LIMIT: usize = 1000;

async fn messages(
    State(context): State<Arc<Context>>,
    Path(id): Path<u64>,
    Query(page): Query<Page>,
) -> Response {
    let before = match page
        .before
        .map(|before| before.parse::<RecordId>())
        .transpose()
    {
        Ok(before) => before,
        Err(error) => {
            return problem(
                StatusCode::BAD_REQUEST,
                &format!("parameter before: {error}"),
            );
        }
    };
    if page.limit == 0 || page.limit > MAXIMUM_LIMIT {
        return problem(
            StatusCode::BAD_REQUEST,
            "parameter limit: expected 1 to 1000",
        );
    }
    let views = context.shared.submitter.views();
    found(messages_json(views, AccountId(id), before, page.limit))
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

async fn message(State(context): State<Arc<Context>>, Path(id): Path<String>) -> Response {
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

pub(crate) fn message_json(message: &StoredMessage) -> Value {
    let mut body = match &message.body {
        MessageBody::Authorization {
            decided,
            standing,
            acknowledged,
        } => {
            let mut body = authorization_json(decided, standing.as_ref());
            body["acknowledged"] = json!(acknowledged.map(|time| time.to_string()));
            body
        }
        MessageBody::Reversal { decided, restored } => {
            let mut body = reversal_json(decided);
            body["restored"] = json!(restored);
            body
        }
        MessageBody::Dropped(dropped) => dropped_json(dropped),
        MessageBody::FileAction(decided) => json!({
            "kind": "file_action",
            "response_code": decided.answer.response_code.as_str(),
            "reason": decided.reason.map(rules::Reason::as_str),
            "status_before": decided.status_before,
            "status": decided.status,
            "rules_version": decided.rules.to_string(),
        }),
        MessageBody::Operation { done, standing } => operation_json(done, standing.as_ref()),
        MessageBody::Clearing {
            decided,
            standing,
            settled,
        } => clearing_json(decided, standing.as_ref(), *settled),
    };
    if let Value::Object(body) = &mut body {
        body.insert("id".to_owned(), json!(message.id.to_string()));
        body.insert("time".to_owned(), json!(message.time.to_string()));
    }
    body
}

fn dropped_json(dropped: &HoldDropped) -> Value {
    json!({
        "kind": "drop",
        "account_id": dropped.account.0,
        "authorization_id": dropped.change.authorization.to_string(),
        "expired": dropped.expired.to_string(),
        "limit_deltas_minor": events::listed(&dropped.moves, Some(dropped.account)),
    })
}

pub(crate) fn clearing_json(
    decided: &ClearingDecided,
    standing: Option<&Standing>,
    settled: Option<RecordId>,
) -> Value {
    let mut body = events::clearing::decided(decided);
    body["kind"] = json!("clearing");
    body["status"] = json!(standing.map(|standing| standing.status.as_str()));
    body["remaining_minor"] = json!(standing.map_or(0, Standing::remaining_of_amount_minor));
    body["settled_by"] = json!(settled.map(|id| id.to_string()));
    body
}

fn operation_json(done: &OperationDone, standing: Option<&Standing>) -> Value {
    json!({
        "kind": "operation",
        "operation": events::operation_name(&done.request.operation),
        "tracking_id": done.request.tracking_id.as_str(),
        "description": done.request.description,
        "operator": done.request.operator,
        "account_id": done.account.map(|account| account.0),
        "status": standing.map(|standing| standing.status.as_str()),
        "limit_deltas_minor": events::listed(&done.moves, done.account),
        "related_limit_deltas_minor": events::related(&done.moves, done.account),
        "transfer": events::transfer::told(done),
        "purge_before": events::purge_line(done),
        "rules_version": done.rules.to_string(),
    })
}

fn authorization_json(decided: &AuthorizationDecided, standing: Option<&Standing>) -> Value {
    let facts = &decided.facts;
    let reason = decided.reason();
    let approved = reason.is_none();
    let deltas = approved.then(|| events::listed(&decided.moves, decided.account));
    json!({
        "kind": "authorization",
        "response_code": decided.answer.response_code.as_str(),
        "approval_code": decided.answer.approval_code.as_ref().map(|code| code.as_str()),
        "reason": reason.map(rules::Reason::as_str),
        "status": match standing {
            Some(standing) => Some(standing.status.as_str()),
            None => reason.map(|_| "DECLINED"),
        },
        "expires": standing.and_then(|standing| standing.expires).map(|time| time.to_string()),
        "authorization_id": decided.original.map(|id| id.to_string()),
        "divergences": events::divergences(&decided.divergences),
        "control": decided.denial.as_deref().map(events::control),
        "account_id": decided.account.map(|account| account.0),
        "network_id": facts.key.network.0,
        "stan": format!("{:06}", facts.key.stan),
        "transmission_date_time": format!("{:010}", facts.key.transmission),
        "retrieval_reference_number": facts.retrieval_reference,
        "stand_in_reason": facts.stand_in_reason.map(|reason| reason.to_string()),
        "processing_code": facts.processing_code.as_str(),
        "amount_minor": facts.fingerprint.amount_minor,
        "currency": facts.fingerprint.currency.map(|currency| currency.to_string()),
        "remaining_minor": standing.map_or(0, Standing::remaining_of_amount_minor),
        "limit_deltas_minor": deltas,
        "related_limit_deltas_minor": events::related(&decided.moves, decided.account),
        "limits_before_minor": decided.limits_before,
        "rules_version": decided.rules.to_string(),
    })
}

fn reversal_json(decided: &ReversalDecided) -> Value {
    json!({
        "kind": "reversal",
        "response_code": decided.answer.response_code.as_str(),
        "reason": decided.reason().map(rules::Reason::as_str),
        "account_id": decided.account.map(|account| account.0),
        "network_id": decided.facts.key.network.0,
        "stan": format!("{:06}", decided.facts.key.stan),
        "retrieval_reference_number": decided.facts.retrieval_reference,
        "authorization_id": decided.original.map(|id| id.to_string()),
        "result": decided.result.as_str(),
        "divergent": !decided.divergences.is_empty(),
        "divergences": events::divergences(&decided.divergences),
        "remaining_minor": decided.remaining_minor,
        "limit_deltas_minor": events::listed(&decided.moves, decided.account),
        "rules_version": decided.rules.to_string(),
    })
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
