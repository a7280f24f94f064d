//! The compiled form of a dialect.
//!
//! Owns the flat table that decoding and encoding walk. Must never hold text to interpret. Each encoding is an enum, so
//! that further ones (BCD, EBCDIC, binary) join as arms that the compiler then asks for everywhere.

use serde::Deserialize;

use crate::content::ContentClass;
use crate::element::Element;
use crate::sensitivity::Sensitivity;

/// All that decoding and encoding need to know.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) mti: MtiEncoding,
    pub(crate) bitmap: BitmapEncoding,
    pub(crate) second_bitmap: SecondBitmap,
    /// Indexed by element number; 0 and 1 stay empty.
    pub(crate) fields: [Option<FieldPlan>; 129],
}

impl Plan {
    pub(crate) fn field(&self, element: Element) -> Option<&FieldPlan> {
        self.fields.get(usize::from(element.number()))?.as_ref()
    }
}

/// One element.
#[derive(Clone, Copy, Debug)]
pub(crate) struct FieldPlan {
    pub(crate) class: ContentClass,
    pub(crate) length: Length,
    pub(crate) encoding: ValueEncoding,
    pub(crate) sensitivity: Option<Sensitivity>,
}

/// How the end of a value is known. Lengths count characters of the value.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Length {
    /// Always this long.
    Fixed(u16),
    /// A length stands in front; the maximum fits its digits.
    Variable {
        encoding: LengthEncoding,
        digits: u8,
        maximum: u16,
    },
}

/// How the MTI is written.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum MtiEncoding {
    /// Four ASCII digits.
    Ascii,
}

/// How a bitmap is written.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum BitmapEncoding {
    /// 16 ASCII hexadecimal digits: upper case written, either case read.
    AsciiHex,
}

/// When the second bitmap is there.
#[derive(Clone, Copy, Debug, Deserialize)]
pub(crate) enum SecondBitmap {
    /// When bit 1 of the first one says so. An empty one is read, never written.
    #[serde(rename = "announced-by-bit-1")]
    AnnouncedByBit1,
}

/// How the length in front of a value is written.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum LengthEncoding {
    /// ASCII digits.
    Ascii,
}

/// How a value is written.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum ValueEncoding {
    /// One ASCII byte per character; bytes as two hexadecimal characters each.
    Ascii,
}
