//! Balance configurations as validated: filters, scenarios and results. Every value here has passed
//! the checks of `documents`; evaluation may rely on them. Owns only types and the filter match.

use std::ops::RangeInclusive;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    AccountId, AccountType, ConsiderName, Currency, EvaluationRequest, LimitName, ProcessingCode,
    ProgramId, Target,
};

/// Whom a configuration is for. The most specific level that has an active configuration for the
/// processing code decides; levels are not merged.
///
/// The declaration order is a stored format: never reorder, only append.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// The whole organization.
    Tenant,
    /// One program.
    Program,
    /// One account.
    Account,
}

/// One entry of `configs[]`: filters that select it and scenarios that it tries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Configuration {
    /// Name given by the operator.
    pub name: String,
    /// File it came from, relative to the configuration directory.
    pub file: String,
    /// Line of the file where it begins.
    pub line: u32,
    /// Its key in the file, such as `configs[3]`.
    pub key: String,
    /// Whom it is for.
    pub level: Level,
    /// The program, for level program.
    pub program: Option<ProgramId>,
    /// The account, for level account.
    pub account: Option<AccountId>,
    /// `global_configs.impact_parent_accounts`: the parent accounts move by the same amounts.
    pub impact_parent_accounts: bool,
    /// Whether it is evaluated; an inactive one is checked and kept only.
    pub is_active: bool,
    /// Which requests it matches.
    pub filters: Filters,
    /// The template its filters come from; `None` when they are its own.
    pub filter_template: Option<FilterTemplateReference>,
    /// What it tries, in the order of trying: custom by ascending order, then the default.
    pub scenarios: Vec<Scenario>,
}

impl Configuration {
    /// Whom it is for, as a key.
    pub fn target(&self) -> Target {
        match (self.account, self.program) {
            (Some(account), _) => Target::Account(account),
            (None, Some(program)) => Target::Program(program),
            (None, None) => Target::Tenant,
        }
    }
}

/// The filter template that a configuration was compiled with.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct FilterTemplateReference {
    /// Name of the template.
    pub id: String,
    /// Version in force: the highest there is.
    pub version: u32,
}

/// Which requests a configuration matches. An absent filter matches everything.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Filters {
    /// Codes of the table, at least one.
    pub processing_codes: Vec<ProcessingCode>,
    /// Fewest instalments, inclusive.
    pub min_installments: Option<u8>,
    /// Most instalments, inclusive.
    pub max_installments: Option<u8>,
    /// Merchant category codes.
    pub mcc: Option<Vec<u16>>,
    /// Account type of the message.
    pub account_type: Option<AccountType>,
    /// Currency of the operation.
    pub currency: Option<Currency>,
}

impl Filters {
    /// The first filter other than the processing code that a request does not pass, in the order
    /// in which filters outrank each other; `None` when it passes all.
    pub(crate) fn failing(&self, request: &EvaluationRequest) -> Option<Dimension> {
        let passes = |dimension: Dimension| match dimension {
            Dimension::AccountType => self
                .account_type
                .is_none_or(|wanted| wanted == request.account_type),
            Dimension::Installments => self.installments().contains(&request.installments),
            Dimension::Mcc => self
                .mcc
                .as_ref()
                .is_none_or(|wanted| request.mcc.is_some_and(|mcc| wanted.contains(&mcc))),
            Dimension::Currency => self
                .currency
                .is_none_or(|wanted| wanted == request.currency),
        };
        Dimension::ALL
            .into_iter()
            .find(|dimension| !passes(*dimension))
    }

    /// The numbers of instalments that pass.
    pub(crate) fn installments(&self) -> RangeInclusive<u8> {
        self.min_installments.unwrap_or(0)..=self.max_installments.unwrap_or(u8::MAX)
    }

    /// What a dimension must be, in words.
    pub(crate) fn wanted(&self, dimension: Dimension) -> String {
        let any = || "any".to_owned();
        match dimension {
            Dimension::AccountType => self
                .account_type
                .map_or_else(any, |wanted| wanted.code().to_owned()),
            Dimension::Installments => match (self.min_installments, self.max_installments) {
                (None, None) => any(),
                (Some(min), None) => format!("{min} or more"),
                (None, Some(max)) => format!("at most {max}"),
                (Some(min), Some(max)) => format!("{min} to {max}"),
            },
            Dimension::Mcc => self.mcc.as_ref().map_or_else(any, |list| {
                let codes: Vec<String> = list.iter().map(|mcc| format!("{mcc:04}")).collect();
                codes.join(" or ")
            }),
            Dimension::Currency => self.currency.map_or_else(any, |wanted| wanted.to_string()),
        }
    }

