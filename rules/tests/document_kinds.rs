//! Filter templates, rule models, over-limit, options and the tables of networks: what they mean,
//! what is refused and with which words and codes, and that JSON is read like TOML.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that panics has failed"
)]
#![allow(clippy::too_many_lines, reason = "a table is as long as its rows")]

mod support;

use rules::{
    AccountId, ClearingAction, ClearingReason, ErrorCode, ExpiryDays, ProgramId, Reason,
    RetryCategory, RuleErrors,
};
use support::{base, document};

const TEMPLATE: (&str, &str) = (
    "filter-templates/t.toml",
    r#"id = "few"
version = 2
description = "Few instalments"
[filters]
processing_codes = ["00"]
max_installments = 3
"#,
);

const MODEL: (&str, &str) = (
    "rule-models/m.toml",
    r#"id = "m"
name = "M"
attached_to = [{ level = "program", program_id = 1 }]
[[lists]]
id = "streaming"
data = ["NETFLIX"]
[[rules]]
order = 1
name = "R"
processing_code = "01"
conditions = [
    { type = "MERCHANT_NAME_LIST", operator = "contains", data = "streaming" },
    { type = "AMOUNT", operator = "gt", data = "12.50" },
    { type = "MERCHANT_CATEGORY_CODE", operator = "in", data = ["5411"] },
    { type = "DCC", operator = "eq", data = true },
]
"#,
);

const OVER_LIMIT: (&str, &str) = (
    "over-limit/o.toml",
    r#"[[configurations]]
level = "tenant"
over_limit = { enable = true }
limit_refund = { enable = false }
[[acceptances]]
processing_code = "00"
level = "program"
program_id = 1
network_authorization = { over_limit = { enable = true }, limit_refund = { enable = true } }
"#,
);

const OPTIONS: (&str, &str) = (
    "authorization-options/o.toml",
    r#"[[records]]
level = "tenant"
[records.options]
enabled_partial_authorization = true
days_to_cancel_pre_authorization = 30
[records.override_bins."40000012"]
disable_dcc = true
"#,
);

const ACCOUNT: (&str, &str) = (
    "balance-configurations/account.toml",
    r#"level = "account"
account_id = 7
[[configs]]
name = "A"
filters = { processing_codes = ["00"] }
[[configs.scenarios]]
condition = { order = 1, type = "custom", amount_to_check_balance = "amount" }
[configs.scenarios.result]
amount = "principal_amount"
impact = ["AvailableCreditLimit"]
impact_account = { account_id = 9, customer_id = 3 }
counterpart_account = { account_id = 8, processing_code = "20" }
"#,
);

const ALL: [(&str, &str); 5] = [TEMPLATE, MODEL, OVER_LIMIT, OPTIONS, ACCOUNT];

fn compile(further: &[(&str, &str)]) -> Result<rules::Snapshot, RuleErrors> {
    let mut documents = base();
    documents.extend(
        further
            .iter()
            .map(|(path, content)| document(path, content)),
    );
    rules::compile(documents)
}

fn compiled(further: &[(&str, &str)]) -> rules::Snapshot {
    compile(further).unwrap_or_else(|errors| panic!("{errors}"))
}

#[test]
fn the_unchanged_documents_are_good() {
    let rules = compiled(&ALL);
    assert_eq!(rules.rule_models().len(), 1);
    assert_eq!(rules.configurations().len(), 1);
}

/// Rows change one place of a document: from, to, line and key and reason, code.
fn check(changed: (&str, &str), rows: &[(&str, &str, &str, Option<ErrorCode>)]) {
    for (from, to, expected, code) in rows {
        let (path, content) = changed;
        assert!(content.contains(from), "{path} does not contain {from:?}");
        let content = content.replacen(from, to, 1);
        let documents = ALL.map(|(other, text)| {
            let text = if other == path {
                content.as_str()
            } else {
                text
            };
            (other, text)
        });
        let Err(errors) = compile(&documents) else {
            panic!("accepted: {path}: {from:?} -> {to:?}")
        };
        let text = errors.to_string().replace(&format!("{path}:"), "");
        assert_eq!(text, *expected, "{path}: {from:?} -> {to:?}");
        assert_eq!(errors.0[0].code, *code, "{path}: {from:?} -> {to:?}");
    }
}

