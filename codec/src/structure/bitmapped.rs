//! A bitmap, then the subfields that it announces.
//!
//! Owns the bitmap in its forms. Must never guess the length of a part that is not described: from there on everything is
//! the rest, and the bits that announced it are kept.

use super::build;
use super::description::{BitmapForm, Bitmapped, HexText};
use super::encoding::{Encoding, hexadecimal};
use super::error::{StructureError, StructureErrorKind as Kind};
use super::part::{Content, Key, Part, Parts};
use super::positional::read_rest;
use super::read::{self, Bounds, Cursor};
use crate::wire::ebcdic::{from_latin_1, to_latin_1};

/// Numbers in the first word of a dataset bitmap, if another word follows: its first bit continues the bitmap.
const FIRST_WORD_NUMBERS: u16 = 15;
/// Numbers in each further word, if another one follows.
const NEXT_WORD_NUMBERS: u16 = 7;

/// Room for the bitmap and as many parts as an element usually has.
const ROOM: usize = 8;

/// What a bitmap announces.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Announced {
    /// Numbers in ascending order.
    numbers: Vec<u16>,
    /// BER-TLV after the subfields.
    tail: bool,
}

pub(super) fn read<'a>(
    structure: &Bitmapped,
    mut cursor: Cursor<'a>,
    bounds: &mut Bounds,
) -> Result<Parts<'a>, StructureError> {
    if cursor.is_empty() {
        return Ok(Parts::new());
    }
    let start = cursor.offset;
    let bitmap = take_bitmap(structure.form, &mut cursor)?;
    let mut parts = Parts::with_room(ROOM);
    parts.push(read::part(None, Key::Bitmap, bitmap, start, bounds)?);
    let bytes_alone = matches!(structure.form, BitmapForm::Fixed { encoding: None, .. });
    let tail = if bytes_alone {
        // As nearly all are: no list of numbers is made.
        take_parts(structure, numbers(bitmap), &mut cursor, &mut parts, bounds)?;
        false
    } else {
        let announced = announced(structure.form, bitmap)
            .ok_or_else(|| StructureError::new(Key::Bitmap, start, Kind::BitmapContent))?;
        let numbers = announced.numbers.iter().copied();
        let all = take_parts(structure, numbers, &mut cursor, &mut parts, bounds)?;
        all && announced.tail
    };
    if tail {
        let offset = cursor.offset;
        let tail = cursor.take_all();
        let inside = Some(&structure.tail);
        parts.push(read::part(inside, Key::Rest, tail, offset, bounds)?);
    } else {
        read_rest(cursor, &mut parts, bounds)?;
    }
    Ok(parts)
}

/// Reads the parts with these numbers. At one that is not described, all that is left is the rest: then `false`.
fn take_parts<'a>(
    structure: &Bitmapped,
    numbers: impl Iterator<Item = u16>,
    cursor: &mut Cursor<'a>,
    parts: &mut Parts<'a>,
    bounds: &mut Bounds,
) -> Result<bool, StructureError> {
    for number in numbers {
        let Some(subfield) = structure.subfields.get(&number) else {
            // Even an empty rest says that the bits from here on are to be kept.
            let offset = cursor.offset;
            let rest = cursor.take_all();
            parts.push(read::part(None, Key::Rest, rest, offset, bounds)?);
            return Ok(false);
        };
        parts.push(read::subfield(
            subfield,
            Key::Number(number),
            cursor,
            bounds,
        )?);
    }
    Ok(true)
}

pub(super) fn build(
    structure: &Bitmapped,
    parts: &Parts<'_>,
    out: &mut Vec<u8>,
) -> Result<(), StructureError> {
    if parts.is_empty() {
        return Ok(());
    }
    let bitmap = to_write(structure, parts, out)?;
    out.extend_from_slice(&bitmap);
    let mut last = None;
    for part in parts {
        match part.key {
            Key::Bitmap => {}
            Key::Number(number) if last < Some(Key::Number(number)) => {
                let subfield = structure.subfields.get(&number);
                let subfield = subfield.ok_or_else(|| build::misplaced(part.key, out))?;
                build::subfield(subfield, part, out)?;
                last = Some(part.key);
            }
            Key::Rest if last != Some(Key::Rest) => {
                let value = build::content(Some(&structure.tail), part, out.len())?;
                out.extend_from_slice(&value);
                last = Some(Key::Rest);
            }
            key @ (Key::Number(_)
            | Key::Rest
            | Key::Lead
            | Key::Tag(_)
            | Key::Text(_)
            | Key::Dataset(_)
            | Key::Filler) => return Err(build::misplaced(key, out)),
        }
    }
    Ok(())
}

