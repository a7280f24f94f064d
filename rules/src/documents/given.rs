//! The serde side of documents: values that may be absent or unreadable without losing the rest,
//! so that one pass finds every error. The same models read TOML and JSON and give the JSON
//! schemas.

use std::borrow::Cow;
use std::collections::BTreeMap;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;
use serde::de::{DeserializeOwned, Deserializer, IgnoredAny};
use serde_json::{Map, Value};

/// A value of a document as the file gives it.
#[derive(Debug, Default)]
pub(super) enum Given<T> {
    /// The key is not there, or null in JSON.
    #[default]
    Absent,
    /// Readable.
    Good(T),
    /// There, but not of the right form; why not.
    Bad(String),
}

impl<T> Given<T> {
    /// Whether nothing is given.
    pub(super) fn is_absent(&self) -> bool {
        matches!(self, Self::Absent)
    }
}

impl<'de, T: DeserializeOwned> Deserialize<'de> for Given<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Some(value) = Option::<toml::Value>::deserialize(deserializer)? else {
            return Ok(Self::Absent);
        };
        let found = value.type_str();
        Ok(match T::deserialize(value) {
            Ok(value) => Self::Good(value),
            // What serde says of a name that is not a text tells an operator nothing.
            Err(error) => Self::Bad(error.message().trim().replace("unit variant", found)),
        })
    }
}

/// The schema of a value is that of what it should be.
impl<T: JsonSchema> JsonSchema for Given<T> {
    fn inline_schema() -> bool {
        T::inline_schema()
    }

    fn schema_name() -> Cow<'static, str> {
        T::schema_name()
    }

    fn schema_id() -> Cow<'static, str> {
        T::schema_id()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        T::json_schema(generator)
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

/// Declares the model of one table: every value is [`Given`], unknown keys are kept. Each field
/// says whether the schema requires it; whether it may really be missing is said where it is read.
macro_rules! table {
    ($(#[doc = $doc:literal])+ $name:ident {
        $($(#[doc = $field_doc:literal])+ $need:ident $field:ident: $value:ty,)+
    }) => {
        $(#[doc = $doc])+
        #[derive(Debug, Default, serde::Deserialize)]
        #[serde(default, expecting = "a table")]
        pub(super) struct $name {
            $($(#[doc = $field_doc])+ $field: $crate::documents::given::Given<$value>,)+
            #[serde(flatten)]
            unknown: $crate::documents::given::Unknown,
        }

        impl $crate::documents::given::Table for $name {
            const KEYS: &'static [&'static str] = &[$(stringify!($field)),+];

            fn unknown(&self) -> &$crate::documents::given::Unknown {
                &self.unknown
            }
        }

        impl schemars::JsonSchema for $name {
            fn schema_name() -> std::borrow::Cow<'static, str> {
                stringify!($name).trim_end_matches("Table").into()
            }

            fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
                let mut schema =
                    $crate::documents::given::TableSchema::new(concat!($($doc),+));
                $(schema.property(
                    stringify!($field),
                    stringify!($need) == "required",
                    concat!($($field_doc),+),
                    generator.subschema_for::<$value>(),
                );)+
                schema.finish()
            }
        }
    };
}

pub(super) use table;

/// Builds the JSON schema of a table.
pub(super) struct TableSchema {
    description: &'static str,
    properties: Map<String, Value>,
    required: Vec<&'static str>,
}

impl TableSchema {
    pub(super) fn new(description: &'static str) -> Self {
        Self {
            description: description.trim(),
            properties: Map::new(),
            required: Vec::new(),
        }
    }

    pub(super) fn property(
        &mut self,
        field: &'static str,
        required: bool,
        description: &'static str,
        mut schema: Schema,
    ) {
        let name = field.trim_start_matches("r#");
        if required {
            self.required.push(name);
        }
        schema.insert("description".to_owned(), description.trim().into());
        self.properties.insert(name.to_owned(), schema.to_value());
    }

    pub(super) fn finish(self) -> Schema {
        json_schema!({
            "description": self.description,
            "type": "object",
            "properties": self.properties,
            "required": self.required,
            "additionalProperties": false,
        })
    }
}
