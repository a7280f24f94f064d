//! What names a message: the match key of a network's, the tracking id of an operator's, the place of a
//! clearing in its file, the step of a transfer.
//!
//! Owns: the keys under which messages are found again, by themselves or by the references that networks
//! and approvals give them. Must never: find a message by its STAN alone, or hold a PAN.

use std::fmt;
use std::str::FromStr;

use rules::NetworkId;
use serde::{Deserialize, Serialize};

use super::clearing::{AcquirerReference, ClearingKey};
use crate::identifiers::{CardHash, RecordId};
use crate::transfer::TransferStep;

/// Class of a message type: the second digit of the MTI.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum MessageClass {
    /// 01xx.
    Authorization,
    /// 02xx.
    Financial,
    /// 04xx.
    Reversal,
    /// 03xx.
    FileAction,
}

/// What makes two messages the same message (DESIGN section 6).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct MatchKey {
    /// The network it came from.
    pub network: NetworkId,
    /// The card it names.
    pub card: CardHash,
    /// Class of its MTI.
    pub class: MessageClass,
    /// DE11.
    pub stan: u32,
    /// DE7 as the number MMDDhhmmss.
    pub transmission: u64,
    /// DE32 as a number; 0 when absent.
    pub acquirer: u64,
    /// DE41; spaces when absent.
    pub terminal: [u8; 8],
}

/// Names an operation of an operator or of another system: 1 to 36 characters from `!` to `~`, chosen by
/// the sender. The same id again is the same operation (reference authorization-api 10, 21.11).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct TrackingId(Box<str>);

/// Longest tracking id, in characters.
pub const TRACKING_ID_CHARACTERS: usize = 36;

/// A text that is not a tracking id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a tracking id has 1 to 36 printable ASCII characters without spaces")]
pub struct InvalidTrackingId;

impl TrackingId {
    /// The id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for TrackingId {
    type Err = InvalidTrackingId;

    fn from_str(text: &str) -> Result<Self, InvalidTrackingId> {
        let printable = text.bytes().all(|byte| byte.is_ascii_graphic());
        if printable && (1..=TRACKING_ID_CHARACTERS).contains(&text.len()) {
            Ok(Self(text.into()))
        } else {
            Err(InvalidTrackingId)
        }
    }
}

impl TryFrom<String> for TrackingId {
    type Error = InvalidTrackingId;

    fn try_from(text: String) -> Result<Self, InvalidTrackingId> {
        text.parse()
    }
}

impl From<TrackingId> for String {
    fn from(id: TrackingId) -> Self {
        id.0.into()
    }
}

impl fmt::Display for TrackingId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What names a message, whoever sent it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum MessageKey {
    /// A network's.
    Network(MatchKey),
    /// An operator's.
    Operator(TrackingId),
    /// A record of a clearing file.
    Clearing(ClearingKey),
    /// A later step of the transfer that a record began.
    Transfer(RecordId, TransferStep),
}

impl From<MatchKey> for MessageKey {
    fn from(key: MatchKey) -> Self {
        Self::Network(key)
    }
}

/// The parts of a request that a repeat must have in common with the original.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fingerprint {
    /// DE3, six characters.
    pub processing_code: [u8; 6],
    /// DE4 in minor units; 0 when absent.
    pub amount_minor: i64,
    /// DE49.
    pub currency: Option<rules::Currency>,
    /// DE6 in minor units.
    pub billing_amount_minor: Option<i64>,
}

/// Characters that a [`Reference`] may have.
pub const REFERENCE_CHARACTERS: usize = 16;

/// A reference that a network gave a transaction and repeats in every message about it, such as the
/// transaction identifier of Visa (DE62.2) or the trace id of Mastercard (DE48.63): 1 to 16 characters.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct NetworkReference([u8; REFERENCE_CHARACTERS]);

impl NetworkReference {
    /// The reference in a text; `None` when it is empty or too long to be one.
    #[must_use]
    pub fn new(text: &str) -> Option<Self> {
        let text = text.trim_end();
        let mut padded = [b' '; REFERENCE_CHARACTERS];
        let place = padded.get_mut(..text.len())?;
        place.copy_from_slice(text.as_bytes());
        (!text.is_empty()).then_some(Self(padded))
    }

    /// The characters, without padding.
    #[must_use]
    pub fn as_str(&self) -> &str {
        // Made of a text by `new`; other bytes could only come from a damaged row.
        std::str::from_utf8(&self.0).unwrap_or_default().trim_end()
    }
}

impl fmt::Debug for NetworkReference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What kind of text names an authorization beside its match key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum ReferenceKind {
    /// A [`NetworkReference`].
    Network,
    /// The approval code it was answered with (DE38).
    ApprovalCode,
    /// An [`AcquirerReference`], of a clearing.
    Acquirer,
}

/// A name of an authorization on one network and card beside its match key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Reference {
    /// The network.
    pub network: NetworkId,
    /// The card.
    pub card: CardHash,
    /// What the text is.
    pub kind: ReferenceKind,
    /// The text, padded with spaces, or the number.
    pub text: [u8; REFERENCE_CHARACTERS],
}

impl Reference {
    /// By the network's own reference, beside the card and network of a message.
    #[must_use]
    pub fn network(key: &MatchKey, reference: NetworkReference) -> Self {
        Self::of_network((key.network, key.card), reference)
    }

    /// By the approval code, beside the card and network of a message.
    #[must_use]
    pub fn approval_code(key: &MatchKey, code: super::ApprovalCode) -> Self {
        Self::of_approval((key.network, key.card), code)
    }

    /// By the network's own reference, on a network and card.
    pub(super) fn of_network(
        (network, card): (NetworkId, CardHash),
        reference: NetworkReference,
    ) -> Self {
        Self {
            network,
            card,
            kind: ReferenceKind::Network,
            text: reference.0,
        }
    }

    /// By the approval code, on a network and card.
    pub(super) fn of_approval(
        (network, card): (NetworkId, CardHash),
        code: super::ApprovalCode,
    ) -> Self {
        let mut text = [b' '; REFERENCE_CHARACTERS];
        for (place, byte) in text.iter_mut().zip(code.0) {
            *place = byte;
        }
        Self {
            network,
            card,
            kind: ReferenceKind::ApprovalCode,
            text,
        }
    }

    /// By the acquirer's reference, on a network and card.
    pub(crate) fn of_acquirer(
        (network, card): (NetworkId, CardHash),
        reference: AcquirerReference,
    ) -> Self {
        Self {
            network,
            card,
            kind: ReferenceKind::Acquirer,
            text: reference.to_bytes(),
        }
    }
}

/// What leads to a message.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Lookup {
    /// Its key.
    Key(MessageKey),
    /// Another name of it.
    Reference(Reference),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tracking_ids_are_short_and_printable() {
        let longest = "x".repeat(TRACKING_ID_CHARACTERS);
        for good in ["1", "a-b_c", longest.as_str()] {
            assert_eq!(good.parse::<TrackingId>().unwrap().as_str(), good);
        }
        for bad in ["", "a b", "ä", &format!("{longest}x")] {
            assert_eq!(bad.parse::<TrackingId>(), Err(InvalidTrackingId), "{bad:?}");
        }
    }

    #[test]
    fn references_are_padded_and_bounded() {
        let reference = NetworkReference::new("000012345678901 ").unwrap();
        assert_eq!(reference.as_str(), "000012345678901");
        assert_eq!(NetworkReference::new(""), None);
        assert_eq!(NetworkReference::new("   "), None);
        assert_eq!(NetworkReference::new(&"7".repeat(17)), None);
    }
}
