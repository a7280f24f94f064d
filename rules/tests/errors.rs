//! What is refused, and with which words: one row per check. A row changes one place of good
//! documents and names every error that follows, as line: key: reason of that document.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that panics has failed"
)]
#![allow(clippy::too_many_lines, reason = "a table is as long as its rows")]

mod support;

use support::{base, document};

/// A good balance configuration; each row changes a line of it.
const CONFIGURATION: &str = r#"level = "program"
program_id = 1

[[configs]]
name = "A"

[configs.filters]
processing_codes = ["00", "01"]
min_installments = 2

[[configs.scenarios]]
condition = { order = 1, type = "custom", amount_to_check_balance = "amount" }

[configs.scenarios.result]
amount = "principal_amount"
impact = ["AvailableCreditLimit"]
consider = ["AvailableCreditLimit"]
"#;

const BALANCE: &str = "balance-configurations/a.toml";
const NETWORK: &str = "networks/net.toml";
const PROGRAM: &str = "programs/one.toml";
const CODES: &str = "processing-codes.toml";

/// Changes the first place of a text in one document and compares all errors.
fn check(path: &str, from: &str, to: &str, expected: &str) {
    let mut documents = base();
    documents.push(document(BALANCE, CONFIGURATION));
    let changed = documents
        .iter_mut()
        .find(|document| document.path == path)
        .unwrap();
    assert!(
        changed.content.contains(from),
        "{path} does not contain {from:?}"
    );
    changed.content = changed.content.replacen(from, to, 1);
    let errors = match rules::compile(documents) {
        Ok(_) => panic!("accepted: {path}: {from:?} -> {to:?}"),
        Err(errors) => errors.to_string().replace(&format!("{path}:"), ""),
    };
    assert_eq!(errors, expected, "{path}: {from:?} -> {to:?}");
}

fn check_all(path: &str, rows: &[(&str, &str, &str)]) {
    for (from, to, expected) in rows {
        check(path, from, to, expected);
    }
}

#[test]
fn the_unchanged_documents_are_good() {
    let mut documents = base();
    documents.push(document(BALANCE, CONFIGURATION));
    assert_eq!(rules::compile(documents).unwrap().configurations().len(), 1);
}

