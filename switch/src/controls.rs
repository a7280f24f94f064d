//! The flex controls of accounts and cards over HTTP: what they are, and what of their limits is used.
//!
//! Owns: which controls an account or a card has, of the rules in force and made at run time, and how they look.
//! Must never: change one, or evaluate one.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::response::Response;
use ledger::books::{SledStore, StoreError, Views};
use ledger::entities::{Account, Card};
use rules::{AccountId, ControlTarget, CustomerId, FlexControl, Snapshot};
use serde_json::{Value, json};

use crate::http::{Context, found};

/// The controls of an account, and of its customers on it.
pub(crate) async fn of_account(
    State(context): State<Arc<Context>>,
    Path(id): Path<u64>,
) -> Response {
    let shared = &context.shared;
    let views = shared.submitter.views();
    let rules = shared.rulebook.rules();
    let account = views.account(AccountId(id));
    found(account.and_then(|account| {
        let account = account.as_ref();
        account
            .map(|account| in_json_of_account(&rules, views, account))
            .transpose()
    }))
}

fn in_json_of_account(
    rules: &Snapshot,
    views: &Views<SledStore>,
    account: &Account,
) -> Result<Value, StoreError> {
    let mut made = views.controls_of(ControlTarget::Account(account.id))?;
    for customer in std::iter::once(&account.owner).chain(&account.holders) {
        let customer = CustomerId(customer.0);
        let target = ControlTarget::Customer {
            customer,
            account: account.id,
        };
        let of_customer = views.controls_of(target)?.into_iter();
        made.extend(of_customer.filter(|control| control.target() == target));
    }
    let of_rules = rules
        .flex_controls()
        .filter(|control| match control.target() {
            ControlTarget::Program(program) => program == account.program,
            ControlTarget::Account(of) | ControlTarget::Customer { account: of, .. } => {
                of == account.id
            }
            ControlTarget::Card(_) => false,
        });
    let controls = of_rules.chain(&made);
    let listed = controls.map(|control| in_json(views, control, account.id, None));
    listed.collect::<Result<Value, _>>()
}

/// The controls of a card, and what those that count by card have counted of it.
pub(crate) fn of_card(
    rules: &Snapshot,
    views: &Views<SledStore>,
    card: &Card,
) -> Result<Value, StoreError> {
    let hash = rules::CardHash(card.hash.0);
    let target = ControlTarget::Card(hash);
    let made = views.controls_of(target)?;
    let own = rules
        .flex_controls()
        .filter(|control| control.target() == target);
    let account = card.facts.mode.account(rules::AccountType::Unspecified);
    let program = views.account(account)?.map(|account| account.program);
    let by_card = rules.flex_controls().filter(|control| {
        let of_holder = match control.target() {
            ControlTarget::Program(of) => Some(of) == program,
            ControlTarget::Account(of) | ControlTarget::Customer { account: of, .. } => {
                of == account
            }
            ControlTarget::Card(_) => false,
        };
        let without_card = control.accumulator_key(account, None);
        of_holder
            && without_card.is_none()
            && control.accumulator_key(account, Some(hash)).is_some()
    });
    let controls = own.chain(by_card).chain(&made);
    let listed = controls.map(|control| in_json(views, control, account, Some(hash)));
    listed.collect::<Result<Value, _>>()
}

/// A control with what it has counted in its present period; of one that counts by card for a card alone.
fn in_json(
    views: &Views<SledStore>,
    control: &FlexControl,
    account: AccountId,
    card: Option<rules::CardHash>,
) -> Result<Value, StoreError> {
    let key = control.accumulator_key(account, card);
    let stored = match &key {
        Some(key) => views.accumulator(key)?.map(|counted| counted.accumulator),
        None => None,
    };
    let now_us = ledger::runtime::now().0;
    let counted = control.in_force(stored, now_us).filter(|_| key.is_some());
    let available = control.available(stored, now_us).filter(|_| key.is_some());
    let instant = |at_us: i64| {
        let instant = jiff::Timestamp::from_microsecond(at_us).ok();
        instant.map(|instant| instant.to_string())
    };
    Ok(json!({
        "control_id": control.id().as_str(),
        "type": control.kind().as_str(),
        "name": control.name(),
        "target": control.target().to_string(),
        "active": control.is_active(),
        "file": Some(control.file()).filter(|file| !file.is_empty()),
        "used_minor": counted.map(|counted| counted.amount_minor),
        "used_operations": counted.map(|counted| counted.count),
        "available": available,
        "period_start": counted.and_then(|counted| instant(counted.period.start_us)),
        "period_end": counted.and_then(|counted| instant(counted.period.end_us)),
    }))
}
