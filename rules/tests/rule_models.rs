//! Which code an incoming one becomes: every condition type and operator, the order of rules, and
//! the precedence of attachments.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that panics has failed"
)]
#![allow(clippy::too_many_lines, reason = "a table is as long as its rows")]

mod support;

use rules::{
    AccountId, AccountType, AuthorizationFlow, MappingRequest, ProcessingCode, ProgramId, Snapshot,
};
use support::{base, document};

fn compiled(models: &[&str]) -> Snapshot {
    let mut documents = base();
    for (index, model) in models.iter().enumerate() {
        documents.push(document(&format!("rule-models/{index}.toml"), model));
    }
    rules::compile(documents).unwrap_or_else(|errors| panic!("{errors}"))
}

fn code(text: &str) -> ProcessingCode {
    text.parse().unwrap()
}

/// An ordinary domestic purchase of 12.50 USD.
fn purchase() -> MappingRequest<'static> {
    MappingRequest {
        account: AccountId(7),
        program: ProgramId(1),
        processing_code: code("00"),
        mti: "0100",
        flow: AuthorizationFlow::Network,
        account_type: AccountType::CreditCard,
        origin: Some("STRIKER"),
        amount_minor: 1250,
        currency: "USD".parse().unwrap(),
        merchant_category_code: Some(742),
        merchant_name: Some(" Netflix.com  "),
        installments: 3,
        installment_plan: Some("20"),
        is_domestic: true,
        is_dcc: false,
        reversal_indicator: Some(true),
        original_processing_code: Some(code("01")),
    }
}

/// A request that says as little as possible.
fn bare() -> MappingRequest<'static> {
    MappingRequest {
        origin: None,
        merchant_category_code: None,
        merchant_name: None,
        installment_plan: None,
        reversal_indicator: None,
        original_processing_code: None,
        ..purchase()
    }
}

fn model(conditions: &str) -> String {
    format!(
        r#"
        id = "m"
        name = "M"
        attached_to = [{{ level = "tenant" }}]
        lists = [
            {{ id = "streaming", data = ["netflix", "spotify"] }},
            {{ id = "ends", data = [".COM"] }},
            {{ id = "whole", data = ["NETFLIX.COM"] }},
        ]
        [[rules]]
        order = 1
        name = "R"
        conditions = [{conditions}]
        processing_code = "01"
        "#
    )
}

#[test]
fn every_condition_type_and_operator() {
    // type, operator, data, whether the purchase above holds
    let table = [
        ("INSTALLMENT_NUMBER", "eq", "3", true),
        ("INSTALLMENT_NUMBER", "neq", "3", false),
        ("INSTALLMENT_NUMBER", "gt", "2", true),
        ("INSTALLMENT_NUMBER", "gt", "3", false),
        ("INSTALLMENT_NUMBER", "gte", "3", true),
        ("INSTALLMENT_NUMBER", "lt", "3", false),
        ("INSTALLMENT_NUMBER", "lte", "3", true),
        ("AMOUNT", "eq", "\"12.5\"", true),
        ("AMOUNT", "gt", "\"12.49\"", true),
        ("AMOUNT", "gt", "12", true),
        ("AMOUNT", "gte", "\"12.51\"", false),
        ("AMOUNT", "lt", "\"12.500001\"", true),
        ("DCC", "eq", "false", true),
        ("DCC", "neq", "false", false),
        ("DOMESTIC", "eq", "true", true),
        ("REVERSAL_INDICATOR", "eq", "true", true),
        ("PROCESSING_CODE", "eq", "\"00\"", true),
        ("PROCESSING_CODE", "in", "[\"01\", \"00\"]", true),
        ("PROCESSING_CODE", "starts_with", "[\"0\"]", true),
        ("ORIGINAL_PROCESSING_CODE", "eq", "\"01\"", true),
        ("ORIGINAL_PROCESSING_CODE", "neq", "\"01\"", false),
        ("ACCOUNT_TYPE", "eq", "\"30\"", true),
        ("ACCOUNT_TYPE", "in", "[\"10\", \"20\"]", false),
        ("ORIGIN", "eq", "\"striker\"", true),
        ("INSTALLMENT_PLAN", "eq", "\"20\"", true),
        ("MERCHANT_CATEGORY_CODE", "eq", "\"0742\"", true),
        ("MERCHANT_CATEGORY_CODE", "starts_with", "[\"07\"]", true),
        (
            "MERCHANT_CATEGORY_CODE",
            "contains",
            "[\"99\", \"74\"]",
            true,
        ),
        ("MERCHANT_CATEGORY_CODE", "ends_with", "[\"742\"]", true),
        ("MERCHANT_NAME_LIST", "in", "\"whole\"", true),
        ("MERCHANT_NAME_LIST", "eq", "\"whole\"", true),
        ("MERCHANT_NAME_LIST", "in", "\"streaming\"", false),
        ("MERCHANT_NAME_LIST", "contains", "\"streaming\"", true),
        ("MERCHANT_NAME_LIST", "starts_with", "\"streaming\"", true),
        ("MERCHANT_NAME_LIST", "ends_with", "\"streaming\"", false),
        ("MERCHANT_NAME_LIST", "ends_with", "\"ends\"", true),
        ("MERCHANT_NAME_LIST", "neq", "\"streaming\"", true),
        ("AUTHORIZATION_FLOW", "eq", "\"NETWORK\"", true),
        ("AUTHORIZATION_FLOW", "eq", "\"PAYMENTS\"", false),
        ("MTI", "in", "[\"0100\", \"0120\"]", true),
        ("MTI", "eq", "\"0200\"", false),
    ];
    for (subject, operator, data, holds) in table {
        let condition =
            format!("{{ type = \"{subject}\", operator = \"{operator}\", data = {data} }}");
        let rules = compiled(&[&model(&condition)]);
        let mapping = rules.map(&purchase());
        let expected = if holds { "01" } else { "00" };
        assert_eq!(mapping.processing_code, code(expected), "{condition}");
        assert_eq!(mapping.by.is_some(), holds, "{condition}");
    }
}

