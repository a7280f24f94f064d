//! How a subfield and the length in front of it are written.
//!
//! Owns the encodings inside of an element and their text form. Must never judge what a value means, nor put a byte of
//! it into an error.

use serde::Deserialize;
use zeroize::Zeroizing;

use super::error::StructureErrorKind;
use crate::wire::ebcdic::{from_latin_1, to_latin_1};

/// How a value is written. A length counts its *units*: characters, digits or bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Encoding {
    /// One ASCII byte per character.
    Ascii,
    /// One EBCDIC byte per character.
    Ebcdic,
    /// Two digits per byte; an odd number of digits begins with a nibble 0.
    Bcd,
    /// Two digits per byte; an odd number of digits ends with a nibble 0.
    BcdRightZero,
    /// Two digits per byte; an odd number of digits ends with a nibble F.
    BcdRightF,
    /// Bytes; as text two hexadecimal digits each.
    Binary,
}

/// How the text of an element is written: what its parts are written as unless they say otherwise.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum TextEncoding {
    /// ASCII.
    Ascii,
    /// EBCDIC.
    Ebcdic,
}

impl TextEncoding {
    pub(super) fn encoding(self) -> Encoding {
        match self {
            Self::Ascii => Encoding::Ascii,
            Self::Ebcdic => Encoding::Ebcdic,
        }
    }

    pub(super) fn numbers(self) -> NumberEncoding {
        match self {
            Self::Ascii => NumberEncoding::Ascii,
            Self::Ebcdic => NumberEncoding::Ebcdic,
        }
    }
}

impl Encoding {
    fn is_bcd(self) -> bool {
        matches!(self, Self::Bcd | Self::BcdRightZero | Self::BcdRightF)
    }

    /// Bytes of a value of `units`.
    #[inline]
    pub(crate) fn bytes_of(self, units: usize) -> usize {
        if self.is_bcd() {
            units.div_ceil(2)
        } else {
            units
        }
    }

    /// Units of a value of `bytes`. Digits come in pairs: `odd` says that one nibble is filler.
    pub(crate) fn units_of(self, bytes: usize, odd: bool) -> usize {
        if self.is_bcd() {
            bytes.saturating_mul(2).saturating_sub(usize::from(odd))
        } else {
            bytes
        }
    }

    /// Whether a value of `units` leaves a nibble over.
    #[inline]
    pub(crate) fn is_odd(self, units: usize) -> bool {
        self.is_bcd() && !units.is_multiple_of(2)
    }

    /// The value as text: characters, digits (A to F for nibbles above 9), or hexadecimal digits.
    pub fn to_text(self, value: &[u8], odd_digits: bool) -> Zeroizing<String> {
        let text = match self {
            Self::Ascii => value.iter().copied().map(char::from).collect(),
            Self::Ebcdic => value
                .iter()
                .map(|byte| char::from(to_latin_1(*byte)))
                .collect(),
            Self::Binary => hexadecimal(value),
            Self::Bcd | Self::BcdRightZero | Self::BcdRightF => {
                let digits = Zeroizing::new(hexadecimal(value));
                let count = self.units_of(value.len(), odd_digits);
                let skip = if self == Self::Bcd {
                    usize::from(odd_digits)
                } else {
                    0
                };
                digits.chars().skip(skip).take(count).collect()
            }
        };
        Zeroizing::new(text)
    }

    /// The bytes of a text, and whether its digits are odd in number. Hexadecimal digits of either case are read.
    ///
    /// # Errors
    /// [`StructureErrorKind::Text`] for a character that the encoding cannot write, or half a byte.
    pub fn from_text(self, text: &str) -> Result<(Zeroizing<Vec<u8>>, bool), StructureErrorKind> {
        let fault = StructureErrorKind::Text;
        let mut value = Zeroizing::new(Vec::with_capacity(text.len()));
        match self {
            Self::Ascii | Self::Ebcdic => {
                for character in text.chars() {
                    let code = u8::try_from(character).map_err(|_wide| fault)?;
                    value.push(if self == Self::Ebcdic {
                        from_latin_1(code)
                    } else {
                        code
                    });
                }
                Ok((value, false))
            }
            Self::Binary => {
                push_nibbles(text.chars(), &mut value).ok_or(fault)?;
                Ok((value, false))
            }
            Self::Bcd | Self::BcdRightZero | Self::BcdRightF => {
                let odd = !text.len().is_multiple_of(2);
                let filler = odd.then_some(if self == Self::BcdRightF { 'F' } else { '0' });
                let (before, after) = if self == Self::Bcd {
                    (filler, None)
                } else {
                    (None, filler)
                };
                let nibbles = before.into_iter().chain(text.chars()).chain(after);
                push_nibbles(nibbles, &mut value).ok_or(fault)?;
                Ok((value, odd))
            }
        }
    }
}

