//! `switch check`: whether a configuration directory is good, without running it.
//!
//! Owns: what is checked, what of the rules the running switch does not apply yet, and how the result is
//! printed. Must never: put anything in force or write.

use std::path::Path;

use rules::{Feature, FeatureUse, Finding, RuleError, Severity, Snapshot};
use serde_json::{Value, json};

use crate::rule_tests::{self, TestRun};
use crate::rulebook;
use crate::settings::Settings;

/// What rules can ask for and the running switch does not do yet. Where one of these is used, a check
/// says so; whoever makes the switch apply one takes it out here.
const NOT_APPLIED: [Feature; 7] = [
    Feature::AntiFraud,
    Feature::ZeroBalance,
    Feature::DynamicCurrencyConversion,
    Feature::SettlementFromNetwork,
    Feature::RatesFeeModels,
    Feature::AlwaysCallLedgerRules,
    Feature::MigrationExpiry,
];

/// What a check found.
#[derive(Debug)]
pub struct Findings {
    /// What is in the directory, when it is good.
    summary: Option<Summary>,
    errors: Vec<RuleError>,
    /// What is allowed but hardly meant.
    findings: Vec<Finding>,
    /// What is used and not applied.
    not_applied: Vec<FeatureUse>,
    /// How the tests came out, where they were asked for and the rules are good.
    tests: Option<TestRun>,
}

#[derive(Debug)]
struct Summary {
    version: String,
    programs: usize,
    networks: usize,
    processing_codes: usize,
    configurations: usize,
    documents: usize,
}

/// Checks a configuration directory: its settings file, if it has one, then rules, networks, dialects, and
/// where asked for the tests of its rules.
#[must_use]
pub fn check(directory: &Path, with_tests: bool) -> Findings {
    let mut errors = Vec::new();
    let mut listening = Vec::new();
    let settings = directory.join("switch.toml");
    if settings.exists() {
        match Settings::load(&settings, std::iter::empty()) {
            Ok(settings) => {
                listening.extend(settings.networks().map(str::to_owned));
            }
            Err(error) => errors.push(plain(error.to_string())),
        }
    }
    let mut summary = None;
    let (mut findings, mut not_applied) = (Vec::new(), Vec::new());
    let mut tests = None;
    match rulebook::check(directory, &listening) {
        Ok((rules, _)) => {
            summary = Some(Summary::of(&rules));
            let found = rules.findings().into_iter();
            findings.extend(found.map(|finding| finding.under(directory)));
            let uses = rules.features().into_iter();
            not_applied.extend(
                uses.filter(|used| NOT_APPLIED.contains(&used.feature))
                    .map(|used| used.under(directory)),
            );
            tests = with_tests.then(|| rule_tests::run(directory, &rules));
        }
        Err(error) => errors.extend(error.items()),
    }
    Findings {
        summary: summary.filter(|_| errors.is_empty()),
        errors,
        findings,
        not_applied,
        tests,
    }
}

impl Summary {
    fn of(rules: &Snapshot) -> Self {
        Self {
            version: rules.version().to_string(),
            programs: rules.programs().count(),
            networks: rules.networks().count(),
            processing_codes: rules.processing_codes().count(),
            configurations: rules.configurations().len(),
            documents: rules.documents().len(),
        }
    }
}

/// An error whose text names its place already.
fn plain(reason: String) -> RuleError {
    RuleError {
        file: String::new(),
        line: 0,
        key: String::new(),
        reason,
        code: None,
    }
}

/// An error for machines.
pub(crate) fn error_json(error: &RuleError) -> Value {
    json!({
        "file": error.file,
        "line": error.line,
        "key": error.key,
        "reason": error.reason,
        "code": error.code,
    })
}

impl Findings {
    /// Whether everything is good.
    #[must_use]
    pub fn is_good(&self) -> bool {
        self.errors.is_empty() && self.tests.as_ref().is_none_or(TestRun::is_good)
    }

