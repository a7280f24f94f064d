//! What is allowed but hardly meant, one row per kind, in the language of `support`. Each row gives
//! every finding its rules cause, beside those of the base.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that panics has failed"
)]
#![allow(clippy::too_many_lines, reason = "a table is as long as its rows")]

mod support;

use rules::{Feature, FindingKind, Severity, Snapshot};
use support::{base, document, snapshot};

/// The findings as text, without those of operations that have no configuration.
fn findings(rules: &Snapshot) -> String {
    let findings = rules.findings();
    let lines: Vec<String> = findings
        .iter()
        .filter(|finding| finding.kind != FindingKind::NoConfiguration)
        .map(|finding| finding.to_string().replace("balance-configurations/", ""))
        .collect();
    lines.join("\n")
}

fn check(rows: &[(&str, &str, &str)]) {
    for (what, text, expected) in rows {
        let rules = snapshot(&[text]);
        assert_eq!(findings(&rules), *expected, "{what}: {text}");
    }
}

const CHECKED: &str = "custom 1 check=amount amount=principal consider=available impact=available";

#[test]
fn overlaps_name_a_transaction_and_the_winner() {
    let pair = |first: &str, second: &str| {
        format!(
            "tenant\nconfig A codes=00,01 {first}\n{CHECKED}\nconfig B codes=00,20 {second}\n{CHECKED}"
        )
    };
    let table = [
        ("mcc=5411", "mcc=5999", ""),
        ("min=2 max=3", "min=4", ""),
        ("currency=USD", "currency=BRL", ""),
        ("account=20", "account=30", ""),
        (
            "mcc=5411",
            "min=2",
            "00.toml:2: configs[0]: warning: \"A\" overlaps \"B\" (00.toml:17): code 00, 2 instalments, MCC 5411 meets both, and \"B\" wins: it filters the instalments, the other does not",
        ),
        (
            "min=2 max=6",
            "min=5 max=8",
            "00.toml:2: configs[0]: warning: \"A\" overlaps \"B\" (00.toml:18): code 00, 5 instalments meets both, and \"B\" wins: its range of instalments is narrower",
        ),
        (
            "mcc=5411,5999",
            "mcc=5999,4111",
            "00.toml:17: configs[1]: warning: \"B\" overlaps \"A\" (00.toml:2): code 00, MCC 5999 meets both, and \"A\" wins: it stands first, in the order of files and entries",
        ),
        (
            "currency=BRL account=30",
            "account=30 mcc=5411",
            "00.toml:2: configs[0]: warning: \"A\" overlaps \"B\" (00.toml:18): code 00, account type 30, MCC 5411, currency 986 meets both, and \"B\" wins: it filters the MCC, the other does not",
        ),
        (
            "",
            "mcc=5411",
            "00.toml:2: configs[0]: note: \"A\" overlaps \"B\" (00.toml:16): code 00, MCC 5411 meets both, and \"B\" wins: it filters more dimensions (1 against 0)",
        ),
        (
            "max=0",
            "max=5",
            "00.toml:17: configs[1]: note: \"B\" overlaps \"A\" (00.toml:2): code 00, 0 instalments meets both, and \"A\" wins: its range of instalments is narrower",
        ),
        (
            "",
            "",
            "00.toml:16: configs[1]: warning: \"B\" for code 00 never decides: \"A\" (00.toml:2) matches everything it matches and wins: it stands first, in the order of files and entries",
        ),
    ];
    for (first, second, expected) in table {
        let text = pair(first, second);
        let found = findings(&snapshot(&[&text]));
        assert_eq!(found, expected, "{first} | {second}");
    }
}

