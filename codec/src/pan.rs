//! Primary account numbers in memory.
//!
//! Owns the type that keeps a PAN from being printed. Must never be serializable, nor show more than 6 and 4 digits
//! except through [`Pan::reveal`].

use std::fmt;

use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::sensitivity::Sensitivity;

/// Fewest digits of a PAN (ISO/IEC 7812 as networks use it).
const FEWEST_DIGITS: usize = 12;
/// Most digits of a PAN (ISO/IEC 7812).
const MOST_DIGITS: usize = 19;

/// A primary account number of 12..=19 digits.
///
/// `Display` and `Debug` print the first 6 and last 4 digits, nothing of one shorter than 13. Zeroized on drop. Not
/// `Serialize`, so that it reaches no store, event or log by accident.
#[derive(Clone, PartialEq, Eq)]
pub struct Pan(Zeroizing<String>);

/// Not a PAN. Never carries the digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidPan {
    /// Another number of digits.
    #[error("a PAN has 12 to 19 digits, found {found}")]
    Length {
        /// Characters found.
        found: usize,
    },
    /// A character that is not a digit.
    #[error("a PAN has digits only")]
    NotDigits,
    /// Track 2 without `=` or `D`: where the PAN ends is unknown.
    #[error("track 2 has no separator after the PAN")]
    NoSeparator,
}

impl Pan {
    /// Takes 12..=19 digits. The check digit is not judged: an unknown card is another answer than a format error.
    ///
    /// # Errors
    /// [`InvalidPan`] for another length or character.
    pub fn parse(digits: &str) -> Result<Self, InvalidPan> {
        if !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(InvalidPan::NotDigits);
        }
        if !(FEWEST_DIGITS..=MOST_DIGITS).contains(&digits.len()) {
            return Err(InvalidPan::Length {
                found: digits.len(),
            });
        }
        Ok(Self(Zeroizing::new(digits.to_owned())))
    }

    /// Takes the PAN of track 2: what stands before `=` or `D`.
    ///
    /// # Errors
    /// [`InvalidPan`] when there is no separator or no PAN before it.
    pub fn from_track_2(track: &str) -> Result<Self, InvalidPan> {
        let (digits, _rest) = track
            .split_once(['=', 'D'])
            .ok_or(InvalidPan::NoSeparator)?;
        Self::parse(digits)
    }

    /// The digits in clear: for hashing and encryption only.
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// The form for logs and stores.
    pub fn masked(&self) -> MaskedPan {
        let mut characters = [b'*'; MOST_DIGITS];
        let masked = Sensitivity::Pan.mask(&self.0);
        for (slot, character) in characters.iter_mut().zip(masked.bytes()) {
            *slot = character;
        }
        // At most MOST_DIGITS, as parsed.
        MaskedPan {
            characters,
            length: u8::try_from(masked.len()).unwrap_or_default(),
        }
    }
}

impl fmt::Display for Pan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.masked(), f)
    }
}

impl fmt::Debug for Pan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Pan({})", self.masked())
    }
}

/// A masked PAN: first 6 digits, stars, last 4; only stars when the PAN has 12 digits. Serialized as that string.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct MaskedPan {
    characters: [u8; MOST_DIGITS],
    length: u8,
}

/// A string that is not a masked PAN. Never carries it: it may be a PAN in clear.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a masked PAN: expected 6 digits, stars and 4 digits, or 12 stars")]
pub struct InvalidMaskedPan;

impl From<MaskedPan> for String {
    fn from(masked: MaskedPan) -> Self {
        masked.to_string()
    }
}

impl TryFrom<String> for MaskedPan {
    type Error = InvalidMaskedPan;

    /// Takes only what [`Pan::masked`] writes, so that a clear PAN is refused.
    fn try_from(text: String) -> Result<Self, Self::Error> {
        let text = Zeroizing::new(text);
        let digits = text.replace('*', "0");
        let pan = Pan::parse(&digits).map_err(|_invalid| InvalidMaskedPan)?;
        let shape = Sensitivity::Pan.mask(pan.reveal());
        let same = shape.len() == text.len()
            && shape
                .bytes()
                .zip(text.bytes())
                .all(|(a, b)| (a == b'*') == (b == b'*'));
        if same {
            Ok(pan.masked())
        } else {
            Err(InvalidMaskedPan)
        }
    }
}

impl fmt::Display for MaskedPan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let characters = self.characters.iter().take(usize::from(self.length));
        characters
            .copied()
            .try_for_each(|character| write!(f, "{}", char::from(character)))
    }
}

impl fmt::Debug for MaskedPan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prints_masked_everywhere() {
        let pan = Pan::parse("4000001200000016").unwrap();
        assert_eq!(pan.reveal(), "4000001200000016");
        assert_eq!(format!("{pan}"), "400000******0016");
        assert_eq!(format!("{pan:?}"), "Pan(400000******0016)");
        assert_eq!(format!("{:?}", pan.masked()), "400000******0016");
        assert_eq!(
            Pan::parse("400000120000").unwrap().to_string(),
            "************"
        );
        assert_eq!(
            Pan::parse("4000001200000000016").unwrap().to_string(),
            "400000*********0016"
        );
    }

    #[test]
    fn lengths_and_characters_are_checked() {
        assert_eq!(
            Pan::parse("40000012000"),
            Err(InvalidPan::Length { found: 11 })
        );
        assert_eq!(
            Pan::parse("40000012000000000016"),
            Err(InvalidPan::Length { found: 20 })
        );
        assert_eq!(Pan::parse("4000001200000O16"), Err(InvalidPan::NotDigits));
        assert_eq!(Pan::parse(""), Err(InvalidPan::Length { found: 0 }));
    }

    #[test]
    fn track_2_gives_its_pan() {
        let pan = Pan::parse("4000001200000016").unwrap();
        assert_eq!(
            Pan::from_track_2("4000001200000016=2912201"),
            Ok(pan.clone())
        );
        assert_eq!(Pan::from_track_2("4000001200000016D2912201"), Ok(pan));
        assert_eq!(
            Pan::from_track_2("4000001200000016"),
            Err(InvalidPan::NoSeparator)
        );
        assert_eq!(
            Pan::from_track_2("=2912201"),
            Err(InvalidPan::Length { found: 0 })
        );
    }

    #[test]
    fn a_masked_pan_goes_to_a_store_and_back_and_a_clear_one_does_not() {
        let masked = Pan::parse("4000001200000016").unwrap().masked();
        let json = serde_json::to_string(&masked).unwrap();
        assert_eq!(json, "\"400000******0016\"");
        assert_eq!(serde_json::from_str::<MaskedPan>(&json).unwrap(), masked);
        for bad in [
            "\"4000001200000016\"",
            "\"400000*****10016\"",
            "\"****\"",
            "\"40000é******0016\"",
        ] {
            let error = serde_json::from_str::<MaskedPan>(bad)
                .unwrap_err()
                .to_string();
            assert!(!error.contains("4000001200000016"), "{error}");
        }
    }
}
