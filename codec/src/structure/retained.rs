//! What of an element nothing describes.
//!
//! Owns the walks over parts and over descriptions that name such places. Must never carry a byte of a value: keys only.

use std::fmt;

use super::description::{Structure, Subfield};
use super::emv;
use super::part::{Content, Key, Part, Parts};

/// The place of a part: keys from the element down, as in `42.01`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct KeyPath(Vec<Key>);

impl KeyPath {
    /// The keys, the outermost first.
    pub fn keys(&self) -> &[Key] {
        &self.0
    }
}

impl fmt::Display for KeyPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, key) in self.0.iter().enumerate() {
            let dot = if index == 0 { "" } else { "." };
            write!(f, "{dot}{key}")?;
        }
        Ok(())
    }
}

impl Structure {
    /// The parts that were kept without being known: tags, positions and datasets that nothing describes, what follows
    /// the last described part, and parts whose own structure could not be read. In the order of the element.
    pub fn retained(&self, parts: &Parts<'_>) -> Vec<KeyPath> {
        let mut found = Vec::new();
        self.find_retained(parts, &mut Vec::new(), &mut found);
        found
    }

    fn find_retained(&self, parts: &Parts<'_>, path: &mut Vec<Key>, found: &mut Vec<KeyPath>) {
        for part in parts {
            path.push(part.key);
            match &part.content {
                Content::Parts(inside) if self.describes(part) => {
                    self.inner(part.key)
                        .unwrap_or(self)
                        .find_retained(inside, path, found);
                }
                Content::Bytes(_) if self.describes(part) => {}
                Content::Bytes(_) | Content::Parts(_) | Content::Unreadable(..) => {
                    found.push(KeyPath(path.clone()));
                }
            }
            path.pop();
        }
    }

    fn describes(&self, part: &Part<'_>) -> bool {
        match part.key {
            Key::Bitmap | Key::Filler => true,
            // Bytes that are left; parts are the objects after the subfields of a dataset.
            Key::Rest => part.parts().is_some(),
            // The description of datasets that are not listed has no name.
            Key::Lead | Key::Number(_) | Key::Text(_) | Key::Dataset(_) => self
                .subfield(part.key)
                .is_some_and(|subfield| !subfield.name.is_empty()),
            Key::Tag(tag) => self.subfield(part.key).is_some() || emv::tag(tag).is_some(),
        }
    }

    /// The described parts that no message of another implementation has confirmed.
    pub fn unverified(&self) -> Vec<KeyPath> {
        let mut found = Vec::new();
        self.find_unverified(&mut Vec::new(), &mut found);
        found
    }

    fn find_unverified(&self, path: &mut Vec<Key>, found: &mut Vec<KeyPath>) {
        for (key, subfield) in self.described() {
            path.push(key);
            if subfield.unverified {
                found.push(KeyPath(path.clone()));
            } else if let Some(inner) = &subfield.structure {
                inner.find_unverified(path, found);
            }
            path.pop();
        }
    }

    /// The described parts under their keys, in ascending order. The block of a repeated structure stands under 1.
    pub fn described(&self) -> Vec<(Key, &Subfield)> {
        let numbered = |subfields: &'_ [Subfield]| -> Vec<Key> {
            let numbers = (1..=u16::MAX).take(subfields.len());
            numbers.map(Key::Number).collect()
        };
        let keys: Vec<Key> = match self {
            Self::Positional(structure) => numbered(&structure.subfields),
            Self::Separated(structure) => numbered(&structure.subfields),
            Self::Repeated(_) => vec![Key::Number(1)],
            Self::Bitmapped(structure) => {
                let numbers = structure.subfields.keys();
                numbers.copied().map(Key::Number).collect()
            }
            Self::BerTlv(structure) => structure.tags.keys().copied().map(Key::Tag).collect(),
            Self::TaggedText(structure) => {
                let lead = structure.lead.iter().map(|_| Key::Lead);
                let tags = structure.subfields.keys().copied().map(Key::Text);
                lead.chain(tags).collect()
            }
            Self::Datasets(structure) => {
                let identifiers = structure.datasets.keys();
                identifiers.copied().map(Key::Dataset).collect()
            }
        };
        let entry = |key| Some((key, self.subfield(key)?));
        keys.into_iter().filter_map(entry).collect()
    }
}
