//! Two characters per byte: packed digits and bytes shown in hexadecimal.
//!
//! Owns packing and unpacking. Must never decide which characters a value may hold.

use crate::content::{each_word, lookup};

/// Where the filling nibble of an odd number of digits stands, and what it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Packing {
    /// The first nibble of the value, else the last one.
    pub(crate) pad_left: bool,
    /// 0..=15.
    pub(crate) pad: u8,
}

impl Packing {
    /// A zero in front, as a number is written: no digit beyond nine.
    pub(crate) const ZERO_IN_FRONT: Self = Self {
        pad_left: true,
        pad: 0,
    };
}

/// No hexadecimal digit.
const NONE: u8 = 0xFF;

/// The value of a hexadecimal digit of either case.
static NIBBLE_OF: [u8; 256] = nibble_table();

/// The two upper-case digits of each byte.
static DIGITS_OF: [[u8; 2]; 256] = digit_table();

const UPPER: &[u8; 16] = b"0123456789ABCDEF";

#[expect(
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "computed when compiled: an index out of bounds or an overflow fails the build"
)]
const fn nibble_table() -> [u8; 256] {
    let mut table = [NONE; 256];
    let mut nibble: u8 = 0;
    while nibble < 16 {
        let digit = UPPER[nibble as usize];
        table[digit as usize] = nibble;
        table[digit.to_ascii_lowercase() as usize] = nibble;
        nibble += 1;
    }
    table
}

#[expect(
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "computed when compiled: an index out of bounds or an overflow fails the build"
)]
const fn digit_table() -> [[u8; 2]; 256] {
    let mut table = [[0; 2]; 256];
    let mut byte: usize = 0;
    while byte < 256 {
        table[byte] = [UPPER[byte >> 4], UPPER[byte & 0xF]];
        byte += 1;
    }
    table
}

/// The two upper-case hexadecimal digits of a byte.
pub(crate) fn digits(byte: u8) -> [u8; 2] {
    DIGITS_OF
        .get(usize::from(byte))
        .copied()
        .unwrap_or_default()
}

/// The value of a hexadecimal digit of either case, or `None`.
pub(crate) fn nibble(character: u8) -> Option<u8> {
    let nibble = lookup(&NIBBLE_OF, character);
    (nibble != NONE).then_some(nibble)
}

/// The byte of two hexadecimal digits. Another character, which the content check has refused before, counts as 0.
pub(crate) fn byte(high: u8, low: u8) -> u8 {
    nibble(high).unwrap_or_default() << 4 | nibble(low).unwrap_or_default()
}

/// Whether all nibbles are decimal.
#[inline]
pub(crate) fn all_decimal(bytes: &[u8]) -> bool {
    each_word(bytes, |eight| beyond_nine(eight) == 0)
}

/// Whether all nibbles are decimal or the separator of a track, D.
pub(crate) fn all_track(bytes: &[u8]) -> bool {
    each_word(bytes, |eight| {
        // Of a nibble beyond nine: its bits 4 and 1 are set, its bit 2 is not.
        let separators = (eight << 1) & !(eight << 2) & (eight << 3);
        beyond_nine(eight) & !separators == 0
    })
}

/// Not zero when a nibble is 10 or more: its bit 8 is set together with bit 4 or bit 2. That bit is set in the result.
fn beyond_nine(nibbles: u64) -> u64 {
    nibbles & (nibbles << 1 | nibbles << 2) & 0x8888_8888_8888_8888
}

/// Unpacks into `text` as many characters as it has, from the first nibble or, after a pad, from the second one.
pub(crate) fn unpack(bytes: &[u8], skip_first: bool, text: &mut [u8]) {
    let skipped = usize::from(skip_first).min(text.len());
    let (head, text) = text.split_at_mut(skipped);
    let (first, bytes) = bytes.split_at(skipped.min(bytes.len()));
    for (character, byte) in head.iter_mut().zip(first) {
        [_, *character] = digits(*byte);
    }
    let (pairs, last) = text.as_chunks_mut::<2>();
    for (pair, byte) in pairs.iter_mut().zip(bytes) {
        *pair = digits(*byte);
    }
    if let ([character], Some(byte)) = (last, bytes.last()) {
        [*character, _] = digits(*byte);
    }
}

/// Packs hexadecimal characters (of a track: `=` as the nibble D) by calling `put` for each byte.
pub(crate) fn pack(text: &[u8], packing: Packing, mut put: impl FnMut(u8)) {
    let mut text = text;
    let odd = !text.len().is_multiple_of(2);
    if odd
        && packing.pad_left
        && let Some((character, rest)) = text.split_first()
    {
        put(packing.pad << 4 | packed(*character));
        text = rest;
    }
    let (pairs, last) = text.as_chunks::<2>();
    for [high, low] in pairs {
        put(packed(*high) << 4 | packed(*low));
    }
    if let [character] = last {
        put(packed(*character) << 4 | packing.pad);
    }
}

fn packed(character: u8) -> u8 {
    match character {
        b'=' => 0xD,
        other => nibble(other).unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_go_both_ways_on_either_side() {
        for (text, pad_left, pad, wire) in [
            ("1234", true, 0, &[0x12, 0x34][..]),
            ("123", true, 0, &[0x01, 0x23]),
            ("123", false, 0, &[0x12, 0x30]),
            ("123", false, 0xF, &[0x12, 0x3F]),
            ("7", true, 0xF, &[0xF7]),
            ("7", false, 0, &[0x70]),
            ("", true, 0, &[]),
            ("12D4", true, 0, &[0x12, 0xD4]),
        ] {
            let mut packed = Vec::new();
            pack(text.as_bytes(), Packing { pad_left, pad }, |byte| {
                packed.push(byte)
            });
            assert_eq!(packed, wire, "{text}");
            let mut back = vec![0; text.len()];
            unpack(wire, pad_left && text.len() % 2 == 1, &mut back);
            assert_eq!(back, text.as_bytes(), "{text}");
        }
        let mut track = Vec::new();
        let packing = Packing {
            pad_left: false,
            pad: 0,
        };
        pack(b"4=2912", packing, |byte| track.push(byte));
        assert_eq!(track, [0x4D, 0x29, 0x12]);
    }

    #[test]
    fn each_nibble_that_is_no_digit_or_separator_is_found_wherever_it_stands() {
        for length in 0..20 {
            assert!(all_decimal(&vec![0x99; length]));
            for at in 0..length {
                for bad in 0..=u8::MAX {
                    let mut bytes = vec![0x19; length];
                    bytes[at] = bad;
                    let nibbles = [bad >> 4, bad & 0xF];
                    let decimal = nibbles.iter().all(|nibble| *nibble <= 9);
                    let track = nibbles.iter().all(|nibble| *nibble <= 9 || *nibble == 0xD);
                    let place = format!("{bad:02x} at {at} of {length}");
                    assert_eq!(all_decimal(&bytes), decimal, "{place}");
                    assert_eq!(all_track(&bytes), track, "{place}");
                }
            }
        }
    }

    #[test]
    fn hexadecimal_digits_are_read_in_either_case() {
        assert_eq!(
            (nibble(b'a'), nibble(b'F'), nibble(b'g'), nibble(b'0')),
            (Some(10), Some(15), None, Some(0))
        );
        assert_eq!((byte(b'a', b'5'), digits(0xA5)), (0xA5, *b"A5"));
    }
}
