//! Each kind of error: its text, with element and position, and what stays readable.
#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    reason = "a failed expectation fails the test"
)]

mod common;

use bytes::{Bytes, BytesMut};
use codec::{Dialect, Element, EncodeError, Framing, LengthHeader, Message, Mti, Undecodable};
use common::{dialect, element};

/// A PAN that must not appear in any text.
const CANARY: &str = "4999990000000004";

fn numbers(message: &Message) -> Vec<u8> {
    message.elements().map(Element::number).collect()
}

/// The first characters of a message.
fn cut(text: &str, characters: usize) -> String {
    text.chars().take(characters).collect()
}

fn undecodable(dialect: &Dialect, wire: &[u8]) -> Undecodable {
    dialect
        .decode(Bytes::copy_from_slice(wire))
        .expect_err("not decodable")
}

/// DE2 begins at 20, DE3 at 38, DE4 at 44, DE11 at 56; 62 is its end.
fn good() -> String {
    format!("0100702000000000000016{CANARY}000000000000012345000001")
}

/// The good message with other characters from a byte on.
fn with(from: usize, text: &str) -> String {
    let mut wire = good();
    wire.replace_range(from..from + text.len(), text);
    wire
}

/// Wire, text of the error, elements that stay readable; the expectation of one table row.
type Row<'a> = (String, &'a str, Option<&'a [u8]>);

