//! The JSON of a message: `{"mti": "0100", "fields": {"2": "...", "55": {"9F02": "..."}}}`.
//!
//! Owns its shape, which scripts hold on to. Must never sort or merge keys: an element may hold a tag twice.

use serde::ser::{Serialize, SerializeMap as _, Serializer};

use super::{Described, Description};

impl Serialize for Description {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(2))?;
        map.serialize_entry("mti", &self.mti.to_string())?;
        map.serialize_entry("fields", &Entries(&self.elements))?;
        map.end()
    }
}

struct Entries<'a>(&'a [Described]);

impl Serialize for Entries<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for described in self.0 {
            match &described.parts {
                Some(parts) => map.serialize_entry(&described.key, &Entries(parts))?,
                None => map.serialize_entry(&described.key, described.value.as_str())?,
            }
        }
        map.end()
    }
}
