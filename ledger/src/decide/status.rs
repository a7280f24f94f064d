//! Operations that change what an account or a card is.
//!
//! Owns: which status follows which (reference authorization-api 14.1, authorization-guides 8). Must never:
//! change a final status but by a rollback.

use rules::{AccountId, AllowedOperations};

use super::Context;
use super::operation::Carried;
use crate::entities::{Account, AccountStatus, CardMode, CardStatus, SuspendedModes};
use crate::identifiers::{CardHash, CustomerId};
use crate::operation::{OperationEffect, OperationError};

pub(super) fn change_account(
    context: Context<'_>,
    account: AccountId,
    status: &AccountStatus,
    reason_id: Option<u32>,
) -> Result<Carried, OperationError> {
    let account = context.state.account(account);
    let account = account.ok_or(OperationError::UnknownAccount)?;
    if !is_in_use(context, status) {
        return Err(OperationError::UnknownStatus);
    }
    check_reason(context, reason_id)?;
    if is_final(context, &account.status) {
        return Err(OperationError::FinalStatus);
    }
    if account.status == *status && account.status_reason == reason_id {
        return Err(OperationError::NothingToDo);
    }
    let effect = OperationEffect::AccountStatus {
        before: account.status.clone(),
        status: status.clone(),
        reason_id,
    };
    Ok(Carried::changing(Some(account.id), effect))
}

pub(super) fn roll_back_account(
    context: Context<'_>,
    account: AccountId,
    reason_id: Option<u32>,
) -> Result<Carried, OperationError> {
    let account = context.state.account(account);
    let account = account.ok_or(OperationError::UnknownAccount)?;
    check_reason(context, reason_id)?;
    if account.status == AccountStatus::Normal {
        return Err(OperationError::NothingToDo);
    }
    let effect = OperationEffect::AccountStatus {
        before: account.status.clone(),
        status: AccountStatus::Normal,
        reason_id,
    };
    Ok(Carried::changing(Some(account.id), effect))
}

pub(super) fn add_holder(
    context: Context<'_>,
    account: AccountId,
    customer: CustomerId,
) -> Result<Carried, OperationError> {
    let account = context.state.account(account);
    let account = account.ok_or(OperationError::UnknownAccount)?;
    let known = context.state.customer(customer);
    known.ok_or(OperationError::UnknownCustomer)?;
    if account.owner == customer || account.holders.contains(&customer) {
        return Err(OperationError::NothingToDo);
    }
    let effect = OperationEffect::Holder(customer);
    Ok(Carried::changing(Some(account.id), effect))
}

pub(super) fn change_card(
    context: Context<'_>,
    card: CardHash,
    status: CardStatus,
    activation: bool,
) -> Result<Carried, OperationError> {
    let before = context.state.card(&card);
    let before = before.ok_or(OperationError::UnknownCard)?.status;
    if before == status {
        return Err(OperationError::NothingToDo);
    }
    if !before.may_become(status, activation) {
        return Err(OperationError::StatusTransition);
    }
    let effect = OperationEffect::CardStatus {
        card,
        before,
        status,
    };
    Ok(Carried::changing(None, effect))
}

pub(super) fn suspend_modes(
    context: Context<'_>,
    card: CardHash,
    suspended: SuspendedModes,
) -> Result<Carried, OperationError> {
    let facts = context.state.card(&card);
    let facts = facts.ok_or(OperationError::UnknownCard)?;
    let single = matches!(facts.mode, CardMode::Single(_));
    if facts.suspended == suspended || (single && suspended.debit) {
        return Err(OperationError::NothingToDo);
    }
    let effect = OperationEffect::CardModes {
        card,
        before: facts.suspended,
        suspended,
    };
    Ok(Carried::changing(None, effect))
}

/// What the status of an account allows, and the reason of the status, which may be stricter.
pub(super) fn allowed(context: Context<'_>, account: &Account) -> AllowedOperations {
    let status = account.status.allowed_operations(context.rules);
    let reason = account
        .status_reason
        .and_then(|id| context.rules.status_reason(id))
        .and_then(|reason| reason.allowed_operations);
    reason.map_or(status, |reason| status.stricter(reason))
}

/// Whether accounts may get a status.
pub(super) fn is_in_use(context: Context<'_>, status: &AccountStatus) -> bool {
    match status {
        AccountStatus::Defined(name) => context
            .rules
            .account_status(name)
            .is_some_and(|status| status.is_active),
        AccountStatus::Normal
        | AccountStatus::Blocked
        | AccountStatus::Cancelled
        | AccountStatus::StandBy
        | AccountStatus::DebitOnly => true,
    }
}

fn is_final(context: Context<'_>, status: &AccountStatus) -> bool {
    match status {
        AccountStatus::Cancelled => true,
        AccountStatus::Defined(name) => context
            .rules
            .account_status(name)
            .is_some_and(|status| status.is_final),
        AccountStatus::Normal
        | AccountStatus::Blocked
        | AccountStatus::StandBy
        | AccountStatus::DebitOnly => false,
    }
}

fn check_reason(context: Context<'_>, reason_id: Option<u32>) -> Result<(), OperationError> {
    let Some(id) = reason_id else { return Ok(()) };
    let reason = context.rules.status_reason(id);
    match reason.filter(|reason| reason.is_active) {
        Some(_) => Ok(()),
        None => Err(OperationError::UnknownReason),
    }
}
