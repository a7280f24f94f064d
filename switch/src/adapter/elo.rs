//! Elo-like: the 1987 edition in ASCII with national data in DE48.
//!
//! Owns: what differs from the generic host, which is the number of instalments: that of the plan in DE48,
//! else DE67. No address is verified. Must never: read what the dialect does not describe.

use codec::{Dialect, Message};
use ledger::authorization::NetworkReference;

use super::place::{NoSuchPlace, Place};
use super::terms::{Adapter, Terms};
use super::{FormatError, generic};

const ADDITIONAL_DATA: u8 = 48;

/// The adapter of an Elo-like network.
#[derive(Debug)]
pub(super) struct Elo {
    installments: Place,
}

impl Elo {
    pub(super) fn new(dialect: &Dialect) -> Result<Self, NoSuchPlace> {
        let installments = Place::find(dialect, ADDITIONAL_DATA, &["instalments", "number"])?;
        Ok(Self { installments })
    }
}

impl Adapter for Elo {
    fn terms(&self, message: &Message, dialect: &Dialect) -> Result<Terms, FormatError> {
        let common = Terms::common(message)?;
        let installments: Option<u8> = self.installments.number(message, dialect)?;
        Ok(Terms {
            installments: installments.unwrap_or(common.installments).max(1),
            partial_capable: generic::takes_partial_approvals(message),
            ..common
        })
    }

    fn reference(
        &self,
        message: &Message,
        _: &Dialect,
    ) -> Result<Option<NetworkReference>, FormatError> {
        Ok(generic::reference(message))
    }
}
