//! The trace of an evaluation: its text, and its form as data. Amounts are minor units.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that panics has failed"
)]
#![allow(clippy::too_many_lines, reason = "a table is as long as its rows")]

mod support;

use rules::{ScenarioOutcome, Trace};
use support::{Related, limits, request, snapshot};

const RULES: [&str; 3] = [
    "tenant
     config T codes=00
       custom 1 check=amount amount=principal consider= impact=available negative",
    "program 1
     config one codes=00 max=1
       custom 1 check=amount amount=principal consider=available,overlimit impact=available
     config groceries codes=00 mcc=5411,5412 min=2
       custom 1 check=amount amount=principal consider=savings impact=savings
       custom 2 check=installment_amount amount=principal consider=installments impact=installments,available
     config cash codes=01
       custom 1 check=amount amount=principal consider=cash impact=cash,available",
    "account 7
     config company codes=01
       custom 1 check=amount amount=principal consider= impact=available instead=9 counterpart=8/20",
];

fn trace(limits_text: &str, related: &str, request_text: &str) -> Trace {
    let rules = snapshot(&RULES);
    let request = request(&rules, request_text);
    rules.trace_with(&request, &limits(limits_text), &Related::of(related))
}

#[test]
fn a_trace_reads_as_it_was_decided() {
    let table = [
        (
            "savings=5 installments=600 available=100 overdraft=10",
            "",
            "00 300 n=3 mcc=5411 installment=100",
            r#"code 00 on account 1 of program 1
account 1: none for code 00
program 1: 2 for code 00; this level decides
tenant: 1 for code 00, not asked
  "groceries" (balance-configurations/01.toml:18): matches
    scenario 1: the sum does not cover the amount
      considers AvailableSavingsAccountLimit 5 = 5, must cover 300
      moves AvailableSavingsAccountLimit 5 by -300, not below 0
    scenario 2: AvailableCreditLimit would fall below its floor
      considers AvailableTotalInstallmentCredit 600 = 600, must cover 100
      moves AvailableCreditLimit 100 by -300, not below -15
      moves AvailableTotalInstallmentCredit 600 by -300, not below 0
insufficient funds"#,
        ),
        (
            "available=90 max=100 percent_hundredths=1000 savings=1",
            "",
            "00 100",
            r#"code 00 on account 1 of program 1
account 1: none for code 00
program 1: 2 for code 00; this level decides
tenant: 1 for code 00, not asked
  "groceries" (balance-configurations/01.toml:18): instalments 1, it wants 2 or more
  "one" (balance-configurations/01.toml:3): matches
    scenario 1: holds
      considers AvailableCreditLimit 90 + TotalOverdraftLimit 0 + AvailableSavingsAccountLimit 1 + OverLimitAllowance 10 = 101, must cover 100
      moves AvailableCreditLimit 90 by -100, not below -11
holds by scenario 1"#,
        ),
        (
            "available=9",
            "9: available=4; 8: available=1",
            "01 5 id=7",
            r#"code 01 on account 7 of program 1
account 7: 1 for code 01; this level decides
program 1: 1 for code 01, not asked
tenant: none for code 01
  "company" (balance-configurations/02.toml:3): matches
    scenario 1: AvailableCreditLimit would fall below its floor on account 9
      account 9: moves AvailableCreditLimit 4 by -5, not below 0
      account 8: moves AvailableCreditLimit 1 by +5
insufficient funds"#,
        ),
        (
            "cash=4 available=9",
            "",
            "01 5",
            r#"code 01 on account 1 of program 1
account 1: none for code 01
program 1: 1 for code 01; this level decides
tenant: none for code 01
  "cash" (balance-configurations/01.toml:43): matches
    scenario 1: the cash limit does not cover the amount
      considers AvailableWithdrawalCredit 4 = 4, must cover 5
      moves AvailableCreditLimit 9 by -5, not below 0
      moves AvailableWithdrawalCredit 4 by -5, not below 0
cash limit exceeded"#,
        ),
        (
            "",
            "",
            "20 5",
            "code 20 on account 1 of program 1
account 1: none for code 20
program 1: none for code 20
tenant: none for code 20
no configuration",
        ),
        (
            "",
            "",
            "31 5",
            "code 31 on account 1 of program 1
holds: nothing moves",
        ),
        (
            "",
            "",
            "00 -5",
            "code 00 on account 1 of program 1
amount out of range",
        ),
    ];
    for (limits, related, request, expected) in table {
        assert_eq!(
            trace(limits, related, request).to_string(),
            expected,
            "{limits} | {related} | {request}"
        );
    }
}

#[test]
fn a_trace_is_data() {
    let found = trace("available=9", "8: available=1", "01 5 id=7");
    let unknown = ScenarioOutcome::RelatedAccountUnknown {
        account: rules::AccountId(9),
    };
    assert_eq!(found.scenarios[0].outcome, unknown);
    let json = serde_json::to_string(&found).unwrap();
    assert_eq!(serde_json::from_str::<Trace>(&json).unwrap(), found);
    let value: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(value["levels"][0]["target"]["account"], 7);
    assert_eq!(value["levels"][0]["chosen"], true);
    assert_eq!(
        value["scenarios"][0]["outcome"]["related_account_unknown"]["account"],
        9
    );
}

#[test]
fn what_is_left_out_is_counted() {
    let mut text = "tenant\n".to_owned();
    for mcc in 1..=80 {
        text.push_str(&format!("config m{mcc} codes=00 mcc={mcc:04}\n"));
        text.push_str("custom 1 check=amount amount=principal consider= impact=held negative\n");
    }
    let rules = snapshot(&[&text]);
    let found = rules.trace(&request(&rules, "00 1 mcc=77"), &limits(""));
    assert_eq!(found.configurations.len(), 51);
    assert_eq!(found.configurations_left_out, 26);
    assert_eq!(found.configurations.last().unwrap().name, "m77");
}
