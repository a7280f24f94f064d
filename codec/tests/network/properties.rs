//! What must hold for any bytes, in each structure of each dialect.

use bytes::{Bytes, BytesMut};
use codec::Element;
use codec::structure::{Shown, Structure};
use proptest::prelude::*;

use crate::common::{NETWORKS, shipped};
use crate::vectors;

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
