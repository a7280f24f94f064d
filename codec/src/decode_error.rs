//! Why a frame could not be decoded.
//!
//! Owns the errors of decoding and their text. Must never carry a byte of a value: only positions, lengths, classes.

use std::fmt;

use crate::content::ContentClass;
use crate::element::Element;
use crate::message::Message;

/// What could not be decoded: the first error, and what was readable before and around it.
///
/// After an error of *content* (a letter in an `n` element, a value longer than its maximum) indexing went on to the
/// end, so `readable` holds every element but the bad ones. An error of *structure* (a length beyond the frame, an
/// unreadable length, an element that the dialect does not define) stopped it, so `readable` holds what came before.
/// `None` when not even the MTI could be read.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{error}")]
pub struct Undecodable {
    /// The first error in the order of the frame.
    pub error: DecodeError,
    /// What can be read nevertheless, to answer or to report the message.
    pub readable: Option<Message>,
}

/// One error of decoding and its place.
///
/// `Display`: `DE4 at byte 57: expected 12 digits, found a byte outside 0-9 at 60`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DecodeError {
    /// The element, or `None` for the MTI, a bitmap or the message as a whole.
    pub element: Option<Element>,
    /// Byte of the frame, from 0, where the element (its length prefix, if it has one) or the part begins.
    pub offset: usize,
    /// What was expected and what was found.
    pub kind: DecodeErrorKind,
}

/// One of the two bitmaps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BitmapPart {
    /// Elements 1..=64.
    First,
    /// Elements 65..=128, announced by bit 1 of the first.
    Second,
}

/// What was expected and what was found. Positions (`at`) are bytes of the frame from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DecodeErrorKind {
    /// The frame is longer than can be indexed.
    #[error("expected at most {maximum} bytes, found {found}")]
    FrameTooLong {
        /// Longest frame that can be indexed.
        maximum: usize,
        /// Bytes of the frame.
        found: usize,
    },
    /// The frame ends inside the MTI.
    #[error("expected 4 digits, found {}", Count(*found))]
    MtiCut {
        /// Bytes left.
        found: usize,
    },
    /// The MTI is not four digits.
    #[error("expected 4 digits, found a byte outside 0-9 at {at}")]
    MtiContent {
        /// The first bad byte.
        at: usize,
    },
    /// The frame ends inside a bitmap.
    #[error("expected {expected} hexadecimal digits, found {}", Count(*found))]
    BitmapCut {
        /// Which of the two.
        part: BitmapPart,
        /// Characters of one bitmap.
        expected: usize,
        /// Bytes left.
        found: usize,
    },
    /// A bitmap is not hexadecimal.
    #[error("expected {expected} hexadecimal digits, found a byte outside 0-9 A-F a-f at {at}")]
    BitmapContent {
        /// Which of the two.
        part: BitmapPart,
        /// Characters of one bitmap.
        expected: usize,
        /// The first bad byte.
        at: usize,
    },
    /// The bitmap announces an element that the dialect does not define, so that its end cannot be known.
    #[error("the dialect does not define this element")]
    Undefined,
    /// The frame ends inside a length prefix.
    #[error("expected a length of {digits} digits, found {}", Count(*found))]
    LengthCut {
        /// Digits of the prefix.
        digits: usize,
        /// Bytes left.
        found: usize,
    },
    /// A length prefix is not decimal.
    #[error("expected a length of {digits} digits, found a byte outside 0-9 at {at}")]
    LengthContent {
        /// Digits of the prefix.
        digits: usize,
        /// The first bad byte.
        at: usize,
    },
    /// The frame ends inside a value.
    #[error("expected {expected} {}, found {}", class.noun(), Count(*found))]
    ValueCut {
        /// Class of the element.
        class: ContentClass,
        /// Length fixed by the dialect or read from the prefix.
        expected: usize,
        /// Bytes left.
        found: usize,
    },
    /// The value is longer than the dialect allows, and is all there.
    #[error("expected at most {maximum} {}, found a length of {found}", class.noun())]
    ValueTooLong {
        /// Class of the element.
        class: ContentClass,
        /// The dialect's maximum.
        maximum: usize,
        /// Length read from the prefix.
        found: usize,
    },
    /// A byte of the value is not of its class.
    #[error("expected {expected} {}, found a byte outside {} at {at}", class.noun(), class.range())]
    ValueContent {
        /// Class of the element.
        class: ContentClass,
        /// Length of the value.
        expected: usize,
        /// The first bad byte.
        at: usize,
    },
    /// A value of bytes has an odd number of hexadecimal digits.
    #[error("expected an even number of hexadecimal digits, found {found}")]
    OddHex {
        /// Length of the value.
        found: usize,
    },
    /// Bytes follow the last element.
    #[error("expected the end after the last element, found {}", Count(*found))]
    TrailingBytes {
        /// How many.
        found: usize,
    },
}

impl DecodeErrorKind {
    /// Whether the bytes after the error cannot be assigned to elements.
    pub fn is_structure(&self) -> bool {
        match self {
            Self::FrameTooLong { .. }
            | Self::MtiCut { .. }
            | Self::MtiContent { .. }
            | Self::BitmapCut { .. }
            | Self::BitmapContent { .. }
            | Self::Undefined
            | Self::LengthCut { .. }
            | Self::LengthContent { .. }
            | Self::ValueCut { .. }
            | Self::TrailingBytes { .. } => true,
            Self::ValueTooLong { .. } | Self::ValueContent { .. } | Self::OddHex { .. } => false,
        }
    }

    /// The part of the message that is not an element.
    fn part(&self) -> &'static str {
        match self {
            Self::MtiCut { .. } | Self::MtiContent { .. } => "MTI",
            Self::BitmapCut { part, .. } | Self::BitmapContent { part, .. } => match part {
                BitmapPart::First => "first bitmap",
                BitmapPart::Second => "second bitmap",
            },
            Self::FrameTooLong { .. }
            | Self::Undefined
            | Self::LengthCut { .. }
            | Self::LengthContent { .. }
            | Self::ValueCut { .. }
            | Self::ValueTooLong { .. }
            | Self::ValueContent { .. }
            | Self::OddHex { .. }
            | Self::TrailingBytes { .. } => "message",
        }
    }
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.element {
            Some(element) => write!(f, "{element}")?,
            None => f.write_str(self.kind.part())?,
        }
        write!(f, " at byte {}: {}", self.offset, self.kind)
    }
}

impl std::error::Error for DecodeError {}

/// A number of bytes in words.
struct Count(usize);

impl fmt::Display for Count {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            1 => f.write_str("1 byte"),
            count => write!(f, "{count} bytes"),
        }
    }
}
