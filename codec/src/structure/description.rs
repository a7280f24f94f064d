//! What an element looks like inside, compiled.
//!
//! Owns the description of structures and subfields. Must never read a document: `document` makes these.

use std::collections::BTreeMap;

use super::ber_tlv::{Ff, Tag};
use super::encoding::{Counts, Encoding, NumberEncoding, Width};
use super::part::{Key, TextTag};
use crate::sensitivity::Sensitivity;

/// The inner structure of an element or of a part. Made from a [`StructureDocument`](super::StructureDocument).
#[derive(Clone, Debug)]
pub enum Structure {
    /// Subfields one after another; the last ones may be absent.
    Positional(Positional),
    /// A bitmap, then the subfields that it announces.
    Bitmapped(Bitmapped),
    /// Objects of BER-TLV.
    BerTlv(BerTlv),
    /// Tag, length and value with tag and length as digits.
    TaggedText(TaggedText),
    /// Identifier, length and content of datasets.
    Datasets(Datasets),
    /// Parts with a character between them.
    Separated(Separated),
    /// The same block again and again.
    Repeated(Repeated),
}

/// One described part.
#[derive(Clone, Debug)]
pub struct Subfield {
    /// Its name, as in `product_id`.
    pub name: String,
    /// How its value is written.
    pub encoding: Encoding,
    /// Why its value must not be shown.
    pub sensitivity: Option<Sensitivity>,
    /// Whether no message of another implementation has confirmed it.
    pub unverified: bool,
    /// What is inside of it.
    pub structure: Option<Box<Structure>>,
    pub(super) length: SubfieldLength,
}

/// How the end of a value is known.
#[derive(Clone, Copy, Debug)]
pub(super) enum SubfieldLength {
    /// Always this many units.
    Fixed(u16),
    /// A length stands in front.
    Prefixed {
        width: Width,
        counts: Counts,
        maximum: u16,
    },
    /// All bytes that are there.
    Rest,
}

/// See [`Structure::Positional`].
#[derive(Clone, Debug)]
pub struct Positional {
    pub(super) subfields: Vec<Subfield>,
    /// How many of them are always there.
    pub(super) required: usize,
    /// The first subfields that are values of fixed length without anything inside, as all are in most structures: they
    /// are read without looking at their descriptions.
    pub(super) fixed: Vec<FixedPlace>,
}

/// Where a value lies in its structure whatever stands there.
#[derive(Clone, Copy, Debug)]
pub(super) struct FixedPlace {
    pub(super) key: Key,
    pub(super) start: usize,
    pub(super) end: usize,
    pub(super) odd_digits: bool,
}

/// See [`Structure::Bitmapped`].
#[derive(Clone, Debug)]
pub struct Bitmapped {
    pub(super) form: BitmapForm,
    pub(super) subfields: BTreeMap<u16, Subfield>,
    /// What follows the subfields of a dataset whose bitmap says so.
    pub(super) tail: Subfield,
}

/// How a bitmap is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum BitmapForm {
    /// Always this many bytes, all bits announcing parts.
    Fixed {
        bytes: u8,
        encoding: Option<HexText>,
    },
    /// ISO 8583 dataset bitmap: two bytes, then single bytes as long as the first bit of the last one says so. The very
    /// last bit announces BER-TLV after the subfields.
    Dataset,
}

/// Characters of a bitmap written as hexadecimal text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum HexText {
    Ascii,
    Ebcdic,
}

/// See [`Structure::BerTlv`].
#[derive(Clone, Debug)]
pub struct BerTlv {
    pub(super) ff: Ff,
    pub(super) tags: BTreeMap<Tag, Subfield>,
}

/// See [`Structure::TaggedText`].
#[derive(Clone, Debug)]
pub struct TaggedText {
    pub(super) lead: Option<Subfield>,
    pub(super) tag: Width,
    pub(super) length: Width,
    pub(super) length_counts: Counts,
    /// On the wire in front of each tag.
    pub(super) before_tag: Vec<u8>,
    /// On the wire between each length and its value.
    pub(super) after_length: Vec<u8>,
    pub(super) subfields: BTreeMap<TextTag, Subfield>,
}

