//! Deciding one request: find the configuration, try its scenarios, give the moves of the first
//! that holds.
//!
//! A pure function of rules, request and limits; allocates nothing. Which reason and which wire
//! code follow is not decided here.

use serde::{Deserialize, Serialize};

use crate::compile::{Check, Considered, Index, SumCheck};
use crate::{
    AccountType, BalanceImpact, Currency, Deltas, Level, LimitName, Limits, ProcessingCode,
    ProgramId,
};

/// Hundredths of a percent in a whole.
const WHOLE_IN_PERCENT_HUNDREDTHS: i128 = 10_000;

/// The facts of a request that balance configurations look at. Amounts are in minor units of the
/// account's currency and never negative.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EvaluationRequest {
    /// Program of the account.
    pub program: ProgramId,
    /// Code of the table.
    pub processing_code: ProcessingCode,
    /// Which way money moves: that of the code.
    pub direction: BalanceImpact,
    /// Merchant category code, DE18.
    pub mcc: Option<u16>,
    /// Account type of the message.
    pub account_type: AccountType,
    /// Currency of the operation, which a filter may name.
    pub currency: Currency,
    /// Number of instalments, 1 when not in instalments.
    pub installments: u8,
    /// Without interest and fees.
    pub principal_minor: i64,
    /// With interest and fees.
    pub contract_minor: i64,
    /// One instalment.
    pub installment_minor: i64,
}

/// What the rules say to a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Evaluation {
    /// A scenario holds: these moves.
    Holds(Plan),
    /// No active configuration matches.
    NoConfiguration,
    /// No scenario of the configuration holds.
    Insufficient {
        /// Whether the cash limit is what first failed in the last scenario tried.
        cash_limit: bool,
    },
    /// A move leaves the range of `i64`, or an amount is negative: the caller declines the amount.
    Overflow,
}

/// The moves of a scenario that holds, and where they come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    /// What moves.
    pub deltas: Deltas,
    /// Level of the configuration.
    pub level: Level,
    /// Index into the configurations of the snapshot, or [`Plan::WITHOUT_CONFIGURATION`].
    pub configuration: u32,
    /// Order of the scenario in it.
    pub scenario_order: i32,
}

impl Plan {
    /// The `configuration` of an operation that moves nothing and so needs none.
    pub const WITHOUT_CONFIGURATION: u32 = u32::MAX;

    /// Nothing moves, nothing was looked up.
    const NOTHING: Self = Self {
        deltas: Deltas::NONE,
        level: Level::Tenant,
        configuration: Self::WITHOUT_CONFIGURATION,
        scenario_order: 0,
    };
}

/// Why one scenario does not hold.
enum Failure {
    Overflow,
    Short { cash_limit: bool },
}

/// Decides one request against the index.
pub(crate) fn evaluate(index: &Index, request: &EvaluationRequest, limits: &Limits) -> Evaluation {
    let amounts = [
        request.principal_minor,
        request.contract_minor,
        request.installment_minor,
    ];
    if amounts.iter().any(|amount| *amount < 0) {
        return Evaluation::Overflow;
    }
    if request.direction == BalanceImpact::None {
        return Evaluation::Holds(Plan::NOTHING);
    }
    let winner = index
        .candidates(request.processing_code, request.program)
        .iter()
        .find(|candidate| candidate.filters.match_beyond_code(request));
    let Some(winner) = winner else {
        return Evaluation::NoConfiguration;
    };
    let mut cash_limit_failed = false;
    for check in &winner.scenarios {
        match try_scenario(check, request, limits) {
            Ok(deltas) => {
                return Evaluation::Holds(Plan {
                    deltas,
                    level: winner.level,
                    configuration: winner.configuration,
                    scenario_order: check.order,
                });
            }
            Err(Failure::Overflow) => return Evaluation::Overflow,
            Err(Failure::Short { cash_limit }) => cash_limit_failed = cash_limit,
        }
    }
    Evaluation::Insufficient {
        cash_limit: cash_limit_failed,
    }
}

