//! What networks ask: the facts of requests, advices, reversals, acknowledgements and file actions.
//!
//! Owns: everything that deciding may look at in a message, as it is stored with the decision. Must never:
//! hold track data, a PIN block, CVV2 or a PAN.

use std::fmt;

use rules::{AccountType, Currency, ProcessingCode, ResponseCode};
use serde::{Deserialize, Serialize};

use super::key::{Fingerprint, Lookup, MatchKey, MessageKey, NetworkReference, Reference};
use super::{ApprovalCode, Circumstances};
use crate::entities::CardStatus;
use crate::identifiers::BusinessDate;

/// How the network asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Clearing {
    /// Dual message (01xx): cleared later by a presentment.
    Offline,
    /// Single message (02xx): cleared with the approval.
    Online,
}

/// What an advice (x12x, x22x) says beside what a request says: the network decided already.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Advice {
    /// DE39 that the acquirer was given; `None` when the advice does not carry one, which means approved.
    pub response_code: Option<ResponseCode>,
    /// Whether that is an approval.
    pub approved: bool,
}

/// How the card's address compared with the one in the message (address verification).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum AddressResult {
    /// Address and postal code match (`Y`).
    Both,
    /// Only the address matches (`A`).
    AddressOnly,
    /// Only the postal code matches (`Z`).
    PostalCodeOnly,
    /// Neither matches (`N`).
    Neither,
    /// No address is known (`U`).
    Unavailable,
}

impl AddressResult {
    /// The code that networks use for it.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Both => "Y",
            Self::AddressOnly => "A",
            Self::PostalCodeOnly => "Z",
            Self::Neither => "N",
            Self::Unavailable => "U",
        }
    }
}

/// Fees that a message carries (DE28 to DE31), minor units, positive when the card's account bears them
/// (sign D). DE28 counts in the amount; the others are between acquirer and issuer and only recorded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fees {
    /// DE28, in the currency of DE4.
    pub transaction_minor: Option<i64>,
    /// DE29, in the settlement currency.
    pub settlement_minor: Option<i64>,
    /// DE30, in the currency of DE4.
    pub transaction_processing_minor: Option<i64>,
    /// DE31, in the settlement currency.
    pub settlement_processing_minor: Option<i64>,
}

/// How the network converted, as it said (DE5, DE9, DE10, DE50); recorded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Conversion {
    /// DE5, minor units of the settlement currency.
    pub settlement_amount_minor: Option<i64>,
    /// DE50.
    pub settlement_currency: Option<Currency>,
    /// DE9: the first digit is the number of decimals of the seven others.
    pub settlement_rate: Option<u32>,
    /// DE10, likewise.
    pub billing_rate: Option<u32>,
}

/// Why a network decided in the issuer's stead, in its own code: 1 to 8 letters and digits of ASCII.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct StandInReason([u8; STAND_IN_CHARACTERS]);

/// Most characters of a [`StandInReason`].
const STAND_IN_CHARACTERS: usize = 8;

impl StandInReason {
    /// The reason in a text, without the blanks around it; `None` when that is none.
    #[must_use]
    pub fn new(text: &str) -> Option<Self> {
        let text = text.trim();
        let mut padded = [b' '; STAND_IN_CHARACTERS];
        let place = padded.get_mut(..text.len())?;
        place.copy_from_slice(text.as_bytes());
        let is_code = text.bytes().all(|byte| byte.is_ascii_alphanumeric());
        (is_code && !text.is_empty()).then_some(Self(padded))
    }

    /// The characters, without padding.
    #[must_use]
    pub fn as_str(&self) -> &str {
        // Made of a text by `new`; other bytes could only come from a damaged row.
        std::str::from_utf8(&self.0).unwrap_or_default().trim_end()
    }
}

