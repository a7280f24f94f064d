//! Keys that are good one by one and cannot work together: each combination is refused with its reason.
#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    reason = "a failed expectation fails the test"
)]
#![allow(clippy::too_many_lines, reason = "a table is as long as its rows")]

use codec::Dialect;

const HEAD: &str = r#"name = "test"
source = "made up"
version = "1987"
framing = { length_header = "binary-2", maximum_frame_bytes = 100 }
encoding = { mti = "ascii", lengths = "ascii", values = "ascii" }
bitmap = { encoding = "ascii-hex", second = "announced-by-bit-1" }
[fields]
2 = { name = "PAN", format = "n", maximum = 19, length_digits = 2, sensitivity = "pan" }
"#;

fn refused(text: &str) -> String {
    Dialect::from_toml("test.toml", text)
        .expect_err("refused")
        .to_string()
}

#[test]
fn each_combination_that_cannot_work_is_refused() {
    for (entry, reason) in [
        (
            r#"format = "ans", length = 4, encoding = "binary""#,
            "encoding binary and hex take format b only",
        ),
        (
            r#"format = "n", length = 4, encoding = "hex""#,
            "encoding binary and hex take format b only",
        ),
        (
            r#"format = "an", length = 4, encoding = "bcd""#,
            "encoding bcd takes formats n, z and x+n only",
        ),
        (
            r#"format = "n", length = 4, structure = "tlv""#,
            "there is no table structures.tlv",
        ),
        (
            r#"format = "n", length = 4, length_digits = 2"#,
            "expected either length, or maximum with length_digits or length_bytes",
        ),
        (
            r#"format = "n", length = 4, length_unit = "bytes""#,
            "expected either length, or maximum with length_digits or length_bytes",
        ),
        (
            r#"format = "n", length = 4, minimum = 1"#,
            "expected either length, or maximum with length_digits or length_bytes",
        ),
        (
            r#"format = "n", maximum = 4, length_bytes = 1"#,
            "this encoding of the length is sized with length_digits",
        ),
        (
            r#"format = "n", maximum = 4, length_digits = 1, length_encoding = "binary""#,
            "this encoding of the length is sized with length_bytes",
        ),
        (
            r#"format = "n", maximum = 4, length_bytes = 5, length_encoding = "binary""#,
            "expected length_bytes of 1 to 4, found 5",
        ),
        (
            r#"format = "n", maximum = 256, length_bytes = 1, length_encoding = "binary""#,
            "a maximum of 256 is a length of 256, which does not fit in 1 byte",
        ),
        (
            r#"format = "n", maximum = 100, length_digits = 2, length_encoding = "bcd""#,
            "a maximum of 100 is a length of 100, which does not fit in 2 packed digits",
        ),
        (
            r#"format = "b", maximum = 200, length_digits = 2, encoding = "binary""#,
            "a maximum of 200 is a length of 100, which does not fit in 2 digits",
        ),
        (
            r#"format = "n", maximum = 4, minimum = 5, length_digits = 1"#,
            "a minimum of 5 is more than the maximum of 4",
        ),
        (
            r#"format = "b", maximum = 4, minimum = 1, length_digits = 1"#,
            "format b is two characters per byte: expected an even length, found 1",
        ),
        (
            r#"format = "x+n", maximum = 4, minimum = 0, length_digits = 1"#,
            "format x+n is a sign and digits: expected a length of at least 2, found 0",
        ),
        (
            r#"format = "n", length = 4, sign = "ascii""#,
            "sign is for format x+n in encoding bcd",
        ),
        (
            r#"format = "n", length = 3, encoding = "bcd", pad_with = " ""#,
            "pad_with: expected one digit 0-9 or A-F, of a track not D",
        ),
        (
            r#"format = "z", length = 3, encoding = "bcd", pad_with = "D""#,
            "pad_with: expected one digit 0-9 or A-F, of a track not D",
        ),
        (
            r#"format = "n", maximum = 3, length_digits = 1, encoding = "bcd", length_unit = "bytes", pad = "right""#,
            "a length in bytes or nibbles hides the pad: expected pad_with A to F, or 0 on the left",
        ),
        (
            r#"format = "n", length = 4, pad = "left", pad_with = " ""#,
            "pad_with: expected one character of the format",
        ),
        (
            r#"format = "n", length = 4, pad = "left""#,
            "pad and pad_with are for packed digits, or both for text of a fixed length",
        ),
        (
            r#"format = "ans", maximum = 4, length_digits = 1, pad = "left", pad_with = " ""#,
            "pad and pad_with are for packed digits, or both for text of a fixed length",
        ),
        (
            r#"format = "b", length = 4, encoding = "binary", pad = "left""#,
            "pad and pad_with are for packed digits, or both for text of a fixed length",
        ),
    ] {
        assert_eq!(
            refused(&format!("{HEAD}4 = {{ name = \"A\", {entry} }}\n")),
            format!("test.toml:9: DE4: {reason}"),
            "{entry}"
        );
    }
}

