//! EBCDIC code pages, as far as they hold printable ASCII.
//!
//! Owns the two-way tables. Must never map a character to a look-alike: what has no ASCII character is refused by the
//! content check.

use crate::content::lookup;

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
}

/// The characters that all pages share: the first ASCII character of a run, and its EBCDIC bytes.
const SHARED: [(u8, &[u8]); 21] = [
    (b' ', &[0x40]),
    (b'"', &[0x7F, 0x7B, 0x5B, 0x6C, 0x50, 0x7D, 0x4D, 0x5D]),
    (b'*', &[0x5C, 0x4E, 0x6B, 0x60, 0x4B, 0x61]),
    (b'0', &[0xF0, 0xF1, 0xF2, 0xF3, 0xF4]),
    (b'5', &[0xF5, 0xF6, 0xF7, 0xF8, 0xF9]),
    (b':', &[0x7A, 0x5E, 0x4C, 0x7E, 0x6E, 0x6F, 0x7C]),
    (b'A', &[0xC1, 0xC2, 0xC3, 0xC4, 0xC5]),
    (b'F', &[0xC6, 0xC7, 0xC8, 0xC9]),
    (b'J', &[0xD1, 0xD2, 0xD3, 0xD4, 0xD5]),
    (b'O', &[0xD6, 0xD7, 0xD8, 0xD9]),
    (b'S', &[0xE2, 0xE3, 0xE4, 0xE5]),
    (b'W', &[0xE6, 0xE7, 0xE8, 0xE9]),
    (b'\\', &[0xE0]),
    (b'_', &[0x6D, 0x79]),
    (b'a', &[0x81, 0x82, 0x83, 0x84, 0x85]),
    (b'f', &[0x86, 0x87, 0x88, 0x89]),
    (b'j', &[0x91, 0x92, 0x93, 0x94, 0x95]),
    (b'o', &[0x96, 0x97, 0x98, 0x99]),
    (b's', &[0xA2, 0xA3, 0xA4, 0xA5]),
    (b'w', &[0xA6, 0xA7, 0xA8, 0xA9, 0xC0]),
    (b'}', &[0xD0, 0xA1]),
];

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
        };
        let mut run = 0;
        while run < SHARED.len() {
            let (first, bytes) = SHARED[run];
            let mut index: u8 = 0;
            while (index as usize) < bytes.len() {
                tables.pair(first + index, bytes[index as usize]);
                index += 1;
            }
            run += 1;
        }
        let mut index = 0;
        while index < DIFFERING.len() {
            tables.pair(DIFFERING[index], differing[index]);
            index += 1;
        }
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
