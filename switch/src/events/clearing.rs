//! The event of a clearing.
//!
//! Owns: what is told of a record of a clearing file and of what it did. Must never: hold a card secret.

use ledger::authorization::{ClearingDecided, ClearingFacts};
use serde_json::{Value, json};

use super::{divergences, listed, related};

/// What a clearing came to.
pub(crate) fn decided(decided: &ClearingDecided) -> Value {
    let mut told = facts(&decided.facts);
    let cleared = decided.cleared();
    let standing = cleared.and_then(|cleared| cleared.standing.as_ref());
    let change = cleared.and_then(|cleared| cleared.change.as_ref());
    let rest = json!({
        "category": "CONFIRMATION",
        "result": decided.result.as_str(),
        "reasons": decided.reasons,
        "divergences": divergences(&decided.divergences),
        "account_id": decided.account.map(|account| account.0),
        "authorization_id": decided.of.as_ref().map(|(_, id)| id.to_string()),
        "authorization_status": change.map(|change| change.status.as_str()),
        "cleared_minor": standing.map_or(0, ledger::authorization::Standing::remaining_of_amount_minor),
        "limit_deltas_minor": listed(&decided.moves, decided.account),
        "related_limit_deltas_minor": related(&decided.moves, decided.account),
        "rules_version": decided.rules.to_string(),
    });
    if let (Value::Object(told), Value::Object(rest)) = (&mut told, rest) {
        told.extend(rest);
    }
    told
}

/// What a record of a clearing file says.
pub(crate) fn facts(facts: &ClearingFacts) -> Value {
    json!({
        "file_id": facts.key.file.as_str(),
        "record": facts.key.record,
        "clearing_kind": facts.kind.as_str(),
        "network_id": facts.network.0,
        "card_hash": facts.card.to_string(),
        "processing_code": facts.processing_code.as_str(),
        "amount_minor": facts.amount_minor,
        "currency": facts.currency.to_string(),
        "billing_minor": facts.billing.map(|(minor, _)| minor),
        "billing_currency": facts.billing.map(|(_, currency)| currency.to_string()),
        "merchant_category_code": facts.mcc.map(|mcc| format!("{mcc:04}")),
        "installments": facts.installments,
        "final": facts.is_final,
        "network_reference": facts.network_reference.map(|reference| reference.as_str().to_owned()),
        "approval_code": facts.approval_code.as_ref().map(|code| code.as_str()),
        "retrieval_reference_number": facts.retrieval_reference,
        "acquirer_reference_number":
            facts.acquirer_reference.map(|reference| reference.to_string()),
        "card_acceptor_id": facts.card_acceptor,
    })
}
