//! `over-limit/*.toml`: limit configurations and acceptances (balance-watcher API).

use super::given::{Given, table};
use super::lines::join;
use super::report::Report;
use super::targets::{TargetKeys, target};
use super::{Document, ErrorCode, Known, RuleError};
use crate::over_limit::Acceptance;
use crate::snapshot::Tables;
use crate::{Feature, FeatureUse, Level, OverLimit, ProcessingCode, Target};

table! {
    /// Whether over-limit and limit refund may happen.
    OverLimitTable {
        /// For accounts, whatever the operation. One per target.
        optional configurations: Vec<Given<LimitConfigurationTable>>,
        /// For operations, by processing code. One per code and target.
        optional acceptances: Vec<Given<AcceptanceTable>>,
    }
}

table! {
    /// Whether the accounts of a target may use over-limit and limit refund.
    LimitConfigurationTable {
        /// Whom it is for; the most specific level counts as a whole.
        required level: Level,
        /// The program, for level program.
        optional program_id: i64,
        /// The account, for level account.
        optional account_id: i64,
        /// The allowance above the credit limit.
        required over_limit: SwitchTable,
        /// Consumed limits that come back.
        required limit_refund: SwitchTable,
    }
}

table! {
    /// Whether an operation accepts over-limit and limit refund, by flow. A flow that is not named
    /// accepts both.
    AcceptanceTable {
        /// The operation.
        required processing_code: ProcessingCode,
        /// Whom it is for; the most specific level counts as a whole.
        required level: Level,
        /// The program, for level program.
        optional program_id: i64,
        /// The account, for level account.
        optional account_id: i64,
        /// Requests of card networks.
        optional network_authorization: PairTable,
        /// Operations of the platform itself.
        optional platform_authorization: PairTable,
        /// On-us authorizations and payments.
        optional authorization: PairTable,
    }
}

table! {
    /// Over-limit and limit refund.
    PairTable {
        /// The allowance above the credit limit.
        required over_limit: SwitchTable,
        /// Consumed limits that come back.
        required limit_refund: SwitchTable,
    }
}

table! {
    /// On or off.
    SwitchTable {
        /// On.
        required enable: bool,
    }
}

/// Checks one file and adds its records.
pub(super) fn read(
    document: &Document,
    known: &Known,
    tables: &mut Tables,
    errors: &mut Vec<RuleError>,
) {
    let (mut report, table) = Report::open::<OverLimitTable>(document, errors);
    let Some(table) = table else { return };
    report.errors_have_code(ErrorCode::Bw0008);
    let (key, right) = ("configurations", "a list of tables");
    let list = report.optional(table.configurations, key, right);
    for (key, table) in report.tables(list.unwrap_or_default(), key) {
        let keys = TargetKeys {
            level: table.level,
            program_id: table.program_id,
            account_id: table.account_id,
        };
        let target = target(&mut report, keys, &key, known);
        let pair = pair(&mut report, table.over_limit, table.limit_refund, &key);
        let (Some(target), Some(pair)) = (target, pair) else {
            continue;
        };
        if pair.limit_refund {
            tables.limit_refunds.push(refund(&report, &key, target));
        }
        if tables
            .over_limit
            .configurations
            .insert(target, pair)
            .is_some()
        {
            taken(&mut report, &key, target);
        }
    }
    let key = "acceptances";
    let list = report.optional(table.acceptances, key, right);
    for (key, table) in report.tables(list.unwrap_or_default(), key) {
        acceptance(&mut report, table, &key, known, tables);
    }
}

fn taken(report: &mut Report<'_>, key: &str, target: Target) {
    let reason = format!("{target} has a record already; keep one");
    report.error_of_code(ErrorCode::Bw0032, key, reason);
}

fn acceptance(
    report: &mut Report<'_>,
    table: AcceptanceTable,
    key: &str,
    known: &Known,
    tables: &mut Tables,
) {
    let keys = TargetKeys {
        level: table.level,
        program_id: table.program_id,
        account_id: table.account_id,
    };
    let target = target(report, keys, key, known);
    let code_key = join(key, "processing_code");
    let right = "a code of processing-codes.toml";
    let code = report.required(table.processing_code, &code_key, right);
    if let Some(code) = code
        && !known.processing_codes.contains(&code)
        && !known.processing_codes_unsure
    {
        let reason = format!("{code} is not an operation of processing-codes.toml; list it there");
        report.error(&code_key, reason);
    }
    let flows = [
        ("network_authorization", table.network_authorization),
        ("platform_authorization", table.platform_authorization),
        ("authorization", table.authorization),
    ];
    if flows.iter().all(|(_, given)| given.is_absent()) {
        let names = flows.each_ref().map(|(name, _)| *name).join(", ");
        report.error(key, format!("names no flow; write at least one of {names}"));
    }
    let [network, platform, authorization] = flows.map(|(name, given)| {
        let key = join(key, name);
        let table = report.table(given, &key)?;
        pair(report, table.over_limit, table.limit_refund, &key)
    });
    let (Some(code), Some(target)) = (code, target) else {
        return;
    };
    if [network, platform, authorization]
        .into_iter()
        .flatten()
        .any(|pair| pair.limit_refund)
    {
        tables.limit_refunds.push(refund(report, key, target));
    }
    let acceptance = Acceptance {
        network,
        platform,
        authorization,
    };
    let targets = tables.over_limit.acceptances.entry(code).or_default();
    if targets.insert(target, acceptance).is_some() {
        taken(report, key, target);
    }
}

/// A place that asks for limit refund.
fn refund(report: &Report<'_>, key: &str, target: Target) -> FeatureUse {
    FeatureUse {
        feature: Feature::LimitRefund,
        file: report.file().to_owned(),
        line: report.line(key),
        key: key.to_owned(),
        user: target.to_string(),
    }
}

fn pair(
    report: &mut Report<'_>,
    over_limit: Given<SwitchTable>,
    limit_refund: Given<SwitchTable>,
    key: &str,
) -> Option<OverLimit> {
    let over_limit = switch(report, over_limit, &join(key, "over_limit"));
    let limit_refund = switch(report, limit_refund, &join(key, "limit_refund"));
    Some(OverLimit {
        over_limit: over_limit?,
        limit_refund: limit_refund?,
    })
}

fn switch(report: &mut Report<'_>, table: Given<SwitchTable>, key: &str) -> Option<bool> {
    if table.is_absent() {
        report.error(
            key,
            "missing; write { enable = true } or { enable = false }",
        );
    }
    let table = report.table(table, key)?;
    report.required(table.enable, &join(key, "enable"), "true or false")
}
