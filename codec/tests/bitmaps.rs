//! The bitmaps of a dialect: which there are, where they are, and what announces them.
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

fn dialect(bitmap: &str, last: u8) -> Dialect {
    let fields: String = (2..=last)
        .filter(|number| *number != 65)
        .map(|number| {
            format!(
                "{number} = {{ name = \"Test\", format = \"n\", length = 2, encoding = \"bcd\" }}\n"
            )
        })
        .collect();
    let text = format!(
        r#"
name = "test"
source = "made up"
version = "1987"
framing = {{ length_header = "binary-2", maximum_frame_bytes = 8192 }}
encoding = {{ mti = "bcd", values = "ascii", lengths = "ascii" }}
bitmap = {{ {bitmap} }}
[fields]
{fields}"#
    );
    Dialect::from_toml("test.toml", &text).unwrap()
}

fn encode(dialect: &Dialect, numbers: &[u8]) -> String {
    let values: Vec<String> = numbers
        .iter()
        .map(|number| format!("{:02}", number % 100))
        .collect();
    let mut encoder = dialect.encoder(Mti::parse(b"0100").unwrap());
    for (number, value) in numbers.iter().zip(&values) {
        encoder.set(element(*number), value);
    }
    let mut out = BytesMut::new();
    encoder.write(&mut out).unwrap();
    to_hex(&out)
}

fn decode(dialect: &Dialect, wire: &str) -> Result<Vec<u8>, String> {
    let message = dialect
        .decode(Bytes::from(from_hex(wire)))
        .map_err(|error| error.to_string())?;
    let elements: Vec<Element> = message.elements().collect();
    for element in &elements {
        let expected = format!("{:02}", element.number() % 100);
        assert_eq!(message.text(*element), Some(expected.as_str()), "{element}");
    }
    Ok(elements.into_iter().map(Element::number).collect())
}

