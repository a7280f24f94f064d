//! Operations that move money: adjustments, forced operations, funds held and released.
//!
//! Owns: reference authorization-guides 4.3 and 9, authorization-api 10. Must never: move funds that are not
//! there, unless the operation says so.

use rules::{AccountId, BalanceImpact, Deltas, LimitName, ProcessingCode, ProcessingCodeEntry};
use rules::{ProgramKind, Reason};

use super::amounts::Amounts;
use super::evaluation::{Asked, Planned};
use super::operation::Carried;
use super::postings::postings;
use super::{Context, status};
use crate::authorization::{
    AuthorizationStatus, MessageKey, Moves, Part, PlannedPosting, Standing, TrackingId,
};
use crate::entities::Account;
use crate::identifiers::RecordId;
use crate::operation::{Amount, Funds, OperationEffect, OperationError};
use crate::recent::Recent;

/// Moves the available limit and posts under the code; nothing is checked.
pub(super) fn adjust(context: Context<'_>, amount: &Amount) -> Result<Carried, OperationError> {
    let (account, entry, amounts) = operand(context, amount)?;
    let moved = amounts
        .contract_minor
        .checked_mul(entry.balance_impact.sign())
        .ok_or(OperationError::InvalidAmount)?;
    let deltas = available(moved)?;
    Ok(Carried {
        moves: Moves::of(account.id, deltas),
        postings: posted(context, account.id, entry, amounts),
        ..Carried::changing(Some(account.id), OperationEffect::Moved)
    })
}

/// Moves what the balance configurations of the code say, whatever they would check, and clears it at once.
pub(super) fn force(context: Context<'_>, amount: &Amount) -> Result<Carried, OperationError> {
    let (account, entry, amounts) = operand(context, amount)?;
    let asked = Asked::by_operator(account, entry);
    let planned = asked.plan_forced(context, amounts).map_err(|reason| {
        if reason == Reason::InvalidAmount {
            OperationError::InvalidAmount
        } else {
            OperationError::ProcessingCode
        }
    })?;
    let (standing, moves, postings) = processed(account, entry, amounts.contract_minor, planned)?;
    let effect = OperationEffect::Forced(Box::new(standing));
    Ok(Carried {
        moves,
        postings,
        ..Carried::changing(Some(account.id), effect)
    })
}

/// What an operation on the platform stands for that is cleared at once, what it moves and what it posts.
pub(super) fn processed(
    account: &Account,
    entry: &ProcessingCodeEntry,
    amount_minor: i64,
    planned: Planned,
) -> Result<(Standing, Moves, Vec<PlannedPosting>), OperationError> {
    let moves = planned
        .moves
        .plus(&planned.confirmation)
        .ok_or(OperationError::InvalidAmount)?;
    let part = Part {
        record: RecordId::default(),
        base: moves.clone(),
        confirmation: Moves::default(),
        held: moves.clone(),
        amount_minor,
        transaction_minor: amount_minor,
        remaining_minor: amount_minor,
        postings: planned.postings.clone(),
        compensations: planned.compensations,
        // What is asked on the platform is not counted.
        reservations: Vec::new(),
        reset_limit: planned.reset_limit,
    };
    let standing = Standing {
        account: account.id,
        processing_code: entry.code,
        status: AuthorizationStatus::Processed,
        parts: smallvec::smallvec![part],
        expires: None,
        reflects: RecordId::default(),
    };
    Ok((standing, moves, planned.postings))
}

/// Undoes a forced operation in full.
pub(super) fn cancel_force(
    context: Context<'_>,
    of: &TrackingId,
) -> Result<Carried, OperationError> {
    let key = MessageKey::Operator(of.clone());
    let Some(Recent::Message(forced)) = context.state.recent(&key) else {
        return Err(OperationError::UnknownOperation);
    };
    // A transfer has two sides; one alone is not undone. A clearing that was resolved is undone by its network.
    let standing = forced
        .standing
        .as_ref()
        .filter(|_| forced.link.is_none())
        .ok_or(OperationError::UnknownOperation)?;
    if standing.status != AuthorizationStatus::Processed {
        return Err(OperationError::AlreadyCanceled);
    }
    let nothing = standing.distribute(0);
    let canceled = AuthorizationStatus::Canceled;
    let change = standing
        .change((key, forced.id), &nothing, canceled)
        .ok_or(OperationError::InvalidAmount)?;
    let moves = change.moves().ok_or(OperationError::InvalidAmount)?;
    let postings = standing.postings(&change);
    Ok(Carried {
        moves,
        postings,
        of: Some(forced.id),
        ..Carried::changing(
            Some(standing.account),
            OperationEffect::Canceled(Box::new(change)),
        )
    })
}

