//! Balance configurations as validated: filters, scenarios and results. Every value here has passed
//! the checks of `documents`; evaluation may rely on them. Owns only types and the filter match.

use serde::{Deserialize, Serialize};

use crate::{
    AccountType, ConsiderName, Currency, EvaluationRequest, LimitName, ProcessingCode, ProgramId,
};

/// Whom a configuration is for. The most specific level that has an active configuration for the
/// processing code decides; levels are not merged.
///
/// The declaration order is a stored format: never reorder, only append.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// The whole organization.
    Tenant,
    /// One program.
    Program,
    /// One account. Known, but not accepted in files.
    Account,
}

/// One entry of `configs[]`: filters that select it and scenarios that it tries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Configuration {
    /// Name given by the operator.
    pub name: String,
    /// File it came from, relative to the configuration directory.
    pub file: String,
    /// Whom it is for.
    pub level: Level,
    /// The program, for level program.
    pub program: Option<ProgramId>,
    /// Whether it is evaluated; an inactive one is checked and kept only.
    pub is_active: bool,
    /// Which requests it matches.
    pub filters: Filters,
    /// What it tries, in the order of trying: custom by ascending order, then the default.
    pub scenarios: Vec<Scenario>,
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
    /// Whether a request passes every filter other than the processing code, which the index has
    /// already looked at.
    pub(crate) fn match_beyond_code(&self, request: &EvaluationRequest) -> bool {
        let account_type = self
            .account_type
            .is_none_or(|wanted| wanted == request.account_type);
        let currency = self
            .currency
            .is_none_or(|wanted| wanted == request.currency);
        let fewest = self
            .min_installments
            .is_none_or(|min| request.installments >= min);
        let most = self
            .max_installments
            .is_none_or(|max| request.installments <= max);
        let mcc = self
            .mcc
            .as_ref()
            .is_none_or(|wanted| request.mcc.is_some_and(|mcc| wanted.contains(&mcc)));
        account_type && currency && fewest && most && mcc
    }
}

/// A condition and what happens when it holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scenario {
    /// Position among the custom scenarios; lower is tried first.
    pub order: i32,
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
}

/// Which amount of the operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
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
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
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
