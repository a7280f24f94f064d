//! The set of elements that a message carries, and its hexadecimal text.
//!
//! Owns the order of the bits: element 1 is the highest bit of the first map. Must never know what an element is.

use crate::element::Element;

/// Characters of one 64-bit map as hexadecimal text.
pub(crate) const HEX_CHARACTERS: usize = 16;

/// Elements 1..=128, one bit each; element 1 is the highest bit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Bitmap(u128);

impl Bitmap {
    /// The first map, elements 1..=64, and the second one, elements 65..=128.
    pub(crate) fn from_maps(first: u64, second: u64) -> Self {
        Self(u128::from(first).rotate_left(64) | u128::from(second))
    }

    pub(crate) fn contains(self, element: Element) -> bool {
        self.0 & Self::bit(element) != 0
    }

    pub(crate) fn insert(&mut self, element: Element) {
        self.0 |= Self::bit(element);
    }

    /// Whether any element of 65..=128 is in the set.
    pub(crate) fn needs_second(self) -> bool {
        self.second() != 0
    }

    /// The first map as it is sent: bit 1 is set exactly when the second map follows.
    pub(crate) fn first(self) -> u64 {
        let [a, b, c, d, e, f, g, h, ..] = self.0.to_be_bytes();
        let elements = u64::from_be_bytes([a, b, c, d, e, f, g, h]) & !FIRST_BIT;
        if self.needs_second() {
            elements | FIRST_BIT
        } else {
            elements
        }
    }

    /// The second map.
    pub(crate) fn second(self) -> u64 {
        let [.., a, b, c, d, e, f, g, h] = self.0.to_be_bytes();
        u64::from_be_bytes([a, b, c, d, e, f, g, h])
    }

    /// Ascending elements; bit 1 is not one.
    pub(crate) fn elements(self) -> impl Iterator<Item = Element> {
        let mut rest = self.0;
        std::iter::from_fn(move || {
            if rest == 0 {
                return None;
            }
            // At most 127 as `rest` is not zero, so the number is 1..=128.
            let number = rest.leading_zeros().saturating_add(1);
            rest &= !1_u128.rotate_right(number);
            Some(number)
        })
        .filter_map(|number| Element::new(u8::try_from(number).ok()?))
    }

    fn bit(element: Element) -> u128 {
        1_u128.rotate_right(u32::from(element.number()))
    }
}

/// Bit 1 of the first map: a second map follows.
const FIRST_BIT: u64 = 1_u64.rotate_right(1);

/// Whether a first map announces the second one.
pub(crate) fn announces_second(first: u64) -> bool {
    first & FIRST_BIT != 0
}

/// Reads hexadecimal text of either case; `None` for another byte or more than 16 characters.
pub(crate) fn read_hex(text: &[u8]) -> Option<u64> {
    if text.len() > HEX_CHARACTERS {
        return None;
    }
    text.iter().try_fold(0_u64, |map, byte| {
        let digit = char::from(*byte).to_digit(16)?;
        Some(map.rotate_left(4) | u64::from(digit))
    })
}

/// Upper-case hexadecimal text of one map.
pub(crate) fn hex(map: u64) -> [u8; HEX_CHARACTERS] {
    let mut rest = map;
    [(); HEX_CHARACTERS].map(|()| {
        rest = rest.rotate_left(4);
        let digit = u32::try_from(rest & 0xF).unwrap_or_default();
        // 16 digits exist for the four bits kept above, and each is ASCII.
        char::from_digit(digit, 16).map_or(b'0', |digit| {
            u8::try_from(digit.to_ascii_uppercase()).unwrap_or(b'0')
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn element_2_is_the_second_highest_bit() {
        let mut set = Bitmap::default();
        set.insert(Element::PAN);
        assert_eq!(&hex(set.first()), b"4000000000000000");
        set.insert(Element::new(128).unwrap());
        assert_eq!(&hex(set.first()), b"C000000000000000");
        assert_eq!(&hex(set.second()), b"0000000000000001");
        let numbers: Vec<u8> = set.elements().map(Element::number).collect();
        assert_eq!(numbers, [2, 128]);
    }

    #[test]
    fn bit_1_is_not_an_element() {
        let set = Bitmap::from_maps(u64::MAX, u64::MAX);
        let numbers: Vec<u8> = set.elements().map(Element::number).collect();
        assert_eq!(numbers, (2..=128).collect::<Vec<u8>>());
        let empty_second = Bitmap::from_maps(FIRST_BIT, 0);
        assert_eq!(empty_second.elements().count(), 0);
        assert_eq!(
            empty_second.first(),
            0,
            "not announced when nothing is in the second map"
        );
    }

    #[test]
    fn hex_reads_both_cases_and_nothing_else() {
        assert_eq!(read_hex(b"00aBcDeF12345678"), Some(0x00AB_CDEF_1234_5678));
        assert_eq!(&hex(0x00AB_CDEF_1234_5678), b"00ABCDEF12345678");
        assert_eq!(read_hex(b"00aBcDeF1234567G"), None);
        assert_eq!(read_hex(b"00aBcDeF1234567+"), None);
        assert_eq!(read_hex(b"100aBcDeF12345678"), None);
    }
}
