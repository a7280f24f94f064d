//! Why a message could not be written.
//!
//! Owns the errors of encoding and their text. Must never carry a byte of a value: only positions, lengths, classes.

use std::fmt;

use crate::content::ContentClass;
use crate::element::Element;
use crate::framing::FrameTooLong;
use crate::structure::StructureError;

/// Why a message could not be written.
///
/// `Display`: `DE4: expected 12 digits, found 11 characters`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EncodeError {
    /// The element, or `None` when the whole message is too long.
    pub element: Option<Element>,
    /// What was expected and what was found.
    pub kind: EncodeErrorKind,
}

/// What was expected and what was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EncodeErrorKind {
    /// The dialect does not define the element.
    #[error("the dialect does not define this element")]
    Undefined,
    /// A value of fixed length has another one.
    #[error("expected {expected} {}, found {found} characters", class.noun())]
    Length {
        /// Class of the element.
        class: ContentClass,
        /// The dialect's length.
        expected: usize,
        /// Length of the value.
        found: usize,
    },
    /// A value of variable length is too long.
    #[error("expected at most {maximum} {}, found {found} characters", class.noun())]
    TooLong {
        /// Class of the element.
        class: ContentClass,
        /// The dialect's maximum.
        maximum: usize,
        /// Length of the value.
        found: usize,
    },
    /// A value of variable length is too short.
    #[error("expected at least {minimum} {}, found {found} characters", class.noun())]
    TooShort {
        /// Class of the element.
        class: ContentClass,
        /// The dialect's minimum.
        minimum: usize,
        /// Length of the value.
        found: usize,
    },
    /// A byte of the value is not of its class.
    #[error("expected {}, found a byte outside {} at {at} of the value", class.noun(), class.range())]
    Content {
        /// Class of the element.
        class: ContentClass,
        /// Index of the byte in the value, from 0.
        at: usize,
    },
    /// A value of bytes has an odd number of hexadecimal digits.
    #[error("expected an even number of hexadecimal digits, found {found}")]
    OddHex {
        /// Length of the value.
        found: usize,
    },
    /// The dialect does not say what is inside of the element.
    #[error("the dialect has no structure for this element")]
    NoStructure,
    /// Parts that do not fit the structure of the element.
    #[error("{0}")]
    Structure(StructureError),
    /// The message is longer than a frame may be.
    #[error(transparent)]
    FrameTooLong(FrameTooLong),
}

impl fmt::Display for EncodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.element {
            Some(element) => write!(f, "{element}: {}", self.kind),
            None => write!(f, "message: {}", self.kind),
        }
    }
}

impl std::error::Error for EncodeError {}

impl From<FrameTooLong> for EncodeError {
    fn from(error: FrameTooLong) -> Self {
        Self {
            element: None,
            kind: EncodeErrorKind::FrameTooLong(error),
        }
    }
}
