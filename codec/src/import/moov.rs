//! Specifications of moov-io/iso8583 in JSON or YAML.
//!
//! Owns the keys of that format. Must never take a value for another one that looks alike.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde::de::IgnoredAny;

use super::{
    DEEPEST, Import, ImportedClass, ImportedCodePage, ImportedEncoding, ImportedField,
    ImportedInner, ImportedInnerKind, ImportedLength, ImportedPadding,
};
use crate::structure::{Counts, NumberEncoding};

/// The whole document.
#[derive(Debug, Deserialize)]
pub(super) struct Document {
    name: Option<String>,
    #[serde(default)]
    fields: BTreeMap<String, Field>,
}

#[derive(Debug, Deserialize)]
struct Field {
    #[serde(rename = "type", default)]
    kind: String,
    #[serde(default)]
    length: u32,
    #[serde(default)]
    description: String,
    enc: Option<String>,
    #[serde(default)]
    prefix: String,
    padding: Option<Padding>,
    tag: Option<Tag>,
    #[serde(default)]
    subfields: BTreeMap<String, Self>,
    bitmap: Option<Box<Self>>,
    /// Whether the bitmap announces further ones.
    #[serde(default, rename = "disableautoexpand")]
    _disable_auto_expand: Option<bool>,
    #[serde(flatten)]
    unknown: BTreeMap<String, IgnoredAny>,
}

#[derive(Debug, Deserialize)]
struct Padding {
    #[serde(rename = "type")]
    side: String,
    #[serde(default)]
    pad: String,
}

#[derive(Debug, Deserialize)]
struct Tag {
    #[serde(default)]
    length: u8,
    enc: Option<String>,
}

/// Why a field, or its inside, is left out.
type Reason = String;

pub(super) fn read(document: &Document) -> Import {
    let mut import = Import {
        name: document.name.clone(),
        ..Import::default()
    };
    for (key, field) in &document.fields {
        let place = format!("fields.{key}");
        let Ok(number) = key.parse::<u16>() else {
            import.leave_out(place, "the key is no number");
            continue;
        };
        if let Some(field) = described(field, &place, 0, &mut import) {
            import.fields.insert(number, field);
        }
    }
    code_page(document, &mut import);
    import
}

/// `EBCDIC` of moov is code page 500 but for `|`, `EBCDIC1047` is 1047; a dialect document has one for both.
fn code_page(document: &Document, import: &mut Import) {
    let says = |name: &str| document.fields.values().any(|field| field.says(name));
    match (says("EBCDIC"), says("EBCDIC1047")) {
        (true, false) => import.code_page = ImportedCodePage::Ibm500,
        (true, true) => {
            let reason = "EBCDIC beside EBCDIC1047: code page 1047 is taken for both, in which ! [ ] ^ | are others";
            import.leave_out("fields", reason);
        }
        (false, _) => {}
    }
}

impl Field {
    /// Whether it, or anything inside of it within the bound, has this encoding.
    fn says(&self, encoding: &str) -> bool {
        self.says_within(encoding, DEEPEST)
    }

    fn says_within(&self, encoding: &str, depth: usize) -> bool {
        let inside = |depth: usize| {
            let mut parts = self.subfields.values();
            parts.any(|part| part.says_within(encoding, depth))
        };
        self.enc.as_deref() == Some(encoding) || depth.checked_sub(1).is_some_and(inside)
    }
}

fn described(
    field: &Field,
    place: &str,
    depth: usize,
    import: &mut Import,
) -> Option<ImportedField> {
    for key in field.unknown.keys() {
        import.leave_out(format!("{place}.{key}"), "the key is not known");
    }
    let description = field.description.trim().to_owned();
    let length = match length(&field.prefix, field.length) {
        Ok(length) => length,
        Err(reason) => {
            import.leave_out(place, reason);
            return None;
        }
    };
    if field.kind == "Composite" {
        let inner = inner(field, place, depth, import);
        // The outside of a composite field counts bytes.
        return Some(ImportedField {
            description,
            class: ImportedClass::Bytes,
            length,
            encoding: ImportedEncoding::Binary,
            padding: None,
            inner,
        });
    }
    let values = class(&field.kind).and_then(|class| {
        let encoding = encoding(field.enc.as_deref().unwrap_or_default())?;
        Ok((class, encoding, padding(field.padding.as_ref())?))
    });
    match values {
        Ok((class, encoding, padding)) => {
            if field.enc.as_deref() == Some("ASCIIToHex")
                && !matches!(length, ImportedLength::Fixed(_))
            {
                let reason =
                    "whether its length counts bytes or hexadecimal digits: bytes are taken";
                import.leave_out(place, reason);
            }
            Some(ImportedField {
                description,
                class,
                length,
                encoding,
                padding,
                inner: None,
            })
        }
        Err(reason) => {
            import.leave_out(place, reason);
            None
        }
    }
}

fn class(kind: &str) -> Result<ImportedClass, Reason> {
    Ok(match kind {
        "String" => ImportedClass::Text,
        "Numeric" => ImportedClass::Digits,
        "Binary" | "Hex" => ImportedClass::Bytes,
        "Bitmap" => ImportedClass::Bitmap,
        "Track1" => ImportedClass::Text,
        "Track2" | "Track3" => ImportedClass::Track,
        other => return Err(format!("type {other:?} is not known")),
    })
}