#[test]
fn filter_templates() {
    check(
        TEMPLATE,
        &[
            (
                "\"few\"",
                "\"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\"",
                "1: id: 37 characters; write a text of 1 to 36 characters",
                None,
            ),
            (
                "version = 2",
                "version = 0",
                "2: version: 0 is out of range; write a whole number from 1 to 4294967295",
                None,
            ),
            (
                "\"Few instalments\"",
                "7",
                "3: description: invalid type: integer `7`; write a text of 1 to 50 characters",
                None,
            ),
            (
                "processing_codes = [\"00\"]",
                "",
                "4: filters.processing_codes: missing; write at least one code of processing-codes.toml, such as [\"00\"]",
                Some(ErrorCode::Ebcf0320),
            ),
            (
                "[\"00\"]",
                "[\"77\"]",
                "5: filters.processing_codes: 77 is not in processing-codes.toml; list it there",
                None,
            ),
            (
                "max_installments",
                "most_installments",
                "6: filters.most_installments: unknown key; the keys here are processing_codes, min_installments, max_installments, mcc, account_type, currency_code",
                None,
            ),
        ],
    );
    let other = TEMPLATE.1.replace("Few", "Other");
    let errors = compile(&[TEMPLATE, ("filter-templates/u.toml", &other)]).unwrap_err();
    assert_eq!(
        errors.to_string(),
        "filter-templates/u.toml:2: version: version 2 of \"few\" is already in filter-templates/t.toml; take the next version"
    );
}

#[test]
fn related_accounts() {
    check(
        ACCOUNT,
        &[
            (
                "account_id = 7\n",
                "account_id = \"7\"\n",
                "2: account_id: invalid type: string \"7\"; write a whole number from 1 to 9223372036854775807",
                Some(ErrorCode::Wblc0020),
            ),
            (
                "account_id = 9",
                "account_id = 7",
                "11: configs[0].scenarios[0].result.impact_account: the account itself moves anyway; leave it out",
                None,
            ),
            (
                "account_id = 8",
                "account_id = 9",
                "12: configs[0].scenarios[0].result.counterpart_account: the account that moves itself; the moves would cancel; name another",
                None,
            ),
            (
                "\"20\"",
                "\"01\"",
                "12: configs[0].scenarios[0].result.counterpart_account.processing_code: 01 does not move the other way than 00; write a code of the opposite balance_impact",
                None,
            ),
            (
                "\"20\"",
                "\"77\"",
                "12: configs[0].scenarios[0].result.counterpart_account.processing_code: 77 is not an operation of processing-codes.toml; list it there",
                None,
            ),
            (
                "customer_id = 3",
                "customer_id = 0",
                "11: configs[0].scenarios[0].result.impact_account.customer_id: 0 is out of range; write a whole number from 1 to 9223372036854775807",
                None,
            ),
            (
                "[[configs]]",
                "global_configs = { impact_parent_accounts = true }\n[[configs]]",
                "12: configs[0].scenarios[0].result.impact_account: with impact_parent_accounts a parent would move twice; keep one of them",
                None,
            ),
            (
                "filters = { processing_codes = [\"00\"] }",
                "filter_template_id = \"many\"",
                "5: configs[0].filter_template_id: no filter template \"many\"; the templates are few",
                Some(ErrorCode::Ebcf0317),
            ),
            (
                "filters = { processing_codes = [\"00\"] }",
                "filters = { processing_codes = [\"00\"] }\nfilter_template_id = \"few\"",
                "6: configs[0].filter_template_id: both filters and filter_template_id are given; keep one",
                Some(ErrorCode::Ebcf0321),
            ),
            (
                "filters = { processing_codes = [\"00\"] }",
                "",
                "3: configs[0].filters: missing; write filters = { processing_codes = [\"00\"] } or filter_template_id = \"..\"",
                Some(ErrorCode::Ebcf0320),
            ),
            (
                "level = \"account\"\naccount_id = 7",
                "level = \"tenant\"",
                "10: configs[0].scenarios[0].result.impact_account: only level account may move related accounts; leave it out\n\
          11: configs[0].scenarios[0].result.counterpart_account: only level account may move related accounts; leave it out",
                None,
            ),
        ],
    );
}

