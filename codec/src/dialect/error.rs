//! Why a dialect document is not good.
//!
//! Owns the place and the text of that. Must never stop at "invalid": each reason says what would be right.

use std::fmt;
use std::io;

use crate::element::Element;
use crate::structure::DescriptionError;
use crate::wire::prefix::LengthWidth;

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
    /// A key that neither the document nor a base of it has.
    #[error("{0} is missing")]
    Missing(&'static str),
    /// A base in a document that was not read from a file.
    #[error("the base {0:?} can only be found from a file")]
    BaseOutOfReach(String),
    /// The file of the base cannot be read.
    #[error("the base {0} cannot be read: {1}")]
    BaseUnreadable(String, io::ErrorKind),
    /// A base that has this document as its base.
    #[error("the base {0} comes back to itself")]
    BaseCycle(String),
    /// A key of `fields` that is not an element.
    #[error("{0:?} is not a data element: expected 2 to 192, without leading zeros")]
    NotAnElement(String),
    /// An entry of a list of elements that names none.
    #[error("{0:?} names no data elements: expected \"35\" or \"105-128\"")]
    NotElements(String),
    /// No element at all.
    #[error("no fields: expected at least one")]
    NoFields,
    /// An element that no bitmap of the dialect announces.
    #[error("the bitmaps announce elements up to {last} only")]
    BeyondBitmaps {
        /// The last element of the last bitmap.
        last: u8,
    },
    /// Element 65 in a dialect where it is the third bitmap.
    #[error("this element is the third bitmap")]
    ElementIsBitmap,
    /// A third bitmap that nothing announces.
    #[error("third: expected a second bitmap before it, fixed if the third one is")]
    ThirdWithoutSecond,
    /// Neither or both of the two ways to give a length.
    #[error("expected either length, or maximum with length_digits or length_bytes")]
    LengthForm,
    /// A length or maximum of zero.
    #[error("expected a length of at least 1")]
    LengthZero,
    /// A minimum beyond the maximum.
    #[error("a minimum of {minimum} is more than the maximum of {maximum}")]
    MinimumTooLarge {
        /// The minimum in the document.
        minimum: u16,
        /// The maximum in the document.
        maximum: u16,
    },
    /// The key that does not go with the encoding of the length.
    #[error("this encoding of the length is sized with {0}")]
    LengthSize(&'static str),
    /// More or fewer digits of the length than are possible.
    #[error("expected length_digits of 1 to 6, found {0}")]
    LengthDigits(u8),
    /// More or fewer bytes of the length than are possible.
    #[error("expected length_bytes of 1 to 4, found {0}")]
    LengthBytes(u8),
    /// A maximum that its length cannot announce.
    #[error("a maximum of {maximum} is a length of {announced}, which does not fit in {width}")]
    MaximumTooLarge {
        /// The maximum in the document.
        maximum: u16,
        /// What the length would have to say.
        announced: usize,
        /// The size of the length.
        width: LengthWidth,
    },
    /// A structure that neither the document nor a base of it describes.
    #[error("there is no table structures.{0}")]
    NoStructure(String),
    /// A structure that cannot be used.
    #[error("structures.{name}{}{error}", if error.path.is_empty() { ": " } else { "." })]
    Structure {
        /// Its name.
        name: String,
        /// Where in it, and what is wrong.
        error: DescriptionError,
    },
    /// A structure with the name that takes the one of the base away.
    #[error("structures.none: this name stands for no structure")]
    ReservedStructure,
    /// A structure of packed digits, whose parts may begin in the middle of a byte.
    #[error("structure: expected an element of text or of format b, found packed digits")]
    StructureOfDigits,
    /// An encoding of bytes for another format.
    #[error("encoding binary and hex take format b only")]
    OnlyBytes,
    /// An encoding of digits for another format.
    #[error("encoding bcd takes formats n, z and x+n only")]
    OnlyDigits,
    /// A sign that is not beside packed digits.
    #[error("sign is for format x+n in encoding bcd")]
    SignAlone,
    /// A pad that is no half byte, or is the separator of a track.
    #[error("pad_with: expected one digit 0-9 or A-F, of a track not D")]
    PadNibble,
    /// A pad that a length in whole bytes does not tell from a digit.
    #[error(
        "a length in bytes or nibbles hides the pad: expected pad_with A to F, or 0 on the left"
    )]
    PadHidden,
    /// A pad that is no character of the element.
    #[error("pad_with: expected one character of the format")]
    PadCharacter,
    /// A pad where nothing is padded, or half of its two keys.
    #[error("pad and pad_with are for packed digits, or both for text of a fixed length")]
    NoPad,
    /// A format of bytes with half a byte.
    #[error("format b is two characters per byte: expected an even length, found {0}")]
    OddHex(u16),
    /// A signed number without room for a digit.
    #[error("format x+n is a sign and digits: expected a length of at least 2, found {0}")]
    SignedTooShort(u16),
    /// A byte order for a length that is not binary.
    #[error("byte_order is for binary lengths")]
    ByteOrder,
    /// More control bytes than are possible.
    #[error("expected at most 4 control bytes, found {0}")]
    ControlBytes(u8),
    /// A frame whose end nothing tells.
    #[error(
        "length_header none: expected a trailer, no control bytes, and no length_counts_itself"
    )]
    NoLengthNoTrailer,
    /// A header template of another form.
    #[error(
        "header_template: expected the header of a new message in hexadecimal, at most 32 bytes: tpdu 5, visa 22 \
         beginning with 16, base24 12 beginning with ISO"
    )]
    HeaderTemplate,
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

/// The line, from 1, of a byte of a text.
pub(super) fn line_of(text: &str, offset: usize) -> usize {
    let before = text.bytes().take(offset);
    before
        .filter(|byte| *byte == b'\n')
        .count()
        .saturating_add(1)
}
