//! The dialects of networks: messages encoded by hand, and what must hold for each of their structures.
#![allow(
    clippy::expect_used,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a failed expectation fails the test; the number of vectors is printed"
)]

mod common;

use std::collections::{BTreeMap, BTreeSet};

use bytes::{Bytes, BytesMut};
use codec::structure::{Parts, Shown, Structure, Text};
use codec::{Dialect, Element, Message};
use common::{NETWORKS, element, from_hex, shipped, to_hex};
use proptest::prelude::*;
use serde::Deserialize;

#[derive(Deserialize)]
struct Vectors {
    vector: Vec<Vector>,
}

#[derive(Deserialize)]
struct Vector {
    id: String,
    mti: String,
    /// A comment stands behind a `#`.
    hex: String,
    fields: BTreeMap<String, String>,
    #[serde(default)]
    parts: BTreeMap<String, String>,
    #[serde(default)]
    retained: Vec<String>,
}

impl Vector {
    fn bytes(&self) -> Vec<u8> {
        let lines = self.hex.lines();
        let hex: Vec<&str> = lines.map(|line| line.split('#').next().unwrap()).collect();
        from_hex(&hex.concat())
    }
}

fn vectors(name: &str) -> Vec<Vector> {
    let path = format!(
        "{}/tests/vectors/network/{name}.toml",
        env!("CARGO_MANIFEST_DIR")
    );
    let text = std::fs::read_to_string(path).expect(name);
    toml::from_str::<Vectors>(&text).expect(name).vector
}

/// The texts of all parts under the number of the element and their keys.
fn flatten(text: &Text, path: &str, found: &mut BTreeMap<String, String>) {
    match text {
        Text::Value(value) => {
            found.insert(path.to_owned(), value.to_string());
        }
        Text::Parts(parts) => {
            for (key, text) in parts {
                flatten(text, &format!("{path}.{key}"), found);
            }
        }
    }
}

/// The elements with a structure, and their parts.
fn structured<'a>(
    dialect: &'a Dialect,
    message: &'a Message,
) -> Vec<(Element, &'a Structure, Parts<'a>)> {
    let elements = message.elements();
    let read = elements.filter_map(|element| {
        let parts = message.parts(dialect, element)?;
        Some((
            element,
            dialect.structure(element)?,
            parts.expect("a good element"),
        ))
    });
    read.collect()
}

#[test]
fn each_vector_decodes_to_its_fields_and_parts_and_encodes_to_its_bytes() {
    for name in NETWORKS {
        let dialect = shipped(name);
        let vectors = vectors(name);
        for vector in &vectors {
            check(&dialect, vector);
        }
        println!(
            "{name}: {} vectors decoded and encoded byte for byte",
            vectors.len()
        );
        assert!(vectors.len() >= 4, "{name}");
    }
}

fn check(dialect: &Dialect, vector: &Vector) {
    let id = format!("{} {}", dialect.name(), vector.id);
    let bytes = vector.bytes();
    let message = dialect.decode(Bytes::from(bytes.clone())).expect(&id);
    assert_eq!(message.mti().to_string(), vector.mti, "{id}");
    let elements: Vec<Element> = message.elements().collect();
    let value = |element: &Element| message.text(*element).unwrap().to_owned();
    let fields = elements
        .iter()
        .map(|element| (element.number().to_string(), value(element)));
    assert_eq!(fields.collect::<BTreeMap<_, _>>(), vector.fields, "{id}");

    let (mut parts, mut retained) = (BTreeMap::new(), Vec::new());
    let mut from_parts = dialect.encoder(message.mti());
    let mut from_texts = dialect.encoder(message.mti());
    for element in &elements {
        from_parts.set(*element, message.text(*element).unwrap());
        from_texts.set(*element, message.text(*element).unwrap());
    }
    for (element, structure, read) in structured(dialect, &message) {
        let text = structure.to_text(&read, Shown::Clear);
        flatten(&text, &element.number().to_string(), &mut parts);
        let kept = structure.retained(&read);
        retained.extend(
            kept.iter()
                .map(|path| format!("{}.{path}", element.number())),
        );
        from_parts.set_parts(element, &read).unwrap();
        from_texts.set_inner_bytes(element, &structure.build_text(&text).expect(&id));
    }
    assert_eq!(parts, vector.parts, "{id}");
    assert_eq!(retained, vector.retained, "{id}");

    let mut from_values = dialect.encoder(message.mti());
    for (number, value) in &vector.fields {
        from_values.set(element(number.parse().unwrap()), value);
    }
    let mut echo = dialect.encoder(message.mti());
    echo.echo(&message, &elements);
    for encoder in [from_values, echo, from_parts, from_texts] {
        let mut out = BytesMut::new();
        encoder.write(&mut out).expect(&id);
        assert_eq!(to_hex(&out), to_hex(&bytes), "{id}");
    }
}