#[test]
fn rule_models() {
    let code = Some(ErrorCode::Pc0001);
    check(
        MODEL,
        &[
            (
                "id = \"m\"",
                "",
                "1: id: missing; write a text of 1 to 36 characters",
                code,
            ),
            (
                "program_id = 1",
                "program_id = 9",
                "3: attached_to[0].program_id: no program 9; the programs are 1, 2",
                code,
            ),
            (
                "data = [\"NETFLIX\"]",
                "data = []",
                "6: lists[0].data: empty, so nothing would ever match; write at least one text",
                code,
            ),
            (
                "data = [\"NETFLIX\"]",
                "data = [\"NETFLIX\", \" \"]",
                "6: lists[0].data[1]: blank; write a text of 1 to 100 characters",
                code,
            ),
            (
                "processing_code = \"01\"",
                "processing_code = \"77\"",
                "10: rules[0].processing_code: 77 is not an operation of processing-codes.toml; list it there",
                code,
            ),
            (
                "data = \"streaming\"",
                "data = \"other\"",
                "12: rules[0].conditions[0].data: no list \"other\" in this model; write it under [[lists]]",
                code,
            ),
            (
                "\"contains\"",
                "\"gt\"",
                "12: rules[0].conditions[0].operator: not for this type; write eq, neq, in, contains, starts_with or ends_with",
                code,
            ),
            (
                "\"contains\"",
                "\"like\"",
                "12: rules[0].conditions[0].operator: unknown variant `like`; write \"eq\", \"neq\", \"gt\", \"gte\", \"lt\", \"lte\", \"in\", \"contains\", \"starts_with\" or \"ends_with\"",
                code,
            ),
            (
                "\"12.50\"",
                "\"much\"",
                "13: rules[0].conditions[1].data: \"much\" is not a decimal; write one such as \"12.50\"",
                code,
            ),
            (
                "\"12.50\"",
                "12.5",
                "13: rules[0].conditions[1].data: not data of a condition; write true or false, a whole number, a text or a list of texts",
                code,
            ),
            (
                "\"12.50\"",
                "true",
                "13: rules[0].conditions[1].data: not of this type; write a whole number, or a decimal as text such as \"12.50\"",
                code,
            ),
            (
                "[\"5411\"]",
                "[\"541\"]",
                "14: rules[0].conditions[2].data: \"541\" never occurs; write four digits",
                code,
            ),
            (
                "[\"5411\"]",
                "\"5411\"",
                "14: rules[0].conditions[2].data: not of this operator; write a list of texts",
                code,
            ),
            (
                "data = true",
                "data = 1",
                "15: rules[0].conditions[3].data: not of this type; write true or false",
                code,
            ),
            (
                "operator = \"eq\"",
                "operator = \"lt\"",
                "15: rules[0].conditions[3].operator: not for this type; write eq or neq",
                code,
            ),
            (
                "[[rules]]",
                "[[rules]]\norder = 1\nname = \"S\"\nconditions = []\nprocessing_code = \"00\"\n[[rules]]",
                "13: rules[1].order: order 1 is taken; give each its own",
                code,
            ),
        ],
    );
    let errors = compile(&[MODEL, ("rule-models/n.toml", MODEL.1)]).unwrap_err();
    assert_eq!(
        errors.to_string(),
        "rule-models/n.toml:1: id: model \"m\" is already in rule-models/m.toml; take another id\n\
         rule-models/n.toml:3: attached_to[0]: program 1 has the model of rule-models/m.toml already; keep one"
    );
}