#[test]
fn what_a_message_does_not_carry_holds_for_nothing() {
    for (subject, data) in [
        ("REVERSAL_INDICATOR", "true"),
        ("ORIGINAL_PROCESSING_CODE", "\"20\""),
        ("ORIGIN", "\"ONUS\""),
        ("INSTALLMENT_PLAN", "\"25\""),
        ("MERCHANT_CATEGORY_CODE", "\"5411\""),
        ("MERCHANT_NAME_LIST", "\"streaming\""),
    ] {
        for operator in ["eq", "neq"] {
            let condition =
                format!("{{ type = \"{subject}\", operator = \"{operator}\", data = {data} }}");
            let rules = compiled(&[&model(&condition)]);
            assert!(rules.map(&bare()).by.is_none(), "{condition}");
        }
    }
}

#[test]
fn rules_are_tried_in_order_and_all_conditions_must_hold() {
    let rules = compiled(&[r#"
        id = "m"
        name = "M"
        attached_to = [{ level = "tenant" }]
        [[rules]]
        order = 9
        name = "otherwise"
        conditions = []
        processing_code = "31"
        [[rules]]
        order = 2
        name = "many and domestic"
        conditions = [
            { type = "INSTALLMENT_NUMBER", operator = "gte", data = 2 },
            { type = "DOMESTIC", operator = "eq", data = true },
        ]
        processing_code = "01"
        [[rules]]
        order = 3
        name = "many"
        conditions = [{ type = "INSTALLMENT_NUMBER", operator = "gte", data = 2 }]
        processing_code = "00"
        international_processing_code = "20"
    "#]);
    let mapped = |installments, is_domestic| {
        let request = MappingRequest {
            installments,
            is_domestic,
            ..purchase()
        };
        let mapping = rules.map(&request);
        let (_, rule) = mapping.by.unwrap();
        (mapping.processing_code.to_string(), rule.order)
    };
    assert_eq!(mapped(3, true), ("01".to_owned(), 2));
    assert_eq!(mapped(3, false), ("20".to_owned(), 3));
    assert_eq!(mapped(1, true), ("31".to_owned(), 9));
}

#[test]
fn account_before_program_before_tenant() {
    let model = |id: &str, target: &str, becomes: &str| {
        format!(
            "id = \"{id}\"\nname = \"{id}\"\nattached_to = [{target}]\n[[rules]]\norder = 1\n\
             name = \"all\"\nconditions = []\nprocessing_code = \"{becomes}\"\n"
        )
    };
    let rules = compiled(&[
        &model("t", "{ level = \"tenant\" }", "01"),
        &model("p", "{ level = \"program\", program_id = 2 }", "20"),
        &model("a", "{ level = \"account\", account_id = 7 }", "31"),
    ]);
    for (account, program, expected) in [(7, 2, "31"), (8, 2, "20"), (8, 1, "01")] {
        let request = MappingRequest {
            account: AccountId(account),
            program: ProgramId(program),
            ..purchase()
        };
        assert_eq!(rules.map(&request).processing_code, code(expected));
    }
    let none = compiled(&[]);
    let mapping = none.map(&purchase());
    assert!(mapping.by.is_none());
    assert_eq!(mapping.processing_code, code("00"));
}
