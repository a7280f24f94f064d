//! What characters the value of an element may hold.
//!
//! Owns the content classes of ISO 8583 as they appear in text. Must never look at lengths or at the wire.

use serde::Deserialize;

use crate::wire::ebcdic::CodePage;

/// A content class, named in a dialect as in the standard.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
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

// One bit for each class whose characters are judged one by one.
const DIGITS: u8 = 1;
const LETTERS: u8 = 1 << 1;
const ALPHANUMERIC: u8 = 1 << 2;
const ALPHANUMERIC_PADDED: u8 = 1 << 3;
const PRINTABLE: u8 = 1 << 4;
const HEX: u8 = 1 << 5;
const TRACK: u8 = 1 << 6;

/// The classes that each ASCII character is of.
static CLASSES: [u8; 256] = translated_classes(None);

/// The classes that each byte of a single-byte character set is of; without `to_ascii` it is ASCII.
#[expect(
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::cast_possible_truncation,
    reason = "computed when compiled: the index runs through all values of a byte and no further"
)]
pub(crate) const fn translated_classes(to_ascii: Option<&[u8; 256]>) -> [u8; 256] {
    let mut table = [0; 256];
    let mut index = 0;
    while index < 256 {
        table[index] = classes(match to_ascii {
            Some(to_ascii) => to_ascii[index],
            None => index as u8,
        });
        index += 1;
    }
    table
}

/// The classes that an ASCII character is of.
const fn classes(byte: u8) -> u8 {
    let mut classes = 0;
    if byte.is_ascii_digit() {
        classes |= DIGITS;
    }
    if byte.is_ascii_alphabetic() {
        classes |= LETTERS;
    }
    if byte.is_ascii_alphanumeric() {
        classes |= ALPHANUMERIC;
    }
    if byte.is_ascii_alphanumeric() || byte == b' ' {
        classes |= ALPHANUMERIC_PADDED;
    }
    if byte >= 0x20 && byte <= 0x7E {
        classes |= PRINTABLE;
    }
    if byte.is_ascii_hexdigit() {
        classes |= HEX;
    }
    if byte.is_ascii_digit() || byte == b'=' || byte == b'D' {
        classes |= TRACK;
    }
    classes
}

/// The entry of a byte.
pub(crate) fn lookup(table: &[u8; 256], byte: u8) -> u8 {
    table.get(usize::from(byte)).copied().unwrap_or_default()
}

impl ContentClass {
    /// Whether a value in ASCII is of the class.
    pub(crate) fn holds(self, value: &[u8]) -> bool {
        match self {
            Self::Digits => each_eight(value, digits),
            Self::Letters => each_eight(value, letters),
            Self::Alphanumeric => each_eight(value, |x| digits(x) | letters(x)),
            Self::AlphanumericPadded => {
                each_eight(value, |x| digits(x) | letters(x) | range(x, b' ', b' '))
            }
            Self::Printable => each_eight(value, |x| range(x, b' ', b'~')),
            Self::Hex => {
                value.len().is_multiple_of(2)
                    && each_eight(value, |x| digits(x) | range(x | CASE, b'a', b'f'))
            }
            Self::Track => each_eight(value, |x| {
                digits(x) | range(x, b'=', b'=') | range(x, b'D', b'D')
            }),
            Self::SignedDigits => match value.split_first() {
                Some((sign, rest)) => is_sign(*sign) && each_eight(rest, digits),
                None => true,
            },
        }
    }

    /// Finds the first fault of a value in ASCII.
    pub(crate) fn check(self, value: &[u8]) -> Result<(), ContentFault> {
        if self.holds(value) {
            Ok(())
        } else {
            self.locate(value.iter().copied())
        }
    }