#[test]
fn over_limit() {
    let code = Some(ErrorCode::Bw0008);
    check(
        OVER_LIMIT,
        &[
            (
                "over_limit = { enable = true }\n",
                "",
                "1: configurations[0].over_limit: missing; write { enable = true } or { enable = false }",
                code,
            ),
            (
                "{ enable = false }",
                "{ enable = 0 }",
                "4: configurations[0].limit_refund.enable: invalid type: integer `0`; write true or false",
                code,
            ),
            (
                "processing_code = \"00\"",
                "processing_code = \"77\"",
                "6: acceptances[0].processing_code: 77 is not an operation of processing-codes.toml; list it there",
                code,
            ),
            (
                "network_authorization",
                "wire_authorization",
                "5: acceptances[0]: names no flow; write at least one of network_authorization, platform_authorization, authorization\n\
          9: acceptances[0].wire_authorization: unknown key; the keys here are processing_code, level, program_id, account_id, network_authorization, platform_authorization, authorization",
                code,
            ),
            (
                "[[configurations]]",
                "[[configurations]]\nlevel = \"tenant\"\nover_limit = { enable = true }\nlimit_refund = { enable = true }\n[[configurations]]",
                "5: configurations[1]: tenant has a record already; keep one",
                Some(ErrorCode::Bw0032),
            ),
        ],
    );
}

const CLEARING: (&str, &str) = (
    "authorization-options/o.toml",
    r#"[[records]]
level = "tenant"
[records.options.clearing]
tolerance_percent = 5
deadline_days = 60
authorization_required_mcc = ["7995"]
tolerance_by_mcc = [{ mcc = ["5812"], percent = 20 }]
[records.options.clearing.reasons]
CARD_NOT_FOUND = "reject"
[records.override_bins.40000012.clearing]
deadline_days = 30
"#,
);

#[test]
fn clearing_options() {
    check(
        CLEARING,
        &[
            (
                "= 60",
                "= 0",
                "5: records[0].options.clearing.deadline_days: 0 is out of range; write a whole number from 1 to 366",
                None,
            ),
            (
                "percent = 20",
                "percent = 1001",
                "7: records[0].options.clearing.tolerance_by_mcc[0].percent: 1001 is out of range; write a whole number from 0 to 1000",
                None,
            ),
            (
                ", percent = 20",
                "",
                "7: records[0].options.clearing.tolerance_by_mcc[0].percent: missing; write a whole number from 0 to 1000",
                None,
            ),
            (
                "percent = 20 }",
                "percent = 20 }, { mcc = [\"5812\"], percent = 1 }",
                "7: records[0].options.clearing.tolerance_by_mcc[1].mcc: 5812 is in another entry already; write it once",
                None,
            ),
            (
                "\"reject\"",
                "\"refuse\"",
                "9: records[0].options.clearing.reasons.CARD_NOT_FOUND: unknown variant `refuse`; write \"post\", \"hold\" or \"reject\"",
                None,
            ),
            (
                "CARD_NOT_FOUND",
                "DUPLICATE_CLEARING",
                "9: records[0].options.clearing.reasons.DUPLICATE_CLEARING: is always held for the work list; leave it out",
                None,
            ),
            (
                "CARD_NOT_FOUND",
                "CARD_LOST",
                "9: records[0].options.clearing.reasons.CARD_LOST: unknown reason; the reasons are NOT_REFUNDABLE_AUTHORIZATION, NOT_PERMITTED_OPERATION, DIFFERENT_PROCESSING_CODE, CLEARING_WITH_ZERO_AMOUNT, INVALID_CARD_MODE, INVALID_ACCOUNT_STATUS, MCC_AMOUNT_EXCEEDS_AUTHORIZATION, CARD_NOT_FOUND, INVALID_JULIAN_DATE, MCC_AUTHORIZATION_NOT_FOUND, CONCILIATION_DEADLINE",
                None,
            ),
        ],
    );
    let rules = compiled(&[CLEARING]);
    let clearing = |bin| {
        &rules
            .authorization_options(AccountId(1), ProgramId(1), bin)
            .clearing
    };
    let (tenant, bin) = (clearing(None), clearing(Some("40000012")));
    assert_eq!(
        (tenant.deadline_days, bin.deadline_days),
        (Some(60), Some(30))
    );
    assert_eq!(bin.most(Some(5812), 100), Some(120));
    assert_eq!(bin.most(None, 100), Some(105));
    assert!(bin.authorization_required.contains(&7995));
    assert_eq!(
        bin.action(ClearingReason::CardNotFound),
        ClearingAction::Reject
    );
    assert_eq!(
        &rules.authorization_options_of_tenant(None).clearing,
        tenant
    );
}

