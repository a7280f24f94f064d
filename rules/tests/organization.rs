//! The organization's own documents, the limits of programs, what networks can do, and options by
//! merchant category: what they mean, what is refused and with which words.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that panics has failed"
)]
#![allow(clippy::too_many_lines, reason = "a table is as long as its rows")]

mod support;

use rules::{
    AccountId, AllowedOperations, CurrencyConversion, ErrorCode, ProgramId, ProgramLimits, Snapshot,
};
use support::{base, document};

const ORGANIZATION: (&str, &str) = (
    "organization.toml",
    r#"name = "Issuer"
[[account_statuses]]
name = "IN_COLLECTION"
allowed_operations = "CREDIT_ONLY"
[[account_statuses]]
name = "GONE-AWAY"
allowed_operations = "NO_OPERATIONS"
is_final = true
is_active = false
[[account_status_reasons]]
reason_id = 7
name = "Fraud"
description = "Suspected fraud"
allowed_operations = "NO_OPERATIONS"
[[account_status_reasons]]
reason_id = 8
name = "Asked for"
description = "By the holder"
is_active = false
"#,
);

const RATES: (&str, &str) = (
    "exchange-rates.toml",
    r#"[[rates]]
from = "978"
to = "840"
rate = "1.0834"
markup_percentage = "1.50"
[[rates]]
from = "USD"
to = "EUR"
rate = "0.92"
"#,
);

const PROGRAM: (&str, &str) = (
    "programs/three.toml",
    r#"id = 3
name = "Three"
type = "credit"
currency = "USD"
currency_conversion = "convert"
minimum_credit_limit = "100.00"
maximum_credit_limit = "5000"
maximum_installment_limit = "2500.5"
withdrawal_limit_percentage = "12.5"
global_credit_limit = "1000000.00"
"#,
);

const NETWORK: (&str, &str) = (
    "networks/net.toml",
    r#"id = 1
name = "net"
dialect = "d"
sign_on_required = false
echo = [2, 11, 129, 192]
partial_authorization = true
transaction_fee_included = false
acknowledgements = true
file_actions = true
approval_codes = { approved = "08", verified = "00" }
match_window_minutes = 15
deadline_ms = 1000
[response_codes]
"#,
);

const OPTIONS: (&str, &str) = (
    "authorization-options/o.toml",
    r#"[[records]]
level = "tenant"
[records.options]
days_to_cancel_authorization = 12
[[records.options.days_by_mcc]]
mcc = ["7011", "7512"]
days_to_cancel_pre_authorization = 40
[[records.options.days_by_mcc]]
mcc = ["4111"]
days_to_cancel_authorization = 3
[records.override_bins.400000]
days_by_mcc = []
"#,
);

const CODES: (&str, &str) = ("processing-codes.toml", support::PROCESSING_CODES);

/// The base with documents beside or in the place of its own.
fn compile(changed: &[(&str, &str)]) -> Result<Snapshot, rules::RuleErrors> {
    let mut documents = base();
    documents.retain(|document| !changed.iter().any(|(path, _)| document.path == *path));
    for (path, content) in changed {
        let mut content = (*content).to_owned();
        if content.ends_with("[response_codes]\n") {
            for reason in rules::Reason::ALL {
                content.push_str(&format!("{reason} = {{ response_code = \"05\" }}\n"));
            }
        }
        documents.push(document(path, &content));
    }
    rules::compile(documents)
}

fn compiled(changed: &[(&str, &str)]) -> Snapshot {
    compile(changed).unwrap_or_else(|errors| panic!("{errors}"))
}

/// Rows change one place of a document: from, to; line and key and reason; code.
fn refused(changed: (&str, &str), rows: &[(&str, &str, &str, Option<ErrorCode>)]) {
    for (from, to, expected, code) in rows {
        let (path, content) = changed;
        assert!(content.contains(from), "{path} does not contain {from:?}");
        let content = content.replacen(from, to, 1);
        let Err(errors) = compile(&[(path, &content)]) else {
            panic!("accepted: {path}: {from:?} -> {to:?}")
        };
        let text = errors.to_string().replace(&format!("{path}:"), "");
        assert_eq!(text, *expected, "{path}: {from:?} -> {to:?}");
        assert_eq!(errors.0[0].code, *code, "{path}: {from:?} -> {to:?}");
    }
}

