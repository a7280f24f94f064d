//! Network adapters: what a message says, and how an outcome is said.
//!
//! Owns: the translation between messages and the ledger's facts and answers, and nothing else. What all
//! networks have in common is in [`request`] and [`response`]; what only one means is in the module of its
//! adapter (`generic`, `visa`, `mastercard`, `elo`), which reads private elements by the names that the
//! dialect gives their parts. `ADD-A-NETWORK.md` says how another one is added. Must never: decide, or put
//! card secrets into facts.

pub mod address;
mod circumstances;
mod elo;
mod generic;
pub mod management;
mod mastercard;
mod place;
pub mod reconciliation;
pub mod request;
pub mod response;
mod terms;
mod visa;

use bytes::Bytes;
use codec::{Element, Message};

pub use place::NoSuchPlace;
pub use terms::{Adapter, AdapterError, Terms, named};

/// A message as it came from a link: a response goes back behind the same header.
#[derive(Clone, Debug)]
pub struct Incoming {
    /// The message.
    pub message: Message,
    /// The header of its frame; empty where the network has none.
    pub header: Bytes,
}

/// An element that is missing or does not mean anything where it is needed. Never carries its value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{element}: {problem}")]
pub struct FormatError {
    /// The element.
    pub element: Element,
    /// What is wrong with it.
    pub problem: &'static str,
}

/// What a mandatory element that is absent is reported as.
pub(crate) fn missing(element: Element) -> FormatError {
    FormatError {
        element,
        problem: "is missing",
    }
}

/// The number in an element; `None` when the element is absent.
fn number<N: std::str::FromStr>(
    message: &Message,
    element: Element,
) -> Result<Option<N>, FormatError> {
    let Some(text) = message.text(element) else {
        return Ok(None);
    };
    text.parse().map(Some).or(Err(FormatError {
        element,
        problem: "is not a number in range",
    }))
}

/// The text of an element by its number.
fn private(message: &Message, number: u8) -> Option<&str> {
    message.text(Element::new(number)?)
}