#[test]
fn balance_configurations() {
    check_all(
        BALANCE,
        &[
            (
                r#"level = "program""#,
                "",
                r#"1: level: missing; write "tenant", "program" or "account""#,
            ),
            (
                r#"level = "program""#,
                r#"level = "organization""#,
                r#"1: level: unknown variant `organization`; write "tenant", "program" or "account""#,
            ),
            (
                r#"level = "program""#,
                r#"level = "account"
account_id = 7"#,
                "3: program_id: level account is for one account; leave it out",
            ),
            (
                r#"level = "program""#,
                r#"level = "tenant""#,
                "2: program_id: level tenant is for all programs; leave it out",
            ),
            (
                "program_id = 1",
                "",
                "1: program_id: missing; write a whole number from 1 to 4294967295",
            ),
            (
                "program_id = 1",
                "program_id = 9",
                "2: program_id: no program 9; the programs are 1, 2",
            ),
            (
                "program_id = 1",
                "program_id = 0",
                "2: program_id: 0 is out of range; write a whole number from 1 to 4294967295",
            ),
            (
                "program_id = 1",
                r#"program_id = "1""#,
                r#"2: program_id: invalid type: string "1"; write a whole number from 1 to 4294967295"#,
            ),
            (
                "program_id = 1",
                "program_id = 1
account_id = 7",
                "3: account_id: only level account has it; leave it out",
            ),
            (
                "program_id = 1",
                "program_id = 1
global_configs = { impact_parent_accounts = 1 }",
                "3: global_configs.impact_parent_accounts: invalid type: integer `1`; write true or false",
            ),
            (
                "program_id = 1",
                "program_id = 1
global_configs = { other = 1 }",
                "3: global_configs.other: unknown key; the keys here are impact_parent_accounts",
            ),
            (
                "program_id = 1",
                r#"program_id = 1
colour = "red""#,
                "3: colour: unknown key; the keys here are level, program_id, account_id, global_configs, configs",
            ),
            (
                "program_id = 1",
                "program_id = ",
                "2: not TOML: string values must be quoted, expected literal string",
            ),
            (
                "program_id = 1",
                "program_id = 1
program_id = 2",
                "3: not TOML: duplicate key",
            ),
            (
                r#"name = "A""#,
                "",
                "4: configs[0].name: missing; write a text of 1 to 100 characters",
            ),
            (
                r#"name = "A""#,
                r#"name = " ""#,
                "5: configs[0].name: blank; write a text of 1 to 100 characters",
            ),
            (
                r#"name = "A""#,
                r#"name = "A"
is_active = "yes""#,
                r#"6: configs[0].is_active: invalid type: string "yes"; write true or false"#,
            ),
            (
                r#"name = "A""#,
                r#"name = "A"
filter_template_id = "t""#,
                "6: configs[0].filter_template_id: both filters and filter_template_id are given; keep one",
            ),
            (
                r#"[configs.filters]
processing_codes = ["00", "01"]
min_installments = 2"#,
                r#"filter_template_id = "t""#,
                r#"7: configs[0].filter_template_id: no filter template "t"; write one in filter-templates/NAME.toml"#,
            ),
            (
                r#"[configs.filters]
processing_codes = ["00", "01"]
min_installments = 2"#,
                "",
                r#"4: configs[0].filters: missing; write filters = { processing_codes = ["00"] } or filter_template_id = "..""#,
            ),
            (
                r#"processing_codes = ["00", "01"]"#,
                "",
                r#"7: configs[0].filters.processing_codes: missing; write at least one code of processing-codes.toml, such as ["00"]"#,
            ),
            (
                r#"["00", "01"]"#,
                "[]",
                r#"8: configs[0].filters.processing_codes: empty; write at least one code of processing-codes.toml, such as ["00"]"#,
            ),
            (
                r#"["00", "01"]"#,
                r#"["00", "0"]"#,
                r#"8: configs[0].filters.processing_codes[1]: a processing code is 2 to 6 letters or digits, such as "00""#,
            ),
            (
                r#"["00", "01"]"#,
                r#"["00", "00"]"#,
                "8: configs[0].filters.processing_codes[1]: listed twice; write it once",
            ),
            (
                r#"["00", "01"]"#,
                r#"["00", "77"]"#,
                "8: configs[0].filters.processing_codes: 77 is not in processing-codes.toml; list it there",
            ),
            (
                r#"["00", "01"]"#,
                r#"["00", "OUTREV"]"#,
                "8: configs[0].filters.processing_codes: OUTREV is a reversal code; reversals undo what was recorded; leave it out",
            ),
            (
                "min_installments = 2",
                "min_installments = 100",
                "9: configs[0].filters.min_installments: 100 is out of range; write a whole number from 0 to 99",
            ),
            (
                "min_installments = 2",
                "min_installments = 3
max_installments = 2",
                "9: configs[0].filters.min_installments: 3 is above max_installments 2; nothing would ever match",
            ),
            (
                "min_installments = 2",
                "max_installments = -1",
                "9: configs[0].filters.max_installments: -1 is out of range; write a whole number from 0 to 99",
            ),
            (
                "min_installments = 2",
                "mcc = []",
                r#"9: configs[0].filters.mcc: empty, so nothing would ever match; write merchant category codes of four digits, such as ["5411"]"#,
            ),
            (
                "min_installments = 2",
                r#"mcc = ["5411", "541", "5411"]"#,
                r#"9: configs[0].filters.mcc[1]: "541" is not four digits; write merchant category codes of four digits, such as ["5411"]
9: configs[0].filters.mcc[2]: listed twice; write it once"#,
            ),
            (
                "min_installments = 2",
                r#"account_type = "40""#,
                r#"9: configs[0].filters.account_type: unknown variant `40`; write "00", "10", "20" or "30""#,
            ),
            (
                "min_installments = 2",
                r#"currency_code = "DOLLAR""#,
                r#"9: configs[0].filters.currency_code: not an ISO 4217 currency with minor units, such as "840" or "USD""#,
            ),
            (
                "min_installments = 2",
                r#"countries = ["US"]"#,
                "9: configs[0].filters.countries: unknown key; the keys here are processing_codes, min_installments, max_installments, mcc, account_type, currency_code",
            ),
            (
                "order = 1, ",
                "",
                "12: configs[0].scenarios[0].condition.order: missing; write a whole number from -2147483648 to 2147483647",
            ),
            (
                "order = 1",
                "order = 1.5",
                "12: configs[0].scenarios[0].condition.order: invalid type: floating point `1.5`; write a whole number from -2147483648 to 2147483647",
            ),
            (
                r#"type = "custom""#,
                r#"type = "other""#,
                r#"12: configs[0].scenarios[0].condition.type: unknown variant `other`; write "custom" or "default""#,
            ),
            (
                r#"type = "custom", amount_to_check_balance = "amount""#,
                r#"type = "custom""#,
                r#"12: configs[0].scenarios[0].condition.amount_to_check_balance: missing; write "amount" or "installment_amount""#,
            ),
            (
                r#""amount" }"#,
                r#""contract_amount" }"#,
                r#"12: configs[0].scenarios[0].condition.amount_to_check_balance: unknown variant `contract_amount`; write "amount" or "installment_amount""#,
            ),
            (
                r#"type = "custom""#,
                r#"type = "default""#,
                "12: configs[0].scenarios[0].condition.amount_to_check_balance: a default scenario does not select by balance; leave it out (with enforce_funds it checks amount_consider)",
            ),
            (
                r#"condition = { order = 1, type = "custom", amount_to_check_balance = "amount" }"#,
                "",
                r#"11: configs[0].scenarios[0].condition: missing; write condition = { order = 1, type = "custom" }"#,
            ),
            (
                r#"amount = "principal_amount""#,
                "",
                r#"14: configs[0].scenarios[0].result.amount: missing; write "principal_amount", "contract_amount" or "installment_amount""#,
            ),
            (
                r#"amount = "principal_amount""#,
                r#"amount = "all""#,
                r#"15: configs[0].scenarios[0].result.amount: unknown variant `all`; write "principal_amount", "contract_amount" or "installment_amount""#,
            ),
            (
                r#"impact = ["AvailableCreditLimit"]"#,
                "",
                r#"14: configs[0].scenarios[0].result.impact: missing; write a list of "AvailableCreditLimit", "AvailableTotalInstallmentCredit", "AvailableWithdrawalCredit", "AvailableSavingsAccountLimit", "AdditionalFunds", "HeldFunds""#,
            ),
            (
                r#"impact = ["AvailableCreditLimit"]"#,
                r#"impact = ["AvailableCreditLimit", "OverLimit"]"#,
                r#"16: configs[0].scenarios[0].result.impact[1]: unknown variant `OverLimit`; write a list of "AvailableCreditLimit", "AvailableTotalInstallmentCredit", "AvailableWithdrawalCredit", "AvailableSavingsAccountLimit", "AdditionalFunds", "HeldFunds""#,
            ),
            (
                r#"impact = ["AvailableCreditLimit"]"#,
                r#"impact = ["AvailableCreditLimit", "AvailableCreditLimit"]"#,
                "16: configs[0].scenarios[0].result.impact[1]: listed twice; write it once",
            ),
            (
                r#"consider = ["AvailableCreditLimit"]"#,
                r#"consider = ["HeldFunds"]"#,
                r#"17: configs[0].scenarios[0].result.consider[0]: unknown variant `HeldFunds`; write a list of "AvailableCreditLimit", "OverLimit", "AvailableSavingsAccountLimit", "AvailableWithdrawalCredit", "AvailableTotalInstallmentCredit""#,
            ),
            (
                r#"consider = ["AvailableCreditLimit"]"#,
                r#"consider = ["OverLimit"]"#,
                "17: configs[0].scenarios[0].result.consider: OverLimit extends AvailableCreditLimit; list both",
            ),
            (
                r#"impact = ["AvailableCreditLimit"]
consider = ["AvailableCreditLimit"]"#,
                r#"impact = ["HeldFunds"]"#,
                "14: configs[0].scenarios[0].result.consider: missing, and nothing in impact can stand in for it; name the limits, or write consider = [] to check no sum",
            ),
            (
                r#"consider = ["AvailableCreditLimit"]"#,
                r#"consider = ["AvailableCreditLimit"]
opposite_impact = ["AvailableCreditLimit"]"#,
                "18: configs[0].scenarios[0].result.opposite_impact: AvailableCreditLimit is in impact too; the moves would cancel; keep one",
            ),
            (
                r#"consider = ["AvailableCreditLimit"]"#,
                "may_go_negative = 1",
                "17: configs[0].scenarios[0].result.may_go_negative: invalid type: integer `1`; write true or false",
            ),
            (
                r#"consider = ["AvailableCreditLimit"]"#,
                "enforce_funds = false",
                r#"17: configs[0].scenarios[0].result.enforce_funds: a custom scenario always checks funds; leave it out, or write may_go_negative = true or type = "default""#,
            ),
            (
                r#"consider = ["AvailableCreditLimit"]"#,
                r#"reset_limit = "monthly""#,
                r#"17: configs[0].scenarios[0].result.reset_limit: unknown variant `monthly`; write "never", "payment" or "last_installment""#,
            ),
            (
                r#"consider = ["AvailableCreditLimit"]"#,
                "impact_account = { account_id = 1 }",
                "17: configs[0].scenarios[0].result.impact_account: only level account may move related accounts; leave it out",
            ),
            (
                r#"consider = ["AvailableCreditLimit"]"#,
                "counterpart_account = { account_id = 1, processing_code = \"20\" }",
                "17: configs[0].scenarios[0].result.counterpart_account: only level account may move related accounts; leave it out",
            ),
            (
                r#"consider = ["AvailableCreditLimit"]"#,
                r#"confirmation = { impact = ["HeldFunds"], opposite_impact = ["HeldFunds"] }"#,
                "17: configs[0].scenarios[0].result.confirmation.opposite_impact: HeldFunds is in impact too; the moves would cancel; keep one",
            ),
            (
                r#"consider = ["AvailableCreditLimit"]"#,
                "confirmation = 5",
                "17: configs[0].scenarios[0].result.confirmation: invalid type: integer `5`; write a table",
            ),
            (
                r#"consider = ["AvailableCreditLimit"]"#,
                r#"[[configs.scenarios]]
condition = { order = 1, type = "custom", amount_to_check_balance = "amount" }
result = { amount = "principal_amount", impact = ["AvailableCreditLimit"] }"#,
                "18: configs[0].scenarios[1].condition.order: order 1 is taken; give each its own",
            ),
            (
                r#"consider = ["AvailableCreditLimit"]"#,
                r#"[[configs.scenarios]]
condition = { order = 2, type = "default" }
result = { amount = "principal_amount", impact = [] }
[[configs.scenarios]]
condition = { order = 3, type = "default" }
result = { amount = "principal_amount", impact = [] }"#,
                "21: configs[0].scenarios[2].condition.type: a second default is never reached; keep one",
            ),
            (
                r#"consider = ["AvailableCreditLimit"]"#,
                r#"[[configs.scenarios]]
condition = { order = 2, type = "default" }"#,
                "17: configs[0].scenarios[1].result: missing; write a result with amount and impact",
            ),
            (
                "[[configs]]",
                "[configs]",
                "4: configs: invalid type: map; write at least one [[configs]]",
            ),
        ],
    );
}

