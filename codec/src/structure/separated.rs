//! Parts with a character between them.
//!
//! Owns the splitting. Must never split the last part: it takes what is left, separators included.

use super::build;
use super::description::Separated;
use super::error::StructureError;
use super::part::Parts;
use super::positional::number;
use super::read::{self, Bounds, Cursor};

pub(super) fn read<'a>(
    structure: &Separated,
    cursor: Cursor<'a>,
    bounds: &mut Bounds,
) -> Result<Parts<'a>, StructureError> {
    let mut parts = Parts::with_room(structure.subfields.len());
    let mut offset = cursor.offset;
    let pieces = cursor.rest.splitn(structure.subfields.len(), |byte| {
        *byte == structure.separator
    });
    for (index, (piece, subfield)) in pieces.zip(&structure.subfields).enumerate() {
        parts.push(read::part(
            Some(subfield),
            number(index),
            piece,
            offset,
            bounds,
        )?);
        offset = offset.saturating_add(piece.len()).saturating_add(1);
    }
    Ok(parts)
}

pub(super) fn build(
    structure: &Separated,
    parts: &Parts<'_>,
    out: &mut Vec<u8>,
) -> Result<(), StructureError> {
    let last = structure.subfields.len().saturating_sub(1);
    for (index, part) in parts.iter().enumerate() {
        let subfield = structure.subfields.get(index);
        let Some(subfield) = subfield.filter(|_| part.key == number(index)) else {
            return Err(build::misplaced(part.key, out));
        };
        if index > 0 {
            out.push(structure.separator);
        }
        let value = build::content(Some(subfield), part, out.len())?;
        if index < last && value.contains(&structure.separator) {
            return Err(build::misplaced(part.key, out));
        }
        out.extend_from_slice(&value);
    }
    Ok(())
}