    /// Whether a value in EBCDIC is of the class. `false` also for a class that is not judged by its characters alone.
    #[inline]
    pub(crate) fn holds_ebcdic(self, value: &[u8], page: CodePage) -> bool {
        // What turns the digits of EBCDIC, the same in all code pages, into those of ASCII.
        const FLIPPED: u64 = 0xC0 * ONES;
        match self {
            Self::Digits => each_eight_flipped(value, FLIPPED, digits),
            Self::Letters
            | Self::Alphanumeric
            | Self::AlphanumericPadded
            | Self::Printable
            | Self::Track => {
                let classes = page.classes();
                let common = value
                    .iter()
                    .fold(self.mask(), |common, byte| common & lookup(classes, *byte));
                common != 0
            }
            Self::Hex | Self::SignedDigits => false,
        }
    }

    /// Finds the first fault of a value in a single-byte character set that `to_ascii` translates.
    pub(crate) fn check_translated(
        self,
        value: &[u8],
        to_ascii: &[u8; 256],
    ) -> Result<(), ContentFault> {
        self.locate(value.iter().map(|byte| lookup(to_ascii, *byte)))
    }

    /// Whether a packed nibble, given as its upper-case hexadecimal digit, is of the class.
    pub(crate) fn takes_nibble(self, digit: u8) -> bool {
        lookup(&CLASSES, digit) & self.mask() != 0
    }

    fn locate(self, mut value: impl ExactSizeIterator<Item = u8>) -> Result<(), ContentFault> {
        let length = value.len();
        let mask = self.mask();
        let bad = match self {
            Self::SignedDigits => {
                let mut first = true;
                value.position(|byte| {
                    let good = match std::mem::take(&mut first) {
                        true => is_sign(byte),
                        false => byte.is_ascii_digit(),
                    };
                    !good
                })
            }
            Self::Digits
            | Self::Letters
            | Self::Alphanumeric
            | Self::AlphanumericPadded
            | Self::Printable
            | Self::Hex
            | Self::Track => value.position(|byte| lookup(&CLASSES, byte) & mask == 0),
        };
        match bad {
            Some(index) => Err(ContentFault::Byte(index)),
            None if self == Self::Hex && !length.is_multiple_of(2) => Err(ContentFault::OddHex),
            None => Ok(()),
        }
    }