/// See [`Structure::Datasets`].
#[derive(Clone, Debug)]
pub struct Datasets {
    pub(super) length: Width,
    pub(super) datasets: BTreeMap<u8, Subfield>,
    /// What is inside of a dataset that is not listed.
    pub(super) unlisted: Option<Subfield>,
}

/// See [`Structure::Separated`].
#[derive(Clone, Debug)]
pub struct Separated {
    pub(super) separator: u8,
    pub(super) subfields: Vec<Subfield>,
}

/// See [`Structure::Repeated`].
#[derive(Clone, Debug)]
pub struct Repeated {
    pub(super) block: Subfield,
    pub(super) maximum: u16,
}

impl Structure {
    /// The description of a part, or `None` for one that is not described.
    pub fn subfield(&self, key: Key) -> Option<&Subfield> {
        let position = |number: u16| usize::from(number).checked_sub(1);
        match (self, key) {
            (Self::Positional(structure), Key::Number(number)) => {
                structure.subfields.get(position(number)?)
            }
            (Self::Separated(structure), Key::Number(number)) => {
                structure.subfields.get(position(number)?)
            }
            (Self::Repeated(structure), Key::Number(_)) => Some(&structure.block),
            (Self::Bitmapped(structure), Key::Number(number)) => structure.subfields.get(&number),
            (Self::BerTlv(structure), Key::Tag(tag)) => structure.tags.get(&tag),
            (Self::TaggedText(structure), Key::Text(tag)) => structure.subfields.get(&tag),
            (Self::TaggedText(structure), Key::Lead) => structure.lead.as_ref(),
            (Self::Datasets(structure), Key::Dataset(identifier)) => structure
                .datasets
                .get(&identifier)
                .or(structure.unlisted.as_ref()),
            _ => None,
        }
    }

    /// The key of the part with this name, or `None` for a name that no part has.
    pub fn key(&self, name: &str) -> Option<Key> {
        let numbered = |subfields: &[Subfield]| {
            let index = subfields
                .iter()
                .position(|subfield| subfield.name == name)?;
            let number = u16::try_from(index.saturating_add(1)).ok()?;
            Some(Key::Number(number))
        };
        match self {
            Self::Positional(structure) => numbered(&structure.subfields),
            Self::Separated(structure) => numbered(&structure.subfields),
            Self::Repeated(_) => None,
            Self::Bitmapped(structure) => named(&structure.subfields, name).map(Key::Number),
            Self::BerTlv(structure) => named(&structure.tags, name).map(Key::Tag),
            Self::TaggedText(structure) => match &structure.lead {
                Some(lead) if lead.name == name => Some(Key::Lead),
                _ => named(&structure.subfields, name).map(Key::Text),
            },
            Self::Datasets(structure) => named(&structure.datasets, name).map(Key::Dataset),
        }
    }
}

fn named<K: Copy>(subfields: &BTreeMap<K, Subfield>, name: &str) -> Option<K> {
    let mut entries = subfields.iter();
    entries
        .find(|(_, subfield)| subfield.name == name)
        .map(|(key, _)| *key)
}

impl BerTlv {
    /// Without descriptions of tags.
    pub(super) fn plain() -> Self {
        Self {
            ff: Ff::Filler,
            tags: BTreeMap::new(),
        }
    }
}

impl Subfield {
    /// Bytes of a value of fixed length.
    pub(super) fn fixed_bytes(&self) -> Option<usize> {
        match self.length {
            SubfieldLength::Fixed(units) => Some(self.encoding.bytes_of(usize::from(units))),
            SubfieldLength::Prefixed { .. } | SubfieldLength::Rest => None,
        }
    }
}

impl Width {
    /// Of a length or tag of `size` digits, or bytes where it is binary.
    pub(super) const fn new(encoding: NumberEncoding, size: u8) -> Self {
        Self { encoding, size }
    }
}
