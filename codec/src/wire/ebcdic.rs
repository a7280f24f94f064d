//! EBCDIC code pages: all of code page 500 against Latin-1, and of three pages what is printable ASCII.
//!
//! Owns the two-way tables. Must never map a character to a look-alike: what has no ASCII character is refused by the
//! content check.

use crate::content::{lookup, translated_classes};

/// A code page. The three agree in all but five printable ASCII characters: `!`, `[`, `]`, `^` and `|`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum CodePage {
    /// IBM 037, United States and Canada.
    Ibm037,
    /// IBM 500, international.
    Ibm500,
    /// IBM 1047, Latin 1 of open systems.
    Ibm1047,
}

/// Both directions of a code page. 0 stands for "no printable character".
struct Tables {
    to_ascii: [u8; 256],
    from_ascii: [u8; 256],
    /// The content classes that each byte is of.
    classes: [u8; 256],
}

/// Latin-1 code of each byte of code page 500. Every Latin-1 character stands for exactly one byte.
#[rustfmt::skip]
static LATIN_1: [u8; 256] = [
    0x00, 0x01, 0x02, 0x03, 0x9C, 0x09, 0x86, 0x7F, 0x97, 0x8D, 0x8E, 0x0B, 0x0C, 0x0D, 0x0E, 0x0F,
    0x10, 0x11, 0x12, 0x13, 0x9D, 0x85, 0x08, 0x87, 0x18, 0x19, 0x92, 0x8F, 0x1C, 0x1D, 0x1E, 0x1F,
    0x80, 0x81, 0x82, 0x83, 0x84, 0x0A, 0x17, 0x1B, 0x88, 0x89, 0x8A, 0x8B, 0x8C, 0x05, 0x06, 0x07,
    0x90, 0x91, 0x16, 0x93, 0x94, 0x95, 0x96, 0x04, 0x98, 0x99, 0x9A, 0x9B, 0x14, 0x15, 0x9E, 0x1A,
    0x20, 0xA0, 0xE2, 0xE4, 0xE0, 0xE1, 0xE3, 0xE5, 0xE7, 0xF1, 0x5B, 0x2E, 0x3C, 0x28, 0x2B, 0x21,
    0x26, 0xE9, 0xEA, 0xEB, 0xE8, 0xED, 0xEE, 0xEF, 0xEC, 0xDF, 0x5D, 0x24, 0x2A, 0x29, 0x3B, 0x5E,
    0x2D, 0x2F, 0xC2, 0xC4, 0xC0, 0xC1, 0xC3, 0xC5, 0xC7, 0xD1, 0xA6, 0x2C, 0x25, 0x5F, 0x3E, 0x3F,
    0xF8, 0xC9, 0xCA, 0xCB, 0xC8, 0xCD, 0xCE, 0xCF, 0xCC, 0x60, 0x3A, 0x23, 0x40, 0x27, 0x3D, 0x22,
    0xD8, 0x61, 0x62, 0x63, 0x64, 0x65, 0x66, 0x67, 0x68, 0x69, 0xAB, 0xBB, 0xF0, 0xFD, 0xFE, 0xB1,
    0xB0, 0x6A, 0x6B, 0x6C, 0x6D, 0x6E, 0x6F, 0x70, 0x71, 0x72, 0xAA, 0xBA, 0xE6, 0xB8, 0xC6, 0xA4,
    0xB5, 0x7E, 0x73, 0x74, 0x75, 0x76, 0x77, 0x78, 0x79, 0x7A, 0xA1, 0xBF, 0xD0, 0xDD, 0xDE, 0xAE,
    0xA2, 0xA3, 0xA5, 0xB7, 0xA9, 0xA7, 0xB6, 0xBC, 0xBD, 0xBE, 0xAC, 0x7C, 0xAF, 0xA8, 0xB4, 0xD7,
    0x7B, 0x41, 0x42, 0x43, 0x44, 0x45, 0x46, 0x47, 0x48, 0x49, 0xAD, 0xF4, 0xF6, 0xF2, 0xF3, 0xF5,
    0x7D, 0x4A, 0x4B, 0x4C, 0x4D, 0x4E, 0x4F, 0x50, 0x51, 0x52, 0xB9, 0xFB, 0xFC, 0xF9, 0xFA, 0xFF,
    0x5C, 0xF7, 0x53, 0x54, 0x55, 0x56, 0x57, 0x58, 0x59, 0x5A, 0xB2, 0xD4, 0xD6, 0xD2, 0xD3, 0xD5,
    0x30, 0x31, 0x32, 0x33, 0x34, 0x35, 0x36, 0x37, 0x38, 0x39, 0xB3, 0xDB, 0xDC, 0xD9, 0xDA, 0x9F,
];

/// Byte of code page 500 of each Latin-1 code.
static EBCDIC: [u8; 256] = inverse();

#[expect(
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "evaluated by the compiler, which refuses an index out of bounds"
)]
const fn inverse() -> [u8; 256] {
    let mut table = [0; 256];
    let mut byte: u8 = 0;
    loop {
        table[LATIN_1[byte as usize] as usize] = byte;
        if byte == u8::MAX {
            return table;
        }
        byte += 1;
    }
}

/// The Latin-1 character of a byte of code page 500.
pub(crate) fn to_latin_1(byte: u8) -> u8 {
    lookup(&LATIN_1, byte)
}

/// The byte of code page 500 of a Latin-1 character.
pub(crate) fn from_latin_1(latin_1: u8) -> u8 {
    lookup(&EBCDIC, latin_1)
}

