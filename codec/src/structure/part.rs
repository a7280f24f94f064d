//! The parts of an element as a tree of views.
//!
//! Owns the keys, the tree and how parts are found, set and removed in it. Must never copy a value or print one: a
//! part borrows the bytes that it was read from, so that a secret stays where its owner wipes it.

use std::cmp::Ordering;
use std::fmt;

use super::ber_tlv::Tag;
use super::error::StructureError;

/// Most characters of a tag of text.
const LONGEST_TAG: usize = 6;

/// A tag of letters and digits, one to six characters, as in `84` or `0158`.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct TextTag {
    characters: [u8; LONGEST_TAG],
    length: u8,
}

impl TextTag {
    /// Takes one to six ASCII letters or digits; anything else is `None`.
    pub fn new(text: &str) -> Option<Self> {
        Self::from_characters(text.bytes())
    }

    /// Takes one to six ASCII letters or digits; anything else is `None`.
    pub(super) fn from_characters(text: impl Iterator<Item = u8>) -> Option<Self> {
        let mut tag = Self {
            characters: [0; LONGEST_TAG],
            length: 0,
        };
        for character in text {
            let slot = tag.characters.get_mut(usize::from(tag.length))?;
            *slot = Some(character).filter(u8::is_ascii_alphanumeric)?;
            tag.length = tag.length.saturating_add(1);
        }
        (tag.length > 0).then_some(tag)
    }

    /// Number of characters.
    pub(super) fn len(self) -> usize {
        usize::from(self.length)
    }

    pub(super) fn bytes(&self) -> impl Iterator<Item = u8> {
        self.characters.iter().copied().take(self.len())
    }
}

impl TextTag {
    /// The characters, then their number: in the order of the tags, and compared in one step.
    fn word(self) -> u64 {
        let [a, b, c, d, e, f] = self.characters;
        u64::from_be_bytes([a, b, c, d, e, f, 0, self.length])
    }
}

impl Ord for TextTag {
    fn cmp(&self, other: &Self) -> Ordering {
        self.word().cmp(&other.word())
    }
}

impl PartialOrd for TextTag {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl fmt::Display for TextTag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.bytes()
            .try_for_each(|byte| write!(f, "{}", char::from(byte)))
    }
}

impl fmt::Debug for TextTag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// What a part is called in its structure.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Key {
    /// The part in front of the tags, such as the transaction category code of Mastercard's DE48.
    Lead,
    /// The bitmap in front of the parts that it announces.
    Bitmap,
    /// Position or bit, from 1.
    Number(u16),
    /// A tag of BER-TLV.
    Tag(Tag),
    /// A tag of text.
    Text(TextTag),
    /// Identifier of a dataset.
    Dataset(u8),
    /// Bytes 00 and FF between objects of BER-TLV, without meaning.
    Filler,
    /// Bytes at the end that nothing describes.
    Rest,
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Lead => f.write_str("lead"),
            Self::Bitmap => f.write_str("bitmap"),
            Self::Number(number) => write!(f, "{number}"),
            Self::Tag(tag) => write!(f, "{tag}"),
            Self::Text(tag) => write!(f, "{tag}"),
            Self::Dataset(identifier) => write!(f, "{identifier:02X}"),
            Self::Filler => f.write_str("filler"),
            Self::Rest => f.write_str("rest"),
        }
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// What a part holds.
#[derive(Clone, PartialEq, Eq)]
pub enum Content<'a> {
    /// A value.
    Bytes(&'a [u8]),
    /// Parts.
    Parts(Parts<'a>),
    /// A value that should hold parts and cannot be read: kept as it is, with the reason.
    Unreadable(&'a [u8], Box<StructureError>),
}

/// Prints how many bytes, never which.
impl fmt::Debug for Content<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bytes(bytes) => write!(f, "[{}]", bytes.len()),
            Self::Parts(parts) => fmt::Debug::fmt(parts, f),
            Self::Unreadable(bytes, error) => write!(f, "[{}] unreadable: {error}", bytes.len()),
        }
    }
}

/// What the bytes of a value do not say about how it was sent. The default is what a sender would choose.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Form {
    /// Bytes of the length of a BER-TLV object; fewer than it needs means as many as it needs.
    pub length_octets: u8,
    /// A value of digits has an odd number of them, so that one nibble is filler.
    pub odd_digits: bool,
}

/// One part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part<'a> {
    /// What it is called.
    pub key: Key,
    /// What it holds.
    pub content: Content<'a>,
    /// How it was sent.
    pub form: Form,
}

