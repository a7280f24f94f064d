//! Why the inside of an element could not be read or built.
//!
//! Owns the errors and their text. Must never carry a byte of a value: only positions, lengths and keys.

use std::fmt;

use super::ber_tlv::TlvErrorKind;
use super::part::Key;

/// One error and its place in the element.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StructureError {
    /// The part, or `None` for the element as a whole.
    pub key: Option<Key>,
    /// Byte of the element, from 0, where what could not be read begins. When building: bytes built before it.
    pub offset: usize,
    /// What was expected and what was found.
    pub kind: StructureErrorKind,
}

/// What was expected and what was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StructureErrorKind {
    /// The element ends inside a part.
    #[error("expected {}, found {found}", Bytes(*expected))]
    Cut {
        /// Bytes expected.
        expected: usize,
        /// Bytes left.
        found: usize,
    },
    /// A length that is not a number in its encoding.
    #[error("expected a length of {digits} digits")]
    LengthContent {
        /// Digits, or bytes where the length is binary.
        digits: u8,
    },
    /// A value longer than described.
    #[error("expected at most {maximum}, found a length of {found}")]
    TooLong {
        /// The most that is described or that the length can say.
        maximum: usize,
        /// Length found.
        found: usize,
    },
    /// A tag that is not letters or digits.
    #[error("expected a tag of {digits} letters or digits")]
    TagContent {
        /// Characters of a tag.
        digits: u8,
    },
    /// Something else than the fixed text around tags and lengths.
    #[error("expected the fixed text that stands here")]
    FixedText,
    /// A bitmap that is not hexadecimal.
    #[error("expected a bitmap in hexadecimal digits")]
    BitmapContent,
    /// Objects of BER-TLV that cannot be read or written.
    #[error("{0}")]
    Tlv(TlvErrorKind),
    /// More parts than are accepted.
    #[error("expected at most {maximum} parts")]
    TooMany {
        /// The bound.
        maximum: usize,
    },
    /// A text that the encoding cannot write.
    #[error("a character that the encoding cannot write")]
    Text,
    /// Building: a value of another length than described.
    #[error("expected {} to build, found {found}", Bytes(*expected))]
    Length {
        /// Bytes described.
        expected: usize,
        /// Bytes given.
        found: usize,
    },
    /// Building: a part that this structure does not have, or that is not in its place.
    #[error("this part does not belong here")]
    Misplaced,
    /// Building: a part that the structure needs is not there.
    #[error("this part is missing")]
    Missing,
    /// Building: parts where the structure has a value.
    #[error("expected bytes, found parts")]
    NoParts,
}

impl fmt::Display for StructureError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(key) = self.key {
            write!(f, "{key} ")?;
        }
        write!(f, "at byte {}: {}", self.offset, self.kind)
    }
}

impl std::error::Error for StructureError {}

/// A number of bytes in words.
struct Bytes(usize);

impl fmt::Display for Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            1 => f.write_str("1 byte"),
            count => write!(f, "{count} bytes"),
        }
    }
}

impl StructureError {
    pub(super) fn new(
        key: impl Into<Option<Key>>,
        offset: usize,
        kind: StructureErrorKind,
    ) -> Self {
        Self {
            key: key.into(),
            offset,
            kind,
        }
    }
}