#[test]
fn an_example_meets_both_and_the_named_one_wins() {
    let text = format!(
        "tenant\nconfig A codes=00 mcc=5411,5999 account=30\n{CHECKED}\n\
         config B codes=00 mcc=5999 min=3 max=5\n{CHECKED}"
    );
    let rules = snapshot(&[&text]);
    let found = rules.findings();
    let finding = found
        .iter()
        .find(|one| one.kind == FindingKind::Overlap)
        .unwrap();
    let example = finding.example.unwrap();
    let mut request = support::request(&rules, "00 1");
    request.account_type = example.account_type.unwrap();
    request.installments = example.installments;
    request.mcc = example.mcc;
    let trace = rules.trace(&request, &support::limits("available=1"));
    assert_eq!(trace.configurations.last().unwrap().name, "A");
    assert!(finding.message.contains("\"A\" wins"), "{finding}");
    let json = serde_json::to_value(finding).unwrap();
    assert_eq!(
        (&json["severity"], &json["kind"]),
        (&"warning".into(), &"overlap".into())
    );
}

#[test]
fn those_who_win_for_the_same_reason_are_told_together() {
    let mut text = format!("tenant\nconfig A codes=00 currency=USD\n{CHECKED}\n");
    for name in ["B", "C", "D", "E", "F"] {
        let mcc = 5411 + u32::from(name.as_bytes()[0]);
        text.push_str(&format!("config {name} codes=00 mcc={mcc}\n{CHECKED}\n"));
    }
    assert_eq!(
        findings(&snapshot(&[&text])),
        "00.toml:2: configs[0]: warning: \"A\" overlaps \"B\" (00.toml:17): code 00, MCC 5477, currency 840 meets both, and \"B\" wins: it filters the MCC, the other does not; likewise \"C\", \"D\", \"E\" and 1 others"
    );
}

#[test]
fn what_is_inactive_or_of_another_target_overlaps_nothing() {
    let twice =
        format!("tenant\nconfig A codes=00\n{CHECKED}\nconfig B codes=00 inactive\n{CHECKED}");
    let program = format!("program 1\nconfig P codes=00\n{CHECKED}");
    assert_eq!(findings(&snapshot(&[&twice, &program])), "");
}

#[test]
fn unreachable_scenarios_say_why() {
    check(&[
        (
            "an earlier one always holds",
            "tenant
             config A codes=00
               custom 1 check=amount amount=principal consider=available impact=available
               custom 2 check=amount amount=principal consider= impact=available negative
               custom 3 check=amount amount=principal consider=savings impact=savings",
            "00.toml:16: configs[0].scenarios[1]: warning: scenario 2 of \"A\" approves money going out without any check of funds: consider is empty, and no limit that moves down has a floor\n\
             00.toml:26: configs[0].scenarios[2]: warning: scenario 3 of \"A\" is never reached: scenario 2 always holds, as it checks no sum and no floor, and is tried first",
        ),
        (
            "money coming in needs no cover",
            "tenant
             config A codes=20
               custom 1 check=amount amount=principal consider=available impact=available
               default 2 amount=principal impact=available",
            "00.toml:16: configs[0].scenarios[1]: warning: scenario 2 of \"A\" is never reached: scenario 1 always holds for money coming in, which needs no cover, and is tried first",
        ),
        (
            "an opposite impact can fail",
            "tenant
             config A codes=20
               custom 1 check=amount amount=principal impact=available opposite=held
               default 2 amount=principal impact=available",
            "",
        ),
        (
            "the same check again",
            "tenant
             config A codes=00
               custom 1 check=amount amount=principal consider=available impact=available
               custom 2 check=amount amount=principal covers=contract consider=available impact=available",
            "00.toml:16: configs[0].scenarios[1]: warning: scenario 2 of \"A\" is never reached: scenario 1 is tried first and holds whenever this one would",
        ),
        (
            "a smaller amount is another check",
            "tenant
             config A codes=00
               custom 1 check=amount amount=principal consider=available impact=available
               custom 2 check=installment_amount amount=principal consider=available impact=available",
            "",
        ),
        (
            "other moves have other floors",
            "tenant
             config A codes=00
               custom 1 check=amount amount=principal consider=available impact=available,cash
               custom 2 check=amount amount=principal consider=available impact=available",
            "",
        ),
        (
            "without floors the first is implied",
            "tenant
             config A codes=00
               custom 1 check=amount amount=principal consider=available impact=available negative
               custom 2 check=amount amount=principal consider=available impact=cash",
            "00.toml:17: configs[0].scenarios[1]: warning: scenario 2 of \"A\" is never reached: scenario 1 is tried first and holds whenever this one would",
        ),
        (
            "a related account may be unknown",
            "account 7
             config A codes=20
               custom 1 check=amount amount=principal impact=available instead=9
               custom 2 check=amount amount=principal impact=available",
            "",
        ),
    ]);
}

