//! XML of jPOS's `GenericPackager`.
//!
//! Owns the elements and attributes of that format. Must never load what a document refers to.

use std::collections::BTreeMap;

use quick_xml::XmlVersion;
use quick_xml::events::{BytesStart, Event};
use quick_xml::reader::Reader;

use super::jpos_classes::{Class, class};
use super::{
    DEEPEST, Import, ImportError, ImportedClass, ImportedEncoding, ImportedField, ImportedInner,
    ImportedInnerKind, ImportedLength, ImportedPadding,
};

/// Attributes that say nothing about the wire.
const SILENT: [&str; 9] = [
    "id",
    "length",
    "name",
    "class",
    "pad",
    "packager",
    "emitBitmap",
    "bitmapField",
    "logger",
];

/// An element that is open: the packager itself, or a field with fields inside.
struct Open {
    /// The number and field that the inside belongs to; `None` for the packager, or when it was left out.
    field: Option<(u16, ImportedField)>,
    packager: String,
    emit_bitmap: bool,
    parts: BTreeMap<u16, ImportedField>,
    line: usize,
}

pub(super) fn read(xml: &str) -> Result<Import, ImportError> {
    let mut reader = Reader::from_str(xml);
    let mut import = Import::default();
    let mut open: Vec<Open> = Vec::new();
    loop {
        let before = usize::try_from(reader.buffer_position()).unwrap_or(usize::MAX);
        let line = line_of(xml, before);
        let event = reader.read_event().map_err(|error| ImportError::Document {
            place: format!("line {line}"),
            reason: error.to_string(),
        })?;
        match event {
            Event::Start(element) => start(&element, line, &mut open, &mut import)?,
            Event::Empty(element) => {
                let depth = open.len();
                start(&element, line, &mut open, &mut import)?;
                while open.len() > depth {
                    end(&mut open, &mut import);
                }
            }
            Event::End(element) if is_container(element.name().as_ref()) => {
                end(&mut open, &mut import);
            }
            Event::Eof if !open.is_empty() => {
                return Err(ImportError::Document {
                    place: format!("line {line}"),
                    reason: "the document ends inside of an element".to_owned(),
                });
            }
            Event::Eof => return Ok(import),
            Event::End(_)
            | Event::Text(_)
            | Event::CData(_)
            | Event::Comment(_)
            | Event::Decl(_)
            | Event::PI(_)
            | Event::DocType(_)
            | Event::GeneralRef(_) => {}
        }
    }
}

fn is_container(name: &str) -> bool {
    matches!(name, "isopackager" | "isofieldpackager")
}

fn start(
    element: &BytesStart<'_>,
    line: usize,
    open: &mut Vec<Open>,
    import: &mut Import,
) -> Result<(), ImportError> {
    let name = element.name();
    let attributes = attributes(element, line)?;
    let get = |key: &str| attributes.get(key).map(String::as_str);
    match name.as_ref() {
        "isopackager" | "isofieldpackager" if open.len() >= DEEPEST => Err(ImportError::Document {
            place: format!("line {line}"),
            reason: format!("expected at most {DEEPEST} packagers inside of one another"),
        }),
        "isopackager" => {
            open.push(Open {
                field: None,
                packager: String::new(),
                emit_bitmap: true,
                parts: BTreeMap::new(),
                line,
            });
            Ok(())
        }
        "isofieldpackager" => {
            let field = field(&attributes, line, import);
            open.push(Open {
                field,
                packager: simple_name(get("packager").unwrap_or_default()).to_owned(),
                emit_bitmap: get("emitBitmap") != Some("false"),
                parts: BTreeMap::new(),
                line,
            });
            Ok(())
        }
        "isofield" => {
            if let Some((number, field)) = field(&attributes, line, import) {
                insert(number, field, line, open, import);
            }
            Ok(())
        }
        other => {
            import.leave_out(
                format!("line {line}"),
                format!("element <{other}> is not known"),
            );
            Ok(())
        }
    }
}

/// Closes the innermost packager.
fn end(open: &mut Vec<Open>, import: &mut Import) {
    let Some(closed) = open.pop() else {
        return;
    };
    if closed.packager.is_empty() && closed.field.is_none() && open.is_empty() {
        for (number, field) in closed.parts {
            import.fields.insert(number, field);
        }
        return;
    }
    let line = closed.line;
    let Some((number, mut field)) = closed.field else {
        return;
    };
    match inner(&closed.packager, closed.emit_bitmap, closed.parts) {
        Ok(inner) => field.inner = Some(inner),
        Err(reason) => {
            import.leave_out(
                format!("line {line}, field {number}"),
                format!("its inside: {reason}"),
            );
        }
    }
    insert(number, field, line, open, import);
}

fn insert(number: u16, field: ImportedField, line: usize, open: &mut [Open], import: &mut Import) {
    let Some(around) = open.last_mut() else {
        import.leave_out(
            format!("line {line}, field {number}"),
            "it stands outside of a packager",
        );
        return;
    };
    if around.parts.insert(number, field).is_some() {
        let reason = "the number is there twice: the later one is taken";
        import.leave_out(format!("line {line}, field {number}"), reason);
    }
}

