//! What is there twice, not at all, or for nothing: names, configurations of operations, operations
//! that no message leads to, templates.

use std::collections::{BTreeMap, BTreeSet};

use super::{Finding, FindingKind, Severity, named};
use crate::{BalanceImpact, Configuration, CurrencyConversion, ProcessingCode, Snapshot, Target};

/// Looks at the tables as wholes.
pub(super) fn find(snapshot: &Snapshot, findings: &mut Vec<Finding>) {
    duplicate_names(snapshot, findings);
    for entry in snapshot.processing_codes() {
        let code = entry.code;
        if entry.balance_impact != BalanceImpact::None {
            findings.extend(not_configured(snapshot, code));
        }
    }
    unreachable_codes(snapshot, findings);
    unused_templates(snapshot, findings);
    programs_without_rates(snapshot, findings);
}

/// Programs that convert, and have no rate that leads to their currency.
fn programs_without_rates(snapshot: &Snapshot, findings: &mut Vec<Finding>) {
    let rates = &snapshot.tables().exchange_rates;
    for program in snapshot.programs() {
        let has_rate = rates.keys().any(|(_, to)| *to == program.currency);
        if has_rate || program.currency_conversion == CurrencyConversion::Refuse {
            continue;
        }
        let message = format!(
            "program {} converts, and no rate leads to its currency {}: every other currency is declined \
             as {}",
            program.id,
            program.currency,
            crate::Reason::CurrencyNotSupported
        );
        findings.push(Finding {
            severity: Severity::Warning,
            kind: FindingKind::NoExchangeRate,
            file: crate::documents::EXCHANGE_RATES.to_owned(),
            line: 1,
            key: "rates".to_owned(),
            message,
            example: None,
        });
    }
}

fn duplicate_names(snapshot: &Snapshot, findings: &mut Vec<Finding>) {
    let mut names: BTreeMap<(Target, &str), &Configuration> = BTreeMap::new();
    for configuration in snapshot.configurations() {
        let place = (configuration.target(), configuration.name.as_str());
        if let Some(first) = names.get(&place) {
            let target = configuration.target();
            let message = format!("{target} already has a configuration {}", named(first));
            let kind = FindingKind::DuplicateName;
            findings.push(Finding::at(configuration, Severity::Warning, kind, message));
        } else {
            names.insert(place, configuration);
        }
    }
}

/// An operation that some program has no configuration for. Accounts may have their own.
fn not_configured(snapshot: &Snapshot, code: ProcessingCode) -> Option<Finding> {
    let index = &snapshot.rules().index;
    let has = |target| index.get(target, code).is_some();
    if has(Target::Tenant) {
        return None;
    }
    let without: Vec<String> = snapshot
        .programs()
        .map(|program| program.id)
        .filter(|program| !has(Target::Program(*program)))
        .map(|program| program.to_string())
        .collect();
    if without.is_empty() {
        return None;
    }
    let message = format!(
        "code {code} has no active configuration for program {}: it is declined as {}",
        without.join(", "),
        crate::Reason::NoConfiguration
    );
    Some(at_code(
        snapshot,
        code,
        FindingKind::NoConfiguration,
        message,
    ))
}

fn at_code(
    snapshot: &Snapshot,
    code: ProcessingCode,
    kind: FindingKind,
    message: String,
) -> Finding {
    let place = snapshot.tables().code_places.get(&code);
    let (line, key) = place.cloned().unwrap_or((1, String::new()));
    Finding {
        severity: Severity::Note,
        kind,
        file: crate::documents::PROCESSING_CODES.to_owned(),
        line,
        key,
        message,
        example: None,
    }
}

/// Operations that neither DE3 of a network nor a rule model leads to.
fn unreachable_codes(snapshot: &Snapshot, findings: &mut Vec<Finding>) {
    let mut reached: BTreeSet<ProcessingCode> = BTreeSet::new();
    for network in snapshot.networks() {
        match &network.processing_codes {
            Some(table) => reached.extend(table.values()),
            None => reached.extend(
                snapshot
                    .processing_codes()
                    .map(|entry| entry.code)
                    .filter(|code| code.as_str().len() == 2),
            ),
        }
    }
    for rule in snapshot.rule_models().iter().flat_map(|model| &model.rules) {
        reached.insert(rule.processing_code);
        reached.extend(rule.international_processing_code);
    }
    let counterparts = snapshot
        .configurations()
        .iter()
        .flat_map(|configuration| &configuration.scenarios)
        .filter_map(|scenario| scenario.result.counterpart_account)
        .map(|counterpart| counterpart.processing_code);
    reached.extend(counterparts);
    for entry in snapshot.processing_codes() {
        let code = entry.code;
        if reached.contains(&code) {
            continue;
        }
        let message = format!("no network's DE3 and no rule model leads to code {code}");
        let kind = FindingKind::UnreachableCode;
        findings.push(at_code(snapshot, code, kind, message));
    }
}

fn unused_templates(snapshot: &Snapshot, findings: &mut Vec<Finding>) {
    let used: BTreeSet<&str> = snapshot
        .configurations()
        .iter()
        .filter_map(|configuration| configuration.filter_template.as_ref())
        .map(|template| template.id.as_str())
        .collect();
    for (id, template) in &snapshot.tables().filter_templates {
        if !used.contains(id.as_str()) {
            findings.push(Finding {
                severity: Severity::Note,
                kind: FindingKind::Unused,
                file: template.file.clone(),
                line: 1,
                key: "id".to_owned(),
                message: format!("no configuration refers to filter template {id:?}"),
                example: None,
            });
        }
    }
}
