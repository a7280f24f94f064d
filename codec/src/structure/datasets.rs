//! Datasets: an identifier of one byte, a length, the content.
//!
//! Owns the envelope. Must never drop a dataset that is not listed.

use super::build;
use super::description::Datasets;
use super::error::{StructureError, StructureErrorKind as Kind};
use super::part::{Key, Parts};
use super::positional::read_rest;
use super::read::{self, Bounds, Cursor};

/// Bytes of a dataset as they usually are, for the room of a list.
const USUAL_DATASET: usize = 64;

pub(super) fn read<'a>(
    structure: &Datasets,
    mut cursor: Cursor<'a>,
    bounds: &mut Bounds,
) -> Result<Parts<'a>, StructureError> {
    let mut parts = read::room(cursor.rest.len(), USUAL_DATASET);
    let fill = cursor
        .rest
        .iter()
        .rev()
        .take_while(|byte| **byte == 0)
        .count();
    let filled_from = cursor
        .offset
        .saturating_add(cursor.rest.len())
        .saturating_sub(fill);
    while cursor.offset < filled_from {
        let identifier = cursor.take(1, None)?.first().copied().unwrap_or_default();
        let key = Key::Dataset(identifier);
        let (at, digits) = (cursor.offset, structure.length.size);
        let length = structure
            .length
            .read(cursor.take(structure.length.bytes(), key)?);
        let length =
            length.ok_or_else(|| StructureError::new(key, at, Kind::LengthContent { digits }))?;
        let value = cursor.take(usize::try_from(length).unwrap_or(usize::MAX), key)?;
        let value_start = cursor.offset.saturating_sub(value.len());
        let subfield = structure.datasets.get(&identifier);
        let subfield = subfield.or(structure.unlisted.as_ref());
        parts.push(read::part(subfield, key, value, value_start, bounds)?);
    }
    read_rest(cursor, &mut parts, bounds)?;
    Ok(parts)
}

pub(super) fn build(
    structure: &Datasets,
    parts: &Parts<'_>,
    out: &mut Vec<u8>,
) -> Result<(), StructureError> {
    let mut ended = false;
    for part in parts {
        match part.key {
            Key::Dataset(identifier) if !ended => {
                let start = out.len();
                out.push(identifier);
                let subfield = structure.datasets.get(&identifier);
                let value = build::content(subfield.or(structure.unlisted.as_ref()), part, start)?;
                let found = value.len();
                let length = u32::try_from(found).ok();
                let written = length.and_then(|length| structure.length.write(length, out));
                let maximum = usize::try_from(structure.length.greatest()).unwrap_or(usize::MAX);
                let kind = Kind::TooLong { maximum, found };
                written.ok_or_else(|| StructureError::new(part.key, start, kind))?;
                out.extend_from_slice(&value);
            }
            Key::Rest if !ended => {
                build::rest(part, out)?;
                ended = true;
            }
            key @ (Key::Lead
            | Key::Bitmap
            | Key::Number(_)
            | Key::Tag(_)
            | Key::Text(_)
            | Key::Dataset(_)
            | Key::Filler
            | Key::Rest) => return Err(build::misplaced(key, out)),
        }
    }
    Ok(())
}
