//! The document that describes a structure.
//!
//! Owns the shape of the document and the errors about it. Must never accept a key it does not know: a typo would be a
//! silent change of the wire.

use std::collections::BTreeMap;
use std::fmt;

use serde::Deserialize;

use super::ber_tlv::Ff;
use super::compile;
use super::description::Structure;
use super::encoding::{Counts, Encoding, NumberEncoding, TextEncoding};
use super::read::DEEPEST;
use crate::sensitivity::Sensitivity;

/// A structure as a dialect file names it; `kind` says which.
#[derive(Clone, Debug, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum StructureDocument {
    /// Subfields one after another.
    Positional {
        /// From the first position on.
        subfields: Vec<SubfieldDocument>,
        /// How many of them are always there; without it all.
        required: Option<usize>,
    },
    /// A bitmap of fixed size, then the subfields that it announces.
    Bitmapped {
        /// Size of the bitmap, 1 to 32 bytes.
        bitmap_bytes: u8,
        /// How it is written; without it as bytes.
        #[serde(default)]
        bitmap_encoding: BitmapEncoding,
        /// By the number of the bit, from 1.
        subfields: BTreeMap<String, SubfieldDocument>,
    },
    /// A bitmap of 2 bytes and more as in datasets of ISO 8583, then the subfields that it announces.
    DatasetBitmapped {
        /// By their number, from 1; bits that continue the bitmap are not counted.
        subfields: BTreeMap<String, SubfieldDocument>,
    },
    /// Objects of BER-TLV.
    BerTlv {
        /// What a byte FF between objects is; without it filler.
        #[serde(default)]
        ff: Ff,
        /// Names beyond the EMV dictionary, by tag in hexadecimal.
        #[serde(default)]
        tags: BTreeMap<String, SubfieldDocument>,
    },
    /// Tag, length, value with tag and length as digits.
    TaggedText {
        /// What stands in front of the first tag.
        lead: Option<Box<SubfieldDocument>>,
        /// Characters of a tag.
        tag_size: u8,
        /// How a tag is written; without it as digits of the text around it.
        tag_encoding: Option<NumberEncoding>,
        /// Digits of a length; bytes where it is binary.
        length_size: u8,
        /// How a length is written; without it as the tag is.
        length_encoding: Option<NumberEncoding>,
        /// What a length counts; without it bytes. With units, a tag that is not listed has no known end: what begins
        /// with it is the rest.
        length_counts: Option<Counts>,
        /// What stands in front of each tag.
        before_tag: Option<String>,
        /// What stands between each length and its value.
        after_length: Option<String>,
        /// By tag.
        #[serde(default)]
        subfields: BTreeMap<String, SubfieldDocument>,
    },
    /// Datasets: an identifier of one byte, a length, the content.
    Datasets {
        /// Bytes of the length; without it 2.
        length_bytes: Option<u8>,
        /// By identifier in hexadecimal, two digits.
        #[serde(default)]
        datasets: BTreeMap<String, SubfieldDocument>,
        /// What is inside of datasets that are not listed; without it their content is not read.
        unlisted: Option<Box<Self>>,
    },
    /// Parts with a character between them; the last one takes what is left.
    Separated {
        /// The character, written as the text around it.
        separator: char,
        /// From the first part on.
        subfields: Vec<SubfieldDocument>,
    },
    /// The same block again and again.
    Repeated {
        /// The block, of fixed length.
        block: Box<SubfieldDocument>,
        /// Most blocks.
        maximum: u16,
    },
}

/// How a bitmap is written.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum BitmapEncoding {
    /// Bytes.
    #[default]
    Binary,
    /// ASCII hexadecimal digits.
    AsciiHex,
    /// EBCDIC hexadecimal digits.
    EbcdicHex,
}

