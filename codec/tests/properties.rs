//! What holds for all messages, all bytes and all ways to cut a stream.
#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    reason = "a failed expectation fails the test"
)]

mod common;

use std::collections::BTreeMap;
use std::sync::LazyLock;

use bytes::{Bytes, BytesMut};
use codec::{Dialect, Element, FrameReader, Framing, LengthHeader, Message, Mti};
use common::{dialect, element};
use proptest::collection::{btree_map, vec};
use proptest::prelude::*;
use proptest::sample::subsequence;

static DIALECT: LazyLock<Dialect> = LazyLock::new(dialect);

/// The entries of the document, so that values come from it and not from the codec.
static ENTRIES: LazyLock<BTreeMap<u8, toml::Value>> = LazyLock::new(|| {
    let text = std::fs::read_to_string(common::dialect_path()).expect("the shipped dialect");
    let document: toml::Table = text.parse().expect("TOML");
    let fields = document["fields"].as_table().expect("fields");
    fields
        .iter()
        .map(|(key, field)| (key.parse().expect("a number"), field.clone()))
        .collect()
});

/// Values of the class and length of an element.
fn values(field: &toml::Value) -> BoxedStrategy<String> {
    let number = |key: &str| {
        field
            .get(key)
            .and_then(toml::Value::as_integer)
            .and_then(|n| usize::try_from(n).ok())
    };
    let lengths = match (number("length"), number("maximum")) {
        (Some(length), _) => length..=length,
        // Long enough for three digits of a length, short enough that all elements fit one frame.
        (None, maximum) => 0..=maximum.expect("a maximum").min(110),
    };
    let format = field["format"].as_str().expect("a format").to_owned();
    let alphabet: Vec<char> = match format.as_str() {
        "n" | "x+n" => ('0'..='9').collect(),
        "an" => ('0'..='9').chain('A'..='Z').chain('a'..='z').collect(),
        "anp" => ('0'..='9').chain('A'..='Z').chain([' ']).collect(),
        "ans" => (' '..='~').collect(),
        "b" => ('0'..='9').chain('A'..='F').chain('a'..='f').collect(),
        "z" => ('0'..='9').chain(['=', 'D']).collect(),
        other => unreachable!("a format without a strategy: {other}"),
    };
    let sign = prop_oneof![Just('C'), Just('D')];
    (vec(prop::sample::select(alphabet), lengths), sign)
        .prop_map(move |(mut value, sign)| {
            match format.as_str() {
                "x+n" => value[0] = sign,
                "b" => value.truncate(value.len() / 2 * 2),
                _ => {}
            }
            value.into_iter().collect()
        })
        .boxed()
}

/// Any set of elements, with values.
fn fields() -> impl Strategy<Value = BTreeMap<u8, String>> {
    let numbers: Vec<u8> = ENTRIES.keys().copied().collect();
    subsequence(numbers, 0..=127).prop_flat_map(|numbers| {
        let each: Vec<_> = numbers
            .iter()
            .map(|number| (Just(*number), values(&ENTRIES[number])))
            .collect();
        each.prop_map(|pairs| pairs.into_iter().collect())
    })
}

fn encode(mti: Mti, fields: &BTreeMap<u8, String>) -> Bytes {
    let mut encoder = DIALECT.encoder(mti);
    for (number, value) in fields {
        encoder.set(element(*number), value);
    }
    let mut out = BytesMut::new();
    encoder.write(&mut out).expect("values of the dialect");
    out.freeze()
}

