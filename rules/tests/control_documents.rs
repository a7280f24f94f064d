//! Documents of flex controls and attribute groups: what is refused, and with which words and codes; that
//! JSON is read like TOML; what a control compiled alone is checked for.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that panics has failed"
)]
#![allow(clippy::too_many_lines, reason = "a table is as long as its rows")]

mod support;

use rules::{
    AccountId, ControlKind, ControlSet, ControlTarget, CustomerId, ErrorCode, FlexControl,
    OwnControls, RuleErrors,
};
use support::controls::{card, compile_with, documents};
use support::document;

const CONTROLS: &str = r#"level = "account"
account_id = 7
[[controls]]
id = "a"
type = "spending_limit"
name = "A"
deny_code = "D"
max_limit = 100
limit_duration = "P1M"
reset_period = { month_day = 3, time = "07:00AM" }
time_zone = "America/Sao_Paulo"
override_controls = ["b"]
conditions = [{ attribute = "amount", operator = "gte", value = "10" }]
[[controls]]
id = "b"
type = "restriction"
name = "B"
deny_code = "D"
response_code = "57"
custom_code = "FL2"
evaluation_order = 3
conditions = [{ id = "1", attribute = "merchant_id", operator = "in_group", value = "g" }]
"#;

const GROUP: &str = r#"id = "g"
description = "Group"
type = "merchant_id"
values = ["M1", "M2"]
"#;

const CUSTOMER: &str = r#"level = "customer"
customer_id = 3
account_id = 7
[[controls]]
id = "c"
type = "cumulative_limit"
name = "C"
max_amount = 100
card_ids = ["CARD"]
card_mode = "debit"
reset_strategy = { reset_trigger = { is_pin_validated_offline = true, authentication_method = ["sms"] } }
"#;

const PROGRAM: &str = r#"level = "program"
program_id = 1
[[controls]]
id = "p"
type = "usage_limit"
name = "P"
deny_code = "D"
max_limit = 5
limit_duration = "P1W"
reset_period = { week_day = "sunday" }
counted_per = "card"
"#;