#[test]
fn each_framing_and_bitmap_that_cannot_work_is_refused() {
    let framing = r#"length_header = "binary-2", maximum_frame_bytes = 100"#;
    let template = "header_template: expected the header of a new message in hexadecimal, at most 32 bytes: tpdu 5, \
                    visa 22 beginning with 16, base24 12 beginning with ISO";
    for (keys, reason) in [
        (
            r#"length_header = "ascii-4", byte_order = "little", maximum_frame_bytes = 100"#,
            "byte_order is for binary lengths",
        ),
        (
            r#"length_header = "ascii-2", maximum_frame_bytes = 100"#,
            "expected maximum_frame_bytes of 1 to 99, found 100",
        ),
        (
            r#"length_header = "binary-2", length_counts_itself = true, maximum_frame_bytes = 65534"#,
            "expected maximum_frame_bytes of 1 to 65533, found 65534",
        ),
        (
            r#"length_header = "none", maximum_frame_bytes = 100"#,
            "length_header none: expected a trailer, no control bytes, and no length_counts_itself",
        ),
        (
            r#"length_header = "binary-2", control_bytes_before = 3, control_bytes_after = 2, maximum_frame_bytes = 9"#,
            "expected at most 4 control bytes, found 5",
        ),
        (
            r#"length_header = "binary-2", header = "fixed", maximum_frame_bytes = 100"#,
            template,
        ),
        (
            r#"length_header = "binary-2", header = "tpdu", header_template = "60", maximum_frame_bytes = 100"#,
            template,
        ),
        (
            r#"length_header = "binary-2", header = "visa", header_template = "6x", maximum_frame_bytes = 100"#,
            template,
        ),
        (
            r#"length_header = "binary-2", header = "fixed", header_template = "123", maximum_frame_bytes = 100"#,
            template,
        ),
    ] {
        assert_eq!(
            refused(&HEAD.replace(framing, keys)),
            format!("test.toml:4: {reason}"),
            "{keys}"
        );
    }
    let announced = r#"second = "announced-by-bit-1""#;
    for (keys, expected) in [
        (
            r#"second = "none", third = "in-element-65""#,
            "test.toml:6: third: expected a second bitmap before it, fixed if the third one is",
        ),
        (
            r#"second = "announced-by-bit-1", third = "fixed""#,
            "test.toml:6: third: expected a second bitmap before it, fixed if the third one is",
        ),
    ] {
        assert_eq!(refused(&HEAD.replace(announced, keys)), expected);
    }
    let entry = |number: u8| format!("{number} = {{ name = \"A\", format = \"n\", length = 2 }}\n");
    let one = HEAD.replace(announced, r#"second = "none""#) + &entry(65);
    assert_eq!(
        refused(&one),
        "test.toml:9: DE65: the bitmaps announce elements up to 64 only"
    );
    let three = r#"second = "announced-by-bit-1", third = "announced-by-bit-65""#;
    let three = HEAD.replace(announced, three);
    assert_eq!(
        refused(&(three.clone() + &entry(65))),
        "test.toml:9: DE65: this element is the third bitmap"
    );
    assert!(Dialect::from_toml("test.toml", &(three + &entry(192))).is_ok());
}
