//! Mastercard-like: the customer interface, with subelements in private elements.
//!
//! Owns: DE48 subelement 63, else DE63 with DE15, names the transaction; subelement 61 says that the
//! terminal takes partial approvals; subelement 82 asks for an address, which is in DE120. DE61 says that
//! the final amount is not known yet (position 7 is 4), that the account is verified (8), and that the card
//! is charged by an agreement (position 4 is 4). A pre-authorization that names another transaction in
//! subelement 63 raises that one. DE61 also has who began the operation (position 4: 2 mail, 3 telephone),
//! whether the card was there (5) and the country (13). DE112 has the instalments of a plan, DE60 why the
//! network stood in. DE48 of a response has the category of the request and its subelement 63, the address
//! result (83) and the advice for the merchant (84). Must never: read what authenticates the holder (DE48
//! subelements 43, 44 and 92), only whether it is there.

use codec::structure::{Part, Parts};
use codec::{Dialect, EncodeError, Encoder, Message};
use ledger::authorization::{Answer, Circumstances, NetworkReference};
use rules::{Country, InitiationMode};

use super::address::Given;
use super::place::{NoSuchPlace, Place};
use super::terms::{Adapter, Terms, account_verification};
use super::{FormatError, private};

const ADVICE_REASON: u8 = 60;
const SETTLEMENT_DATE: u8 = 15;
const ADDITIONAL_DATA: u8 = 48;
const POINT_OF_SERVICE: u8 = 61;
const NETWORK_DATA: u8 = 63;
const NATIONAL_DATA: u8 = 112;
const RECORD_DATA: u8 = 120;

/// DE61 position 7: the final amount is not known yet.
const PRE_AUTHORIZATION: &str = "4";
/// DE61 position 7: the account is verified.
const ACCOUNT_STATUS: &str = "8";
/// DE61 position 4: the holder is not there, by an agreement.
const STANDING_ORDER: &str = "4";
/// DE61 position 4: orders by mail and by telephone.
const MAIL_ORDER: &str = "2";
const TELEPHONE_ORDER: &str = "3";
/// DE61 position 5.
const CARD_PRESENT: &str = "0";
const CARD_ABSENT: &str = "1";
/// DE48 subelement 61, position 1.
const PARTIAL_CAPABLE: &str = "1";
/// DE48 subelement 82: address and postal code are to be compared.
const ADDRESS_AND_POSTAL_CODE: &str = "52";

/// The adapter of a Mastercard-like network.
#[derive(Debug)]
pub(super) struct Mastercard {
    category: Place,
    trace: Place,
    partial_capable: Place,
    address_request: Place,
    address_result: Place,
    merchant_advice: Place,
    presence: Place,
    card_presence: Place,
    country: Place,
    token: Place,
    cavv: Place,
    advice_reason: Place,
    status: Place,
    network_code: Place,
    network_reference: Place,
    installments: Place,
    address: Place,
}

impl Mastercard {
    pub(super) fn new(dialect: &Dialect) -> Result<Self, NoSuchPlace> {
        let find = |element, names: &[&str]| Place::find(dialect, element, names);
        let additional = |name| find(ADDITIONAL_DATA, &[name]);
        Ok(Self {
            category: additional("transaction_category_code")?,
            trace: additional("trace_id")?,
            partial_capable: find(ADDITIONAL_DATA, &["extended_condition", "partial_approval"])?,
            address_request: additional("address_verification_request")?,
            address_result: additional("address_verification_result")?,
            merchant_advice: additional("merchant_advice_code")?,
            presence: find(POINT_OF_SERVICE, &["cardholder_presence"])?,
            card_presence: find(POINT_OF_SERVICE, &["card_presence"])?,
            country: find(POINT_OF_SERVICE, &["country"])?,
            token: additional("pan_mapping")?,
            cavv: additional("ucaf")?,
            advice_reason: find(ADVICE_REASON, &["reason"])?,
            status: find(POINT_OF_SERVICE, &["transaction_status"])?,
            network_code: find(NETWORK_DATA, &["network_code"])?,
            network_reference: find(NETWORK_DATA, &["reference"])?,
            installments: find(NATIONAL_DATA, &["instalments", "number"])?,
            address: find(RECORD_DATA, &["address"])?,
        })
    }
}

