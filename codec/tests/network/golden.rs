//! Messages encoded by hand, decoded to their fields and parts and encoded again byte for byte.

use std::collections::{BTreeMap, BTreeSet};

use bytes::{Bytes, BytesMut};
use codec::structure::{Parts, Shown, Structure, Text};
use codec::{Blocker, Deblocker, Dialect, Element, FrameReader, Message};

use crate::common::{self, NETWORKS, element, shipped, to_hex};
use crate::{Vector, vectors};

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
fn a_blocked_file_of_records_is_read_record_by_record() {
    for name in ["mastercard-ipm", "mastercard-ipm-ascii"] {
        let dialect = shipped(name);
        // Enough records that some cross the end of a block.
        let records: Vec<Vec<u8>> = vectors(name).iter().map(Vector::bytes).collect();
        let records: Vec<&Vec<u8>> = records.iter().cycle().take(12).collect();
        let (mut file, mut blocker) = (BytesMut::new(), Blocker::new());
        for record in &records {
            let length = u32::try_from(record.len()).unwrap();
            blocker.push(&length.to_be_bytes(), &mut file);
            blocker.push(record, &mut file);
        }
        blocker.finish(&mut file);
        assert!(file.len() > 2 * 1014 && file.len().is_multiple_of(1014));

        let (mut deblocker, mut data) = (Deblocker::new(), BytesMut::new());
        deblocker.push(&file, &mut data).unwrap();
        let mut reader = FrameReader::new(dialect.framing());
        let mut read = Vec::new();
        let mut pieces = data.chunks(100);
        loop {
            match reader.next_frame().unwrap() {
                Some(record) if record.is_empty() => break,
                Some(record) => read.push(dialect.decode(record).unwrap()),
                None => {
                    let piece = pieces.next().expect("a record that ends the file");
                    reader.spare()[..piece.len()].copy_from_slice(piece);
                    reader.filled(piece.len());
                }
            }
        }
        assert_eq!(read.len(), records.len());
        assert_eq!(read[0].text(element(24)), Some("697"));
    }
}

/// The pieces of TOML in the guide, one after another, are a dialect.
#[test]
fn the_guide_builds_a_dialect_that_reads_the_messages_it_speaks_of() {
    let guide = include_str!("../../WRITE-A-DIALECT.md");
    let pieces = guide.split("```toml\n").skip(1);
    let toml: String = pieces
        .map(|piece| piece.split("```").next().unwrap())
        .collect();
    let directory = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("guide");
    std::fs::create_dir_all(&directory).unwrap();
    let base = common::shipped_path("iso1987-ascii");
    std::fs::copy(base, directory.join("iso1987-ascii.toml")).unwrap();
    let path = directory.join("my-network.toml");
    std::fs::write(&path, toml).unwrap();
    let dialect = Dialect::load(&path).unwrap();
    for vector in vectors("elo-like") {
        let message = dialect
            .decode(Bytes::from(vector.bytes()))
            .expect(&vector.id);
        for (_, structure, parts) in structured(&dialect, &message) {
            assert!(structure.retained(&parts).len() <= 2, "{}", vector.id);
        }
    }
    let wrong = std::fs::read_to_string(&path)
        .unwrap()
        .replace("003 = {", "03 = {");
    std::fs::write(&path, wrong).unwrap();
    let error = Dialect::load(&path).unwrap_err().to_string();
    let told = guide
        .lines()
        .find(|line| line.starts_with("my-network.toml:"))
        .unwrap();
    assert!(error.ends_with(told), "{error}");
    std::fs::remove_dir_all(&directory).unwrap();
}
