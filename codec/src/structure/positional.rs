//! Subfields one after another, and blocks that repeat.
//!
//! Owns positions and the optional tail. Must never drop what follows the last described position: it is the rest.

use super::build;
use super::description::{FixedPlace, Positional, Repeated};
use super::error::{StructureError, StructureErrorKind as Kind};
use super::part::{Key, Part, Parts};
use super::read::{self, Bounds, Cursor};

/// The key of a position, from 1.
pub(super) fn number(index: usize) -> Key {
    Key::Number(u16::try_from(index.saturating_add(1)).unwrap_or(u16::MAX))
}

pub(super) fn read<'a>(
    structure: &Positional,
    mut cursor: Cursor<'a>,
    bounds: &mut Bounds,
) -> Result<Parts<'a>, StructureError> {
    let mut parts = Parts::with_room(structure.subfields.len());
    read_fixed(&structure.fixed, &mut cursor, &mut parts, bounds);
    // The others, and whatever a fault is found in.
    let read = parts.len();
    for (index, subfield) in structure.subfields.iter().enumerate().skip(read) {
        if cursor.is_empty() && index >= structure.required {
            break;
        }
        parts.push(read::subfield(
            subfield,
            number(index),
            &mut cursor,
            bounds,
        )?);
    }
    read_rest(cursor, &mut parts, bounds)?;
    Ok(parts)
}

/// Reads as many values of fixed length as are whole and within the bounds.
fn read_fixed<'a>(
    places: &[FixedPlace],
    cursor: &mut Cursor<'a>,
    parts: &mut Parts<'a>,
    bounds: &mut Bounds,
) {
    let bytes = cursor.rest;
    let whole = match places.last() {
        Some(last) if last.end > bytes.len() => {
            places.partition_point(|place| place.end <= bytes.len())
        }
        _ => places.len(),
    };
    let places = places
        .get(..whole.min(bounds.parts_left()))
        .unwrap_or_default();
    parts.extend(places.iter().map(|place| {
        let value = bytes.get(place.start..place.end).unwrap_or_default();
        let mut part = Part::new(place.key, value);
        part.form.odd_digits = place.odd_digits;
        part
    }));
    bounds.count_all(places.len());
    cursor.skip(places.last().map_or(0, |last| last.end));
}

/// Takes what is left, if anything, as the rest.
pub(super) fn read_rest<'a>(
    mut cursor: Cursor<'a>,
    parts: &mut Parts<'a>,
    bounds: &mut Bounds,
) -> Result<(), StructureError> {
    if !cursor.is_empty() {
        let offset = cursor.offset;
        let rest = cursor.take_all();
        parts.push(read::part(None, Key::Rest, rest, offset, bounds)?);
    }
    Ok(())
}

pub(super) fn build(
    structure: &Positional,
    parts: &Parts<'_>,
    out: &mut Vec<u8>,
) -> Result<(), StructureError> {
    let mut next = 0;
    let mut ended = false;
    for part in parts {
        match part.key {
            Key::Rest if !ended && next == structure.subfields.len() => {
                build::rest(part, out)?;
                ended = true;
            }
            key @ Key::Number(_) if !ended && key == number(next) => {
                let subfield = structure.subfields.get(next);
                let subfield = subfield.ok_or_else(|| build::misplaced(key, out))?;
                build::subfield(subfield, part, out)?;
                next = next.saturating_add(1);
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
    if next < structure.required {
        return Err(StructureError::new(number(next), out.len(), Kind::Missing));
    }
    Ok(())
}

pub(super) fn read_blocks<'a>(
    structure: &Repeated,
    mut cursor: Cursor<'a>,
    bounds: &mut Bounds,
) -> Result<Parts<'a>, StructureError> {
    let size = structure.block.fixed_bytes().unwrap_or(usize::MAX);
    let mut parts = read::room(cursor.rest.len(), size);
    for index in 0..usize::from(structure.maximum) {
        if cursor.rest.len() < size {
            break;
        }
        parts.push(read::subfield(
            &structure.block,
            number(index),
            &mut cursor,
            bounds,
        )?);
    }
    read_rest(cursor, &mut parts, bounds)?;
    Ok(parts)
}

pub(super) fn build_blocks(
    structure: &Repeated,
    parts: &Parts<'_>,
    out: &mut Vec<u8>,
) -> Result<(), StructureError> {
    let mut next = 0;
    let mut ended = false;
    for part in parts {
        match part.key {
            Key::Rest if !ended => {
                build::rest(part, out)?;
                ended = true;
            }
            key @ Key::Number(_)
                if !ended && key == number(next) && next < usize::from(structure.maximum) =>
            {
                build::subfield(&structure.block, part, out)?;
                next = next.saturating_add(1);
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