/// The characters in which the pages differ, in the order of their bytes below.
const DIFFERING: [u8; 5] = *b"![]^|";

static IBM_037: Tables = Tables::new([0x5A, 0xBA, 0xBB, 0xB0, 0x4F]);
static IBM_500: Tables = Tables::new([0x4F, 0x4A, 0x5A, 0x5F, 0xBB]);
static IBM_1047: Tables = Tables::new([0x5A, 0xAD, 0xBD, 0x5F, 0x4F]);

impl Tables {
    #[expect(
        clippy::indexing_slicing,
        clippy::arithmetic_side_effects,
        reason = "computed when compiled: an index out of bounds or an overflow fails the build"
    )]
    const fn new(differing: [u8; 5]) -> Self {
        let mut tables = Self {
            to_ascii: [0; 256],
            from_ascii: [0; 256],
            classes: [0; 256],
        };
        let mut ascii = b' ';
        while ascii <= b'~' {
            tables.pair(ascii, EBCDIC[ascii as usize]);
            ascii += 1;
        }
        let mut index = 0;
        while index < DIFFERING.len() {
            tables.to_ascii[EBCDIC[DIFFERING[index] as usize] as usize] = 0;
            index += 1;
        }
        let mut index = 0;
        while index < DIFFERING.len() {
            tables.pair(DIFFERING[index], differing[index]);
            index += 1;
        }
        tables.classes = translated_classes(Some(&tables.to_ascii));
        tables
    }

    #[expect(
        clippy::indexing_slicing,
        reason = "computed when compiled, and a byte is always within 256"
    )]
    const fn pair(&mut self, ascii: u8, ebcdic: u8) {
        self.to_ascii[ebcdic as usize] = ascii;
        self.from_ascii[ascii as usize] = ebcdic;
    }
}

impl CodePage {
    fn tables(self) -> &'static Tables {
        match self {
            Self::Ibm037 => &IBM_037,
            Self::Ibm500 => &IBM_500,
            Self::Ibm1047 => &IBM_1047,
        }
    }

    /// The ASCII character of each byte; 0 where there is no printable one.
    pub(crate) fn to_ascii(self) -> &'static [u8; 256] {
        &self.tables().to_ascii
    }

    /// The content classes that each byte is of, one bit each.
    pub(crate) fn classes(self) -> &'static [u8; 256] {
        &self.tables().classes
    }

    /// The byte of a printable ASCII character; 0 for another one.
    pub(crate) fn byte(self, ascii: u8) -> u8 {
        lookup(&self.tables().from_ascii, ascii)
    }
}

/// A decimal digit, the same in all pages.
pub(crate) fn digit(byte: u8) -> Option<u8> {
    matches!(byte, 0xF0..=0xF9).then(|| byte & 0xF)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Space to tilde as the converters of Python 3 (037, 500) and of GNU libc (1047) write it.
    const CP037: &str = "405a7f7b5b6c507d4d5d5c4e6b604b61f0f1f2f3f4f5f6f7f8f97a5e4c7e6e6f7cc1c2c3c4c5c6c7c8c9d1d2d3d4d5d6\
                         d7d8d9e2e3e4e5e6e7e8e9bae0bbb06d79818283848586878889919293949596979899a2a3a4a5a6a7a8a9c04fd0a1";
    const CP500: &str = "404f7f7b5b6c507d4d5d5c4e6b604b61f0f1f2f3f4f5f6f7f8f97a5e4c7e6e6f7cc1c2c3c4c5c6c7c8c9d1d2d3d4d5d6\
                         d7d8d9e2e3e4e5e6e7e8e94ae05a5f6d79818283848586878889919293949596979899a2a3a4a5a6a7a8a9c0bbd0a1";
    const CP1047: &str = "405a7f7b5b6c507d4d5d5c4e6b604b61f0f1f2f3f4f5f6f7f8f97a5e4c7e6e6f7cc1c2c3c4c5c6c7c8c9d1d2d3d4d5\
                          d6d7d8d9e2e3e4e5e6e7e8e9ade0bd5f6d79818283848586878889919293949596979899a2a3a4a5a6a7a8a9c04fd0a1";

    #[test]
    fn every_byte_of_code_page_500_comes_back_from_latin_1() {
        for byte in 0..=u8::MAX {
            assert_eq!(from_latin_1(to_latin_1(byte)), byte);
            let ascii = lookup(CodePage::Ibm500.to_ascii(), byte);
            assert!(ascii == 0 || ascii == to_latin_1(byte), "{byte:02X}");
        }
    }

    #[test]
    fn the_pages_are_those_of_other_converters() {
        for (page, expected) in [
            (CodePage::Ibm037, CP037),
            (CodePage::Ibm500, CP500),
            (CodePage::Ibm1047, CP1047),
        ] {
            let bytes: Vec<u8> = (b' '..=b'~').map(|ascii| page.byte(ascii)).collect();
            let text: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
            assert_eq!(text, expected, "{page:?}");
            for (byte, ascii) in bytes.iter().zip(b' '..=b'~') {
                assert_eq!(page.to_ascii()[usize::from(*byte)], ascii, "{page:?}");
            }
            let printable = page.to_ascii().iter().filter(|ascii| **ascii != 0).count();
            assert_eq!(printable, 95, "{page:?}");
            assert_eq!(
                (page.byte(0x7F), page.byte(0x1F), page.byte(0xE9)),
                (0, 0, 0)
            );
        }
        assert_eq!(
            (digit(0xF9), digit(0xFA), digit(b'9')),
            (Some(9), None, None)
        );
    }
}
