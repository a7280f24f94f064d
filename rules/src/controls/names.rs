//! The names that flex controls use: controls, attribute groups, customers, cards, countries, the
//! codes of a denial. Parsing is construction: a value that exists is well formed.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::text::serde_as_text;

/// A short ASCII text without a place of its own in memory, so that names can be copied and compared
/// while an authorization is decided.
#[derive(Clone, Copy, PartialEq, Eq)]
struct ShortText<const MOST: usize> {
    /// Zero bytes after the text, so that the derived order is that of the text.
    characters: [u8; MOST],
    length: u8,
}

impl<const MOST: usize> ShortText<MOST> {
    /// 1 to `MOST` characters that are allowed.
    fn parse(text: &str, allowed: fn(u8) -> bool) -> Option<Self> {
        let well_formed = (1..=MOST).contains(&text.len()) && text.bytes().all(allowed);
        let mut characters = [0; MOST];
        for (slot, byte) in characters.iter_mut().zip(text.bytes()) {
            *slot = byte;
        }
        let length = u8::try_from(text.len()).ok().filter(|_| well_formed)?;
        Some(Self { characters, length })
    }

    fn as_str(&self) -> &str {
        // Only ASCII gets in and the length is at most `MOST`, so the text is always there.
        let text = self
            .characters
            .get(..usize::from(self.length))
            .unwrap_or_default();
        std::str::from_utf8(text).unwrap_or_default()
    }
}

impl<const MOST: usize> Hash for ShortText<MOST> {
    /// The length follows from the characters. They go in as one number: names are short, and a hasher that is
    /// keyed per process spreads it.
    #[inline]
    fn hash<H: Hasher>(&self, state: &mut H) {
        const FACTOR: u64 = 0x9E37_79B9_7F4A_7C15;
        let (eights, rest) = self.characters.as_chunks::<8>();
        let mut last = [0; 8];
        for (slot, byte) in last.iter_mut().zip(rest) {
            *slot = *byte;
        }
        let folded = eights.iter().chain([&last]).fold(0_u64, |folded, eight| {
            (folded.rotate_left(23) ^ u64::from_ne_bytes(*eight)).wrapping_mul(FACTOR)
        });
        state.write_u64(folded);
    }
}

impl<const MOST: usize> Ord for ShortText<MOST> {
    /// The order of the texts. Most differ early, so that the first eight characters are compared at once.
    fn cmp(&self, other: &Self) -> Ordering {
        let first = |text: &Self| {
            text.characters
                .first_chunk()
                .copied()
                .map(u64::from_be_bytes)
        };
        first(self)
            .cmp(&first(other))
            .then_with(|| self.characters.cmp(&other.characters))
    }
}

impl<const MOST: usize> PartialOrd for ShortText<MOST> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

macro_rules! short_text {
    (
        $(#[doc = $doc:literal])+ $name:ident, $most:literal, $allowed:expr, $what:literal, $pattern:literal;
        $(#[doc = $invalid_doc:literal])+ $invalid:ident
    ) => {
        $(#[doc = $doc])+
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(ShortText<$most>);

        impl $name {
            /// The text.
            pub fn as_str(&self) -> &str {
                self.0.as_str()
            }
        }

        impl FromStr for $name {
            type Err = $invalid;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                ShortText::parse(text, $allowed).map(Self).ok_or($invalid)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(self.as_str())
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}({self})", stringify!($name))
            }
        }

        serde_as_text!($name, $what, $pattern);

        $(#[doc = $invalid_doc])+
        #[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
        #[error($what)]
        pub struct $invalid;
    };
}

fn is_of_a_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_' || byte == b'.'
}

short_text! {
    /// A flex control: a UUID, or a name that an operator gave it.
    ControlId, 36, is_of_a_name,
    "an id of 1 to 36 letters, digits, '-', '_' or '.'", "^[0-9A-Za-z._-]{1,36}$";
    /// The text is not the id of a control.
    InvalidControlId
}

short_text! {
    /// An attribute group.
    AttributeGroupId, 36, is_of_a_name,
    "a group id of 1 to 36 letters, digits, '-', '_' or '.'", "^[0-9A-Za-z._-]{1,36}$";
    /// The text is not the id of a group.
    InvalidAttributeGroupId
}

short_text! {
    /// A decline code of the issuer, which takes the place of the platform's own.
    CustomCode, 3, |byte| byte.is_ascii_alphanumeric(),
    "a custom code of 1 to 3 letters or digits", "^[0-9A-Za-z]{1,3}$";
    /// The text is not a custom code.
    InvalidCustomCode
}

/// A customer, as flex controls name one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct CustomerId(pub u64);

impl fmt::Display for CustomerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A card, as flex controls name one: the keyed hash of its number. Text is 64 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CardHash(pub [u8; 32]);

impl FromStr for CardHash {
    type Err = InvalidCardHash;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let version: crate::RulesVersion = text.parse().map_err(|_not_hex| InvalidCardHash)?;
        Ok(Self(version.0))
    }
}

impl fmt::Display for CardHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for CardHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CardHash({self})")
    }
}

