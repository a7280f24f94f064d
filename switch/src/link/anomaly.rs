//! What is worth a line in the log.
//!
//! Owns: what goes wrong with a message, and what names that message to people. Must never: carry a value of a message
//! other than STAN and RRN.

use codec::{Element, Message, Undecodable};
use ledger::books::StoreError;

use crate::adapter::FormatError;

/// Something worth a line in the log. Carries positions and classes, never values.
#[derive(Debug)]
pub enum Anomaly {
    /// A frame could not be decoded.
    Undecodable(Box<Undecodable>),
    /// An element of a message is missing or means nothing.
    Format(FormatError, References),
    /// The books could not be asked for an older message.
    Lookup(StoreError, References),
    /// A response could not be written.
    Unanswerable(codec::EncodeError, References),
}

/// What names a message to people: STAN and RRN, where it has them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct References {
    /// DE11.
    pub stan: Option<String>,
    /// DE37.
    pub rrn: Option<String>,
}

impl References {
    /// Those of a message.
    #[must_use]
    pub fn of(message: &Message) -> Self {
        let text = |element| message.text(element).map(str::to_owned);
        Self {
            stan: text(Element::STAN),
            rrn: text(Element::RETRIEVAL_REFERENCE_NUMBER),
        }
    }
}
