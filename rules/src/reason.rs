//! Why a request was not approved, and the two characters of DE39 that tell the network.
//!
//! A reason is internal. Which code goes on the wire is data: the table of each network.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::text::serde_as_text;

macro_rules! reasons {
    ($($(#[doc = $doc:literal])+ $name:ident => $text:literal,)+) => {
        /// Why a request was not approved.
        ///
        /// The order of declaration is that of the stored numbers: never reorder, only append. Which
        /// reason decides where several apply is said by [`Reason::PRECEDENCE`], not by this order.
        #[derive(
            Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
        )]
        #[repr(u8)]
        pub enum Reason {
            $($(#[doc = $doc])+ #[serde(rename = $text)] $name,)+
        }

        impl Reason {
            /// All reasons, in the order of their numbers.
            pub const ALL: [Self; [$($text),+].len()] = [$(Self::$name),+];

            /// The name in files, JSON, logs and metrics.
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$name => $text,)+
                }
            }
        }
    };
}

reasons! {
    /// The message could not be read, or a mandatory element is missing.
    FormatError => "format_error",
    /// The match key of an earlier message, with other contents.
    MatchConflict => "match_conflict",
    /// No card with this number.
    UnknownCard => "unknown_card",
    /// The card is reported lost.
    CardLost => "card_lost",
    /// The card is reported stolen.
    CardStolen => "card_stolen",
    /// The card is canceled.
    CardCanceled => "card_canceled",
    /// The card is blocked, or not yet usable.
    CardBlocked => "card_blocked",
    /// The card is past its expiry date.
    CardExpired => "card_expired",
    /// DE14 is not the card's expiry date.
    ExpiryMismatch => "expiry_mismatch",
    /// The status of the account does not allow the operation.
    AccountStatus => "account_status",
    /// The card has no account for the account type asked for.
    CardModeUnavailable => "card_mode_unavailable",
    /// DE3 is not in the table of processing codes.
    UnknownProcessingCode => "unknown_processing_code",
    /// The code is in the table, but the operation is not allowed on this message.
    NotPermitted => "not_permitted",
    /// The account does not take this currency.
    CurrencyNotSupported => "currency_not_supported",
    /// A zero, unreadable or impossible amount.
    InvalidAmount => "invalid_amount",
    /// No balance configuration for the processing code.
    NoConfiguration => "no_configuration",
    /// The limits do not cover the amount.
    InsufficientFunds => "insufficient_funds",
    /// The cash limit does not cover the amount.
    CashLimitExceeded => "cash_limit_exceeded",
    /// The reversal of this message arrived first.
    ReversedBeforeArrival => "reversed_before_arrival",
    /// A reversal whose original is not known.
    UnknownOriginal => "unknown_original",
    /// A reversal whose amount is not the original's.
    OriginalAmountMismatch => "original_amount_mismatch",
    /// The link must sign on first.
    SignOnRequired => "sign_on_required",
    /// A queue is full.
    Overloaded => "overloaded",
    /// The request could not be decided in time.
    DeadlinePassed => "deadline_passed",
    /// Something inside failed.
    SystemMalfunction => "system_malfunction",
    /// The options of the account, program or tenant decline everything.
    AuthorizationsDenied => "authorizations_denied",
    /// An advice of something that the network itself declined.
    DeclinedByNetwork => "declined_by_network",
    /// The purchase could be approved, the cash asked for with it could not.
    CashbackNotAvailable => "cashback_not_available",
    /// The network may not change files, or not in this way.
    FileActionNotSupported => "file_action_not_supported",
    /// What a file action names is not there.
    FileRecordNotFound => "file_record_not_found",
    /// A file action that is understood and may not be done.
    FileActionRefused => "file_action_refused",
    /// A flex control denies the operation.
    ControlDenied => "control_denied",
    /// The network brings keys, and nothing here takes them.
    KeyExchangeRefused => "key_exchange_refused",
}

impl Reason {
    /// All reasons in the order in which they are looked at: where several apply, the first decides.
    /// Apart from the numbers, so that a reason that is added can take its place.
    pub const PRECEDENCE: [Self; Self::ALL.len()] = [
        Self::FormatError,
        Self::MatchConflict,
        Self::DeclinedByNetwork,
        Self::FileActionNotSupported,
        Self::UnknownCard,
        Self::CardLost,
        Self::CardStolen,
        Self::CardCanceled,
        Self::CardBlocked,
        Self::CardExpired,
        Self::ExpiryMismatch,
        Self::AccountStatus,
        Self::AuthorizationsDenied,
        Self::CardModeUnavailable,
        Self::UnknownProcessingCode,
        Self::NotPermitted,
        Self::CurrencyNotSupported,
        Self::InvalidAmount,
        Self::ControlDenied,
        Self::NoConfiguration,
        Self::InsufficientFunds,
        Self::CashLimitExceeded,
        Self::CashbackNotAvailable,
        Self::ReversedBeforeArrival,
        Self::UnknownOriginal,
        Self::OriginalAmountMismatch,
        Self::FileRecordNotFound,
        Self::FileActionRefused,
        Self::KeyExchangeRefused,
        Self::SignOnRequired,
        Self::Overloaded,
        Self::DeadlinePassed,
        Self::SystemMalfunction,
    ];
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The two characters of DE39.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ResponseCode([u8; 2]);

impl ResponseCode {
    /// "00".
    pub const APPROVED: Self = Self(*b"00");
    /// Approved for a part of the amount, `10`.
    pub const PARTIALLY_APPROVED: Self = Self(*b"10");
    /// Nothing speaks against the account, `85`: the answer to a verification.
    pub const VERIFIED: Self = Self(*b"85");
    /// System malfunction, `96`: the answer where no table of a network can be asked.
    pub const SYSTEM_MALFUNCTION: Self = Self(*b"96");

