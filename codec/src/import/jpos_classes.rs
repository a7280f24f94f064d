//! Field packager classes of jPOS.
//!
//! Owns what each class puts on the wire. A class that is not here is left out by name.

use super::ImportedClass::{self, Bitmap, Bytes, Digits, SignedDigits, Text};
use super::ImportedEncoding::{self, Ascii, AsciiHex, Bcd, BcdRightF, Binary, Ebcdic, EbcdicHex};
use crate::structure::{Counts, NumberEncoding};

/// What a class puts on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Class {
    pub(super) class: ImportedClass,
    /// [`Bcd`] is right-aligned with `pad="true"` only.
    pub(super) encoding: ImportedEncoding,
    pub(super) length: Option<Prefix>,
}

/// The length in front of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Prefix {
    pub(super) encoding: NumberEncoding,
    pub(super) size: u8,
    pub(super) counts: Counts,
}

/// The class with this name, without its package.
pub(super) fn class(name: &str) -> Option<Class> {
    let fixed = |class, encoding| {
        Some(Class {
            class,
            encoding,
            length: None,
        })
    };
    match name {
        "IF_CHAR" => return fixed(Text, Ascii),
        "IFA_NUMERIC" => return fixed(Digits, Ascii),
        "IFA_AMOUNT" => return fixed(SignedDigits, Ascii),
        "IFA_BINARY" => return fixed(Bytes, AsciiHex),
        "IFA_BITMAP" => return fixed(Bitmap, AsciiHex),
        "IFB_NUMERIC" => return fixed(Digits, Bcd),
        "IFB_AMOUNT" => return fixed(SignedDigits, Bcd),
        "IFB_BINARY" => return fixed(Bytes, Binary),
        "IFB_BITMAP" => return fixed(Bitmap, Binary),
        "IFE_CHAR" => return fixed(Text, Ebcdic),
        "IFE_NUMERIC" => return fixed(Digits, Ebcdic),
        "IFE_AMOUNT" => return fixed(SignedDigits, Ebcdic),
        "IFE_BITMAP" => return fixed(Bitmap, EbcdicHex),
        "IFEB_LLNUM" => {
            return Some(Class {
                class: Digits,
                encoding: BcdRightF,
                length: Some(Prefix {
                    encoding: NumberEncoding::Ebcdic,
                    size: 2,
                    counts: Counts::Bytes,
                }),
            });
        }
        _ => {}
    }
    let (family, rest) = name.split_once('_')?;
    let kind = rest.trim_start_matches('L');
    let letters = u8::try_from(rest.len().saturating_sub(kind.len())).ok()?;
    variable(family, kind, letters)
}

/// Classes whose name counts the digits of the length: `IFA_LLLCHAR`, `IFB_LLHNUM`.
fn variable(family: &str, kind: &str, letters: u8) -> Option<Class> {
    use NumberEncoding as N;
    let (class, encoding, length, letters_allowed) = match (family, kind) {
        ("IFA", "CHAR") => (Text, Ascii, N::Ascii, 1..=6),
        ("IFA", "NUM") => (Digits, Ascii, N::Ascii, 2..=3),
        ("IFA", "BINARY") => (Bytes, Binary, N::Ascii, 1..=6),
        ("IFA", "ABINARY") => (Bytes, AsciiHex, N::Ascii, 2..=3),
        ("IFB", "CHAR") => (Text, Ascii, N::Bcd, 2..=6),
        ("IFB", "NUM") => (Digits, Bcd, N::Bcd, 2..=3),
        ("IFB", "BINARY") => (Bytes, Binary, N::Bcd, 2..=4),
        ("IFB", "HCHAR") => (Text, Ascii, N::Binary, 2..=3),
        ("IFB", "HNUM") => (Digits, Bcd, N::Binary, 2..=3),
        ("IFB", "HBINARY") => (Bytes, Binary, N::Binary, 2..=3),
        ("IFB", "HECHAR") => (Text, Ebcdic, N::Binary, 2..=3),
        ("IFE", "CHAR") => (Text, Ebcdic, N::Ebcdic, 2..=4),
        ("IFE", "NUM") => (Digits, Ebcdic, N::Ebcdic, 2..=3),
        ("IFE", "BINARY") => (Bytes, Binary, N::Ebcdic, 2..=3),
        ("IFEA", "CHAR") => (Text, Ascii, N::Ebcdic, 2..=2),
        _ => return None,
    };
    if !letters_allowed.contains(&letters) {
        return None;
    }
    // LLH is one byte, LLLH two.
    let size = if length == N::Binary {
        letters.saturating_sub(1)
    } else {
        letters
    };
    Some(Class {
        class,
        encoding,
        length: Some(Prefix {
            encoding: length,
            size,
            counts: Counts::Units,
        }),
    })
}
