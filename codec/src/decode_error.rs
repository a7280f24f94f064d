//! Why a frame could not be decoded.
//!
//! Owns the errors of decoding and their text. Must never carry a byte of a value: only positions, lengths, classes.

use std::fmt;

use crate::content::ContentClass;
use crate::element::Element;
use crate::message::Message;
use crate::wire::prefix::LengthWidth;

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

/// One of the bitmaps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BitmapPart {
    /// Elements 1..=64.
    First,
    /// Elements 65..=128.
    Second,
    /// Elements 129..=192.
    Third,
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
    #[error("expected {}, found {}", Map(*expected), Count(*found))]
    BitmapCut {
        /// Which of them.
        part: BitmapPart,
        /// Bytes of one bitmap on the wire: 8, or 16 hexadecimal digits.
        expected: usize,
        /// Bytes left.
        found: usize,
    },
    /// A bitmap is not hexadecimal.
    #[error("expected {expected} hexadecimal digits, found a byte outside 0-9 A-F a-f at {at}")]
    BitmapContent {
        /// Which of them.
        part: BitmapPart,
        /// Hexadecimal digits of one bitmap.
        expected: usize,
        /// The first bad byte.
        at: usize,
    },
    /// Bit 1 is set, and the dialect has one bitmap only.
    #[error("bit 1 announces a second bitmap, which the dialect does not have")]
    SecondBitmapAnnounced,
    /// The bitmap announces an element that the dialect does not define, so that its end cannot be known.
    #[error("the dialect does not define this element")]
    Undefined,
    /// The frame ends inside a length prefix.
    #[error("expected a length of {width}, found {}", Count(*found))]
    LengthCut {
        /// Its form and size.
        width: LengthWidth,
        /// Bytes left.
        found: usize,
    },
    /// A length prefix is not decimal.
    #[error("expected a length of {width}, found {} outside 0-9 at {at}", Part(*width))]
    LengthContent {
        /// Its form and size.
        width: LengthWidth,
        /// The first bad byte.
        at: usize,
    },
    /// A length counts half bytes and is odd.
    #[error("expected an even length in nibbles, found {found}")]
    LengthOdd {
        /// The length read.
        found: usize,
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
    /// The value is shorter than the dialect allows.
    #[error("expected at least {minimum} {}, found a length of {found}", class.noun())]
    ValueTooShort {
        /// Class of the element.
        class: ContentClass,
        /// The dialect's minimum.
        minimum: usize,
        /// Length read from the prefix.
        found: usize,
    },
    /// Half a byte of a packed value is not of its class.
    #[error("expected {expected} {}, found a nibble outside {} in byte {at}", class.noun(), class.range())]
    ValueNibble {
        /// Class of the element.
        class: ContentClass,
        /// Length of the value.
        expected: usize,
        /// The first byte with a bad half.
        at: usize,
    },
    /// The half byte that fills an odd number of packed digits is another one.
    #[error("expected the pad nibble {expected:X}, found another in byte {at}")]
    Pad {
        /// The dialect's pad.
        expected: u8,
        /// The byte that holds it.
        at: usize,
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
            | Self::SecondBitmapAnnounced
            | Self::Undefined
            | Self::LengthCut { .. }
            | Self::LengthContent { .. }
            | Self::LengthOdd { .. }
            | Self::ValueCut { .. }
            | Self::TrailingBytes { .. } => true,
            Self::ValueTooLong { .. }
            | Self::ValueTooShort { .. }
            | Self::ValueContent { .. }
            | Self::ValueNibble { .. }
            | Self::Pad { .. }
            | Self::OddHex { .. } => false,
        }
    }

    /// The part of the message that is not an element.
    fn part(&self) -> &'static str {
        match self {
            Self::MtiCut { .. } | Self::MtiContent { .. } => "MTI",
            Self::BitmapCut { part, .. } | Self::BitmapContent { part, .. } => match part {
                BitmapPart::First => "first bitmap",
                BitmapPart::Second => "second bitmap",
                BitmapPart::Third => "third bitmap",
            },
            Self::SecondBitmapAnnounced => "first bitmap",
            Self::FrameTooLong { .. }
            | Self::Undefined
            | Self::LengthCut { .. }
            | Self::LengthContent { .. }
            | Self::LengthOdd { .. }
            | Self::ValueCut { .. }
            | Self::ValueTooLong { .. }
            | Self::ValueTooShort { .. }
            | Self::ValueContent { .. }
            | Self::ValueNibble { .. }
            | Self::Pad { .. }
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

/// The size of one bitmap in words.
struct Map(usize);

impl fmt::Display for Map {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            8 => f.write_str("8 bytes"),
            digits => write!(f, "{digits} hexadecimal digits"),
        }
    }
}

/// What a bad length consists of.
struct Part(LengthWidth);

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            LengthWidth::Digits(_) | LengthWidth::Bytes(_) => "a byte",
            LengthWidth::PackedDigits(_) => "a nibble",
        })
    }
}