impl<'a> Part<'a> {
    /// A value sent in the usual form.
    pub fn new(key: Key, bytes: &'a [u8]) -> Self {
        Self {
            key,
            content: Content::Bytes(bytes),
            form: Form::default(),
        }
    }

    /// Parts sent in the usual form.
    pub fn nested(key: Key, parts: Parts<'a>) -> Self {
        Self {
            key,
            content: Content::Parts(parts),
            form: Form::default(),
        }
    }

    /// The value; `None` when the part holds parts.
    pub fn bytes(&self) -> Option<&'a [u8]> {
        match &self.content {
            Content::Bytes(bytes) | Content::Unreadable(bytes, _) => Some(bytes),
            Content::Parts(_) => None,
        }
    }

    /// The parts inside; `None` when the part holds a value.
    pub fn parts(&self) -> Option<&Parts<'a>> {
        match &self.content {
            Content::Parts(parts) => Some(parts),
            Content::Bytes(_) | Content::Unreadable(..) => None,
        }
    }
}

/// The parts of an element, or of a part, in their order. A key may occur more than once where its structure allows it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Parts<'a>(Vec<Part<'a>>);

impl<'a> Parts<'a> {
    /// Without any part.
    pub const fn new() -> Self {
        Self(Vec::new())
    }

    /// Without any part, with room for so many.
    pub(super) fn with_room(count: usize) -> Self {
        Self(Vec::with_capacity(count))
    }

    /// In their order.
    pub fn iter(&self) -> std::slice::Iter<'_, Part<'a>> {
        self.0.iter()
    }

    /// Number of parts, filler and rest included.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is no part.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The first part with this key.
    pub fn get(&self, key: Key) -> Option<&Part<'a>> {
        self.0.iter().find(|part| part.key == key)
    }

    /// The part at the end of a path of keys.
    pub fn find(&self, path: &[Key]) -> Option<&Part<'a>> {
        let (key, rest) = path.split_first()?;
        let part = self.get(*key)?;
        if rest.is_empty() {
            Some(part)
        } else {
            part.parts()?.find(rest)
        }
    }

    /// Puts a part in the place of the first one with its key. A new number goes where its order wants it, a new lead or
    /// bitmap to the front, anything else behind the last part that is not filler or rest.
    pub fn set(&mut self, part: Part<'a>) {
        if let Some(slot) = self.0.iter_mut().find(|slot| slot.key == part.key) {
            *slot = part;
            return;
        }
        let place = match part.key {
            Key::Lead | Key::Bitmap => 0,
            Key::Number(_) => self
                .0
                .iter()
                .position(|other| other.key > part.key)
                .unwrap_or(self.0.len()),
            Key::Rest => self.0.len(),
            Key::Tag(_) | Key::Text(_) | Key::Dataset(_) | Key::Filler => {
                let last = self
                    .0
                    .iter()
                    .rposition(|other| !matches!(other.key, Key::Filler | Key::Rest));
                last.map_or(0, |last| last.saturating_add(1))
            }
        };
        self.0.insert(place.min(self.0.len()), part);
    }

    /// Adds a part at the end.
    pub fn push(&mut self, part: Part<'a>) {
        self.0.push(part);
    }

    /// Adds parts at the end.
    pub(super) fn extend(&mut self, parts: impl Iterator<Item = Part<'a>>) {
        self.0.extend(parts);
    }

    /// Takes every part with this key away.
    pub fn remove(&mut self, key: Key) {
        self.0.retain(|part| part.key != key);
    }

    /// Bytes that building needs at most: those of the values, and of a tag and a length for each part.
    pub(super) fn most_bytes(&self) -> usize {
        const HEADER: usize = 24;
        let bytes = |part: &Part<'_>| match &part.content {
            Content::Bytes(bytes) | Content::Unreadable(bytes, _) => bytes.len(),
            Content::Parts(parts) => parts.most_bytes(),
        };
        self.0.iter().fold(0, |sum: usize, part| {
            sum.saturating_add(bytes(part)).saturating_add(HEADER)
        })
    }
}

impl<'a> FromIterator<Part<'a>> for Parts<'a> {
    fn from_iter<T: IntoIterator<Item = Part<'a>>>(parts: T) -> Self {
        Self(parts.into_iter().collect())
    }
}

impl<'p, 'a> IntoIterator for &'p Parts<'a> {
    type Item = &'p Part<'a>;
    type IntoIter = std::slice::Iter<'p, Part<'a>>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}