#[test]
fn statuses_are_the_predefined_ones_and_those_of_the_organization() {
    let plain = compiled(&[]);
    assert_eq!(plain.organization().name, None);
    assert_eq!(plain.organization().status_reasons().count(), 0);
    let rules = compiled(&[ORGANIZATION]);
    assert_eq!(rules.organization().name.as_deref(), Some("Issuer"));
    assert_eq!(rules.organization().account_statuses().count(), 7);
    let predefined = [
        ("NORMAL", AllowedOperations::AllOperations, false),
        ("BLOCKED", AllowedOperations::CreditOnly, false),
        ("DEBIT_ONLY", AllowedOperations::DebitOnly, false),
        ("CANCELLED", AllowedOperations::NoOperations, true),
        ("STAND-BY", AllowedOperations::NoOperations, false),
    ];
    for (name, allowed, is_final) in predefined {
        for rules in [&plain, &rules] {
            let status = rules.account_status(name).unwrap();
            assert_eq!(status.allowed_operations, allowed, "{name}");
            assert_eq!(
                (status.is_final, status.is_active),
                (is_final, true),
                "{name}"
            );
        }
    }
    let own = rules.account_status("IN_COLLECTION").unwrap();
    assert_eq!(own.allowed_operations, AllowedOperations::CreditOnly);
    assert_eq!((own.is_final, own.is_active), (false, true));
    let gone = rules.account_status("GONE-AWAY").unwrap();
    assert_eq!((gone.is_final, gone.is_active), (true, false));
    assert!(plain.account_status("GONE-AWAY").is_none());
    let fraud = rules.status_reason(7).unwrap();
    assert_eq!(
        fraud.allowed_operations,
        Some(AllowedOperations::NoOperations)
    );
    assert!(fraud.is_active && fraud.name == "Fraud");
    let asked = rules.status_reason(8).unwrap();
    assert_eq!((asked.allowed_operations, asked.is_active), (None, false));
    assert!(rules.status_reason(9).is_none());
}

#[test]
fn organizations_that_are_refused() {
    let taken = Some(ErrorCode::Eacc0018);
    refused(
        ORGANIZATION,
        &[
            (
                "name = \"Issuer\"",
                "",
                "1: name: missing; write a text of 1 to 50 characters",
                None,
            ),
            (
                "\"IN_COLLECTION\"",
                "\"BLOCKED\"",
                "3: account_statuses[0].name: BLOCKED is predefined and stays as it is; take another name",
                taken,
            ),
            (
                "\"GONE-AWAY\"",
                "\"IN_COLLECTION\"",
                "6: account_statuses[1].name: IN_COLLECTION is listed twice; keep one",
                taken,
            ),
            (
                "\"GONE-AWAY\"",
                "\"gone\"",
                "6: account_statuses[1].name: \"gone\" is not a name of a status; write 1 to 40 capitals, _ and -",
                None,
            ),
            (
                "\"GONE-AWAY\"",
                "\"\"",
                "6: account_statuses[1].name: \"\" is not a name of a status; write 1 to 40 capitals, _ and -",
                None,
            ),
            (
                "\"CREDIT_ONLY\"",
                "\"CREDITS\"",
                "4: account_statuses[0].allowed_operations: unknown variant `CREDITS`; write \"ALL_OPERATIONS\", \"CREDIT_ONLY\", \"DEBIT_ONLY\" or \"NO_OPERATIONS\"",
                None,
            ),
            (
                "is_final = true",
                "final = true",
                "8: account_statuses[1].final: unknown key; the keys here are name, allowed_operations, is_final, is_active",
                None,
            ),
            (
                "reason_id = 8",
                "reason_id = 7",
                "16: account_status_reasons[1].reason_id: reason 7 is listed twice; take a free number",
                None,
            ),
            (
                "reason_id = 7",
                "reason_id = 0",
                "11: account_status_reasons[0].reason_id: 0 is out of range; write a whole number from 1 to 4294967295",
                None,
            ),
            (
                "\"Suspected fraud\"",
                "\" \"",
                "13: account_status_reasons[0].description: blank; write a text of 1 to 80 characters",
                None,
            ),
        ],
    );
}

