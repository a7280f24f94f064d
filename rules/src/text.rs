//! Serde and JSON schema for small types that are text everywhere (files, JSON, stores): written
//! with `Display`, read with `FromStr`. Owns no type of its own.

/// Implements `Serialize`, `Deserialize` and `JsonSchema` of a `Display + FromStr` type as a string. What stands in every
/// record says its text itself: `|value| text`, the same as `Display` writes, at a fraction of what a formatter takes.
macro_rules! serde_as_text {
    ($name:ty, $expecting:literal, $pattern:literal) => {
        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        serde_as_text!(@read $name, $expecting, $pattern);
    };
    ($name:ty, $expecting:literal, $pattern:literal, |$value:ident| $text:expr) => {
        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                let $value = self;
                serializer.serialize_str($text)
            }
        }

        serde_as_text!(@read $name, $expecting, $pattern);
    };
    (@read $name:ty, $expecting:literal, $pattern:literal) => {
        impl schemars::JsonSchema for $name {
            fn schema_name() -> std::borrow::Cow<'static, str> {
                stringify!($name).into()
            }

            fn inline_schema() -> bool {
                true
            }

            fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
                schemars::json_schema!({ "type": "string", "pattern": $pattern })
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                struct Text;

                impl serde::de::Visitor<'_> for Text {
                    type Value = $name;

                    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        f.write_str($expecting)
                    }

                    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<$name, E> {
                        text.parse().map_err(E::custom)
                    }
                }

                deserializer.deserialize_str(Text)
            }
        }
    };
}

pub(crate) use serde_as_text;
