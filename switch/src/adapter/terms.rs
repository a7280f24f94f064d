//! What an adapter owns, and what it may leave to the meaning that all networks have in common.
//!
//! Owns: the trait [`Adapter`], what it says of a request ([`Terms`]), and the table of adapters. Must
//! never: know what any one network means; that is the module of its adapter.

use std::fmt;
use std::sync::Arc;

use codec::{Dialect, Element, EncodeError, Encoder, Message};
use ledger::authorization::{Answer, Circumstances, NetworkReference};
use rules::ProcessingCode;

use super::address::Given;
use super::place::NoSuchPlace;
use super::{FormatError, elo, generic, mastercard, number, visa};

/// DE25 of a request whose final amount is not known yet.
const PRE_AUTHORIZATION: &str = "06";
/// DE25 of a charge by agreement.
const RECURRING: &str = "40";

/// What one network means where networks differ. Each default is the meaning of the 1987 edition.
pub trait Adapter: fmt::Debug + Send + Sync {
    /// What an authorization request or advice says in the elements that networks use differently.
    ///
    /// # Errors
    /// [`FormatError`] for an element that means nothing.
    fn terms(&self, message: &Message, dialect: &Dialect) -> Result<Terms, FormatError>;

    /// The name that the network gave the transaction, the same in every message about it.
    ///
    /// # Errors
    /// [`FormatError`] for an element that cannot be read.
    fn reference(
        &self,
        message: &Message,
        dialect: &Dialect,
    ) -> Result<Option<NetworkReference>, FormatError>;

    /// What a request says of place, card and holder, over what `common` has of the elements that networks use
    /// alike.
    ///
    /// # Errors
    /// [`FormatError`] for an element that cannot be read.
    fn circumstances(
        &self,
        message: &Message,
        dialect: &Dialect,
        common: Circumstances,
    ) -> Result<Circumstances, FormatError> {
        let (_, _) = (message, dialect);
        Ok(common)
    }

    /// Why the network decided in the switch's stead, in an advice or a request that was rejected.
    fn stand_in_reason(&self, message: &Message, dialect: &Dialect) -> Option<String> {
        let (_, _) = (message, dialect);
        None
    }

    /// The address of the holder that a message brings, to be compared.
    ///
    /// # Errors
    /// [`FormatError`] for an element that holds no address where it should.
    fn address(&self, message: &Message, dialect: &Dialect) -> Result<Option<Given>, FormatError> {
        let (_, _) = (message, dialect);
        Ok(None)
    }

    /// Puts into a response what only this network says, over what is said to all.
    ///
    /// # Errors
    /// [`EncodeError`] for a part that the dialect cannot write.
    fn respond<'a>(
        &self,
        request: &'a Message,
        answer: &'a Answer,
        dialect: &'a Dialect,
        response: &mut Encoder<'a>,
    ) -> Result<(), EncodeError> {
        let (_, _) = (request, dialect);
        if let Some(result) = answer.address_result {
            response.set(Element::ADDITIONAL_RESPONSE_DATA, result.code());
        }
        Ok(())
    }
}

/// What a request says in the elements that networks use differently.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Terms {
    /// The operation, where the network names it otherwise than by DE3.
    pub operation: Option<ProcessingCode>,
    /// Whether the final amount is not known yet.
    pub pre_authorization: bool,
    /// Whether the card is charged by an agreement, without the holder.
    pub recurring: bool,
    /// Whether it raises an earlier authorization that its reference names.
    pub incremental: bool,
    /// Number of instalments, at least 1.
    pub installments: u8,
    /// Whether the terminal can take a partial approval.
    pub partial_capable: bool,
}

impl Terms {
    /// What the standard says: DE25 is 06 for a pre-authorization and 40 for a charge by agreement, DE67
    /// the number of instalments. A terminal that says nothing takes no partial approval.
    ///
    /// # Errors
    /// [`FormatError`] when DE67 is not a number.
    pub fn common(message: &Message) -> Result<Self, FormatError> {
        let condition = message.text(Element::POS_CONDITION_CODE);
        let installments: Option<u8> = number(message, Element::EXTENDED_PAYMENT_CODE)?;
        Ok(Self {
            operation: None,
            pre_authorization: condition == Some(PRE_AUTHORIZATION),
            recurring: condition == Some(RECURRING),
            incremental: false,
            installments: installments.unwrap_or(1).max(1),
            partial_capable: false,
        })
    }
}

/// An account verification that the network asks for otherwise than by DE3. The table of the network says
/// what it stands for; no DE3 can be this name.
pub(super) fn account_verification() -> Option<ProcessingCode> {
    "VERIFY".parse().ok()
}

/// Why a network cannot have the adapter that its file names.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AdapterError {
    /// None has this name.
    #[error("no adapter is named {0:?}; there are generic, visa, mastercard and elo")]
    Unknown(String),
    /// The dialect lacks a part that it reads.
    #[error(transparent)]
    Place(#[from] NoSuchPlace),
}

/// The adapter with this name, for messages of a dialect.
///
/// # Errors
/// [`AdapterError`] when there is none, or the dialect lacks a part that it reads.
pub fn named(name: &str, dialect: &Dialect) -> Result<Arc<dyn Adapter>, AdapterError> {
    Ok(match name {
        "generic" => Arc::new(generic::Generic),
        "visa" => Arc::new(visa::Visa::new(dialect)?),
        "mastercard" => Arc::new(mastercard::Mastercard::new(dialect)?),
        "elo" => Arc::new(elo::Elo::new(dialect)?),
        unknown => return Err(AdapterError::Unknown(unknown.to_owned())),
    })
}
