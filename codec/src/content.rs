//! What characters the value of an element may hold.
//!
//! Owns the content classes of ISO 8583 as they appear in text. Must never look at lengths or at the wire.

use serde::Deserialize;

/// A content class, named in a dialect as in the standard.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Deserialize)]
pub enum ContentClass {
    /// `n`: digits.
    #[serde(rename = "n")]
    Digits,
    /// `a`: letters.
    #[serde(rename = "a")]
    Letters,
    /// `an`: letters and digits.
    #[serde(rename = "an")]
    Alphanumeric,
    /// `anp`: letters, digits and space (the pad).
    #[serde(rename = "anp")]
    AlphanumericPadded,
    /// `ans`: printable ASCII, 0x20..=0x7E.
    #[serde(rename = "ans")]
    Printable,
    /// `b`: bytes, written as hexadecimal text, two characters each, either case.
    #[serde(rename = "b")]
    Hex,
    /// `z`: track 2 and 3: digits and the separators `=` and `D`.
    #[serde(rename = "z")]
    Track,
    /// `x+n`: one sign letter, `C` (credit) or `D` (debit), then digits.
    #[serde(rename = "x+n")]
    SignedDigits,
}

/// What is wrong with the characters of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ContentFault {
    /// The byte at this index of the value is not of the class.
    Byte(usize),
    /// Half a byte: an odd number of hexadecimal characters.
    OddHex,
}

impl ContentClass {
    /// Finds the first fault of a value.
    pub(crate) fn check(self, value: &[u8]) -> Result<(), ContentFault> {
        let bad = match self {
            Self::Digits => value.iter().position(|byte| !byte.is_ascii_digit()),
            Self::Letters => value.iter().position(|byte| !byte.is_ascii_alphabetic()),
            Self::Alphanumeric => value.iter().position(|byte| !byte.is_ascii_alphanumeric()),
            Self::AlphanumericPadded => value
                .iter()
                .position(|byte| !byte.is_ascii_alphanumeric() && *byte != b' '),
            Self::Printable => value.iter().position(|byte| !matches!(byte, 0x20..=0x7E)),
            Self::Hex => value.iter().position(|byte| !byte.is_ascii_hexdigit()),
            Self::Track => value
                .iter()
                .position(|byte| !matches!(byte, b'0'..=b'9' | b'=' | b'D')),
            Self::SignedDigits => value
                .iter()
                .enumerate()
                .position(|(index, byte)| match index {
                    0 => !matches!(byte, b'C' | b'D'),
                    _ => !byte.is_ascii_digit(),
                }),
        };
        match bad {
            Some(index) => Err(ContentFault::Byte(index)),
            None if self == Self::Hex && !value.len().is_multiple_of(2) => {
                Err(ContentFault::OddHex)
            }
            None => Ok(()),
        }
    }

    /// What a value consists of, for "expected 12 ...".
    pub(crate) fn noun(self) -> &'static str {
        match self {
            Self::Digits => "digits",
            Self::Letters => "letters",
            Self::Alphanumeric => "letters or digits",
            Self::AlphanumericPadded => "letters, digits or spaces",
            Self::Printable => "printable characters",
            Self::Hex => "hexadecimal digits",
            Self::Track => "track digits or separators",
            Self::SignedDigits => "characters of a sign and digits",
        }
    }

    /// The bytes of the class, for "found a byte outside ...".
    pub(crate) fn range(self) -> &'static str {
        match self {
            Self::Digits => "0-9",
            Self::Letters => "A-Z a-z",
            Self::Alphanumeric => "A-Z a-z 0-9",
            Self::AlphanumericPadded => "A-Z a-z 0-9 space",
            Self::Printable => "0x20-0x7E",
            Self::Hex => "0-9 A-F a-f",
            Self::Track => "0-9 = D",
            Self::SignedDigits => "C D, then 0-9",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_class_takes_its_characters_only() {
        use ContentClass as C;
        for (class, good, bad, at) in [
            (C::Digits, "0123456789", "012a", 3),
            (C::Letters, "azAZ", "az1", 2),
            (C::Alphanumeric, "azAZ09", "az 09", 2),
            (C::AlphanumericPadded, "az AZ 09 ", "az-", 2),
            (C::Printable, " ~!az", "az\u{7f}", 2),
            (C::Hex, "09afAF", "09G0", 2),
            (C::Track, "4000=2912D", "4000^", 4),
            (C::SignedDigits, "C00000100", "+00000100", 0),
            (C::SignedDigits, "D00000100", "D0000D100", 5),
            (C::Printable, "", "é", 0),
        ] {
            assert_eq!(class.check(good.as_bytes()), Ok(()), "{class:?} {good:?}");
            assert_eq!(
                class.check(bad.as_bytes()),
                Err(ContentFault::Byte(at)),
                "{class:?} {bad:?}"
            );
        }
        assert_eq!(C::Hex.check(b"ABC"), Err(ContentFault::OddHex));
    }
}
