//! Processing codes: what an operation is, which way money moves, and which transaction types it
//! and its reversal post. Owns only the types; reading is in `documents`.

use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::ProcessingCode;
use crate::text::serde_as_text;

/// One operation of the table of processing codes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProcessingCodeEntry {
    /// The code; two digits are DE3 positions 1-2.
    pub code: ProcessingCode,
    /// What it is, in words, at most 50 characters.
    pub description: String,
    /// What sort of operation it is.
    pub kind: OperationKind,
    /// Which way money moves.
    pub balance_impact: BalanceImpact,
    /// The code that undoes it; none for operations that move nothing.
    pub reversal_processing_code: Option<ProcessingCode>,
    /// The code that undoes a part of it; where the documents name none, the reversal code.
    pub partial_reversal_processing_code: Option<ProcessingCode>,
    /// The code whose configurations decide the cash part of the amount; only of a purchase with
    /// cashback. Without it the whole amount is decided as one.
    pub cashback_processing_code: Option<ProcessingCode>,
    /// The transaction types an operation posts, one per amount.
    pub transaction_types: Vec<TransactionTypeLink>,
    /// The transaction types its reversal posts, of the opposite sign.
    pub reversal_transaction_types: Vec<TransactionTypeLink>,
}

/// A code under which operations are undone. Never comes from DE3.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReversalCode {
    /// The code, 3 to 6 characters.
    pub code: ProcessingCode,
    /// What it is, in words, at most 50 characters.
    pub description: String,
    /// Opposite of that of every code it undoes.
    pub balance_impact: BalanceImpact,
}

/// What sort of operation a code stands for.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum OperationKind {
    /// Goods and services.
    Purchase,
    /// Cash withdrawal or advance.
    Cash,
    /// Goods and services with cash handed out.
    PurchaseWithCashback,
    /// Money back to the holder.
    Refund,
    /// Shows balances, moves nothing.
    BalanceInquiry,
    /// Anything else.
    Other,
    /// What is as good as cash: chips, money orders, foreign currency.
    QuasiCash,
    /// Money drawn from the account to fund another.
    AccountFunding,
    /// Money paid in by the holder.
    Deposit,
    /// Money sent to the account by somebody else.
    OriginalCredit,
    /// Asks whether the account is good, moves nothing.
    AccountVerification,
}

/// Which way money moves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum BalanceImpact {
    /// -1: out of the account.
    Debit,
    /// 0: nothing moves.
    None,
    /// +1: into the account.
    Credit,
}

impl BalanceImpact {
    /// The other way round.
    #[must_use]
    pub fn opposite(self) -> Self {
        match self {
            Self::Debit => Self::Credit,
            Self::None => Self::None,
            Self::Credit => Self::Debit,
        }
    }

    /// -1, 0 or 1.
    pub fn sign(self) -> i64 {
        match self {
            Self::Debit => -1,
            Self::None => 0,
            Self::Credit => 1,
        }
    }

    /// From -1, 0 or 1.
    pub fn from_sign(sign: i64) -> Option<Self> {
        match sign {
            -1 => Some(Self::Debit),
            0 => Some(Self::None),
            1 => Some(Self::Credit),
            _ => None,
        }
    }
}

/// A transaction type that an operation posts, and the amount it takes (transaction flow).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TransactionTypeLink {
    /// Number of the transaction type, from 1.
    pub transaction_type_id: u32,
    /// What the statement says, at most 30 characters.
    pub description: String,
    /// Whether it adds to the account.
    pub credit: bool,
    /// Which amount is posted.
    pub key: AmountKey,
    /// The custom amount that it posts; set where `key` is [`AmountKey::Other`], and only there.
    pub custom_key: Option<CustomKey>,
}

/// Which amount of an operation a transaction type posts.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum AmountKey {
    /// Without interest and fees.
    Principal,
    /// One instalment.
    Installment,
    /// With interest and fees.
    Contract,
    /// A custom amount, which has a name of its own.
    Other,
}

impl AmountKey {
    /// The name in documents, events and answers.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Principal => "PRINCIPAL",
            Self::Installment => "INSTALLMENT",
            Self::Contract => "CONTRACT",
            Self::Other => "OTHER",
        }
    }
}

/// The name of a custom amount: 1 to 200 characters, none of them a control character or a blank at an end.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CustomKey(Box<str>);

impl CustomKey {
    /// Most characters of one.
    const CHARACTERS: usize = 200;
    /// The fee of the acquirer that the account bears (DE28, or that of a clearing): beside the principal, within the
    /// contract amount.
    pub const TRANSACTION_FEE: &'static str = "transaction_fee";
    /// The processing fee of the acquirer (DE30). The account bears it only under codes that post it: it is then
    /// beside the principal, within the contract amount.
    pub const PROCESSING_FEE: &'static str = "transaction_processing_fee";
    /// The cash of a purchase with cashback that is decided as one (DE54 amount type 40): within the principal.
    pub const CASHBACK: &'static str = "cashback";

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether the amount of this name is a part of the principal: what it posts is taken out of what the principal
    /// posts. Others stand beside the principal, and within the contract amount.
    #[must_use]
    pub fn is_within_principal(&self) -> bool {
        self.as_str() == Self::CASHBACK
    }
}

impl FromStr for CustomKey {
    type Err = InvalidCustomKey;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let length = text.chars().count();
        let is_plain = text.trim() == text && !text.chars().any(char::is_control);
        let good = is_plain && (1..=Self::CHARACTERS).contains(&length);
        good.then(|| Self(text.into())).ok_or(InvalidCustomKey)
    }
}

impl fmt::Display for CustomKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

serde_as_text!(
    CustomKey,
    "a custom key of 1 to 200 characters",
    "^.{1,200}$"
);

/// The text is no custom key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a custom key is 1 to 200 characters without control characters and blanks at its ends")]
pub struct InvalidCustomKey;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn custom_keys_are_short_and_plain() {
        let longest = "é".repeat(200);
        for good in ["transaction_fee", "a b", "x", &longest] {
            assert_eq!(good.parse::<CustomKey>().unwrap().as_str(), good);
        }
        let longer = "x".repeat(201);
        for bad in ["", " ", " a", "a ", "a\nb", &longer] {
            assert_eq!(bad.parse::<CustomKey>(), Err(InvalidCustomKey), "{bad:?}");
        }
    }
}