    fn mask(self) -> u8 {
        match self {
            Self::Digits | Self::SignedDigits => DIGITS,
            Self::Letters => LETTERS,
            Self::Alphanumeric => ALPHANUMERIC,
            Self::AlphanumericPadded => ALPHANUMERIC_PADDED,
            Self::Printable => PRINTABLE,
            Self::Hex => HEX,
            Self::Track => TRACK,
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

fn is_sign(byte: u8) -> bool {
    matches!(byte, b'C' | b'D')
}

/// One in each byte of a word.
const ONES: u64 = 0x0101_0101_0101_0101;
/// The highest bit of each byte of a word.
const HIGHS: u64 = 0x80 * ONES;
/// What tells the cases of a letter apart.
const CASE: u64 = 0x20 * ONES;

/// Whether all bytes are good, eight at a time: `good` sets the highest bit of each good byte, and is given bytes
/// below 0x80.
fn each_eight(value: &[u8], good: impl Fn(u64) -> u64) -> bool {
    each_eight_flipped(value, 0, good)
}

/// The same for bytes of which some bits are flipped first.
#[inline]
fn each_eight_flipped(value: &[u8], flipped: u64, good: impl Fn(u64) -> u64) -> bool {
    each_word(value, |eight| {
        let eight = eight ^ flipped;
        let good = good(eight & !HIGHS) & !eight;
        good & HIGHS == HIGHS
    })
}

/// Whether all words of eight bytes are good. What does not fill eight bytes is read as eight that overlap others, or
/// themselves, so that each byte is in some word and nothing else is. Their order is no matter.
#[inline]
pub(crate) fn each_word(value: &[u8], good: impl Fn(u64) -> bool) -> bool {
    if let Some(last) = value.last_chunk::<8>() {
        let (eights, _) = value.as_chunks::<8>();
        eights.iter().all(|eight| good(u64::from_ne_bytes(*eight)))
            && good(u64::from_ne_bytes(*last))
    } else if let (Some(first), Some(last)) = (value.first_chunk::<4>(), value.last_chunk::<4>()) {
        let (first, last) = (u32::from_ne_bytes(*first), u32::from_ne_bytes(*last));
        good(u64::from(first) << 32 | u64::from(last))
    } else {
        let mut three = value.iter().map(|byte| u64::from(*byte));
        let Some(first) = three.next() else {
            return true;
        };
        let (second, third) = (three.next().unwrap_or(first), three.next().unwrap_or(first));
        // The first byte again wherever nothing else stands.
        let others = first.wrapping_mul(ONES) & !0xFF_FFFF;
        good(others | third << 16 | second << 8 | first)
    }
}

/// Sets the highest bit of each byte within a range of ASCII.
fn range(eight: u64, first: u8, last: u8) -> u64 {
    let from = eight.wrapping_add(u64::from(0x80_u8.wrapping_sub(first)).wrapping_mul(ONES));
    let beyond = eight.wrapping_add(u64::from(0x7F_u8.wrapping_sub(last)).wrapping_mul(ONES));
    from & !beyond
}

fn digits(eight: u64) -> u64 {
    range(eight, b'0', b'9')
}

fn letters(eight: u64) -> u64 {
    range(eight | CASE, b'a', b'z')
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

    #[test]
    fn eight_at_a_time_is_the_same_as_one_by_one() {
        use ContentClass as C;
        let classes = [
            (C::Digits, b'7'),
            (C::Letters, b'x'),
            (C::Alphanumeric, b'Q'),
            (C::AlphanumericPadded, b' '),
            (C::Printable, b'~'),
            (C::Hex, b'f'),
            (C::Track, b'='),
        ];
        let as_it_is: [u8; 256] = std::array::from_fn(|byte| u8::try_from(byte).unwrap());
        for (class, filler) in classes {
            for length in 1..20 {
                for at in 0..length {
                    for byte in 0..=u8::MAX {
                        let mut value = vec![filler; length];
                        value[at] = byte;
                        let one_by_one = class.check_translated(&value, &as_it_is);
                        assert_eq!(class.check(&value), one_by_one, "{class:?} {value:?}");
                        assert_eq!(class.holds(&value), one_by_one.is_ok());
                    }
                }
            }
            assert_eq!(class.check(b""), Ok(()));
        }
    }

    #[test]
    fn a_value_in_ebcdic_is_judged_as_its_translation() {
        use ContentClass as C;
        for page in [CodePage::Ibm037, CodePage::Ibm500, CodePage::Ibm1047] {
            for (class, filler) in [
                (C::Digits, b'7'),
                (C::Letters, b'x'),
                (C::Alphanumeric, b'Q'),
                (C::AlphanumericPadded, b' '),
                (C::Printable, b'~'),
                (C::Track, b'='),
            ] {
                for length in 1..20 {
                    for at in 0..length {
                        for byte in 0..=u8::MAX {
                            let mut value = vec![page.byte(filler); length];
                            value[at] = byte;
                            let one_by_one = class.check_translated(&value, page.to_ascii());
                            let held = class.holds_ebcdic(&value, page);
                            assert_eq!(held, one_by_one.is_ok(), "{class:?} {value:?}");
                        }
                    }
                }
            }
            assert!(!C::Hex.holds_ebcdic(&[0xF1], page), "half a byte");
            assert!(!C::SignedDigits.holds_ebcdic(&[0xF1], page), "no sign");
        }
    }

    #[test]
    fn nibbles_are_judged_by_their_digit() {
        assert!(
            ContentClass::Digits.takes_nibble(b'9') && !ContentClass::Digits.takes_nibble(b'A')
        );
        assert!(ContentClass::Track.takes_nibble(b'D') && !ContentClass::Track.takes_nibble(b'F'));
        assert!(ContentClass::Hex.takes_nibble(b'F'));
    }
}
