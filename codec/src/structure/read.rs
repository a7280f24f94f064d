//! Reading an element into its parts.
//!
//! Owns the cursor, the bounds and the reading of one subfield. Must never copy a value, nor spend more than linear time:
//! every byte is looked at once per structure around it, and structures inside of one another are bounded.

use super::description::{Structure, Subfield, SubfieldLength};
use super::encoding::Counts;
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

/// What is left of the bounds.
pub(super) struct Bounds {
    depth: u8,
    parts_left: usize,
}

impl Bounds {
    /// Counts one part.
    pub(super) fn count(&mut self, key: Key, offset: usize) -> Result<(), StructureError> {
        let maximum = MOST_PARTS;
        let kind = Kind::TooMany { maximum };
        let left = self.parts_left.checked_sub(1);
        self.parts_left = left.ok_or_else(|| StructureError::new(key, offset, kind))?;
        Ok(())
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
    pub(super) fn take(
        &mut self,
        length: usize,
        key: impl Into<Option<Key>>,
    ) -> Result<&'a [u8], StructureError> {
        let kind = Kind::Cut {
            expected: length,
            found: self.rest.len(),
        };
        let split = self.rest.split_at_checked(length);
        let (taken, rest) = split.ok_or_else(|| StructureError::new(key, self.offset, kind))?;
        self.rest = rest;
        self.offset = self.offset.saturating_add(length);
        Ok(taken)
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
pub(super) fn subfield<'a>(
    subfield: &Subfield,
    key: Key,
    cursor: &mut Cursor<'a>,
    bounds: &mut Bounds,
) -> Result<Part<'a>, StructureError> {
    let start = cursor.offset;
    let fault = |kind| StructureError::new(key, start, kind);
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
            let digits = cursor.take(width.bytes(), key)?;
            let length = width
                .read(digits)
                .ok_or_else(|| fault(Kind::LengthContent { digits: width.size }))?;
            let maximum = usize::from(maximum);
            let found = usize::try_from(length).unwrap_or(usize::MAX);
            if found > maximum {
                return Err(fault(Kind::TooLong { maximum, found }));
            }
            let (bytes, odd) = match counts {
                Counts::Units => (encoding.bytes_of(found), encoding.is_odd(found)),
                Counts::Bytes => (found, false),
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

/// A part whose bytes are known, with what is inside of it.
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
        Some(structure) if bounds.may_descend() => nested(value, bounds, |bounds| {
            read(structure, Cursor::new(value, value_start), bounds)
        }),
        Some(_) | None => Content::Bytes(value),
    };
    Ok(Part {
        key,
        content,
        form: Form::default(),
    })
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
        Err(error) => Content::Unreadable(value, error),
    }
}