fn good() -> [(&'static str, String); 4] {
    [
        ("flex-controls/a.toml", CONTROLS.to_owned()),
        ("attribute-groups/g.toml", GROUP.to_owned()),
        (
            "flex-controls/c.toml",
            CUSTOMER.replace("CARD", &card(1).to_string()),
        ),
        ("flex-controls/p.toml", PROGRAM.to_owned()),
    ]
}

fn compile(files: &[(&str, String)]) -> Result<rules::Snapshot, RuleErrors> {
    let mut documents = support::base();
    documents.extend(files.iter().map(|(path, content)| document(path, content)));
    rules::compile(documents)
}

#[test]
fn the_unchanged_documents_are_good() {
    let rules = compile(&good()).unwrap_or_else(|errors| panic!("{errors}"));
    let controls: Vec<_> = rules
        .flex_controls()
        .map(|one| (one.id().to_string(), one.kind()))
        .collect();
    assert_eq!(
        controls,
        [
            ("a".to_owned(), ControlKind::SpendingLimit),
            ("b".to_owned(), ControlKind::Restriction),
            ("c".to_owned(), ControlKind::CumulativeLimit),
            ("p".to_owned(), ControlKind::UsageLimit),
        ]
    );
    let second = rules.flex_controls().nth(1).unwrap();
    assert_eq!(second.deny_code(), Some("D"));
    assert_eq!(second.response_code().unwrap().as_str(), "57");
    assert_eq!(second.custom_code().unwrap().as_str(), "FL2");
    assert_eq!((second.file(), second.line()), ("flex-controls/a.toml", 14));
    assert_eq!(second.conditions()[0].value(), "g");
}

/// Rows change one place of a document: from, to, every error, and the code of the first.
fn check(path: &str, rows: &[(&str, &str, &str, ErrorCode)]) {
    for (from, to, expected, code) in rows {
        let mut files = good();
        let (_, content) = files.iter_mut().find(|(other, _)| *other == path).unwrap();
        assert!(content.contains(from), "{path} does not contain {from:?}");
        *content = content.replacen(from, to, 1);
        let Err(errors) = compile(&files) else {
            panic!("accepted: {from:?} -> {to:?}")
        };
        let text = errors.to_string().replace(&format!("{path}:"), "");
        assert_eq!(text, *expected, "{from:?} -> {to:?}");
        assert_eq!(errors.0[0].code, Some(*code), "{from:?} -> {to:?}");
    }
}

const INVALID: ErrorCode = ErrorCode::Erul0701;

#[test]
fn heads_and_scopes() {
    check(
        "flex-controls/a.toml",
        &[
            (
                r#"level = "account""#,
                "",
                r#"1: level: missing; write "program", "account", "customer" or "card""#,
                INVALID,
            ),
            (
                r#"level = "account""#,
                r#"level = "tenant""#,
                r#"1: level: unknown variant `tenant`; write "program", "account", "customer" or "card""#,
                INVALID,
            ),
            (
                "account_id = 7",
                "",
                "1: account_id: missing; write a whole number from 1 to 9223372036854775807",
                INVALID,
            ),
            (
                "account_id = 7",
                "account_id = 7\ncustomer_id = 3",
                "3: customer_id: not for this level; leave it out",
                INVALID,
            ),
            (
                r#"id = "a""#,
                "",
                "3: controls[0].id: missing; write 1 to 36 letters, digits, '-', '_' or '.'",
                INVALID,
            ),
            (
                r#"id = "a""#,
                r#"id = "a b""#,
                "4: controls[0].id: an id of 1 to 36 letters, digits, '-', '_' or '.'",
                INVALID,
            ),
            (
                r#"id = "a""#,
                r#"id = "p""#,
                "flex-controls/p.toml:4: controls[0].id: control p is already in flex-controls/a.toml; take another id",
                ErrorCode::Erul0706,
            ),
            (
                r#"type = "spending_limit""#,
                r#"type = "velocity""#,
                r#"5: controls[0].type: unknown variant `velocity`; write "restriction", "spending_limit", "usage_limit" or "cumulative_limit""#,
                INVALID,
            ),
            (
                r#"name = "A""#,
                r#"name = " ""#,
                "6: controls[0].name: blank; write a text of 1 to 100 characters",
                INVALID,
            ),
            (
                r#"deny_code = "D""#,
                "",
                "3: controls[0].deny_code: missing; write a text of 1 to 100 characters",
                INVALID,
            ),
            (
                r#"response_code = "57""#,
                r#"response_code = "00""#,
                "19: controls[1].response_code: 00 says yes, and this is a decline; write another code",
                INVALID,
            ),
            (
                r#"custom_code = "FL2""#,
                r#"custom_code = "FL22""#,
                "20: controls[1].custom_code: a custom code of 1 to 3 letters or digits",
                INVALID,
            ),
            (
                "evaluation_order = 3",
                "evaluation_order = 100",
                "21: controls[1].evaluation_order: 100 is out of range; write a whole number from 1 to 99",
                INVALID,
            ),
            (
                "max_limit = 100",
                "max_limit = 100\nprocessing_codes = [\"99\", \"00\", \"00\"]",
                "9: controls[0].processing_codes[2]: listed twice; write it once\n\
                 9: controls[0].processing_codes: 99 is not an operation of processing-codes.toml; list it there",
                INVALID,
            ),
            (
                "max_limit = 100",
                "max_limit = 100\ncurrency_code = \"usd\"",
                "9: controls[0].currency_code: not an ISO 4217 currency with minor units, such as \"840\" or \"USD\"",
                INVALID,
            ),
            (
                "max_limit = 100",
                "max_limit = 100\navailable_limit = 3",
                "9: controls[0].available_limit: unknown key; the keys here are id, type, name, description, active, \
                 evaluation_order, effect, counted_per, processing_codes, currency_code, conditions, max_limit, \
                 max_amount, max_transactions, limit_duration, reset_period, reset_strategy, time_zone, beneficiary_id, \
                 override_controls, rule_reference_id, customized, card_ids, card_mode, deny_code, response_code, \
                 custom_code",
                INVALID,
            ),
            (
                "max_limit = 100",
                "max_limit = 100\ncard_ids = []",
                "9: controls[0].card_ids: only level customer has it; leave it out",
                INVALID,
            ),
            (
                r#"override_controls = ["b"]"#,
                r#"override_controls = ["a"]"#,
                "12: controls[0].override_controls: the control itself; leave it out",
                ErrorCode::Erul0004,
            ),
            (
                r#"override_controls = ["b"]"#,
                r#"override_controls = ["p", "x", "c"]"#,
                "12: controls[0].override_controls[0]: p is a control of program 1; write rule_reference_id and customized instead\n\
                 12: controls[0].override_controls[1]: no control x; leave it out\n\
                 12: controls[0].override_controls[2]: c is for customer 3 on account 7, which this control does not reach",
                ErrorCode::Erul1007,
            ),
            (
                "evaluation_order = 3",
                "override_controls = [\"a\"]",
                "12: controls[0].override_controls: is skipped in favour of itself, over others; leave one of them out\n\
                 21: controls[1].override_controls: is skipped in favour of itself, over others; leave one of them out",
                INVALID,
            ),
        ],
    );
    check(
        "flex-controls/p.toml",
        &[
            (
                "program_id = 1",
                "program_id = 9",
                "2: program_id: no program 9; the programs are 1, 2",
                INVALID,
            ),
            (
                "max_limit = 5",
                "max_limit = 5\noverride_controls = []\ncustomized = true\nrule_reference_id = \"x\"",
                "9: controls[0].override_controls: not for level program; leave it out\n\
                 10: controls[0].customized: not for level program; leave it out\n\
                 11: controls[0].rule_reference_id: not for level program; leave it out",
                INVALID,
            ),
        ],
    );
}

#[test]
fn limits_and_periods() {
    check(
        "flex-controls/a.toml",
        &[
            (
                "max_limit = 100",
                "",
                "3: controls[0].max_limit: missing; write a whole number from 1 to 9223372036854775807",
                INVALID,
            ),
            (
                "max_limit = 100",
                "max_limit = 0",
                "8: controls[0].max_limit: 0 is out of range; write a whole number from 1 to 9223372036854775807",
                INVALID,
            ),
            (
                "max_limit = 100",
                "max_limit = 100\neffect = \"deny_when_met\"\nmax_amount = 3",
                "9: controls[0].effect: only for restriction; leave it out\n\
                 10: controls[0].max_amount: only for cumulative_limit; leave it out",
                INVALID,
            ),
            (
                r#"limit_duration = "P1M""#,
                r#"limit_duration = "1 month""#,
                "9: controls[0].limit_duration: \"1 month\" is not one; write an ISO 8601 duration such as \"P1D\", \"P1W\", \"P1M\", \"P1Y\" or \"PT1H\"",
                INVALID,
            ),
            (
                r#"limit_duration = "P1M""#,
                "",
                "10: controls[0].reset_period: without limit_duration nothing accumulates; leave it out, or write the duration",
                INVALID,
            ),
            (
                r#"limit_duration = "P1M""#,
                r#"limit_duration = "P1Y""#,
                "10: controls[0].reset_period.month_day: only for durations in months; leave it out",
                INVALID,
            ),
            (
                r#"limit_duration = "P1M""#,
                r#"limit_duration = "PT5M""#,
                "10: controls[0].reset_period.time: only for durations in days or longer; leave it out\n\
                 10: controls[0].reset_period.month_day: only for durations in months; leave it out",
                INVALID,
            ),
            (
                "month_day = 3",
                "week_day = \"sunday\", month = 1",
                "10: controls[0].reset_period.week_day: only for durations in weeks; leave it out\n\
                 10: controls[0].reset_period.month: only for durations in years; leave it out",
                INVALID,
            ),
            (
                "month_day = 3",
                "month_day = 29",
                "10: controls[0].reset_period.month_day: 29 is out of range; write a whole number from 1 to 28",
                INVALID,
            ),
            (
                "07:00AM",
                "19:00",
                "10: controls[0].reset_period.time: \"19:00\" is not one; write a time such as \"07:00AM\"",
                INVALID,
            ),
            (
                "America/Sao_Paulo",
                "Sao Paulo",
                "11: controls[0].time_zone: no time zone \"Sao Paulo\"; write an IANA time zone such as \"America/Sao_Paulo\"",
                INVALID,
            ),
            (
                r#"type = "restriction""#,
                "type = \"restriction\"\nmax_limit = 3\ncounted_per = \"card\"",
                "17: controls[1].max_limit: only for spending_limit, usage_limit; leave it out\n\
                 18: controls[1].counted_per: only for spending_limit, usage_limit, cumulative_limit; leave it out",
                INVALID,
            ),
        ],
    );
    for duration in [
        "P0D", "-P1D", "P1DT1H", "P1M1D", "PT0.5S", "P101Y", "P", "", "P1.5D",
    ] {
        let changed = CONTROLS.replace("P1M", duration);
        let mut files = good();
        files[0].1 = changed;
        let errors = compile(&files).unwrap_err().to_string();
        assert!(errors.contains("limit_duration: "), "{duration}: {errors}");
    }
    check(
        "flex-controls/p.toml",
        &[(
            r#"week_day = "sunday""#,
            r#"week_day = "Sunday""#,
            "10: controls[0].reset_period.week_day: \"Sunday\" is not one; write monday to sunday",
            INVALID,
        )],
    );
}

#[test]
fn cumulative_limits() {
    let card_ids = format!("card_ids = [\"{}\"]", card(1));
    check(
        "flex-controls/c.toml",
        &[
            (
                &card_ids,
                "",
                "4: controls[0].card_ids: a cumulative limit counts by card; write the cards",
                INVALID,
            ),
            (
                "max_amount = 100",
                "",
                "4: controls[0]: limits nothing; write max_amount, max_transactions or both",
                INVALID,
            ),
            (
                "max_amount = 100",
                "max_amount = 100\nmax_limit = 3\nlimit_duration = \"P1D\"\ncounted_per = \"card\"",
                "9: controls[0].max_limit: only for spending_limit, usage_limit; leave it out\n\
                 10: controls[0].limit_duration: only for spending_limit, usage_limit; leave it out\n\
                 11: controls[0].counted_per: only for levels program and account; leave it out",
                INVALID,
            ),
            (
                "is_pin_validated_offline = true, authentication_method = [\"sms\"]",
                "",
                "11: controls[0].reset_strategy.reset_trigger: names nothing, so nothing would ever reset the count; write what does",
                INVALID,
            ),
            (
                "reset_trigger = { is_pin_validated_offline = true, authentication_method = [\"sms\"] }",
                "",
                "11: controls[0].reset_strategy.reset_trigger: missing; write what resets the count",
                INVALID,
            ),
            (
                "reset_strategy",
                "reset_strategies",
                "4: controls[0].reset_strategy: missing; write reset_strategy = { reset_trigger = { .. } }\n\
                 11: controls[0].reset_strategies: unknown key; the keys here are id, type, name, description, active, \
                 evaluation_order, effect, counted_per, processing_codes, currency_code, conditions, max_limit, \
                 max_amount, max_transactions, limit_duration, reset_period, reset_strategy, time_zone, beneficiary_id, \
                 override_controls, rule_reference_id, customized, card_ids, card_mode, deny_code, response_code, \
                 custom_code",
                INVALID,
            ),
            (
                "[\"sms\"]",
                "[\"pigeon\"]",
                "11: controls[0].reset_strategy.reset_trigger.authentication_method[0]: unknown variant `pigeon`; write a list of password, email and sms",
                INVALID,
            ),
        ],
    );
}

#[test]
fn conditions() {
    const VALUE: &str = r#"attribute = "amount", operator = "gte", value = "10""#;
    let rows: &[(&str, &str)] = &[
        (
            r#"operator = "gte", value = "10""#,
            r#"attribute: missing; write an attribute such as "merchant_category_code""#,
        ),
        (
            r#"attribute = "colour", operator = "eq", value = "red""#,
            r#"attribute: unknown variant `colour`; write an attribute such as "merchant_category_code""#,
        ),
        (
            r#"attribute = "amount", operator = "like", value = "1""#,
            r#"operator: unknown variant `like`; write "eq", "neq", "lt", "lte", "gt", "gte", "in", "nin", "bt", "in_group" or "not_in_group""#,
        ),
        (
            r#"attribute = "entry_mode", operator = "lt", value = "1""#,
            "operator: not for entry_mode; write one of eq, neq, in, nin",
        ),
        (
            r#"attribute = "amount", operator = "eq""#,
            r#"value: missing; write a text such as "5411,5499""#,
        ),
        (
            r#"attribute = "amount", operator = "eq", value = 1.5"#,
            "value: not a value of a condition; write a text, a whole number, true or false",
        ),
        (
            r#"attribute = "amount", operator = "eq", value = "1.5""#,
            r#"value: "1.5" never occurs; write a whole number from 0 to 9223372036854775807"#,
        ),
        (
            r#"attribute = "number_of_installments", operator = "bt", value = "9-1""#,
            r#"value: "9-1" has no value; write the smaller one first"#,
        ),
        (
            r#"attribute = "number_of_installments", operator = "bt", value = "9""#,
            r#"value: "9" is not two values; write them as first-last, such as 1-99"#,
        ),
        (
            r#"attribute = "merchant_category_code", operator = "in", value = "5411,742""#,
            r#"value: "742" never occurs; write four digits"#,
        ),
        (
            r#"attribute = "merchant_category_code", operator = "in", value = "5411,""#,
            r#"value: "" never occurs; write four digits"#,
        ),
        (
            r#"attribute = "merchant_id", operator = "eq", value = "1234567890123456""#,
            r#"value: "1234567890123456" never occurs; write 1 to 15 characters"#,
        ),
        (
            r#"attribute = "country_code", operator = "eq", value = "BR""#,
            r#"value: "BR" never occurs; write three capitals of ISO 3166-1, such as BRA"#,
        ),
        (
            r#"attribute = "week_day", operator = "eq", value = "Monday""#,
            r#"value: "Monday" never occurs; write monday, tuesday, wednesday, thursday, friday, saturday, sunday"#,
        ),
        (
            r#"attribute = "month_day", operator = "eq", value = "FEB-30""#,
            r#"value: "FEB-30" never occurs; write a day such as JAN-25"#,
        ),
        (
            r#"attribute = "time_now", operator = "bt", value = "10:59PM""#,
            r#"value: "10:59PM" is not two values; write them as first-last, such as 10:59PM-06:59AM"#,
        ),
        (
            r#"attribute = "time_now", operator = "bt", value = "22:59-06:59""#,
            r#"value: "22:59" never occurs; write a time such as 10:59PM"#,
        ),
        (
            r#"attribute = "is_token_present", operator = "eq", value = "yes""#,
            r#"value: "yes" never occurs; write false, true"#,
        ),
        (
            r#"attribute = "avr", operator = "eq", value = "other""#,
            r#"value: "other" never occurs; write mtt"#,
        ),
        (
            r#"attribute = "merchant_category_code", operator = "in_group", value = "g""#,
            "value: group g has values of merchant_id; write one of merchant_category_code",
        ),
        (
            r#"attribute = "merchant_id", operator = "in_group", value = "a b""#,
            r#"value: "a b" is no group: a group id of 1 to 36 letters, digits, '-', '_' or '.'"#,
        ),
    ];
    for (condition, expected) in rows {
        let expected = format!("13: controls[0].conditions[0].{expected}");
        check(
            "flex-controls/a.toml",
            &[(VALUE, condition, &expected, INVALID)],
        );
    }
    // Flags and numbers may be written as such.
    for condition in [
        r#"attribute = "is_token_present", operator = "eq", value = true"#,
        r#"attribute = "amount", operator = "eq", value = 10"#,
    ] {
        let mut files = good();
        files[0].1 = CONTROLS.replace(VALUE, condition);
        assert!(compile(&files).is_ok(), "{condition}");
    }
    check(
        "flex-controls/a.toml",
        &[
            (
                r#"value = "g""#,
                r#"value = "h""#,
                "22: controls[1].conditions[0].value: no group h; write it in attribute-groups/NAME.toml",
                ErrorCode::Erul0805,
            ),
            (
                r#"[{ id = "1", attribute = "merchant_id", operator = "in_group", value = "g" }]"#,
                "[]",
                "22: controls[1].conditions: a restriction has at least one condition; write it",
                INVALID,
            ),
        ],
    );
}

#[test]
fn groups() {
    check(
        "attribute-groups/g.toml",
        &[
            (
                r#"description = "Group""#,
                "",
                "1: description: missing; write a text of 1 to 50 characters",
                INVALID,
            ),
            (
                r#""M1""#,
                r#""M 1""#,
                "4: values[0]: \"M 1\" never occurs; write 1 to 15 letters or digits",
                INVALID,
            ),
            (
                r#""M1""#,
                r#""M2""#,
                "4: values[1]: listed twice; write it once",
                INVALID,
            ),
            (
                r#""M1""#,
                "5",
                "4: values[0]: invalid type: integer `5`; write 1 to 15 letters or digits",
                INVALID,
            ),
            (
                r#"type = "merchant_id""#,
                r#"type = "merchant_category_code""#,
                "4: values[0]: \"M1\" never occurs; write four digits\n\
                 4: values[1]: \"M2\" never occurs; write four digits",
                INVALID,
            ),
        ],
    );
    let mut files = good().to_vec();
    files.push(("attribute-groups/h.toml", GROUP.to_owned()));
    let errors = compile(&files).unwrap_err();
    assert_eq!(
        errors.to_string(),
        "attribute-groups/h.toml:1: id: group g is already in attribute-groups/g.toml; take another id"
    );
    assert_eq!(errors.0[0].code, Some(ErrorCode::Erul0707));
}

#[test]
fn a_target_has_so_many_controls_and_no_more() {
    let mut text = "level = \"account\"\naccount_id = 7\n".to_owned();
    for number in 0..=rules::CONTROLS_MAX {
        text.push_str(&format!(
            "[[controls]]\nid = \"c{number}\"\ntype = \"usage_limit\"\nname = \"C\"\ndeny_code = \"D\"\nmax_limit = 1\n"
        ));
    }
    let errors = rules::compile(documents(&[("a", &text)], &[])).unwrap_err();
    assert_eq!(
        errors.to_string(),
        "flex-controls/a.toml:1203: controls[200]: account 7 has more than 200 controls; keep at most so many"
    );
    assert_eq!(errors.0[0].code, Some(ErrorCode::Wrul0707));
}

#[test]
fn json_is_read_like_toml() {
    let json = r#"{"level": "account", "account_id": 7, "controls": [
        {"id": "x", "type": "usage_limit", "name": "X", "deny_code": "D", "max_limit": 5,
         "limit_duration": "P1W", "reset_period": {"week_day": "sunday"}, "description": null}]}"#;
    let toml = r#"level = "account"
        account_id = 7
        [[controls]]
        id = "x"
        type = "usage_limit"
        name = "X"
        deny_code = "D"
        max_limit = 5
        limit_duration = "P1W"
        reset_period = { week_day = "sunday" }
    "#;
    let of = |path: &str, content: &str| {
        let rules = compile(&[(path, content.to_owned())]).unwrap();
        let control = rules.flex_controls().next().unwrap().clone();
        format!("{control:?}")
            .replace(path, "")
            .replace("line: 3", "line: 1")
    };
    assert_eq!(
        of("flex-controls/x.json", json),
        of("flex-controls/x.toml", toml)
    );
}

