//! What conditions of flex controls mean: one row per attribute and operator, with operations that meet it
//! and operations that do not.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that panics has failed"
)]
#![allow(clippy::too_many_lines, reason = "a table is as long as its rows")]

mod support;

use std::collections::BTreeSet;

use proptest::prelude::*;
use rules::{ControlAttribute, ControlOperator};
use support::controls::{Books, compile_with, decide};

const GROUPS: [(&str, &str); 2] = [
    (
        "merchants",
        "id = \"merchants\"\ndescription = \"M\"\ntype = \"merchant_id\"\nvalues = [\"SHOP1\", \"SHOP2\"]\n",
    ),
    (
        "codes",
        "id = \"codes\"\ndescription = \"C\"\ntype = \"merchant_category_code\"\nvalues = [\"5411\", \"0742\"]\n",
    ),
];

/// A control that denies what meets a condition, and one that denies what does not.
fn controls(attribute: &str, operator: &str, value: &str) -> [String; 2] {
    ["deny_when_met", "deny_unless_met"].map(|effect| {
        format!(
            "level = \"program\"\nprogram_id = 1\n[[controls]]\nid = \"c\"\nname = \"C\"\n\
             type = \"restriction\"\neffect = \"{effect}\"\ndeny_code = \"D\"\n\
             time_zone = \"America/Sao_Paulo\"\n\
             conditions = [{{ attribute = \"{attribute}\", operator = \"{operator}\", value = \"{value}\" }}]\n"
        )
    })
}

type Row = (
    &'static str,
    &'static str,
    &'static str,
    &'static [&'static str],
    &'static [&'static str],
);

