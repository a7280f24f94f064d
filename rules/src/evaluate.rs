//! Deciding one request: find the configuration, try its scenarios, give the plan of the first
//! that holds.
//!
//! A pure function of rules, request and limits; allocates nothing. Which reason and which wire
//! code follow is not decided here.

use serde::{Deserialize, Serialize};

use crate::compile::{Check, Compiled};
use crate::index::Index;
use crate::over_limit::OverLimitRules;
use crate::scenario::{Attempt, Failure, Moves, Shortage};
use crate::{
    AccountId, AccountType, AuthorizationFlow, BalanceImpact, Currency, Limits, Plan,
    ProcessingCode, ProgramId, RelatedLimits,
};

/// The facts of a request that balance configurations look at. Amounts are in minor units of the
/// account's currency and never negative.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EvaluationRequest {
    /// The account.
    pub account: AccountId,
    /// Program of the account.
    pub program: ProgramId,
    /// Code of the table.
    pub processing_code: ProcessingCode,
    /// Which way money moves: that of the code.
    pub direction: BalanceImpact,
    /// Where the request comes from.
    pub flow: AuthorizationFlow,
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
#[expect(
    clippy::large_enum_variant,
    reason = "a box would be allocated for every approval"
)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
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

/// Everything evaluation reads.
#[derive(Debug)]
pub(crate) struct CompiledRules {
    pub(crate) index: Index,
    /// By the number of the configuration.
    pub(crate) configurations: Vec<Compiled>,
    pub(crate) over_limit: OverLimitRules,
}

impl CompiledRules {
    /// The configuration that decides a request, with its number.
    pub(crate) fn winner(&self, request: &EvaluationRequest) -> Option<(u32, &Compiled)> {
        let (_, list) = self.index.list(request)?;
        let number = self.index.best(list, request)?;
        let compiled = self.configurations.get(usize::try_from(number).ok()?)?;
        Some((number, compiled))
    }

    /// What the scenarios of a configuration are tried with.
    pub(crate) fn attempt<'a, R: RelatedLimits + ?Sized>(
        &self,
        winner: &Compiled,
        request: &'a EvaluationRequest,
        limits: &'a Limits,
        related: &'a R,
    ) -> Attempt<'a, R> {
        // Asked only where it can count.
        let considered = winner.scenarios.iter().any(|check| check.over_limit);
        Attempt {
            request,
            limits,
            related,
            over_limit_accepted: considered && self.over_limit.of_request(request).over_limit,
            parents: winner.impact_parent_accounts,
        }
    }

    /// Decides one request.
    pub(crate) fn evaluate<R: RelatedLimits + ?Sized>(
        &self,
        request: &EvaluationRequest,
        limits: &Limits,
        related: &R,
    ) -> Evaluation {
        if request.has_negative_amount() {
            return Evaluation::Overflow;
        }
        if request.direction == BalanceImpact::None {
            return Evaluation::Holds(Plan::NOTHING);
        }
        let Some((number, winner)) = self.winner(request) else {
            return Evaluation::NoConfiguration;
        };
        let attempt = self.attempt(winner, request, limits, related);
        let mut cash_limit = false;
        for check in &winner.scenarios {
            match attempt.run(check) {
                Ok(moves) => return Evaluation::Holds(plan(number, winner, check, &moves)),
                Err(Failure::Overflow) => return Evaluation::Overflow,
                Err(Failure::Short(shortage)) => cash_limit = shortage == Shortage::Cash,
            }
        }
        Evaluation::Insufficient { cash_limit }
    }

    /// What happens to a request that was approved elsewhere: the first scenario that holds, and where
    /// none does, the first one all the same.
    pub(crate) fn evaluate_forced<R: RelatedLimits + ?Sized>(
        &self,
        request: &EvaluationRequest,
        limits: &Limits,
        related: &R,
    ) -> Evaluation {
        let evaluation = self.evaluate(request, limits, related);
        if !matches!(evaluation, Evaluation::Insufficient { .. }) {
            return evaluation;
        }
        let Some((number, winner)) = self.winner(request) else {
            return evaluation;
        };
        let attempt = self.attempt(winner, request, limits, related);
        let forced = winner
            .scenarios
            .iter()
            .find_map(|check| Some((check, attempt.forced(check).ok()?)));
        match forced {
            Some((check, moves)) => Evaluation::Holds(plan(number, winner, check, &moves)),
            None => evaluation,
        }
    }
}

/// What a scenario of a configuration makes of a request.
fn plan(number: u32, winner: &Compiled, check: &Check, moves: &Moves) -> Plan {
    Plan {
        deltas: moves.own,
        level: winner.target.level(),
        configuration: number,
        scenario_order: check.order,
        related: moves.related,
        confirmation: moves.confirmation,
        reset_limit: check.reset_limit,
    }
}

impl EvaluationRequest {
    /// Whether an amount is negative, which no scenario is asked about.
    pub(crate) fn has_negative_amount(&self) -> bool {
        [
            self.principal_minor,
            self.contract_minor,
            self.installment_minor,
        ]
        .iter()
        .any(|amount| *amount < 0)
    }
}
