//! Reading an element into its parts.
//!
//! Owns the cursor, the bounds and the reading of one subfield. Must never copy a value, nor spend more than linear time:
//! every byte is looked at once per structure around it, and structures inside of one another are bounded.

use super::description::{Structure, Subfield, SubfieldLength};
use super::encoding::{Counts, Width};
use super::error::{StructureError, StructureErrorKind as Kind};
use super::part::{Content, Form, Key, Part, Parts};
use super::{bitmapped, datasets, positional, separated, tagged_text, tlv_tree};

/// Most structures inside of one another.
pub(super) const DEEPEST: u8 = 8;
/// Most parts of one element, at all depths.
const MOST_PARTS: usize = 2048;

impl Structure {
    /// The parts of an element. Parts inside whose own structure cannot be read are kept as
    /// [`Content::Unreadable`].
    ///
    /// # Errors
    /// [`StructureError`] when the element itself does not have this structure; its bytes are then all there is.
    pub fn read<'a>(&self, bytes: &'a [u8]) -> Result<Parts<'a>, StructureError> {
        let mut bounds = Bounds {
            depth: 0,
            parts_left: MOST_PARTS,
        };
        read(self, Cursor::new(bytes, 0), &mut bounds)
    }
}

/// Most parts that room is made for before any is read: no element makes a reader take more memory than it fills.
const MOST_ROOM: usize = 32;

/// An empty list of parts with room for as many as an element of this size usually has.
pub(super) fn room(bytes: usize, usual_part: usize) -> Parts<'static> {
    let count = bytes.checked_div(usual_part).unwrap_or_default();
    // One for a lead, one for a rest.
    Parts::with_room(count.saturating_add(2).min(MOST_ROOM))
}

/// What is left of the bounds.
pub(super) struct Bounds {
    depth: u8,
    parts_left: usize,
}

impl Bounds {
    /// Counts one part.
    #[inline]
    pub(super) fn count(&mut self, key: Key, offset: usize) -> Result<(), StructureError> {
        let left = self.parts_left.checked_sub(1);
        self.parts_left = left.ok_or_else(|| {
            let maximum = MOST_PARTS;
            StructureError::new(key, offset, Kind::TooMany { maximum })
        })?;
        Ok(())
    }

    /// How many parts may still be read.
    pub(super) fn parts_left(&self) -> usize {
        self.parts_left
    }

    /// Counts parts that [`Bounds::parts_left`] leaves room for.
    pub(super) fn count_all(&mut self, parts: usize) {
        self.parts_left = self.parts_left.saturating_sub(parts);
    }

    /// Whether another structure may be read inside of this one.
    pub(super) fn may_descend(&self) -> bool {
        self.depth < DEEPEST
    }
}

/// What is left of the bytes, and where it is in the element.
#[derive(Clone, Copy)]
pub(super) struct Cursor<'a> {
    pub(super) rest: &'a [u8],
    pub(super) offset: usize,
}

impl<'a> Cursor<'a> {
    pub(super) fn new(rest: &'a [u8], offset: usize) -> Self {
        Self { rest, offset }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// The next `length` bytes of the part `key`.
    #[inline]
    pub(super) fn take(
        &mut self,
        length: usize,
        key: impl Into<Option<Key>>,
    ) -> Result<&'a [u8], StructureError> {
        let Some((taken, rest)) = self.rest.split_at_checked(length) else {
            let (expected, found) = (length, self.rest.len());
            let kind = Kind::Cut { expected, found };
            return Err(StructureError::new(key, self.offset, kind));
        };
        self.rest = rest;
        self.offset = self.offset.saturating_add(length);
        Ok(taken)
    }

    /// Steps over bytes that were read.
    pub(super) fn skip(&mut self, length: usize) {
        self.rest = self.rest.get(length..).unwrap_or_default();
        self.offset = self.offset.saturating_add(length);
    }

    pub(super) fn take_all(&mut self) -> &'a [u8] {
        let taken = self.rest;
        self.offset = self.offset.saturating_add(taken.len());
        self.rest = &[];
        taken
    }
}

fn read<'a>(
    structure: &Structure,
    cursor: Cursor<'a>,
    bounds: &mut Bounds,
) -> Result<Parts<'a>, StructureError> {
    match structure {
        Structure::Positional(structure) => positional::read(structure, cursor, bounds),
        Structure::Bitmapped(structure) => bitmapped::read(structure, cursor, bounds),
        Structure::BerTlv(structure) => tlv_tree::read(structure, cursor, bounds),
        Structure::TaggedText(structure) => tagged_text::read(structure, cursor, bounds),
        Structure::Datasets(structure) => datasets::read(structure, cursor, bounds),
        Structure::Separated(structure) => separated::read(structure, cursor, bounds),
        Structure::Repeated(structure) => positional::read_blocks(structure, cursor, bounds),
    }
}

