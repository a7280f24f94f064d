//! Network adapters: what a message says, and how an outcome is said.
//!
//! Owns: the translation between messages and the ledger's facts and answers, and nothing else. Must
//! never: decide, or put card secrets into facts.

pub mod address;
mod circumstances;
pub mod management;
pub mod request;
pub mod response;

use codec::Element;

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