/// The moves of a scenario, if it holds.
///
/// The cash limit is looked at before everything else, so that a withdrawal above it is told from
/// a plain lack of funds.
fn try_scenario(
    check: &Check,
    request: &EvaluationRequest,
    limits: &Limits,
) -> Result<Deltas, Failure> {
    let deltas = moves(check, request);
    // Money coming in needs no cover.
    let sum = check
        .sum
        .as_ref()
        .filter(|_| request.direction == BalanceImpact::Debit);
    let short = sum.filter(|sum| considered_sum(sum.considered, limits) < required(sum, request));

    let cash = limits.available_withdrawal_credit;
    let cash_short =
        short.is_some_and(|sum| sum.considered.cash && i128::from(cash) < required(sum, request));
    let cash_delta = deltas.get(LimitName::AvailableWithdrawalCredit);
    // Saturation keeps the sign, which is all that is asked.
    let cash_below = check.floors && cash_delta < 0 && cash.saturating_add(cash_delta) < 0;
    if cash_short || cash_below {
        return Err(Failure::Short { cash_limit: true });
    }
    if short.is_some() {
        return Err(Failure::Short { cash_limit: false });
    }

    let after = limits.checked_apply(&deltas).ok_or(Failure::Overflow)?;
    let below_floor = |(limit, delta): (LimitName, i64)| {
        delta < 0 && i128::from(after.get(limit)) < floor(limit, &after, check.over_limit)
    };
    if check.floors && deltas.iter().any(below_floor) {
        return Err(Failure::Short { cash_limit: false });
    }
    Ok(deltas)
}

/// Each impacted limit moves by the full amount in the direction of the operation, each opposite
/// one by the full amount against it. No limit is in both lists.
fn moves(check: &Check, request: &EvaluationRequest) -> Deltas {
    let amount = check.amount.of(request);
    // Amounts are not negative, so the negation is exact.
    let with = match request.direction {
        BalanceImpact::Debit => amount.saturating_neg(),
        BalanceImpact::None => 0,
        BalanceImpact::Credit => amount,
    };
    let against = with.saturating_neg();
    let mut deltas = Deltas::NONE;
    for limit in &check.impact {
        deltas.set(*limit, with);
    }
    for limit in &check.opposite_impact {
        deltas.set(*limit, against);
    }
    deltas
}

/// The amount that a sum must cover, in minor units.
fn required(sum: &SumCheck, request: &EvaluationRequest) -> i128 {
    let further = sum.further_amount.map_or(0, |amount| amount.of(request));
    i128::from(sum.amount.of(request).max(further))
}

/// The sum of the considered limits, in minor units. A few `i64` never overflow an `i128`, so
/// saturation cannot happen.
fn considered_sum(considered: Considered, limits: &Limits) -> i128 {
    let part = |counted: bool, value: i64| if counted { i128::from(value) } else { 0 };
    let allowance = if considered.over_limit {
        over_limit_allowance(limits)
    } else {
        0
    };
    [
        part(considered.available, limits.available_credit_limit),
        part(considered.available, limits.total_overdraft_limit),
        part(considered.savings, limits.available_savings_account_limit),
        part(considered.cash, limits.available_withdrawal_credit),
        part(
            considered.installment,
            limits.available_total_installment_credit,
        ),
        allowance,
    ]
    .into_iter()
    .fold(0, i128::saturating_add)
}

/// The lowest value a limit may move down to, in minor units, given the limits after the move.
fn floor(limit: LimitName, after: &Limits, over_limit: bool) -> i128 {
    match limit {
        LimitName::AvailableCreditLimit => {
            let allowance = if over_limit {
                over_limit_allowance(after)
            } else {
                0
            };
            i128::from(after.available_savings_account_limit)
                .saturating_add(i128::from(after.total_overdraft_limit))
                .saturating_add(allowance)
                .saturating_neg()
        }
        LimitName::AvailableTotalInstallmentCredit
        | LimitName::AvailableWithdrawalCredit
        | LimitName::AvailableSavingsAccountLimit
        | LimitName::AdditionalFunds
        | LimitName::HeldFunds => 0,
    }
}

/// Percent of the maximum limit, rounded down to whole minor units.
fn over_limit_allowance(limits: &Limits) -> i128 {
    // The product of two i64 always fits an i128, so saturation cannot happen.
    i128::from(limits.over_limit_percentage_hundredths)
        .saturating_mul(i128::from(limits.max_credit_limit))
        .checked_div_euclid(WHOLE_IN_PERCENT_HUNDREDTHS)
        .unwrap_or(0)
}