impl fmt::Display for StandInReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for StandInReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What an authorization request or advice says: everything that deciding may look at, and nothing secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RequestFacts {
    /// Names the message.
    pub key: MatchKey,
    /// What its repeats must have in common with it.
    pub fingerprint: Fingerprint,
    /// MTI as a number, such as 100; the version digit counts.
    pub mti: u16,
    /// Single or dual message.
    pub clearing: Clearing,
    /// Set when the network decided already.
    pub advice: Option<Advice>,
    /// First two digits of DE3, as the network sent them.
    pub processing_code: ProcessingCode,
    /// From-account of DE3.
    pub from_account: AccountType,
    /// To-account of DE3, used by credits.
    pub to_account: AccountType,
    /// Expiry the message carries (DE14, else track 2), `YYMM`.
    pub expiry_yymm: Option<u16>,
    /// DE18.
    pub mcc: Option<u16>,
    /// Whether the acquirer is in the card's country; an operation that says nothing is domestic.
    pub domestic: bool,
    /// DE22.
    pub entry_mode: Option<String>,
    /// DE67; 1 when absent.
    pub installments: u8,
    /// Cashback part of the amount (DE54 amount type 40), minor units of DE49.
    pub cashback_minor: Option<i64>,
    /// DE28 to DE31.
    pub fees: Fees,
    /// DE51.
    pub billing_currency: Option<Currency>,
    /// DE5, 9, 10, 50.
    pub conversion: Conversion,
    /// Whether the final amount is not known yet.
    pub pre_authorization: bool,
    /// Whether the card is charged by an agreement, without the holder.
    pub recurring: bool,
    /// Whether the request raises an earlier one.
    pub incremental: bool,
    /// Whether the terminal can take a partial approval.
    pub partial_capable: bool,
    /// The message it belongs to (DE90), where it names one.
    pub original: Option<MatchKey>,
    /// The network's own name of the transaction.
    pub network_reference: Option<NetworkReference>,
    /// DE38 of the message: the approval that it belongs to.
    pub approval_code: Option<ApprovalCode>,
    /// How the address compared, where the message carries one.
    pub address_result: Option<AddressResult>,
    /// DE37.
    pub retrieval_reference: Option<String>,
    /// DE42.
    pub card_acceptor: Option<String>,
    /// DE43.
    pub card_acceptor_name: Option<String>,
    /// What flex controls look at beside.
    pub circumstances: Circumstances,
    /// Why the network decided in the switch's stead, where it says so.
    pub stand_in_reason: Option<StandInReason>,
    /// The network's business day that it came in; `None` where the network had begun none.
    pub business_date: Option<BusinessDate>,
}

impl RequestFacts {
    /// What may lead to the authorization that this message belongs to, the surest first: DE90, the
    /// network's reference, the approval code. Nothing for a request that belongs to none.
    pub fn relations(&self) -> impl Iterator<Item = Lookup> {
        let related = self.advice.is_some() || self.incremental || self.original.is_some();
        let original = self.original.map(MessageKey::from).map(Lookup::Key);
        let reference = self
            .network_reference
            .map(|reference| Reference::network(&self.key, reference));
        let code = self
            .approval_code
            .map(|code| Reference::approval_code(&self.key, code));
        let references = reference.into_iter().chain(code).map(Lookup::Reference);
        original
            .into_iter()
            .chain(references)
            .filter(move |_| related)
    }
}

/// What a reversal says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReversalFacts {
    /// Names the message.
    pub key: MatchKey,
    /// What its repeats must have in common with it.
    pub fingerprint: Fingerprint,
    /// The message it undoes (DE90), where it names one. A reversal may be undone as well.
    pub original: Option<MatchKey>,
    /// The network's own name of the transaction.
    pub network_reference: Option<NetworkReference>,
    /// Whether it is an advice (x42x), which must be accepted.
    pub advice: bool,
    /// Amount that remains authorized (first part of DE95), minor units; `None` or 0 undoes all.
    pub replacement_minor: Option<i64>,
    /// DE37.
    pub retrieval_reference: Option<String>,
    /// The network's business day that it came in; `None` where the network had begun none.
    pub business_date: Option<BusinessDate>,
}

impl ReversalFacts {
    /// What may lead to the message that it undoes, the surest first.
    pub fn relations(&self) -> impl Iterator<Item = Lookup> {
        let original = self.original.map(MessageKey::from).map(Lookup::Key);
        let reference = self
            .network_reference
            .map(|reference| Lookup::Reference(Reference::network(&self.key, reference)));
        original.into_iter().chain(reference)
    }
}

/// What an acknowledgement (0180, 0280) says: the network has our response.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AcknowledgementFacts {
    /// The message whose response is acknowledged: same STAN, DE7, DE32 and DE41.
    pub original: MatchKey,
}

/// What a file action (0302) asks to do with the status of a card (DE91).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum FileAction {
    /// 1 and 2: the card gets this status.
    Set(CardStatus),
    /// 3: the restriction is taken away; the card is normal again.
    Delete,
    /// 5: the status is asked for.
    Inquire,
}

/// A file action (0302) on the status of a card.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileActionFacts {
    /// Names the message, the card with it.
    pub key: MatchKey,
    /// What to do; `None` for an action or a file that is not served.
    pub action: Option<FileAction>,
    /// The network's business day that it came in; `None` where the network had begun none.
    pub business_date: Option<BusinessDate>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stand_in_reasons_are_short_codes() {
        for (text, reason) in [
            ("9020", Some("9020")),
            (" 1910001 ", Some("1910001")),
            ("12345678", Some("12345678")),
            ("123456789", None),
            ("", None),
            ("    ", None),
            ("90-2", None),
            ("\u{e9}1", None),
        ] {
            let found = StandInReason::new(text);
            assert_eq!(
                found.as_ref().map(StandInReason::as_str),
                reason,
                "{text:?}"
            );
        }
    }
}
