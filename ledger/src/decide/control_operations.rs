//! Operations on flex controls: making, changing and taking away those of accounts, customers and cards, and
//! writing what is left of a limit.
//!
//! Owns: what may be made of them (reference authorization-api 4). Those of the rules are changed with the
//! rules; only what is left of their limits is written here. Must never: let two controls have one id, or
//! one be in force that the rules in force could not read.

use rules::{AccountId, ControlId, ControlTarget, FlexControl, OwnControls};

use super::Context;
use super::operation::Carried;
use crate::identifiers::{CardHash, CustomerId};
use crate::operation::{ControlDocument, OperationEffect, OperationError};

pub(super) fn create(
    context: Context<'_>,
    document: &ControlDocument,
) -> Result<Carried, OperationError> {
    let control = compiled(document)?;
    let id = control.id();
    let of_the_rules = context.rules.flex_controls().any(|other| other.id() == id);
    if of_the_rules || context.state.controls().target(id).is_some() {
        return Err(OperationError::ControlTaken);
    }
    put(context, document, control)
}

pub(super) fn change(
    context: Context<'_>,
    document: &ControlDocument,
) -> Result<Carried, OperationError> {
    let control = compiled(document)?;
    match context.state.controls().target(control.id()) {
        None => Err(OperationError::UnknownControl),
        Some(target) if target != document.target => Err(OperationError::ControlTarget),
        Some(_) => put(context, document, control),
    }
}

pub(super) fn delete(context: Context<'_>, control: ControlId) -> Result<Carried, OperationError> {
    let target = context.state.controls().target(control);
    let target = target.ok_or(OperationError::UnknownControl)?;
    let effect = OperationEffect::Control { target, control };
    Ok(Carried::changing(listed(target), effect))
}

/// Writes what is left of a limit in its present period.
pub(super) fn set_available(
    context: Context<'_>,
    control: ControlId,
    (account, card): (AccountId, Option<CardHash>),
    available: i64,
) -> Result<Carried, OperationError> {
    let controls = context.state.controls();
    let account = context.state.account(account);
    let account = account.ok_or(OperationError::UnknownAccount)?;
    let made = controls
        .target(control)
        .and_then(|target| controls.set(target).get(control));
    let of_the_rules = || {
        context
            .rules
            .flex_controls()
            .find(|found| found.id() == control)
    };
    let control = made.or_else(of_the_rules);
    let control = control.ok_or(OperationError::UnknownControl)?;
    let card = card.map(|card| rules::CardHash(card.0));
    let applies = match control.target() {
        ControlTarget::Program(program) => program == account.program,
        ControlTarget::Account(of) | ControlTarget::Customer { account: of, .. } => {
            of == account.id
        }
        ControlTarget::Card(of) => card == Some(of),
    };
    if !applies {
        return Err(OperationError::ControlTarget);
    }
    let key = control.accumulator_key(account.id, card);
    let key = key.ok_or(OperationError::AvailableLimit)?;
    let before = rules::Accumulators::accumulator(controls, &key);
    let after = control.with_available(before, available, context.now.0);
    let after = after.ok_or(OperationError::AvailableLimit)?;
    let effect = OperationEffect::AvailableLimit { key, before, after };
    Ok(Carried::changing(Some(account.id), effect))
}

fn compiled(document: &ControlDocument) -> Result<FlexControl, OperationError> {
    FlexControl::compile(document.target, &document.json)
        .map_err(|errors| OperationError::InvalidControl(errors.to_string()))
}

/// Puts a control among those of its target, if what it refers to is there.
fn put(
    context: Context<'_>,
    document: &ControlDocument,
    control: FlexControl,
) -> Result<Carried, OperationError> {
    let target = document.target;
    let own = own(context, target)?;
    let id = control.id();
    let invalid = |reason: String| OperationError::InvalidControl(reason);
    let checked = context.rules.check_control(&control, &own);
    checked.map_err(|errors| invalid(errors.to_string()))?;
    let with = context.state.controls().set(target).with(control);
    with.map_err(|conflict| invalid(conflict.to_string()))?;
    let effect = OperationEffect::Control {
        target,
        control: id,
    };
    Ok(Carried::changing(listed(target), effect))
}

/// The controls made at run time beside one of this target; fails where there is no such target.
fn own(context: Context<'_>, target: ControlTarget) -> Result<OwnControls<'_>, OperationError> {
    let controls = context.state.controls();
    let account = |id: AccountId| {
        let account = context.state.account(id);
        account.ok_or(OperationError::UnknownAccount)
    };
    match target {
        ControlTarget::Program(_) => Err(OperationError::ControlTarget),
        ControlTarget::Account(id) => Ok(controls.own(account(id)?.id, None, None)),
        ControlTarget::Customer {
            customer,
            account: id,
        } => {
            let customer = CustomerId(customer.0);
            let known = context.state.customer(customer);
            known.ok_or(OperationError::UnknownCustomer)?;
            Ok(controls.own(account(id)?.id, Some(customer), None))
        }
        ControlTarget::Card(hash) => {
            let hash = CardHash(hash.0);
            let card = context.state.card(&hash);
            let card = card.ok_or(OperationError::UnknownCard)?;
            let account = card.mode.account(rules::AccountType::Unspecified);
            Ok(controls.own(account, Some(card.holder), Some(hash)))
        }
    }
}

/// The account that an operation on a control is listed under.
fn listed(target: ControlTarget) -> Option<AccountId> {
    match target {
        ControlTarget::Account(account) | ControlTarget::Customer { account, .. } => Some(account),
        ControlTarget::Program(_) | ControlTarget::Card(_) => None,
    }
}
