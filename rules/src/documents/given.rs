//! The serde side of documents: values that may be absent or unreadable without losing the rest,
//! so that one pass finds every error. The same models read TOML and JSON.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde::de::{DeserializeOwned, Deserializer, IgnoredAny};

/// A value of a document as the file gives it.
#[derive(Debug, Default)]
pub(super) enum Given<T> {
    /// The key is not there.
    #[default]
    Absent,
    /// Readable.
    Good(T),
    /// There, but not of the right form; why not.
    Bad(String),
}

impl<'de, T: DeserializeOwned> Deserialize<'de> for Given<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = toml::Value::deserialize(deserializer)?;
        let found = value.type_str();
        Ok(match T::deserialize(value) {
            Ok(value) => Self::Good(value),
            // What serde says of a name that is not a text tells an operator nothing.
            Err(error) => Self::Bad(error.message().trim().replace("unit variant", found)),
        })
    }
}

/// Keys of a table that its model does not know.
pub(super) type Unknown = BTreeMap<String, IgnoredAny>;

/// A table whose keys are known.
pub(super) trait Table: DeserializeOwned {
    /// The known keys, in the order they are usually written.
    const KEYS: &'static [&'static str];

    /// The others that were found.
    fn unknown(&self) -> &Unknown;
}

/// Declares the model of one table: every value is [`Given`], unknown keys are kept.
macro_rules! table {
    ($(#[doc = $doc:literal])+ $name:ident { $($(#[$attribute:meta])* $field:ident: $value:ty,)+ }) => {
        $(#[doc = $doc])+
        #[derive(Debug, Default, serde::Deserialize)]
        #[serde(default, expecting = "a table")]
        pub(super) struct $name {
            $($(#[$attribute])* $field: $crate::documents::given::Given<$value>,)+
            #[serde(flatten)]
            unknown: $crate::documents::given::Unknown,
        }

        impl $crate::documents::given::Table for $name {
            const KEYS: &'static [&'static str] = &[$(stringify!($field)),+];

            fn unknown(&self) -> &$crate::documents::given::Unknown {
                &self.unknown
            }
        }
    };
}

pub(super) use table;