/// The bitmap for these parts. The one that was read is taken as it is when it announces the same.
fn to_write(
    structure: &Bitmapped,
    parts: &Parts<'_>,
    out: &[u8],
) -> Result<Vec<u8>, StructureError> {
    let given = parts.get(Key::Bitmap).and_then(Part::bytes);
    let before = given.and_then(|bytes| announced(structure.form, bytes));
    let rest = parts.get(Key::Rest);
    let numbers = parts.iter().filter_map(|part| {
        if let Key::Number(number) = part.key {
            Some(number)
        } else {
            None
        }
    });
    let mut now = Announced {
        numbers: numbers.collect(),
        tail: rest.is_some_and(|rest| !matches!(rest.content, Content::Bytes(_))),
    };
    if let (Some(before), Some(_)) = (&before, rest) {
        // The rest belongs to the first number that is not described and to those after it.
        let undescribed = |number: &u16| !structure.subfields.contains_key(number);
        if let Some(first) = before.numbers.iter().position(undescribed) {
            let kept = before.numbers.iter().skip(first).copied();
            now.numbers.extend(kept);
            now.tail = before.tail;
        }
    }
    now.numbers.sort_unstable();
    now.numbers.dedup();
    match (given, before) {
        (Some(given), Some(before)) if before == now => Ok(given.to_vec()),
        _ => written(structure.form, &now).map_err(|number| build::misplaced(number, out)),
    }
}

fn take_bitmap<'a>(form: BitmapForm, cursor: &mut Cursor<'a>) -> Result<&'a [u8], StructureError> {
    let length = match form {
        BitmapForm::Fixed { bytes, encoding } => {
            let per_byte = if encoding.is_some() { 2 } else { 1 };
            usize::from(bytes).saturating_mul(per_byte)
        }
        BitmapForm::Dataset => {
            // The first byte of the first word and every single byte after it say whether another one follows.
            let continues = |byte: &u8| byte & 0x80 != 0;
            if cursor.rest.first().is_some_and(continues) {
                let words = cursor.rest.iter().skip(2);
                let more = words.take_while(|byte| continues(byte)).count();
                more.saturating_add(3)
            } else {
                2
            }
        }
    };
    cursor.take(length, Key::Bitmap)
}

/// `None` when the bytes are no bitmap of this form.
fn announced(form: BitmapForm, bitmap: &[u8]) -> Option<Announced> {
    match form {
        BitmapForm::Fixed { bytes, encoding } => {
            let binary = match encoding {
                None => bitmap.to_vec(),
                Some(text) => binary(text, bitmap)?,
            };
            (binary.len() == usize::from(bytes)).then(|| Announced {
                numbers: numbers(&binary).collect(),
                tail: false,
            })
        }
        BitmapForm::Dataset => {
            let count = bitmap.len().saturating_mul(8);
            let tail = bits(bitmap).last().unwrap_or_default();
            let usable = bits(bitmap).enumerate().filter(|(index, _)| {
                let continues = *index == 0 || (*index >= 16 && index.is_multiple_of(8));
                !continues && index.saturating_add(1) < count
            });
            let numbers = (1..).zip(usable).filter(|(_, (_, set))| *set);
            (bitmap.len() >= 2).then(|| Announced {
                numbers: numbers.map(|(number, _)| number).collect(),
                tail,
            })
        }
    }
}

