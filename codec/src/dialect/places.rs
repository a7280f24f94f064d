//! Where in the text of a document something stands.
//!
//! Owns the search for the line of a fault. Must never decide whether a document is good: it only looks at one that is
//! not.

use serde::Deserialize;
use toml::Spanned;
use toml::de::{DeTable, DeValue, ValueDeserializer};

use super::element;
use super::error::{DialectErrorKind, line_of};
use crate::element::Element;
use crate::structure::{StructureDocument, SubfieldDocument};

/// The element whose entry begins on this line or is the last one before it.
pub(super) fn element_at(text: &str, offset: usize) -> Option<Element> {
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

/// Where the table of a structure, or what the path leads to inside of it, begins. Lists are counted from 1.
pub(super) fn structure_at(text: &str, name: &str, path: &str) -> Option<usize> {
    let document = DeTable::parse(text).ok()?;
    let structures = structures(document.get_ref())?;
    let (key, mut value) = structures.get_key_value(name)?;
    let mut offset = key.span().start;
    for step in path.split('.') {
        let Some((_, start, inside)) = inside(value).into_iter().find(|(key, ..)| key == step)
        else {
            break;
        };
        (offset, value) = (start, inside);
    }
    Some(offset)
}

/// Where the innermost structure or subfield begins that cannot be read for this reason, and the fault with its path.
/// The reader of the whole document tells the line of the outermost one only.
pub(super) fn structure_fault(text: &str, reason: &str) -> Option<(usize, DialectErrorKind)> {
    let document = DeTable::parse(text).ok()?;
    let mut structures = structures(document.get_ref())?.iter();
    structures.find_map(|(key, value)| {
        let name = key.get_ref();
        let path = format!("structures.{name}");
        let (offset, path, found) = in_structure(value, key.span().start, path)?;
        (found == reason).then(|| {
            (
                offset,
                DialectErrorKind::Document(format!("{path}: {found}")),
            )
        })
    })
}

/// Offset, path and reason.
type Found = (usize, String, String);

fn in_structure(value: &Spanned<DeValue<'_>>, start: usize, path: String) -> Option<Found> {
    let reason = unreadable::<StructureDocument>(value)?;
    let deeper = inside(value).into_iter().find_map(|(key, start, value)| {
        let path = format!("{path}.{key}");
        match key.as_str() {
            "unlisted" => in_structure(value, start, path),
            "lead" | "block" => in_subfield(value, start, path),
            "subfields" | "datasets" | "tags" => {
                let mut parts = inside(value).into_iter();
                parts.find_map(|(key, start, value)| {
                    in_subfield(value, start, format!("{path}.{key}"))
                })
            }
            _ => None,
        }
    });
    Some(deeper.unwrap_or((start, path, reason)))
}

fn in_subfield(value: &Spanned<DeValue<'_>>, start: usize, path: String) -> Option<Found> {
    let reason = unreadable::<SubfieldDocument>(value)?;
    let mut structures = inside(value).into_iter();
    let inner = structures.find(|(key, ..)| key == "structure");
    let deeper =
        inner.and_then(|(key, start, value)| in_structure(value, start, format!("{path}.{key}")));
    Some(deeper.unwrap_or((start, path, reason)))
}

/// Why a value is not a document of this kind; `None` if it is.
fn unreadable<'a, T: Deserialize<'a>>(value: &Spanned<DeValue<'a>>) -> Option<String> {
    let error = T::deserialize(ValueDeserializer::from(value.clone())).err()?;
    Some(error.message().to_owned())
}

fn structures<'t, 'a>(document: &'t DeTable<'a>) -> Option<&'t DeTable<'a>> {
    document.get("structures")?.get_ref().as_table()
}

/// Key, offset and value of all entries. The keys of a list count from 1.
fn inside<'v, 'a>(
    value: &'v Spanned<DeValue<'a>>,
) -> Vec<(String, usize, &'v Spanned<DeValue<'a>>)> {
    match value.get_ref() {
        DeValue::Table(table) => table
            .iter()
            .map(|(key, value)| (key.get_ref().to_string(), key.span().start, value))
            .collect(),
        DeValue::Array(list) => (1_usize..)
            .zip(list.iter())
            .map(|(number, value)| (number.to_string(), value.span().start, value))
            .collect(),
        DeValue::String(_)
        | DeValue::Integer(_)
        | DeValue::Float(_)
        | DeValue::Boolean(_)
        | DeValue::Datetime(_) => Vec::new(),
    }
}