/// Reads one subfield, its length in front included.
#[inline]
pub(super) fn subfield<'a>(
    subfield: &Subfield,
    key: Key,
    cursor: &mut Cursor<'a>,
    bounds: &mut Bounds,
) -> Result<Part<'a>, StructureError> {
    match usual_subfield(subfield, key, cursor, bounds) {
        Some(part) => Ok(part),
        None => any_subfield(subfield, key, cursor, bounds),
    }
}

/// A value of fixed length without anything inside, as most are. `None` leaves it to the full reading, and everything
/// as it was.
#[inline]
fn usual_subfield<'a>(
    subfield: &Subfield,
    key: Key,
    cursor: &mut Cursor<'a>,
    bounds: &mut Bounds,
) -> Option<Part<'a>> {
    let (SubfieldLength::Fixed(units), None) = (subfield.length, &subfield.structure) else {
        return None;
    };
    let units = usize::from(units);
    let bytes = subfield.encoding.bytes_of(units);
    let (value, rest) = cursor.rest.split_at_checked(bytes)?;
    bounds.parts_left = bounds.parts_left.checked_sub(1)?;
    cursor.rest = rest;
    cursor.offset = cursor.offset.saturating_add(bytes);
    let mut part = Part::new(key, value);
    part.form.odd_digits = subfield.encoding.is_odd(units);
    Some(part)
}

fn any_subfield<'a>(
    subfield: &Subfield,
    key: Key,
    cursor: &mut Cursor<'a>,
    bounds: &mut Bounds,
) -> Result<Part<'a>, StructureError> {
    let encoding = subfield.encoding;
    let (value, odd_digits) = match subfield.length {
        SubfieldLength::Fixed(units) => {
            let units = usize::from(units);
            let value = cursor.take(encoding.bytes_of(units), key)?;
            (value, encoding.is_odd(units))
        }
        SubfieldLength::Prefixed {
            width,
            counts,
            maximum,
        } => {
            let length = length(width, usize::from(maximum), key, cursor)?;
            let (bytes, odd) = match counts {
                Counts::Units => (encoding.bytes_of(length), encoding.is_odd(length)),
                Counts::Bytes => (length, false),
            };
            (cursor.take(bytes, key)?, odd)
        }
        SubfieldLength::Rest => (cursor.take_all(), false),
    };
    let value_start = cursor.offset.saturating_sub(value.len());
    let mut part = part(Some(subfield), key, value, value_start, bounds)?;
    part.form.odd_digits = odd_digits;
    Ok(part)
}

/// Reads the length in front of a subfield.
fn length(
    width: Width,
    maximum: usize,
    key: Key,
    cursor: &mut Cursor<'_>,
) -> Result<usize, StructureError> {
    let start = cursor.offset;
    let fault = |kind| StructureError::new(key, start, kind);
    let digits = cursor.take(width.bytes(), key)?;
    let length = width.read(digits);
    let length = length.ok_or_else(|| fault(Kind::LengthContent { digits: width.size }))?;
    let found = usize::try_from(length).unwrap_or(usize::MAX);
    if found > maximum {
        return Err(fault(Kind::TooLong { maximum, found }));
    }
    Ok(found)
}

/// A part whose bytes are known, with what is inside of it.
#[inline]
pub(super) fn part<'a>(
    subfield: Option<&Subfield>,
    key: Key,
    value: &'a [u8],
    value_start: usize,
    bounds: &mut Bounds,
) -> Result<Part<'a>, StructureError> {
    bounds.count(key, value_start)?;
    let structure = subfield.and_then(|subfield| subfield.structure.as_deref());
    let content = match structure {
        Some(structure) => inside(structure, Cursor::new(value, value_start), bounds),
        None => Content::Bytes(value),
    };
    Ok(Part {
        key,
        content,
        form: Form::default(),
    })
}

/// What is inside of a value, as deep as the bounds let it.
fn inside<'a>(structure: &Structure, cursor: Cursor<'a>, bounds: &mut Bounds) -> Content<'a> {
    let value = cursor.rest;
    if bounds.may_descend() {
        nested(value, bounds, |bounds| read(structure, cursor, bounds))
    } else {
        Content::Bytes(value)
    }
}

/// What is inside of a value, or the value and why it cannot be read.
pub(super) fn nested<'a>(
    value: &'a [u8],
    bounds: &mut Bounds,
    read: impl FnOnce(&mut Bounds) -> Result<Parts<'a>, StructureError>,
) -> Content<'a> {
    bounds.depth = bounds.depth.saturating_add(1);
    let result = read(bounds);
    bounds.depth = bounds.depth.saturating_sub(1);
    match result {
        Ok(parts) => Content::Parts(parts),
        Err(error) => Content::Unreadable(value, Box::new(error)),
    }
}