/// What is inside, or why it is not known.
fn inner(
    packager: &str,
    emit_bitmap: bool,
    mut parts: BTreeMap<u16, ImportedField>,
) -> Result<ImportedInner, String> {
    let named = |parts: BTreeMap<u16, ImportedField>| {
        parts
            .into_iter()
            .map(|(number, part)| (number.to_string(), part))
            .collect()
    };
    match packager {
        "GenericSubFieldPackager" => Ok(ImportedInner {
            kind: ImportedInnerKind::Positional,
            parts: named(parts),
        }),
        "GenericPackager" if !emit_bitmap => Ok(ImportedInner {
            kind: ImportedInnerKind::Positional,
            parts: named(parts),
        }),
        "GenericPackager" => {
            let bitmap = parts
                .iter()
                .find(|(_, part)| part.class == ImportedClass::Bitmap);
            let (number, bitmap) = bitmap.ok_or("it has no bitmap among its fields")?;
            let ImportedLength::Fixed(bytes) = bitmap.length else {
                return Err("its bitmap is not of fixed length".to_owned());
            };
            let (number, encoding) = (*number, bitmap.encoding);
            parts.remove(&number);
            Ok(ImportedInner {
                kind: ImportedInnerKind::Bitmapped { bytes, encoding },
                parts: named(parts),
            })
        }
        "GenericTLVPackager" | "ICCDataPackager" => Ok(ImportedInner {
            kind: ImportedInnerKind::BerTlv,
            parts: BTreeMap::new(),
        }),
        other => Err(format!("packager {other} is not known")),
    }
}

/// The number and description of a field, or `None` when it is left out.
fn field(
    attributes: &BTreeMap<String, String>,
    line: usize,
    import: &mut Import,
) -> Option<(u16, ImportedField)> {
    let get = |key: &str| attributes.get(key).map(String::as_str);
    let id = get("id").unwrap_or_default();
    let place = format!("line {line}, field {id}");
    let Ok(number) = id.parse::<u16>() else {
        import.leave_out(format!("line {line}"), format!("id {id:?} is no number"));
        return None;
    };
    let Ok(length) = get("length").unwrap_or_default().parse::<u32>() else {
        import.leave_out(place, "its length is no number");
        return None;
    };
    let name = simple_name(get("class").unwrap_or_default());
    if matches!(name, "IF_UNUSED" | "IF_NOP") {
        import.leave_out(place, format!("class {name}: the field is not used"));
        return None;
    }
    let Some(class) = class(name) else {
        import.leave_out(place, format!("class {name} is not known"));
        return None;
    };
    for key in attributes
        .keys()
        .filter(|key| !SILENT.contains(&key.as_str()))
    {
        import.leave_out(place.clone(), format!("attribute {key} is not known"));
    }
    let pad = get("pad") == Some("true");
    let description = get("name").unwrap_or_default();
    Some((number, described(description, class, length, pad)))
}

fn described(description: &str, class: Class, length: u32, pad: bool) -> ImportedField {
    let right =
        class.encoding == ImportedEncoding::Bcd && class.class == ImportedClass::Digits && !pad;
    let encoding = if right {
        ImportedEncoding::BcdRightZero
    } else {
        class.encoding
    };
    let padding = match (class.class, class.length) {
        (ImportedClass::Text, None) => Some(ImportedPadding::Right(' ')),
        (ImportedClass::Digits | ImportedClass::SignedDigits, None) => {
            Some(ImportedPadding::Left('0'))
        }
        _ => None,
    };
    ImportedField {
        description: description.trim().to_owned(),
        class: class.class,
        length: match class.length {
            None => ImportedLength::Fixed(length),
            Some(prefix) => ImportedLength::Variable {
                size: prefix.size,
                encoding: prefix.encoding,
                counts: prefix.counts,
                maximum: length,
            },
        },
        encoding,
        padding,
        inner: None,
    }
}

/// A class without its package.
fn simple_name(class: &str) -> &str {
    class.rsplit('.').next().unwrap_or(class).trim()
}

fn attributes(
    element: &BytesStart<'_>,
    line: usize,
) -> Result<BTreeMap<String, String>, ImportError> {
    let fault = |reason: String| ImportError::Document {
        place: format!("line {line}"),
        reason,
    };
    let mut found = BTreeMap::new();
    for attribute in element.attributes() {
        let attribute = attribute.map_err(|error| fault(error.to_string()))?;
        let key: &str = attribute.key.as_ref();
        let value = attribute.normalized_value(XmlVersion::default());
        let value = value.map_err(|error| fault(error.to_string()))?;
        found.insert(key.to_owned(), value.into_owned());
    }
    Ok(found)
}

/// Line, from 1, of the first character behind `offset` that is not blank.
fn line_of(text: &str, offset: usize) -> usize {
    let bytes = text.as_bytes();
    let blank = bytes.get(offset..).unwrap_or_default();
    let skip = blank
        .iter()
        .take_while(|byte| byte.is_ascii_whitespace())
        .count();
    let before = bytes.get(..offset.saturating_add(skip)).unwrap_or(bytes);
    let lines = before.iter().filter(|byte| **byte == b'\n').count();
    lines.saturating_add(1)
}
