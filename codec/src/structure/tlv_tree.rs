//! BER-TLV as a tree of parts.
//!
//! Owns constructed objects and the filler between objects. Must never go deeper than the bound: what lies below it
//! stays a value.

use zeroize::Zeroizing;

use super::ber_tlv::{Ff, TlvError, TlvReader, usual_primitive, write_tlv};
use super::build;
use super::description::{BerTlv, Subfield};
use super::error::{StructureError, StructureErrorKind as Kind};
use super::part::{Content, Key, Part, Parts};
use super::read::{self, Bounds, Cursor};

/// Bytes of an object as chip data has them, for the room of a list.
const USUAL_OBJECT: usize = 6;

pub(super) fn read<'a>(
    structure: &BerTlv,
    mut cursor: Cursor<'a>,
    bounds: &mut Bounds,
) -> Result<Parts<'a>, StructureError> {
    let mut parts = read::room(cursor.rest.len(), USUAL_OBJECT);
    while !cursor.is_empty() {
        match usual_object(structure, &mut cursor, bounds) {
            Some(part) => parts.push(part),
            None => read_object(structure, &mut cursor, &mut parts, bounds)?,
        }
    }
    Ok(parts)
}

/// A value in the usual form without anything inside, as most are. `None` leaves it to the full reading, and everything
/// as it was.
#[inline]
fn usual_object<'a>(
    structure: &BerTlv,
    cursor: &mut Cursor<'a>,
    bounds: &mut Bounds,
) -> Option<Part<'a>> {
    let (tag, length_octets, value, after) = usual_primitive(cursor.rest)?;
    let subfield = structure.tags.get(&tag);
    if subfield.is_some_and(|subfield| subfield.structure.is_some()) {
        return None;
    }
    let key = Key::Tag(tag);
    bounds.count(key, cursor.offset).ok()?;
    cursor.offset = cursor
        .offset
        .saturating_add(cursor.rest.len().saturating_sub(after.len()));
    cursor.rest = after;
    let mut part = Part::new(key, value);
    part.form.length_octets = length_octets;
    Some(part)
}

/// Reads the filler that is there and the object behind it, if any.
fn read_object<'a>(
    structure: &BerTlv,
    cursor: &mut Cursor<'a>,
    parts: &mut Parts<'a>,
    bounds: &mut Bounds,
) -> Result<(), StructureError> {
    let start = cursor.offset;
    let object = TlvReader::new(cursor.rest, structure.ff).next();
    let object = object.transpose().map_err(|TlvError { offset, kind }| {
        StructureError::new(None, start.saturating_add(offset), Kind::Tlv(kind))
    })?;
    let filler = object.map_or(cursor.rest.len(), |object| object.start);
    if filler > 0 {
        let bytes = cursor.take(filler, None)?;
        parts.push(read::part(None, Key::Filler, bytes, start, bounds)?);
    }
    let Some(object) = object else {
        return Ok(());
    };
    let value_start = start.saturating_add(object.value_start);
    let subfield = structure.tags.get(&object.tag);
    let described = subfield.is_some_and(|subfield| subfield.structure.is_some());
    let key = Key::Tag(object.tag);
    let mut part = read::part(subfield, key, object.value, value_start, bounds)?;
    if object.tag.is_constructed() && !described && bounds.may_descend() {
        let inner = Cursor::new(object.value, value_start);
        part.content = read::nested(object.value, bounds, |bounds| {
            read(structure, inner, bounds)
        });
    }
    part.form.length_octets = object.length_octets;
    parts.push(part);
    let end = object.value_start.saturating_add(object.value.len());
    cursor.skip(end.saturating_sub(filler));
    Ok(())
}

pub(super) fn build(
    structure: &BerTlv,
    parts: &Parts<'_>,
    out: &mut Vec<u8>,
) -> Result<(), StructureError> {
    for part in parts {
        let offset = out.len();
        match part.key {
            Key::Filler => {
                let value = build::content(None, part, offset)?;
                if value.iter().any(|byte| !matches!(byte, 0x00 | 0xFF)) {
                    return Err(build::misplaced(part.key, out));
                }
                out.extend_from_slice(&value);
            }
            Key::Tag(tag) if structure.ff == Ff::Filler && tag.begins_with_ff() => {
                return Err(build::misplaced(part.key, out));
            }
            Key::Tag(tag) => {
                let value = value(structure, part, structure.tags.get(&tag), offset)?;
                write_tlv(tag, &value, part.form.length_octets, out)
                    .map_err(|kind| StructureError::new(part.key, offset, Kind::Tlv(kind)))?;
            }
            key @ (Key::Lead
            | Key::Bitmap
            | Key::Number(_)
            | Key::Text(_)
            | Key::Dataset(_)
            | Key::Rest) => return Err(build::misplaced(key, out)),
        }
    }
    Ok(())
}

fn value<'a>(
    structure: &BerTlv,
    part: &Part<'a>,
    subfield: Option<&Subfield>,
    offset: usize,
) -> Result<build::Built<'a>, StructureError> {
    match &part.content {
        Content::Parts(parts) if subfield.is_none_or(|subfield| subfield.structure.is_none()) => {
            let mut inner = Zeroizing::new(Vec::with_capacity(parts.most_bytes()));
            build(structure, parts, &mut inner)?;
            Ok(build::Built::Made(inner))
        }
        Content::Parts(_) | Content::Bytes(_) | Content::Unreadable(..) => {
            build::content(subfield, part, offset)
        }
    }
}
