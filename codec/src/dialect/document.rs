//! The shape of a dialect document (TOML).
//!
//! Owns the keys and how a document overrides its base. Must never accept a key it does not know: a typo in a dialect
//! would otherwise be a silent change of the wire.

use std::collections::BTreeMap;

use serde::Deserialize;
use toml::Spanned;

use super::plan::{MtiEncoding, SecondBitmap, Sign, ThirdBitmap};
use crate::bitmap::BitmapEncoding;
use crate::content::ContentClass;
use crate::sensitivity::Sensitivity;
use crate::structure::StructureDocument;
use crate::wire::extent::LengthUnit;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Document {
    pub(super) name: Spanned<String>,
    pub(super) source: Spanned<String>,
    pub(super) base: Option<Spanned<String>>,
    pub(super) version: Option<Version>,
    pub(super) unverified: Option<Vec<Spanned<String>>>,
    pub(super) without: Option<Vec<Spanned<String>>>,
    pub(super) framing: Option<Spanned<FramingDocument>>,
    pub(super) encoding: Option<EncodingDocument>,
    pub(super) bitmap: Option<Spanned<BitmapDocument>>,
    pub(super) lenient: Option<LeniencyDocument>,
    pub(super) structures: Option<BTreeMap<String, StructureDocument>>,
    pub(super) fields: Option<Spanned<BTreeMap<String, Spanned<FieldDocument>>>>,
}

/// The edition of ISO 8583.
#[derive(Clone, Copy, Deserialize)]
pub(super) enum Version {
    #[serde(rename = "1987")]
    V1987,
    #[serde(rename = "1993")]
    V1993,
    #[serde(rename = "2003")]
    V2003,
}

impl Version {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::V1987 => "1987",
            Self::V1993 => "1993",
            Self::V2003 => "2003",
        }
    }
}

#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FramingDocument {
    pub(super) length_header: LengthHeaderName,
    #[serde(default)]
    pub(super) byte_order: ByteOrder,
    #[serde(default)]
    pub(super) length_counts_itself: bool,
    #[serde(default)]
    pub(super) control_bytes_before: u8,
    #[serde(default)]
    pub(super) control_bytes_after: u8,
    #[serde(default)]
    pub(super) header: HeaderName,
    pub(super) header_template: Option<Spanned<String>>,
    pub(super) trailer: Option<TrailerName>,
    pub(super) maximum_frame_bytes: Spanned<usize>,
}

#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
pub(super) enum LengthHeaderName {
    #[serde(rename = "none")]
    None,
    #[serde(rename = "binary-2")]
    Binary2,
    #[serde(rename = "binary-3")]
    Binary3,
    #[serde(rename = "binary-4")]
    Binary4,
    #[serde(rename = "ascii-2")]
    Ascii2,
    #[serde(rename = "ascii-3")]
    Ascii3,
    #[serde(rename = "ascii-4")]
    Ascii4,
    #[serde(rename = "ascii-5")]
    Ascii5,
    #[serde(rename = "ascii-6")]
    Ascii6,
    #[serde(rename = "bcd-2")]
    Bcd2,
    #[serde(rename = "bcd-3")]
    Bcd3,
    #[serde(rename = "hex-4")]
    Hex4,
}

#[derive(Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum ByteOrder {
    #[default]
    Big,
    Little,
}

#[derive(Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum HeaderName {
    #[default]
    None,
    Fixed,
    Tpdu,
    Base24,
    Visa,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum TrailerName {
    /// End of text, 0x03.
    Etx,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct BitmapDocument {
    pub(super) encoding: BitmapEncoding,
    pub(super) second: SecondBitmap,
    #[serde(default = "no_third")]
    pub(super) third: ThirdBitmap,
}

fn no_third() -> ThirdBitmap {
    ThirdBitmap::None
}

/// Encodings by default.
#[derive(Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct EncodingDocument {
    pub(super) mti: Option<MtiEncoding>,
    pub(super) values: Option<ValueEncodingName>,
    pub(super) values_by_format: Option<BTreeMap<ContentClass, ValueEncodingName>>,
    pub(super) lengths: Option<LengthEncodingName>,
}

