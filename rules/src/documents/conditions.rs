//! The conditions of rule models: which operators and data each type takes.

use rust_decimal::Decimal;
use schemars::JsonSchema;
use serde::Deserialize;

use super::Known;
use super::given::{Given, table};
use super::lines::join;
use super::report::Report;
use super::rule_models::{Lists, texts};
use crate::{AccountType, Condition, ConditionData, ConditionType, Operator, ProcessingCode};

table! {
    /// One condition of a rule.
    ConditionTable {
        /// What it looks at.
        required r#type: ConditionType,
        /// How it compares: eq and neq for all; gt, gte, lt, lte for numbers; in, contains,
        /// starts_with, ends_with with a list.
        required operator: Operator,
        /// What it compares with: true or false, a number, a text, or a list of texts. Decimals are
        /// written as text. For MERCHANT_NAME_LIST the id of a list.
        required data: GivenData,
    }
}

/// Data as a document writes it.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(
    untagged,
    expecting = "not data of a condition; write true or false, a whole number, a text or a list of texts"
)]
pub(super) enum GivenData {
    Flag(bool),
    Number(i64),
    Text(String),
    List(Vec<String>),
}

/// What sort of value a condition type compares.
enum Kind {
    Flag,
    Number { decimals: bool },
    Text,
    ListId,
}

fn kind(subject: ConditionType) -> Kind {
    match subject {
        ConditionType::InstallmentNumber => Kind::Number { decimals: false },
        ConditionType::Amount => Kind::Number { decimals: true },
        ConditionType::Dcc | ConditionType::Domestic | ConditionType::ReversalIndicator => {
            Kind::Flag
        }
        ConditionType::ProcessingCode
        | ConditionType::OriginalProcessingCode
        | ConditionType::AccountType
        | ConditionType::Origin
        | ConditionType::InstallmentPlan
        | ConditionType::MerchantCategoryCode
        | ConditionType::AuthorizationFlow
        | ConditionType::Mti => Kind::Text,
        ConditionType::MerchantNameList => Kind::ListId,
    }
}

