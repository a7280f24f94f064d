//! One element in each encoding: its bytes, both ways, and each way in which it can be wrong.
#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    reason = "a failed expectation fails the test"
)]
#![allow(clippy::too_many_lines, reason = "a table is as long as its rows")]

mod common;

use bytes::{Bytes, BytesMut};
use codec::{Dialect, Element, Mti};
use common::{element, from_hex, to_hex};

const PIN: Element = Element::PIN_DATA;

/// A dialect of one element, DE52, with one binary bitmap and a packed MTI, so that its bytes begin at 10.
fn dialect(field: &str, more: &str) -> Dialect {
    let text = format!(
        r#"
name = "test"
source = "made up"
version = "1987"
framing = {{ length_header = "binary-2", maximum_frame_bytes = 8192 }}
encoding = {{ mti = "bcd", values = "ascii", lengths = "ascii" }}
bitmap = {{ encoding = "binary", second = "none" }}
{more}
[fields]
52 = {{ name = "Test", {field} }}
"#
    );
    Dialect::from_toml("test.toml", &text).unwrap()
}

const HEAD: &str = "01000000000000001000";

fn encode(dialect: &Dialect, value: &str) -> Result<String, String> {
    let mut out = BytesMut::new();
    let mut encoder = dialect.encoder(Mti::parse(b"0100").unwrap());
    let written = encoder.set(PIN, value).write(&mut out);
    written.map_err(|error| error.to_string())?;
    Ok(to_hex(&out)
        .strip_prefix(HEAD)
        .expect("the head")
        .to_owned())
}

fn decode(dialect: &Dialect, wire: &str) -> Result<String, String> {
    let frame = Bytes::from(from_hex(&format!("{HEAD}{wire}")));
    let message = dialect.decode(frame).map_err(|error| error.to_string())?;
    let text = message.text(PIN).unwrap().to_owned();
    assert_eq!(&*message.value(PIN).unwrap(), text.as_str());
    assert!(wire.ends_with(&to_hex(message.wire(PIN).unwrap())));
    Ok(text)
}

