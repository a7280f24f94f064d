//! The parts of an element as text, and back.
//!
//! Owns the tree of texts that people and JSON see. Must never show a sensitive value unless asked for it in clear, nor
//! lose a part on the way back: what has no name is written under its key, in hexadecimal.

use std::fmt;
use std::str::FromStr;

use zeroize::Zeroizing;

use super::ber_tlv::Tag;
use super::description::{Structure, Subfield, SubfieldLength};
use super::emv;
use super::encoding::{Encoding, NumberEncoding};
use super::error::{StructureError, StructureErrorKind as Kind};
use super::part::{Content, Form, Key, Part, Parts, TextTag};
use crate::sensitivity::Sensitivity;

/// Whether sensitive values are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shown {
    /// Masked by their sensitivity.
    Masked,
    /// As they are. Only what is in clear can be built from again.
    Clear,
}

/// Text under keys: key or name of each part in its order. Wiped when dropped.
#[derive(Clone, PartialEq, Eq)]
pub enum Text {
    /// A value.
    Value(Zeroizing<String>),
    /// Parts.
    Parts(Vec<(String, Self)>),
}

/// Prints keys and the number of characters of values.
impl fmt::Debug for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Value(value) => write!(f, "[{}]", value.chars().count()),
            Self::Parts(parts) => {
                let entries = parts.iter().map(|(key, text)| (key, text));
                f.debug_map().entries(entries).finish()
            }
        }
    }
}

impl Text {
    /// A value.
    pub fn value(text: &str) -> Self {
        Self::Value(Zeroizing::new(text.to_owned()))
    }

    /// The value under a path of keys.
    pub fn get(&self, path: &[&str]) -> Option<&str> {
        match (self, path.split_first()) {
            (Self::Value(value), None) => Some(value),
            (Self::Parts(parts), Some((key, rest))) => {
                let (_, text) = parts.iter().find(|(name, _)| name == key)?;
                text.get(rest)
            }
            (Self::Value(_), Some(_)) | (Self::Parts(_), None) => None,
        }
    }
}

impl Structure {
    /// The parts as text under their keys. An unreadable part is hexadecimal digits under its key.
    ///
    /// Masked, what is not described is hidden where secrets may stand in it: the rest of a structure with sensitive
    /// parts, and a part that should hold some and cannot be read.
    pub fn to_text(&self, parts: &Parts<'_>, shown: Shown) -> Text {
        self.parts_text(parts, shown, None)
    }

    /// `around`: the sensitivity of the part that these parts are inside of.
    fn parts_text(&self, parts: &Parts<'_>, shown: Shown, around: Option<Sensitivity>) -> Text {
        let entry = |part: &Part<'_>| (part.key.to_string(), self.part_text(part, shown, around));
        Text::Parts(parts.iter().map(entry).collect())
    }

    fn part_text(&self, part: &Part<'_>, shown: Shown, around: Option<Sensitivity>) -> Text {
        let inner = self.inner(part.key);
        let sensitivity = self.sensitivity(part.key).or(around);
        match &part.content {
            Content::Bytes(bytes) => {
                let secret = part.key == Key::Rest && self.holds_secrets();
                let sensitivity = sensitivity.or_else(|| secret.then_some(Sensitivity::Icc));
                let text = self.encoding(part.key).to_text(bytes, part.form.odd_digits);
                hidden(text, sensitivity, shown)
            }
            Content::Unreadable(bytes, _) => {
                let secret = inner.unwrap_or(self).holds_secrets();
                let sensitivity = sensitivity.or_else(|| secret.then_some(Sensitivity::Icc));
                hidden(Encoding::Binary.to_text(bytes, false), sensitivity, shown)
            }
            Content::Parts(parts) => inner.unwrap_or(self).parts_text(parts, shown, sensitivity),
        }
    }

    /// What is inside of the part with this key; `None` inside of a constructed object, which is as this structure.
    pub(super) fn inner(&self, key: Key) -> Option<&Self> {
        let described = self
            .subfield(key)
            .and_then(|subfield| subfield.structure.as_deref());
        match (described, self, key) {
            (Some(inner), _, _) => Some(inner),
            (None, Self::Bitmapped(structure), Key::Rest) => structure.tail.structure.as_deref(),
            (None, _, _) => None,
        }
    }

    /// Whether a part that it describes, at any depth, is sensitive.
    pub(crate) fn holds_secrets(&self) -> bool {
        let secret = |subfield: &Subfield| {
            let inside = subfield
                .structure
                .as_deref()
                .is_some_and(Self::holds_secrets);
            subfield.sensitivity.is_some() || inside
        };
        match self {
            Self::Positional(structure) => structure.subfields.iter().any(secret),
            Self::Separated(structure) => structure.subfields.iter().any(secret),
            Self::Repeated(structure) => secret(&structure.block),
            Self::Bitmapped(structure) => structure.subfields.values().any(secret),
            // The dictionary has sensitive tags.
            Self::BerTlv(_) => true,
            Self::TaggedText(structure) => structure
                .lead
                .iter()
                .chain(structure.subfields.values())
                .any(secret),
            Self::Datasets(structure) => structure
                .datasets
                .values()
                .chain(&structure.unlisted)
                .any(secret),
        }
    }

