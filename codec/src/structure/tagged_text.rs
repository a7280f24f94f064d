//! Tag, length and value with tag and length as digits.
//!
//! Owns the lead in front of the tags and the fill at the end. Must never drop a tag that is not described.

use super::build;
use super::description::TaggedText;
use super::encoding::{Counts, NumberEncoding, Width};
use super::error::{StructureError, StructureErrorKind as Kind};
use super::part::{Key, Part, Parts, TextTag};
use super::positional::read_rest;
use super::read::{self, Bounds, Cursor};
use crate::wire::ebcdic::{from_latin_1, to_latin_1};
use crate::wire::nibbles;

/// Bytes of tag, length and value as they usually are, for the room of a list.
const USUAL_OBJECT: usize = 8;

pub(super) fn read<'a>(
    structure: &TaggedText,
    mut cursor: Cursor<'a>,
    bounds: &mut Bounds,
) -> Result<Parts<'a>, StructureError> {
    let mut parts = read::room(cursor.rest.len(), USUAL_OBJECT);
    if let Some(lead) = &structure.lead
        && !cursor.is_empty()
    {
        parts.push(read::subfield(lead, Key::Lead, &mut cursor, bounds)?);
    }
    // Looked for once: looking before every tag would make a field of blanks cost its square.
    let fill = cursor
        .rest
        .iter()
        .rev()
        .take_while(|byte| is_fill(**byte))
        .count();
    let filled_from = cursor
        .offset
        .saturating_add(cursor.rest.len())
        .saturating_sub(fill);
    while !cursor.is_empty() && cursor.offset < filled_from {
        let before = cursor;
        match read_object(structure, &mut cursor, bounds)? {
            Some(part) => parts.push(part),
            None => {
                cursor = before;
                break;
            }
        }
    }
    read_rest(cursor, &mut parts, bounds)?;
    Ok(parts)
}

/// Reads tag, length and value; `None` where the length counts units that nothing describes.
fn read_object<'a>(
    structure: &TaggedText,
    cursor: &mut Cursor<'a>,
    bounds: &mut Bounds,
) -> Result<Option<Part<'a>>, StructureError> {
    fixed(&structure.before_tag, cursor)?;
    let start = cursor.offset;
    let digits = structure.tag.size;
    let tag = read_tag(structure.tag, cursor.take(structure.tag.bytes(), None)?);
    let tag = tag.ok_or_else(|| StructureError::new(None, start, Kind::TagContent { digits }))?;
    let key = Key::Text(tag);
    let (at, digits) = (cursor.offset, structure.length.size);
    let length = structure
        .length
        .read(cursor.take(structure.length.bytes(), key)?);
    let length =
        length.ok_or_else(|| StructureError::new(key, at, Kind::LengthContent { digits }))?;
    let length = usize::try_from(length).unwrap_or(usize::MAX);
    fixed(&structure.after_length, cursor)?;
    let subfield = structure.subfields.get(&tag);
    let (length, odd_digits) = match (structure.length_counts, subfield) {
        (Counts::Bytes, _) => (length, false),
        (Counts::Units, Some(subfield)) => {
            let encoding = subfield.encoding;
            (encoding.bytes_of(length), encoding.is_odd(length))
        }
        (Counts::Units, None) => return Ok(None),
    };
    let value = cursor.take(length, key)?;
    let value_start = cursor.offset.saturating_sub(value.len());
    let mut part = read::part(subfield, key, value, value_start, bounds)?;
    part.form.odd_digits = odd_digits;
    Ok(Some(part))
}

/// Steps over a fixed text.
fn fixed(text: &[u8], cursor: &mut Cursor<'_>) -> Result<(), StructureError> {
    let at = cursor.offset;
    if text.is_empty() || cursor.take(text.len(), None)? == text {
        Ok(())
    } else {
        Err(StructureError::new(None, at, Kind::FixedText))
    }
}

impl TaggedText {
    /// Whether a tag has as many characters as the tags of this structure.
    pub(super) fn has_tag_size(&self, tag: TextTag) -> bool {
        let size = usize::from(self.tag.size);
        let binary = self.tag.encoding == NumberEncoding::Binary;
        tag.len() == if binary { size.saturating_mul(2) } else { size }
    }
}

/// Blanks in ASCII and EBCDIC, and zero bytes.
fn is_fill(byte: u8) -> bool {
    matches!(byte, b' ' | 0x40 | 0x00)
}

pub(super) fn build(
    structure: &TaggedText,
    parts: &Parts<'_>,
    out: &mut Vec<u8>,
) -> Result<(), StructureError> {
    let mut ended = false;
    for (index, part) in parts.iter().enumerate() {
        match (part.key, &structure.lead) {
            (Key::Lead, Some(lead)) if index == 0 => build::subfield(lead, part, out)?,
            (Key::Text(tag), lead) if !ended && (index > 0 || lead.is_none()) => {
                let start = out.len();
                out.extend_from_slice(&structure.before_tag);
                write_tag(structure, tag, out).ok_or_else(|| build::misplaced(part.key, out))?;
                let subfield = structure.subfields.get(&tag);
                let value = build::content(subfield, part, start)?;
                let found = match (structure.length_counts, subfield) {
                    (Counts::Bytes, _) => value.len(),
                    (Counts::Units, Some(subfield)) => {
                        let odd = part.form.odd_digits;
                        subfield.encoding.units_of(value.len(), odd)
                    }
                    (Counts::Units, None) => return Err(build::misplaced(part.key, out)),
                };
                let length = u32::try_from(found).ok();
                let written = length.and_then(|length| structure.length.write(length, out));
                let maximum = usize::try_from(structure.length.greatest()).unwrap_or(usize::MAX);
                let kind = Kind::TooLong { maximum, found };
                written.ok_or_else(|| StructureError::new(part.key, start, kind))?;
                out.extend_from_slice(&structure.after_length);
                out.extend_from_slice(&value);
            }
            (Key::Rest, _) if !ended => {
                build::rest(part, out)?;
                ended = true;
            }
            (key, _) => return Err(build::misplaced(key, out)),
        }
    }
    Ok(())
}

/// Tags of digits in BCD are read with all their digits; binary ones as hexadecimal.
fn read_tag(width: Width, bytes: &[u8]) -> Option<TextTag> {
    let hexadecimal = bytes.iter().flat_map(|byte| nibbles::digits(*byte));
    match width.encoding {
        NumberEncoding::Ascii => TextTag::from_characters(bytes.iter().copied()),
        NumberEncoding::Ebcdic => {
            TextTag::from_characters(bytes.iter().map(|byte| to_latin_1(*byte)))
        }
        NumberEncoding::Bcd => {
            width.read(bytes)?;
            let odd = !width.size.is_multiple_of(2);
            TextTag::from_characters(hexadecimal.skip(usize::from(odd)))
        }
        NumberEncoding::Binary => TextTag::from_characters(hexadecimal),
    }
}

fn write_tag(structure: &TaggedText, tag: TextTag, out: &mut Vec<u8>) -> Option<()> {
    if !structure.has_tag_size(tag) {
        return None;
    }
    let text: String = tag.bytes().map(char::from).collect();
    match structure.tag.encoding {
        NumberEncoding::Ascii => {
            out.extend(text.bytes());
            Some(())
        }
        NumberEncoding::Ebcdic => {
            out.extend(text.bytes().map(from_latin_1));
            Some(())
        }
        NumberEncoding::Bcd => structure.tag.write(text.parse().ok()?, out),
        NumberEncoding::Binary => {
            let number = u32::from_str_radix(&text, 16).ok()?;
            structure.tag.write(number, out)
        }
    }
}
