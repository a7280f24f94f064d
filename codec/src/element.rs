//! The number of a data element.
//!
//! Owns the range 2..=192 and the names of the elements that the code speaks about. Must never hold what an element
//! looks like: that is the dialect's.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Number of a data element, 2..=192.
///
/// 0 is the MTI and 1 announces the second bitmap: neither is an element that a message can carry. 129 and above are
/// those of a third bitmap, which few dialects have. `Display` and `Debug` print `DE4`; serialized as the bare number.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "u8", try_from = "u8")]
pub struct Element(u8);

/// A number outside 2..=192.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{number} is not a data element: expected 2 to 192")]
pub struct InvalidElement {
    /// The number found.
    pub number: u8,
}

impl Element {
    /// Primary account number, n..19.
    pub const PAN: Self = Self(2);
    /// Processing code, n6: transaction type, from-account, to-account.
    pub const PROCESSING_CODE: Self = Self(3);
    /// Amount of the transaction in its own currency, n12 minor units.
    pub const AMOUNT_TRANSACTION: Self = Self(4);
    /// Amount in the currency of the cardholder's account, n12 minor units.
    pub const AMOUNT_CARDHOLDER_BILLING: Self = Self(6);
    /// Transmission date and time in UTC, n10 `MMDDhhmmss`.
    pub const TRANSMISSION_DATE_TIME: Self = Self(7);
    /// System trace audit number, n6.
    pub const STAN: Self = Self(11);
    /// Local time of the transaction, n6 `hhmmss`.
    pub const LOCAL_TIME: Self = Self(12);
    /// Local date of the transaction, n4 `MMDD`.
    pub const LOCAL_DATE: Self = Self(13);
    /// Expiration date of the card, n4 `YYMM`.
    pub const EXPIRATION_DATE: Self = Self(14);
    /// Settlement date, MMDD.
    pub const SETTLEMENT_DATE: Self = Self(15);
    /// Merchant type (merchant category code), n4.
    pub const MERCHANT_TYPE: Self = Self(18);
    /// Point-of-service entry mode, n3: entry mode 2, PIN capability 1.
    pub const POS_ENTRY_MODE: Self = Self(22);
    /// Function code, n3, from the 1993 edition on.
    pub const FUNCTION_CODE: Self = Self(24);
    /// Message reason code, n4, from the 1993 edition on; before, point-of-service condition code, n2.
    pub const MESSAGE_REASON: Self = Self(25);
    /// Point-of-service condition code, n2, of the 1987 edition.
    pub const POS_CONDITION_CODE: Self = Self(25);
    /// Acquiring institution identification code, n..11.
    pub const ACQUIRING_INSTITUTION: Self = Self(32);
    /// Forwarding institution identification code, n..11.
    pub const FORWARDING_INSTITUTION: Self = Self(33);
    /// Track 2 data, z..37.
    pub const TRACK_2: Self = Self(35);
    /// Retrieval reference number (RRN), 12 characters.
    pub const RETRIEVAL_REFERENCE_NUMBER: Self = Self(37);
    /// Authorization identification response, 6 characters.
    pub const AUTHORIZATION_ID_RESPONSE: Self = Self(38);
    /// Response code, an2.
    pub const RESPONSE_CODE: Self = Self(39);
    /// Card acceptor terminal identification, ans8.
    pub const TERMINAL_ID: Self = Self(41);
    /// Card acceptor identification code, ans15.
    pub const CARD_ACCEPTOR_ID: Self = Self(42);
    /// Card acceptor name and location, ans40.
    pub const CARD_ACCEPTOR_NAME: Self = Self(43);
    /// Additional response data, an..25.
    pub const ADDITIONAL_RESPONSE_DATA: Self = Self(44);
    /// Track 1 data, ans..76.
    pub const TRACK_1: Self = Self(45);
    /// Currency of the transaction, ISO 4217.
    pub const CURRENCY_TRANSACTION: Self = Self(49);
    /// Currency of the cardholder's account, ISO 4217.
    pub const CURRENCY_CARDHOLDER_BILLING: Self = Self(51);
    /// PIN data (an encrypted PIN block), 8 bytes.
    pub const PIN_DATA: Self = Self(52);
    /// Additional amounts, blocks of 20 characters.
    pub const ADDITIONAL_AMOUNTS: Self = Self(54);
    /// Chip (ICC) data, BER-TLV.
    pub const ICC_DATA: Self = Self(55);
    /// The third bitmap, in dialects that have one in this place or announce it with this bit.
    pub const THIRD_BITMAP: Self = Self(65);
    /// Extended payment code (instalments), n2.
    pub const EXTENDED_PAYMENT_CODE: Self = Self(67);
    /// Network management information code, n3.
    pub const NETWORK_MANAGEMENT_CODE: Self = Self(70);
    /// Original data elements, n42.
    pub const ORIGINAL_DATA_ELEMENTS: Self = Self(90);
    /// Replacement amounts, an42.
    pub const REPLACEMENT_AMOUNTS: Self = Self(95);

    /// The element with this number, or `None` outside 2..=192.
    pub const fn new(number: u8) -> Option<Self> {
        if number >= 2 && number <= 192 {
            Some(Self(number))
        } else {
            None
        }
    }

    /// The number, 2..=192.
    pub const fn number(self) -> u8 {
        self.0
    }
}

impl TryFrom<u8> for Element {
    type Error = InvalidElement;

    fn try_from(number: u8) -> Result<Self, Self::Error> {
        Self::new(number).ok_or(InvalidElement { number })
    }
}

impl From<Element> for u8 {
    fn from(element: Element) -> Self {
        element.0
    }
}

impl fmt::Display for Element {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DE{}", self.0)
    }
}

impl fmt::Debug for Element {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_2_to_192_are_elements() {
        for number in 0..=u8::MAX {
            let expected = (2..=192).contains(&number);
            assert_eq!(Element::new(number).is_some(), expected, "{number}");
            assert_eq!(Element::try_from(number).is_ok(), expected, "{number}");
        }
    }

    #[test]
    fn prints_de_and_serializes_as_a_number() {
        assert_eq!(format!("{} {:?}", Element::PAN, Element::STAN), "DE2 DE11");
        assert_eq!(
            serde_json::to_string(&Element::REPLACEMENT_AMOUNTS).unwrap(),
            "95"
        );
        assert_eq!(
            serde_json::from_str::<Element>("95").unwrap(),
            Element::REPLACEMENT_AMOUNTS
        );
        let error = serde_json::from_str::<Element>("1")
            .unwrap_err()
            .to_string();
        assert!(error.contains("expected 2 to 192"), "{error}");
    }
}