/// Sets funds aside: the available limit first, then the savings.
pub(super) fn hold(context: Context<'_>, funds: &Funds) -> Result<Carried, OperationError> {
    let account = holder_of(context, funds)?;
    let amount_minor = funds.amount_minor;
    let limits = &account.limits;
    let free = limits
        .available_credit_limit
        .saturating_add(limits.available_savings_account_limit);
    if amount_minor > free && !funds.skip_balance {
        return Err(OperationError::InsufficientFunds);
    }
    let of_available = amount_minor.min(limits.available_credit_limit.max(0));
    let rest = amount_minor.saturating_sub(of_available);
    let of_savings = rest.min(limits.available_savings_account_limit.max(0));
    // What neither covers is held all the same when the balance is not asked.
    let of_available = amount_minor.saturating_sub(of_savings);
    moved(
        account,
        &[
            (
                LimitName::AvailableCreditLimit,
                of_available.saturating_neg(),
            ),
            (
                LimitName::AvailableSavingsAccountLimit,
                of_savings.saturating_neg(),
            ),
            (LimitName::HeldFunds, amount_minor),
        ],
    )
}

/// Gives funds back: all of them to the available limit.
pub(super) fn release(context: Context<'_>, funds: &Funds) -> Result<Carried, OperationError> {
    let account = holder_of(context, funds)?;
    if funds.amount_minor > account.limits.held_funds && !funds.skip_balance {
        return Err(OperationError::InsufficientFunds);
    }
    moved(
        account,
        &[
            (LimitName::AvailableCreditLimit, funds.amount_minor),
            (LimitName::HeldFunds, funds.amount_minor.saturating_neg()),
        ],
    )
}

/// Takes held funds out of the account.
pub(super) fn transfer(
    context: Context<'_>,
    funds: &Funds,
    processing_code: ProcessingCode,
) -> Result<Carried, OperationError> {
    let account = holder_of(context, funds)?;
    let entry = context.rules.processing_code(processing_code);
    let entry = entry
        .filter(|entry| entry.balance_impact == BalanceImpact::Debit)
        .ok_or(OperationError::ProcessingCode)?;
    if funds.amount_minor > account.limits.held_funds && !funds.skip_balance {
        return Err(OperationError::InsufficientFunds);
    }
    let held = [(LimitName::HeldFunds, funds.amount_minor.saturating_neg())];
    Ok(Carried {
        postings: posted(
            context,
            account.id,
            entry,
            Amounts::plain(funds.amount_minor),
        ),
        ..moved(account, &held)?
    })
}

/// The transactions that a code posts of amounts.
fn posted(
    context: Context<'_>,
    account: AccountId,
    entry: &ProcessingCodeEntry,
    amounts: Amounts<'_>,
) -> Vec<PlannedPosting> {
    let own = (account, entry.code);
    postings(&entry.transaction_types, own, amounts, context.now)
}

/// The account, the operation and the amounts of an amount.
fn operand<'a>(
    context: Context<'a>,
    amount: &'a Amount,
) -> Result<(&'a Account, &'a ProcessingCodeEntry, Amounts<'a>), OperationError> {
    let account = context.state.account(amount.account);
    let account = account.ok_or(OperationError::UnknownAccount)?;
    let entry = context.rules.processing_code(amount.processing_code);
    let entry = entry
        .filter(|entry| entry.balance_impact != BalanceImpact::None)
        .ok_or(OperationError::ProcessingCode)?;
    if amount.amount_minor <= 0 {
        return Err(OperationError::InvalidAmount);
    }
    Ok((account, entry, Amounts::of_operator(amount, entry)?))
}

/// The account whose funds are meant: a debit or prepaid one that is open or blocked.
fn holder_of<'a>(context: Context<'a>, funds: &Funds) -> Result<&'a Account, OperationError> {
    let account = context.state.account(funds.account);
    let account = account.ok_or(OperationError::UnknownAccount)?;
    if funds.amount_minor <= 0 {
        return Err(OperationError::InvalidAmount);
    }
    let program = context.rules.program(account.program);
    if program.is_none_or(|program| program.kind == ProgramKind::Credit) {
        return Err(OperationError::CreditAccount);
    }
    let allowed = status::allowed(context, account);
    if !funds.skip_status && !allowed.allows(BalanceImpact::Credit) {
        return Err(OperationError::AccountStatus);
    }
    Ok(account)
}

fn moved(account: &Account, moves: &[(LimitName, i64)]) -> Result<Carried, OperationError> {
    let mut deltas = Deltas::NONE;
    for (limit, delta) in moves {
        if !deltas.set(*limit, *delta) {
            return Err(OperationError::InvalidAmount);
        }
    }
    Ok(Carried {
        moves: Moves::of(account.id, deltas),
        ..Carried::changing(Some(account.id), OperationEffect::Moved)
    })
}

fn available(minor: i64) -> Result<Deltas, OperationError> {
    let mut deltas = Deltas::NONE;
    if deltas.set(LimitName::AvailableCreditLimit, minor) {
        Ok(deltas)
    } else {
        Err(OperationError::InvalidAmount)
    }
}