#[test]
fn programs() {
    check_all(
        PROGRAM,
        &[
            (
                "id = 1",
                "",
                "1: id: missing; write a whole number from 1 to 4294967295",
            ),
            (
                "id = 1",
                "id = 0",
                "2: id: 0 is out of range; write a whole number from 1 to 4294967295",
            ),
            (
                "id = 1",
                "id = 2",
                "programs/two.toml:2: id: program 2 is already in programs/one.toml; take a free number",
            ),
            (
                r#"name = "One""#,
                r#"name = "Two""#,
                r#"programs/two.toml:3: name: "Two" is already in programs/one.toml; take another name"#,
            ),
            (
                r#"name = "One""#,
                r#"name = "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx""#,
                "3: name: 51 characters; write a text of 1 to 50 characters",
            ),
            (
                r#"type = "credit""#,
                r#"type = "gift""#,
                r#"4: type: unknown variant `gift`; write "credit", "debit" or "prepaid""#,
            ),
            (
                r#"currency = "840""#,
                "currency = 840",
                r#"5: currency: invalid type: integer `840`; write an ISO 4217 currency such as "840" or "USD""#,
            ),
            (
                r#"currency = "840""#,
                r#"currency = "999""#,
                r#"5: currency: not an ISO 4217 currency with minor units, such as "840" or "USD""#,
            ),
            (
                r#"currency = "840""#,
                r#"currency = "840"
bin = 1"#,
                "6: bin: unknown key; the keys here are id, name, type, currency, currency_conversion, minimum_credit_limit, maximum_credit_limit, maximum_installment_limit, withdrawal_limit_percentage, global_credit_limit",
            ),
            (
                r#"name = "One""#,
                "name = One",
                "3: not TOML: string values must be quoted, expected literal string",
            ),
        ],
    );
}

