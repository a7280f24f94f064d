//! Tests that operators write: those that ship hold, a wrong one says what it got, and what cannot be a
//! test is refused with file, line and key.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that panics has failed"
)]
#![allow(clippy::too_many_lines, reason = "a table is as long as its rows")]

mod support;

use std::path::{Path, PathBuf};

use rules::{RuleErrors, TestedTransaction};
use support::{PROCESSING_CODES, PROGRAM, SECOND_PROGRAM, network, to_toml};

fn config() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../config")
}

#[test]
fn the_shipped_tests_hold() {
    let rules = rules::load(&config()).unwrap();
    let tests = rules::load_tests(&config(), &rules).unwrap_or_else(|errors| panic!("{errors}"));
    let names: Vec<&str> = tests
        .iter()
        .map(|test| test.file().rsplit('/').next().unwrap())
        .collect();
    assert_eq!(
        names,
        [
            "benefits-by-account.toml",
            "benefits-by-limit.toml",
            "controls.toml",
            "demo.toml",
            "examples.toml",
            "patterns-company.toml",
            "patterns-credit.toml",
            "patterns-debit.toml",
        ]
    );
    let wrong: Vec<String> = tests
        .iter()
        .flat_map(|test| test.run(&rules))
        .filter(|tested| !tested.is_as_expected())
        .map(|tested| format!("{tested:?}"))
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

const BALANCE: &str = "tenant
    config A codes=00
      custom 1 check=amount amount=principal consider=available impact=available opposite=held confirm=held
    config B codes=01
      custom 1 check=amount amount=principal consider=cash impact=cash,available
    config C codes=20
      custom 1 check=amount amount=principal impact=available";

/// A directory with the base, these rules and one test.
fn directory(test: &str) -> tempfile::TempDir {
    let home = tempfile::tempdir().unwrap();
    let write = |path: &str, content: &str| {
        let path = home.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, content).unwrap();
    };
    write("programs/one.toml", PROGRAM);
    write("programs/two.toml", SECOND_PROGRAM);
    write("processing-codes.toml", PROCESSING_CODES);
    write("networks/net.toml", &network());
    write("balance-configurations/a.toml", &to_toml(BALANCE));
    write(
        "further/programs/one.toml",
        &PROGRAM.replace("\"840\"", "\"JPY\""),
    );
    write("broken/programs/three.toml", "id = 3");
    write("rule-tests/t.toml", test);
    home
}

fn run(test: &str) -> Result<Vec<TestedTransaction>, RuleErrors> {
    let home = directory(test);
    let rules = rules::load(home.path()).unwrap();
    let tests = rules::load_tests(home.path(), &rules)?;
    Ok(tests.iter().flat_map(|test| test.run(&rules)).collect())
}

