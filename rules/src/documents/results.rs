//! The scenarios of a balance configuration: conditions and results, and the checks that belong to
//! them (balance-configuration API, conditions and results).

use super::Known;
use super::given::{Given, table};
use super::lines::join;
use super::moves::{
    ConfirmationTable, CounterpartAccountTable, ImpactAccountTable, RIGHT_IMPACT, confirmation,
    consider, counterpart_account, disjoint, impact_account, limit_list,
};
use super::report::Report;
use crate::{Amount, ConsiderName, LimitName, ResetLimit, Scenario, ScenarioKind, ScenarioResult};

table! {
    /// A condition and a result.
    ScenarioTable {
        /// When it holds.
        required condition: ConditionTable,
        /// What it considers and moves.
        required result: ResultTable,
    }
}

table! {
    /// When a scenario holds.
    ConditionTable {
        /// Position among the custom scenarios; lower is tried first. The default is always last.
        required order: i64,
        /// custom: holds when the considered limits cover the amount. default: holds at once.
        required r#type: ConditionType,
        /// The amount that the considered limits must cover; for custom.
        optional amount_to_check_balance: CheckAmount,
    }
}

table! {
    /// What a scenario considers and moves.
    ResultTable {
        /// The amount that moves.
        required amount: Amount,
        /// Limits moved in the direction of the operation; may be empty.
        required impact: Vec<Given<LimitName>>,
        /// Limits summed for the check. Missing: those of impact. Empty: no sum check.
        optional consider: Vec<Given<ConsiderName>>,
        /// A further amount that the considered limits must cover.
        optional amount_consider: Amount,
        /// Limits moved against the direction of the operation.
        optional opposite_impact: Vec<Given<LimitName>>,
        /// Whether limits may fall below their floors; missing: false.
        optional may_go_negative: bool,
        /// Whether a default scenario checks funds as well; missing: false.
        optional enforce_funds: bool,
        /// When the consumed limit comes back.
        optional reset_limit: ResetLimit,
        /// What moves at the confirmation of a dual message, where that differs.
        optional confirmation: ConfirmationTable,
        /// The account that moves instead; level account only.
        optional impact_account: ImpactAccountTable,
        /// The account that moves the other way; level account only.
        optional counterpart_account: CounterpartAccountTable,
    }
}

/// `condition.type`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
enum ConditionType {
    Default,
    Custom,
}

/// `condition.amount_to_check_balance`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Deserialize, schemars::JsonSchema)]
enum CheckAmount {
    #[serde(rename = "amount")]
    Principal,
    #[serde(rename = "installment_amount")]
    Installment,
}

const RIGHT_AMOUNT: &str = "\"principal_amount\", \"contract_amount\" or \"installment_amount\"";
const RIGHT_CHECK: &str = "\"amount\" or \"installment_amount\"";

/// The scenarios of one configuration in the order of trying.
pub(super) fn scenarios(
    report: &mut Report<'_>,
    list: Given<Vec<Given<ScenarioTable>>>,
    key: &str,
    known: &Known,
) -> Vec<Scenario> {
    let right = "at least one scenario with a condition and a result";
    let list = report.required(list, key, right);
    if list.as_ref().is_some_and(Vec::is_empty) {
        report.error(key, format!("empty; write {right}"));
    }
    let mut scenarios: Vec<Scenario> = Vec::new();
    for (key, table) in report.tables(list.unwrap_or_default(), key) {
        let Some(scenario) = scenario(report, table, &key, known) else {
            continue;
        };
        let is_default = |scenario: &Scenario| match scenario.kind {
            ScenarioKind::Default { .. } => true,
            ScenarioKind::Custom { .. } => false,
        };
        if is_default(&scenario) {
            if scenarios.iter().any(is_default) {
                let reason = "a second default is never reached; keep one";
                report.error(&join(&key, "condition.type"), reason);
            }
        } else if scenarios
            .iter()
            .any(|other| !is_default(other) && other.order == scenario.order)
        {
            let reason = format!("order {} is taken; give each its own", scenario.order);
            report.error(&join(&key, "condition.order"), reason);
        }
        scenarios.push(scenario);
    }
    scenarios.sort_by_key(|scenario| match scenario.kind {
        ScenarioKind::Custom { .. } => (false, scenario.order),
        ScenarioKind::Default { .. } => (true, scenario.order),
    });
    scenarios
}

fn scenario(
    report: &mut Report<'_>,
    table: ScenarioTable,
    key: &str,
    known: &Known,
) -> Option<Scenario> {
    let condition_key = join(key, "condition");
    let result_key = join(key, "result");
    if matches!(table.condition, Given::Absent) {
        report.error(
            &condition_key,
            "missing; write condition = { order = 1, type = \"custom\" }",
        );
    }
    if matches!(table.result, Given::Absent) {
        report.error(
            &result_key,
            "missing; write a result with amount and impact",
        );
    }
    let condition = report.table(table.condition, &condition_key);
    let result = report.table(table.result, &result_key);
    let enforce_funds = result.as_ref().map(|result| match result.enforce_funds {
        Given::Good(enforce) => Some(enforce),
        Given::Absent | Given::Bad(_) => None,
    });
    let condition = condition.and_then(|table| {
        condition_of(
            report,
            table,
            &condition_key,
            enforce_funds.flatten(),
            &result_key,
        )
    });
    let result = result.and_then(|table| result_of(report, table, &result_key, known));
    let ((order, kind), result) = (condition?, result?);
    covers_something(report, kind, &result, &result_key);
    Some(Scenario {
        order,
        line: report.line(key),
        key: key.to_owned(),
        kind,
        result,
    })
}