serde_as_text!(
    CardHash,
    "the hash of a card number, 64 hexadecimal digits",
    "^[0-9A-Fa-f]{64}$"
);

/// The text is not the hash of a card number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the hash of a card number is 64 hexadecimal digits")]
pub struct InvalidCardHash;

/// A country by its ISO 3166-1 number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "u16", into = "u16")]
pub struct Country(u16);

impl TryFrom<u16> for Country {
    type Error = UnknownCountry;

    fn try_from(number: u16) -> Result<Self, UnknownCountry> {
        Self::from_numeric(number).ok_or(UnknownCountry)
    }
}

impl From<Country> for u16 {
    fn from(country: Country) -> Self {
        country.0
    }
}

/// The number is not that of a country.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not the ISO 3166-1 number of a country")]
pub struct UnknownCountry;

impl Country {
    /// The country with this ISO 3166-1 number, such as DE19 carries.
    pub fn from_numeric(number: u16) -> Option<Self> {
        celes::Country::from_value(usize::from(number)).ok()?;
        Some(Self(number))
    }

    /// The country with these two letters, such as DE43 ends with.
    pub fn from_alpha2(letters: &str) -> Option<Self> {
        Self::of(celes::Country::from_alpha2(letters).ok()?)
    }

    /// The country with these three capitals.
    pub fn from_alpha3(letters: &str) -> Option<Self> {
        let capitals = letters.bytes().all(|byte| byte.is_ascii_uppercase());
        let country = celes::Country::from_alpha3(letters).ok();
        Self::of(country.filter(|_| capitals)?)
    }

    fn of(country: celes::Country) -> Option<Self> {
        u16::try_from(country.value).ok().map(Self)
    }

    /// The ISO 3166-1 number.
    pub fn numeric(self) -> u16 {
        self.0
    }

    /// The three capitals.
    pub fn alpha3(self) -> &'static str {
        celes::Country::from_value(usize::from(self.0)).map_or("", |country| country.alpha3)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_short_texts() {
        let table = [
            ("x", true),
            ("7b1c4a52-0d2f-4f0e-9a39-5f0a3b1f6c11", true),
            ("a.b_c-D9", true),
            ("", false),
            ("a b", false),
            ("\u{e9}", false),
            ("7b1c4a52-0d2f-4f0e-9a39-5f0a3b1f6c111", false),
        ];
        for (text, good) in table {
            let id = text.parse::<ControlId>();
            assert_eq!(id.is_ok(), good, "{text:?}");
            if let Ok(id) = id {
                assert_eq!(id.as_str(), text);
                assert_eq!(serde_json::to_string(&id).unwrap(), format!("\"{text}\""));
            }
            assert_eq!(text.parse::<AttributeGroupId>().is_ok(), good, "{text:?}");
        }
        for (text, good) in [
            ("", false),
            ("A", true),
            ("FL2", true),
            ("FL22", false),
            ("-1", false),
        ] {
            assert_eq!(text.parse::<CustomCode>().is_ok(), good, "{text:?}");
        }
    }

    #[test]
    fn the_order_of_names_is_that_of_their_texts() {
        let texts = [
            "a",
            "a-",
            "a0",
            "aa",
            "aaaaaaaa",
            "aaaaaaaa0",
            "aaaaaaaaZ",
            "b",
            "B",
        ];
        for one in texts {
            for other in texts {
                let ids: [ControlId; 2] = [one, other].map(|text| text.parse().unwrap());
                assert_eq!(ids[0].cmp(&ids[1]), one.cmp(other), "{one} {other}");
                let codes: [Option<CustomCode>; 2] = [one, other].map(|text| text.parse().ok());
                if let [Some(first), Some(second)] = codes {
                    assert_eq!(first.cmp(&second), one.cmp(other), "{one} {other}");
                }
            }
        }
    }

    #[test]
    fn countries_are_those_of_iso_3166() {
        let brazil = Country::from_alpha3("BRA").unwrap();
        assert_eq!(brazil.numeric(), 76);
        assert_eq!(brazil.alpha3(), "BRA");
        assert_eq!(Country::from_numeric(76), Some(brazil));
        assert_eq!(Country::from_alpha2("BR"), Some(brazil));
        for bad in ["", "BR", "bra", "XXX", "BRAZ"] {
            assert_eq!(Country::from_alpha3(bad), None, "{bad}");
        }
        assert_eq!(Country::from_numeric(999), None);
        assert_eq!(serde_json::to_string(&brazil).unwrap(), "76");
        assert_eq!(serde_json::from_str::<Country>("76").unwrap(), brazil);
        assert!(serde_json::from_str::<Country>("999").is_err());
    }

    #[test]
    fn a_card_is_64_hexadecimal_digits() {
        let card = CardHash([0xab; 32]);
        assert_eq!("Ab".repeat(32).parse(), Ok(card));
        assert_eq!(card.to_string(), "ab".repeat(32));
        assert_eq!("ab".parse::<CardHash>(), Err(InvalidCardHash));
    }
}
