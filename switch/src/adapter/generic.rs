//! The generic host: the 1987 edition, with private elements that only it gives a meaning.
//!
//! Owns: DE60 beginning with 1 is a terminal that takes partial approvals; DE63 of at most 16 characters is
//! the network's name of the transaction; DE123 is an address: nine characters of postal code, filled up
//! with spaces, and up to twenty of the address line. Must never: be asked about another network.

use codec::{Dialect, Element, Message};
use ledger::authorization::NetworkReference;

use super::address::Given;
use super::terms::{Adapter, Terms};
use super::{FormatError, private};

const TERMINAL_DATA: u8 = 60;
const NETWORK_REFERENCE: u8 = 63;
const VERIFICATION_DATA: u8 = 123;

/// The adapter of the generic host.
#[derive(Debug)]
pub(super) struct Generic;

impl Adapter for Generic {
    fn terms(&self, message: &Message, _: &Dialect) -> Result<Terms, FormatError> {
        Ok(Terms {
            partial_capable: takes_partial_approvals(message),
            ..Terms::common(message)?
        })
    }

    fn reference(
        &self,
        message: &Message,
        _: &Dialect,
    ) -> Result<Option<NetworkReference>, FormatError> {
        Ok(reference(message))
    }

    fn address(&self, message: &Message, _: &Dialect) -> Result<Option<Given>, FormatError> {
        let Some(element) = Element::new(VERIFICATION_DATA) else {
            return Ok(None);
        };
        let text = message.text(element);
        text.map(|text| Given::in_columns(element, text))
            .transpose()
    }
}

/// Whether DE60 says so.
pub(super) fn takes_partial_approvals(message: &Message) -> bool {
    private(message, TERMINAL_DATA).is_some_and(|data| data.starts_with('1'))
}

/// The name in DE63.
pub(super) fn reference(message: &Message) -> Option<NetworkReference> {
    private(message, NETWORK_REFERENCE).and_then(NetworkReference::new)
}
