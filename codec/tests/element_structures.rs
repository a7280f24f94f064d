//! Structures in dialects: what a document may say, what is inherited, and parts read from and written to messages.
#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    reason = "a failed expectation fails the test"
)]
#![allow(clippy::too_many_lines, reason = "a table is as long as its rows")]

mod common;

use bytes::{Bytes, BytesMut};
use codec::structure::{Key, Part, Shown};
use codec::{Dialect, Element, Sensitivity};
use common::{element, from_hex, to_hex};

/// Text in EBCDIC, bytes as they are: DE48 tagged text, DE55 chip data, DE62 behind a bitmap.
const DOCUMENT: &str = r#"name = "test"
source = "made up"
version = "1987"
framing = { length_header = "binary-2", maximum_frame_bytes = 1000 }
encoding = { mti = "bcd", lengths = "ebcdic", values = "ebcdic-500", values_by_format = { b = "binary", n = "bcd" } }
bitmap = { encoding = "binary", second = "announced-by-bit-1" }
[fields]
3 = { name = "Processing code", format = "n", length = 6 }
43 = { name = "Card acceptor", format = "ans", length = 40, structure = "acceptor" }
48 = { name = "Additional data", format = "ans", maximum = 999, length_digits = 3, structure = "additional" }
55 = { name = "Chip data", format = "b", maximum = 510, length_digits = 3, structure = "chip" }
62 = { name = "Private", format = "b", maximum = 510, length_digits = 3, structure = "private" }
[structures.chip]
kind = "ber-tlv"
[structures.acceptor]
kind = "positional"
subfields = [
  { name = "name", length = 25 },
  { name = "city", length = 13 },
  { name = "country", length = 2 },
]
[structures.additional]
kind = "tagged-text"
lead = { name = "category", length = 1 }
tag_size = 2
length_size = 2
[structures.additional.subfields]
42 = { name = "commerce", unverified = true }
92 = { name = "cvc2", sensitivity = "cvv" }
[structures.private]
kind = "bitmapped"
bitmap_bytes = 2
[structures.private.subfields]
1 = { name = "indicator", length = 1 }
2 = { name = "identifier", encoding = "bcd", length = 15, unverified = true }
"#;

fn dialect() -> Dialect {
    Dialect::from_toml("test.toml", DOCUMENT).unwrap()
}

/// DE48 `R`, 42 = `212`, 77 (not described) = `X`; DE55 9F26, 9C, DF7F (not in the dictionary); DE62 1 = `Y`, bit 3.
const MESSAGE: &str = "0100 0000000000010204 F0F1F3 D9 F4F2F0F3F2F1F2 F7F7F0F1E7 \
     F0F1F4 9F2602AABB 9C0100 DF7F03112233 F0F0F4 A000 E8 99";

#[test]
fn parts_are_read_from_the_frame_and_written_back_byte_for_byte() {
    let dialect = dialect();
    let bytes = from_hex(MESSAGE);
    let frame = Bytes::from(bytes.clone());
    let range = frame.as_ptr_range();
    let message = dialect.decode(frame).unwrap();
    let mut encoder = dialect.encoder(message.mti());
    for (number, retained) in [(48, "77"), (55, "DF7F"), (62, "rest")] {
        let parts = message.parts(&dialect, element(number)).unwrap().unwrap();
        let structure = dialect.structure(element(number)).unwrap();
        for part in &parts {
            let value = part.bytes().unwrap();
            assert!(
                range.contains(&value.as_ptr()) || value.is_empty(),
                "borrowed"
            );
        }
        let found: Vec<String> = structure
            .retained(&parts)
            .iter()
            .map(ToString::to_string)
            .collect();
        assert_eq!(found, [retained], "DE{number}");
        encoder.set_parts(element(number), &parts).unwrap();
    }
    let mut out = BytesMut::new();
    encoder.write(&mut out).unwrap();
    assert_eq!(to_hex(&out), to_hex(&bytes));
}

