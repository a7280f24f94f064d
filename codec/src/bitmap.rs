//! The set of elements that a message carries, and how its maps are written.
//!
//! Owns the order of the bits: element 1 is the highest bit of the first map. Must never know what an element is.

use bytes::{BufMut as _, BytesMut};
use serde::Deserialize;

use crate::element::Element;
use crate::wire::ebcdic::CodePage;
use crate::wire::nibbles;

/// Bytes of one map.
const MAP_BYTES: usize = 8;

/// The highest bit of a map: of the first one it announces the second, of the second one the third.
const FIRST_BIT: u64 = 1_u64.rotate_right(1);

/// How a bitmap is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum BitmapEncoding {
    /// 8 bytes.
    Binary,
    /// 16 ASCII hexadecimal digits: upper case written, either case read.
    AsciiHex,
    /// 16 ASCII hexadecimal digits: lower case written, either case read.
    AsciiHexLower,
    /// 16 EBCDIC hexadecimal digits: upper case written, either case read.
    EbcdicHex,
}

impl BitmapEncoding {
    /// Bytes of one map on the wire.
    pub(crate) fn bytes(self) -> usize {
        match self {
            Self::Binary => MAP_BYTES,
            Self::AsciiHex | Self::AsciiHexLower | Self::EbcdicHex => 2 * MAP_BYTES,
        }
    }

    /// Reads one map, or gives the index of the first byte that is not hexadecimal.
    pub(crate) fn read(self, wire: &[u8]) -> Result<u64, usize> {
        match self {
            Self::Binary => Ok(wire
                .iter()
                .fold(0, |map: u64, byte| map << 8 | u64::from(*byte))),
            Self::AsciiHex | Self::AsciiHexLower => read_hex(wire, |byte| byte),
            // The three code pages agree on hexadecimal digits.
            Self::EbcdicHex => {
                let table = CodePage::Ibm500.to_ascii();
                read_hex(wire, |byte| crate::content::lookup(table, byte))
            }
        }
    }

    /// Writes one map.
    pub(crate) fn write(self, map: u64, out: &mut BytesMut) {
        let bytes = map.to_be_bytes();
        if self == Self::Binary {
            out.put_slice(&bytes);
            return;
        }
        let mut text = [0; 2 * MAP_BYTES];
        let (pairs, _) = text.as_chunks_mut::<2>();
        for (pair, byte) in pairs.iter_mut().zip(bytes) {
            *pair = nibbles::digits(byte).map(|digit| match self {
                Self::AsciiHexLower => digit.to_ascii_lowercase(),
                Self::EbcdicHex => CodePage::Ibm500.byte(digit),
                Self::Binary | Self::AsciiHex => digit,
            });
        }
        out.put_slice(&text);
    }
}

fn read_hex(wire: &[u8], to_ascii: impl Fn(u8) -> u8) -> Result<u64, usize> {
    wire.iter().enumerate().try_fold(0, |map: u64, (at, byte)| {
        let nibble = nibbles::nibble(to_ascii(*byte)).ok_or(at)?;
        Ok(map << 4 | u64::from(nibble))
    })
}

/// Elements 1..=192, one bit each; element 1 is the highest bit of the first map.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Bitmap([u64; 3]);

impl Bitmap {
    /// The elements of a map: 0 holds 1..=64, 1 holds 65..=128, 2 holds 129..=192.
    pub(crate) fn map(self, index: u8) -> u64 {
        self.0.get(usize::from(index)).copied().unwrap_or_default()
    }

    /// Adds the elements of a map.
    pub(crate) fn add(&mut self, index: u8, map: u64) {
        if let Some(slot) = self.0.get_mut(usize::from(index)) {
            *slot |= map;
        }
    }

    pub(crate) fn insert(&mut self, element: Element) {
        let (index, bit) = place(element);
        self.add(index, bit);
    }

    /// Ascending elements; bit 1 is not one.
    pub(crate) fn elements(self) -> impl Iterator<Item = Element> {
        let [first, second, third] = self.0;
        elements(0, first)
            .chain(elements(1, second))
            .chain(elements(2, third))
    }
}