#[test]
fn authorization_options() {
    check(
        OPTIONS,
        &[
            (
                "= 30",
                "= 61",
                "5: records[0].options.days_to_cancel_pre_authorization: 61 is out of range; write a whole number from 1 to 60",
                None,
            ),
            (
                "enabled_partial_authorization = true",
                "enabled_partial_authorization = \"yes\"",
                "4: records[0].options.enabled_partial_authorization: invalid type: string \"yes\"; write true or false",
                None,
            ),
            (
                "enabled_partial_authorization = true",
                "zero_balance_url = \"http://issuer\"",
                "4: records[0].options.zero_balance_url: not an https address of at most 500 characters; write an https address, or \"\" for none",
                None,
            ),
            (
                "enabled_partial_authorization = true",
                "disable_dcc = true\nuse_local_amount_when_dcc = true",
                "3: records[0].options: disable_dcc and use_local_amount_when_dcc exclude each other; keep one\n\
          7: records[0].override_bins.40000012: disable_dcc and use_local_amount_when_dcc exclude each other; keep one",
                Some(ErrorCode::Wntc0031),
            ),
            (
                "enabled_partial_authorization = true",
                "use_local_amount_when_dcc = true",
                "6: records[0].override_bins.40000012: disable_dcc and use_local_amount_when_dcc exclude each other; keep one",
                Some(ErrorCode::Wntc0032),
            ),
            (
                "40000012",
                "4000001",
                "6: records[0].override_bins.4000001: not a BIN; write 6 or 8 digits",
                None,
            ),
            (
                "[[records]]",
                "[[records]]\nlevel = \"tenant\"\n[[records]]",
                "3: records[1]: tenant has a record in authorization-options/o.toml already; keep one",
                None,
            ),
        ],
    );
}

#[test]
fn the_most_specific_options_count_as_a_whole() {
    let rules = compiled(&[
        OPTIONS,
        (
            "authorization-options/p.toml",
            "[[records]]\nlevel = \"program\"\nprogram_id = 2\n[records.options]\n\
             approve_anti_fraud_unavailable = true\n[[records]]\nlevel = \"account\"\n\
             account_id = 7\n[records.override_bins.400000]\ndeny_all_authorizations = true\n",
        ),
    ]);
    let of = |account, program, bin| {
        rules.authorization_options(AccountId(account), ProgramId(program), bin)
    };
    let tenant = of(1, 1, None);
    assert!(tenant.enabled_partial_authorization);
    assert_eq!(
        tenant.expiry,
        ExpiryDays {
            pre_authorization: 30,
            ..ExpiryDays::STANDARD
        }
    );
    // The override adds to the record it stands in.
    let bin = of(1, 1, Some("40000012"));
    assert!(bin.disable_dcc && bin.enabled_partial_authorization);
    assert_eq!(bin.expiry.pre_authorization, 30);
    assert_eq!(of(1, 1, Some("40000013")), tenant);
    // A more specific record has nothing of the broader one.
    let program = of(1, 2, Some("40000012"));
    assert!(program.approve_anti_fraud_unavailable && !program.enabled_partial_authorization);
    assert_eq!(program.expiry, ExpiryDays::STANDARD);
    let account = of(7, 2, None);
    assert!(!account.approve_anti_fraud_unavailable);
    assert!(of(7, 2, Some("40000099")).deny_all_authorizations);
    assert!(!of(7, 2, Some("4000")).deny_all_authorizations);
    assert_eq!(
        compiled(&[]).authorization_options(AccountId(1), ProgramId(1), None),
        &rules::AuthorizationOptions::default()
    );
}

/// The base with its network changed.
fn with_network(change: impl Fn(String) -> String) -> Result<rules::Snapshot, RuleErrors> {
    let mut documents = base();
    for one in &mut documents {
        if one.path == "networks/net.toml" {
            one.content = change(one.content.clone());
        }
    }
    rules::compile(documents)
}