#[test]
fn debits_without_a_check_are_told() {
    let found = |scenario: &str| {
        let text = format!("tenant\nconfig A codes=00\n{scenario}");
        let findings = snapshot(&[&text]).findings();
        findings
            .iter()
            .any(|finding| finding.kind == FindingKind::UncheckedDebit)
    };
    let table = [
        ("default 1 amount=principal impact=available", true),
        ("default 1 amount=principal impact=available enforce", false),
        (
            "default 1 amount=principal impact=available consider=available",
            true,
        ),
        (
            "default 1 amount=principal consider= impact=available enforce negative",
            true,
        ),
        (
            "custom 1 check=amount amount=principal consider= impact=available negative",
            true,
        ),
        (
            "custom 1 check=amount amount=principal consider= impact=available",
            false,
        ),
        (
            "custom 1 check=amount amount=principal consider= impact=",
            true,
        ),
        (
            "custom 1 check=amount amount=principal consider= impact= opposite=held",
            true,
        ),
        (
            "custom 1 check=amount amount=principal consider=available impact= negative",
            false,
        ),
    ];
    for (scenario, expected) in table {
        assert_eq!(found(scenario), expected, "{scenario}");
    }
    let credit = "tenant\nconfig A codes=20\ndefault 1 amount=principal impact=available";
    assert_eq!(findings(&snapshot(&[credit])), "");
}

#[test]
fn names_and_limits_that_do_not_fit() {
    check(&[
        (
            "the same name twice",
            "tenant
             config A codes=00 mcc=0001
               custom 1 check=amount amount=principal consider=available impact=available
             config A codes=01
               custom 1 check=amount amount=principal consider=available impact=available",
            "00.toml:17: configs[1]: warning: tenant already has a configuration \"A\" (00.toml:2)",
        ),
        (
            "limits of debit accounts in a credit program",
            "program 1
             config A codes=00
               custom 1 check=amount amount=principal consider=savings impact=available opposite=held",
            "00.toml:8: configs[0].scenarios[0]: warning: scenario 1 of \"A\" names AvailableSavingsAccountLimit in consider, HeldFunds in impact, which accounts of program 1 (\"One\") do not have",
        ),
        (
            "limits of credit accounts in a debit program",
            "program 2
             config A codes=00
               custom 1 check=amount amount=principal consider=available,overlimit impact=available,cash",
            "00.toml:8: configs[0].scenarios[0]: warning: scenario 1 of \"A\" names OverLimit in consider, AvailableWithdrawalCredit in impact, which accounts of program 2 (\"Two\") do not have",
        ),
    ]);
}

fn compiled(further: &[(&str, &str)]) -> Snapshot {
    let mut documents = base();
    documents.extend(
        further
            .iter()
            .map(|(path, content)| document(path, content)),
    );
    rules::compile(documents).unwrap_or_else(|errors| panic!("{errors}"))
}

#[test]
fn operations_without_a_configuration_are_noted() {
    let program = format!("program 2\nconfig A codes=00,20\n{CHECKED}");
    let tenant = format!("tenant\nconfig B codes=20\n{CHECKED}");
    let rules = snapshot(&[&program, &tenant]);
    let lines: Vec<String> = rules.findings().iter().map(ToString::to_string).collect();
    assert_eq!(
        lines,
        [
            "processing-codes.toml:11: processing_codes[0]: note: code 00 has no active configuration for program 1: it is declined as no_configuration",
            "processing-codes.toml:20: processing_codes[1]: note: code 01 has no active configuration for program 1, 2: it is declined as no_configuration",
        ]
    );
}

