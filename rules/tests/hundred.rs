//! A directory of a hundred configurations, such as an organization with three programs has, and
//! everything that a check says about it. The findings are compared with a file and with what
//! evaluation does; `switch check rules/tests/hundred` shows the same.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that panics has failed"
)]

mod support;

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use rules::{
    AccountId, AccountType, Configuration, Currency, Evaluation, EvaluationRequest, Finding,
    FindingKind, Limits, ProcessingCode, ProgramId, Snapshot,
};

fn directory() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/hundred")
}

fn hundred() -> Snapshot {
    rules::load(&directory()).unwrap_or_else(|errors| panic!("{errors}"))
}

/// What is said of the configurations; the tables beside them are the shipped ones.
fn findings(rules: &Snapshot) -> Vec<Finding> {
    let all = rules.findings().into_iter();
    all.filter(|finding| finding.file.starts_with("balance-configurations/"))
        .collect()
}

/// Writes the file first when `WRITE_FINDINGS` is set.
#[test]
fn everything_that_is_said_is_in_the_file() {
    let rules = hundred();
    assert_eq!(rules.configurations().len(), 100);
    let mut text = String::new();
    for finding in findings(&rules) {
        writeln!(text, "{finding}").unwrap();
    }
    for used in rules.features() {
        if used.file.starts_with("balance-configurations/") {
            let (file, line, key) = (used.file, used.line, used.key);
            writeln!(
                text,
                "{file}:{line}: {key}: {} uses {}",
                used.user, used.feature
            )
            .unwrap();
        }
    }
    let path = directory().join("findings.txt");
    if std::env::var_os("WRITE_FINDINGS").is_some() {
        std::fs::write(&path, &text).unwrap();
    }
    let expected = std::fs::read_to_string(&path).unwrap();
    assert!(text == expected, "set WRITE_FINDINGS to renew:\n{text}");
}

/// The configuration a finding stands at.
fn subject<'a>(rules: &'a Snapshot, finding: &Finding) -> &'a Configuration {
    let place = (&finding.file, finding.line);
    let mut all = rules.configurations().iter();
    all.find(|configuration| (&configuration.file, configuration.line) == place)
        .unwrap()
}

/// A request on an account that a configuration is for.
fn request_for(configuration: &Configuration, code: ProcessingCode) -> EvaluationRequest {
    let rules = hundred_directions(code);
    EvaluationRequest {
        account: configuration.account.unwrap_or(AccountId(1)),
        program: configuration.program.unwrap_or(ProgramId(9)),
        processing_code: code,
        direction: rules,
        flow: rules::AuthorizationFlow::Network,
        mcc: None,
        account_type: AccountType::Unspecified,
        currency: "USD".parse().unwrap(),
        installments: 1,
        principal_minor: 1,
        contract_minor: 1,
        installment_minor: 1,
    }
}

fn hundred_directions(code: ProcessingCode) -> rules::BalanceImpact {
    match code.as_str() {
        "20" => rules::BalanceImpact::Credit,
        _ => rules::BalanceImpact::Debit,
    }
}

/// The configuration that decides, and those that the request passes by.
fn winner(rules: &Snapshot, request: &EvaluationRequest) -> Option<u32> {
    let trace = rules.trace(request, &Limits::default());
    let last = trace.configurations.last()?;
    last.failing.is_none().then_some(last.configuration)
}

fn number(rules: &Snapshot, configuration: &Configuration) -> u32 {
    let mut all = rules.configurations().iter();
    let index = all.position(|other| std::ptr::eq(other, configuration));
    u32::try_from(index.unwrap()).unwrap()
}

#[test]
fn the_example_of_an_overlap_is_decided_by_another() {
    let rules = hundred();
    let mut seen = 0;
    for finding in findings(&rules) {
        let Some(example) = finding.example else {
            continue;
        };
        let loser = subject(&rules, &finding);
        let mut request = request_for(loser, example.processing_code);
        request.installments = example.installments;
        request.mcc = example.mcc;
        request.account_type = example.account_type.unwrap_or(request.account_type);
        request.currency = example.currency.unwrap_or(request.currency);
        let winner = winner(&rules, &request).unwrap();
        assert_ne!(winner, number(&rules, loser), "{finding}");
        seen += 1;
    }
    assert!(seen > 40, "{seen}");
}

#[test]
fn what_never_decides_never_does() {
    let rules = hundred();
    let configurations = rules.configurations();
    let filters = || configurations.iter().map(|one| &one.filters);
    let mut mccs: BTreeSet<Option<u16>> = filters()
        .filter_map(|filters| filters.mcc.as_ref())
        .flatten()
        .map(|mcc| Some(*mcc))
        .collect();
    mccs.extend([None, Some(1)]);
    let mut currencies: BTreeSet<Currency> =
        filters().filter_map(|filters| filters.currency).collect();
    currencies.insert("CHF".parse().unwrap());
    let unreachable = findings(&rules)
        .into_iter()
        .filter(|finding| finding.kind == FindingKind::UnreachableConfiguration);
    let mut seen = 0;
    for finding in unreachable {
        seen += 1;
        let subject = subject(&rules, &finding);
        let own = number(&rules, subject);
        let all = &subject.filters.processing_codes;
        // Where only some codes are meant, the message names them.
        let told = |code: &&ProcessingCode| {
            !finding.message.contains(" for code ")
                || finding.message.contains(&format!("for code {code}"))
        };
        for code in all.iter().filter(told) {
            for mcc in &mccs {
                for currency in &currencies {
                    for digits in ["00", "10", "20", "30"] {
                        for installments in 0..20 {
                            let request = EvaluationRequest {
                                mcc: *mcc,
                                currency: *currency,
                                account_type: AccountType::parse(digits).unwrap(),
                                installments,
                                ..request_for(subject, *code)
                            };
                            let evaluation = rules.evaluate(&request, &Limits::default());
                            if let Evaluation::Holds(plan) = evaluation {
                                assert_ne!(plan.configuration, own, "{finding}: {request:?}");
                            }
                        }
                    }
                }
            }
        }
    }
    assert!(seen >= 1, "{seen}");
}