#[test]
fn networks_map_de3_and_say_what_a_merchant_should_do() {
    let rules = with_network(|text| {
        let text = text.replace("\"05\" }", "\"05\", retry_category = \"never\" }");
        let text = text.replace(
            "insufficient_funds = { response_code = \"05\", retry_category = \"never\" }",
            "insufficient_funds = { response_code = \"51\", retry_category = \"later\", merchant_advice_code = \"24\" }",
        );
        text.replace(
            "[response_codes]",
            "processing_codes = { \"00\" = \"00\", \"28\" = \"20\" }\n[response_codes]",
        )
    })
    .unwrap_or_else(|errors| panic!("{errors}"));
    let network = rules.network_named("net").unwrap();
    let mapped = |de3: &str| {
        let code = network.processing_code(de3.parse().unwrap());
        code.map(|code| code.to_string())
    };
    assert_eq!(mapped("28").as_deref(), Some("20"));
    assert_eq!(mapped("00").as_deref(), Some("00"));
    assert_eq!(mapped("01"), None, "a table of its own is complete");
    let short = Reason::InsufficientFunds;
    assert_eq!(network.retry_category(short), Some(RetryCategory::Later));
    assert_eq!(network.merchant_advice_code(short).unwrap().as_str(), "24");
    let lost = Reason::CardLost;
    assert_eq!(network.retry_category(lost), Some(RetryCategory::Never));
    assert_eq!(network.merchant_advice_code(lost), None);

    let plain = compiled(&[]);
    let plain = plain.network_named("net").unwrap();
    assert_eq!(plain.retry_category(short), None);
    assert_eq!(
        plain.processing_code("77".parse().unwrap()),
        "77".parse().ok()
    );
}

#[test]
fn tables_of_networks_that_are_refused() {
    let line = "card_lost = { response_code = \"05\" }";
    let table = [
        (
            line,
            "card_lost = { response_code = \"05\", retry_category = \"soon\" }",
            "14: response_codes.card_lost.retry_category: unknown variant `soon`; write \"never\", \"later\", \"correct_data\" or \"unspecified\"",
        ),
        (
            line,
            "card_lost = { response_code = \"05\", merchant_advice_code = \"3\" }",
            "14: response_codes.card_lost.merchant_advice_code: a merchant advice code is two digits, such as \"03\"",
        ),
        (
            "[response_codes]",
            "processing_codes = { \"0\" = \"00\", \"28\" = \"77\" }\n[response_codes]",
            "10: processing_codes.0: not DE3 positions 1-2; write two digits\n\
             10: processing_codes.28: 77 is not an operation of processing-codes.toml; list it there",
        ),
    ];
    for (from, to, expected) in table {
        let errors = with_network(|text| text.replacen(from, to, 1)).unwrap_err();
        assert_eq!(
            errors.to_string().replace("networks/net.toml:", ""),
            expected
        );
    }
    let told = |text: String| {
        let advice = ", retry_category = \"later\", merchant_advice_code = \"03\" }";
        text.replace("\"05\" }", &format!("\"05\"{advice}"))
    };
    let errors = with_network(told).unwrap_err();
    assert_eq!(errors.0.len(), Reason::ALL.len());
    assert_eq!(
        errors.0[0].reason,
        "03 says never, retry_category later; make them agree"
    );
    let some = |text: String| {
        let with = line.replace(" }", ", retry_category = \"never\" }");
        text.replacen(line, &with, 1)
    };
    let errors = with_network(some).unwrap_err();
    let reason = &errors.0[0].reason;
    assert!(
        reason.starts_with(
            "retry_category is given for some reasons only; write it for format_error,"
        ),
        "{reason}"
    );
}