#[test]
fn a_part_is_changed_and_the_others_stay() {
    let dialect = dialect();
    let message = dialect.decode(Bytes::from(from_hex(MESSAGE))).unwrap();
    let additional = element(48);
    let mut parts = message.parts(&dialect, additional).unwrap().unwrap();
    let key = dialect
        .structure(additional)
        .unwrap()
        .key("commerce")
        .unwrap();
    parts.set(Part::new(key, &[0xF9, 0xF1, 0xF0]));
    let mut out = BytesMut::new();
    let mut encoder = dialect.encoder(message.mti());
    encoder
        .set_parts(additional, &parts)
        .unwrap()
        .write(&mut out)
        .unwrap();
    let changed = dialect.decode(out.freeze()).unwrap();
    assert_eq!(changed.text(additional), Some("R42039107701X"));
}

#[test]
fn an_element_with_a_sensitive_part_is_sensitive_as_a_whole() {
    let dialect = dialect();
    for (number, sensitivity) in [
        (3, None),
        (43, None),
        (48, Some(Sensitivity::Icc)),
        (55, Some(Sensitivity::Icc)),
        (62, None),
    ] {
        assert_eq!(
            dialect.sensitivity(element(number)),
            sensitivity,
            "DE{number}"
        );
    }
    let structure = dialect.structure(element(48)).unwrap();
    let secret = from_hex("D9 F9F2F0F3F9F8F7");
    let text = structure.to_text(&structure.read(&secret).unwrap(), Shown::Masked);
    assert_eq!(text.get(&["92"]), Some("***"));
    assert_eq!(text.get(&["lead"]), Some("R"));
}

#[test]
fn unverified_parts_are_listed() {
    let found: Vec<String> = dialect()
        .unverified_parts()
        .map(|(element, path)| format!("{element}.{path}"))
        .collect();
    assert_eq!(found, ["DE48.42", "DE62.2"]);
}

#[test]
fn what_is_not_there_has_no_parts() {
    let (other, dialect) = (dialect(), dialect());
    let message = dialect.decode(Bytes::from(from_hex(MESSAGE))).unwrap();
    assert!(message.parts(&dialect, element(43)).is_none(), "absent");
    assert!(
        message.parts(&dialect, element(3)).is_none(),
        "no structure"
    );
    assert!(
        message.parts(&other, element(48)).is_none(),
        "another dialect"
    );
    assert!(dialect.structure(element(3)).is_none());
    let mut encoder = dialect.encoder(message.mti());
    let parts = message.parts(&dialect, element(48)).unwrap().unwrap();
    let error = encoder.set_parts(element(3), &parts).unwrap_err();
    assert_eq!(
        error.to_string(),
        "DE3: the dialect has no structure for this element"
    );
    let error = encoder.set_parts(element(43), &parts).unwrap_err();
    assert_eq!(
        error.to_string(),
        "DE43: lead at byte 0: this part does not belong here"
    );
    // Bytes that are no characters of the element are refused when it is written.
    let mut encoder = dialect.encoder(message.mti());
    encoder.set_inner_bytes(element(48), &[0xD9, 0x00]);
    let error = encoder.write(&mut BytesMut::new()).unwrap_err();
    assert!(
        error.to_string().starts_with("DE48: expected printable"),
        "{error}"
    );
}

#[test]
fn an_element_without_its_structure_is_still_decoded() {
    let dialect = dialect();
    let bytes = from_hex("0100 0000000000010000 F0F0F4 D9F9F2F9");
    let message = dialect.decode(Bytes::from(bytes)).unwrap();
    let error = message.parts(&dialect, element(48)).unwrap().unwrap_err();
    assert_eq!(error.to_string(), "92 at byte 3: expected 2 bytes, found 1");
    assert_eq!(message.text(element(48)), Some("R929"));
}

