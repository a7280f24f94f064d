//! Scenarios that are never reached, debits that nobody checks, and limits that the accounts of a
//! program do not have.

use super::{Finding, FindingKind, Severity};
use crate::compile::Check;
use crate::{
    BalanceImpact, Configuration, ConsiderName, LimitName, Program, ProgramKind, Scenario, Snapshot,
};

/// Looks at every active configuration.
pub(super) fn find(snapshot: &Snapshot, findings: &mut Vec<Finding>) {
    for configuration in snapshot.configurations() {
        if !configuration.is_active {
            continue;
        }
        let directions = directions(snapshot, configuration);
        let checks: Vec<Check> = configuration.scenarios.iter().map(Check::new).collect();
        let parents = configuration.impact_parent_accounts;
        for (index, (scenario, check)) in configuration.scenarios.iter().zip(&checks).enumerate() {
            let earlier = checks.get(..index).unwrap_or_default();
            let reasons: Vec<Option<String>> = directions
                .iter()
                .map(|direction| preempted(earlier, check, *direction, parents))
                .collect();
            if let [Some(reason), ..] = reasons.as_slice()
                && reasons.iter().all(Option::is_some)
            {
                let kind = FindingKind::UnreachableScenario;
                let message = format!(
                    "scenario {} of {:?} is never reached: {reason}",
                    scenario.order, configuration.name
                );
                findings.push(at(configuration, scenario, kind, message));
            } else if directions.contains(&BalanceImpact::Debit) && is_unchecked(check) {
                let kind = FindingKind::UncheckedDebit;
                let message = unchecked(configuration, scenario);
                findings.push(at(configuration, scenario, kind, message));
            }
        }
        let program = configuration.program.and_then(|id| snapshot.program(id));
        if let Some(program) = program {
            foreign_limits(configuration, program, findings);
        }
    }
}

fn at(
    configuration: &Configuration,
    scenario: &Scenario,
    kind: FindingKind,
    message: String,
) -> Finding {
    Finding {
        line: scenario.line,
        key: scenario.key.clone(),
        ..Finding::at(configuration, Severity::Warning, kind, message)
    }
}

/// The directions of the codes of a configuration, each once. What moves nothing needs no scenario.
fn directions(snapshot: &Snapshot, configuration: &Configuration) -> Vec<BalanceImpact> {
    let has = |direction: &BalanceImpact| {
        configuration.filters.processing_codes.iter().any(|code| {
            snapshot
                .processing_code(*code)
                .is_some_and(|entry| entry.balance_impact == *direction)
        })
    };
    [BalanceImpact::Debit, BalanceImpact::Credit]
        .into_iter()
        .filter(has)
        .collect()
}

/// Why a scenario is not reached: an earlier one holds whenever this one would.
fn preempted(
    earlier: &[Check],
    check: &Check,
    direction: BalanceImpact,
    parents: bool,
) -> Option<String> {
    earlier.iter().find_map(|first| {
        let order = first.order;
        if always_holds(first, direction, parents) {
            return Some(match direction {
                BalanceImpact::Credit => format!(
                    "scenario {order} always holds for money coming in, which needs no cover, and \
                     is tried first"
                ),
                BalanceImpact::Debit | BalanceImpact::None => format!(
                    "scenario {order} always holds, as it checks no sum and no floor, and is tried \
                     first"
                ),
            });
        }
        implied(first, check, direction)
            .then(|| format!("scenario {order} is tried first and holds whenever this one would"))
    })
}

/// Whether nothing but arithmetic past the range can stop a scenario.
fn always_holds(check: &Check, direction: BalanceImpact, parents: bool) -> bool {
    let down = match direction {
        BalanceImpact::Debit => check.moves.with,
        BalanceImpact::Credit | BalanceImpact::None => check.moves.against,
    };
    let sum = direction == BalanceImpact::Debit && check.sum.is_some();
    let floors = check.floors && !down.is_empty();
    let related = check.impact_account.is_some() || check.counterpart_account.is_some();
    let parents = parents && check.floors;
    !(sum || floors || related || parents)
}

/// Whether the first holds whenever the second does: it compares the same sum with no larger an
/// amount, and has no floors that the second has not.
fn implied(first: &Check, second: &Check, direction: BalanceImpact) -> bool {
    let sum = direction != BalanceImpact::Debit
        || match (&first.sum, &second.sum) {
            (None, _) => true,
            (Some(_), None) => false,
            (Some(one), Some(other)) => {
                let amounts = [Some(other.amount), other.further_amount];
                one.considered == other.considered
                    && amounts.contains(&Some(one.amount))
                    && one
                        .further_amount
                        .is_none_or(|amount| amounts.contains(&Some(amount)))
            }
        };
    let moves = first.amount == second.amount && first.moves == second.moves;
    let floors = !first.floors || (second.floors && moves && first.over_limit == second.over_limit);
    let related = first.impact_account == second.impact_account
        && first.counterpart_account == second.counterpart_account;
    sum && floors && related
}

/// Whether a debit can be approved although nothing is compared with anything.
fn is_unchecked(check: &Check) -> bool {
    let floors = check.floors && !check.moves.with.is_empty();
    check.sum.is_none() && !floors
}

fn unchecked(configuration: &Configuration, scenario: &Scenario) -> String {
    let right = match scenario.kind {
        crate::ScenarioKind::Default { .. } => {
            "a default checks nothing unless enforce_funds = true"
        }
        crate::ScenarioKind::Custom { .. } => {
            "consider is empty, and no limit that moves down has a floor"
        }
    };
    format!(
        "scenario {} of {:?} approves money going out without any check of funds: {right}",
        scenario.order, configuration.name
    )
}

/// Names limits that the accounts of a program do not have, so that they are always 0.
fn foreign_limits(configuration: &Configuration, program: &Program, findings: &mut Vec<Finding>) {
    let credit = program.kind == ProgramKind::Credit;
    let considered = |name: &ConsiderName| match name {
        ConsiderName::AvailableCreditLimit => false,
        ConsiderName::OverLimit
        | ConsiderName::AvailableWithdrawalCredit
        | ConsiderName::AvailableTotalInstallmentCredit => !credit,
        ConsiderName::AvailableSavingsAccountLimit => credit,
    };
    let moved = |name: &LimitName| match name {
        LimitName::AvailableCreditLimit | LimitName::AvailableTotalInstallmentCredit => false,
        LimitName::AvailableWithdrawalCredit => !credit,
        LimitName::AvailableSavingsAccountLimit
        | LimitName::AdditionalFunds
        | LimitName::HeldFunds => credit,
    };
    for scenario in &configuration.scenarios {
        let result = &scenario.result;
        let considers = result.consider.iter().flatten();
        let moves = result.impact.iter().chain(&result.opposite_impact);
        let names: Vec<String> = considers
            .filter(|name| considered(name))
            .map(|name| format!("{name:?} in consider"))
            .chain(
                moves
                    .filter(|name| moved(name))
                    .map(|name| format!("{name:?} in impact")),
            )
            .collect();
        if names.is_empty() {
            continue;
        }
        let (names, program_name) = (names.join(", "), &program.name);
        let message = format!(
            "scenario {} of {:?} names {names}, which accounts of program {} ({program_name:?}) \
             do not have",
            scenario.order, configuration.name, program.id
        );
        let kind = FindingKind::LimitOfOtherAccounts;
        findings.push(at(configuration, scenario, kind, message));
    }
}
