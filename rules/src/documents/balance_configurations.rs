//! `balance-configurations/*.toml`: the envelope of the balance-configuration API and its entries.
//! Filters are in `filters`, what is inside a scenario is in `results`.

use super::filters::{FiltersTable, filters};
use super::given::{Given, table};
use super::lines::join;
use super::report::Report;
use super::results::{ScenarioTable, scenarios};
use super::targets::{TargetKeys, target};
use super::{Document, ErrorCode, Known, RuleError};
use crate::snapshot::Tables;
use crate::{Configuration, FilterTemplateReference, Filters, Level, Target};

table! {
    /// Balance configurations of one target.
    EnvelopeTable {
        /// Whom the configurations are for. The most specific level with an active configuration
        /// for the processing code decides; levels are not merged.
        required level: Level,
        /// The program, for level program.
        optional program_id: i64,
        /// The account, for level account.
        optional account_id: i64,
        /// Settings independent of the filters.
        optional global_configs: GlobalTable,
        /// The configurations.
        required configs: Vec<Given<ConfigTable>>,
    }
}

table! {
    /// Settings independent of the filters.
    GlobalTable {
        /// The parent accounts move by the same amounts.
        optional impact_parent_accounts: bool,
    }
}

table! {
    /// One configuration. It has either filters or a filter template.
    ConfigTable {
        /// Name, at most 100 characters.
        required name: String,
        /// Whether it is evaluated; missing: true.
        optional is_active: bool,
        /// Which requests it matches.
        optional filters: FiltersTable,
        /// A filter template, of which the highest version counts.
        optional filter_template_id: String,
        /// What it tries: custom scenarios by ascending order, then the default.
        required scenarios: Vec<Given<ScenarioTable>>,
    }
}

/// Longest name of a configuration, in characters.
const NAME_CHARACTERS: usize = 100;

/// What the entries of one file have in common.
struct Envelope<'a> {
    target: Option<Target>,
    impact_parent_accounts: bool,
    known: &'a Known,
    tables: &'a Tables,
}

/// Checks one file and adds its configurations.
pub(super) fn read(
    document: &Document,
    known: &Known,
    tables: &mut Tables,
    errors: &mut Vec<RuleError>,
) {
    let (mut report, table) = Report::open::<EnvelopeTable>(document, errors);
    let Some(table) = table else { return };

    let keys = TargetKeys {
        level: table.level,
        program_id: table.program_id,
        account_id: table.account_id,
    };
    let target = target(&mut report, keys, "", known);
    let parents_key = "global_configs.impact_parent_accounts";
    let parents = report
        .table(table.global_configs, "global_configs")
        .and_then(|global| {
            report.optional(global.impact_parent_accounts, parents_key, "true or false")
        });

    let right = "at least one [[configs]]";
    let list = report
        .required(table.configs, "configs", right)
        .unwrap_or_default();
    let envelope = Envelope {
        target,
        impact_parent_accounts: parents.unwrap_or(false),
        known,
        tables,
    };
    let mut configurations = Vec::new();
    for (key, table) in report.tables(list, "configs") {
        configurations.extend(configuration(&mut report, table, &key, &envelope));
    }
    tables.configurations.extend(configurations);
}

/// One configuration; `None` when something it needs is not there.
fn configuration(
    report: &mut Report<'_>,
    table: ConfigTable,
    key: &str,
    envelope: &Envelope<'_>,
) -> Option<Configuration> {
    let name = report.text(table.name, &join(key, "name"), NAME_CHARACTERS);
    let active = report.optional(table.is_active, &join(key, "is_active"), "true or false");
    let (given, template) = (table.filters, table.filter_template_id);
    let found = filters_or_template(report, given, template, key, envelope);
    let (filters, filter_template) = found.unzip();
    let scenarios = scenarios(
        report,
        table.scenarios,
        &join(key, "scenarios"),
        envelope.known,
    );
    let target = envelope.target?;
    for scenario in &scenarios {
        related_accounts_fit(report, scenario, target, envelope.impact_parent_accounts);
    }
    if let Some(filters) = &filters {
        for scenario in &scenarios {
            counterpart_fits(report, scenario, filters, envelope.tables);
        }
    }
    let (program, account) = match target {
        Target::Tenant => (None, None),
        Target::Program(program) => (Some(program), None),
        Target::Account(account) => (None, Some(account)),
    };
    Some(Configuration {
        name: name?,
        file: report.file().to_owned(),
        line: report.line(key),
        key: key.to_owned(),
        level: target.level(),
        program,
        account,
        impact_parent_accounts: envelope.impact_parent_accounts,
        is_active: active.unwrap_or(true),
        filters: filters?,
        filter_template: filter_template.flatten(),
        scenarios,
    })
}