#[test]
fn rule_models_and_templates() {
    let rules = compiled(&[
        (
            "filter-templates/t.toml",
            "id = \"few\"\n[filters]\nprocessing_codes = [\"00\"]\n",
        ),
        (
            "rule-models/m.toml",
            r#"id = "m"
name = "M"
[[rules]]
order = 1
name = "domestic"
conditions = [{ type = "DOMESTIC", operator = "eq", data = true }]
processing_code = "01"
[[rules]]
order = 2
name = "domestic by instalments"
conditions = [
    { type = "MTI", operator = "eq", data = "0100" },
    { type = "DOMESTIC", operator = "eq", data = true },
]
processing_code = "00"
[[rules]]
order = 3
name = "turned round"
conditions = [{ type = "PROCESSING_CODE", operator = "in", data = ["00", "01"] }]
processing_code = "00"
international_processing_code = "20"
"#,
        ),
    ]);
    assert_eq!(
        findings(&rules),
        "filter-templates/t.toml:1: id: note: no configuration refers to filter template \"few\"\n\
         rule-models/m.toml:1: attached_to: note: model \"m\" is attached to no target\n\
         rule-models/m.toml:8: rules[1]: warning: rule 2 is never reached: rule 1 is tried first and has no condition that this one has not\n\
         rule-models/m.toml:16: rules[2]: warning: rule 3 turns code 00 into 20, which does not move money the same way"
    );
    assert!(
        rules.features().is_empty(),
        "an unattached model is not used"
    );
}

#[test]
fn codes_that_nothing_leads_to_are_noted() {
    let mut documents = base();
    for one in &mut documents {
        let table = "processing_codes = { \"00\" = \"00\", \"28\" = \"20\" }\n[response_codes]";
        one.content = one.content.replacen("[response_codes]", table, 1);
    }
    let rules = rules::compile(documents).unwrap();
    let found = findings(&rules);
    assert_eq!(
        found,
        "processing-codes.toml:20: processing_codes[1]: note: no network's DE3 and no rule model leads to code 01\n\
         processing-codes.toml:38: processing_codes[3]: note: no network's DE3 and no rule model leads to code 31"
    );
}

#[test]
fn long_lists_are_not_compared_and_that_is_said() {
    let mut text = "tenant\n".to_owned();
    for number in 0..2001 {
        text.push_str(&format!(
            "config m{number} codes=00 mcc={number:04}\n{CHECKED}\n"
        ));
    }
    let found = snapshot(&[&text]).findings();
    let notes: Vec<_> = found
        .iter()
        .filter(|finding| finding.kind == FindingKind::NotCompared)
        .collect();
    assert_eq!(notes.len(), 1);
    assert_eq!(notes[0].severity, Severity::Note);
}