/// The elements of one map, ascending; bit 1 of the first one is not one.
pub(crate) fn elements(index: u8, map: u64) -> impl Iterator<Item = Element> {
    let mut rest = map;
    std::iter::from_fn(move || {
        if rest == 0 {
            return None;
        }
        // At most 63 as `rest` is not zero, so the number is 1..=192.
        let bit = rest.leading_zeros();
        rest &= !(FIRST_BIT >> bit);
        let number = u8::try_from(bit).unwrap_or_default();
        Some(index.wrapping_mul(64).wrapping_add(number).wrapping_add(1))
    })
    .filter_map(Element::new)
}

/// The map of an element and its bit.
fn place(element: Element) -> (u8, u64) {
    let index = element.number().saturating_sub(1);
    (index / 64, FIRST_BIT >> (index % 64))
}

/// Whether a map announces the next one.
pub(crate) fn announces(map: u64) -> bool {
    map & FIRST_BIT != 0
}

/// The map with its announcement.
pub(crate) fn announcing(map: u64) -> u64 {
    map | FIRST_BIT
}

/// The map without its announcement.
pub(crate) fn elements_only(map: u64) -> u64 {
    map & !FIRST_BIT
}

#[cfg(test)]
mod tests {
    use super::*;

    fn element(number: u8) -> Element {
        Element::new(number).unwrap()
    }

    #[test]
    fn element_2_is_the_second_highest_bit() {
        let mut set = Bitmap::default();
        set.insert(Element::PAN);
        assert_eq!(set.map(0), 0x4000_0000_0000_0000);
        set.insert(element(64));
        assert_eq!((set.map(0), set.map(1)), (0x4000_0000_0000_0001, 0));
        set.insert(element(128));
        set.insert(element(65));
        assert_eq!(set.map(1), 0x8000_0000_0000_0001);
        set.insert(element(192));
        assert_eq!(set.map(2), 1);
        let numbers: Vec<u8> = set.elements().map(Element::number).collect();
        assert_eq!(numbers, [2, 64, 65, 128, 192]);
    }

    #[test]
    fn all_elements_come_in_order_and_bit_1_is_none() {
        let mut set = Bitmap::default();
        for index in 0..3 {
            set.add(index, u64::MAX);
        }
        let numbers: Vec<u8> = set.elements().map(Element::number).collect();
        assert_eq!(numbers, (2..=192).collect::<Vec<u8>>());
        assert!(announces(announcing(0)) && elements_only(announcing(5)) == 5);
    }

    #[test]
    fn each_form_is_written_and_read_and_hexadecimal_in_either_case() {
        let map = 0x00AB_CDEF_1234_5678;
        for (encoding, wire) in [
            (
                BitmapEncoding::Binary,
                &b"\x00\xAB\xCD\xEF\x12\x34\x56\x78"[..],
            ),
            (BitmapEncoding::AsciiHex, b"00ABCDEF12345678"),
            (BitmapEncoding::AsciiHexLower, b"00abcdef12345678"),
            (
                BitmapEncoding::EbcdicHex,
                b"\xF0\xF0\xC1\xC2\xC3\xC4\xC5\xC6\xF1\xF2\xF3\xF4\xF5\xF6\xF7\xF8",
            ),
        ] {
            let mut out = BytesMut::new();
            encoding.write(map, &mut out);
            assert_eq!(&out[..], wire, "{encoding:?}");
            assert_eq!(encoding.bytes(), wire.len());
            assert_eq!(encoding.read(wire), Ok(map));
        }
        assert_eq!(BitmapEncoding::AsciiHex.read(b"00aBcDeF12345678"), Ok(map));
        assert_eq!(
            BitmapEncoding::AsciiHexLower.read(b"00aBcDeF12345678"),
            Ok(map)
        );
        assert_eq!(BitmapEncoding::AsciiHex.read(b"00aBcDeF1234567G"), Err(15));
        assert_eq!(BitmapEncoding::AsciiHex.read(b"00aBcDe+12345678"), Err(7));
        assert_eq!(BitmapEncoding::EbcdicHex.read(b"0123456789ABCDEF"), Err(0));
    }
}
