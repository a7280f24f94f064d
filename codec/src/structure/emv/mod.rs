//! What the objects of chip data mean (EMV book 3, annexes A and C).
//!
//! Owns the dictionary of tags and the description of values. Must never show a sensitive value, nor say that a value is
//! valid: it only says what it says.

mod bits;
mod describe;
mod tags;

use crate::sensitivity::Sensitivity;

use super::ber_tlv::Tag;

pub use describe::{Description, describe};

/// How a value is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EmvFormat {
    /// `b`: bytes.
    Binary,
    /// `n`: digits, zeros on the left.
    Numeric,
    /// `cn`: digits, F on the right.
    CompressedNumeric,
    /// `a`, `an`, `ans`: text.
    Text,
    /// Objects inside.
    Template,
}

/// One tag of the dictionary.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EmvTag {
    /// The tag.
    pub number: u32,
    /// Its name in EMV.
    pub name: &'static str,
    /// How its value is written.
    pub format: EmvFormat,
    /// Why its value must not be shown.
    pub sensitivity: Option<Sensitivity>,
}

/// What the dictionary says about a tag, or `None` for one that it does not have.
pub fn tag(tag: Tag) -> Option<&'static EmvTag> {
    let index = tags::TAGS.binary_search_by_key(&tag.number(), |entry| entry.number);
    tags::TAGS.get(index.ok()?)
}
