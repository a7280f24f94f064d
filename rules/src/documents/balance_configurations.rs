//! `balance-configurations/*.toml`: the envelope of the balance-configuration API, its filters and
//! its scenarios. What is inside a scenario is in `results`.

use super::given::{Given, table};
use super::lines::join;
use super::report::Report;
use super::results::{ScenarioTable, scenarios};
use super::{Document, Known, RuleError};
use crate::snapshot::Tables;
use crate::{AccountType, Configuration, Currency, Filters, Level, ProcessingCode, ProgramId};

table! {
    /// The file: one level and one target.
    EnvelopeTable {
        level: Level,
        program_id: i64,
        account_id: i64,
        global_configs: GlobalTable,
        configs: Vec<Given<ConfigTable>>,
    }
}

table! {
    /// Settings independent of the filters.
    GlobalTable {
        impact_parent_accounts: bool,
    }
}

table! {
    /// One configuration.
    ConfigTable {
        name: String,
        is_active: bool,
        filters: FiltersTable,
        filter_template_id: String,
        scenarios: Vec<Given<ScenarioTable>>,
    }
}

table! {
    /// Which requests it matches.
    FiltersTable {
        processing_codes: Vec<Given<ProcessingCode>>,
        min_installments: i64,
        max_installments: i64,
        mcc: Vec<Given<String>>,
        account_type: AccountType,
        currency_code: Currency,
    }
}

/// Longest name of a configuration, in characters.
const NAME_CHARACTERS: usize = 100;
/// Most instalments that can be asked for: two digits.
const INSTALLMENTS_MAX: u8 = 99;

/// Checks one file and adds its configurations.
pub(super) fn read(
    document: &Document,
    known: &Known,
    tables: &mut Tables,
    errors: &mut Vec<RuleError>,
) {
    let (mut report, table) = Report::open::<EnvelopeTable>(document, errors);
    let Some(table) = table else { return };

    let target = target(
        &mut report,
        table.level,
        table.program_id,
        table.account_id,
        known,
    );
    if let Some(global) = report.table(table.global_configs, "global_configs")
        && !matches!(global.impact_parent_accounts, Given::Absent)
    {
        let reason = "not supported yet: parent accounts are not moved; leave it out";
        report.error("global_configs.impact_parent_accounts", reason);
    }

    let right = "at least one [[configs]]";
    let list = report
        .required(table.configs, "configs", right)
        .unwrap_or_default();
    for (key, table) in report.tables(list, "configs") {
        let configuration = configuration(&mut report, table, &key, known);
        if let (Some(configuration), Some((level, program))) = (configuration, target) {
            tables.configurations.push(Configuration {
                level,
                program,
                ..configuration
            });
        }
    }
}

/// The level, with the program where it needs one.
fn target(
    report: &mut Report<'_>,
    level: Given<Level>,
    program_id: Given<i64>,
    account_id: Given<i64>,
    known: &Known,
) -> Option<(Level, Option<ProgramId>)> {
    let level = report.required(level, "level", "\"tenant\" or \"program\"");
    if level != Some(Level::Account) && !matches!(account_id, Given::Absent) {
        report.error("account_id", "only level account has it; leave it out");
    }
    if level == Some(Level::Tenant) && !matches!(program_id, Given::Absent) {
        report.error(
            "program_id",
            "level tenant is for all programs; leave it out",
        );
    }
    match level? {
        Level::Tenant => Some((Level::Tenant, None)),
        Level::Program => {
            let id = report.required_number(program_id, "program_id", &(1..=u32::MAX));
            let id = ProgramId(id?);
            if !known.programs.contains_key(&id) && !known.programs_unsure {
                let programs: Vec<String> =
                    known.programs.keys().map(ToString::to_string).collect();
                let reason = format!("no program {id}; the programs are {}", programs.join(", "));
                report.error("program_id", reason);
            }
            Some((Level::Program, Some(id)))
        }
        Level::Account => {
            let reason = "account-level configurations need account targets, which come from the \
                          store; write \"tenant\" or \"program\" in files";
            report.error("level", reason);
            None
        }
    }
}

