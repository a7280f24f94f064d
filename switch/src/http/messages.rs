//! What was decided, as JSON.
//!
//! Owns: how each kind of message looks. Must never: show a card number.

use ledger::authorization::{
    AuthorizationDecided, ClearingDecided, HoldDropped, ReversalDecided, Standing,
};
use ledger::books::rows::{MessageBody, StoredMessage};
use ledger::identifiers::RecordId;
use ledger::operation::OperationDone;
use serde_json::{Value, json};

use crate::events;

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
            "business_date": events::dated(decided.facts.business_date),
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

fn clearing_json(
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
        "business_date": events::dated(facts.business_date),
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
        "business_date": events::dated(decided.facts.business_date),
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