#[test]
fn the_bytes_of_hexadecimal_text_are_read_too() {
    for (encoding, text) in [
        ("ascii", "9F2602AAbb9C0100".bytes().collect::<Vec<u8>>()),
        ("hex", "9F2602AABB9C0100".bytes().collect()),
        ("ebcdic-037", from_hex("F9C6F2F6F0F2C1C1C2C2F9C3F0F1F0F0")),
    ] {
        let document = DOCUMENT.replace(
            r#"format = "b", maximum = 510, length_digits = 3, structure = "chip""#,
            &format!(
                r#"format = "b", maximum = 510, length_digits = 3, encoding = "{encoding}", length_unit = "characters", structure = "chip""#
            ),
        );
        let dialect = Dialect::from_toml("test.toml", &document).unwrap();
        let mut bytes = from_hex("0100 0000000000000200 F0F1F6");
        bytes.extend(text);
        let message = dialect.decode(Bytes::from(bytes)).unwrap();
        let chip = Element::ICC_DATA;
        assert_eq!(
            message.inner_bytes(&dialect, chip),
            Some(from_hex("9F2602AABB9C0100").as_slice())
        );
        let parts = message.parts(&dialect, chip).unwrap().unwrap();
        let key = Key::Tag("9F26".parse().unwrap());
        assert_eq!(parts.get(key).unwrap().bytes(), Some(&[0xAA, 0xBB][..]));
        let mut out = BytesMut::new();
        dialect
            .encoder(message.mti())
            .set_parts(chip, &parts)
            .unwrap()
            .write(&mut out)
            .unwrap();
        let again = dialect.decode(out.freeze()).unwrap();
        assert_eq!(again.text(chip), Some("9F2602AABB9C0100"));
    }
}

#[test]
fn a_bad_structure_is_told_by_line_and_key() {
    for (from, to, expected) in [
        (
            "structure = \"chip\"",
            "structure = \"tlv\"",
            "test.toml:11: DE55: there is no table structures.tlv",
        ),
        (
            "3 = { name = \"Processing code\", format = \"n\", length = 6 }",
            "3 = { name = \"Processing code\", format = \"n\", length = 6, structure = \"chip\" }",
            "test.toml:8: DE3: structure: expected an element of text or of format b, found packed digits",
        ),
        (
            "{ name = \"city\", length = 13 }",
            "{ name = \"city\", length = 0 }",
            "test.toml:19: structures.acceptor.subfields.2: expected a length of at least 1",
        ),
        (
            "92 = {",
            "192 = {",
            "test.toml:29: structures.additional.subfields.192: expected a tag of the size that tag_size says as key",
        ),
        (
            "tag_size = 2",
            "tag_size = 0",
            "test.toml:22: structures.additional: expected tag_size of 1 to 6, found 0",
        ),
        (
            "[structures.chip]",
            "[structures.none]",
            "test.toml:13: structures.none: this name stands for no structure",
        ),
    ] {
        let document = DOCUMENT.replace(from, to);
        let error = Dialect::from_toml("test.toml", &document).expect_err(to);
        assert_eq!(error.to_string(), expected);
    }
    for (from, to, begins, says) in [
        (
            "length = 13",
            "lenght = 13",
            "test.toml:19: structures.acceptor.subfields.2: ",
            "lenght",
        ),
        (
            "kind = \"ber-tlv\"",
            "kind = \"tlv\"",
            "test.toml:13: structures.chip: ",
            "ber-tlv",
        ),
        (
            "kind = \"ber-tlv\"",
            "",
            "test.toml:13: structures.chip: ",
            "kind",
        ),
        (
            "\"cvv\"",
            "\"cvc\"",
            "test.toml:29: structures.additional.subfields.92: ",
            "cvv",
        ),
    ] {
        let document = DOCUMENT.replace(from, to);
        let error = Dialect::from_toml("test.toml", &document)
            .expect_err(to)
            .to_string();
        assert!(error.starts_with(begins) && error.contains(says), "{error}");
    }
}
