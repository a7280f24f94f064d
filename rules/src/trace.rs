//! The trace of an evaluation: what was looked at and why it did not apply, as a typed value.
//!
//! Built beside an evaluation, from the same functions that decide; must never decide anything
//! itself. Its text is in `trace_text`.

use serde::{Deserialize, Serialize};

use crate::compile::{Check, Compiled};
use crate::evaluate::CompiledRules;
use crate::index::List;
use crate::scenario::{
    Attempt, Failure, Shortage, considered_parts, considered_sum, deltas, floor, required,
};
use crate::{
    AccountId, BalanceImpact, Configuration, Deltas, Dimension, Evaluation, EvaluationRequest,
    LimitName, Limits, RelatedLimits, Target,
};

/// Configurations that did not match are shown up to this number.
const CONFIGURATIONS_SHOWN: usize = 50;

/// What an evaluation looked at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trace {
    /// The request.
    pub request: EvaluationRequest,
    /// The levels, the most specific first. Only the chosen one was asked.
    pub levels: Vec<LevelTrace>,
    /// The configurations of the chosen level for the code, best first, up to the one that matches.
    pub configurations: Vec<ConfigurationTrace>,
    /// Further ones that did not match and are left out here.
    pub configurations_left_out: usize,
    /// The scenarios of the configuration that matches, in the order of trying, up to the one that
    /// holds.
    pub scenarios: Vec<ScenarioTrace>,
    /// The result.
    pub evaluation: Evaluation,
}

/// What one level has for the code.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LevelTrace {
    /// Whom it is for.
    pub target: Target,
    /// Its active configurations for the code.
    pub configurations: usize,
    /// Whether it decides.
    pub chosen: bool,
}

/// Whether a configuration matches.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConfigurationTrace {
    /// Index into the configurations of the snapshot.
    pub configuration: u32,
    /// Its name.
    pub name: String,
    /// Its file.
    pub file: String,
    /// Its line in the file.
    pub line: u32,
    /// The first filter that the request does not pass; `None` when it matches.
    pub failing: Option<FailingFilter>,
}

/// A filter that a request does not pass.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FailingFilter {
    /// What it looks at.
    pub dimension: Dimension,
    /// What it wants.
    pub wanted: String,
    /// What the request has.
    pub found: String,
}

/// How one scenario was tried. Amounts are minor units; beyond the range of `i64` they are shown as
/// its end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScenarioTrace {
    /// Its order.
    pub order: i32,
    /// The sum it compared; `None` when it compares none.
    pub sum: Option<SumTrace>,
    /// What it would move, on every account whose limits are known.
    pub moves: Vec<MoveTrace>,
    /// Whether it holds.
    pub outcome: ScenarioOutcome,
}

/// A considered sum.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SumTrace {
    /// What it is made of.
    pub parts: Vec<PartTrace>,
    /// The sum, minor units.
    pub sum_minor: i64,
    /// What it must cover, minor units.
    pub required_minor: i64,
}

/// One value of a considered sum.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PartTrace {
    /// Which value.
    pub part: ConsideredPart,
    /// How much, minor units.
    pub value_minor: i64,
}

/// A value that a considered sum can hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ConsideredPart {
    /// Spendable balance or credit.
    AvailableCreditLimit,
    /// Overdraft granted.
    TotalOverdraftLimit,
    /// Savings balance.
    AvailableSavingsAccountLimit,
    /// What is left for cash.
    AvailableWithdrawalCredit,
    /// What is left for purchases in instalments.
    AvailableTotalInstallmentCredit,
    /// The percentage of the maximum limit.
    OverLimitAllowance,
}

/// One limit that a scenario would move.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MoveTrace {
    /// The account; `None` is the request's.
    pub account: Option<AccountId>,
    /// The limit.
    pub limit: LimitName,
    /// Before, minor units.
    pub before_minor: i64,
    /// The move, minor units.
    pub delta_minor: i64,
    /// How far down it may go, minor units; `None` when that is not checked.
    pub floor_minor: Option<i64>,
}

/// Whether a scenario holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ScenarioOutcome {
    /// It does.
    Holds,
    /// The cash limit does not cover the amount.
    CashLimitShort,
    /// The considered sum does not cover the amount.
    SumShort,
    /// A limit would fall below its floor.
    BelowFloor {
        /// The account; `None` is the request's.
        account: Option<AccountId>,
        /// The limit.
        limit: LimitName,
    },
    /// The limits of an account that would move are not known.
    RelatedAccountUnknown {
        /// The account.
        account: AccountId,
    },
    /// A limit would leave the range of `i64`.
    Overflow,
}

impl From<Failure> for ScenarioOutcome {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Overflow => Self::Overflow,
            Failure::Short(Shortage::Cash) => Self::CashLimitShort,
            Failure::Short(Shortage::Sum) => Self::SumShort,
            Failure::Short(Shortage::Floor(account, limit)) => Self::BelowFloor { account, limit },
            Failure::Short(Shortage::RelatedUnknown(account)) => {
                Self::RelatedAccountUnknown { account }
            }
        }
    }
}