fn read(message: &Message) -> BTreeMap<u8, String> {
    let text = |element: Element| message.text(element).expect("present").to_owned();
    message
        .elements()
        .map(|element| (element.number(), text(element)))
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_encoded_is_decoded(mti in "[0-9]{4}", fields in fields()) {
        let mti: Mti = mti.parse().unwrap();
        let wire = encode(mti, &fields);
        let message = DIALECT.decode(wire.clone()).unwrap();
        prop_assert_eq!(message.mti(), mti);
        prop_assert_eq!(read(&message), fields.clone());
        prop_assert_eq!(encode(mti, &read(&message)), wire);
    }

    #[test]
    fn a_truncated_message_is_an_error_with_a_readable_prefix(fields in fields(), cut in any::<prop::sample::Index>()) {
        let wire = encode(Mti::parse(b"0100").unwrap(), &fields);
        let length = cut.index(wire.len());
        let error = DIALECT.decode(wire.slice(..length)).expect_err("cut");
        prop_assert!(error.error.kind.is_structure());
        prop_assert!(error.error.offset <= length);
        prop_assert_eq!(error.readable.is_some(), length >= 4);
        let readable = error.readable.as_ref().map(read).unwrap_or_default();
        let prefix: BTreeMap<u8, String> = fields.into_iter().take(readable.len()).collect();
        prop_assert_eq!(readable, prefix);
    }

    #[test]
    fn one_changed_byte_never_panics_and_never_gives_bad_text(
        fields in fields(), at in any::<prop::sample::Index>(), byte in any::<u8>(),
    ) {
        let mut wire = encode(Mti::parse(b"0200").unwrap(), &fields).to_vec();
        let at = at.index(wire.len());
        wire[at] = byte;
        let readable = match DIALECT.decode(Bytes::from(wire)) {
            Ok(message) => Some(message),
            Err(error) => {
                prop_assert!(!error.to_string().is_empty());
                error.readable
            }
        };
        if let Some(message) = readable {
            prop_assert!(message.elements().all(|e| message.text(e).is_some_and(str::is_ascii)));
            prop_assert!(message.elements().all(|element| message.has(element)));
        }
    }

    #[test]
    fn no_bytes_panic(bytes in vec(any::<u8>(), 0..600)) {
        if let Err(error) = DIALECT.decode(Bytes::from(bytes)) {
            prop_assert!(!error.to_string().is_empty());
        }
    }

    #[test]
    fn no_elements_panic(maps in "[0-9A-Fa-f]{32}", rest in "[0-9A-F= ]{0,400}") {
        if let Err(error) = DIALECT.decode(Bytes::from(format!("0100{maps}{rest}"))) {
            prop_assert!(error.readable.is_some());
        }
    }

    #[test]
    fn any_value_is_written_or_refused(values in btree_map(2..=128_u8, ".{0,40}", 0..20)) {
        let mut encoder = DIALECT.encoder(Mti::parse(b"0100").unwrap());
        for (number, value) in &values {
            encoder.set(element(*number), value);
        }
        let mut out = BytesMut::new();
        match encoder.write(&mut out) {
            Ok(()) => prop_assert_eq!(read(&DIALECT.decode(out.freeze()).unwrap()), values),
            Err(error) => {
                prop_assert!(out.is_empty());
                prop_assert!(values.contains_key(&error.element.unwrap().number()));
            }
        }
    }

    #[test]
    fn a_stream_gives_the_same_frames_however_it_is_cut(
        frames in vec(prop_oneof![4 => vec(any::<u8>(), 0..300), 1 => vec(any::<u8>(), 7000..=8192)], 0..12),
        chunks in vec(prop_oneof![3 => 1..40_usize, 1 => 1..20_000_usize], 1..30),
    ) {
        let framing = Framing::new(LengthHeader::BINARY_2, 8192);
        let mut stream = BytesMut::new();
        for frame in &frames {
            let body = |out: &mut BytesMut| { out.extend_from_slice(frame); Ok::<_, codec::FrameTooLong>(()) };
            framing.write(&mut stream, body).unwrap();
        }
        let mut reader = FrameReader::new(framing);
        let mut rest = &stream[..];
        let mut read = Vec::new();
        let mut sizes = chunks.iter().cycle();
        while !rest.is_empty() {
            let spare = reader.spare();
            prop_assert!(!spare.is_empty());
            let count = spare.len().min(rest.len()).min(*sizes.next().unwrap());
            spare[..count].copy_from_slice(&rest[..count]);
            reader.filled(count);
            rest = &rest[count..];
            while let Some(frame) = reader.next_frame().unwrap() {
                read.push(frame.to_vec());
            }
        }
        prop_assert_eq!(read, frames);
        prop_assert!(!reader.has_partial_frame());
    }
}
