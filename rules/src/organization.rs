//! What the organization itself defines: its name, and the statuses of accounts with the operations
//! they allow. Owns only types; reading is in `documents`.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::BalanceImpact;

/// The organization.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Organization {
    /// Its name; `None` where no document gives one.
    pub name: Option<String>,
    pub(crate) account_statuses: BTreeMap<String, AccountStatusRule>,
    pub(crate) status_reasons: BTreeMap<u32, StatusReason>,
}

impl Default for Organization {
    /// Without a document: the predefined statuses, no reason.
    fn default() -> Self {
        let predefined = PREDEFINED.map(|(name, allowed_operations, is_final)| {
            let rule = AccountStatusRule {
                name: name.to_owned(),
                allowed_operations,
                is_final,
                is_active: true,
            };
            (name.to_owned(), rule)
        });
        Self {
            name: None,
            account_statuses: BTreeMap::from(predefined),
            status_reasons: BTreeMap::new(),
        }
    }
}

impl Organization {
    /// All statuses that an account can have, by name, predefined ones too.
    pub fn account_statuses(&self) -> impl Iterator<Item = &AccountStatusRule> {
        self.account_statuses.values()
    }

    /// All reasons for a status, by number.
    pub fn status_reasons(&self) -> impl Iterator<Item = &StatusReason> {
        self.status_reasons.values()
    }
}

/// The statuses that every organization has: name, allowed operations, whether final.
pub(crate) const PREDEFINED: [(&str, AllowedOperations, bool); 5] = [
    ("NORMAL", AllowedOperations::AllOperations, false),
    ("BLOCKED", AllowedOperations::CreditOnly, false),
    ("DEBIT_ONLY", AllowedOperations::DebitOnly, false),
    ("CANCELLED", AllowedOperations::NoOperations, true),
    // Migrated, before its go-live.
    ("STAND-BY", AllowedOperations::NoOperations, false),
];

/// A status that an account can have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccountStatusRule {
    /// Name, unique.
    pub name: String,
    /// What an account with this status may do.
    pub allowed_operations: AllowedOperations,
    /// Whether it is the last: it can only be rolled back.
    pub is_final: bool,
    /// Whether an account may be given it. An account that has it keeps it.
    pub is_active: bool,
}

/// Why an account has a status.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatusReason {
    /// Number, unique.
    pub id: u32,
    /// Name, at most 60 characters.
    pub name: String,
    /// What it means, at most 80 characters.
    pub description: String,
    /// What an account may do with it, beside what its status says; the stricter counts.
    pub allowed_operations: Option<AllowedOperations>,
    /// Whether it may be given.
    pub is_active: bool,
}

/// Which operations are allowed, by the way money moves.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum AllowedOperations {
    /// Into the account and out of it.
    AllOperations,
    /// Into the account.
    CreditOnly,
    /// Out of the account.
    DebitOnly,
    /// None.
    NoOperations,
}

impl AllowedOperations {
    /// Whether an operation of this direction is allowed. One that moves nothing is allowed where
    /// credits are: an inquiry or a verification tells the other side that money can reach the account,
    /// so it is refused exactly where a credit would be.
    pub fn allows(self, impact: BalanceImpact) -> bool {
        match impact {
            BalanceImpact::Debit => self.allows_debits(),
            BalanceImpact::None | BalanceImpact::Credit => self.allows_credits(),
        }
    }

    /// What both allow.
    #[must_use]
    pub fn stricter(self, other: Self) -> Self {
        let credits = self.allows_credits() && other.allows_credits();
        let debits = self.allows_debits() && other.allows_debits();
        match (credits, debits) {
            (true, true) => Self::AllOperations,
            (true, false) => Self::CreditOnly,
            (false, true) => Self::DebitOnly,
            (false, false) => Self::NoOperations,
        }
    }

    fn allows_credits(self) -> bool {
        matches!(self, Self::AllOperations | Self::CreditOnly)
    }

    fn allows_debits(self) -> bool {
        matches!(self, Self::AllOperations | Self::DebitOnly)
    }
}

#[cfg(test)]
mod tests {
    use super::AllowedOperations::{AllOperations, CreditOnly, DebitOnly, NoOperations};
    use super::*;

    const ALL: [AllowedOperations; 4] = [AllOperations, CreditOnly, DebitOnly, NoOperations];

    #[test]
    fn what_is_allowed() {
        let table = [
            (AllOperations, [true, true, true]),
            (CreditOnly, [false, true, true]),
            (DebitOnly, [true, false, false]),
            (NoOperations, [false, false, false]),
        ];
        let impacts = [
            BalanceImpact::Debit,
            BalanceImpact::None,
            BalanceImpact::Credit,
        ];
        for (allowed, expected) in table {
            assert_eq!(
                impacts.map(|impact| allowed.allows(impact)),
                expected,
                "{allowed:?}"
            );
        }
    }

    #[test]
    fn the_stricter_allows_what_both_allow() {
        let impacts = [BalanceImpact::Debit, BalanceImpact::Credit];
        for one in ALL {
            for other in ALL {
                let both = one.stricter(other);
                for impact in impacts {
                    let allowed = one.allows(impact) && other.allows(impact);
                    assert_eq!(both.allows(impact), allowed, "{one:?} {other:?}");
                }
            }
        }
    }
}
