//! Why a dialect document is not good.
//!
//! Owns the place and the text of that. Must never stop at "invalid": each reason says what would be right.

use std::fmt;
use std::io;

use crate::element::Element;

/// A document that cannot be used. `Display`: `FILE:LINE: DE4: reason`.
#[derive(Debug)]
pub struct DialectError {
    /// The file as it was named by the caller.
    pub file: String,
    /// The line, from 1; `None` when the file could not be read.
    pub line: Option<usize>,
    /// The element whose entry is at fault.
    pub element: Option<Element>,
    /// What is wrong.
    pub kind: DialectErrorKind,
}

/// What is wrong with a document.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum DialectErrorKind {
    /// The file cannot be read.
    #[error("cannot be read: {0}")]
    Unreadable(io::ErrorKind),
    /// Not TOML, an unknown or missing key, or a value of the wrong type.
    #[error("{0}")]
    Document(String),
    /// A name, source or version is empty.
    #[error("{0} is empty")]
    Empty(&'static str),
    /// A key of `fields` that is not an element.
    #[error("{0:?} is not a data element: expected 2 to 128, without leading zeros")]
    NotAnElement(String),
    /// No element at all.
    #[error("no fields: expected at least one")]
    NoFields,
    /// Neither or both of the two ways to give a length.
    #[error("expected either length, or maximum and length_digits")]
    LengthForm,
    /// A length or maximum of zero.
    #[error("expected a length of at least 1")]
    LengthZero,
    /// More or fewer digits of the length than are possible.
    #[error("expected length_digits of 1 to 4, found {0}")]
    LengthDigits(u8),
    /// A maximum that its length cannot announce.
    #[error("a maximum of {maximum} does not fit in {digits} length_digits")]
    MaximumTooLarge {
        /// The maximum in the document.
        maximum: u16,
        /// Its digits.
        digits: u8,
    },
    /// A format of bytes with half a byte.
    #[error("format b is two characters per byte: expected an even length, found {0}")]
    OddHex(u16),
    /// A signed number without room for a digit.
    #[error("format x+n is a sign and digits: expected a length of at least 2, found {0}")]
    SignedTooShort(u16),
    /// A frame limit of zero or beyond the header.
    #[error("expected maximum_frame_bytes of 1 to {maximum}, found {found}")]
    FrameLimit {
        /// Longest frame that the header announces.
        maximum: usize,
        /// The limit in the document.
        found: usize,
    },
}

impl fmt::Display for DialectError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:", self.file)?;
        if let Some(line) = self.line {
            write!(f, "{line}:")?;
        }
        if let Some(element) = self.element {
            write!(f, " {element}:")?;
        }
        write!(f, " {}", self.kind)
    }
}

impl std::error::Error for DialectError {}

impl DialectError {
    pub(super) fn unreadable(file: &str, error: &io::Error) -> Self {
        Self {
            file: file.to_owned(),
            line: None,
            element: None,
            kind: DialectErrorKind::Unreadable(error.kind()),
        }
    }
}

/// A fault at a byte of a document.
#[derive(Debug)]
pub(super) struct Fault {
    pub(super) offset: usize,
    pub(super) element: Option<Element>,
    pub(super) kind: DialectErrorKind,
}

impl Fault {
    pub(super) fn in_file(self, file: &str, text: &str) -> DialectError {
        DialectError {
            file: file.to_owned(),
            line: Some(line_of(text, self.offset)),
            element: self.element,
            kind: self.kind,
        }
    }
}

/// The line, from 1, of a byte of a text.
pub(super) fn line_of(text: &str, offset: usize) -> usize {
    let before = text.bytes().take(offset);
    before
        .filter(|byte| *byte == b'\n')
        .count()
        .saturating_add(1)
}
