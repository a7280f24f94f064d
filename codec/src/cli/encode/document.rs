//! The `fields` of the JSON: strings, and objects where an element has parts.
//!
//! Owns reading them in their order. Must never merge keys: an element may hold a tag twice.

use std::fmt;

use codec::structure::Text;
use serde::Deserialize;
use serde::de::{Deserializer, Error as _, MapAccess, Visitor};
use zeroize::Zeroizing;

/// Deepest object inside of `fields`.
const DEEPEST: usize = 16;

/// Elements with their values, in the order of the input; none twice.
pub(super) struct Fields(pub(super) Vec<(String, Text)>);

impl<'de> Deserialize<'de> for Fields {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let entries = deserializer.deserialize_map(Entries(0))?;
        let mut keys: Vec<&str> = entries.iter().map(|(key, _)| key.as_str()).collect();
        keys.sort_unstable();
        if keys.windows(2).any(|pair| pair.first() == pair.last()) {
            return Err(D::Error::custom("a field is there twice"));
        }
        Ok(Self(entries))
    }
}

/// An object at this depth.
struct Entries(usize);

impl<'de> Visitor<'de> for Entries {
    type Value = Vec<(String, Text)>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object of strings and objects")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut entries = Vec::new();
        while let Some(key) = map.next_key::<String>()? {
            entries.push((key, map.next_value_seed(Seed(self.0))?));
        }
        Ok(entries)
    }
}

/// A value inside of an object at this depth.
struct Seed(usize);

impl<'de> serde::de::DeserializeSeed<'de> for Seed {
    type Value = Text;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Text, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Seed {
    type Value = Text;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string or an object")
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Text, E> {
        Ok(Text::Value(Zeroizing::new(text.to_owned())))
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Text, A::Error> {
        if self.0 >= DEEPEST {
            return Err(A::Error::custom("too deep"));
        }
        Entries(self.0 + 1).visit_map(map).map(Text::Parts)
    }
}
