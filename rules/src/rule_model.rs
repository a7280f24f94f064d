//! Rule models: which internal code an incoming processing code stands for (rule-model API).
//!
//! Runs before configurations, controls and flows are looked up. Rules are tried by ascending
//! order; all conditions of a rule must hold; the first rule that holds decides. Pure and without
//! allocation.
//!
//! Where the API is silent: a condition on something the message does not carry does not hold,
//! `neq` included. `in` holds when a list entry equals the value of the message; `contains`,
//! `starts_with` and `ends_with` hold when the value of the message contains, starts with or ends
//! with a list entry. Upper and lower case are the same.

use std::cmp::Ordering;

use rust_decimal::Decimal;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    AccountId, AccountType, AuthorizationFlow, Currency, ProcessingCode, ProgramId, Target,
};

/// A rule model: an ordered list of rules, attached to targets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuleModel {
    /// Identifier, unique.
    pub id: String,
    /// Name.
    pub name: String,
    /// File it came from, relative to the configuration directory.
    pub file: String,
    /// Whom it is attached to. A target has at most one model.
    pub attached_to: Vec<Target>,
    /// The rules, in the order of trying.
    pub rules: Vec<MappingRule>,
}

/// One rule of a model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MappingRule {
    /// Position; lower is tried first.
    pub order: i32,
    /// Line of the file where it begins.
    pub line: u32,
    /// Its key in the file, such as `rules[2]`.
    pub key: String,
    /// Name.
    pub name: String,
    /// All of these must hold. An empty list always holds.
    pub conditions: Vec<Condition>,
    /// What the incoming code becomes.
    pub processing_code: ProcessingCode,
    /// What it becomes on an international operation, where that differs.
    pub international_processing_code: Option<ProcessingCode>,
}

/// What a condition looks at.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ConditionType {
    /// Number of instalments.
    InstallmentNumber,
    /// Amount, in units of its currency.
    Amount,
    /// Whether dynamic currency conversion was used.
    Dcc,
    /// Whether the operation is domestic.
    Domestic,
    /// The clearing's reversal indicator.
    ReversalIndicator,
    /// The incoming code.
    ProcessingCode,
    /// The code of the stored authorization.
    OriginalProcessingCode,
    /// Account type of the message.
    AccountType,
    /// Where the message comes from, such as ONUS.
    Origin,
    /// Instalment plan.
    InstallmentPlan,
    /// Merchant category code, four digits.
    MerchantCategoryCode,
    /// Name of the merchant, against a list.
    MerchantNameList,
    /// PAYMENTS or NETWORK.
    AuthorizationFlow,
    /// Message type, four digits.
    Mti,
}

/// How a condition compares.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Operator {
    /// Equal.
    Eq,
    /// Not equal.
    Neq,
    /// Greater.
    Gt,
    /// Greater or equal.
    Gte,
    /// Less.
    Lt,
    /// Less or equal.
    Lte,
    /// Equal to one of a list.
    In,
    /// Contains one of a list.
    Contains,
    /// Starts with one of a list.
    StartsWith,
    /// Ends with one of a list.
    EndsWith,
}

/// One condition of a rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Condition {
    /// What it looks at.
    pub subject: ConditionType,
    /// How it compares.
    pub operator: Operator,
    /// What it compares with, of the kind of the subject.
    pub data: ConditionData,
}

/// What a condition compares with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ConditionData {
    /// True or false.
    Flag(bool),
    /// A number.
    Number(Decimal),
    /// Texts; one, unless the operator takes a list.
    Texts(Vec<String>),
}

/// What rule models look at in a message.
#[derive(Clone, Copy, Debug)]
pub struct MappingRequest<'a> {
    /// The account.
    pub account: AccountId,
    /// Program of the account.
    pub program: ProgramId,
    /// The incoming code.
    pub processing_code: ProcessingCode,
    /// Message type, four digits.
    pub mti: &'a str,
    /// Where the request comes from. `PAYMENTS` is everything but a network.
    pub flow: AuthorizationFlow,
    /// Account type of the message.
    pub account_type: AccountType,
    /// Where the message comes from: STRIKER, ONUS, MIGRATION.
    pub origin: Option<&'a str>,
    /// Amount, minor units.
    pub amount_minor: i64,
    /// Currency of the amount.
    pub currency: Currency,
    /// Merchant category code.
    pub merchant_category_code: Option<u16>,
    /// Name of the merchant.
    pub merchant_name: Option<&'a str>,
    /// Number of instalments, 1 when not in instalments.
    pub installments: u8,
    /// Instalment plan.
    pub installment_plan: Option<&'a str>,
    /// Whether the operation is domestic.
    pub is_domestic: bool,
    /// Whether dynamic currency conversion was used.
    pub is_dcc: bool,
    /// The clearing's reversal indicator.
    pub reversal_indicator: Option<bool>,
    /// The code of the stored authorization.
    pub original_processing_code: Option<ProcessingCode>,
}

/// What an incoming code stands for, and which rule says so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mapping<'a> {
    /// The code to go on with.
    pub processing_code: ProcessingCode,
    /// The model and the rule of it; `None` when none holds and the code stays.
    pub by: Option<(&'a RuleModel, &'a MappingRule)>,
}