/// Attribute, operator, value; operations that meet it; operations that do not. Times are told in UTC, three
/// hours before which it is in São Paulo.
const TABLE: &[Row] = &[
    ("amount", "eq", "500", &["00 500"], &["00 499", "00 501"]),
    ("amount", "neq", "500", &["00 499"], &["00 500"]),
    ("amount", "lt", "500", &["00 499", "00 0"], &["00 500"]),
    ("amount", "lte", "500", &["00 500"], &["00 501"]),
    (
        "amount",
        "gt",
        "500",
        &["00 501", "00 9223372036854775807"],
        &["00 500"],
    ),
    ("amount", "gte", "500", &["00 500"], &["00 499"]),
    (
        "amount",
        "in",
        "100, 500",
        &["00 500", "00 100"],
        &["00 101"],
    ),
    ("amount", "nin", "100,500", &["00 101"], &["00 500"]),
    (
        "amount",
        "bt",
        "100-500",
        &["00 100", "00 300", "00 500"],
        &["00 99", "00 501"],
    ),
    (
        "balance",
        "eq",
        "-5",
        &["00 1 balance=-5"],
        &["00 1 balance=5", "00 1"],
    ),
    (
        "balance",
        "neq",
        "-5",
        &["00 1 balance=5"],
        &["00 1 balance=-5", "00 1"],
    ),
    (
        "balance",
        "lt",
        "100000",
        &["20 1 balance=99999"],
        &["20 1 balance=100000", "20 1"],
    ),
    (
        "balance",
        "lte",
        "0",
        &["00 1 balance=0", "00 1 balance=-9223372036854775808"],
        &["00 1 balance=1"],
    ),
    (
        "balance",
        "gt",
        "0",
        &["00 1 balance=1"],
        &["00 1 balance=0"],
    ),
    (
        "balance",
        "gte",
        "0",
        &["00 1 balance=0"],
        &["00 1 balance=-1", "00 1"],
    ),
    (
        "balance",
        "in",
        "1,2",
        &["00 1 balance=2"],
        &["00 1 balance=3", "00 1"],
    ),
    (
        "balance",
        "nin",
        "1,2",
        &["00 1 balance=3"],
        &["00 1 balance=2", "00 1"],
    ),
    (
        "balance",
        "bt",
        "-10--5",
        &["00 1 balance=-10", "00 1 balance=-5"],
        &["00 1 balance=-4", "00 1"],
    ),
    (
        "merchant_category_code",
        "eq",
        "0742",
        &["00 1 mcc=742"],
        &["00 1 mcc=5411", "00 1"],
    ),
    (
        "merchant_category_code",
        "neq",
        "0742",
        &["00 1 mcc=5411"],
        &["00 1 mcc=742", "00 1"],
    ),
    (
        "merchant_category_code",
        "lt",
        "3000",
        &["00 1 mcc=2999"],
        &["00 1 mcc=3000", "00 1"],
    ),
    (
        "merchant_category_code",
        "lte",
        "3000",
        &["00 1 mcc=3000"],
        &["00 1 mcc=3001", "00 1"],
    ),
    (
        "merchant_category_code",
        "gt",
        "3000",
        &["00 1 mcc=3001"],
        &["00 1 mcc=3000", "00 1"],
    ),
    (
        "merchant_category_code",
        "gte",
        "3000",
        &["00 1 mcc=3000"],
        &["00 1 mcc=2999", "00 1"],
    ),
    (
        "merchant_category_code",
        "in",
        "4511,4722",
        &["00 1 mcc=4722"],
        &["00 1 mcc=4723", "00 1"],
    ),
    (
        "merchant_category_code",
        "nin",
        "4511,4722",
        &["00 1 mcc=4723"],
        &["00 1 mcc=4722", "00 1"],
    ),
    (
        "merchant_category_code",
        "bt",
        "3000-3299",
        &["00 1 mcc=3299"],
        &["00 1 mcc=3300", "00 1"],
    ),
    (
        "merchant_category_code",
        "in_group",
        "codes",
        &["00 1 mcc=742", "00 1 mcc=5411"],
        &["00 1 mcc=743", "00 1"],
    ),
    (
        "merchant_category_code",
        "not_in_group",
        "codes",
        &["00 1 mcc=743"],
        &["00 1 mcc=742", "00 1"],
    ),
    (
        "merchant_id",
        "eq",
        "SHOP1",
        &["00 1 merchant=SHOP1", "00 1 merchant=SHOP1___"],
        &["00 1 merchant=shop1", "00 1 merchant=SHOP", "00 1"],
    ),
    (
        "merchant_id",
        "neq",
        "SHOP1",
        &["00 1 merchant=SHOP2"],
        &["00 1 merchant=SHOP1", "00 1"],
    ),
    (
        "merchant_id",
        "in",
        "SHOP1,SHOP2",
        &["00 1 merchant=SHOP2"],
        &["00 1 merchant=SHOP3", "00 1"],
    ),
    (
        "merchant_id",
        "nin",
        "SHOP1,SHOP2",
        &["00 1 merchant=SHOP3"],
        &["00 1 merchant=SHOP2", "00 1"],
    ),
    (
        "merchant_id",
        "in_group",
        "merchants",
        &["00 1 merchant=SHOP2"],
        &["00 1 merchant=SHOP3", "00 1"],
    ),
    (
        "merchant_id",
        "not_in_group",
        "merchants",
        &["00 1 merchant=SHOP3"],
        &["00 1 merchant=SHOP2", "00 1"],
    ),
    (
        "entry_mode",
        "eq",
        "051",
        &["00 1 entry=051"],
        &["00 1 entry=0510", "00 1"],
    ),
    (
        "entry_mode",
        "neq",
        "051",
        &["00 1 entry=0510"],
        &["00 1 entry=051", "00 1"],
    ),
    (
        "entry_mode",
        "in",
        "contact,0710",
        &["00 1 entry=contact"],
        &["00 1 entry=071", "00 1"],
    ),
    (
        "entry_mode",
        "nin",
        "contact,0710",
        &["00 1 entry=071"],
        &["00 1 entry=0710", "00 1"],
    ),
    (
        "country_code",
        "eq",
        "BRA",
        &["00 1 country=BRA"],
        &["00 1 country=USA", "00 1"],
    ),
    (
        "country_code",
        "neq",
        "BRA",
        &["00 1 country=USA"],
        &["00 1 country=BRA", "00 1"],
    ),
    (
        "country_code",
        "in",
        "BRA,ARG",
        &["00 1 country=ARG"],
        &["00 1 country=USA", "00 1 acquirer=ARG"],
    ),
    (
        "country_code",
        "nin",
        "BRA,ARG",
        &["00 1 country=USA"],
        &["00 1 country=ARG", "00 1"],
    ),
    (
        "acquirer_country_code",
        "eq",
        "BRA",
        &["00 1 acquirer=BRA"],
        &["00 1 acquirer=USA", "00 1 country=BRA"],
    ),
    (
        "acquirer_country_code",
        "neq",
        "BRA",
        &["00 1 acquirer=USA"],
        &["00 1 acquirer=BRA", "00 1"],
    ),
    (
        "acquirer_country_code",
        "in",
        "BRA,ARG",
        &["00 1 acquirer=ARG"],
        &["00 1 acquirer=USA", "00 1"],
    ),
    (
        "acquirer_country_code",
        "nin",
        "BRA,ARG",
        &["00 1 acquirer=USA"],
        &["00 1 acquirer=ARG", "00 1"],
    ),
    (
        "number_of_installments",
        "eq",
        "3",
        &["00 1 n=3"],
        &["00 1"],
    ),
    (
        "number_of_installments",
        "neq",
        "3",
        &["00 1"],
        &["00 1 n=3"],
    ),
    (
        "number_of_installments",
        "lt",
        "3",
        &["00 1 n=2"],
        &["00 1 n=3"],
    ),
    (
        "number_of_installments",
        "lte",
        "3",
        &["00 1 n=3"],
        &["00 1 n=4"],
    ),
    (
        "number_of_installments",
        "gt",
        "3",
        &["00 1 n=4"],
        &["00 1 n=3"],
    ),
    (
        "number_of_installments",
        "gte",
        "3",
        &["00 1 n=3"],
        &["00 1 n=2"],
    ),
    (
        "number_of_installments",
        "in",
        "3,6",
        &["00 1 n=6"],
        &["00 1 n=5"],
    ),
    (
        "number_of_installments",
        "nin",
        "3,6",
        &["00 1 n=5"],
        &["00 1 n=6"],
    ),
    (
        "number_of_installments",
        "bt",
        "1-99",
        &["00 1", "00 1 n=99"],
        &["00 1 n=100"],
    ),
    (
        "week_day",
        "eq",
        "saturday",
        &["00 1 at=2026-11-21T03:00:00Z"],
        &["00 1 at=2026-11-21T02:59:59.999999Z"],
    ),
    (
        "week_day",
        "neq",
        "saturday",
        &["00 1 at=2026-11-21T02:59:59Z"],
        &["00 1 at=2026-11-21T03:00:00Z"],
    ),
    (
        "week_day",
        "in",
        "saturday,sunday",
        &["00 1 at=2026-11-23T02:59:59Z"],
        &["00 1 at=2026-11-23T03:00:00Z"],
    ),
    (
        "week_day",
        "nin",
        "monday,tuesday,wednesday,thursday,friday",
        &["00 1 at=2026-11-22T12:00:00Z"],
        &["00 1 at=2026-11-23T12:00:00Z"],
    ),
    (
        "week_day",
        "bt",
        "friday-monday",
        &[
            "00 1 at=2026-11-20T12:00:00Z",
            "00 1 at=2026-11-23T12:00:00Z",
        ],
        &[
            "00 1 at=2026-11-24T12:00:00Z",
            "00 1 at=2026-11-19T12:00:00Z",
        ],
    ),
    (
        "month_day",
        "eq",
        "JAN-25",
        &["00 1 at=2027-01-26T02:59:59Z"],
        &[
            "00 1 at=2027-01-26T03:00:00Z",
            "00 1 at=2027-02-25T12:00:00Z",
        ],
    ),
    (
        "month_day",
        "neq",
        "JAN-25",
        &["00 1 at=2027-01-26T03:00:00Z"],
        &["00 1 at=2027-01-25T12:00:00Z"],
    ),
    (
        "month_day",
        "in",
        "DEC-25,JAN-01",
        &["00 1 at=2027-01-01T12:00:00Z"],
        &["00 1 at=2027-01-02T12:00:00Z"],
    ),
    (
        "month_day",
        "nin",
        "DEC-25,JAN-01",
        &["00 1 at=2028-02-29T12:00:00Z"],
        &["00 1 at=2026-12-25T12:00:00Z"],
    ),
    (
        "month_day",
        "bt",
        "DEC-24-JAN-06",
        &[
            "00 1 at=2026-12-24T12:00:00Z",
            "00 1 at=2027-01-06T12:00:00Z",
        ],
        &[
            "00 1 at=2027-01-07T12:00:00Z",
            "00 1 at=2026-12-23T12:00:00Z",
        ],
    ),
    (
        "time_now",
        "bt",
        "10:59PM-06:59AM",
        &[
            "00 1 at=2026-11-21T01:59:00Z",
            "00 1 at=2026-11-21T09:59:59Z",
        ],
        &[
            "00 1 at=2026-11-21T01:58:59Z",
            "00 1 at=2026-11-21T10:00:00Z",
        ],
    ),
    (
        "time_now",
        "eq",
        "09:00AM-05:00PM",
        &["00 1 at=2026-11-21T12:00:00Z"],
        &["00 1 at=2026-11-21T11:59:59Z"],
    ),
    (
        "time_now",
        "neq",
        "09:00AM-05:00PM",
        &["00 1 at=2026-11-21T11:59:59Z"],
        &["00 1 at=2026-11-21T12:00:00Z"],
    ),
    (
        "time_now",
        "in",
        "12:00AM-01:00AM,12:00PM-01:00PM",
        &[
            "00 1 at=2026-11-21T03:30:00Z",
            "00 1 at=2026-11-21T15:30:00Z",
        ],
        &["00 1 at=2026-11-21T05:30:00Z"],
    ),
    (
        "time_now",
        "nin",
        "12:00AM-01:00AM,12:00PM-01:00PM",
        &["00 1 at=2026-11-21T05:30:00Z"],
        &["00 1 at=2026-11-21T15:30:00Z"],
    ),
    (
        "is_physical_card_present",
        "eq",
        "true",
        &["00 1 present=true"],
        &["00 1 present=false", "00 1"],
    ),
    (
        "is_physical_card_present",
        "neq",
        "true",
        &["00 1 present=false"],
        &["00 1 present=true", "00 1"],
    ),
    (
        "is_physical_card_present",
        "in",
        "true,false",
        &["00 1 present=false"],
        &["00 1"],
    ),
    (
        "is_physical_card_present",
        "nin",
        "true",
        &["00 1 present=false"],
        &["00 1"],
    ),
    (
        "is_device_registered",
        "eq",
        "false",
        &["00 1 device=false"],
        &["00 1 device=true", "00 1"],
    ),
    (
        "is_device_registered",
        "neq",
        "false",
        &["00 1 device=true"],
        &["00 1 device=false", "00 1"],
    ),
    (
        "is_tra_exemption_requested",
        "eq",
        "true",
        &["00 1 tra=true"],
        &["00 1 tra=false", "00 1"],
    ),
    (
        "is_tra_exemption_requested",
        "neq",
        "true",
        &["00 1 tra=false"],
        &["00 1 tra=true", "00 1"],
    ),
    (
        "is_pin_validated_offline",
        "eq",
        "true",
        &["00 1 pin=true"],
        &["00 1 pin=false", "00 1"],
    ),
    (
        "is_pin_validated_offline",
        "neq",
        "true",
        &["00 1 pin=false"],
        &["00 1 pin=true", "00 1"],
    ),
    (
        "is_token_present",
        "eq",
        "true",
        &["00 1 token=true"],
        &["00 1 token=false", "00 1"],
    ),
    (
        "is_token_present",
        "neq",
        "true",
        &["00 1 token=false"],
        &["00 1 token=true", "00 1"],
    ),
    (
        "is_cavv_present",
        "eq",
        "true",
        &["00 1 cavv=true"],
        &["00 1 cavv=false", "00 1"],
    ),
    (
        "is_cavv_present",
        "neq",
        "true",
        &["00 1 cavv=false"],
        &["00 1 cavv=true", "00 1"],
    ),
    (
        "authentication_method",
        "eq",
        "sms",
        &["00 1 method=sms"],
        &["00 1 method=email", "00 1"],
    ),
    (
        "authentication_method",
        "neq",
        "sms",
        &["00 1 method=email"],
        &["00 1 method=sms", "00 1"],
    ),
    (
        "authentication_method",
        "in",
        "password,email",
        &["00 1 method=email"],
        &["00 1 method=sms", "00 1"],
    ),
    (
        "authentication_method",
        "nin",
        "password,email",
        &["00 1 method=sms"],
        &["00 1 method=password", "00 1"],
    ),
    (
        "initiation_mode",
        "eq",
        "moto",
        &["00 1 initiation=moto"],
        &["00 1 initiation=mit", "00 1"],
    ),
    (
        "initiation_mode",
        "neq",
        "moto",
        &["00 1 initiation=mit"],
        &["00 1 initiation=moto", "00 1"],
    ),
    (
        "initiation_mode",
        "in",
        "moto,mit",
        &["00 1 initiation=mit"],
        &["00 1"],
    ),
    (
        "initiation_mode",
        "nin",
        "moto",
        &["00 1 initiation=mit"],
        &["00 1 initiation=moto", "00 1"],
    ),
    ("avr", "eq", "mtt", &["31 0 avr=mtt"], &["31 0"]),
    ("avr", "in", "mtt", &["31 0 avr=mtt"], &["31 0"]),
    (
        "operation_type",
        "eq",
        "debit",
        &["00 1"],
        &["20 1", "31 0"],
    ),
    (
        "operation_type",
        "neq",
        "debit",
        &["20 1", "31 0"],
        &["00 1"],
    ),
    (
        "operation_type",
        "in",
        "credit,none",
        &["20 1", "31 0"],
        &["00 1"],
    ),
    (
        "operation_type",
        "nin",
        "credit,none",
        &["00 1"],
        &["20 1", "31 0"],
    ),
];