fn check(table: &[Row<'_>], structure: bool) {
    let dialect = dialect();
    for (wire, text, readable) in table {
        let error = undecodable(&dialect, wire.as_bytes());
        assert_eq!(error.to_string(), *text, "{wire}");
        assert_eq!(error.error.kind.is_structure(), structure, "{wire}");
        assert_eq!(
            error.readable.as_ref().map(numbers).as_deref(),
            *readable,
            "{wire}"
        );
        assert!(!format!("{error:?}{error}").contains(CANARY));
    }
}

#[test]
fn the_good_message_is_good() {
    let message = dialect().decode(Bytes::from(good())).unwrap();
    assert_eq!(numbers(&message), [2, 3, 4, 11]);
}

#[test]
fn errors_before_the_elements_say_where() {
    let hex = "expected 16 hexadecimal digits, found";
    let bad = "a byte outside 0-9 A-F a-f at";
    let second = "0100F0200000000000000000000000000002";
    let cut_first = format!("first bitmap at byte 4: {hex} 3 bytes");
    let bad_first = format!("first bitmap at byte 4: {hex} {bad} 9");
    let cut_second = format!("second bitmap at byte 20: {hex} 15 bytes");
    let bad_second = format!("second bitmap at byte 20: {hex} {bad} 35");
    let bad_mti = "MTI at byte 0: expected 4 digits, found a byte outside 0-9 at 2";
    check(
        &[
            (
                String::new(),
                "MTI at byte 0: expected 4 digits, found 0 bytes",
                None,
            ),
            (
                cut("0100", 3),
                "MTI at byte 0: expected 4 digits, found 3 bytes",
                None,
            ),
            (with(2, "X"), bad_mti, None),
            (cut(&good(), 7), &cut_first, Some(&[])),
            (with(9, "g"), &bad_first, Some(&[])),
            (cut(second, 35), &cut_second, Some(&[])),
            (format!("{}z", cut(second, 35)), &bad_second, Some(&[])),
        ],
        true,
    );
}

#[test]
fn errors_of_structure_keep_what_came_before() {
    let two = "DE2 at byte 20: expected a length of 2 digits, found";
    let cut_length = format!("{two} 1 byte");
    let bad_length = format!("{two} a byte outside 0-9 at 21");
    let cut_value = "DE2 at byte 20: expected 99 digits, found 40 bytes";
    let trailing = "message at byte 62: expected the end after the last element, found 2 bytes";
    check(
        &[
            (cut(&good(), 21), &cut_length, Some(&[])),
            (with(21, "A"), &bad_length, Some(&[])),
            (with(20, "99"), cut_value, Some(&[])),
            (
                cut(&good(), 43),
                "DE3 at byte 38: expected 6 digits, found 5 bytes",
                Some(&[2]),
            ),
            (
                cut(&good(), 55),
                "DE4 at byte 44: expected 12 digits, found 11 bytes",
                Some(&[2, 3]),
            ),
            (format!("{}00", good()), trailing, Some(&[2, 3, 4, 11])),
        ],
        true,
    );
}

#[test]
fn errors_of_content_keep_the_other_elements() {
    let letter = "DE4 at byte 44: expected 12 digits, found a byte outside 0-9 at 47";
    let space = "DE2 at byte 20: expected 16 digits, found a byte outside 0-9 at 30";
    let long = "DE2 at byte 20: expected at most 19 digits, found a length of 20";
    let odd = "DE55 at byte 20: expected an even number of hexadecimal digits, found 3";
    let sign = "DE28 at byte 20: expected 9 characters of a sign and digits, found a byte outside C D, \
                then 0-9 at 20";
    let too_long = format!("0100602000000000000020{CANARY}0000000000000001");
    check(
        &[
            (with(47, "x"), letter, Some(&[2, 3, 11])),
            (with(30, " "), space, Some(&[3, 4, 11])),
            // The structure breaks after the bad content: the index stops, and the first error is told.
            (cut(&with(47, "x"), 60), letter, Some(&[2, 3])),
            (format!("{}00", with(47, "x")), letter, Some(&[2, 3, 11])),
            (too_long, long, Some(&[3, 11])),
            ("01000000000000000200003ABC".into(), odd, Some(&[])),
            ("01000000001000000000X00000125".into(), sign, Some(&[])),
        ],
        false,
    );
}

#[test]
fn a_frame_too_long_to_index_is_an_error() {
    let error = undecodable(&dialect(), &vec![b'0'; 65_536]);
    assert_eq!(
        error.to_string(),
        "message at byte 0: expected at most 65535 bytes, found 65536"
    );
}

#[test]
fn bytes_beyond_ascii_never_reach_a_text() {
    let dialect = dialect();
    let mut wire = b"01002000000000800000000000TERM000".to_vec();
    wire.push(0xE9);
    let error = undecodable(&dialect, &wire);
    assert_eq!(error.error.element, Some(Element::TERMINAL_ID));
    let readable = error.readable.unwrap();
    assert_eq!(readable.text(Element::PROCESSING_CODE), Some("000000"));
    assert_eq!(readable.text(Element::TERMINAL_ID), None);
}

#[test]
fn an_element_that_the_dialect_lacks_is_named_both_ways() {
    let text = std::fs::read_to_string(common::dialect_path()).unwrap();
    let without: String = text
        .lines()
        .filter(|line| !line.starts_with("4 = "))
        .map(|line| format!("{line}\n"))
        .collect();
    let dialect = Dialect::from_toml("without-4.toml", &without).unwrap();
    let error = undecodable(&dialect, b"01003000000000000000000000000000012345");
    assert_eq!(
        error.to_string(),
        "DE4 at byte 26: the dialect does not define this element"
    );
    assert_eq!(error.readable.as_ref().map(numbers), Some(vec![3]));
    let mut encoder = dialect.encoder(Mti::parse(b"0100").unwrap());
    let refused = encoder
        .set(Element::AMOUNT_TRANSACTION, "000000012345")
        .write(&mut BytesMut::new());
    assert_eq!(
        refused.unwrap_err().to_string(),
        "DE4: the dialect does not define this element"
    );
    let request = common::dialect()
        .decode(Bytes::from_static(
            b"01003000000000000000000000000000012345",
        ))
        .unwrap();
    let mut out = BytesMut::new();
    let list = [Element::PROCESSING_CODE, Element::AMOUNT_TRANSACTION];
    dialect
        .encoder(request.mti())
        .echo(&request, &list)
        .write(&mut out)
        .unwrap();
    assert_eq!(&out[..], b"01002000000000000000000000", "echo skips it");
}

#[test]
fn encode_errors_say_what_was_expected_and_leave_the_buffer() {
    let dialect = dialect();
    let long = "4".repeat(20);
    let table: [(u8, &str, &str); 8] = [
        (
            2,
            &long,
            "DE2: expected at most 19 digits, found 20 characters",
        ),
        (
            2,
            "499999000000000X",
            "DE2: expected digits, found a byte outside 0-9 at 15 of the value",
        ),
        (4, "12345", "DE4: expected 12 digits, found 5 characters"),
        (
            4,
            "0000000012345",
            "DE4: expected 12 digits, found 13 characters",
        ),
        (
            28,
            "000000125",
            "DE28: expected characters of a sign and digits, found a byte outside C D, then 0-9 at 0 of the value",
        ),
        (
            43,
            "é",
            "DE43: expected printable characters, found a byte outside 0x20-0x7E at 0 of the value",
        ),
        (
            55,
            "9F2",
            "DE55: expected an even number of hexadecimal digits, found 3",
        ),
        (
            35,
            "4999990000000004^2912",
            "DE35: expected track digits or separators, found a byte outside 0-9 = D at 16 of the value",
        ),
    ];
    for (number, value, text) in table {
        let mut out = BytesMut::from(&b"before"[..]);
        let mut encoder = dialect.encoder(Mti::parse(b"0100").unwrap());
        encoder
            .set(element(11), "000001")
            .set(element(number), value);
        let error = encoder.write(&mut out).unwrap_err();
        assert_eq!(error.to_string(), text);
        assert_eq!(error.element, Some(element(number)));
        assert_eq!(&out[..], b"before");
    }
}

#[test]
fn a_message_beyond_the_frame_limit_is_not_written() {
    let dialect = dialect();
    let value = "x".repeat(999);
    let mut encoder = dialect.encoder(Mti::parse(b"0100").unwrap());
    for number in 56..=63 {
        encoder.set(element(number), &value);
    }
    let mut out = BytesMut::new();
    dialect
        .framing()
        .write(&mut out, |out| encoder.write(out))
        .unwrap();
    assert_eq!(out.len(), 2 + 20 + 8 * 1002);
    out.clear();
    encoder.set(element(48), &value);
    let error: EncodeError = dialect
        .framing()
        .write(&mut out, |out| encoder.write(out))
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "message: expected a frame of at most 8192 bytes, found 9038"
    );
    assert!(out.is_empty());
    let framing = Framing::new(LengthHeader::BINARY_2, 8192);
    assert_eq!(dialect.framing(), framing);
}

#[test]
fn debug_texts_never_hold_a_value() {
    let dialect = dialect();
    let wire = format!("0100602000000000000016{CANARY}000000000001");
    let message = dialect.decode(Bytes::from(wire.clone())).unwrap();
    assert_eq!(message.text(Element::PAN), Some(CANARY));
    assert_eq!(
        format!("{message:?}"),
        "Message { mti: 0100, elements: [DE2, DE3, DE11] }"
    );
    let trailing = undecodable(&dialect, format!("{wire}{CANARY}").as_bytes());
    assert_eq!(
        trailing.readable.as_ref().unwrap().text(Element::PAN),
        Some(CANARY)
    );
    let track = format!("{CANARY}^2912");
    let mut encoder = dialect.encoder(message.mti());
    encoder
        .set(Element::PAN, CANARY)
        .set(Element::TRACK_2, &track);
    let refused = encoder.write(&mut BytesMut::new()).unwrap_err();
    for text in [
        format!("{message:?} {message:#?}"),
        format!("{trailing:?} {trailing:#?} {trailing}"),
        format!("{encoder:?} {encoder:#?}"),
        format!("{refused:?} {refused}"),
    ] {
        assert!(!text.contains(CANARY) && !text.contains("499999"), "{text}");
    }
}
