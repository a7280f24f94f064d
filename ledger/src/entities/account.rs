//! Accounts: the limits that authorizations move, and what a status allows.
//!
//! Owns: the account as the books keep it and its status. Statuses beyond the predefined ones are data of
//! the organization (reference authorization-api 14.1). Must never: move a limit; that is done by records.

use std::fmt;
use std::str::FromStr;

use rules::{
    AccountId, AllowedOperations, Currency, Deltas, LimitName, Limits, ProgramId, Snapshot,
};
use serde::{Deserialize, Serialize};

use crate::identifiers::{CustomerId, GroupId, RecordId};

/// Status of an account, by name: one of the predefined ones or one that the organization defines.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum AccountStatus {
    /// Debits and credits.
    Normal,
    /// Credits only; temporary.
    Blocked,
    /// Nothing; final.
    Cancelled,
    /// Migrated, before go-live: nothing.
    StandBy,
    /// Debits only.
    DebitOnly,
    /// One that the organization defines.
    Defined(Box<str>),
}

/// A text that cannot be the name of a status.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a status is 1 to 40 capital letters, underscores or hyphens, such as NORMAL")]
pub struct InvalidAccountStatus;

impl AccountStatus {
    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::Normal => "NORMAL",
            Self::Blocked => "BLOCKED",
            Self::Cancelled => "CANCELLED",
            Self::StandBy => "STAND-BY",
            Self::DebitOnly => "DEBIT_ONLY",
            Self::Defined(name) => name,
        }
    }

    /// What it allows. A status that the rules do not know allows nothing.
    #[must_use]
    pub fn allowed_operations(&self, rules: &Snapshot) -> AllowedOperations {
        match self {
            Self::Normal => AllowedOperations::AllOperations,
            Self::Blocked => AllowedOperations::CreditOnly,
            Self::DebitOnly => AllowedOperations::DebitOnly,
            Self::Cancelled | Self::StandBy => AllowedOperations::NoOperations,
            Self::Defined(name) => rules
                .account_status(name)
                .map_or(AllowedOperations::NoOperations, |status| {
                    status.allowed_operations
                }),
        }
    }
}

impl FromStr for AccountStatus {
    type Err = InvalidAccountStatus;

    fn from_str(name: &str) -> Result<Self, InvalidAccountStatus> {
        let known = [
            Self::Normal,
            Self::Blocked,
            Self::Cancelled,
            Self::StandBy,
            Self::DebitOnly,
        ];
        if let Some(known) = known.into_iter().find(|known| known.as_str() == name) {
            return Ok(known);
        }
        let letters = name
            .bytes()
            .all(|byte| byte.is_ascii_uppercase() || matches!(byte, b'_' | b'-'));
        if letters && (1..=40).contains(&name.len()) {
            Ok(Self::Defined(name.into()))
        } else {
            Err(InvalidAccountStatus)
        }
    }
}

impl TryFrom<String> for AccountStatus {
    type Error = InvalidAccountStatus;

    fn try_from(name: String) -> Result<Self, InvalidAccountStatus> {
        name.parse()
    }
}

impl From<AccountStatus> for String {
    fn from(status: AccountStatus) -> Self {
        status.as_str().to_owned()
    }
}

impl fmt::Display for AccountStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// An account with its limits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Account {
    /// Names it.
    pub id: AccountId,
    /// The program that makes it a credit, debit or prepaid account.
    pub program: ProgramId,
    /// The customer that owns it; never changes.
    pub owner: CustomerId,
    /// Its other customers, in the order in which they joined.
    pub holders: Vec<CustomerId>,
    /// The account above it in the same group, if it has one; never changes.
    pub parent: Option<AccountId>,
    /// The unit it is sharded by; never changes.
    pub group: GroupId,
    /// Status.
    pub status: AccountStatus,
    /// Why it has the status: a reason of the organization, which may allow less than the status does.
    pub status_reason: Option<u32>,
    /// Currency of its limits.
    pub currency: Currency,
    /// Limits, in minor units of the currency.
    pub limits: Limits,
    /// What the limits that move were opened with: with the deltas of its records it gives what they are.
    /// `None` where the books do not know any more, and in the memory that deciding uses.
    pub opening: Option<Box<Deltas>>,
    /// Sum of the deltas of approved authorizations that are neither cleared nor reversed.
    pub pending: Deltas,
    /// The newest message decided on this account: start of the chain that
    /// [`previous`](crate::authorization::AccountMove::previous) continues.
    pub latest: Option<RecordId>,
    /// The newest record this state includes. A record at or before it is not applied again.
    pub reflects: RecordId,
}

impl Account {
    /// The account as memory keeps it for deciding: what it was opened with is for readers of the books.
    #[must_use]
    pub fn for_deciding(self) -> Self {
        Self {
            opening: None,
            ..self
        }
    }

    /// What the limits that move are; `None` when one is not a move that could have been made.
    #[must_use]
    pub fn movable(&self) -> Option<Deltas> {
        let mut movable = Deltas::NONE;
        for limit in LimitName::ALL {
            if !movable.set(limit, self.limits.get(limit)) {
                return None;
            }
        }
        Some(movable)
    }

    /// Balance as posted: what may be spent of the account's own, pending authorizations not counted
    /// (DE54 amount type 01), minor units.
    #[must_use]
    pub fn ledger_balance(&self) -> i64 {
        let pending = self.pending.get(LimitName::AvailableCreditLimit);
        self.limits.available_credit_limit.saturating_sub(pending)
    }

    /// What may be spent now: available credit limit or balance, savings and overdraft
    /// (DE54 amount type 02), minor units.
    #[must_use]
    pub fn available_balance(&self) -> i64 {
        self.limits
            .available_credit_limit
            .saturating_add(self.limits.available_savings_account_limit)
            .saturating_add(self.limits.total_overdraft_limit)
    }
}
