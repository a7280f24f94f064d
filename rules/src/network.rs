//! Networks: what the switch must know to answer one, as data. Owns only the type; reading is in
//! `documents`. The dialect itself (field formats) belongs to `codec`.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::text::serde_as_text;
use crate::{NetworkId, ProcessingCode, Reason, ResponseCode};

/// A card network, or one host of it.
#[derive(Clone, PartialEq, Eq)]
pub struct Network {
    /// Number of the network, unique.
    pub id: NetworkId,
    /// Name, unique.
    pub name: String,
    /// File stem in `dialects/`.
    pub dialect: String,
    /// Name of the adapter that says what its messages mean.
    pub adapter: String,
    /// Whether traffic before a sign-on is refused.
    pub sign_on_required: bool,
    /// Data elements every response copies from its request, when present.
    pub echo: Vec<u8>,
    /// Those that responses to reversals (04xx) copy as well.
    pub echo_reversal: Vec<u8>,
    /// Those that responses to network management (08xx) copy as well.
    pub echo_network_management: Vec<u8>,
    /// How long a message is remembered in memory for repeats and reversals, in minutes.
    pub match_window_minutes: u32,
    /// How long a decision may take, in milliseconds.
    pub deadline_ms: u32,
    /// Whether an approval that is durable only after that is still sent.
    pub send_late_approvals: bool,
    /// DE39 of what is approved.
    pub approval_codes: ApprovalCodes,
    /// Whether it can take an approval of a part of the amount.
    pub partial_authorization: bool,
    /// Whether DE4 contains the fee of DE28 already.
    pub transaction_fee_included: bool,
    /// Whether it acknowledges answers (0180, 0280).
    pub acknowledgements: bool,
    /// Whether its file actions (0302) are served.
    pub file_actions: bool,
    /// Which code of the table DE3 positions 1-2 stand for; `None`: the code of the same digits.
    pub(crate) processing_codes: Option<BTreeMap<ProcessingCode, ProcessingCode>>,
    /// One answer per reason, in the order of `Reason::ALL`.
    pub(crate) answers: [Answer; Reason::ALL.len()],
}

/// DE39 of what is approved. Every code of it is an approval.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ApprovalCodes {
    /// The whole amount.
    pub approved: ResponseCode,
    /// A part of it, which the answer names.
    pub partially_approved: ResponseCode,
    /// An account verification: nothing speaks against the account.
    pub verified: ResponseCode,
}

impl Default for ApprovalCodes {
    fn default() -> Self {
        Self {
            approved: ResponseCode::APPROVED,
            partially_approved: ResponseCode::PARTIALLY_APPROVED,
            verified: ResponseCode::VERIFIED,
        }
    }
}

/// What a network is told for one reason.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) response_code: ResponseCode,
    pub(crate) denial_code: Option<String>,
    pub(crate) retry_category: Option<RetryCategory>,
    pub(crate) merchant_advice_code: Option<MerchantAdviceCode>,
}

/// Whether a merchant may try a declined request again.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum RetryCategory {
    /// Never: the answer will not change.
    Never,
    /// Later: the answer may change by itself.
    Later,
    /// With other data: something in the request must change first.
    CorrectData,
    /// Nothing is said.
    Unspecified,
}

impl RetryCategory {
    /// The name in files and JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Never => "never",
            Self::Later => "later",
            Self::CorrectData => "correct_data",
            Self::Unspecified => "unspecified",
        }
    }
}

/// What a merchant should do after a decline (DE48 subelement 84 of Mastercard): two digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MerchantAdviceCode([u8; 2]);

impl MerchantAdviceCode {
    /// The two digits.
    pub fn as_str(&self) -> &str {
        // Only ASCII digits get in, so the text is always there.
        std::str::from_utf8(&self.0).unwrap_or_default()
    }

    /// The retry category a code of the published list stands for; `None` for other codes.
    pub(crate) fn retry_category(self) -> Option<RetryCategory> {
        match &self.0 {
            b"03" | b"21" => Some(RetryCategory::Never),
            b"02" | b"24" | b"25" | b"26" | b"27" | b"28" | b"29" | b"30" => {
                Some(RetryCategory::Later)
            }
            b"01" | b"04" => Some(RetryCategory::CorrectData),
            _ => None,
        }
    }
}

impl FromStr for MerchantAdviceCode {
    type Err = InvalidMerchantAdviceCode;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match *text.as_bytes() {
            [first, second] if first.is_ascii_digit() && second.is_ascii_digit() => {
                Ok(Self([first, second]))
            }
            _ => Err(InvalidMerchantAdviceCode),
        }
    }
}

impl fmt::Display for MerchantAdviceCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

serde_as_text!(
    MerchantAdviceCode,
    "a merchant advice code of two digits",
    "^[0-9]{2}$"
);

/// The text is not a merchant advice code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a merchant advice code is two digits, such as \"03\"")]
pub struct InvalidMerchantAdviceCode;

impl Network {
    /// DE39 for a reason.
    pub fn response_code(&self, reason: Reason) -> ResponseCode {
        self.answer(reason).response_code
    }

    /// The issuer's own code for a reason (1 to 3 characters), for events and reports.
    pub fn denial_code(&self, reason: Reason) -> Option<&str> {
        self.answer(reason).denial_code.as_deref()
    }

    /// Whether a merchant may try again after a decline for a reason.
    pub fn retry_category(&self, reason: Reason) -> Option<RetryCategory> {
        self.answer(reason).retry_category
    }

    /// What a merchant should do after a decline for a reason.
    pub fn merchant_advice_code(&self, reason: Reason) -> Option<MerchantAdviceCode> {
        self.answer(reason).merchant_advice_code
    }

    /// The code of the table that DE3 positions 1-2 stand for on this network; `None` when the
    /// network has a table of its own without them.
    pub fn processing_code(&self, de3: ProcessingCode) -> Option<ProcessingCode> {
        match &self.processing_codes {
            None => Some(de3),
            Some(table) => table.get(&de3).copied(),
        }
    }

    fn answer(&self, reason: Reason) -> &Answer {
        #[expect(
            clippy::indexing_slicing,
            reason = "the array has one element per reason and a reason is its own index"
        )]
        &self.answers[reason as usize]
    }
}

impl fmt::Debug for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Network")
            .field("id", &self.id)
            .field("name", &self.name)
            .field("dialect", &self.dialect)
            .finish_non_exhaustive()
    }
}