/// Numbers of cards, codes and cryptograms that the vectors hold.
const SECRETS: [&str; 9] = [
    "4000001200000016",
    "5200001200000013",
    "4000009900000012",
    "6500001200000010",
    "10 123",
    "AAECAwQF",
    "00010203040506070809",
    "D2912201",
    "=2912201",
];

#[test]
fn no_secret_is_shown_masked_in_an_element_or_in_a_part() {
    for name in NETWORKS {
        let dialect = shipped(name);
        for vector in vectors(name) {
            let message = dialect.decode(Bytes::from(vector.bytes())).unwrap();
            let mut shown = BTreeMap::new();
            for element in message.elements() {
                let text = message.text(element).unwrap();
                let text = dialect
                    .sensitivity(element)
                    .map_or_else(|| text.to_owned(), |it| it.mask(text));
                shown.insert(element.to_string(), text);
            }
            for (element, structure, parts) in structured(&dialect, &message) {
                flatten(
                    &structure.to_text(&parts, Shown::Masked),
                    &element.to_string(),
                    &mut shown,
                );
            }
            for secret in SECRETS {
                let bad = shown.iter().find(|(_, text)| text.contains(secret));
                assert!(bad.is_none(), "{name} {} {bad:?}", vector.id);
            }
            for part in ["48.92", "48.003", "127.10", "63.C0"] {
                if vector.parts.contains_key(part) {
                    let text = &shown[&format!("DE{part}")];
                    assert!(
                        text.chars().all(|character| character == '*'),
                        "{name} {part} {text}"
                    );
                }
            }
        }
    }
}

#[test]
fn each_structure_that_is_named_exists_and_each_that_exists_is_named() {
    for name in NETWORKS {
        let dialect = shipped(name);
        assert_eq!(dialect.name(), name);
        let text = std::fs::read_to_string(common::shipped_path(name)).unwrap();
        let document: toml::Table = text.parse().unwrap();
        let fields = document["fields"].as_table().unwrap();
        let named = fields
            .values()
            .filter_map(|field| field.get("structure")?.as_str());
        let named: BTreeSet<&str> = named.collect();
        let structures = document.get("structures").and_then(toml::Value::as_table);
        let defined: BTreeSet<&str> = structures
            .into_iter()
            .flatten()
            .map(|(key, _)| key.as_str())
            .collect();
        assert_eq!(named, defined, "{name}");
        for (number, field) in fields {
            let has = dialect
                .structure(element(number.parse().unwrap()))
                .is_some();
            assert_eq!(has, field.get("structure").is_some(), "{name} DE{number}");
        }
    }
}

#[test]
fn each_element_that_carries_card_data_is_sensitive() {
    for name in NETWORKS {
        let dialect = shipped(name);
        for number in [2, 35, 45, 52] {
            assert!(
                dialect.sensitivity(element(number)).is_some(),
                "{name} DE{number}"
            );
        }
    }
    for (name, numbers) in [
        ("visa-base1", &[34, 55, 104, 123, 126, 127][..]),
        ("mastercard-cis", &[48, 55, 104, 120, 124, 125]),
        ("cb-like", &[46, 55]),
        ("elo-like", &[48, 55]),
        ("postilion-like", &[127]),
        ("base24-like", &[63, 126]),
    ] {
        for number in numbers {
            assert!(
                shipped(name).sensitivity(element(*number)).is_some(),
                "{name} DE{number}"
            );
        }
    }
}