    /// The findings for people: a summary, or one `FILE:LINE: key: error: reason` per line; then warnings,
    /// notes, and what is not applied, in the same form; then the tests.
    #[must_use]
    pub fn to_text(&self) -> String {
        let mut text = String::new();
        if let Some(summary) = &self.summary {
            text = format!(
                "good: {} documents, {} programs, {} networks, {} processing codes, \
                 {} balance configurations\nversion {}\n",
                summary.documents,
                summary.programs,
                summary.networks,
                summary.processing_codes,
                summary.configurations,
                summary.version,
            );
        }
        for error in &self.errors {
            text.push_str(&match error.file.as_str() {
                "" => format!("{}\n", error.reason),
                _ => format!("{error}\n"),
            });
        }
        for severity in [Severity::Warning, Severity::Note] {
            for finding in self.of_severity(severity) {
                text.push_str(&format!("{finding}\n"));
            }
        }
        // The uses of one configuration stand together.
        let same = |one: &FeatureUse, other: &FeatureUse| {
            (&one.file, &one.user) == (&other.file, &other.user)
        };
        for uses in self.not_applied.chunk_by(same) {
            let Some(FeatureUse {
                file,
                line,
                key,
                user,
                ..
            }) = uses.first()
            else {
                continue;
            };
            let mut features: Vec<&str> = uses.iter().map(|used| used.feature.as_str()).collect();
            features.sort_unstable();
            features.dedup();
            let features = features.join(", ");
            text.push_str(&format!(
                "{file}:{line}: {key}: not applied yet: {user} asks for {features}\n"
            ));
        }
        if !self.findings.is_empty() || !self.not_applied.is_empty() {
            let warnings = self.of_severity(Severity::Warning).count();
            let notes = self.of_severity(Severity::Note).count();
            let not_applied = self.not_applied.len();
            text.push_str(&format!(
                "{warnings} warnings, {notes} notes, {not_applied} not applied yet\n"
            ));
        }
        text.extend(self.tests.as_ref().map(TestRun::to_text));
        text
    }

    fn of_severity(&self, severity: Severity) -> impl Iterator<Item = &Finding> {
        self.findings
            .iter()
            .filter(move |finding| finding.severity == severity)
    }

    /// The findings for machines.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let errors = self.errors.iter().map(error_json);
        json!({
            "good": self.is_good(),
            "version": self.summary.as_ref().map(|summary| &summary.version),
            "errors": errors.collect::<Vec<_>>(),
            "warnings": self.of_severity(Severity::Warning).collect::<Vec<_>>(),
            "notes": self.of_severity(Severity::Note).collect::<Vec<_>>(),
            "not_applied": self.not_applied,
            "tests": self.tests.as_ref().map(TestRun::to_json),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn warnings_do_not_make_a_directory_bad() {
        let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("../rules/tests/hundred");
        let findings = check(&directory, false);
        assert!(findings.is_good());
        let text = findings.to_text();
        let place = directory.join("balance-configurations/credit-merchants.toml:552: ");
        let line = format!(
            "{}configs[31]: warning: \"Fast food\" never decides: ",
            place.display()
        );
        assert!(text.contains(&line), "{text}");
        assert!(
            !text.contains("asks for moves at the confirmation"),
            "{text}"
        );
        let json = findings.to_json();
        assert_eq!(json["good"], true);
        assert_eq!(json["warnings"][0]["severity"], "warning");
        assert_eq!(json["notes"][0]["kind"], "overlap");
        assert_eq!(json["not_applied"], serde_json::json!([]));
    }

    #[test]
    fn tests_are_part_of_a_check_where_asked_for() {
        let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("../config");
        let without = check(&directory, false);
        assert!(without.is_good() && without.to_json()["tests"].is_null());
        let with = check(&directory, true);
        assert!(with.is_good(), "{}", with.to_text());
        let (text, json) = (with.to_text(), with.to_json());
        let last = text.lines().last().unwrap();
        assert!(last.ends_with(" transactions, 0 not as expected"), "{last}");
        assert!(text.contains("/rule-tests/demo.toml: "), "{text}");
        assert_eq!(json["tests"]["good"], true);
        assert_eq!(json["tests"]["failed"], serde_json::json!([]));
    }

    #[test]
    fn a_feature_is_listed_once() {
        let mut features = NOT_APPLIED.to_vec();
        features.sort_unstable();
        features.dedup();
        assert_eq!(features.len(), NOT_APPLIED.len());
    }
}