impl Adapter for Mastercard {
    fn terms(&self, message: &Message, dialect: &Dialect) -> Result<Terms, FormatError> {
        let is = |place: &Place, value| place.is(value, message, dialect);
        let common = Terms::common(message)?;
        let pre_authorization = is(&self.status, PRE_AUTHORIZATION)?;
        let verifies = is(&self.status, ACCOUNT_STATUS)?;
        let installments: Option<u8> = self.installments.number(message, dialect)?;
        Ok(Terms {
            operation: verifies.then(account_verification).flatten(),
            pre_authorization,
            recurring: is(&self.presence, STANDING_ORDER)?,
            incremental: pre_authorization && self.trace.is_in(message, dialect)?,
            installments: installments.unwrap_or(common.installments).max(1),
            partial_capable: is(&self.partial_capable, PARTIAL_CAPABLE)?,
        })
    }

    fn reference(
        &self,
        message: &Message,
        dialect: &Dialect,
    ) -> Result<Option<NetworkReference>, FormatError> {
        if let Some(trace) = self.trace.text(message, dialect)? {
            return Ok(NetworkReference::new(&trace));
        }
        let code = self.network_code.text(message, dialect)?;
        let reference = self.network_reference.text(message, dialect)?;
        let (Some(code), Some(reference)) = (code, reference) else {
            return Ok(None);
        };
        let date = private(message, SETTLEMENT_DATE).unwrap_or_default();
        Ok(NetworkReference::new(&format!(
            "{}{}{date}",
            *code, *reference
        )))
    }

    fn circumstances(
        &self,
        message: &Message,
        dialect: &Dialect,
        common: Circumstances,
    ) -> Result<Circumstances, FormatError> {
        let text = |place: &Place| place.text(message, dialect);
        let (presence, card) = (text(&self.presence)?, text(&self.card_presence)?);
        let country: Option<u16> = self.country.number(message, dialect)?;
        Ok(Circumstances {
            // DE43 ends with the region.
            country: country.and_then(Country::from_numeric),
            is_physical_card_present: match card.as_deref().map(String::as_str) {
                Some(CARD_PRESENT) => Some(true),
                Some(CARD_ABSENT) => Some(false),
                _ => common.is_physical_card_present,
            },
            initiation_mode: match presence.as_deref().map(String::as_str) {
                Some(MAIL_ORDER | TELEPHONE_ORDER) => Some(InitiationMode::Moto),
                Some(STANDING_ORDER) => Some(InitiationMode::Mit),
                _ => None,
            },
            is_cavv_present: Some(self.cavv.is_in(message, dialect)?),
            is_token_present: Some(self.token.is_in(message, dialect)?),
            ..common
        })
    }

    fn stand_in_reason(&self, message: &Message, dialect: &Dialect) -> Option<String> {
        let reason = self.advice_reason.text(message, dialect).ok()??;
        Some((*reason).clone())
    }

    fn address(&self, message: &Message, dialect: &Dialect) -> Result<Option<Given>, FormatError> {
        let asked = self.address_request.text(message, dialect)?;
        if asked.is_none_or(|asked| *asked != ADDRESS_AND_POSTAL_CODE) {
            return Ok(None);
        }
        let (text, element) = (self.address.text(message, dialect)?, self.address.element());
        text.map(|text| Given::in_columns(element, &text))
            .transpose()
    }

    fn respond<'a>(
        &self,
        request: &'a Message,
        answer: &'a Answer,
        dialect: &'a Dialect,
        response: &mut Encoder<'a>,
    ) -> Result<(), EncodeError> {
        let element = self.category.element();
        // What cannot be read was answered as a format error, and nothing of it is repeated.
        let Some(Ok(asked)) = request.parts(dialect, element) else {
            return Ok(());
        };
        let result = answer.address_result.map(|result| result.code());
        let result = result.map(|code| self.address_result.bytes(code));
        let advice = answer.merchant_advice_code.as_ref();
        let advice = advice.map(|code| self.merchant_advice.bytes(code.as_str()));
        let copied = [&self.category, &self.trace].map(|place| asked.get(place.key()?).cloned());
        let said = [
            (&self.address_result, &result),
            (&self.merchant_advice, &advice),
        ];
        let said = said.map(|(place, bytes)| Some(Part::new(place.key()?, bytes.as_ref()?)));
        let parts: Parts<'_> = copied.into_iter().chain(said).flatten().collect();
        if !parts.is_empty() {
            response.set_parts(element, &parts)?;
        }
        Ok(())
    }
}