#[test]
fn exchange_rates() {
    let rules = compiled(&[RATES]);
    let convert = |from: &str, to: &str, amount| {
        let rate = rules.exchange_rate(from.parse().unwrap(), to.parse().unwrap())?;
        rate.convert(amount)
    };
    assert_eq!(convert("EUR", "USD", 10_000), Some(10_997));
    assert_eq!(convert("USD", "EUR", 10_000), Some(9_200));
    assert_eq!(convert("USD", "USD", 1), None);
    let right = "write a rate above 0 as text, such as \"1.0834\"";
    let not_decimal =
        |text: &str| format!("4: rates[0].rate: \"{text}\" is not a decimal; {right}");
    for text in ["", "-1", "+1", "1,08", "1_0", ".5", "1.0.1", "1e3", "much"] {
        let to = format!("\"{text}\"");
        refused(RATES, &[("\"1.0834\"", &to, &not_decimal(text), None)]);
    }
    refused(
        RATES,
        &[
            (
                "\"1.0834\"",
                "\"0.00\"",
                "4: rates[0].rate: 0 is no rate; write a rate above 0 as text, such as \"1.0834\"",
                None,
            ),
            (
                "\"1.0834\"",
                "1.0834",
                "4: rates[0].rate: invalid type: floating point `1.0834`; write a rate above 0 as text, such as \"1.0834\"",
                None,
            ),
            (
                "rate = \"1.0834\"",
                "",
                "1: rates[0].rate: missing; write a rate above 0 as text, such as \"1.0834\"",
                None,
            ),
            (
                "\"1.0834\"",
                "\"100000000000000\"",
                "4: rates[0].rate: too many digits; write at most 14, and at most 12 of them decimals",
                None,
            ),
            (
                "\"1.0834\"",
                "\"0.0000000000001\"",
                "4: rates[0].rate: too many digits; write at most 14, and at most 12 of them decimals",
                None,
            ),
            (
                "\"1.50\"",
                "\"1.505\"",
                "5: rates[0].markup_percentage: 1.505 is not one; write a percentage up to 100 with at most two decimals, such as \"20.00\"",
                None,
            ),
            (
                "\"1.50\"",
                "\"100.01\"",
                "5: rates[0].markup_percentage: 100.01 is not one; write a percentage up to 100 with at most two decimals, such as \"20.00\"",
                None,
            ),
            (
                "\"EUR\"",
                "\"USD\"",
                "8: rates[1].to: a currency is always worth itself; write another",
                None,
            ),
            (
                "from = \"USD\"\nto = \"EUR\"",
                "from = \"EUR\"\nto = \"USD\"",
                "6: rates[1]: there is a rate from 978 to 840 already; keep one",
                None,
            ),
        ],
    );
}

#[test]
fn programs_have_limits_and_say_what_happens_to_other_currencies() {
    let rules = compiled(&[PROGRAM]);
    let plain = rules.program(ProgramId(1)).unwrap();
    assert_eq!(plain.currency_conversion, CurrencyConversion::Refuse);
    assert_eq!(plain.credit_limits, ProgramLimits::default());
    let program = rules.program(ProgramId(3)).unwrap();
    assert_eq!(program.currency_conversion, CurrencyConversion::Convert);
    assert_eq!(
        program.credit_limits,
        ProgramLimits {
            minimum_credit_limit: Some(10_000),
            maximum_credit_limit: Some(500_000),
            maximum_installment_limit: Some(250_050),
            withdrawal_limit_percentage_hundredths: Some(1_250),
            global_credit_limit: Some(100_000_000),
        }
    );
    refused(
        PROGRAM,
        &[
            (
                "\"convert\"",
                "\"maybe\"",
                "5: currency_conversion: unknown variant `maybe`; write \"refuse\" or \"convert\"",
                None,
            ),
            (
                "\"100.00\"",
                "\"100.001\"",
                "6: minimum_credit_limit: the amount has 3 decimals, the currency has 2; write an amount in units of the currency as text, such as \"5000.00\"",
                None,
            ),
            (
                "\"100.00\"",
                "100",
                "6: minimum_credit_limit: invalid type: integer `100`; write an amount in units of the currency as text, such as \"5000.00\"",
                None,
            ),
            (
                "\"100.00\"",
                "\"5000.01\"",
                "6: minimum_credit_limit: above maximum_credit_limit; no account could be",
                None,
            ),
            (
                "\"12.5\"",
                "\"-1\"",
                "9: withdrawal_limit_percentage: \"-1\" is not a decimal; write a percentage up to 100 with at most two decimals, such as \"20.00\"",
                None,
            ),
            (
                "type = \"credit\"",
                "type = \"debit\"",
                "6: minimum_credit_limit: only type credit has credit limits; leave it out\n\
                 7: maximum_credit_limit: only type credit has credit limits; leave it out\n\
                 8: maximum_installment_limit: only type credit has credit limits; leave it out\n\
                 9: withdrawal_limit_percentage: only type credit has credit limits; leave it out\n\
                 10: global_credit_limit: only type credit has credit limits; leave it out",
                None,
            ),
        ],
    );
}