/// The filters of a configuration, with the template they come from.
fn filters_or_template(
    report: &mut Report<'_>,
    given: Given<FiltersTable>,
    template: Given<String>,
    key: &str,
    envelope: &Envelope<'_>,
) -> Option<(Filters, Option<FilterTemplateReference>)> {
    let filters_key = join(key, "filters");
    let template_key = join(key, "filter_template_id");
    match (given.is_absent(), template.is_absent()) {
        (true, true) => {
            let reason = "missing; write filters = { processing_codes = [\"00\"] } or \
                          filter_template_id = \"..\"";
            report.error_of_code(ErrorCode::Ebcf0320, &filters_key, reason);
            None
        }
        (false, false) => {
            let reason = "both filters and filter_template_id are given; keep one";
            report.error_of_code(ErrorCode::Ebcf0321, &template_key, reason);
            None
        }
        (false, true) => {
            let table = report.table(given, &filters_key)?;
            let filters = filters(report, table, &filters_key, envelope.known)?;
            Some((filters, None))
        }
        (true, false) => {
            let right = "the id of a file in filter-templates/";
            let id = report.optional(template, &template_key, right)?;
            from_template(report, id, &template_key, envelope)
        }
    }
}

fn from_template(
    report: &mut Report<'_>,
    id: String,
    key: &str,
    envelope: &Envelope<'_>,
) -> Option<(Filters, Option<FilterTemplateReference>)> {
    let Some(template) = envelope.tables.filter_templates.get(&id) else {
        if !envelope.known.filter_templates_unsure {
            let ids: Vec<&str> = envelope
                .tables
                .filter_templates
                .keys()
                .map(String::as_str)
                .collect();
            let reason = match ids.as_slice() {
                [] => format!("no filter template {id:?}; write one in filter-templates/NAME.toml"),
                ids => format!(
                    "no filter template {id:?}; the templates are {}",
                    ids.join(", ")
                ),
            };
            report.error_of_code(ErrorCode::Ebcf0317, key, reason);
        }
        return None;
    };
    let version = template.version;
    let reference = FilterTemplateReference { id, version };
    Some((template.filters.clone(), Some(reference)))
}

/// Only an account can name related accounts, and none may be moved twice or against itself.
fn related_accounts_fit(
    report: &mut Report<'_>,
    scenario: &crate::Scenario,
    target: Target,
    impact_parent_accounts: bool,
) {
    let key = join(&scenario.key, "result");
    let (impact_key, counterpart_key) = (
        join(&key, "impact_account"),
        join(&key, "counterpart_account"),
    );
    let result = &scenario.result;
    let own = match target {
        Target::Account(account) => Some(account),
        Target::Tenant | Target::Program(_) => None,
    };
    let impact = result.impact_account.map(|impact| impact.account_id);
    let counterpart = result.counterpart_account.map(|account| account.account_id);
    for (given, key) in [(impact, &impact_key), (counterpart, &counterpart_key)] {
        if given.is_some() && own.is_none() {
            let reason = "only level account may move related accounts; leave it out";
            report.error(key, reason);
        }
    }
    if impact.is_some() && impact == own {
        report.error(&impact_key, "the account itself moves anyway; leave it out");
    }
    if impact.is_some() && impact_parent_accounts {
        let reason = "with impact_parent_accounts a parent would move twice; keep one of them";
        report.error(&impact_key, reason);
    }
    let bearer = impact.or(own);
    if counterpart.is_some() && counterpart == bearer {
        let reason = "the account that moves itself; the moves would cancel; name another";
        report.error(&counterpart_key, reason);
    }
}

/// The counterpart moves the other way, so its code must be of the other direction.
fn counterpart_fits(
    report: &mut Report<'_>,
    scenario: &crate::Scenario,
    filters: &Filters,
    tables: &Tables,
) {
    let Some(counterpart) = scenario.result.counterpart_account else {
        return;
    };
    let own = tables.processing_codes.get(&counterpart.processing_code);
    let Some(own) = own else { return };
    let same_way = filters.processing_codes.iter().find(|code| {
        tables
            .processing_codes
            .get(code)
            .is_some_and(|entry| entry.balance_impact != own.balance_impact.opposite())
    });
    if let Some(code) = same_way {
        let reason = format!(
            "{} does not move the other way than {code}; write a code of the opposite balance_impact",
            counterpart.processing_code
        );
        let key = join(&scenario.key, "result.counterpart_account.processing_code");
        report.error(&key, reason);
    }
}