    /// Whether a dimension is filtered at all.
    pub(crate) fn constrains(&self, dimension: Dimension) -> bool {
        match dimension {
            Dimension::AccountType => self.account_type.is_some(),
            Dimension::Installments => {
                self.min_installments.is_some() || self.max_installments.is_some()
            }
            Dimension::Mcc => self.mcc.is_some(),
            Dimension::Currency => self.currency.is_some(),
        }
    }
}

/// What filters look at beside the processing code, in the order in which they outrank each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Dimension {
    /// Account type of the message.
    AccountType,
    /// Number of instalments.
    Installments,
    /// Merchant category code.
    Mcc,
    /// Currency of the operation.
    Currency,
}

impl Dimension {
    /// All, in order of rank.
    pub const ALL: [Self; 4] = [
        Self::AccountType,
        Self::Installments,
        Self::Mcc,
        Self::Currency,
    ];

    /// The name in text.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::AccountType => "account type",
            Self::Installments => "instalments",
            Self::Mcc => "MCC",
            Self::Currency => "currency",
        }
    }
}

/// A condition and what happens when it holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scenario {
    /// Position among the custom scenarios; lower is tried first.
    pub order: i32,
    /// Line of the file where it begins.
    pub line: u32,
    /// Its key in the file, such as `configs[3].scenarios[0]`.
    pub key: String,
    /// Whether and how funds are checked.
    pub kind: ScenarioKind,
    /// What is considered and moved.
    pub result: ScenarioResult,
}

/// Whether and how a scenario checks funds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ScenarioKind {
    /// Holds when the considered limits cover the amount and no limit falls below its floor.
    Custom {
        /// `amount_to_check_balance`.
        amount_to_check: Amount,
    },
    /// Holds at once, unless it enforces funds.
    Default {
        /// `enforce_funds`: check the considered sum and the floors as well.
        enforce_funds: bool,
    },
}

/// What a scenario considers and moves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScenarioResult {
    /// The amount that moves the limits.
    pub amount: Amount,
    /// Limits moved in the direction of the operation.
    pub impact: Vec<LimitName>,
    /// Limits summed for the check. `None`: those of `impact`. Empty: no sum check.
    pub consider: Option<Vec<ConsiderName>>,
    /// A further amount that the considered sum must cover.
    pub amount_consider: Option<Amount>,
    /// Limits moved against the direction of the operation.
    pub opposite_impact: Vec<LimitName>,
    /// Whether limits may fall below their floors.
    pub may_go_negative: bool,
    /// When the consumed limit comes back.
    pub reset_limit: Option<ResetLimit>,
    /// What moves at the confirmation of a dual message, where it differs.
    pub confirmation: Option<Confirmation>,
    /// The account that moves instead of the request's; level account only.
    pub impact_account: Option<ImpactAccount>,
    /// The account that moves the other way; level account only.
    pub counterpart_account: Option<CounterpartAccount>,
}

/// A related account that moves instead of the request's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImpactAccount {
    /// The account.
    pub account_id: AccountId,
    /// Its holder, where given.
    pub customer_id: Option<u64>,
}

/// A related account that moves by the same amounts in the other direction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CounterpartAccount {
    /// The account.
    pub account_id: AccountId,
    /// The code under which it moves, of the opposite direction.
    pub processing_code: ProcessingCode,
}

/// Which amount of the operation.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
pub enum Amount {
    /// Without interest and fees.
    #[serde(rename = "principal_amount")]
    Principal,
    /// With interest and fees.
    #[serde(rename = "contract_amount")]
    Contract,
    /// One instalment.
    #[serde(rename = "installment_amount")]
    Installment,
}

impl Amount {
    /// The amount of a request, in minor units.
    pub(crate) fn of(self, request: &EvaluationRequest) -> i64 {
        match self {
            Self::Principal => request.principal_minor,
            Self::Contract => request.contract_minor,
            Self::Installment => request.installment_minor,
        }
    }
}

/// When a consumed limit comes back.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum ResetLimit {
    /// Never.
    Never,
    /// When the bill is paid.
    Payment,
    /// After the last instalment is paid.
    LastInstallment,
}

/// What moves at the confirmation of a dual message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Confirmation {
    /// Limits moved in the direction of the operation.
    pub impact: Vec<LimitName>,
    /// Limits moved against it.
    pub opposite_impact: Vec<LimitName>,
}