/// Upper case, two digits a byte.
pub(crate) fn hexadecimal(bytes: &[u8]) -> String {
    let digit = |nibble: u8| char::from_digit(u32::from(nibble), 16).unwrap_or('0');
    let digits = |byte: &u8| [digit(byte >> 4), digit(byte & 0x0F)];
    let mut text = String::with_capacity(bytes.len().saturating_mul(2));
    text.extend(
        bytes
            .iter()
            .flat_map(digits)
            .map(|digit| digit.to_ascii_uppercase()),
    );
    text
}

/// `None` for a character that is no hexadecimal digit, or an odd number of them.
fn push_nibbles(mut nibbles: impl Iterator<Item = char>, out: &mut Vec<u8>) -> Option<()> {
    let nibble = |character: char| u8::try_from(character.to_digit(16)?).ok();
    while let Some(high) = nibbles.next() {
        let low = nibble(nibbles.next()?)?;
        out.push((nibble(high)? << 4) | low);
    }
    Some(())
}

/// How a length, or a tag of text, is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum NumberEncoding {
    /// ASCII digits.
    Ascii,
    /// EBCDIC digits.
    Ebcdic,
    /// Two digits per byte, zeros on the left.
    Bcd,
    /// A big-endian number of bytes.
    Binary,
}

/// What a length counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Counts {
    /// Characters, digits or bytes, as the encoding of the value has it.
    #[default]
    Units,
    /// Bytes on the wire.
    Bytes,
}

/// A number of fixed width in front of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Width {
    pub(crate) encoding: NumberEncoding,
    /// Digits; for the binary encoding bytes.
    pub(crate) size: u8,
}

impl Width {
    /// Bytes on the wire.
    pub(crate) fn bytes(self) -> usize {
        let size = usize::from(self.size);
        match self.encoding {
            NumberEncoding::Ascii | NumberEncoding::Ebcdic | NumberEncoding::Binary => size,
            NumberEncoding::Bcd => size.div_ceil(2),
        }
    }

    /// The greatest number that fits.
    pub(crate) fn greatest(self) -> u32 {
        let base: u64 = match self.encoding {
            NumberEncoding::Ascii | NumberEncoding::Ebcdic | NumberEncoding::Bcd => 10,
            NumberEncoding::Binary => 256,
        };
        let count = base.saturating_pow(u32::from(self.size));
        u32::try_from(count.saturating_sub(1)).unwrap_or(u32::MAX)
    }

    /// The number in exactly [`Width::bytes`], or `None` when they are not its digits.
    pub(crate) fn read(self, bytes: &[u8]) -> Option<u32> {
        let number = match self.encoding {
            NumberEncoding::Ascii => decimal(bytes.iter().map(|byte| byte.wrapping_sub(b'0'))),
            NumberEncoding::Ebcdic => decimal(bytes.iter().map(|byte| byte.wrapping_sub(0xF0))),
            NumberEncoding::Bcd => decimal(bytes.iter().flat_map(|byte| [byte >> 4, byte & 0x0F])),
            NumberEncoding::Binary => bytes.iter().try_fold(0_u32, |number, byte| {
                number.checked_mul(256)?.checked_add(u32::from(*byte))
            }),
        }?;
        (number <= self.greatest()).then_some(number)
    }

    /// Appends the number, or nothing and `None` when it does not fit.
    pub(crate) fn write(self, number: u32, out: &mut Vec<u8>) -> Option<()> {
        if number > self.greatest() {
            return None;
        }
        let size = usize::from(self.size);
        match self.encoding {
            NumberEncoding::Ascii => out.extend(format!("{number:0size$}").bytes()),
            NumberEncoding::Ebcdic => {
                out.extend(format!("{number:0size$}").bytes().map(from_latin_1));
            }
            NumberEncoding::Bcd => {
                let digits = self.bytes().saturating_mul(2);
                push_nibbles(format!("{number:0digits$}").chars(), out)?;
            }
            NumberEncoding::Binary => {
                let bytes = u64::from(number).to_be_bytes();
                out.extend(bytes.iter().skip(bytes.len().saturating_sub(size)));
            }
        }
        Some(())
    }
}

fn decimal(mut digits: impl Iterator<Item = u8>) -> Option<u32> {
    digits.try_fold(0_u32, |number, digit| {
        if digit > 9 {
            return None;
        }
        number.checked_mul(10)?.checked_add(u32::from(digit))
    })
}