/// Checks one condition.
pub(super) fn condition(
    report: &mut Report<'_>,
    table: ConditionTable,
    key: &str,
    lists: &Lists,
    known: &Known,
) -> Option<Condition> {
    let right = "a condition type such as \"MERCHANT_CATEGORY_CODE\"";
    let subject = report.required(table.r#type, &join(key, "type"), right);
    let operator_key = join(key, "operator");
    let right = "\"eq\", \"neq\", \"gt\", \"gte\", \"lt\", \"lte\", \"in\", \"contains\", \
                 \"starts_with\" or \"ends_with\"";
    let operator = report.required(table.operator, &operator_key, right);
    let data_key = join(key, "data");
    let right = "true or false, a number, a text or a list of texts";
    let data = report.required(table.data, &data_key, right);
    let (subject, operator) = (subject?, operator?);
    let fits = operator_fits(report, subject, operator, &operator_key);
    let data = match (kind(subject), data?) {
        (Kind::Flag, GivenData::Flag(flag)) => ConditionData::Flag(flag),
        (Kind::Number { .. }, GivenData::Number(number)) => ConditionData::Number(number.into()),
        (Kind::Number { decimals: true }, GivenData::Text(text)) => {
            ConditionData::Number(decimal(report, &text, &data_key)?)
        }
        (Kind::Text, GivenData::Text(text)) if !takes_list(operator) => {
            ConditionData::Texts(vec![text])
        }
        (Kind::Text, GivenData::List(list)) if takes_list(operator) => {
            let list = list.into_iter().map(Given::Good).collect();
            ConditionData::Texts(texts(report, list, &data_key)?)
        }
        (Kind::ListId, GivenData::Text(id)) => {
            ConditionData::Texts(list_named(report, &id, lists, &data_key)?)
        }
        (kind, _) => {
            report.error(&data_key, wrong_data(&kind, operator));
            return None;
        }
    };
    if let ConditionData::Texts(texts) = &data {
        well_formed(report, subject, operator, texts, &data_key, known);
    }
    fits.then_some(Condition {
        subject,
        operator,
        data,
    })
}

fn takes_list(operator: Operator) -> bool {
    match operator {
        Operator::In | Operator::Contains | Operator::StartsWith | Operator::EndsWith => true,
        Operator::Eq
        | Operator::Neq
        | Operator::Gt
        | Operator::Gte
        | Operator::Lt
        | Operator::Lte => false,
    }
}

fn operator_fits(
    report: &mut Report<'_>,
    subject: ConditionType,
    operator: Operator,
    key: &str,
) -> bool {
    let plain = [Operator::Eq, Operator::Neq].contains(&operator);
    let (fits, right) = match kind(subject) {
        Kind::Flag => (plain, "eq or neq"),
        Kind::Number { .. } => (!takes_list(operator), "eq, neq, gt, gte, lt or lte"),
        Kind::Text | Kind::ListId => (
            plain || takes_list(operator),
            "eq, neq, in, contains, starts_with or ends_with",
        ),
    };
    if !fits {
        report.error(key, format!("not for this type; write {right}"));
    }
    fits
}

fn decimal(report: &mut Report<'_>, text: &str, key: &str) -> Option<Decimal> {
    let decimal = Decimal::from_str_exact(text).ok();
    if decimal.is_none() {
        report.error(
            key,
            format!("{text:?} is not a decimal; write one such as \"12.50\""),
        );
    }
    decimal
}

fn list_named(report: &mut Report<'_>, id: &str, lists: &Lists, key: &str) -> Option<Vec<String>> {
    let Some(list) = lists.get(id) else {
        let reason = format!("no list {id:?} in this model; write it under [[lists]]");
        report.error(key, reason);
        return None;
    };
    list.clone()
}

fn wrong_data(kind: &Kind, operator: Operator) -> &'static str {
    match kind {
        Kind::Flag => "not of this type; write true or false",
        Kind::Number { decimals: false } => "not of this type; write a whole number",
        Kind::Number { decimals: true } => {
            "not of this type; write a whole number, or a decimal as text such as \"12.50\""
        }
        Kind::Text if takes_list(operator) => "not of this operator; write a list of texts",
        Kind::Text => "not of this operator; write a text",
        Kind::ListId => "not of this type; write the id of a list",
    }
}

/// Refuses texts that no message can ever have.
fn well_formed(
    report: &mut Report<'_>,
    subject: ConditionType,
    operator: Operator,
    texts: &[String],
    key: &str,
    known: &Known,
) {
    let whole = [Operator::Eq, Operator::Neq, Operator::In].contains(&operator);
    let four_digits =
        |text: &str| text.len() == 4 && text.bytes().all(|byte| byte.is_ascii_digit());
    let operation = |text: &str| {
        let code = text.parse::<ProcessingCode>().ok();
        code.is_some_and(|code| known.processing_codes.contains(&code))
            || known.processing_codes_unsure
    };
    for text in texts.iter().filter(|_| whole) {
        let (occurs, right) = match subject {
            ConditionType::MerchantCategoryCode | ConditionType::Mti => {
                (four_digits(text), "four digits")
            }
            ConditionType::AccountType => (AccountType::parse(text).is_some(), "00, 10, 20 or 30"),
            ConditionType::AuthorizationFlow => (
                ["PAYMENTS", "NETWORK"].contains(&text.as_str()),
                "PAYMENTS or NETWORK",
            ),
            ConditionType::ProcessingCode | ConditionType::OriginalProcessingCode => {
                (operation(text), "a code of processing-codes.toml")
            }
            ConditionType::InstallmentNumber
            | ConditionType::Amount
            | ConditionType::Dcc
            | ConditionType::Domestic
            | ConditionType::ReversalIndicator
            | ConditionType::Origin
            | ConditionType::InstallmentPlan
            | ConditionType::MerchantNameList => continue,
        };
        if !occurs {
            report.error(key, format!("{text:?} never occurs; write {right}"));
        }
    }
}