#[test]
fn networks_say_what_they_can_do() {
    let plain = compiled(&[]);
    let network = plain.network_named("net").unwrap();
    assert!(!network.partial_authorization && !network.acknowledgements);
    assert!(network.transaction_fee_included && !network.file_actions);
    let codes = |rules: &Snapshot| {
        let codes = rules.network_named("net").unwrap().approval_codes;
        let codes = [codes.approved, codes.partially_approved, codes.verified];
        codes.map(|code| code.to_string())
    };
    assert_eq!(codes(&plain), ["00", "10", "85"]);
    let rules = compiled(&[NETWORK]);
    let network = rules.network_named("net").unwrap();
    assert!(network.partial_authorization && network.acknowledgements);
    assert!(!network.transaction_fee_included && network.file_actions);
    assert_eq!(codes(&rules), ["08", "10", "00"]);
    assert_eq!(network.echo, [2, 11, 129, 192]);
    refused(
        NETWORK,
        &[
            (
                "192]",
                "193]",
                "5: echo: DE193 is not a data element; write one from 2 to 192",
                None,
            ),
            (
                "approved = \"08\"",
                "approved = \"05\"",
                "10: approval_codes.approved: 05 is not an approval; write the code of an approval, such as \"00\"",
                None,
            ),
            (
                "approved = \"08\"",
                "approved = \"10\"",
                "10: approval_codes.partially_approved: 10 is that of the whole amount; write another, such as \"10\"",
                None,
            ),
            (
                "verified = \"00\"",
                "checked = \"00\"",
                "10: approval_codes.checked: unknown key; the keys here are approved, partially_approved, verified",
                None,
            ),
            (
                "file_actions = true",
                "file_actions = 1",
                "9: file_actions: invalid type: integer `1`; write true or false",
                None,
            ),
        ],
    );
}

#[test]
fn days_until_expiry_differ_by_merchant_category() {
    let rules = compiled(&[OPTIONS]);
    let days = |bin, mcc| {
        let options = rules.authorization_options(AccountId(1), ProgramId(1), bin);
        [false, true].map(|pre_authorization| options.expiry_days(mcc, pre_authorization))
    };
    assert_eq!(days(None, None), [12, 10]);
    assert_eq!(days(None, Some(5411)), [12, 10]);
    assert_eq!(
        days(None, Some(7512)),
        [12, 40],
        "what an entry does not name is the record's"
    );
    assert_eq!(days(None, Some(4111)), [3, 10]);
    assert_eq!(
        days(Some("40000012"), Some(4111)),
        [12, 10],
        "an override has a list of its own"
    );
    refused(
        OPTIONS,
        &[
            (
                "[\"4111\"]",
                "[\"4111\", \"7011\"]",
                "9: records[0].options.days_by_mcc[1].mcc: 7011 is in another entry already; write it once",
                None,
            ),
            (
                "mcc = [\"4111\"]",
                "",
                "8: records[0].options.days_by_mcc[1].mcc: missing; write merchant category codes of four digits, such as [\"5411\"]",
                None,
            ),
            (
                "\"4111\"",
                "\"411\"",
                "9: records[0].options.days_by_mcc[1].mcc[0]: \"411\" is not four digits; write merchant category codes of four digits, such as [\"5411\"]",
                None,
            ),
            (
                "days_to_cancel_authorization = 3",
                "days_to_cancel_authorization = 0",
                "10: records[0].options.days_by_mcc[1].days_to_cancel_authorization: 0 is out of range; write a whole number from 1 to 60",
                None,
            ),
        ],
    );
}