#[test]
fn every_use_of_a_feature_is_found() {
    let account = support::to_toml(
        "account 7
         config A codes=00
           custom 1 check=amount amount=contract consider=available impact=available instead=9 counterpart=8/20 confirm=held reset=payment
         config off codes=01 inactive
           custom 1 check=amount amount=contract consider=available impact=available",
    );
    let tenant = support::to_toml(&format!("tenant\nparents\nconfig T codes=00\n{CHECKED}"));
    let rules = compiled(&[
        ("balance-configurations/account.toml", &account),
        ("balance-configurations/tenant.toml", &tenant),
        (
            "authorization-options/o.toml",
            "[[records]]\nlevel = \"tenant\"\n[records.options]\ndisable_dcc = true\n\
             enabled_partial_authorization = true\n[records.override_bins.400000]\n\
             approve_anti_fraud_unavailable = true\n[[records]]\nlevel = \"program\"\nprogram_id = 1\n",
        ),
        (
            "over-limit/o.toml",
            "[[configurations]]\nlevel = \"tenant\"\nover_limit = { enable = true }\n\
             limit_refund = { enable = true }\n",
        ),
        (
            "rule-models/m.toml",
            "id = \"m\"\nname = \"M\"\nattached_to = [{ level = \"tenant\" }]\n[[rules]]\n\
             order = 1\nname = \"R\"\nconditions = []\nprocessing_code = \"00\"\n",
        ),
    ]);
    let uses: Vec<(Feature, String, u32)> = rules
        .features()
        .into_iter()
        .map(|used| (used.feature, used.file, used.line))
        .collect();
    let (a, t) = (
        "balance-configurations/account.toml",
        "balance-configurations/tenant.toml",
    );
    let expected = [
        (Feature::AntiFraud, "authorization-options/o.toml", 1),
        (
            Feature::DynamicCurrencyConversion,
            "authorization-options/o.toml",
            1,
        ),
        (Feature::ImpactAccount, a, 8),
        (Feature::CounterpartAccount, a, 8),
        (Feature::Confirmation, a, 8),
        (Feature::ResetLimit, a, 8),
        (Feature::ContractAmount, a, 8),
        (Feature::ImpactParentAccounts, t, 3),
        (Feature::LimitRefund, "over-limit/o.toml", 1),
        (Feature::RuleModel, "rule-models/m.toml", 1),
    ];
    let expected = expected.map(|(feature, file, line)| (feature, file.to_owned(), line));
    assert_eq!(uses, expected);
}

#[test]
fn every_option_that_is_not_applied_is_found_where_it_is_set() {
    let found = |options: &str| {
        let text = format!("[[records]]\nlevel = \"tenant\"\n[records.options]\n{options}\n");
        let rules = compiled(&[("authorization-options/o.toml", &text)]);
        let features = rules.features();
        features.iter().map(|used| used.feature).collect::<Vec<_>>()
    };
    let table: [(&str, &[Feature]); 14] = [
        ("deny_all_authorizations = true", &[]),
        ("enabled_partial_authorization = true", &[]),
        ("days_to_cancel_authorization = 3", &[]),
        ("days_by_mcc = [{ mcc = [\"7011\"] }]", &[]),
        (
            "should_use_anti_fraud_decision = true",
            &[Feature::AntiFraud],
        ),
        ("use_anti_fraud_response_code = true", &[Feature::AntiFraud]),
        (
            "call_anti_fraud_when_cancelling = true",
            &[Feature::AntiFraud],
        ),
        (
            "zero_balance_url = \"https://issuer.example\"",
            &[Feature::ZeroBalance],
        ),
        (
            "use_local_amount_when_dcc = true",
            &[Feature::DynamicCurrencyConversion],
        ),
        (
            "use_settlement_from_network = true",
            &[Feature::SettlementFromNetwork],
        ),
        ("use_rates_fee_models = true", &[Feature::RatesFeeModels]),
        (
            "always_call_ledger_rules = true",
            &[Feature::AlwaysCallLedgerRules],
        ),
        (
            "days_to_cancel_authorization_migration = 3",
            &[Feature::MigrationExpiry],
        ),
        ("disable_dcc = false", &[]),
    ];
    for (options, expected) in table {
        assert_eq!(found(options), expected, "{options}");
    }
}

#[test]
fn a_program_that_converts_needs_a_rate() {
    let one = support::PROGRAM.to_owned() + "currency_conversion = \"convert\"\n";
    let told = |rates: Option<&str>| {
        let mut documents = base();
        documents.retain(|document| document.path != "programs/one.toml");
        documents.push(document("programs/one.toml", &one));
        documents.extend(rates.map(|text| document("exchange-rates.toml", text)));
        findings(&rules::compile(documents).unwrap())
    };
    let warning = "exchange-rates.toml:1: rates: warning: program 1 converts, and no rate leads to its currency 840: every other currency is declined as currency_not_supported";
    assert_eq!(told(None), warning);
    let rate = "rates = [{ from = \"EUR\", to = \"USD\", rate = \"1.1\" }]";
    assert_eq!(told(Some(rate)), "");
    let other = rate.replace("USD", "BRL");
    assert_eq!(told(Some(&other)), warning);
}