#[test]
fn every_attribute_compares_with_every_operator_that_it_takes() {
    for (attribute, operator, value, met, not_met) in TABLE {
        let row = format!("{attribute} {operator} {value}");
        let [when, unless] = controls(attribute, operator, value);
        let when = compile_with(&[("c", &when)], &GROUPS);
        let unless = compile_with(&[("c", &unless)], &GROUPS);
        for (operations, is_met) in [(met, true), (not_met, false)] {
            for operation in *operations {
                let books = &mut Books::default();
                let denied = decide(&when, books, operation) == "c restricted";
                assert_eq!(denied, is_met, "{row}: {operation}");
                let denied = decide(&unless, books, operation) == "c restricted";
                assert_eq!(denied, !is_met, "{row}: {operation}");
            }
        }
    }
}

/// The table has every pair that a document may write; every other pair is refused.
#[test]
fn the_table_is_complete() {
    let flags = |attribute: &str| attribute.starts_with("is_");
    let listed: BTreeSet<(&str, &str)> = TABLE.iter().map(|row| (row.0, row.1)).collect();
    for attribute in ControlAttribute::ALL {
        for operator in ControlOperator::ALL {
            let (attribute, operator) = (attribute.as_str(), operator.as_str());
            let value = TABLE.iter().find(|row| row.0 == attribute).unwrap().2;
            let [text, _] = controls(attribute, operator, value);
            let refused =
                match rules::compile(support::controls::documents(&[("c", &text)], &GROUPS)) {
                    Ok(_) => false,
                    Err(errors) => errors.to_string().contains("operator: not for"),
                };
            // All flags are alike, and one of them has all rows; avr has one word only.
            let alike = (flags(attribute) || attribute == "avr")
                && ["in", "nin", "neq"].contains(&operator);
            let is_listed = listed.contains(&(attribute, operator)) || (alike && !refused);
            assert_eq!(refused, !is_listed, "{attribute} {operator}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// A group has what a list of the same values has, and nothing else.
    #[test]
    fn membership_of_a_group_is_that_of_a_list(
        values in proptest::collection::btree_set("[A-C0-1]{1,4}|[a-zA-Z0-9]{1,15}", 0..60),
        others in proptest::collection::vec("[A-C0-1]{1,4} {0,2}|[ -~]{0,17}", 40),
    ) {
        let list: Vec<String> = values.iter().map(|value| format!("\"{value}\"")).collect();
        let group = format!(
            "id = \"g\"\ndescription = \"G\"\ntype = \"merchant_id\"\nvalues = [{}]\n",
            list.join(", ")
        );
        let rules = compile_with(&[], &[("g", &group)]);
        let group = rules.attribute_group("g".parse().unwrap()).unwrap();
        prop_assert_eq!(group.len(), values.len());
        for value in others.iter().chain(&values) {
            let naive = values.contains(value.trim_matches(' '));
            prop_assert_eq!(group.contains(value), naive, "{:?}", value);
        }
    }
}

/// A condition without a group in the rules in force is not met, and a group of twenty thousand values is
/// taken.
#[test]
fn groups_may_be_long_and_may_be_gone() {
    let values: Vec<String> = (0..20_000)
        .map(|number| format!("\"M{number:014}\""))
        .collect();
    let group = |values: &[String]| {
        format!(
            "id = \"merchants\"\ndescription = \"Long\"\ntype = \"merchant_id\"\nvalues = [{}]\n",
            values.join(", ")
        )
    };
    let [when, unless] = controls("merchant_id", "in_group", "merchants");
    let rules = compile_with(&[("c", &when)], &[("g", &group(&values))]);
    let books = &mut Books::default();
    assert_eq!(
        decide(&rules, books, "00 1 merchant=M00000000019999"),
        "c restricted"
    );
    assert_eq!(
        decide(&rules, books, "00 1 merchant=M00000000020000"),
        "passes"
    );

    let target = rules::ControlTarget::Account(rules::AccountId(1));
    let json = r#"{"id": "own", "type": "restriction", "name": "Own", "deny_code": "D", "conditions":
        [{"attribute": "merchant_id", "operator": "not_in_group", "value": "merchants"}]}"#;
    let own = rules::FlexControl::compile(target, json).unwrap();
    let set = rules::ControlSet::default().with(own).unwrap();
    let own = rules::OwnControls {
        account: &set,
        ..rules::OwnControls::NONE
    };
    let without = support::snapshot(&[]);
    let asked = "00 1 merchant=X";
    let decided = support::controls::decide_with(&without, &own, books, asked);
    assert_eq!(decided, "passes");
    let decided = support::controls::decide_with(&rules, &own, books, asked);
    assert_eq!(decided, "own restricted");
    drop(unless);

    let mut longer = values;
    longer.push("\"ONE\"".to_owned());
    let errors = rules::compile(support::controls::documents(&[], &[("g", &group(&longer))]));
    let errors = errors.unwrap_err().to_string();
    assert_eq!(
        errors,
        "attribute-groups/g.toml:4: values: 20001 values; write at most 20000"
    );
}