    /// Why the value of a part must not be shown: as its description has it, or the EMV dictionary for a tag without one.
    pub fn sensitivity(&self, key: Key) -> Option<Sensitivity> {
        match (self.subfield(key), key) {
            (Some(subfield), _) => subfield.sensitivity,
            (None, Key::Tag(tag)) => emv::tag(tag).and_then(|described| described.sensitivity),
            (None, _) => None,
        }
    }

    /// How the value of a part is written as text.
    fn encoding(&self, key: Key) -> Encoding {
        match (self.subfield(key), self, key) {
            (Some(subfield), _, _) => subfield.encoding,
            (None, Self::TaggedText(structure), Key::Text(_)) => match structure.tag.encoding {
                NumberEncoding::Ascii => Encoding::Ascii,
                NumberEncoding::Ebcdic => Encoding::Ebcdic,
                NumberEncoding::Bcd | NumberEncoding::Binary => Encoding::Binary,
            },
            (None, _, _) => Encoding::Binary,
        }
    }

    /// The bytes of an element whose parts are given as text under their keys or names, in the order of the element.
    /// Text of fixed length is filled with blanks on the right. The bitmap need not be given.
    ///
    /// # Errors
    /// [`StructureError`] for a key that the structure does not have, a text that its encoding cannot write, or parts
    /// that cannot be built.
    pub fn build_text(&self, text: &Text) -> Result<Zeroizing<Vec<u8>>, StructureError> {
        let Text::Parts(entries) = text else {
            return Err(StructureError::new(None, 0, Kind::Misplaced));
        };
        let mut values = Vec::with_capacity(entries.len());
        for (name, text) in entries {
            let key = self.key_of(name);
            let key = key.ok_or_else(|| StructureError::new(None, 0, Kind::Misplaced))?;
            values.push(self.part_value(key, text)?);
        }
        let parts = values.iter().map(Value::part).collect();
        self.build(&parts)
    }

    /// The key written as in [`Structure::to_text`], or the key of the part with this name.
    fn key_of(&self, text: &str) -> Option<Key> {
        let written = match (text, self) {
            ("filler", Self::BerTlv(_)) => Some(Key::Filler),
            ("rest", _) => Some(Key::Rest),
            ("bitmap", Self::Bitmapped(_)) => Some(Key::Bitmap),
            ("lead", Self::TaggedText(_)) => Some(Key::Lead),
            (
                _,
                Self::Positional(_) | Self::Bitmapped(_) | Self::Separated(_) | Self::Repeated(_),
            ) => text.parse().ok().map(Key::Number),
            (_, Self::BerTlv(_)) => Tag::from_str(text).ok().map(Key::Tag),
            (_, Self::TaggedText(structure)) => {
                let fits = |tag: &TextTag| structure.has_tag_size(*tag);
                TextTag::new(text).filter(fits).map(Key::Text)
            }
            (_, Self::Datasets(_)) if text.len() == 2 => {
                u8::from_str_radix(text, 16).ok().map(Key::Dataset)
            }
            (_, Self::Datasets(_)) => None,
        };
        written.or_else(|| self.key(text))
    }

    fn part_value(&self, key: Key, text: &Text) -> Result<Value, StructureError> {
        let subfield = self.subfield(key);
        let fault = |kind| StructureError::new(key, 0, kind);
        match text {
            Text::Parts(_) => {
                let inner = subfield.and_then(|subfield| subfield.structure.as_deref());
                let inner = match (inner, self, key) {
                    (Some(inner), _, _) => inner,
                    (None, Self::BerTlv(_), Key::Tag(tag)) if tag.is_constructed() => self,
                    (None, _, _) => return Err(fault(Kind::NoParts)),
                };
                let bytes = inner.build_text(text)?;
                Ok(Value {
                    key,
                    bytes,
                    odd_digits: false,
                })
            }
            Text::Value(text) => {
                let encoding = match subfield {
                    // An unreadable part is shown in hexadecimal.
                    Some(subfield) if subfield.structure.is_some() => Encoding::Binary,
                    Some(_) | None => self.encoding(key),
                };
                let padded = padded(subfield, text);
                let (bytes, odd_digits) = encoding.from_text(&padded).map_err(fault)?;
                Ok(Value {
                    key,
                    bytes,
                    odd_digits,
                })
            }
        }
    }
}

/// The bytes of a part, owned until the element is built.
struct Value {
    key: Key,
    bytes: Zeroizing<Vec<u8>>,
    odd_digits: bool,
}

impl Value {
    fn part(&self) -> Part<'_> {
        Part {
            key: self.key,
            content: Content::Bytes(&self.bytes),
            form: Form {
                length_octets: 0,
                odd_digits: self.odd_digits,
            },
        }
    }
}

fn padded(subfield: Option<&Subfield>, text: &str) -> Zeroizing<String> {
    let mut padded = Zeroizing::new(text.to_owned());
    if let Some(Subfield {
        encoding: Encoding::Ascii | Encoding::Ebcdic,
        length: SubfieldLength::Fixed(units),
        structure: None,
        ..
    }) = subfield
    {
        let missing = usize::from(*units).saturating_sub(text.chars().count());
        padded.extend(std::iter::repeat_n(' ', missing));
    }
    padded
}

fn hidden(text: Zeroizing<String>, sensitivity: Option<Sensitivity>, shown: Shown) -> Text {
    Text::Value(match (sensitivity, shown) {
        (Some(sensitivity), Shown::Masked) => Zeroizing::new(sensitivity.mask(&text)),
        (None, _) | (_, Shown::Clear) => text,
    })
}
