//! Clearings: what networks present for settlement in files, what is decided, and what becomes of it.
//!
//! Owns: the facts of one record of a clearing file, its decision, and what a clearing that posts does to the
//! books. The authorization that it clears gives up what is presented; the clearing stands for that amount by
//! itself from then on, so that each of several can be undone. Layouts here are payloads of journal records.
//! Must never: hold a PAN.

use std::fmt;
use std::str::FromStr;

use rules::{
    AccountId, AccountType, ClearingReason, Currency, NetworkId, ProcessingCode, Reservation,
    RulesVersion,
};
use serde::{Deserialize, Serialize};

use super::counts::CountChange;
use super::key::{Lookup, MessageKey, NetworkReference, Reference, TrackingId};
use super::moves::AccountMove;
use super::posting::PlannedPosting;
use super::standing::{Change, Standing};
use super::{ApprovalCode, Divergence};
use crate::identifiers::{CardHash, RecordId};

/// Names a record of a clearing file: the same file and number again is the same clearing.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ClearingKey {
    /// The id that the sender gave the file.
    pub file: TrackingId,
    /// Number of the record in it, from 1.
    pub record: u32,
}

impl fmt::Display for ClearingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.file, self.record)
    }
}

/// A text that names no record of a clearing file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected the id of a file and the number of a record in it, such as DAY1:17")]
pub struct InvalidClearingKey;

impl FromStr for ClearingKey {
    type Err = InvalidClearingKey;

    fn from_str(text: &str) -> Result<Self, InvalidClearingKey> {
        let (file, record) = text.rsplit_once(':').ok_or(InvalidClearingKey)?;
        Ok(Self {
            file: file.parse().or(Err(InvalidClearingKey))?,
            record: record.parse().or(Err(InvalidClearingKey))?,
        })
    }
}

/// The acquirer's reference of a clearing (ARN): 23 digits, one for every presentment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct AcquirerReference(u128);

/// Digits of an [`AcquirerReference`].
const ACQUIRER_REFERENCE_DIGITS: usize = 23;

impl AcquirerReference {
    /// The reference in a text; `None` when it is not 23 digits.
    #[must_use]
    pub fn new(text: &str) -> Option<Self> {
        let digits = text.bytes().all(|byte| byte.is_ascii_digit());
        let right = digits && text.len() == ACQUIRER_REFERENCE_DIGITS;
        right.then(|| text.parse().ok().map(Self))?
    }

    /// Its bytes, as a reference has them.
    pub(super) fn to_bytes(self) -> [u8; 16] {
        self.0.to_be_bytes()
    }
}

impl fmt::Display for AcquirerReference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:023}", self.0)
    }
}

/// What a record of a clearing file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClearingKind {
    /// It presents an amount: a debit or, under a code that credits, a refund.
    Presentment,
    /// It undoes an earlier clearing, in full or in part.
    Reversal,
}

impl ClearingKind {
    /// The name in files, events and answers.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Presentment => "presentment",
            Self::Reversal => "reversal",
        }
    }
}

/// What a record of a clearing file says.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ClearingFacts {
    /// Names it.
    pub key: ClearingKey,
    /// The network that it comes from.
    pub network: NetworkId,
    /// The card.
    pub card: CardHash,
    /// What it is.
    pub kind: ClearingKind,
    /// First two digits of DE3.
    pub processing_code: ProcessingCode,
    /// From-account of DE3.
    pub from_account: AccountType,
    /// To-account of DE3, used by credits.
    pub to_account: AccountType,
    /// Amount, minor units of `currency`; not negative.
    pub amount_minor: i64,
    /// Currency of the transaction.
    pub currency: Currency,
    /// What is billed, where the network converted: minor units of the currency beside it.
    pub billing: Option<(i64, Currency)>,
    /// Fee of the acquirer that the card's account bears, minor units of `currency`.
    pub fee_minor: Option<i64>,
    /// Merchant category code.
    pub mcc: Option<u16>,
    /// Number of instalments; 1 for none.
    pub installments: u8,
    /// Whether nothing more will be presented of the authorization: what is left of its hold is let go.
    pub is_final: bool,
    /// When the network processed it: last digit of the year and day of the year.
    pub processing_date: Option<u16>,
    /// The network's own name of the transaction.
    pub network_reference: Option<NetworkReference>,
    /// The approval that it clears (DE38).
    pub approval_code: Option<ApprovalCode>,
    /// DE37.
    pub retrieval_reference: Option<String>,
    /// The acquirer's name of the presentment: of this one, or of the one that is undone.
    pub acquirer_reference: Option<AcquirerReference>,
    /// DE42.
    pub card_acceptor: Option<String>,
}

impl ClearingFacts {
    /// What may lead to the authorization that it clears, the surest first.
    pub fn relations(&self) -> impl Iterator<Item = Lookup> {
        let own = (self.network, self.card);
        let network = self.network_reference;
        let network = network.map(|reference| Reference::of_network(own, reference));
        let code = self.approval_code;
        let code = code.map(|code| Reference::of_approval(own, code));
        let presents = self.kind == ClearingKind::Presentment;
        let references = network.into_iter().chain(code).filter(move |_| presents);
        references.map(Lookup::Reference)
    }

    /// The name under which the clearing of its acquirer reference is found.
    #[must_use]
    pub fn acquirer(&self) -> Option<Reference> {
        let reference = self.acquirer_reference?;
        Some(Reference::of_acquirer((self.network, self.card), reference))
    }

