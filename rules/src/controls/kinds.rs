//! What flex controls are: whom they are for, their types, which way they deny, what they count by. Owns
//! only types.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::names::{CardHash, CustomerId};
use crate::{AccountId, ProgramId};

/// Whom a control is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ControlTarget {
    /// Every account of a program.
    Program(ProgramId),
    /// One account.
    Account(AccountId),
    /// One customer, in the operations on one account.
    Customer {
        /// The customer.
        customer: CustomerId,
        /// The account.
        account: AccountId,
    },
    /// One card.
    Card(CardHash),
}

/// The level of a control, the broadest first.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum ControlLevel {
    /// A program.
    Program,
    /// An account.
    Account,
    /// A customer.
    Customer,
    /// A card.
    Card,
}

impl ControlTarget {
    /// Its level.
    pub fn level(self) -> ControlLevel {
        match self {
            Self::Program(_) => ControlLevel::Program,
            Self::Account(_) => ControlLevel::Account,
            Self::Customer { .. } => ControlLevel::Customer,
            Self::Card(_) => ControlLevel::Card,
        }
    }
}

impl fmt::Display for ControlTarget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Program(id) => write!(f, "program {id}"),
            Self::Account(id) => write!(f, "account {id}"),
            Self::Customer { customer, account } => {
                write!(f, "customer {customer} on account {account}")
            }
            Self::Card(hash) => write!(f, "card {hash}"),
        }
    }
}

/// What a control is. It never changes.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum ControlKind {
    /// Denies by its conditions alone.
    Restriction,
    /// Counts the amounts of approved operations.
    SpendingLimit,
    /// Counts approved operations.
    UsageLimit,
    /// Counts both, until the holder is authenticated.
    CumulativeLimit,
}

impl ControlKind {
    /// The name in files.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Restriction => "restriction",
            Self::SpendingLimit => "spending_limit",
            Self::UsageLimit => "usage_limit",
            Self::CumulativeLimit => "cumulative_limit",
        }
    }
}

/// Which way a restriction denies.
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
pub enum ControlEffect {
    /// When all its conditions are met.
    #[default]
    DenyWhenMet,
    /// Unless all its conditions are met.
    DenyUnlessMet,
}

/// Whose operations a control of a program or an account counts together.
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
pub enum CountedPer {
    /// Those of each account.
    #[default]
    Account,
    /// Those of each card.
    Card,
}