    /// Codes that a terminal or network takes as an approval (1987 code list of DE39).
    const APPROVALS: [Self; 7] = [
        Self::APPROVED,
        Self(*b"08"),
        Self::PARTIALLY_APPROVED,
        Self(*b"11"),
        Self(*b"16"),
        Self(*b"32"),
        Self::VERIFIED,
    ];

    /// The code as text.
    pub fn as_str(&self) -> &str {
        // Only ASCII letters and digits get in, so the text is always there.
        std::str::from_utf8(&self.0).unwrap_or_default()
    }

    /// Whether the code says yes: it must never stand for a decline.
    pub fn is_approval(self) -> bool {
        Self::APPROVALS.contains(&self)
    }
}

impl FromStr for ResponseCode {
    type Err = InvalidResponseCode;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match *text.as_bytes() {
            [first, second] if first.is_ascii_alphanumeric() && second.is_ascii_alphanumeric() => {
                Ok(Self([first, second]))
            }
            _ => Err(InvalidResponseCode),
        }
    }
}

impl fmt::Display for ResponseCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for ResponseCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ResponseCode({self})")
    }
}

serde_as_text!(
    ResponseCode,
    "a response code of two letters or digits",
    "^[0-9A-Za-z]{2}$",
    |code| code.as_str()
);

/// The text is not a response code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a response code is two letters or digits, such as \"51\"")]
pub struct InvalidResponseCode;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reason_has_one_place_in_the_precedence() {
        let mut sorted = Reason::PRECEDENCE;
        sorted.sort_unstable();
        assert_eq!(sorted, Reason::ALL);
        let place = |reason| {
            let mut reasons = Reason::PRECEDENCE.iter();
            reasons.position(|other| *other == reason).unwrap()
        };
        let table = [
            (Reason::FormatError, Reason::UnknownCard),
            (Reason::AccountStatus, Reason::AuthorizationsDenied),
            (Reason::AuthorizationsDenied, Reason::UnknownProcessingCode),
            (Reason::InvalidAmount, Reason::ControlDenied),
            (Reason::ControlDenied, Reason::NoConfiguration),
            (Reason::NoConfiguration, Reason::InsufficientFunds),
            (Reason::CashLimitExceeded, Reason::CashbackNotAvailable),
        ];
        for (first, second) in table {
            assert!(place(first) < place(second), "{first} before {second}");
        }
    }

    /// The numbers are stored.
    #[test]
    fn numbers_stay() {
        let table = [
            (Reason::FormatError, 0),
            (Reason::CardModeUnavailable, 10),
            (Reason::InsufficientFunds, 16),
            (Reason::SystemMalfunction, 24),
            (Reason::AuthorizationsDenied, 25),
            (Reason::DeclinedByNetwork, 26),
            (Reason::CashbackNotAvailable, 27),
            (Reason::FileActionNotSupported, 28),
            (Reason::FileRecordNotFound, 29),
            (Reason::FileActionRefused, 30),
            (Reason::ControlDenied, 31),
            (Reason::KeyExchangeRefused, 32),
        ];
        for (reason, number) in table {
            assert_eq!(reason as u8, number, "{reason}");
        }
    }

    #[test]
    fn a_reason_reads_and_shows_the_same() {
        for reason in Reason::ALL {
            let json = format!("\"{reason}\"");
            assert_eq!(serde_json::to_string(&reason).unwrap(), json);
            assert_eq!(serde_json::from_str::<Reason>(&json).unwrap(), reason);
        }
    }

    #[test]
    fn response_codes_are_two_letters_or_digits() {
        for good in ["00", "51", "N7", "5C"] {
            let code: ResponseCode = good.parse().unwrap();
            assert_eq!(code.as_str(), good);
            assert_eq!(serde_json::to_string(&code).unwrap(), format!("\"{good}\""));
        }
        for bad in ["", "5", "510", "5 ", "é"] {
            assert_eq!(
                bad.parse::<ResponseCode>(),
                Err(InvalidResponseCode),
                "{bad:?}"
            );
        }
    }
}