impl RuleModel {
    /// The first rule that holds.
    pub(crate) fn first_that_holds(&self, request: &MappingRequest<'_>) -> Option<&MappingRule> {
        self.rules.iter().find(|rule| rule.holds(request))
    }
}

impl MappingRule {
    fn holds(&self, request: &MappingRequest<'_>) -> bool {
        self.conditions
            .iter()
            .all(|condition| condition.holds(request))
    }

    /// What a request's code becomes.
    pub(crate) fn code_for(&self, request: &MappingRequest<'_>) -> ProcessingCode {
        self.international_processing_code
            .filter(|_| !request.is_domestic)
            .unwrap_or(self.processing_code)
    }
}

/// A value of a message.
enum Value<'a> {
    Flag(bool),
    Number(Decimal),
    Text(&'a str),
}

impl Condition {
    fn holds(&self, request: &MappingRequest<'_>) -> bool {
        // Four digits of a merchant category code are written here, so that nothing is allocated.
        let mut digits = [0; 4];
        match (self.value(request, &mut digits), &self.data) {
            (Some(Value::Flag(found)), ConditionData::Flag(wanted)) => {
                self.operator.compares(found.cmp(wanted))
            }
            (Some(Value::Number(found)), ConditionData::Number(wanted)) => {
                self.operator.compares(found.cmp(wanted))
            }
            (Some(Value::Text(found)), ConditionData::Texts(wanted)) => {
                self.operator.finds(found, wanted)
            }
            _ => false,
        }
    }

    /// What the message says; `None` when it says nothing.
    fn value<'a>(
        &self,
        request: &'a MappingRequest<'_>,
        digits: &'a mut [u8; 4],
    ) -> Option<Value<'a>> {
        Some(match self.subject {
            ConditionType::InstallmentNumber => Value::Number(request.installments.into()),
            ConditionType::Amount => {
                let scale = u32::from(request.currency.exponent());
                Value::Number(Decimal::new(request.amount_minor, scale))
            }
            ConditionType::Dcc => Value::Flag(request.is_dcc),
            ConditionType::Domestic => Value::Flag(request.is_domestic),
            ConditionType::ReversalIndicator => Value::Flag(request.reversal_indicator?),
            ConditionType::ProcessingCode => Value::Text(request.processing_code.as_str()),
            ConditionType::OriginalProcessingCode => {
                Value::Text(request.original_processing_code.as_ref()?.as_str())
            }
            ConditionType::AccountType => Value::Text(request.account_type.code()),
            ConditionType::Origin => Value::Text(request.origin?),
            ConditionType::InstallmentPlan => Value::Text(request.installment_plan?),
            ConditionType::MerchantCategoryCode => {
                *digits = four_digits(request.merchant_category_code?);
                Value::Text(std::str::from_utf8(digits).ok()?)
            }
            ConditionType::MerchantNameList => Value::Text(request.merchant_name?.trim()),
            ConditionType::AuthorizationFlow => Value::Text(match request.flow {
                AuthorizationFlow::Network => "NETWORK",
                AuthorizationFlow::Platform | AuthorizationFlow::Authorization => "PAYMENTS",
            }),
            ConditionType::Mti => Value::Text(request.mti),
        })
    }
}

impl Operator {
    fn compares(self, found: Ordering) -> bool {
        match self {
            Self::Eq => found == Ordering::Equal,
            Self::Neq => found != Ordering::Equal,
            Self::Gt => found == Ordering::Greater,
            Self::Gte => found != Ordering::Less,
            Self::Lt => found == Ordering::Less,
            Self::Lte => found != Ordering::Greater,
            Self::In | Self::Contains | Self::StartsWith | Self::EndsWith => false,
        }
    }

    fn finds(self, found: &str, wanted: &[String]) -> bool {
        let any = |test: fn(&[u8], &[u8]) -> bool| {
            wanted
                .iter()
                .any(|entry| test(found.as_bytes(), entry.as_bytes()))
        };
        match self {
            Self::Eq | Self::In => any(<[u8]>::eq_ignore_ascii_case),
            Self::Neq => !any(<[u8]>::eq_ignore_ascii_case),
            Self::Contains => any(|found, entry| {
                found
                    .windows(entry.len().max(1))
                    .any(|part| part.eq_ignore_ascii_case(entry))
            }),
            Self::StartsWith => any(|found, entry| {
                found
                    .get(..entry.len())
                    .is_some_and(|start| start.eq_ignore_ascii_case(entry))
            }),
            Self::EndsWith => any(|found, entry| {
                found
                    .len()
                    .checked_sub(entry.len())
                    .and_then(|from| found.get(from..))
                    .is_some_and(|end| end.eq_ignore_ascii_case(entry))
            }),
            Self::Gt | Self::Gte | Self::Lt | Self::Lte => false,
        }
    }
}

fn four_digits(mcc: u16) -> [u8; 4] {
    let digit = |divisor: u16| {
        let digit = mcc.checked_div(divisor).unwrap_or(0).checked_rem(10);
        b'0'.saturating_add(u8::try_from(digit.unwrap_or(0)).unwrap_or(0))
    };
    [digit(1000), digit(100), digit(10), digit(1)]
}