#[test]
fn each_combination_has_its_bytes() {
    let bcd_2 = r#"maximum = 19, length_digits = 2, length_encoding = "bcd""#;
    let binary_1 = r#"maximum = 19, length_bytes = 1, length_encoding = "binary""#;
    let bytes = r#"maximum = 38, length_digits = 2"#;
    for (field, value, wire) in [
        (
            r#"format = "n", length = 6"#.to_owned(),
            "123456",
            "313233343536",
        ),
        (
            r#"format = "ans", length = 4, encoding = "ebcdic-037""#.into(),
            "[A^|",
            "BAC1B04F",
        ),
        (
            r#"format = "ans", length = 4, encoding = "ebcdic-500""#.into(),
            "[A^|",
            "4AC15FBB",
        ),
        (
            r#"format = "ans", length = 4, encoding = "ebcdic-1047""#.into(),
            "[A^|",
            "ADC15F4F",
        ),
        (
            r#"format = "n", length = 6, encoding = "bcd""#.into(),
            "123456",
            "123456",
        ),
        (
            r#"format = "n", length = 3, encoding = "bcd""#.into(),
            "840",
            "0840",
        ),
        (
            r#"format = "n", length = 3, encoding = "bcd", pad = "right""#.into(),
            "840",
            "8400",
        ),
        (
            r#"format = "n", length = 3, encoding = "bcd", pad = "right", pad_with = "F""#.into(),
            "840",
            "840F",
        ),
        (
            format!(r#"format = "n", encoding = "bcd", {bcd_2}"#),
            "12345",
            "05012345",
        ),
        (
            format!(r#"format = "n", encoding = "bcd", pad = "right", {bcd_2}"#),
            "12345",
            "05123450",
        ),
        (
            format!(r#"format = "n", encoding = "bcd", {binary_1}"#),
            "4000001200000016",
            "104000001200000016",
        ),
        (
            format!(r#"format = "n", encoding = "bcd", length_unit = "bytes", {binary_1}"#),
            "1234",
            "021234",
        ),
        // A length in bytes hides an odd number of digits unless the pad is no digit, or one digit is too many.
        (
            format!(
                r#"format = "n", encoding = "bcd", length_unit = "bytes", pad_with = "F", {binary_1}"#
            ),
            "123",
            "02F123",
        ),
        (
            format!(r#"format = "n", encoding = "bcd", length_unit = "bytes", {binary_1}"#),
            "1234567890123456789",
            "0A01234567890123456789",
        ),
        (
            format!(r#"format = "n", encoding = "bcd", length_unit = "nibbles", {binary_1}"#),
            "1234",
            "041234",
        ),
        (
            format!(r#"format = "ans", length_unit = "nibbles", {binary_1}"#),
            "abc",
            "06616263",
        ),
        (
            format!(r#"format = "z", encoding = "bcd", {bcd_2}"#),
            "4D291",
            "0504D291",
        ),
        (
            r#"format = "x+n", length = 9, encoding = "bcd""#.into(),
            "D00000125",
            "4400000125",
        ),
        (
            r#"format = "x+n", length = 9, encoding = "bcd", sign = "ebcdic""#.into(),
            "C00000125",
            "C300000125",
        ),
        (
            r#"format = "x+n", length = 4, encoding = "bcd", pad = "right""#.into(),
            "C123",
            "431230",
        ),
        (
            format!(r#"format = "x+n", encoding = "bcd", length_unit = "digits", {binary_1}"#),
            "C1234",
            "04431234",
        ),
        (
            r#"format = "b", length = 16, encoding = "binary""#.into(),
            "0123456789ABCDEF",
            "0123456789ABCDEF",
        ),
        (
            r#"format = "b", length = 4, encoding = "hex""#.into(),
            "01AB",
            "30314142",
        ),
        (
            r#"format = "b", length = 4, encoding = "ebcdic-500""#.into(),
            "01AB",
            "F0F1C1C2",
        ),
        (
            format!(r#"format = "b", encoding = "binary", {bytes}"#),
            "01ABCD",
            "303301ABCD",
        ),
        (
            format!(r#"format = "b", encoding = "binary", length_unit = "characters", {bytes}"#),
            "01ABCD",
            "303601ABCD",
        ),
        (
            format!(r#"format = "b", encoding = "hex", {bytes}"#),
            "01AB",
            "303230314142",
        ),
        (format!(r#"format = "b", {bytes}"#), "01AB", "303430314142"),
        (
            r#"format = "ans", maximum = 9, length_digits = 3, length_encoding = "ebcdic""#.into(),
            "ab",
            "F0F0F26162",
        ),
        (
            r#"format = "ans", maximum = 300, length_bytes = 2, length_encoding = "binary""#.into(),
            "ab",
            "00026162",
        ),
        // 153 in one byte is 0x99; the packed 99 is the same byte and another length.
        (
            r#"format = "ans", maximum = 200, length_bytes = 1, length_encoding = "binary""#.into(),
            &"x".repeat(153),
            &format!("99{}", "78".repeat(153)),
        ),
        (
            r#"format = "ans", maximum = 99, length_digits = 2, length_encoding = "bcd""#.into(),
            &"x".repeat(99),
            &format!("99{}", "78".repeat(99)),
        ),
    ] {
        let dialect = dialect(&field, "");
        assert_eq!(encode(&dialect, value).as_deref(), Ok(wire), "{field}");
        assert_eq!(decode(&dialect, wire).as_deref(), Ok(value), "{field}");
    }
}

#[test]
fn what_is_not_canonical_is_read_and_written_canonically() {
    let hex = dialect(r#"format = "b", length = 4, encoding = "binary""#, "");
    assert_eq!(encode(&hex, "01ab").as_deref(), Ok("01AB"));
    let track = dialect(r#"format = "z", length = 6, encoding = "bcd""#, "");
    assert_eq!(encode(&track, "4=2912").as_deref(), Ok("4D2912"));
    let bytes =
        r#"format = "n", encoding = "bcd", length_unit = "bytes", maximum = 19, length_digits = 2"#;
    let bytes = dialect(bytes, "");
    assert_eq!(encode(&bytes, "123").as_deref(), Ok("30320123"));
    assert_eq!(decode(&bytes, "30320123").as_deref(), Ok("0123"));
}

#[test]
fn short_text_of_fixed_length_is_filled_where_the_dialect_says_so() {
    for (field, value, wire) in [
        (
            r#"format = "ans", length = 4, pad = "right", pad_with = " ""#,
            "ab",
            "61622020",
        ),
        (
            r#"format = "n", length = 4, pad = "left", pad_with = "0""#,
            "12",
            "30303132",
        ),
        (
            r#"format = "ans", length = 3, encoding = "ebcdic-500", pad = "right", pad_with = " ""#,
            "A",
            "C14040",
        ),
    ] {
        let dialect = dialect(field, "");
        assert_eq!(encode(&dialect, value).as_deref(), Ok(wire), "{field}");
        let long = encode(&dialect, "12345");
        assert!(long.unwrap_err().contains("found 5 characters"), "{field}");
    }
}

#[test]
fn each_fault_on_the_wire_has_its_place() {
    let bcd =
        r#"encoding = "bcd", maximum = 5, minimum = 2, length_digits = 2, length_encoding = "bcd""#;
    let fixed = r#"format = "n", encoding = "bcd", length = 3"#;
    for (field, wire, expected) in [
        (
            r#"format = "n", encoding = "bcd", length = 4"#.to_owned(),
            "123A",
            "expected 4 digits, found a nibble outside 0-9 in byte 11",
        ),
        (fixed.to_owned(), "1840", "expected the pad nibble 0, found another in byte 10"),
        (
            format!(r#"{fixed}, pad = "right", pad_with = "F""#),
            "8400",
            "expected the pad nibble F, found another in byte 11",
        ),
        (format!(r#"format = "n", {bcd}"#), "06123456", "expected at most 5 digits, found a length of 6"),
        (format!(r#"format = "n", {bcd}"#), "0101", "expected at least 2 digits, found a length of 1"),
        (
            format!(r#"format = "n", {bcd}"#),
            "1A",
            "expected a length of 2 packed digits, found a nibble outside 0-9 at 10",
        ),
        (format!(r#"format = "n", {bcd}"#), "", "expected a length of 2 packed digits, found 0 bytes"),
        (format!(r#"format = "n", {bcd}"#), "0512", "expected 5 digits, found 1 byte"),
        (
            r#"format = "z", encoding = "bcd", length = 4"#.into(),
            "12F4",
            "expected 4 track digits or separators, found a nibble outside 0-9 = D in byte 11",
        ),
        (
            r#"format = "x+n", encoding = "bcd", length = 5"#.into(),
            "4112 34",
            "expected 5 characters of a sign and digits, found a byte outside C D, then 0-9 at 10",
        ),
        (
            r#"format = "x+n", encoding = "bcd", length = 5"#.into(),
            "43123F",
            "expected 5 characters of a sign and digits, found a nibble outside C D, then 0-9 in byte 12",
        ),
        (
            r#"format = "n", encoding = "ebcdic-500", length = 2"#.into(),
            "F131",
            "expected 2 digits, found a byte outside 0-9 at 11",
        ),
        (
            r#"format = "n", maximum = 9, length_bytes = 2, length_encoding = "binary""#.into(),
            "00",
            "expected a length of 2 bytes, found 1 byte",
        ),
        (
            r#"format = "n", encoding = "bcd", length_unit = "nibbles", maximum = 8, length_digits = 1"#.into(),
            "330123",
            "expected an even length in nibbles, found 3",
        ),
        (
            r#"format = "b", encoding = "binary", length_unit = "characters", maximum = 8, length_digits = 1"#.into(),
            "33AB12",
            "expected an even number of hexadecimal digits, found 3",
        ),
    ] {
        let dialect = dialect(&field, "");
        let expected = format!("DE52 at byte 10: {expected}");
        assert_eq!(decode(&dialect, wire), Err(expected), "{field}");
    }
}

#[test]
fn leniency_lets_through_what_it_names_and_nothing_else() {
    let fixed = r#"format = "n", encoding = "bcd", length = 3"#;
    let variable = r#"format = "n", maximum = 2, minimum = 1, length_digits = 1"#;
    for (field, key, wire, value) in [
        (fixed, "pad", "1840", "840"),
        (fixed, "content", "084A", "84A"),
        (variable, "length", "33313233", "123"),
        (variable, "length", "30", ""),
        (variable, "content", "323120", "1 "),
    ] {
        let strict = dialect(field, "");
        assert!(decode(&strict, wire).is_err(), "{field} {key}");
        let lenient = dialect(field, &format!("lenient = {{ {key} = true }}"));
        assert_eq!(
            decode(&lenient, wire).as_deref(),
            Ok(value),
            "{field} {key}"
        );
        for other in ["pad", "content", "length", "trailing_bytes"] {
            if other != key {
                let lenient = dialect(field, &format!("lenient = {{ {other} = true }}"));
                assert!(decode(&lenient, wire).is_err(), "{field} {other}");
            }
        }
    }
    let trailing = dialect(variable, "lenient = { trailing_bytes = true }");
    let frame = Bytes::from(from_hex(&format!("{HEAD}3131FF")));
    assert_eq!(trailing.decode(frame).unwrap().text(PIN), Some("1"));
    let content = dialect(variable, "lenient = { content = true }");
    assert!(decode(&content, "3131FF").is_err());
    assert!(decode(&content, "3231E9").is_err(), "not printable");
}

#[test]
fn values_beyond_64_characters_are_translated_too() {
    let dialect = dialect(
        r#"format = "ans", encoding = "ebcdic-1047", maximum = 999, length_digits = 3"#,
        "",
    );
    for length in [0, 63, 64, 65, 999] {
        let value: String = "Az 09[]".chars().cycle().take(length).collect();
        let wire = encode(&dialect, &value).unwrap();
        assert_eq!(decode(&dialect, &wire), Ok(value));
    }
    let frame = Bytes::from(from_hex(&format!("{HEAD}303031C1")));
    let message = dialect.decode(frame).unwrap();
    assert_eq!(
        format!("{:?}", message.value(PIN)),
        "Some(Value(1 characters))"
    );
    assert!(message.value(element(2)).is_none() && message.wire(element(2)).is_none());
}
