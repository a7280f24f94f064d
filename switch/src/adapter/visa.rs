//! Visa-like: BASE I, with bitmapped private elements.
//!
//! Owns: DE62 names the transaction (part 2) and says that a request raises an earlier one (part 1, I); the
//! last digit of DE60 that the terminal takes partial approvals; DE60 (e-commerce indicator 02) and DE126
//! (environment R) that the card is charged by an agreement; the e-commerce indicator 01 mail or telephone
//! order; DE25 51 is an account verification; dataset 66 of DE123 is an address and 68 a token; part 4 of DE63
//! why the network stood in. DE44 of a response begins with 5, "the issuer answers", and the address result.
//! Must never: read what authenticates the holder (DE126 parts 8 to 10, 16), only whether it is there.

use codec::{Dialect, Element, EncodeError, Encoder, Message};
use ledger::authorization::{AddressResult, Answer, Circumstances, NetworkReference};
use rules::InitiationMode;

use super::FormatError;
use super::address::Given;
use super::place::{NoSuchPlace, Place};
use super::terms::{Adapter, Terms, account_verification};

const POINT_OF_SERVICE: u8 = 60;
const PAYMENT_SERVICE: u8 = 62;
const NETWORK_DATA: u8 = 63;
const VERIFICATION_DATA: u8 = 123;
const PRIVATE_USE: u8 = 126;

/// DE25 of a request that verifies the account.
const VERIFICATION: &str = "51";
/// DE62.1 of a request that raises an earlier one.
const INCREMENTAL: &str = "I";
/// E-commerce indicator of a charge by agreement.
const RECURRING_INDICATOR: &str = "02";
/// E-commerce indicator of mail and telephone order.
const ORDER_INDICATOR: &str = "01";
/// DE126.13 of a charge by agreement.
const RECURRING_ENVIRONMENT: &str = "R";
/// DE60.10, the last digit of its byte: the terminal takes partial approvals.
const PARTIAL_CAPABLE: char = '1';

/// The adapter of a Visa-like network.
#[derive(Debug)]
pub(super) struct Visa {
    electronic_commerce: Place,
    partial_capable: Place,
    characteristics: Place,
    transaction_id: Place,
    postal_code: Place,
    street: Place,
    token: Place,
    stand_in: Place,
    cavv: Place,
    environment: Place,
}

impl Visa {
    pub(super) fn new(dialect: &Dialect) -> Result<Self, NoSuchPlace> {
        let find = |element, names: &[&str]| Place::find(dialect, element, names);
        Ok(Self {
            electronic_commerce: find(POINT_OF_SERVICE, &["electronic_commerce_indicator"])?,
            partial_capable: find(
                POINT_OF_SERVICE,
                &["cardholder_method_and_partial_authorization"],
            )?,
            characteristics: find(PAYMENT_SERVICE, &["characteristics_indicator"])?,
            transaction_id: find(PAYMENT_SERVICE, &["transaction_id"])?,
            postal_code: find(VERIFICATION_DATA, &["verification", "postal_code"])?,
            street: find(VERIFICATION_DATA, &["verification", "street"])?,
            token: find(VERIFICATION_DATA, &["token"])?,
            stand_in: find(NETWORK_DATA, &["stand_in_reason"])?,
            cavv: find(PRIVATE_USE, &["cavv"])?,
            environment: find(PRIVATE_USE, &["point_of_service_environment"])?,
        })
    }

    /// Whether the card is charged by an agreement, as far as private elements say it.
    fn is_recurring(&self, message: &Message, dialect: &Dialect) -> Result<bool, FormatError> {
        let environment = &self.environment;
        Ok(environment.is(RECURRING_ENVIRONMENT, message, dialect)?
            || self
                .electronic_commerce
                .is(RECURRING_INDICATOR, message, dialect)?)
    }
}

impl Adapter for Visa {
    fn terms(&self, message: &Message, dialect: &Dialect) -> Result<Terms, FormatError> {
        let common = Terms::common(message)?;
        let partial = self.partial_capable.text(message, dialect)?;
        let verifies = message.text(Element::POS_CONDITION_CODE) == Some(VERIFICATION);
        Ok(Terms {
            operation: verifies.then(account_verification).flatten(),
            recurring: common.recurring || self.is_recurring(message, dialect)?,
            incremental: self.characteristics.is(INCREMENTAL, message, dialect)?,
            partial_capable: partial.is_some_and(|text| text.ends_with(PARTIAL_CAPABLE)),
            ..common
        })
    }

    fn reference(
        &self,
        message: &Message,
        dialect: &Dialect,
    ) -> Result<Option<NetworkReference>, FormatError> {
        let id = self.transaction_id.text(message, dialect)?;
        Ok(id.and_then(|id| NetworkReference::new(&id)))
    }

    fn circumstances(
        &self,
        message: &Message,
        dialect: &Dialect,
        common: Circumstances,
    ) -> Result<Circumstances, FormatError> {
        let ordered = self
            .electronic_commerce
            .is(ORDER_INDICATOR, message, dialect)?;
        let initiation_mode = if self.is_recurring(message, dialect)? {
            Some(InitiationMode::Mit)
        } else if ordered {
            Some(InitiationMode::Moto)
        } else {
            common.initiation_mode
        };
        Ok(Circumstances {
            initiation_mode,
            is_cavv_present: Some(self.cavv.is_in(message, dialect)?),
            is_token_present: Some(self.token.is_in(message, dialect)?),
            ..common
        })
    }

    fn stand_in_reason(&self, message: &Message, dialect: &Dialect) -> Option<String> {
        let reason = self.stand_in.text(message, dialect).ok()??;
        Some((*reason).clone())
    }

    fn address(&self, message: &Message, dialect: &Dialect) -> Result<Option<Given>, FormatError> {
        let postal_code = self.postal_code.text(message, dialect)?;
        let street = self.street.text(message, dialect)?;
        let text = |part: Option<zeroize::Zeroizing<String>>| part.unwrap_or_default();
        Ok(match (postal_code, street) {
            (None, None) => None,
            (postal_code, street) => Some(Given::new(&text(postal_code), &text(street))),
        })
    }

    fn respond<'a>(
        &self,
        _: &'a Message,
        answer: &'a Answer,
        _: &'a Dialect,
        response: &mut Encoder<'a>,
    ) -> Result<(), EncodeError> {
        if let Some(result) = answer.address_result {
            response.set(
                Element::ADDITIONAL_RESPONSE_DATA,
                additional_response(result),
            );
        }
        Ok(())
    }
}

/// DE44 of a response: the issuer answers, and how the address compared.
fn additional_response(result: AddressResult) -> &'static str {
    match result {
        AddressResult::Both => "5Y",
        AddressResult::AddressOnly => "5A",
        AddressResult::PostalCodeOnly => "5Z",
        AddressResult::Neither => "5N",
        AddressResult::Unavailable => "5U",
    }
}
