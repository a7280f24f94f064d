//! Transactions: what is posted, and which amount of an operation it is.
//!
//! Owns: the type, direction and amount of a transaction, the amount key that it was posted for, and what only few
//! have: the place in an instalment plan, or the name of a custom amount. Layouts here are parts of the payloads of
//! journal records. Must never: grow for what most transactions do not have; holds keep theirs in memory.

use std::fmt;

use rules::{AccountId, AmountKey, CustomKey, ProcessingCode};
use serde::{Deserialize, Serialize};

use crate::identifiers::Date;

/// A transaction that is posted when an authorization is cleared, or that undoes one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlannedPosting {
    /// The account it is posted on.
    pub account: AccountId,
    /// The processing code it is posted under.
    pub processing_code: ProcessingCode,
    /// Type, direction, amount for the whole of the part.
    pub posting: Posting,
}

impl PlannedPosting {
    /// Whether both are posted on one account in one direction.
    pub(super) fn goes_with(&self, other: &Self) -> bool {
        (self.account, self.posting.credit) == (other.account, other.posting.credit)
    }

    /// Whether both are the same transaction but for the amount and the day on which it is due.
    pub(crate) fn is_like(&self, other: &Self) -> bool {
        let of = |planned: &Self| (planned.account, planned.processing_code);
        of(self) == of(other) && self.posting.is_like(&other.posting)
    }

    /// The same with another amount.
    pub(crate) fn with_amount(&self, amount_minor: i64) -> Self {
        Self {
            posting: Posting {
                amount_minor,
                ..self.posting.clone()
            },
            ..*self
        }
    }
}

/// What a transaction posts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Posting {
    /// Transaction type of the processing code's flow.
    pub transaction_type_id: u32,
    /// Whether it credits the account.
    pub credit: bool,
    /// Amount, minor units of the account's currency.
    pub amount_minor: i64,
    /// Which amount of the operation it is; `None` where it was recorded before this was.
    pub key: Option<AmountKey>,
    /// What only few have.
    pub detail: Option<Box<PostingDetail>>,
}

/// What only few transactions have.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum PostingDetail {
    /// It is one instalment of a plan.
    Installment(Installment),
    /// It is a custom amount; the key is [`AmountKey::Other`].
    Custom(CustomKey),
}

/// One instalment of a plan of several.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Installment {
    /// Its number, from 1.
    pub number: u8,
    /// How many there are, at least 2.
    pub of: u8,
    /// When it is due: the first on the day of the operation, the others on the same day of the months after, or on
    /// the last day of a month that is shorter. UTC. `None` outside the years 1 to 9999.
    pub due: Option<Date>,
}

impl fmt::Display for Installment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "instalment {} of {}", self.number, self.of)?;
        match self.due {
            Some(due) => write!(f, ", due {due}"),
            None => Ok(()),
        }
    }
}

impl Posting {
    /// The instalment that it is, where it is one.
    #[must_use]
    pub fn installment(&self) -> Option<Installment> {
        match self.detail.as_deref() {
            Some(PostingDetail::Installment(installment)) => Some(*installment),
            Some(PostingDetail::Custom(_)) | None => None,
        }
    }

    /// The name of the custom amount that it is, where it is one.
    #[must_use]
    pub fn custom_key(&self) -> Option<&CustomKey> {
        match self.detail.as_deref() {
            Some(PostingDetail::Custom(key)) => Some(key),
            Some(PostingDetail::Installment(_)) | None => None,
        }
    }

    fn is_like(&self, other: &Self) -> bool {
        let of = |posting: &Self| {
            let place = posting.installment();
            let place = place.map(|installment| (installment.number, installment.of));
            (
                posting.transaction_type_id,
                posting.credit,
                posting.key,
                place,
            )
        };
        of(self) == of(other) && self.custom_key() == other.custom_key()
    }

    /// Makes it what was recorded before records said which amount it is.
    pub(crate) fn forget_key(&mut self) {
        (self.key, self.detail) = (None, None);
    }
}

/// A custom amount of an operation.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct CustomAmount {
    /// Its name.
    pub key: CustomKey,
    /// Minor units of the account's currency. Positive.
    pub amount_minor: i64,
}
