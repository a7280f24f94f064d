//! Building an element from its parts.
//!
//! Owns the output and the writing of one subfield. Must never change a byte of a part that was read: what was read and
//! is built again gives the same bytes.

use std::ops::Deref;

use zeroize::Zeroizing;

use super::description::{Structure, Subfield, SubfieldLength};
use super::encoding::Counts;
use super::error::{StructureError, StructureErrorKind as Kind};
use super::part::{Content, Form, Key, Part, Parts};
use super::{bitmapped, datasets, positional, separated, tagged_text, tlv_tree};

impl Structure {
    /// The bytes of an element with these parts. They are wiped when dropped.
    ///
    /// # Errors
    /// [`StructureError`] for a part that does not belong where it is, is missing, or does not fit its length.
    pub fn build(&self, parts: &Parts<'_>) -> Result<Zeroizing<Vec<u8>>, StructureError> {
        // A buffer that grew would leave a copy of a secret behind.
        let mut out = Zeroizing::new(Vec::with_capacity(parts.most_bytes().saturating_add(64)));
        match self {
            Self::Positional(structure) => positional::build(structure, parts, &mut out),
            Self::Bitmapped(structure) => bitmapped::build(structure, parts, &mut out),
            Self::BerTlv(structure) => tlv_tree::build(structure, parts, &mut out),
            Self::TaggedText(structure) => tagged_text::build(structure, parts, &mut out),
            Self::Datasets(structure) => datasets::build(structure, parts, &mut out),
            Self::Separated(structure) => separated::build(structure, parts, &mut out),
            Self::Repeated(structure) => positional::build_blocks(structure, parts, &mut out),
        }?;
        Ok(out)
    }
}

/// The bytes of a part: its own, or built from its parts.
pub(super) enum Built<'a> {
    Given(&'a [u8]),
    Made(Zeroizing<Vec<u8>>),
}

impl Deref for Built<'_> {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match self {
            Self::Given(bytes) => bytes,
            Self::Made(bytes) => bytes,
        }
    }
}

/// The bytes of a part with the structure that its subfield has.
pub(super) fn content<'a>(
    subfield: Option<&Subfield>,
    part: &Part<'a>,
    offset: usize,
) -> Result<Built<'a>, StructureError> {
    match &part.content {
        Content::Bytes(bytes) | Content::Unreadable(bytes, _) => Ok(Built::Given(bytes)),
        Content::Parts(parts) => {
            let structure = subfield.and_then(|subfield| subfield.structure.as_deref());
            let structure =
                structure.ok_or_else(|| StructureError::new(part.key, offset, Kind::NoParts))?;
            structure.build(parts).map(Built::Made)
        }
    }
}

/// Appends one subfield, its length in front included.
pub(super) fn subfield(
    subfield: &Subfield,
    part: &Part<'_>,
    out: &mut Vec<u8>,
) -> Result<(), StructureError> {
    let start = out.len();
    let fault = |kind| StructureError::new(part.key, start, kind);
    let value = content(Some(subfield), part, start)?;
    let found = value.len();
    match subfield.length {
        SubfieldLength::Fixed(units) => {
            let expected = subfield.encoding.bytes_of(usize::from(units));
            if found != expected {
                return Err(fault(Kind::Length { expected, found }));
            }
        }
        SubfieldLength::Prefixed {
            width,
            counts,
            maximum,
        } => {
            let Form { odd_digits, .. } = part.form;
            let found = match counts {
                Counts::Units => subfield.encoding.units_of(found, odd_digits),
                Counts::Bytes => found,
            };
            let maximum = usize::from(maximum);
            let length = u32::try_from(found).ok().filter(|_| found <= maximum);
            let written = length.and_then(|length| width.write(length, out));
            written.ok_or_else(|| fault(Kind::TooLong { maximum, found }))?;
        }
        SubfieldLength::Rest => {}
    }
    out.extend_from_slice(&value);
    Ok(())
}

/// Appends bytes that nothing describes.
pub(super) fn rest(part: &Part<'_>, out: &mut Vec<u8>) -> Result<(), StructureError> {
    let value = content(None, part, out.len())?;
    out.extend_from_slice(&value);
    Ok(())
}

/// The error for a part that does not belong where it is.
pub(super) fn misplaced(key: Key, out: &[u8]) -> StructureError {
    StructureError::new(key, out.len(), Kind::Misplaced)
}
