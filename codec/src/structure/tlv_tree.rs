//! BER-TLV as a tree of parts.
//!
//! Owns constructed objects and the filler between objects. Must never go deeper than the bound: what lies below it
//! stays a value.

use zeroize::Zeroizing;

use super::ber_tlv::{Ff, TlvError, TlvReader, write_tlv};
use super::build;
use super::description::{BerTlv, Subfield};
use super::error::{StructureError, StructureErrorKind as Kind};
use super::part::{Content, Key, Part, Parts};
use super::read::{self, Bounds, Cursor};

/// Bytes of an object as chip data has them, for the room of a list.
const USUAL_OBJECT: usize = 6;

pub(super) fn read<'a>(
    structure: &BerTlv,
    cursor: Cursor<'a>,
    bounds: &mut Bounds,
) -> Result<Parts<'a>, StructureError> {
    let mut parts = read::room(cursor.rest.len(), USUAL_OBJECT);
    let mut end = 0_usize;
    let filler = |parts: &mut Parts<'a>, from: usize, to: usize, bounds: &mut Bounds| {
        let bytes = cursor.rest.get(from..to).unwrap_or_default();
        if !bytes.is_empty() {
            let offset = cursor.offset.saturating_add(from);
            parts.push(read::part(None, Key::Filler, bytes, offset, bounds)?);
        }
        Ok(())
    };
    for object in TlvReader::new(cursor.rest, structure.ff) {
        let object = object.map_err(|TlvError { offset, kind }| {
            let offset = cursor.offset.saturating_add(offset);
            StructureError::new(None, offset, Kind::Tlv(kind))
        })?;
        filler(&mut parts, end, object.start, bounds)?;
        end = object.value_start.saturating_add(object.value.len());
        let key = Key::Tag(object.tag);
        let value_start = cursor.offset.saturating_add(object.value_start);
        let subfield = structure.tags.get(&object.tag);
        let described = subfield.is_some_and(|subfield| subfield.structure.is_some());
        let mut part = read::part(subfield, key, object.value, value_start, bounds)?;
        if object.tag.is_constructed() && !described && bounds.may_descend() {
            let inner = Cursor::new(object.value, value_start);
            part.content = read::nested(object.value, bounds, |bounds| {
                read(structure, inner, bounds)
            });
        }
        part.form.length_octets = object.length_octets;
        parts.push(part);
    }
    filler(&mut parts, end, cursor.rest.len(), bounds)?;
    Ok(parts)
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