/// One configuration, as yet without its target.
fn configuration(
    report: &mut Report<'_>,
    table: ConfigTable,
    key: &str,
    known: &Known,
) -> Option<Configuration> {
    let name = report.text(table.name, &join(key, "name"), NAME_CHARACTERS);
    let active = report.optional(table.is_active, &join(key, "is_active"), "true or false");
    let template_key = join(key, "filter_template_id");
    let filters_key = join(key, "filters");
    let filters = match (table.filters, table.filter_template_id) {
        (Given::Absent, Given::Absent) => {
            report.error(
                &filters_key,
                "missing; write filters = { processing_codes = [\"00\"] }",
            );
            None
        }
        (Given::Absent, Given::Good(_) | Given::Bad(_)) => {
            report.error(
                &template_key,
                "filter templates are not read from files; write filters",
            );
            None
        }
        (Given::Good(_) | Given::Bad(_), Given::Good(_) | Given::Bad(_)) => {
            let reason = "both filters and filter_template_id are given; keep filters";
            report.error(&template_key, reason);
            None
        }
        (given @ (Given::Good(_) | Given::Bad(_)), Given::Absent) => report
            .table(given, &filters_key)
            .and_then(|table| filters(report, table, &filters_key, known)),
    };
    let scenarios = scenarios(report, table.scenarios, &join(key, "scenarios"));
    Some(Configuration {
        name: name?,
        file: report.file().to_owned(),
        level: Level::Tenant,
        program: None,
        is_active: active.unwrap_or(true),
        filters: filters?,
        scenarios,
    })
}

fn filters(
    report: &mut Report<'_>,
    table: FiltersTable,
    key: &str,
    known: &Known,
) -> Option<Filters> {
    let codes_key = join(key, "processing_codes");
    let right = "at least one code of processing-codes.toml, such as [\"00\"]";
    let list = report.required(table.processing_codes, &codes_key, right);
    let processing_codes =
        list.map(|list| processing_codes(report, list, &codes_key, right, known));

    let installments = &(0..=INSTALLMENTS_MAX);
    let min_key = join(key, "min_installments");
    let min_installments = report.number(table.min_installments, &min_key, installments);
    let max_key = join(key, "max_installments");
    let max_installments = report.number(table.max_installments, &max_key, installments);
    if let (Some(min), Some(max)) = (min_installments, max_installments)
        && min > max
    {
        let reason = format!("{min} is above max_installments {max}; nothing would ever match");
        report.error(&min_key, reason);
    }

    let account_key = join(key, "account_type");
    let right = "\"00\", \"10\", \"20\" or \"30\"";
    let account_type = report.optional(table.account_type, &account_key, right);
    let currency_key = join(key, "currency_code");
    let right = "an ISO 4217 currency such as \"USD\"";
    let currency = report.optional(table.currency_code, &currency_key, right);
    let mcc = mcc(report, table.mcc, &join(key, "mcc"));
    Some(Filters {
        processing_codes: processing_codes?,
        min_installments,
        max_installments,
        mcc,
        account_type,
        currency,
    })
}

fn processing_codes(
    report: &mut Report<'_>,
    list: Vec<Given<ProcessingCode>>,
    key: &str,
    right: &str,
    known: &Known,
) -> Vec<ProcessingCode> {
    if list.is_empty() {
        report.error(key, format!("empty; write {right}"));
    }
    let codes = report.list(list, key, "2 to 6 letters or digits, such as \"00\"");
    let codes = codes.unwrap_or_default();
    for code in &codes {
        if known.reversal_codes.contains(code) {
            let reason = format!("{code} is a reversal code; reversals undo what was recorded");
            report.error(key, format!("{reason}; leave it out"));
        } else if !known.processing_codes.contains(code) && !known.processing_codes_unsure {
            let reason = format!("{code} is not in processing-codes.toml; list it there");
            report.error(key, reason);
        }
    }
    codes
}

fn mcc(report: &mut Report<'_>, list: Given<Vec<Given<String>>>, key: &str) -> Option<Vec<u16>> {
    let right = "merchant category codes of four digits, such as [\"5411\"]";
    let list = report.optional(list, key, right)?;
    if list.is_empty() {
        report.error(
            key,
            format!("empty, so nothing would ever match; write {right}"),
        );
    }
    let mut codes = Vec::new();
    for (index, given) in list.into_iter().enumerate() {
        let key = format!("{key}[{index}]");
        let Some(text) = report.optional(given, &key, right) else {
            continue;
        };
        let digits = text.len() == 4 && text.bytes().all(|byte| byte.is_ascii_digit());
        match text.parse::<u16>() {
            Ok(code) if digits && codes.contains(&code) => {
                report.error(&key, "listed twice; write it once");
            }
            Ok(code) if digits => codes.push(code),
            Ok(_) | Err(_) => {
                report.error(&key, format!("{text:?} is not four digits; write {right}"));
            }
        }
    }
    Some(codes)
}
