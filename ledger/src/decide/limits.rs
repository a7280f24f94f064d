//! What limits may be granted, at the opening of an account and later.
//!
//! Owns: the ordering rules of reference authorization-api 2.2 and the program's limit of 2.3. Must never:
//! touch what is available but by the difference of what is granted.

use rules::{AccountId, Limits, Program};

use super::Context;
use super::operation::Carried;
use crate::authorization::Moves;
use crate::operation::{GrantedLimits, OperationEffect, OperationError};

/// Why limits cannot be granted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NotGranted {
    /// They break their ordering.
    Order,
    /// Those of all accounts would be more than the program's.
    Program,
}

/// Changes what is granted to an account.
pub(super) fn change(
    context: Context<'_>,
    account: AccountId,
    granted: GrantedLimits,
) -> Result<Carried, OperationError> {
    let account = context.state.account(account);
    let account = account.ok_or(OperationError::UnknownAccount)?;
    let program = context.rules.program(account.program);
    let program = program.ok_or(OperationError::UnknownAccount)?;
    let granted = with_withdrawal(program, &account.limits, granted);
    let after = granted.put_into(&account.limits);
    if after == account.limits {
        return Err(OperationError::NothingToDo);
    }
    let before = account.limits.max_credit_limit;
    check(context, program, &after, before).map_err(|error| match error {
        NotGranted::Order => OperationError::LimitOrder,
        NotGranted::Program => OperationError::ProgramLimit,
    })?;
    let deltas = granted.deltas(&account.limits);
    let deltas = deltas.ok_or(OperationError::InvalidAmount)?;
    let effect = OperationEffect::Granted {
        before: account.limits,
        granted,
    };
    Ok(Carried {
        moves: Moves::of(account.id, deltas),
        ..Carried::changing(Some(account.id), effect)
    })
}

/// Where the program says so, the cash limit is a percentage of the chosen one and follows it, rounded
/// down.
fn with_withdrawal(program: &Program, limits: &Limits, granted: GrantedLimits) -> GrantedLimits {
    const WHOLE: i128 = 10_000;
    let percentage = program.credit_limits.withdrawal_limit_percentage_hundredths;
    let (Some(percentage), Some(total), None) = (
        percentage,
        granted.total_credit_limit,
        granted.withdrawal_credit_limit,
    ) else {
        return granted;
    };
    let share = i128::from(total)
        .checked_mul(percentage.into())
        .and_then(|product| product.checked_div(WHOLE))
        .and_then(|share| i64::try_from(share).ok());
    GrantedLimits {
        withdrawal_credit_limit: share.or(Some(limits.withdrawal_credit_limit)),
        ..granted
    }
}

/// Whether limits may be granted to one account whose maximum was `before_minor`.
pub(super) fn check(
    context: Context<'_>,
    program: &Program,
    limits: &Limits,
    before_minor: i64,
) -> Result<(), NotGranted> {
    let bounds = &program.credit_limits;
    let none_negative = [
        limits.max_credit_limit,
        limits.total_credit_limit,
        limits.total_installment_credit_limit,
        limits.withdrawal_credit_limit,
        limits.total_overdraft_limit,
        limits.over_limit_percentage_hundredths,
    ]
    .iter()
    .all(|limit| *limit >= 0);
    let ordered = limits.total_credit_limit <= limits.max_credit_limit
        && bounds
            .maximum_credit_limit
            .is_none_or(|most| limits.max_credit_limit <= most)
        && bounds
            .minimum_credit_limit
            .is_none_or(|least| limits.total_credit_limit >= least)
        && bounds
            .maximum_installment_limit
            .is_none_or(|most| limits.total_installment_credit_limit <= most);
    if !(none_negative && ordered) {
        return Err(NotGranted::Order);
    }
    let raised = limits.max_credit_limit > before_minor;
    let sum = context
        .state
        .granted(program.id)
        .saturating_add(limits.max_credit_limit.into())
        .saturating_sub(before_minor.into());
    // A decrease is always taken, so that a program above its limit can come back under it.
    let within = bounds
        .global_credit_limit
        .is_none_or(|most| sum <= i128::from(most));
    if raised && !within {
        return Err(NotGranted::Program);
    }
    Ok(())
}