#[test]
fn each_prefix_of_a_message_is_an_error_with_what_came_before() {
    for name in NETWORKS {
        let dialect = shipped(name);
        for vector in vectors(name) {
            let bytes = Bytes::from(vector.bytes());
            for length in 0..bytes.len() {
                let cut = dialect.decode(bytes.slice(..length)).expect_err(&vector.id);
                let Some(readable) = cut.readable else {
                    continue;
                };
                for element in readable.elements() {
                    let number = element.number().to_string();
                    assert_eq!(
                        readable.text(element),
                        Some(vector.fields[&number].as_str()),
                        "{name} {number}"
                    );
                }
            }
        }
    }
}

#[test]
fn each_prefix_of_an_element_is_read_and_built_again_or_an_error() {
    for name in NETWORKS {
        let dialect = shipped(name);
        for vector in vectors(name) {
            let message = dialect.decode(Bytes::from(vector.bytes())).unwrap();
            for element in message.elements() {
                let Some(structure) = dialect.structure(element) else {
                    continue;
                };
                let bytes = message.inner_bytes(&dialect, element).unwrap();
                for length in 0..bytes.len() {
                    if let Ok(parts) = structure.read(&bytes[..length]) {
                        assert_eq!(
                            *structure.build(&parts).unwrap(),
                            bytes[..length],
                            "{name} {element}"
                        );
                    }
                }
            }
        }
    }
}

/// All structures of all dialects.
fn structures() -> Vec<(String, Structure)> {
    let of = |name: &str| {
        let dialect = shipped(name);
        let elements: Vec<Element> = dialect.elements().collect();
        let structure = |element: Element| {
            let structure = dialect.structure(element)?;
            Some((format!("{name} {element}"), structure.clone()))
        };
        elements
            .into_iter()
            .filter_map(structure)
            .collect::<Vec<_>>()
    };
    NETWORKS.into_iter().flat_map(of).collect()
}

/// Bytes that look like digits, lengths and tags of the dialects more often than random ones.
fn any_bytes() -> impl Strategy<Value = Vec<u8>> {
    let byte = prop_oneof![
        4 => Just(0x00_u8),
        4 => b'0'..=b'9',
        4 => 0xF0_u8..=0xF9,
        3 => 0x01_u8..=0x12,
        2 => prop::sample::select(b"! &CZ\\\x66\x68\x80\x40\xC0\xE0\x9F\xFF".to_vec()),
        1 => any::<u8>(),
    ];
    prop::collection::vec(byte, 0..160)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    /// No bytes make a structure panic; what it can read it builds again byte for byte, and can show.
    #[test]
    fn any_bytes_are_read_and_built_again_or_an_error(bytes in any_bytes()) {
        static STRUCTURES: std::sync::OnceLock<Vec<(String, Structure)>> = std::sync::OnceLock::new();
        for (name, structure) in STRUCTURES.get_or_init(structures) {
            match structure.read(&bytes) {
                Ok(parts) => {
                    prop_assert_eq!(&*structure.build(&parts).unwrap(), &bytes, "{}", name);
                    structure.to_text(&parts, Shown::Masked);
                    prop_assert!(structure.retained(&parts).len() <= 2048);
                }
                Err(error) => prop_assert!(error.offset <= bytes.len(), "{}", name),
            }
        }
    }

    /// Any bytes behind a good beginning are a message or an error with its place.
    #[test]
    fn any_bytes_are_a_message_or_an_error(seed in any::<prop::sample::Index>(), at in any::<prop::sample::Index>(), bytes in any_bytes()) {
        let name = NETWORKS[seed.index(NETWORKS.len())];
        let vectors = vectors(name);
        let mut frame = vectors[seed.index(vectors.len())].bytes();
        let at = at.index(frame.len());
        let end = frame.len().min(at + bytes.len());
        frame.splice(at..end, bytes);
        let dialect = shipped(name);
        let length = frame.len();
        match dialect.decode(Bytes::from(frame)) {
            Ok(message) => {
                for element in message.elements() {
                    if let Some(Ok(parts)) = message.parts(&dialect, element) {
                        let mut encoder = dialect.encoder(message.mti());
                        let mut out = BytesMut::new();
                        encoder.set_parts(element, &parts).unwrap().write(&mut out).unwrap();
                        let again = dialect.decode(out.freeze()).unwrap();
                        prop_assert_eq!(again.wire(element), message.wire(element));
                    }
                }
            }
            Err(error) => prop_assert!(error.error.offset <= length),
        }
    }
}
