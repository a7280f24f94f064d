//! A value as text.
//!
//! Owns the way from the bytes of a value to its characters. Must never leave a translated value in memory behind it:
//! it may be a PAN, a track or a PIN block.

use std::fmt;
use std::ops::Deref;

use zeroize::Zeroizing;

use crate::content::lookup;
use crate::dialect::plan::Sign;
use crate::wire::ebcdic::CodePage;
use crate::wire::nibbles;

/// Longest value translated without a heap allocation, in characters.
const SHORT: usize = 64;

/// How the bytes of one value are read, found out once when it was decoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reading {
    Ascii,
    Ebcdic(CodePage),
    Packed(PadAt),
    Signed(Sign, PadAt),
}

/// Where the pad nibble of packed digits is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PadAt {
    Nowhere,
    First,
    Last,
}

impl PadAt {
    /// Characters of so many packed bytes.
    fn characters(self, bytes: usize) -> usize {
        let pad = usize::from(self != Self::Nowhere);
        bytes.saturating_mul(2).saturating_sub(pad)
    }
}

impl Reading {
    /// Characters of a value.
    pub(crate) fn characters(self, wire: &[u8]) -> usize {
        match self {
            Self::Ascii | Self::Ebcdic(_) => wire.len(),
            Self::Packed(pad) => pad.characters(wire.len()),
            Self::Signed(_, pad) => match wire.len() {
                0 => 0,
                bytes => pad.characters(bytes.saturating_sub(1)).saturating_add(1),
            },
        }
    }

    /// The bytes that a value of hexadecimal digits stands for; `None` for each two characters that are none.
    pub(crate) fn bytes(self, wire: &[u8]) -> impl Iterator<Item = Option<u8>> {
        let nibble = move |byte: u8| match self {
            Self::Ascii => nibbles::nibble(byte),
            Self::Ebcdic(page) => nibbles::nibble(lookup(page.to_ascii(), byte)),
            Self::Packed(_) | Self::Signed(..) => None,
        };
        let pairs = wire.as_chunks::<2>().0.iter();
        pairs.map(move |[high, low]| Some(nibble(*high)? << 4 | nibble(*low)?))
    }

    /// Writes the characters into `text`, which has exactly as many bytes.
    pub(crate) fn translate(self, wire: &[u8], text: &mut [u8]) {
        match self {
            Self::Ascii => text.copy_from_slice(wire.get(..text.len()).unwrap_or_default()),
            Self::Ebcdic(page) => {
                let table = page.to_ascii();
                for (character, byte) in text.iter_mut().zip(wire) {
                    *character = lookup(table, *byte);
                }
            }
            Self::Packed(pad) => nibbles::unpack(wire, pad == PadAt::First, text),
            Self::Signed(sign, pad) => {
                if let (Some((first, digits)), Some((character, text))) =
                    (wire.split_first(), text.split_first_mut())
                {
                    *character = match sign {
                        Sign::Ascii => *first,
                        Sign::Ebcdic => lookup(CodePage::Ibm500.to_ascii(), *first),
                    };
                    nibbles::unpack(digits, pad == PadAt::First, text);
                }
            }
        }
    }
}

/// The characters of one value: borrowed from the frame where it holds them, else translated into memory of its own,
/// which is wiped. Values of up to 64 characters need no heap.
///
/// `Debug` shows the length only.
pub struct Value<'a>(Held<'a>);

enum Held<'a> {
    Frame(&'a str),
    Short(Zeroizing<[u8; SHORT]>, usize),
    Long(Zeroizing<Vec<u8>>),
}

impl<'a> Value<'a> {
    pub(crate) fn new(reading: Reading, wire: &'a [u8]) -> Option<Self> {
        if reading == Reading::Ascii {
            return Some(Self(Held::Frame(std::str::from_utf8(wire).ok()?)));
        }
        let length = reading.characters(wire);
        let mut short = Zeroizing::new([0; SHORT]);
        match short.get_mut(..length) {
            Some(text) => {
                reading.translate(wire, text);
                Some(Self(Held::Short(short, length)))
            }
            None => {
                let mut text = Zeroizing::new(vec![0; length]);
                reading.translate(wire, &mut text);
                Some(Self(Held::Long(text)))
            }
        }
    }
}

impl Deref for Value<'_> {
    type Target = str;

    fn deref(&self) -> &str {
        let text = match &self.0 {
            Held::Frame(text) => return text,
            Held::Short(text, length) => text.get(..*length).unwrap_or_default(),
            Held::Long(text) => text,
        };
        // Translation gives ASCII only.
        std::str::from_utf8(text).unwrap_or_default()
    }
}

impl fmt::Debug for Value<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Value({} characters)", self.len())
    }
}