fn encoding(name: &str) -> Result<ImportedEncoding, Reason> {
    Ok(match name {
        "ASCII" => ImportedEncoding::Ascii,
        "EBCDIC" | "EBCDIC1047" => ImportedEncoding::Ebcdic,
        "BCD" => ImportedEncoding::Bcd,
        "LBCD" => ImportedEncoding::BcdRightZero,
        "Binary" | "ASCIIToHex" => ImportedEncoding::Binary,
        "HexToASCII" => ImportedEncoding::AsciiHex,
        other => return Err(format!("encoding {other:?} is not known")),
    })
}

fn padding(padding: Option<&Padding>) -> Result<Option<ImportedPadding>, Reason> {
    let Some(padding) = padding else {
        return Ok(None);
    };
    let mut characters = padding.pad.chars();
    match (padding.side.as_str(), characters.next(), characters.next()) {
        ("None", _, _) => Ok(None),
        ("Left", Some(pad), None) => Ok(Some(ImportedPadding::Left(pad))),
        ("Right", Some(pad), None) => Ok(Some(ImportedPadding::Right(pad))),
        (side, _, _) => Err(format!(
            "padding {side:?} with {} characters",
            padding.pad.chars().count()
        )),
    }
}

fn length(prefix: &str, length: u32) -> Result<ImportedLength, Reason> {
    let unknown = || format!("prefix {prefix:?} is not known");
    if prefix == "BerTLV" {
        return Ok(ImportedLength::Given(length));
    }
    let (family, digits) = prefix.split_once('.').ok_or_else(unknown)?;
    let encoding = match family {
        "ASCII" => NumberEncoding::Ascii,
        "EBCDIC" | "EBCDIC1047" => NumberEncoding::Ebcdic,
        "BCD" => NumberEncoding::Bcd,
        "Binary" => NumberEncoding::Binary,
        "Hex" if digits == "Fixed" => NumberEncoding::Ascii,
        _ => return Err(unknown()),
    };
    if digits == "Fixed" {
        return Ok(ImportedLength::Fixed(length));
    }
    let good = (1..=6).contains(&digits.len()) && digits.bytes().all(|byte| byte == b'L');
    let size = u8::try_from(digits.len()).ok().filter(|_| good);
    Ok(ImportedLength::Variable {
        size: size.ok_or_else(unknown)?,
        encoding,
        counts: Counts::Units,
        maximum: length,
    })
}

fn inner(field: &Field, place: &str, depth: usize, import: &mut Import) -> Option<ImportedInner> {
    if depth >= DEEPEST {
        let reason = format!("more than {DEEPEST} composite fields inside of one another");
        import.leave_out(place, reason);
        return None;
    }
    let mut parts = BTreeMap::new();
    for (key, part) in &field.subfields {
        let place = format!("{place}.subfields.{key}");
        if let Some(part) = described(part, &place, depth.saturating_add(1), import) {
            parts.insert(key.clone(), part);
        }
    }
    match inner_kind(field, &parts) {
        Ok(kind) => {
            if matches!(kind, ImportedInnerKind::Tagged { .. }) {
                for part in parts.values_mut() {
                    if let ImportedLength::Variable { maximum, .. } = part.length {
                        part.length = ImportedLength::Given(maximum);
                    }
                }
            }
            Some(ImportedInner { kind, parts })
        }
        Err(reason) => {
            import.leave_out(place, format!("its inside: {reason}"));
            None
        }
    }
}

fn inner_kind(
    field: &Field,
    parts: &BTreeMap<String, ImportedField>,
) -> Result<ImportedInnerKind, Reason> {
    if let Some(bitmap) = &field.bitmap {
        return Ok(ImportedInnerKind::Bitmapped {
            bytes: bitmap.length,
            encoding: encoding(bitmap.enc.as_deref().unwrap_or_default())?,
        });
    }
    let Some(tag) = &field.tag else {
        return Err("neither a tag nor a bitmap says how its parts are told apart".to_owned());
    };
    let tag_encoding = match tag.enc.as_deref() {
        Some("BerTLVTag") => return Ok(ImportedInnerKind::BerTlv),
        None if tag.length == 0 => return Ok(ImportedInnerKind::Positional),
        Some("ASCII") => NumberEncoding::Ascii,
        Some("EBCDIC" | "EBCDIC1047") => NumberEncoding::Ebcdic,
        Some("BCD") => NumberEncoding::Bcd,
        Some("Binary" | "ASCIIToHex") => NumberEncoding::Binary,
        other => return Err(format!("tag encoding {other:?} is not known")),
    };
    if tag.length == 0 {
        return Ok(ImportedInnerKind::Positional);
    }
    let mut lengths = parts.values().map(|part| match part.length {
        ImportedLength::Variable { size, encoding, .. } => Some((size, encoding)),
        ImportedLength::Fixed(_) | ImportedLength::Given(_) => None,
    });
    let first = lengths.next().flatten();
    let (length_size, length_encoding) = first.ok_or("its parts have no length in front")?;
    if lengths.any(|length| length != first) {
        return Err("its parts have lengths of several kinds".to_owned());
    }
    Ok(ImportedInnerKind::Tagged {
        tag_size: tag.length,
        tag_encoding,
        length_size,
        length_encoding,
    })
}