#[test]
fn each_arrangement_is_written_and_read() {
    let binary = |second: &str, third: &str| {
        format!(r#"encoding = "binary", second = "{second}", third = "{third}""#)
    };
    for (bitmap, last, numbers, wire) in [
        (
            binary("none", "none"),
            64,
            &[2, 64][..],
            "0100 4000000000000001 02 64",
        ),
        (
            binary("announced-by-bit-1", "none"),
            128,
            &[2, 66],
            "0100 C000000000000000 4000000000000000 02 66",
        ),
        (
            binary("announced-by-bit-1", "none"),
            128,
            &[2],
            "0100 4000000000000000 02",
        ),
        (
            binary("always-announced", "none"),
            128,
            &[2],
            "0100 C000000000000000 0000000000000000 02",
        ),
        // Bit 1 stays clear although elements beyond 64 are there.
        (
            binary("fixed", "none"),
            128,
            &[2, 128],
            "0100 4000000000000000 0000000000000001 02 28",
        ),
        (
            binary("fixed", "none"),
            128,
            &[2],
            "0100 4000000000000000 0000000000000000 02",
        ),
        (
            binary("announced-by-bit-1", "announced-by-bit-65"),
            192,
            &[2, 66, 130],
            "0100 C000000000000000 C000000000000000 4000000000000000 02 66 30",
        ),
        // Nothing but a third bitmap: both others announce.
        (
            binary("announced-by-bit-1", "announced-by-bit-65"),
            192,
            &[192],
            "0100 8000000000000000 8000000000000000 0000000000000001 92",
        ),
        (
            binary("announced-by-bit-1", "announced-by-bit-65"),
            192,
            &[2, 66],
            "0100 C000000000000000 4000000000000000 02 66",
        ),
        // The third bitmap in the place of element 65: behind 64, before 66.
        (
            binary("announced-by-bit-1", "in-element-65"),
            192,
            &[2, 64, 66, 130],
            "0100 C000000000000001 C000000000000000 02 64 4000000000000000 66 30",
        ),
        (
            binary("announced-by-bit-1", "in-element-65"),
            192,
            &[130],
            "0100 8000000000000000 8000000000000000 4000000000000000 30",
        ),
        (
            binary("fixed", "fixed"),
            192,
            &[2, 130],
            "0100 4000000000000000 0000000000000000 4000000000000000 02 30",
        ),
    ] {
        let dialect = dialect(&bitmap, last);
        let wire = wire.replace(' ', "");
        assert_eq!(encode(&dialect, numbers), wire, "{bitmap}");
        assert_eq!(decode(&dialect, &wire).as_deref(), Ok(numbers), "{bitmap}");
    }
}

#[test]
fn hexadecimal_maps_are_written_in_the_case_of_the_dialect_and_read_in_both() {
    for (encoding, written) in [
        ("ascii-hex", &b"7C00000000000000"[..]),
        ("ascii-hex-lower", b"7c00000000000000"),
        (
            "ebcdic-hex",
            b"\xF7\xC3\xF0\xF0\xF0\xF0\xF0\xF0\xF0\xF0\xF0\xF0\xF0\xF0\xF0\xF0",
        ),
    ] {
        let dialect = dialect(&format!(r#"encoding = "{encoding}", second = "none""#), 64);
        let wire = encode(&dialect, &[2, 3, 4, 5, 6]);
        assert_eq!(
            wire,
            format!("0100{}0203040506", to_hex(written)),
            "{encoding}"
        );
        for (upper, lower) in [("C3", "83"), ("43", "63")] {
            let other = wire.replacen(upper, lower, 1);
            assert_eq!(
                decode(&dialect, &other),
                Ok(vec![2, 3, 4, 5, 6]),
                "{encoding}"
            );
        }
    }
}

#[test]
fn an_empty_second_map_and_a_useless_bit_1_are_read() {
    let announced = dialect(r#"encoding = "binary", second = "announced-by-bit-1""#, 128);
    assert_eq!(
        decode(&announced, "0100C000000000000000000000000000000002"),
        Ok(vec![2])
    );
    let fixed = dialect(r#"encoding = "binary", second = "fixed""#, 128);
    assert_eq!(
        decode(&fixed, "0100C000000000000000000000000000000002"),
        Ok(vec![2])
    );
}

#[test]
fn a_map_that_the_dialect_does_not_have_is_an_error() {
    let one = dialect(r#"encoding = "binary", second = "none""#, 64);
    assert_eq!(
        decode(&one, "0100C0000000000000000200"),
        Err(
            "first bitmap at byte 2: bit 1 announces a second bitmap, which the dialect does not have"
                .to_owned()
        )
    );
    let two = dialect(r#"encoding = "binary", second = "announced-by-bit-1""#, 128);
    assert_eq!(
        decode(&two, "010080000000000000008000000000000000"),
        Err("DE65 at byte 18: the dialect does not define this element".to_owned())
    );
    let three =
        r#"encoding = "binary", second = "announced-by-bit-1", third = "announced-by-bit-65""#;
    assert_eq!(
        decode(
            &dialect(three, 128),
            "01008000000000000000800000000000000080"
        ),
        Err("third bitmap at byte 18: expected 8 bytes, found 1 byte".to_owned())
    );
    // The first bit of the third map is element 129: no fourth map exists.
    let cut = decode(
        &dialect(three, 128),
        "0100800000000000000080000000000000008000000000000000",
    );
    assert_eq!(
        cut,
        Err("DE129 at byte 26: the dialect does not define this element".to_owned())
    );
    let inside = r#"encoding = "binary", second = "announced-by-bit-1", third = "in-element-65""#;
    assert_eq!(
        decode(
            &dialect(inside, 128),
            "01008000000000000000800000000000000080"
        ),
        Err("third bitmap at byte 18: expected 8 bytes, found 1 byte".to_owned())
    );
}
