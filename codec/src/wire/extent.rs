//! How many bytes a value takes, and what the length in front of it counts.
//!
//! Owns the arithmetic between characters, bytes and announced units. Must never read a byte.

use serde::Deserialize;

/// What one unit of an announced length is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum LengthUnit {
    /// A character of the value: of format `b` half a byte, of `x+n` the sign too.
    Characters,
    /// A digit of the value: of `x+n` without the sign.
    Digits,
    /// A byte of the value: of format `b` two characters; of packed digits a byte on the wire, its pad included.
    Bytes,
    /// Half a byte on the wire, the pad included.
    Nibbles,
}

/// How many bytes the characters of a value take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Layout {
    /// One byte each.
    Text,
    /// Half a byte each.
    Packed,
    /// A sign of one byte, then half a byte each.
    Signed,
}

/// A layout and the unit of the length in front, joined when the dialect is compiled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Measure {
    pub(crate) layout: Layout,
    pub(crate) unit: LengthUnit,
    /// The value is bytes in hexadecimal: two characters are one byte.
    pub(crate) hexadecimal: bool,
}

/// Characters of a value and bytes on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Extent {
    pub(crate) characters: usize,
    pub(crate) bytes: usize,
}

impl Layout {
    /// Bytes that so many characters take.
    pub(crate) fn bytes(self, characters: usize) -> usize {
        match self {
            Self::Text => characters,
            Self::Packed => characters.div_ceil(2),
            Self::Signed => match characters {
                0 => 0,
                _ => characters.saturating_sub(1).div_ceil(2).saturating_add(1),
            },
        }
    }

    /// The most characters that so many bytes hold.
    fn characters(self, bytes: usize) -> usize {
        match self {
            Self::Text => bytes,
            Self::Packed => bytes.saturating_mul(2),
            Self::Signed => match bytes {
                0 => 0,
                _ => bytes.saturating_mul(2).saturating_sub(1),
            },
        }
    }
}

impl Measure {
    /// What an announced length means, or `None` when it is odd and cannot be.
    #[inline]
    pub(crate) fn extent(self, units: usize) -> Option<Extent> {
        let exactly = |characters| Extent {
            characters,
            bytes: self.layout.bytes(characters),
        };
        let filling = |bytes| Extent {
            characters: self.layout.characters(bytes),
            bytes,
        };
        match self.unit {
            LengthUnit::Characters => Some(exactly(units)),
            LengthUnit::Digits => Some(exactly(match (self.layout, units) {
                (Layout::Signed, 1..) => units.saturating_add(1),
                (Layout::Text | Layout::Packed | Layout::Signed, _) => units,
            })),
            LengthUnit::Bytes if self.hexadecimal => Some(exactly(units.saturating_mul(2))),
            LengthUnit::Bytes => Some(filling(units)),
            LengthUnit::Nibbles => units.is_multiple_of(2).then(|| filling(units / 2)),
        }
    }

    /// The length to announce for a value.
    pub(crate) fn units(self, characters: usize) -> usize {
        match self.unit {
            LengthUnit::Characters => characters,
            LengthUnit::Digits => match self.layout {
                Layout::Signed => characters.saturating_sub(1),
                Layout::Text | Layout::Packed => characters,
            },
            LengthUnit::Bytes if self.hexadecimal => characters.div_ceil(2),
            LengthUnit::Bytes => self.layout.bytes(characters),
            LengthUnit::Nibbles => self.layout.bytes(characters).saturating_mul(2),
        }
    }

    /// Whether the announced length leaves open if an odd number of digits was meant.
    pub(crate) fn hides_odd(self) -> bool {
        match (self.layout, self.unit) {
            (Layout::Packed | Layout::Signed, LengthUnit::Bytes | LengthUnit::Nibbles) => {
                !self.hexadecimal
            }
            (Layout::Packed | Layout::Signed, LengthUnit::Characters | LengthUnit::Digits)
            | (Layout::Text, _) => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_unit_counts_what_it_says() {
        use Layout::{Packed, Signed, Text};
        use LengthUnit::{Bytes, Characters, Digits, Nibbles};
        // Layout, hexadecimal, unit, characters: announced, bytes on the wire.
        for (layout, hexadecimal, unit, characters, units, bytes) in [
            (Text, false, Characters, 5, 5, 5),
            (Text, false, Bytes, 5, 5, 5),
            (Text, false, Nibbles, 5, 10, 5),
            (Text, true, Characters, 16, 16, 16),
            (Text, true, Bytes, 16, 8, 16),
            (Packed, false, Digits, 19, 19, 10),
            (Packed, false, Characters, 19, 19, 10),
            (Packed, false, Bytes, 18, 9, 9),
            (Packed, false, Nibbles, 18, 18, 9),
            (Packed, true, Bytes, 16, 8, 8),
            (Packed, true, Characters, 16, 16, 8),
            (Signed, false, Characters, 9, 9, 5),
            (Signed, false, Digits, 9, 8, 5),
            (Signed, false, Bytes, 9, 5, 5),
        ] {
            let measure = Measure {
                layout,
                unit,
                hexadecimal,
            };
            assert_eq!(measure.units(characters), units, "{measure:?}");
            assert_eq!(
                measure.extent(units),
                Some(Extent { characters, bytes }),
                "{measure:?}"
            );
        }
    }

    #[test]
    fn an_odd_number_of_digits_is_hidden_by_bytes_and_nibbles() {
        let measure = |unit| Measure {
            layout: Layout::Packed,
            unit,
            hexadecimal: false,
        };
        assert_eq!(measure(LengthUnit::Bytes).units(5), 3);
        assert_eq!(measure(LengthUnit::Bytes).extent(3).unwrap().characters, 6);
        assert!(measure(LengthUnit::Bytes).hides_odd());
        assert_eq!(measure(LengthUnit::Nibbles).units(5), 6);
        assert_eq!(measure(LengthUnit::Nibbles).extent(5), None);
        assert!(!measure(LengthUnit::Digits).hides_odd());
        assert_eq!(Layout::Signed.bytes(0), 0);
        assert_eq!(Layout::Signed.characters(0), 0);
    }
}
