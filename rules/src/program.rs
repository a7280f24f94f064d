//! Programs: the card products that accounts belong to. Owns only the type; reading is in
//! `documents`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Currency, ProgramId};

/// A card product.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Program {
    /// Number of the program, unique.
    pub id: ProgramId,
    /// Name, at most 50 characters.
    pub name: String,
    /// Whose money is spent.
    pub kind: ProgramKind,
    /// Currency of its accounts.
    pub currency: Currency,
    /// What happens to amounts in other currencies.
    pub currency_conversion: CurrencyConversion,
    /// What the limits of its accounts must keep to.
    pub credit_limits: ProgramLimits,
}

/// What happens to an amount in another currency than the program's, where the message does not
/// carry it in the program's own.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum CurrencyConversion {
    /// It is declined.
    #[default]
    Refuse,
    /// It is converted by the exchange rates of the organization.
    Convert,
}

/// What the limits of a credit program's accounts must keep to, in minor units of its currency.
/// `None`: nothing is asked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ProgramLimits {
    /// Least total credit limit of an account.
    pub minimum_credit_limit: Option<i64>,
    /// Highest maximum credit limit of an account.
    pub maximum_credit_limit: Option<i64>,
    /// Highest instalment limit of an account.
    pub maximum_installment_limit: Option<i64>,
    /// The cash limit of an account as a part of its total credit limit, in hundredths of a percent.
    pub withdrawal_limit_percentage_hundredths: Option<i64>,
    /// Most that the maximum credit limits of all accounts may add up to (program limit).
    pub global_credit_limit: Option<i64>,
}

/// Whose money is spent.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum ProgramKind {
    /// The issuer's, up to a limit.
    Credit,
    /// The holder's, on an account with an optional overdraft.
    Debit,
    /// The holder's, loaded beforehand.
    Prepaid,
}