#[test]
fn networks() {
    check_all(NETWORK, &[
        ("id = 1", "id = 256",
         "1: id: 256 is out of range; write a whole number from 1 to 255"),
        (r#"name = "net""#, "",
         "1: name: missing; write a text of 1 to 50 characters"),
        (r#"dialect = "d""#, r#"dialect = "../d""#,
         r#"3: dialect: only letters, digits, - and _; write the name of a file in dialects/ without .toml, such as "iso1987-ascii""#),
        ("sign_on_required = false", "",
         "1: sign_on_required: missing; write true or false"),
        ("echo = [2, 11]", "",
         "1: echo: missing; write the data elements every response copies"),
        ("echo = [2, 11]", "echo = [2, 2]",
         "5: echo[1]: listed twice; write it once"),
        ("echo = [2, 11]", "echo = [1, 193, 14, 39]",
         "5: echo: DE1 is not a data element; write one from 2 to 192
5: echo: DE193 is not a data element; write one from 2 to 192
5: echo: DE14 is never returned; leave it out
5: echo: DE39 is the response's own; leave it out"),
        ("echo_reversal = [90]", "echo_reversal = [11]",
         "6: echo_reversal: DE11 is in echo already; leave it out here"),
        ("match_window_minutes = 15", "match_window_minutes = 0",
         "8: match_window_minutes: 0 is out of range; write a whole number from 1 to 43200"),
        ("deadline_ms = 1000", "deadline_ms = 60001",
         "9: deadline_ms: 60001 is out of range; write a whole number from 1 to 60000"),
        (r#"card_lost = { response_code = "05" }"#, "",
         r#"10: response_codes.card_lost: missing; write { response_code = ".." }"#),
        (r#"card_lost = { response_code = "05" }"#, r#"card_lost = { response_code = "00" }"#,
         "14: response_codes.card_lost.response_code: 00 is an approval; write the code of a decline"),
        (r#"card_lost = { response_code = "05" }"#, r#"card_lost = { response_code = "5" }"#,
         r#"14: response_codes.card_lost.response_code: a response code is two letters or digits, such as "51""#),
        (r#"card_lost = { response_code = "05" }"#, r#"card_lost = "05""#,
         r#"14: response_codes.card_lost: invalid type: string "05"; write a table"#),
        (r#"card_lost = { response_code = "05" }"#, r#"card_lost = { denial_code = "810" }"#,
         r#"14: response_codes.card_lost.response_code: missing; write two letters or digits, such as "05""#),
        (r#"card_lost = { response_code = "05" }"#, r#"card_lost = { response_code = "05", denial_code = "8100" }"#,
         r#"14: response_codes.card_lost.denial_code: "8100" is not a denial code; write 1 to 3 letters or digits, such as "810""#),
        (r#"card_lost = { response_code = "05" }"#, r#"card_lost = { response_code = "05" }
card_eaten = { response_code = "05" }"#,
         "15: response_codes.card_eaten: not a reason; the reasons are format_error, match_conflict, unknown_card, card_lost, card_stolen, card_canceled, card_blocked, card_expired, expiry_mismatch, account_status, card_mode_unavailable, unknown_processing_code, not_permitted, currency_not_supported, invalid_amount, no_configuration, insufficient_funds, cash_limit_exceeded, reversed_before_arrival, unknown_original, original_amount_mismatch, sign_on_required, overloaded, deadline_passed, system_malfunction, authorizations_denied, declined_by_network, cashback_not_available, file_action_not_supported, file_record_not_found, file_action_refused, control_denied, key_exchange_refused"),
        ("[response_codes]", "[answers]",
         "1: response_codes: missing; write a table with one line per reason
10: answers: unknown key; the keys here are id, name, dialect, adapter, sign_on_required, echo, echo_reversal, echo_network_management, match_window_minutes, deadline_ms, send_late_approvals, approval_codes, partial_authorization, transaction_fee_included, acknowledgements, file_actions, processing_codes, response_codes"),
    ]);
}

#[test]
fn processing_codes() {
    check_all(CODES, &[
        (r#"transaction_type_id = 1, description = "Out""#, r#"transaction_type_id = 0, description = "Out""#,
         "3: transaction_types[0].transaction_type_id: 0 is out of range; write a whole number from 1 to 4294967295"),
        (r#"{ transaction_type_id = 1, description = "Out", credit = false },"#, r#"{ transaction_type_id = 1, description = "Out", credit = false },{ transaction_type_id = 1, description = "Out", credit = false },"#,
         "3: transaction_types[1].transaction_type_id: transaction type 1 is listed twice; keep one"),
        (r#"description = "Out""#, r#"description = "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx""#,
         "3: transaction_types[0].description: 31 characters; write a text of 1 to 30 characters"),
        (r#"processing_code = "00""#, r#"processing_code = "PSM1""#,
         "12: processing_codes[0].processing_code: codes with PSM are reserved; take another"),
        (r#"processing_code = "00""#, r#"processing_code = "0A""#,
         "12: processing_codes[0].processing_code: a code of two is DE3 positions 1-2; write two digits, or 3 to 6"),
        (r#"processing_code = "00""#, r#"processing_code = "01""#,
         "21: processing_codes[1].processing_code: code 01 is listed twice; keep one"),
        (r#"processing_code = "INREV""#, r#"processing_code = "99""#,
         "8: reversal_processing_codes[1].processing_code: two digits are DE3's; write 3 to 6 letters or digits"),
        (r#"processing_code = "INREV""#, r#"processing_code = "OUTREV""#,
         "8: reversal_processing_codes[1].processing_code: code OUTREV is listed twice; keep one"),
        (r#"kind = "purchase""#, r#"kind = "sale""#,
         r#"14: processing_codes[0].kind: unknown variant `sale`; write "purchase", "cash", "purchase_with_cashback", "refund", "balance_inquiry", "quasi_cash", "account_funding", "deposit", "original_credit", "account_verification" or "other""#),
        (r#"kind = "purchase""#, r#"kind = "refund""#,
         "15: processing_codes[0].balance_impact: does not fit the kind; write 1"),
        ("balance_impact = -1
", "balance_impact = 2
",
         "15: processing_codes[0].balance_impact: 2 is no direction; write -1 (out of the account), 0 (nothing moves) or 1 (into the account)"),
        (r#"reversal_processing_code = "OUTREV"
"#, "",
         "11: processing_codes[0].reversal_processing_code: missing; write a code of reversal_processing_codes"),
        (r#"reversal_processing_code = "OUTREV"
"#, r#"reversal_processing_code = "INREV"
"#,
         "16: processing_codes[0].reversal_processing_code: INREV moves -1, not the opposite of this operation; write a code with 1"),
        (r#"reversal_processing_code = "OUTREV"
"#, r#"reversal_processing_code = "NOREV"
"#,
         "16: processing_codes[0].reversal_processing_code: NOREV is not in reversal_processing_codes; list it there"),
        ("balance_impact = 0", r#"balance_impact = 0
reversal_processing_code = "OUTREV""#,
         "43: processing_codes[3].reversal_processing_code: an operation that moves nothing is not reversed; leave it out"),
        ("balance_impact = 0", r#"balance_impact = 0
transaction_types = [{ transaction_type_id = 1, key = "PRINCIPAL" }]"#,
         "43: processing_codes[3].transaction_types: an operation that moves nothing posts nothing; leave it out"),
        (r#"transaction_types = [{ transaction_type_id = 1, key = "PRINCIPAL" }]
"#, "",
         r#"11: processing_codes[0].transaction_types: missing; write at least { transaction_type_id = 101, key = "PRINCIPAL" }"#),
        ("[{ transaction_type_id = 1, key", "[{ transaction_type_id = 3, key",
         "17: processing_codes[0].transaction_types[0].transaction_type_id: 3 is not in transaction_types; list it there"),
        ("[{ transaction_type_id = 1, key", "[{ transaction_type_id = 2, key",
         "17: processing_codes[0].transaction_types[0].transaction_type_id: type 2 has credit = true; take one with credit = false"),
        (r#"[{ transaction_type_id = 1, key = "PRINCIPAL" }]"#, r#"[{ transaction_type_id = 1, key = "FEE" }]"#,
         r#"17: processing_codes[0].transaction_types[0].key: unknown variant `FEE`; write "PRINCIPAL", "INSTALLMENT", "CONTRACT" or "OTHER""#),
        (r#"[{ transaction_type_id = 1, key = "PRINCIPAL" }]"#, r#"[{ transaction_type_id = 1, key = "OTHER" }]"#,
         r#"17: processing_codes[0].transaction_types[0].custom_key: missing with key OTHER; write a text of 1 to 200 characters, such as "transaction_fee""#),
        (r#"[{ transaction_type_id = 1, key = "PRINCIPAL" }]"#, r#"[{ transaction_type_id = 1, key = "OTHER", custom_key = " fee" }]"#,
         r#"17: processing_codes[0].transaction_types[0].custom_key: no custom key; write a text of 1 to 200 characters, such as "transaction_fee""#),
        (r#"[{ transaction_type_id = 1, key = "PRINCIPAL" }]"#, r#"[{ transaction_type_id = 1, key = "PRINCIPAL", custom_key = "fee" }]"#,
         "17: processing_codes[0].transaction_types[0].custom_key: only key OTHER has one; leave it out"),
        (r#"[{ transaction_type_id = 1, key = "PRINCIPAL" }]"#, r#"[{ transaction_type_id = 1, key = "OTHER", custom_key = "fee" }, { transaction_type_id = 1, key = "OTHER", custom_key = "fee" }]"#,
         "17: processing_codes[0].transaction_types[1]: the transaction type is linked twice; keep one
17: processing_codes[0].transaction_types[1]: the amount key is linked twice; keep one"),
        (r#"[{ transaction_type_id = 1, key = "PRINCIPAL" }]"#, r#"[{ transaction_type_id = 1, key = "PRINCIPAL" }, { transaction_type_id = 1, key = "CONTRACT" }]"#,
         "17: processing_codes[0].transaction_types[1]: the transaction type is linked twice; keep one
17: processing_codes[0].transaction_types[1]: PRINCIPAL and CONTRACT exclude each other; keep one"),
        (r#"[{ transaction_type_id = 1, key = "PRINCIPAL" }]"#, r#"[{ transaction_type_id = 1, key = "PRINCIPAL" }, { transaction_type_id = 1, key = "PRINCIPAL" }]"#,
         "17: processing_codes[0].transaction_types[1]: the transaction type is linked twice; keep one
17: processing_codes[0].transaction_types[1]: the amount key is linked twice; keep one"),
    ]);
}

#[test]
fn every_error_of_every_document_is_told_at_once() {
    let mut documents = base();
    documents.push(document(BALANCE, &CONFIGURATION.replace("\"00\"", "\"0\"")));
    documents.push(document("balance-configurations/b.toml", "level = 1\n"));
    documents.push(document(
        "balance-configurations/deeper/c.toml",
        "level = \"tenant\"\n",
    ));
    for changed in &mut documents {
        changed.content = changed
            .content
            .replace("\nid = 2", "\nid = 0")
            .replace("[2, 11]", "[0]");
    }
    documents.push(document("colours.toml", "red = 1\n"));
    let errors = rules::compile(documents).unwrap_err().to_string();
    let expected = [
        r#"balance-configurations/a.toml:8: configs[0].filters.processing_codes[0]: a processing code is 2 to 6 letters or digits, such as "00""#,
        r#"balance-configurations/b.toml:1: level: invalid type: integer; write "tenant", "program" or "account""#,
        r#"balance-configurations/b.toml:1: configs: missing; write at least one [[configs]]"#,
        r#"balance-configurations/deeper/c.toml:1: not a rule document; leave it out"#,
        r#"colours.toml:1: not a rule document; leave it out"#,
        r#"networks/net.toml:5: echo: DE0 is not a data element; write one from 2 to 192"#,
        r#"programs/two.toml:2: id: 0 is out of range; write a whole number from 1 to 4294967295"#,
    ];
    assert_eq!(errors.lines().collect::<Vec<_>>(), expected);
}

#[test]
fn a_rule_set_needs_its_parts() {
    let errors = rules::compile(Vec::new()).unwrap_err().to_string();
    let expected = [
        "networks:1: no network; write one in networks/NAME.toml",
        "processing-codes.toml:1: missing; write the table of processing codes",
        "programs:1: no program; write one in programs/NAME.toml",
    ];
    assert_eq!(errors.lines().collect::<Vec<_>>(), expected);
}

#[test]
fn files_are_named_as_they_can_be_opened() {
    let directory = tempfile::tempdir().unwrap();
    let root = directory.path();
    for folder in ["programs", "networks", "balance-configurations/templates"] {
        std::fs::create_dir_all(root.join(folder)).unwrap();
    }
    for document in base() {
        std::fs::write(root.join(&document.path), &document.content).unwrap();
    }
    std::fs::write(root.join("balance-configurations/.a.toml.swp"), "no").unwrap();
    std::fs::write(root.join("balance-configurations/.b.toml"), "no").unwrap();
    std::fs::write(root.join("balance-configurations/notes.md"), "no").unwrap();
    std::fs::write(
        root.join("programs/three.toml"),
        b"id = 3\nname = \"\xff\"\n",
    )
    .unwrap();
    std::fs::remove_file(root.join("processing-codes.toml")).unwrap();
    let found = rules::load(root)
        .unwrap_err()
        .to_string()
        .replace(&format!("{}/", root.display()), "");
    let expected = [
        "balance-configurations/templates:1: a folder inside is not read; put the files next to it",
        "processing-codes.toml:1: cannot be read: No such file or directory (os error 2)",
        "programs/three.toml:2: bytes that are not UTF-8; save the file as UTF-8",
    ];
    assert_eq!(found.lines().collect::<Vec<_>>(), expected);

    std::fs::remove_dir(root.join("balance-configurations/templates")).unwrap();
    std::fs::remove_file(root.join("programs/three.toml")).unwrap();
    std::fs::write(
        root.join("processing-codes.toml"),
        support::PROCESSING_CODES,
    )
    .unwrap();
    assert_eq!(
        rules::load(root).unwrap().version(),
        rules::compile(base()).unwrap().version()
    );
}
