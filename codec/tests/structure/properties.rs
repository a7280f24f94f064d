//! What must hold for any bytes, in every structure.

use codec::structure::{
    Content, Ff, Key, Part, Parts, Shown, Structure, Tag, TlvReader, Track1, Track2, Track3,
    write_tlv,
};
use proptest::prelude::*;

use crate::layouts::{ALL, BER_TLV, structure};

fn any_structure() -> impl Strategy<Value = Structure> {
    prop::sample::select(ALL.as_slice()).prop_map(structure)
}

/// Bytes that look like digits, bitmaps, tags and short lengths more often than random ones.
fn any_bytes() -> impl Strategy<Value = Vec<u8>> {
    let byte = prop_oneof![
        4 => Just(0x00_u8),
        4 => b'0'..=b'9',
        4 => 0xF0_u8..=0xF9,
        2 => 0x01_u8..=0x08,
        2 => prop::sample::select(vec![0x9F, 0xE0, 0x71, 0x81, 0x82, 0xFF, 0x80, 0x40, b'\\', b' ']),
        1 => any::<u8>(),
    ];
    prop::collection::vec(byte, 0..200)
}

fn count(parts: &Parts<'_>) -> usize {
    let inside = |part: &Part<'_>| part.parts().map_or(0, count);
    parts.iter().map(|part| 1 + inside(part)).sum()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    /// What can be read is built again byte for byte, from the parts; and from their text wherever the text says all.
    #[test]
    fn building_what_was_read_gives_the_same_bytes(structure in any_structure(), bytes in any_bytes()) {
        if let Ok(parts) = structure.read(&bytes) {
            prop_assert_eq!(&*structure.build(&parts).unwrap(), &bytes);
            prop_assert!(count(&parts) <= 2048);
            let text = structure.to_text(&parts, Shown::Clear);
            // Text keeps neither the digits of filler nor long forms of lengths: it may build other bytes, and what it
            // builds is read and built to the same again.
            if let Ok(built) = structure.build_text(&text) {
                let again = structure.read(&built).unwrap();
                prop_assert_eq!(&*structure.build(&again).unwrap(), &*built);
                let text = structure.to_text(&again, Shown::Clear);
                prop_assert_eq!(&*structure.build_text(&text).unwrap(), &*built);
            }
        }
    }

    /// An error lies within the bytes, and its text carries none of them.
    #[test]
    fn errors_point_into_the_bytes(structure in any_structure(), bytes in any_bytes()) {
        if let Err(error) = structure.read(&bytes) {
            prop_assert!(error.offset <= bytes.len());
            prop_assert!(error.to_string().len() < 120);
        }
    }

    /// A part stays what it is when more bytes follow: all parts but the last few of a prefix are parts of the whole.
    #[test]
    fn objects_of_a_prefix_are_objects_of_the_whole(bytes in any_bytes(), cut in 0_usize..200) {
        let cut = cut.min(bytes.len());
        let whole: Vec<_> = TlvReader::new(&bytes, Ff::Tag).map_while(Result::ok).collect();
        let prefix: Vec<_> = TlvReader::new(&bytes[..cut], Ff::Tag).map_while(Result::ok).collect();
        prop_assert!(prefix.len() <= whole.len());
        prop_assert_eq!(&whole[..prefix.len()], &prefix[..]);
    }

    /// The index finds what the reader finds.
    #[test]
    fn the_index_agrees_with_the_reader(bytes in any_bytes()) {
        let read: Result<Vec<_>, _> = TlvReader::new(&bytes, Ff::Filler).collect();
        match (crate::tlv::scan(&bytes), read) {
            (Ok(index), Ok(objects)) => {
                let found: Vec<_> = index.iter(&bytes).collect();
                let expected: Vec<_> = objects.iter().map(|object| (object.tag, object.value)).collect();
                prop_assert_eq!(found, expected);
            }
            (Err(index), Err(reader)) => prop_assert_eq!(index, reader),
            (Err(_), Ok(objects)) => prop_assert!(objects.len() > 64),
            (Ok(_), Err(error)) => prop_assert!(false, "{}", error),
        }
    }

    /// Objects that are written are read.
    #[test]
    fn written_objects_are_read(
        objects in prop::collection::vec((any::<u32>(), prop::collection::vec(any::<u8>(), 0..300), 0_u8..=7), 0..20),
    ) {
        let mut bytes = Vec::new();
        let mut expected = Vec::new();
        for (number, value, octets) in &objects {
            let Some(tag) = Tag::new(*number).filter(|tag| !tag.to_string().starts_with("FF")) else { continue };
            write_tlv(tag, value, *octets, &mut bytes).unwrap();
            expected.push((tag, value.clone()));
        }
        let read: Vec<_> = TlvReader::new(&bytes, Ff::Filler)
            .map(|object| object.unwrap())
            .map(|object| (object.tag, object.value.to_vec()))
            .collect();
        prop_assert_eq!(read, expected);
    }

    /// Unknown tags survive a change of another tag.
    #[test]
    fn a_change_leaves_the_other_objects_alone(bytes in any_bytes(), value in prop::collection::vec(any::<u8>(), 0..200)) {
        let structure = structure(BER_TLV);
        if let Ok(mut parts) = structure.read(&bytes) {
            let before = parts.clone();
            let key = Key::Tag("91".parse().unwrap());
            parts.set(Part::new(key, &value));
            let built = structure.build(&parts).unwrap();
            let after = structure.read(&built).unwrap();
            prop_assert_eq!(after.get(key).unwrap().bytes(), Some(value.as_slice()));
            let others = |parts: &Parts<'_>| -> Vec<String> {
                let objects = parts.iter().filter(|part| part.key != key && part.key != Key::Filler);
                objects.map(|part| format!("{part:?}")).collect()
            };
            prop_assert_eq!(others(&before).len(), others(&after).len());
        }
    }

    /// A track that can be read is written back as it was.
    #[test]
    fn tracks_come_back(text in "[%;]?B?[0-9]{10,20}[=D^][A-Z/ ^=D0-9]{0,40}(\\?[0-9]?)?") {
        if let Ok(track) = Track1::parse(&text) {
            prop_assert_eq!(&*track.format(), &text);
        }
        if let Ok(track) = Track2::parse(&text) {
            prop_assert_eq!(&*track.format(), &text);
        }
        if let Ok(track) = Track3::parse(&text) {
            prop_assert_eq!(&*track.format(), &text);
        }
    }

    /// No text makes a track panic or print its characters.
    #[test]
    fn any_text_is_no_track_or_stays_hidden(text in any::<String>()) {
        let printed = format!("{:?}{:?}{:?}", Track1::parse(&text), Track2::parse(&text), Track3::parse(&text));
        prop_assert!(printed.len() < 300);
    }
}

/// Work grows with the bytes: many parts, much filler and deep objects are read in bounded parts.
#[test]
fn large_elements_are_read_in_linear_time() {
    for text in ALL {
        let structure = structure(text);
        for byte in [0x00, b' ', 0x40, b'0', 0xF0, 0xFF, 0x80, 0x9C, 0xE0] {
            let bytes = vec![byte; 100_000];
            if let Ok(parts) = structure.read(&bytes) {
                assert!(count(&parts) <= 2048);
                assert_eq!(*structure.build(&parts).unwrap(), bytes);
            }
        }
    }
}

/// An unreadable part inside holds the bytes it was read from.
#[test]
fn unreadable_parts_hold_their_bytes() {
    let structure = structure(BER_TLV);
    let bytes = [0xE0, 0x02, 0x9F, 0x9F, 0x9C, 0x01, 0x00];
    let parts = structure.read(&bytes).unwrap();
    let first = parts.iter().next().unwrap();
    assert!(matches!(first.content, Content::Unreadable(inside, _) if inside == [0x9F, 0x9F]));
    assert_eq!(*structure.build(&parts).unwrap(), bytes);
}