fn binary(text: HexText, bitmap: &[u8]) -> Option<Vec<u8>> {
    let characters = bitmap.iter().map(|byte| match text {
        HexText::Ascii => *byte,
        HexText::Ebcdic => to_latin_1(*byte),
    });
    let text: String = characters.map(char::from).collect();
    let (bytes, _odd) = Encoding::Binary.from_text(&text).ok()?;
    Some(bytes.to_vec())
}

/// The bits that are set, from 1.
fn numbers(bitmap: &[u8]) -> impl Iterator<Item = u16> {
    let mut bytes = bitmap.iter();
    // Of the byte that is looked at: the bits left in it, and the number of the first bit behind it.
    let mut left = 0_u8;
    let mut behind = 1_u16;
    std::iter::from_fn(move || {
        while left == 0 {
            left = *bytes.next()?;
            behind = behind.saturating_add(8);
        }
        // The lowest of eight bits has number 8.
        let bit = left.leading_zeros();
        left &= !(0x80_u8 >> bit);
        let before = 8_u32.saturating_sub(bit);
        Some(behind.saturating_sub(u16::try_from(before).unwrap_or_default()))
    })
}

fn bits(bytes: &[u8]) -> impl Iterator<Item = bool> {
    let masks = [0x80, 0x40, 0x20, 0x10, 0x08, 0x04, 0x02, 0x01];
    bytes
        .iter()
        .flat_map(move |byte| masks.map(|mask| byte & mask != 0))
}

/// The bitmap that announces these, or the key that it cannot announce.
fn written(form: BitmapForm, announced: &Announced) -> Result<Vec<u8>, Key> {
    let (length, positions): (usize, Vec<u16>) = match form {
        BitmapForm::Fixed { bytes, .. } => (
            usize::from(bytes),
            announced
                .numbers
                .iter()
                .map(|number| number.saturating_sub(1))
                .collect(),
        ),
        BitmapForm::Dataset => {
            let greatest = announced.numbers.last().copied().unwrap_or_default();
            let length = dataset_bitmap_bytes(greatest);
            let positions = announced.numbers.iter().copied().map(dataset_bit);
            let continues = (2..length).map(|byte| {
                if byte == 2 {
                    0
                } else {
                    bit_of_byte(byte.saturating_sub(1))
                }
            });
            let last = bit_of_byte(length).saturating_sub(1);
            let tail = announced.tail.then_some(last);
            (length, positions.chain(continues).chain(tail).collect())
        }
    };
    let mut bitmap = vec![0_u8; length];
    for position in positions {
        let slot = bitmap.get_mut(usize::from(position / 8));
        let slot = slot.ok_or_else(|| Key::Number(position.saturating_add(1)))?;
        *slot |= 0x80 >> (position % 8);
    }
    Ok(match form {
        BitmapForm::Fixed {
            encoding: Some(text),
            ..
        } => {
            let digits = hexadecimal(&bitmap).into_bytes().into_iter();
            match text {
                HexText::Ascii => digits.collect(),
                HexText::Ebcdic => digits.map(from_latin_1).collect(),
            }
        }
        BitmapForm::Fixed { encoding: None, .. } | BitmapForm::Dataset => bitmap,
    })
}

/// The first bit of a byte.
fn bit_of_byte(byte: usize) -> u16 {
    u16::try_from(byte.saturating_mul(8)).unwrap_or(u16::MAX)
}

/// Bytes of a dataset bitmap whose greatest number is this: the very last bit is never a number.
fn dataset_bitmap_bytes(greatest: u16) -> usize {
    let mut bytes = 2_usize;
    let mut most = FIRST_WORD_NUMBERS;
    while most <= greatest {
        bytes = bytes.saturating_add(1);
        most = most.saturating_add(NEXT_WORD_NUMBERS);
    }
    bytes
}

/// The bit, from 0, of a number in a dataset bitmap.
fn dataset_bit(number: u16) -> u16 {
    match number.checked_sub(FIRST_WORD_NUMBERS.saturating_add(1)) {
        None => number,
        Some(past) => {
            // One bit of each further word is not a number.
            let words = (past / NEXT_WORD_NUMBERS).saturating_add(1);
            number.saturating_add(words)
        }
    }
}
