//! The compiled form of a dialect.
//!
//! Owns the flat table that decoding and encoding walk. Must never hold text to interpret. Each encoding is an enum, so
//! that a further one joins as an arm that the compiler then asks for everywhere.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use serde::Deserialize;

use crate::bitmap::BitmapEncoding;
use crate::content::ContentClass;
use crate::element::Element;
use crate::sensitivity::Sensitivity;
use crate::structure::Structure;
use crate::wire::ebcdic::CodePage;
use crate::wire::extent::{Extent, Layout, Measure};
use crate::wire::nibbles::Packing;
use crate::wire::prefix::Prefix;

/// Slots of a table indexed by element number.
pub(crate) const SLOTS: usize = 193;

/// All that decoding and encoding need to know.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) id: PlanId,
    pub(crate) mti: MtiEncoding,
    pub(crate) bitmap: BitmapPlan,
    pub(crate) lenient: Leniency,
    /// Indexed by element number; 0 and 1 stay empty.
    pub(crate) fields: Box<[Option<FieldPlan>; SLOTS]>,
    /// Indexed by element number.
    pub(crate) structures: Vec<Option<Arc<Structure>>>,
}

impl Plan {
    pub(crate) fn field(&self, element: Element) -> Option<&FieldPlan> {
        self.fields.get(usize::from(element.number()))?.as_ref()
    }

    pub(crate) fn structure(&self, element: Element) -> Option<&Structure> {
        let slot = self.structures.get(usize::from(element.number()))?;
        slot.as_deref()
    }
}

/// Tells one compiled plan from all others of the process, so that bytes read by a plan are written back unchanged by
/// the same one only.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct PlanId(u64);

impl PlanId {
    /// An identity that no other plan has.
    pub(crate) fn fresh() -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        Self(NEXT.fetch_add(1, Ordering::Relaxed))
    }
}

/// One element.
#[derive(Clone, Copy, Debug)]
pub(crate) struct FieldPlan {
    pub(crate) class: ContentClass,
    pub(crate) encoding: ValueEncoding,
    pub(crate) measure: Measure,
    pub(crate) shortcut: Shortcut,
    /// Fewest characters of the value.
    pub(crate) minimum: u16,
    /// Most characters of the value.
    pub(crate) maximum: u16,
    pub(crate) length: Length,
    /// What a short value of fixed length is filled with when written.
    pub(crate) fill: Option<Fill>,
    pub(crate) sensitivity: Option<Sensitivity>,
}

impl FieldPlan {
    /// Whether the value is bytes: as text, hexadecimal digits.
    pub(crate) fn holds_bytes(&self) -> bool {
        self.class == ContentClass::Hex
    }
}

/// The usual kinds of values, which are checked in a few steps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shortcut {
    /// Text in ASCII.
    Text,
    /// Text in EBCDIC.
    Ebcdic(CodePage),
    /// Packed decimal digits, without a pad where their number is even.
    Digits(Packing),
    /// Binary bytes.
    Bytes,
    /// Another kind: no shortcut.
    None,
}

/// How the end of a value is known.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Length {
    /// Always the same.
    Fixed(Extent),
    /// A length stands in front; the maximum fits it.
    Prefixed(Prefix),
}

/// How the characters of a value are written. Bytes (format `b`) in binary are packed hexadecimal digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ValueEncoding {
    /// One ASCII byte per character.
    Ascii,
    /// One EBCDIC byte per character.
    Ebcdic(CodePage),
    /// Two characters per byte.
    Packed(Packing),
    /// A sign of one byte, then two digits per byte.
    Signed(Sign, Packing),
}

/// The character set of a sign before packed digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Sign {
    /// 0x43 and 0x44.
    Ascii,
    /// 0xC3 and 0xC4, in all code pages.
    Ebcdic,
}

impl ValueEncoding {
    pub(crate) fn layout(self) -> Layout {
        match self {
            Self::Ascii | Self::Ebcdic(_) => Layout::Text,
            Self::Packed(_) => Layout::Packed,
            Self::Signed(..) => Layout::Signed,
        }
    }
}

/// Fills a short value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Fill {
    pub(crate) left: bool,
    /// An ASCII character of the element's class.
    pub(crate) character: u8,
}

/// How the MTI is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum MtiEncoding {
    /// Four ASCII digits.
    Ascii,
    /// Four EBCDIC digits.
    Ebcdic,
    /// Four packed digits.
    Bcd,
}

impl MtiEncoding {
    /// Bytes on the wire.
    pub(crate) fn bytes(self) -> usize {
        match self {
            Self::Ascii | Self::Ebcdic => 4,
            Self::Bcd => 2,
        }
    }
}

/// How the bitmaps are written and which there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct BitmapPlan {
    pub(crate) encoding: BitmapEncoding,
    pub(crate) second: SecondBitmap,
    pub(crate) third: ThirdBitmap,
}

/// When the second bitmap is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub(crate) enum SecondBitmap {
    /// Never.
    #[serde(rename = "none")]
    None,
    /// When bit 1 of the first one says so. An empty one is read, never written.
    #[serde(rename = "announced-by-bit-1")]
    AnnouncedByBit1,
    /// As before, but an empty one is written too.
    #[serde(rename = "always-announced")]
    AlwaysAnnounced,
    /// Always, and bit 1 says nothing: it is not written and not looked at.
    #[serde(rename = "fixed")]
    Fixed,
}

/// Where the third bitmap is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub(crate) enum ThirdBitmap {
    /// Nowhere: element 65 is an element like others.
    #[serde(rename = "none")]
    None,
    /// Behind the second one, when bit 65 says so.
    #[serde(rename = "announced-by-bit-65")]
    AnnouncedByBit65,
    /// In the place of element 65, when bit 65 says so.
    #[serde(rename = "in-element-65")]
    InElement65,
    /// Always behind the second one, and bit 65 says nothing.
    #[serde(rename = "fixed")]
    Fixed,
}

/// What is let through although it breaks the dialect. Everything is refused unless the dialect says otherwise.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Leniency {
    /// Bytes after the last element.
    pub(crate) trailing_bytes: bool,
    /// Another pad nibble than the dialect's.
    pub(crate) pad: bool,
    /// Printable characters, and nibbles A to F, outside the element's class.
    pub(crate) content: bool,
    /// A value shorter than its minimum or longer than its maximum.
    pub(crate) length: bool,
}