/// The operation 00 with another kind, impact and reversal code, and a further line.
fn codes(kind: &str, impact: &str, further: &str) -> String {
    let codes = CODES.1.replacen(
        "kind = \"purchase\"",
        &format!("kind = \"{kind}\"\n{further}"),
        1,
    );
    if impact == "-1" {
        return codes;
    }
    let (start, rest) = codes
        .split_once("balance_impact = -1\nreversal_processing_code")
        .unwrap();
    let (_, rest) = rest.split_once("\n\n").unwrap();
    format!("{start}balance_impact = {impact}\n\n{rest}")
}

#[test]
fn kinds_have_their_direction() {
    let debits = ["quasi_cash", "account_funding", "purchase_with_cashback"];
    for kind in debits {
        compiled(&[(CODES.0, &codes(kind, "-1", ""))]);
    }
    compiled(&[(CODES.0, &codes("account_verification", "0", ""))]);
    for (kind, impact) in [
        ("deposit", "1"),
        ("original_credit", "1"),
        ("account_verification", "0"),
    ] {
        let errors = compile(&[(CODES.0, &codes(kind, "-1", ""))]).unwrap_err();
        let expected = format!("balance_impact: does not fit the kind; write {impact}");
        assert!(errors.to_string().ends_with(&expected), "{errors}");
    }
}

#[test]
fn the_cash_part_of_a_purchase_is_decided_by_a_code_of_kind_cash() {
    let line = |code: &str| format!("cashback_processing_code = \"{code}\"");
    let with = |kind: &str, code: &str| codes(kind, "-1", &line(code));
    let rules = compiled(&[(CODES.0, &with("purchase_with_cashback", "01"))]);
    let cash_part = |code: &str| {
        let entry = rules.processing_code(code.parse().unwrap()).unwrap();
        entry.cashback_processing_code.map(|code| code.to_string())
    };
    assert_eq!(cash_part("00").as_deref(), Some("01"));
    assert_eq!(cash_part("01"), None);
    let table = [
        (
            with("purchase", "01"),
            "only kind purchase_with_cashback has a cash part; leave it out",
        ),
        (
            with("purchase_with_cashback", "20"),
            "20 is not of kind cash; write the code of a cash withdrawal",
        ),
        (
            with("purchase_with_cashback", "00"),
            "00 is not of kind cash; write the code of a cash withdrawal",
        ),
        (
            with("purchase_with_cashback", "77"),
            "77 is not an operation of this table; write one of kind cash",
        ),
    ];
    for (codes, reason) in table {
        let errors = compile(&[(CODES.0, &codes)]).unwrap_err();
        let expected = format!(
            "processing-codes.toml:15: processing_codes[0].cashback_processing_code: {reason}"
        );
        assert_eq!(errors.to_string(), expected);
    }
}

#[test]
fn json_is_read_like_toml() {
    for (path, content) in [ORGANIZATION, RATES, CODES] {
        let value: toml::Value = toml::from_str(content).unwrap();
        let json = serde_json::to_string(&value).unwrap();
        let json_path = path.replace(".toml", ".json");
        let mut documents = base();
        documents.retain(|document| document.path != path);
        documents.push(document(&json_path, &json));
        rules::compile(documents.clone()).unwrap_or_else(|errors| panic!("{errors}"));
        documents.push(document(path, content));
        let errors = rules::compile(documents).unwrap_err();
        let expected = format!("{path}:1: there as TOML and as JSON; keep one");
        assert_eq!(errors.to_string(), expected);
    }
    let status = r#"{"name": "I", "account_statuses": [{"name": "NORMAL", "allowed_operations": "CREDIT_ONLY"}]}"#;
    let errors = compile(&[("organization.json", status)]).unwrap_err();
    assert_eq!(errors.0[0].code, Some(ErrorCode::Eacc0018));
    assert_eq!(ErrorCode::Eacc0018.status(), 409);
}

#[test]
fn every_document_is_part_of_the_version() {
    let plain = compiled(&[]).version();
    let versions = [ORGANIZATION, RATES, PROGRAM, OPTIONS].map(|one| compiled(&[one]).version());
    for (index, version) in versions.iter().enumerate() {
        assert_ne!(*version, plain);
        assert!(!versions[..index].contains(version));
    }
}
