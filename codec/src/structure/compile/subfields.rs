//! From the documents of subfields to subfields.
//!
//! Owns names, keys and lengths of parts. Must never let two parts of one structure have the same name or key.

use std::collections::{BTreeMap, BTreeSet};

use super::super::description::{Structure, Subfield, SubfieldLength};
use super::super::document::{DescriptionError, DescriptionErrorKind as Kind, SubfieldDocument};
use super::super::encoding::{Counts, Encoding, NumberEncoding, Width};
use super::{Place, compile_below};

/// Who says how long a subfield is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Ends {
    /// The subfield.
    Own,
    /// The structure around it.
    Given,
}

pub(super) fn listed(
    documents: &[SubfieldDocument],
    place: &Place,
    ends: Ends,
) -> Result<Vec<Subfield>, DescriptionError> {
    if documents.is_empty() {
        return Err(place.fault(Kind::Empty));
    }
    let mut subfields: Vec<Subfield> = Vec::with_capacity(documents.len());
    for (index, document) in documents.iter().enumerate() {
        let below = place.below(&format!("subfields.{}", index.saturating_add(1)));
        let subfield = subfield(document, &below, ends)?;
        if subfields.iter().any(|other| other.name == subfield.name) {
            return Err(below.fault(Kind::Name));
        }
        subfields.push(subfield);
    }
    Ok(subfields)
}

pub(super) fn keyed<K: Ord>(
    documents: &BTreeMap<String, SubfieldDocument>,
    place: Place,
    expected: &'static str,
    key: impl Fn(&str) -> Option<K>,
) -> Result<BTreeMap<K, Subfield>, DescriptionError> {
    keyed_with(documents, place, expected, key, Ends::Given)
}

pub(super) fn keyed_with<K: Ord>(
    documents: &BTreeMap<String, SubfieldDocument>,
    place: Place,
    expected: &'static str,
    key: impl Fn(&str) -> Option<K>,
    ends: Ends,
) -> Result<BTreeMap<K, Subfield>, DescriptionError> {
    let mut subfields = BTreeMap::new();
    let mut names = BTreeSet::new();
    for (text, document) in documents {
        let below = place.below(text);
        let key = key(text).ok_or_else(|| below.fault(Kind::Key(expected)))?;
        let subfield = subfield(document, &below, ends)?;
        if !names.insert(subfield.name.clone()) {
            return Err(below.fault(Kind::Name));
        }
        if subfields.insert(key, subfield).is_some() {
            return Err(below.fault(Kind::Key(expected)));
        }
    }
    Ok(subfields)
}

pub(super) fn subfield(
    document: &SubfieldDocument,
    place: &Place,
    ends: Ends,
) -> Result<Subfield, DescriptionError> {
    if document.name.trim().is_empty() {
        return Err(place.fault(Kind::Name));
    }
    let structure = match &document.structure {
        Some(document) => {
            let mut below = place.below("structure");
            below.depth = below.depth.saturating_add(1);
            Some(Box::new(compile_below(document, &below)?))
        }
        None => None,
    };
    Ok(Subfield {
        name: document.name.clone(),
        encoding: document.encoding.unwrap_or_else(|| place.text.encoding()),
        sensitivity: document.sensitivity,
        unverified: document.unverified,
        structure,
        length: length(document, place, ends)?,
    })
}

fn length(
    document: &SubfieldDocument,
    place: &Place,
    ends: Ends,
) -> Result<SubfieldLength, DescriptionError> {
    let encoding = document.length_encoding;
    let plain = encoding.is_none() && document.length_counts == Counts::Units;
    let length = match (document.length, document.maximum, document.length_size) {
        (None, None, None) if plain => return Ok(SubfieldLength::Rest),
        (Some(0), None, None) => return Err(place.fault(Kind::Zero)),
        (Some(length), None, None) if plain => SubfieldLength::Fixed(length),
        (None, Some(maximum), Some(size)) => {
            let encoding = encoding.unwrap_or_else(|| place.text.numbers());
            let most = if encoding == NumberEncoding::Binary {
                4
            } else {
                6
            };
            let size = place.size("length_size", size, most)?;
            let width = Width::new(encoding, size);
            if u32::from(maximum) > width.greatest() {
                return Err(place.fault(Kind::MaximumTooLarge { maximum, size }));
            }
            let counts = document.length_counts;
            SubfieldLength::Prefixed {
                width,
                counts,
                maximum,
            }
        }
        _ => return Err(place.fault(Kind::LengthForm)),
    };
    if ends == Ends::Given {
        return Err(place.fault(Kind::LengthGiven));
    }
    Ok(length)
}

/// A part that only stands for what is inside of it.
pub(super) fn unnamed(structure: Structure) -> Subfield {
    Subfield {
        name: String::new(),
        encoding: Encoding::Binary,
        sensitivity: None,
        unverified: false,
        structure: Some(Box::new(structure)),
        length: SubfieldLength::Rest,
    }
}
