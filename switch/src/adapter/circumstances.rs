//! The circumstances of a request, which flex controls look at.
//!
//! Owns: what the elements that networks use alike say of place, card and holder: DE19 is the country of the
//! acquirer, the last two of the 40 characters of DE43 that of the merchant, the first two digits of DE22 how
//! the card was read, DE25 08 mail or telephone order and 40 a charge by agreement, DE52 that a PIN was given.
//! What it does not carry is left out, and so is the beneficiary: DE103 may hold a card number. What else a
//! network says is added by its adapter. Must never: copy what authenticates the holder.

use codec::{Element, Message};
use ledger::authorization::Circumstances;
use rules::{AuthenticationMethod, Country, InitiationMode};

const ACQUIRER_COUNTRY: u8 = 19;

/// Characters of DE43 before the country.
const BEFORE_COUNTRY: usize = 38;

/// Ways of reading a card that is there: magnetic stripe, chip, contactless, chip that failed.
const CARD_READ: [&str; 7] = ["02", "05", "06", "07", "80", "90", "91"];
/// Ways without the card: its number was typed in, is on file, or came over the net.
const NUMBER_GIVEN: [&str; 3] = ["01", "10", "81"];

/// What a request says of its circumstances.
pub(super) fn of(message: &Message) -> Circumstances {
    let text = |number| message.text(Element::new(number)?);
    let read = message.text(Element::POS_ENTRY_MODE);
    let read = read.and_then(|mode| mode.get(..2)).unwrap_or_default();
    let has_pin = message.has(Element::PIN_DATA);
    Circumstances {
        country: country(message),
        acquirer_country: text(ACQUIRER_COUNTRY)
            .and_then(|digits| Country::from_numeric(digits.parse().ok()?)),
        is_physical_card_present: match read {
            read if CARD_READ.contains(&read) => Some(true),
            read if NUMBER_GIVEN.contains(&read) => Some(false),
            _ => None,
        },
        is_password_present: Some(has_pin),
        authentication_method: has_pin.then_some(AuthenticationMethod::Password),
        initiation_mode: match message.text(Element::POS_CONDITION_CODE) {
            Some("08") => Some(InitiationMode::Moto),
            Some("40") => Some(InitiationMode::Mit),
            Some(_) | None => None,
        },
        ..Circumstances::default()
    }
}

/// Where the merchant is.
fn country(message: &Message) -> Option<Country> {
    let name = message.text(Element::CARD_ACCEPTOR_NAME)?;
    Country::from_alpha2(name.get(BEFORE_COUNTRY..)?)
}
