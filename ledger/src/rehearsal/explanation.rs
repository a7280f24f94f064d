//! What an explanation says.
//!
//! Owns: its shape. Amounts are minor units. Must never: hold a card number, or anything that the records do not.

use rules::{ControlsTrace, Reason, ResponseCode, RulesVersion, Trace};
use serde::Serialize;

use crate::authorization::{Decision, StandInReason};
use crate::identifiers::{BusinessDate, RecordId, Timestamp};

/// How a decision comes out, step by step.
#[derive(Clone, Debug)]
pub struct Explanation {
    /// The record of the decision.
    pub id: RecordId,
    /// When it was made.
    pub time: Timestamp,
    /// The business day of the network that its message came in; `None` where the network had begun none.
    pub business_date: Option<BusinessDate>,
    /// The rules that it is explained under.
    pub rules: RulesVersion,
    /// Why the network decided in the switch's stead, where it did and says so.
    pub stand_in_reason: Option<StandInReason>,
    /// The checks in their order of precedence.
    pub steps: Vec<Step>,
    /// What the flex controls looked at, if it came that far.
    pub controls: Option<ControlsTrace>,
    /// What the balance configurations were asked, if it came that far.
    pub evaluations: Vec<(Part, Trace)>,
    /// What comes out.
    pub decision: Decision,
    /// Why it is declined.
    pub reason: Option<Reason>,
    /// DE39 of the answer.
    pub response_code: ResponseCode,
    /// Whether all of it is what was recorded.
    pub as_recorded: bool,
}

/// What a step looks at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Check {
    /// Other messages under the same key.
    MatchKey,
    /// Whether the card is known.
    Card,
    /// The status of the card.
    CardStatus,
    /// The expiry of the card, and that of the message.
    CardExpiry,
    /// The account that the card and the account type lead to.
    Account,
    /// The status of the account, and its reason.
    AccountStatus,
    /// The authorization options.
    Options,
    /// The processing code after all mapping.
    ProcessingCode,
    /// Amounts and currencies.
    Amount,
    /// The flex controls.
    Controls,
    /// The balance configuration.
    BalanceConfiguration,
    /// Whether the limits cover it.
    Limits,
}

impl Check {
    /// Every check, in order of precedence (DESIGN section 5).
    pub const ALL: [Self; 12] = [
        Self::MatchKey,
        Self::Card,
        Self::CardStatus,
        Self::CardExpiry,
        Self::Account,
        Self::AccountStatus,
        Self::Options,
        Self::ProcessingCode,
        Self::Amount,
        Self::Controls,
        Self::BalanceConfiguration,
        Self::Limits,
    ];

    /// Whether it is made before another.
    #[must_use]
    pub fn comes_before(self, other: Self) -> bool {
        let place = |check| Self::ALL.iter().position(|found| *found == check);
        place(self) < place(other)
    }

    /// Its name for people.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::MatchKey => "match key",
            Self::Card => "card",
            Self::CardStatus => "card status",
            Self::CardExpiry => "card expiry",
            Self::Account => "account",
            Self::AccountStatus => "account status",
            Self::Options => "authorization options",
            Self::ProcessingCode => "processing code",
            Self::Amount => "amount",
            Self::Controls => "flex controls",
            Self::BalanceConfiguration => "balance configuration",
            Self::Limits => "limits",
        }
    }

    /// The check that gives a reason; `None` for those that are found before the ledger is asked.
    #[must_use]
    pub fn that_gives(reason: Reason) -> Option<Self> {
        Some(match reason {
            Reason::MatchConflict | Reason::ReversedBeforeArrival => Self::MatchKey,
            Reason::UnknownCard => Self::Card,
            Reason::CardLost | Reason::CardStolen | Reason::CardCanceled | Reason::CardBlocked => {
                Self::CardStatus
            }
            Reason::CardExpired | Reason::ExpiryMismatch => Self::CardExpiry,
            Reason::CardModeUnavailable => Self::Account,
            Reason::AccountStatus => Self::AccountStatus,
            Reason::AuthorizationsDenied => Self::Options,
            Reason::UnknownProcessingCode => Self::ProcessingCode,
            Reason::CurrencyNotSupported | Reason::InvalidAmount => Self::Amount,
            Reason::ControlDenied => Self::Controls,
            Reason::NoConfiguration => Self::BalanceConfiguration,
            Reason::InsufficientFunds
            | Reason::CashLimitExceeded
            | Reason::CashbackNotAvailable => Self::Limits,
            Reason::FormatError
            | Reason::NotPermitted
            | Reason::SignOnRequired
            | Reason::Overloaded
            | Reason::DeadlinePassed
            | Reason::SystemMalfunction
            | Reason::UnknownOriginal
            | Reason::OriginalAmountMismatch
            | Reason::DeclinedByNetwork
            | Reason::FileActionNotSupported
            | Reason::FileRecordNotFound
            | Reason::FileActionRefused
            | Reason::KeyExchangeRefused => return None,
        })
    }
}

/// How a check ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Finding {
    /// It let the operation pass.
    Passed,
    /// It decided.
    Failed(Reason),
    /// An earlier one had decided.
    NotReached,
}

/// One check.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Step {
    /// What it looks at.
    pub check: Check,
    /// The values that it sees.
    pub seen: String,
    /// How it ended.
    pub finding: Finding,
}

/// What of an operation an evaluation is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Part {
    /// All of it.
    Whole,
    /// The goods of a purchase with cashback.
    Goods,
    /// The cash of a purchase with cashback.
    Cash,
    /// What is approved of an amount that is not covered as a whole.
    PartlyApproved,
}

impl Part {
    /// Its name for people.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Whole => "the amount",
            Self::Goods => "the goods",
            Self::Cash => "the cash",
            Self::PartlyApproved => "the part that is approved",
        }
    }
}