#[test]
fn a_control_compiled_alone_is_that_of_a_file() {
    let account = ControlTarget::Account(AccountId(7));
    let customer = ControlTarget::Customer {
        customer: CustomerId(3),
        account: AccountId(7),
    };
    let json = r#"{"id": "x", "type": "restriction", "name": "X", "deny_code": "D",
        "processing_codes": ["00"], "override_controls": ["b"],
        "conditions": [{"attribute": "merchant_id", "operator": "in_group", "value": "g"}]}"#;
    let control = FlexControl::compile(account, json).unwrap();
    assert_eq!((control.target(), control.file()), (account, ""));
    let files = good();
    let rules = compile_with(
        &[("a", files[0].1.as_str()), ("p", files[3].1.as_str())],
        &[("g", files[1].1.as_str())],
    );
    assert_eq!(rules.check_control(&control, &OwnControls::NONE), Ok(()));

    let errors =
        FlexControl::compile(account, r#"{"id": "x", "type": "restriction"}"#).unwrap_err();
    let keys: Vec<&str> = errors.0.iter().map(|error| error.key.as_str()).collect();
    assert_eq!(keys, ["name", "deny_code", "conditions"]);
    assert!(FlexControl::compile(account, "[]").is_err());
    assert!(FlexControl::compile(account, "{").is_err());
    // Customers need no code of the business.
    let without = json.replace(r#""deny_code": "D","#, "");
    assert!(FlexControl::compile(account, &without).is_err());
    assert!(FlexControl::compile(customer, &without).is_ok());

    let table = [
        (
            "\"00\"",
            "\"99\"",
            "processing_codes: 99 is not an operation of processing-codes.toml; list it there",
        ),
        (
            "\"g\"",
            "\"h\"",
            "conditions[0].value: no group h; write it in attribute-groups/NAME.toml",
        ),
        (
            "[\"b\"]",
            "[\"gone\"]",
            "override_controls[0]: no control gone; leave it out",
        ),
        (
            "[\"b\"]",
            "[\"p\"]",
            "override_controls[0]: p is a control of program 1; write rule_reference_id and customized instead",
        ),
        (
            "[\"b\"]",
            "[\"own\"]",
            "override_controls: is skipped in favour of itself, over others; leave one of them out",
        ),
    ];
    let own = json
        .replace("\"x\"", "\"own\"")
        .replace("[\"b\"]", "[\"x\"]");
    let own = ControlSet::default()
        .with(FlexControl::compile(account, &own).unwrap())
        .unwrap();
    let own = OwnControls {
        account: &own,
        ..OwnControls::NONE
    };
    for (from, to, expected) in table {
        let control = FlexControl::compile(account, &json.replace(from, to)).unwrap();
        let errors = rules.check_control(&control, &own).unwrap_err();
        let found: Vec<String> = errors
            .0
            .iter()
            .map(|error| format!("{}: {}", error.key, error.reason))
            .collect();
        assert_eq!(found, [expected]);
    }
}