#[test]
fn partial_reversals_have_a_code_of_their_own_or_that_of_reversals() {
    let codes = support::PROCESSING_CODES;
    let own = codes.replacen(
        "reversal_processing_code = \"OUTREV\"\n",
        "reversal_processing_code = \"OUTREV\"\npartial_reversal_processing_code = \"PARTREV\"\n",
        1,
    );
    let own = own.replacen(
        "reversal_processing_codes = [",
        "reversal_processing_codes = [\n{ processing_code = \"PARTRE\", description = \"P\", balance_impact = 1 },",
        1,
    );
    let change = |content: &str| {
        let mut documents = base();
        for one in &mut documents {
            if one.path == "processing-codes.toml" {
                one.content = content.to_owned();
            }
        }
        rules::compile(documents)
    };
    let rules = change(&own.replace("PARTREV", "PARTRE")).unwrap();
    let partial = |code: &str| {
        let entry = rules.processing_code(code.parse().unwrap()).unwrap();
        entry
            .partial_reversal_processing_code
            .map(|code| code.to_string())
    };
    assert_eq!(partial("00").as_deref(), Some("PARTRE"));
    assert_eq!(partial("01").as_deref(), Some("OUTREV"));
    assert_eq!(partial("31"), None);
    let errors = change(&own.replace("PARTREV", "INREV")).unwrap_err();
    assert!(
        errors.to_string().ends_with(
            "processing_codes[0].partial_reversal_processing_code: INREV moves -1, not the opposite of this operation; write a code with 1"
        ),
        "{errors}"
    );
}

#[test]
fn json_is_read_like_toml() {
    for (path, content) in ALL {
        let value: toml::Value = toml::from_str(content).unwrap();
        let json = serde_json::to_string(&value).unwrap();
        let path = path.replace(".toml", ".json");
        let toml_and_json = [(path.as_str(), json.as_str())];
        compiled(&toml_and_json);
    }
    let bad = [
        (
            r#"{"level": "account", "account_id": 7.5, "configs": null}"#,
            "balance-configurations/a.json:1: account_id: invalid type: floating point `7.5`; write a whole number from 1 to 9223372036854775807\n\
             balance-configurations/a.json:1: configs: missing; write at least one [[configs]]",
            Some(ErrorCode::Wblc0020),
        ),
        (
            "{\n\"level\": }",
            "balance-configurations/a.json:2: not JSON: expected value at line 2 column 10",
            None,
        ),
        (
            r#"{"level": "tenant", "configs": [{"name": "A", "scenarios": []}]}"#,
            "balance-configurations/a.json:1: configs[0].filters: missing; write filters = { processing_codes = [\"00\"] } or filter_template_id = \"..\"\n\
             balance-configurations/a.json:1: configs[0].scenarios: empty; write at least one scenario with a condition and a result",
            Some(ErrorCode::Ebcf0320),
        ),
        (
            r#"{"level": "tenant", "configs": [{"name": "A", "filter_template_id": "many", "scenarios": null}]}"#,
            "balance-configurations/a.json:1: configs[0].filter_template_id: no filter template \"many\"; write one in filter-templates/NAME.toml\n\
             balance-configurations/a.json:1: configs[0].scenarios: missing; write at least one scenario with a condition and a result",
            Some(ErrorCode::Ebcf0317),
        ),
        (
            r#"{"level": "tenant", "configs": [{"name": "A", "filter_template_id": "few", "filters": {"processing_codes": ["00"]}, "scenarios": null}]}"#,
            "balance-configurations/a.json:1: configs[0].filter_template_id: both filters and filter_template_id are given; keep one\n\
             balance-configurations/a.json:1: configs[0].scenarios: missing; write at least one scenario with a condition and a result",
            Some(ErrorCode::Ebcf0321),
        ),
        (
            r#"{"level": "program", "program_id": "1", "configs": []}"#,
            "balance-configurations/a.json:1: program_id: invalid type: string \"1\"; write a whole number from 1 to 4294967295",
            Some(ErrorCode::Wblc0020),
        ),
    ];
    for (json, expected, code) in bad {
        let errors = compile(&[("balance-configurations/a.json", json)]).unwrap_err();
        assert_eq!(errors.to_string(), expected);
        assert_eq!(errors.0[0].code, code);
    }
}

#[test]
fn codes_have_their_status() {
    for code in ErrorCode::ALL {
        let json = format!("\"{code}\"");
        assert_eq!(serde_json::to_string(&code).unwrap(), json);
        assert!((400..500).contains(&code.status()));
    }
    assert_eq!(ErrorCode::Ebcf0317.status(), 404);
    assert_eq!(ErrorCode::Ebcf0320.as_str(), "EBCF0320");
}
