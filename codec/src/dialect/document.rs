//! The dialect document (TOML) and its compilation.
//!
//! Owns the shape of the file and its checks. Must never accept a key it does not know: a typo in a dialect would
//! otherwise be a silent change of the wire.

use std::collections::BTreeMap;

use serde::Deserialize;
use toml::Spanned;
use toml::de::DeTable;

use super::Dialect;
use super::error::{DialectErrorKind, Fault, line_of};
use super::plan::{
    BitmapEncoding, FieldPlan, Length, LengthEncoding, MtiEncoding, Plan, SecondBitmap,
    ValueEncoding,
};
use crate::content::ContentClass;
use crate::element::Element;
use crate::framing::{Framing, LengthHeader};
use crate::sensitivity::Sensitivity;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    name: Spanned<String>,
    source: Spanned<String>,
    version: Spanned<Version>,
    framing: FramingDocument,
    encoding: EncodingDocument,
    bitmap: BitmapDocument,
    fields: Spanned<BTreeMap<String, Spanned<FieldDocument>>>,
}

#[derive(Clone, Copy, Deserialize)]
enum Version {
    #[serde(rename = "1987")]
    V1987,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FramingDocument {
    length_header: LengthHeaderDocument,
    maximum_frame_bytes: Spanned<usize>,
}

#[derive(Clone, Copy, Deserialize)]
enum LengthHeaderDocument {
    /// Two bytes, big-endian, not counting themselves.
    #[serde(rename = "binary-2")]
    Binary2,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct EncodingDocument {
    mti: MtiEncoding,
    lengths: LengthEncoding,
    values: ValueEncoding,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct BitmapDocument {
    encoding: BitmapEncoding,
    second: SecondBitmap,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FieldDocument {
    name: String,
    format: ContentClass,
    length: Option<u16>,
    maximum: Option<u16>,
    length_digits: Option<u8>,
    sensitivity: Option<Sensitivity>,
}

/// Parses, checks and compiles a document.
pub(super) fn compile(text: &str) -> Result<Dialect, Fault> {
    let document: Document = toml::from_str(text).map_err(|error| located(text, &error))?;
    for (what, value) in [("name", &document.name), ("source", &document.source)] {
        if value.get_ref().trim().is_empty() {
            return Err(general(value.span().start, DialectErrorKind::Empty(what)));
        }
    }
    let framing = framing(&document.framing)?;
    let mut plan = Plan {
        mti: document.encoding.mti,
        bitmap: document.bitmap.encoding,
        second_bitmap: document.bitmap.second,
        fields: [None; 129],
    };
    let fields_start = document.fields.span().start;
    let fields = document.fields.into_inner();
    if fields.is_empty() {
        return Err(general(fields_start, DialectErrorKind::NoFields));
    }
    let mut element_names = vec![String::new(); plan.fields.len()];
    for (key, field) in fields {
        let offset = field.span().start;
        let field = field.into_inner();
        let element =
            element(&key).ok_or_else(|| general(offset, DialectErrorKind::NotAnElement(key)))?;
        let compiled = field_plan(&field, &document.encoding).map_err(|kind| Fault {
            offset,
            element: Some(element),
            kind,
        })?;
        let slots = (
            plan.fields.get_mut(usize::from(element.number())),
            element_names.get_mut(usize::from(element.number())),
        );
        if let (Some(slot), Some(name)) = slots {
            *slot = Some(compiled);
            *name = field.name;
        }
    }
    Ok(Dialect {
        name: document.name.into_inner(),
        source: document.source.into_inner(),
        version: match document.version.into_inner() {
            Version::V1987 => "1987".to_owned(),
        },
        framing,
        plan,
        element_names,
    })
}

fn framing(document: &FramingDocument) -> Result<Framing, Fault> {
    let length_header = match document.length_header {
        LengthHeaderDocument::Binary2 => LengthHeader::Binary2,
    };
    let maximum = length_header.longest_frame_bytes();
    let found = *document.maximum_frame_bytes.get_ref();
    if !(1..=maximum).contains(&found) {
        let offset = document.maximum_frame_bytes.span().start;
        return Err(general(
            offset,
            DialectErrorKind::FrameLimit { maximum, found },
        ));
    }
    Ok(Framing {
        length_header,
        maximum_frame_bytes: found,
    })
}

fn element(key: &str) -> Option<Element> {
    let element = Element::new(key.parse().ok()?)?;
    (element.number().to_string() == key).then_some(element)
}

fn field_plan(
    field: &FieldDocument,
    encodings: &EncodingDocument,
) -> Result<FieldPlan, DialectErrorKind> {
    if field.name.trim().is_empty() {
        return Err(DialectErrorKind::Empty("name"));
    }
    let (length, longest) = match (field.length, field.maximum, field.length_digits) {
        (Some(length), None, None) => (Length::Fixed(length), length),
        (None, Some(maximum), Some(digits)) => {
            if !(1..=4).contains(&digits) {
                return Err(DialectErrorKind::LengthDigits(digits));
            }
            if u32::from(maximum) >= 10_u32.saturating_pow(u32::from(digits)) {
                return Err(DialectErrorKind::MaximumTooLarge { maximum, digits });
            }
            (
                Length::Variable {
                    encoding: encodings.lengths,
                    digits,
                    maximum,
                },
                maximum,
            )
        }
        _ => return Err(DialectErrorKind::LengthForm),
    };
    let class = field.format;
    if longest == 0 {
        return Err(DialectErrorKind::LengthZero);
    }
    if class == ContentClass::Hex && !longest.is_multiple_of(2) {
        return Err(DialectErrorKind::OddHex(longest));
    }
    if class == ContentClass::SignedDigits && longest < 2 {
        return Err(DialectErrorKind::SignedTooShort(longest));
    }
    let sensitivity = field.sensitivity;
    Ok(FieldPlan {
        class,
        length,
        encoding: encodings.values,
        sensitivity,
    })
}

fn general(offset: usize, kind: DialectErrorKind) -> Fault {
    Fault {
        offset,
        element: None,
        kind,
    }
}

/// A fault found by the TOML reader, with the element in whose entry it lies.
fn located(text: &str, error: &toml::de::Error) -> Fault {
    let offset = error.span().map_or(0, |span| span.start);
    Fault {
        offset,
        element: element_at(text, offset),
        kind: DialectErrorKind::Document(error.message().to_owned()),
    }
}

/// The element whose entry begins on this line or is the last one before it.
fn element_at(text: &str, offset: usize) -> Option<Element> {
    let document = DeTable::parse(text).ok()?;
    let line = line_of(text, offset);
    let keys_before = |table: &DeTable<'_>| {
        let lines = table
            .keys()
            .map(|key| (line_of(text, key.span().start), key.get_ref().to_string()));
        lines.filter(|(start, _)| *start <= line).max()
    };
    let fields = document.get_ref().get("fields")?.get_ref().as_table()?;
    let (field_line, key) = keys_before(fields)?;
    let (table_line, _) = keys_before(document.get_ref())?;
    // A later top-level key means that the fault is past the fields.
    if table_line > field_line {
        None
    } else {
        element(&key)
    }
}