/// A part as a dialect file describes it.
///
/// Its end is known by `length` (fixed), by `maximum` with `length_size` (a length stands in front), or by neither:
/// then it takes all bytes that its container gives it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SubfieldDocument {
    /// Its name, as in `product_id`.
    pub name: String,
    /// How its value is written; without it as the text around it.
    pub encoding: Option<Encoding>,
    /// Units of a value of fixed length.
    pub length: Option<u16>,
    /// Most units of a value with a length in front.
    pub maximum: Option<u16>,
    /// Digits of that length; bytes where it is binary.
    pub length_size: Option<u8>,
    /// How that length is written; without it as digits of the text around it.
    pub length_encoding: Option<NumberEncoding>,
    /// What that length counts; without it units.
    #[serde(default)]
    pub length_counts: Counts,
    /// Why its value must not be shown.
    pub sensitivity: Option<Sensitivity>,
    /// Whether no message of another implementation has confirmed it.
    #[serde(default)]
    pub unverified: bool,
    /// What is inside of it.
    pub structure: Option<Box<StructureDocument>>,
}

/// A description that cannot be used. `path` is where in the document, as in `subfields.3.structure`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DescriptionError {
    /// Keys from the structure down; empty for the structure itself.
    pub path: String,
    /// What is wrong.
    pub kind: DescriptionErrorKind,
}

impl fmt::Display for DescriptionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.path.is_empty() {
            write!(f, "{}: ", self.path)?;
        }
        fmt::Display::fmt(&self.kind, f)
    }
}

impl std::error::Error for DescriptionError {}

/// What is wrong with a description.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DescriptionErrorKind {
    /// A name that is empty or taken.
    #[error("expected a name of its own")]
    Name,
    /// No subfields where some are needed.
    #[error("expected at least one subfield")]
    Empty,
    /// `required` above the number of subfields.
    #[error("required is {required}, but there are {found} subfields")]
    Required {
        /// The value.
        required: usize,
        /// Number of subfields.
        found: usize,
    },
    /// A key that is no number, tag or identifier of this structure.
    #[error("expected {0} as key")]
    Key(&'static str),
    /// Keys about the length that do not go together.
    #[error("expected length, or maximum and length_size, or neither")]
    LengthForm,
    /// A length where the container has one already.
    #[error("the structure around it says how long it is: expected neither length nor maximum")]
    LengthGiven,
    /// A part without an end of its own that others follow.
    #[error("only the last subfield may take the rest")]
    RestInside,
    /// A block that is not of fixed length.
    #[error("expected a block of fixed length of at least 1")]
    Block,
    /// A size out of range.
    #[error("expected {what} of 1 to {maximum}, found {found}")]
    Size {
        /// Which key.
        what: &'static str,
        /// The most.
        maximum: u8,
        /// The value.
        found: u8,
    },
    /// A fixed length of zero.
    #[error("expected a length of at least 1")]
    Zero,
    /// A maximum that its length cannot say.
    #[error("a maximum of {maximum} does not fit a length of {size}")]
    MaximumTooLarge {
        /// The maximum.
        maximum: u16,
        /// Digits or bytes of the length.
        size: u8,
    },
    /// A separator that the wire cannot carry.
    #[error("expected a separator of one byte")]
    Separator,
    /// A text around tags and lengths that the wire cannot carry.
    #[error("expected {0} of characters of one byte")]
    FixedText(&'static str),
    /// Structures inside of structures beyond the bound.
    #[error("expected at most {DEEPEST} structures inside of one another")]
    TooDeep,
}

impl StructureDocument {
    /// Checks the document and makes the structure of an element whose text is ASCII.
    ///
    /// # Errors
    /// [`DescriptionError`] with the first thing that is wrong.
    pub fn compile(&self) -> Result<Structure, DescriptionError> {
        self.compile_in(TextEncoding::Ascii)
    }

    /// Checks the document and makes the structure of an element with this text.
    ///
    /// # Errors
    /// [`DescriptionError`] with the first thing that is wrong.
    pub fn compile_in(&self, text: TextEncoding) -> Result<Structure, DescriptionError> {
        compile::compile(self, text)
    }
}