fn condition_of(
    report: &mut Report<'_>,
    table: ConditionTable,
    key: &str,
    enforce_funds: Option<bool>,
    result_key: &str,
) -> Option<(i32, ScenarioKind)> {
    let order = report.required_number(table.order, &join(key, "order"), &(i32::MIN..=i32::MAX));
    let right = "\"custom\" or \"default\"";
    let kind = report.required(table.r#type, &join(key, "type"), right);
    let check_key = join(key, "amount_to_check_balance");
    let kind = match kind? {
        ConditionType::Custom => {
            if enforce_funds == Some(false) {
                let reason = "a custom scenario always checks funds; leave it out, or write \
                              may_go_negative = true or type = \"default\"";
                report.error(&join(result_key, "enforce_funds"), reason);
            }
            let amount = report.required(table.amount_to_check_balance, &check_key, RIGHT_CHECK)?;
            let amount_to_check = match amount {
                CheckAmount::Principal => Amount::Principal,
                CheckAmount::Installment => Amount::Installment,
            };
            ScenarioKind::Custom { amount_to_check }
        }
        ConditionType::Default => {
            if !matches!(table.amount_to_check_balance, Given::Absent) {
                let reason = "a default scenario does not select by balance; leave it out \
                              (with enforce_funds it checks amount_consider)";
                report.error(&check_key, reason);
            }
            ScenarioKind::Default {
                enforce_funds: enforce_funds.unwrap_or(false),
            }
        }
    };
    Some((order?, kind))
}

fn result_of(
    report: &mut Report<'_>,
    table: ResultTable,
    key: &str,
    known: &Known,
) -> Option<ScenarioResult> {
    let amount = report.required(table.amount, &join(key, "amount"), RIGHT_AMOUNT);
    let impact_key = join(key, "impact");
    let impact = report.required(table.impact, &impact_key, RIGHT_IMPACT);
    let impact = impact.and_then(|list| report.list(list, &impact_key, RIGHT_IMPACT));
    let consider = consider(report, table.consider, &join(key, "consider"));
    let amount_consider = report.optional(
        table.amount_consider,
        &join(key, "amount_consider"),
        RIGHT_AMOUNT,
    );
    let opposite_key = join(key, "opposite_impact");
    let opposite_impact = limit_list(report, table.opposite_impact, &opposite_key);
    disjoint(
        report,
        impact.as_deref().unwrap_or_default(),
        &opposite_impact,
        &opposite_key,
    );

    let flag = "true or false";
    let may_go_negative =
        report.optional(table.may_go_negative, &join(key, "may_go_negative"), flag);
    // Its meaning depends on the condition, which reads it; here only its form counts.
    report.optional(table.enforce_funds, &join(key, "enforce_funds"), flag);
    let right = "\"never\", \"payment\" or \"last_installment\"";
    let reset_limit = report.optional(table.reset_limit, &join(key, "reset_limit"), right);
    let confirmation = confirmation(report, table.confirmation, &join(key, "confirmation"));
    let impact_account = impact_account(report, table.impact_account, &join(key, "impact_account"));
    let counterpart_key = join(key, "counterpart_account");
    let counterpart_account =
        counterpart_account(report, table.counterpart_account, &counterpart_key, known);
    Some(ScenarioResult {
        amount: amount?,
        impact: impact?,
        consider,
        amount_consider,
        opposite_impact,
        may_go_negative: may_go_negative.unwrap_or(false),
        reset_limit,
        confirmation,
        impact_account,
        counterpart_account,
    })
}

/// A check that sums nothing declines everything, which nobody means.
fn covers_something(
    report: &mut Report<'_>,
    kind: ScenarioKind,
    result: &ScenarioResult,
    key: &str,
) {
    let checks = match kind {
        ScenarioKind::Custom { .. } => true,
        ScenarioKind::Default { enforce_funds } => enforce_funds,
    };
    let considerable = |limit: &LimitName| match limit {
        LimitName::AvailableCreditLimit
        | LimitName::AvailableTotalInstallmentCredit
        | LimitName::AvailableWithdrawalCredit
        | LimitName::AvailableSavingsAccountLimit => true,
        LimitName::AdditionalFunds | LimitName::HeldFunds => false,
    };
    if checks && result.consider.is_none() && !result.impact.iter().any(considerable) {
        let reason = "missing, and nothing in impact can stand in for it; name the limits, or \
                      write consider = [] to check no sum";
        report.error(&join(key, "consider"), reason);
    }
}