/// Evaluates a request and tells what was looked at.
pub(crate) fn trace<R: RelatedLimits + ?Sized>(
    rules: &CompiledRules,
    configurations: &[Configuration],
    request: &EvaluationRequest,
    limits: &Limits,
    related: &R,
) -> Trace {
    let evaluation = rules.evaluate(request, limits, related);
    let mut trace = Trace {
        request: *request,
        levels: Vec::new(),
        configurations: Vec::new(),
        configurations_left_out: 0,
        scenarios: Vec::new(),
        evaluation,
    };
    if request.direction == BalanceImpact::None || request.has_negative_amount() {
        return trace;
    }
    let chosen = rules.index.list(request);
    for target in Target::of(request.account, request.program) {
        let list = rules.index.get(target, request.processing_code);
        trace.levels.push(LevelTrace {
            target,
            configurations: list.map_or(0, |list| list.configurations.len()),
            chosen: chosen.is_some_and(|(chosen, _)| chosen == target),
        });
    }
    if let Some((_, list)) = chosen {
        trace.candidates(list, configurations);
    }
    if let Some((_, winner)) = rules.winner(request) {
        let attempt = rules.attempt(winner, request, limits, related);
        trace.scenarios = scenarios(winner, &attempt);
    }
    trace
}

impl Trace {
    fn candidates(&mut self, list: &List, configurations: &[Configuration]) {
        for number in &list.configurations {
            let configuration = usize::try_from(*number)
                .ok()
                .and_then(|index| configurations.get(index));
            let Some(configuration) = configuration else {
                continue;
            };
            let failing = FailingFilter::of(configuration, &self.request);
            let matches = failing.is_none();
            if !matches && self.configurations.len() >= CONFIGURATIONS_SHOWN {
                self.configurations_left_out = self.configurations_left_out.saturating_add(1);
                continue;
            }
            self.configurations.push(ConfigurationTrace {
                configuration: *number,
                name: configuration.name.clone(),
                file: configuration.file.clone(),
                line: configuration.line,
                failing,
            });
            if matches {
                return;
            }
        }
    }
}

impl FailingFilter {
    fn of(configuration: &Configuration, request: &EvaluationRequest) -> Option<Self> {
        let filters = &configuration.filters;
        let dimension = filters.failing(request)?;
        let found = match dimension {
            Dimension::AccountType => request.account_type.code().to_owned(),
            Dimension::Installments => request.installments.to_string(),
            Dimension::Mcc => request
                .mcc
                .map_or_else(|| "none".to_owned(), |mcc| format!("{mcc:04}")),
            Dimension::Currency => request.currency.to_string(),
        };
        Some(Self {
            dimension,
            wanted: filters.wanted(dimension),
            found,
        })
    }
}

fn scenarios<R: RelatedLimits + ?Sized>(
    winner: &Compiled,
    attempt: &Attempt<'_, R>,
) -> Vec<ScenarioTrace> {
    let mut scenarios = Vec::new();
    for check in &winner.scenarios {
        let outcome = match attempt.run(check) {
            Ok(_) => ScenarioOutcome::Holds,
            Err(failure) => failure.into(),
        };
        scenarios.push(ScenarioTrace {
            order: check.order,
            sum: sum(check, attempt),
            moves: moves(check, attempt),
            outcome,
        });
        if [ScenarioOutcome::Holds, ScenarioOutcome::Overflow].contains(&outcome) {
            break;
        }
    }
    scenarios
}

fn sum<R: RelatedLimits + ?Sized>(check: &Check, attempt: &Attempt<'_, R>) -> Option<SumTrace> {
    let sum = attempt.sum_that_counts(check)?;
    let over_limit = attempt.counts_over_limit(check);
    let parts = considered_parts(sum.considered, attempt.limits, over_limit);
    Some(SumTrace {
        parts: parts
            .map(|(part, value)| PartTrace {
                part,
                value_minor: shown(value),
            })
            .collect(),
        sum_minor: shown(considered_sum(sum.considered, attempt.limits, over_limit)),
        required_minor: shown(required(sum, attempt.request)),
    })
}

fn moves<R: RelatedLimits + ?Sized>(check: &Check, attempt: &Attempt<'_, R>) -> Vec<MoveTrace> {
    let deltas = deltas(&check.moves, check.amount, attempt.request);
    let over_limit = attempt.counts_over_limit(check);
    let mut moves = Vec::new();
    let mut add = |account: Option<AccountId>, limits: Limits, deltas: Deltas, over_limit| {
        let after = limits.checked_apply(&deltas);
        moves.extend(deltas.iter().map(|(limit, delta_minor)| {
            MoveTrace {
                account,
                limit,
                before_minor: limits.get(limit),
                delta_minor,
                floor_minor: after
                    .filter(|_| check.floors && delta_minor < 0)
                    .map(|after| shown(floor(limit, &after, over_limit))),
            }
        }));
    };
    match check.impact_account.map(|impact| impact.account_id) {
        None => add(None, *attempt.limits, deltas, over_limit),
        Some(account) => {
            if let Ok(limits) = attempt.limits_of(account) {
                add(Some(account), limits, deltas, over_limit);
            }
        }
    }
    if let Some(counterpart) = check.counterpart_account
        && let Ok(limits) = attempt.limits_of(counterpart.account_id)
    {
        add(
            Some(counterpart.account_id),
            limits,
            deltas.negated(),
            false,
        );
    }
    if attempt.parents {
        for (parent, limits) in (0..).map_while(|number| attempt.related.parent(number)) {
            add(Some(parent), limits, deltas, over_limit);
        }
    }
    moves
}

fn shown(value: i128) -> i64 {
    let end = if value < 0 { i64::MIN } else { i64::MAX };
    i64::try_from(value).unwrap_or(end)
}