const ACCOUNT: &str = "[[accounts]]
id = 1
program = 1
limits = { available_credit_limit = \"100.00\", available_withdrawal_credit = \"20.00\" }
";

#[test]
fn a_wrong_test_says_what_it_got() {
    let transaction = |code: &str, amount: &str, expect: &str| {
        format!(
            "{ACCOUNT}[[transactions]]\nname = \"T\"\nprocessing_code = \"{code}\"\n\
             amount = \"{amount}\"\nexpect = {{ {expect} }}\n"
        )
    };
    let table = [
        (
            transaction("00", "30.00", "decision = \"approved\""),
            "approved",
            "approved; account 1 AvailableCreditLimit -30.00 HeldFunds +30.00",
        ),
        (
            transaction(
                "00",
                "100.01",
                "decision = \"approved\", deltas = { AvailableCreditLimit = \"-100.01\" }",
            ),
            "approved; account 1 AvailableCreditLimit -100.01",
            "declined insufficient_funds",
        ),
        (
            transaction(
                "01",
                "20.01",
                "decision = \"insufficient_funds\", configuration = \"A\", scenario = 1, processing_code = \"00\"",
            ),
            "declined insufficient_funds; as code 00; by \"A\"; scenario 1",
            "declined cash_limit_exceeded; as code 01; by \"B\"; scenario none",
        ),
        (
            transaction(
                "00",
                "1.00",
                "decision = \"approved\", deltas = { AvailableCreditLimit = \"-1\", HeldFunds = \"+1\" }, confirmation = { HeldFunds = \"+1\" }",
            ),
            "approved; account 1 AvailableCreditLimit -1.00 HeldFunds +1.00; then HeldFunds +1.00",
            "approved; account 1 AvailableCreditLimit -1.00 HeldFunds +1.00; then HeldFunds -1.00",
        ),
        (
            transaction(
                "31",
                "0",
                "decision = \"approved\", confirmation = { HeldFunds = \"1\" }, configuration = \"A\"",
            ),
            "approved; then HeldFunds +1.00; by \"A\"",
            "approved; then nothing; by none",
        ),
        (
            transaction(
                "31",
                "0",
                "decision = \"control_denied\", control = \"Night\", deny_code = \"N\"",
            ),
            "declined control_denied; by control \"Night\"; deny code N",
            "approved; by control none; deny code none",
        ),
        (
            transaction(
                "77",
                "1",
                "decision = \"no_configuration\", processing_code = \"77\"",
            ),
            "declined no_configuration; as code 77",
            "declined unknown_processing_code; as code 77",
        ),
        (
            format!(
                "further_documents = \"further\"\n{}",
                transaction("20", "30", "decision = \"approved\"")
            )
            .replace(".00", ""),
            "approved",
            "approved; account 1 AvailableCreditLimit +30",
        ),
    ];
    for (test, expected, got) in table {
        let tested = run(&test).unwrap_or_else(|errors| panic!("{errors}"));
        assert_eq!(tested.len(), 1);
        assert_eq!(
            (tested[0].expected.as_str(), tested[0].got.as_str()),
            (expected, got)
        );
        assert!(!tested[0].is_as_expected());
        assert!(tested[0].file.ends_with("/rule-tests/t.toml"));
        assert_eq!(tested[0].name, "T");
    }
}

#[test]
fn limits_go_from_one_transaction_to_the_next() {
    let mut test = ACCOUNT.to_owned();
    for (amount, decision) in [
        (
            "60.00",
            "approved\"\nexpect.deltas = { AvailableCreditLimit = \"-60.00\", HeldFunds = \"60.00\" }#",
        ),
        ("40.01", "insufficient_funds"),
        (
            "40.00",
            "approved\"\nexpect.deltas = { AvailableCreditLimit = \"-40.00\", HeldFunds = \"40.00\" }#",
        ),
    ] {
        test.push_str(&format!(
            "[[transactions]]\nname = \"T\"\nprocessing_code = \"00\"\namount = \"{amount}\"\n\
             expect.decision = \"{decision}\"\n"
        ));
    }
    let tested = run(&test).unwrap_or_else(|errors| panic!("{errors}"));
    let lines: Vec<u32> = tested.iter().map(|tested| tested.line).collect();
    assert_eq!(lines, [5, 11, 16]);
    for tested in tested {
        assert!(tested.is_as_expected(), "{tested:?}");
    }
}

#[test]
fn what_cannot_be_a_test_is_refused() {
    let good = format!(
        "{ACCOUNT}[[transactions]]\nname = \"T\"\nprocessing_code = \"20\"\namount = \"1.00\"\n\
         mcc = \"5411\"\nexpect.decision = \"approved\"\n\
         expect.deltas.AvailableCreditLimit = \"1.00\"\n"
    );
    assert!(run(&good).unwrap()[0].is_as_expected());
    let table = [
        (
            "program = 1",
            "program = 9",
            "3: accounts[0].program: no program 9; the programs are 1, 2",
        ),
        (
            "program = 1",
            "program = 1\nparent = 2",
            "4: accounts[0].parent: no account before this one has the number",
        ),
        (
            "program = 1",
            "program = 1\nstatus = \"GONE\"",
            "4: accounts[0].status: no such status; the statuses are BLOCKED, CANCELLED, DEBIT_ONLY, NORMAL, STAND-BY",
        ),
        (
            "program = 1",
            "program = 1\nstatus_reason = 4",
            "4: accounts[0].status_reason: no reason of this number; see organization.toml",
        ),
        (
            "\"100.00\"",
            "\"--1\"",
            "4: accounts[0].limits.available_credit_limit: \"--1\" is not a decimal; write an amount in units of the currency as text, such as \"5000.00\"",
        ),
        (
            "available_credit_limit",
            "available",
            "4: accounts[0].limits.available: unknown key; the keys here are max_credit_limit, total_credit_limit, available_credit_limit, total_installment_credit_limit, available_total_installment_credit, withdrawal_credit_limit, available_withdrawal_credit, available_savings_account_limit, total_overdraft_limit, percentage_over_limit, held_funds, additional_funds",
        ),
        (
            "amount = \"1.00\"",
            "account = 2\namount = \"1.00\"",
            "8: transactions[0].account: no account of this file has the number",
        ),
        (
            "amount = \"1.00\"",
            "",
            "5: transactions[0].amount: missing; write an amount such as \"12.50\"",
        ),
        (
            "amount = \"1.00\"",
            "amount = \"1.001\"",
            "8: transactions[0].amount: the amount has 3 decimals, the currency has 2; write an amount in units of the currency as text, such as \"5000.00\"",
        ),
        (
            "amount = \"1.00\"",
            "amount = \"1.00\"\nnetwork = \"visa\"",
            "9: transactions[0].network: no network \"visa\"; the networks are net",
        ),
        (
            "\"5411\"",
            "\"541\"",
            "9: transactions[0].mcc: \"541\" is not one; write four digits, such as \"5411\"",
        ),
        (
            "\"approved\"",
            "\"insufficient_funds\"",
            "10: transactions[0].expect: a decline moves nothing; leave the moves out",
        ),
        (
            "expect.deltas.AvailableCreditLimit",
            "expect.deltas.Available",
            "11: transactions[0].expect.deltas.Available: not a limit; the limits are AvailableCreditLimit, AvailableTotalInstallmentCredit, AvailableWithdrawalCredit, AvailableSavingsAccountLimit, AdditionalFunds, HeldFunds",
        ),
        (
            "expect.deltas.AvailableCreditLimit",
            "expect.accounts.1.AvailableCreditLimit",
            "11: transactions[0].expect.accounts.1: the account of the transaction; write deltas",
        ),
        (
            "amount = \"1.00\"",
            "amount = \"1.00\"\ncashback_amount = \"0.50\"\ncontract_amount = \"1.10\"",
            "9: transactions[0].cashback_amount: with a cash part the amount is divided; leave the other amounts out",
        ),
        (
            "mcc = \"5411\"",
            "at = \"noon\"",
            "9: transactions[0].at: \"noon\" is not one; write a time such as \"2026-01-15T12:00:00Z\"",
        ),
        (
            "[[accounts]]",
            "further_documents = \"../else\"\n[[accounts]]",
            "1: further_documents: leads out of this configuration; write a directory inside this configuration, such as \"examples/rules\"",
        ),
        (
            "[[accounts]]",
            "further_documents = \"nowhere\"\n[[accounts]]",
            "1: further_documents: no such directory; write a directory inside this configuration, such as \"examples/rules\"",
        ),
    ];
    for (from, to, expected) in table {
        assert!(good.contains(from), "{from}");
        let errors = run(&good.replacen(from, to, 1)).unwrap_err().to_string();
        let (_, after) = errors.split_once("rule-tests/t.toml:").unwrap();
        assert_eq!(after, expected, "{from} -> {to}");
    }
    let unknown = run(&good.replacen("\"approved\"", "\"yes\"", 1))
        .unwrap_err()
        .to_string();
    assert!(
        unknown.contains("10: transactions[0].expect.decision: \"yes\" is not a decision; write \"approved\" or one of format_error, match_conflict,"),
        "{unknown}"
    );
}

#[test]
fn errors_of_further_documents_are_told_where_they_are() {
    let test = format!("further_documents = \"broken\"\n{ACCOUNT}");
    let errors = run(&test).unwrap_err();
    let files: Vec<bool> = errors
        .0
        .iter()
        .map(|error| error.file.ends_with("/broken/programs/three.toml"))
        .collect();
    assert_eq!(files, [true; 3], "{errors}");
}

#[test]
fn a_directory_may_have_no_tests() {
    let home = directory("");
    std::fs::remove_dir_all(home.path().join("rule-tests")).unwrap();
    let rules = rules::load(home.path()).unwrap();
    assert!(rules::load_tests(home.path(), &rules).unwrap().is_empty());
}