    /// All that may lead to messages that deciding it needs.
    pub fn lookups(&self) -> impl Iterator<Item = Lookup> {
        let own = MessageKey::Clearing(self.key.clone());
        let acquirer = self.acquirer().map(Lookup::Reference);
        std::iter::once(Lookup::Key(own))
            .chain(self.relations())
            .chain(acquirer)
    }
}

/// What a clearing that posts does to the books.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cleared {
    /// What it makes of the authorization that it clears, or of the clearing that it undoes.
    pub change: Option<Change>,
    /// What more of that authorization is presented then, minor units of its DE4's currency. Where a clearing is undone,
    /// what less is presented of the authorization that it cleared. A refund presents less of the purchase that it names
    /// and stands for itself: the change then leaves the purchase as it is.
    pub presented_minor: i64,
    /// What it stands for by itself.
    pub standing: Option<Standing>,
    /// What it posts.
    pub postings: Vec<PlannedPosting>,
}

impl Cleared {
    /// Whether it refunds what it names.
    #[must_use]
    pub fn refunds(&self) -> bool {
        self.standing.is_some() && self.change.is_some() && self.presented_minor < 0
    }

    /// What is left of what it changes before and after, together with what it stands for in its place.
    pub(crate) fn left_minor(&self, change: &Change) -> (i64, i64) {
        let (before, after) = change.left_minor();
        let own = self.standing.as_ref().map_or(0, |_| self.presented_minor);
        (before, after.saturating_add(own))
    }

    /// What it counts towards the limits of flex controls. What clears an authorization counts in its place, in the
    /// period that it was counted in; what stands alone counts like any approval.
    pub(crate) fn counts(&self) -> (Vec<CountChange>, &[Reservation]) {
        let parts = self
            .standing
            .as_ref()
            .map_or(&[][..], |standing| &standing.parts);
        let own = parts.first().map_or(&[][..], |part| &part.reservations);
        let change = self.change.as_ref().filter(|_| !self.refunds());
        let Some(change) = change else {
            return (Vec::new(), own);
        };
        let mut counts = change.counts.clone();
        for reservation in own {
            let same = |other: &&mut CountChange| {
                (other.key, other.period) == (reservation.key, reservation.period)
            };
            match counts.iter_mut().find(same) {
                Some(other) => {
                    other.amount_minor =
                        other.amount_minor.saturating_add(reservation.amount_minor);
                    other.count = other.count.saturating_add(reservation.count);
                }
                None => counts.push(CountChange {
                    key: reservation.key,
                    period: reservation.period,
                    amount_minor: reservation.amount_minor,
                    count: reservation.count,
                }),
            }
        }
        (counts, &[])
    }
}

/// What became of a clearing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ClearingResult {
    /// It posted.
    Posted(Box<Cleared>),
    /// It waits in the work list.
    Held,
    /// It was refused.
    Rejected,
}

impl ClearingResult {
    /// The name in events and answers.
    #[must_use]
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Posted(_) => "posted",
            Self::Held => "held",
            Self::Rejected => "rejected",
        }
    }
}

/// A record of a clearing file with its decision.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClearingDecided {
    /// What it says.
    pub facts: ClearingFacts,
    /// Code it was decided under.
    pub processing_code: ProcessingCode,
    /// The account, where it was found.
    pub account: Option<AccountId>,
    /// The authorization that it clears or refunds, or the clearing that it undoes.
    pub of: Option<(MessageKey, RecordId)>,
    /// Why it is not as it should be, in the order of [`ClearingReason::ALL`].
    pub reasons: Vec<ClearingReason>,
    /// What became of it.
    pub result: ClearingResult,
    /// What it does to accounts: to [`account`](Self::account) first, even where nothing moves.
    pub moves: Vec<AccountMove>,
    /// What did not agree and was accepted.
    pub divergences: Vec<Divergence>,
    /// Rules it was decided under.
    pub rules: RulesVersion,
}

impl ClearingDecided {
    /// What it does to the books, where it posted.
    #[must_use]
    pub fn cleared(&self) -> Option<&Cleared> {
        match &self.result {
            ClearingResult::Posted(cleared) => Some(cleared),
            ClearingResult::Held | ClearingResult::Rejected => None,
        }
    }
}

/// An item of the work list that was resolved or rejected.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClearingSettled {
    /// What the item says.
    pub facts: ClearingFacts,
    /// Its record.
    pub item: RecordId,
    /// What it does to the books; `None` when it was rejected.
    pub cleared: Option<Cleared>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_parse_as_printed() {
        for text in ["DAY1:1", "a:b:4294967295"] {
            assert_eq!(text.parse::<ClearingKey>().unwrap().to_string(), text);
        }
        for text in ["", "DAY1", "DAY1:", ":1", "DAY1:x", "DAY1:4294967296"] {
            assert_eq!(text.parse::<ClearingKey>(), Err(InvalidClearingKey));
        }
    }

    #[test]
    fn acquirer_references_are_23_digits() {
        let text = "01234567890123456789012";
        assert_eq!(AcquirerReference::new(text).unwrap().to_string(), text);
        for text in ["", "1", "0123456789012345678901", "0123456789012345678901x"] {
            assert_eq!(AcquirerReference::new(text), None);
        }
    }
}