#[derive(Clone, Copy, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct LeniencyDocument {
    pub(super) trailing_bytes: Option<bool>,
    pub(super) pad: Option<bool>,
    pub(super) content: Option<bool>,
    pub(super) length: Option<bool>,
}

#[derive(Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FieldDocument {
    pub(super) name: Option<String>,
    pub(super) format: Option<ContentClass>,
    pub(super) length: Option<u16>,
    pub(super) minimum: Option<u16>,
    pub(super) maximum: Option<u16>,
    pub(super) length_digits: Option<u8>,
    pub(super) length_bytes: Option<u8>,
    pub(super) length_encoding: Option<LengthEncodingName>,
    pub(super) length_unit: Option<LengthUnit>,
    pub(super) encoding: Option<ValueEncodingName>,
    pub(super) sign: Option<Sign>,
    pub(super) pad: Option<PadSide>,
    pub(super) pad_with: Option<char>,
    pub(super) sensitivity: Option<Sensitivity>,
    pub(super) structure: Option<String>,
}

#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum LengthEncodingName {
    Ascii,
    Ebcdic,
    Bcd,
    Binary,
}

#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
pub(super) enum ValueEncodingName {
    #[serde(rename = "ascii")]
    Ascii,
    #[serde(rename = "ebcdic-037")]
    Ebcdic037,
    #[serde(rename = "ebcdic-500")]
    Ebcdic500,
    #[serde(rename = "ebcdic-1047")]
    Ebcdic1047,
    #[serde(rename = "bcd")]
    Bcd,
    #[serde(rename = "binary")]
    Binary,
    #[serde(rename = "hex")]
    Hex,
}

#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum PadSide {
    Left,
    Right,
}

impl EncodingDocument {
    /// These keys, and those of the base where they are silent.
    pub(super) fn over(self, base: Self) -> Self {
        let mut by_format = base.values_by_format.unwrap_or_default();
        // A new default for all formats replaces what the base says format by format.
        if self.values.is_some() {
            by_format.clear();
        }
        by_format.extend(self.values_by_format.unwrap_or_default());
        Self {
            mti: self.mti.or(base.mti),
            values: self.values.or(base.values),
            values_by_format: Some(by_format),
            lengths: self.lengths.or(base.lengths),
        }
    }
}

impl LeniencyDocument {
    /// These keys, and those of the base where they are silent.
    pub(super) fn over(self, base: Self) -> Self {
        Self {
            trailing_bytes: self.trailing_bytes.or(base.trailing_bytes),
            pad: self.pad.or(base.pad),
            content: self.content.or(base.content),
            length: self.length.or(base.length),
        }
    }
}

impl FieldDocument {
    /// These keys, and those of the base where they are silent. A fixed length and a variable one exclude each other,
    /// and so do the two ways to size a length: the base's is dropped where this entry chooses.
    pub(super) fn over(self, mut base: Self) -> Self {
        let fixed = self.length.is_some();
        if fixed {
            base.minimum = None;
            base.maximum = None;
            base.length_encoding = None;
            base.length_unit = None;
        }
        if self.maximum.is_some() {
            base.length = None;
        }
        if fixed || self.length_digits.is_some() || self.length_bytes.is_some() {
            base.length_digits = None;
            base.length_bytes = None;
        }
        Self {
            name: self.name.or(base.name),
            format: self.format.or(base.format),
            length: self.length.or(base.length),
            minimum: self.minimum.or(base.minimum),
            maximum: self.maximum.or(base.maximum),
            length_digits: self.length_digits.or(base.length_digits),
            length_bytes: self.length_bytes.or(base.length_bytes),
            length_encoding: self.length_encoding.or(base.length_encoding),
            length_unit: self.length_unit.or(base.length_unit),
            encoding: self.encoding.or(base.encoding),
            sign: self.sign.or(base.sign),
            pad: self.pad.or(base.pad),
            pad_with: self.pad_with.or(base.pad_with),
            sensitivity: self.sensitivity.or(base.sensitivity),
            structure: self.structure.or(base.structure),
        }
    }
}
