//! Specifications of other systems, read into one neutral description.
//!
//! Owns the description and the list of what could not be carried over. Must never guess: what a specification does not
//! say, or says in a way that is not known here, is named with its place and reason instead.

mod jpos;
mod jpos_classes;
mod moov;
mod write;

use std::collections::BTreeMap;
use std::fmt;

pub use write::{Written, WrittenAs};

use crate::structure::{Counts, NumberEncoding};

/// Most structures inside of one another.
const DEEPEST: usize = 8;

/// A specification, read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Import {
    /// Its name, where it has one.
    pub name: Option<String>,
    /// Elements by number; 0 is the MTI, 1 the bitmap.
    pub fields: BTreeMap<u16, ImportedField>,
    /// The code page of EBCDIC.
    pub code_page: ImportedCodePage,
    /// What is not in `fields`, or not all of it.
    pub left_out: Vec<LeftOut>,
}

/// Which EBCDIC: they differ in punctuation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ImportedCodePage {
    /// IBM 500.
    Ibm500,
    /// IBM 1047.
    #[default]
    Ibm1047,
}

/// An element or subfield.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImportedField {
    /// Its name, as the specification has it.
    pub description: String,
    /// What its value consists of.
    pub class: ImportedClass,
    /// How its end is known.
    pub length: ImportedLength,
    /// How its value is written.
    pub encoding: ImportedEncoding,
    /// How a value that is too short is filled.
    pub padding: Option<ImportedPadding>,
    /// What is inside of it.
    pub inner: Option<ImportedInner>,
}

/// What a value consists of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ImportedClass {
    /// `n`.
    Digits,
    /// `an`, `ans` and all other text: the specifications do not tell them apart.
    Text,
    /// `b`.
    Bytes,
    /// `x+n`: a sign letter, then digits.
    SignedDigits,
    /// `z`.
    Track,
    /// A bitmap.
    Bitmap,
}

/// How the end of a value is known. Lengths count characters, digits or bytes as the value has them; those of hexadecimal
/// text count bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ImportedLength {
    /// Always this long.
    Fixed(u32),
    /// A length stands in front.
    Variable {
        /// Digits of the length; bytes where it is binary.
        size: u8,
        /// How it is written.
        encoding: NumberEncoding,
        /// What it counts.
        counts: Counts,
        /// The longest value.
        maximum: u32,
    },
    /// The part takes what its structure gives it, at most this much.
    Given(u32),
}

/// How a value is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ImportedEncoding {
    /// ASCII.
    Ascii,
    /// EBCDIC.
    Ebcdic,
    /// Two digits per byte; an odd number of digits begins with a nibble 0. A sign in front is one ASCII byte.
    Bcd,
    /// The same, ending with a nibble 0.
    BcdRightZero,
    /// The same, ending with a nibble F.
    BcdRightF,
    /// Bytes.
    Binary,
    /// Bytes as two ASCII hexadecimal characters each.
    AsciiHex,
    /// Bytes as two EBCDIC hexadecimal characters each.
    EbcdicHex,
}

/// How a value that is too short is filled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ImportedPadding {
    /// With this character in front.
    Left(char),
    /// With this character behind.
    Right(char),
}

/// What is inside of an element.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImportedInner {
    /// How its parts are told apart.
    pub kind: ImportedInnerKind,
    /// By number or tag, as the specification writes them.
    pub parts: BTreeMap<String, ImportedField>,
}

/// How parts are told apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ImportedInnerKind {
    /// One after another, by ascending number.
    Positional,
    /// By a bitmap of this many bytes.
    Bitmapped {
        /// Bytes of the bitmap.
        bytes: u32,
        /// How it is written.
        encoding: ImportedEncoding,
    },
    /// BER-TLV.
    BerTlv,
    /// By tags and lengths of digits.
    Tagged {
        /// Characters of a tag.
        tag_size: u8,
        /// How it is written.
        tag_encoding: NumberEncoding,
        /// Digits of a length; bytes where it is binary.
        length_size: u8,
        /// How it is written.
        length_encoding: NumberEncoding,
    },
}

/// Something that was not carried over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeftOut {
    /// Line of an XML document; path of keys in JSON and YAML.
    pub place: String,
    /// Why.
    pub reason: String,
}

impl fmt::Display for LeftOut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.reason)
    }
}

/// A specification that cannot be read at all.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ImportError {
    /// Not XML, JSON or YAML, or not of the expected shape.
    #[error("{place}: {reason}")]
    Document {
        /// Line and column, as far as they are known.
        place: String,
        /// What the reader says.
        reason: String,
    },
    /// No element in it.
    #[error("the specification has no fields")]
    NoFields,
}

impl Import {
    /// Reads the XML of jPOS's `GenericPackager`.
    ///
    /// # Errors
    /// [`ImportError`] when it is not XML, or has no fields.
    pub fn from_jpos(xml: &str) -> Result<Self, ImportError> {
        jpos::read(xml)?.checked()
    }

    /// Reads a specification in the JSON of moov-io/iso8583.
    ///
    /// # Errors
    /// [`ImportError`] when it is not such JSON, or has no fields.
    pub fn from_moov_json(json: &str) -> Result<Self, ImportError> {
        let document = serde_json::from_str(json).map_err(|error| ImportError::Document {
            place: format!("line {} column {}", error.line(), error.column()),
            reason: error.to_string(),
        })?;
        moov::read(&document).checked()
    }

    /// Reads the same in YAML.
    ///
    /// # Errors
    /// [`ImportError`] when it is not such YAML, or has no fields.
    pub fn from_moov_yaml(yaml: &str) -> Result<Self, ImportError> {
        let document = serde_saphyr::from_str(yaml).map_err(|error| ImportError::Document {
            place: error.location().map_or_else(
                || "YAML".to_owned(),
                |at| format!("line {} column {}", at.line(), at.column()),
            ),
            reason: error.to_string(),
        })?;
        moov::read(&document).checked()
    }

    fn checked(self) -> Result<Self, ImportError> {
        if self.fields.is_empty() && self.left_out.is_empty() {
            return Err(ImportError::NoFields);
        }
        Ok(self)
    }

    fn leave_out(&mut self, place: impl Into<String>, reason: impl Into<String>) {
        self.left_out.push(LeftOut {
            place: place.into(),
            reason: reason.into(),
        });
    }
}
