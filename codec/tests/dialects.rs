//! Faults of a dialect document: each is refused with its file, line and element.
#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    reason = "a failed expectation fails the test"
)]
#![allow(clippy::too_many_lines, reason = "a table is as long as its rows")]

mod common;

use codec::{Dialect, Sensitivity};
use common::element;

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
fn the_shipped_dialect_says_what_it_is() {
    let dialect = common::dialect();
    assert_eq!(dialect.name(), "iso1987-ascii");
    assert_eq!(dialect.version(), "1987");
    assert!(dialect.source().contains("pyiso8583"));
    for (number, sensitivity) in [
        (2, Some(Sensitivity::Pan)),
        (35, Some(Sensitivity::Track)),
        (36, Some(Sensitivity::Track)),
        (45, Some(Sensitivity::Track)),
        (52, Some(Sensitivity::Pin)),
        (55, Some(Sensitivity::Icc)),
        (4, None),
    ] {
        assert_eq!(
            dialect.sensitivity(element(number)),
            sensitivity,
            "DE{number}"
        );
    }
}

#[test]
fn a_bad_entry_is_told_by_line_and_element() {
    assert!(Dialect::from_toml("test.toml", HEAD).is_ok());
    for (entry, reason) in [
        (
            r#"4 = { name = "A", format = "n" }"#,
            "DE4: expected either length, or maximum with length_digits or length_bytes",
        ),
        (
            r#"4 = { name = "A", format = "n", length = 12, maximum = 12 }"#,
            "DE4: expected either length, or maximum with length_digits or length_bytes",
        ),
        (
            r#"4 = { name = "A", format = "n", maximum = 12 }"#,
            "DE4: expected either length, or maximum with length_digits or length_bytes",
        ),
        (
            r#"4 = { name = "A", format = "n", length = 0 }"#,
            "DE4: expected a length of at least 1",
        ),
        (
            r#"4 = { name = "A", format = "n", maximum = 100, length_digits = 2 }"#,
            "DE4: a maximum of 100 is a length of 100, which does not fit in 2 digits",
        ),
        (
            r#"4 = { name = "A", format = "n", maximum = 100, length_digits = 7 }"#,
            "DE4: expected length_digits of 1 to 6, found 7",
        ),
        (
            r#"52 = { name = "P", format = "b", length = 15 }"#,
            "DE52: format b is two characters per byte: expected an even length, found 15",
        ),
        (
            r#"28 = { name = "F", format = "x+n", length = 1 }"#,
            "DE28: format x+n is a sign and digits: expected a length of at least 2, found 1",
        ),
        (
            r#"4 = { name = " ", format = "n", length = 12 }"#,
            "DE4: name is empty",
        ),
        (
            r#"1 = { name = "A", format = "n", length = 12 }"#,
            "\"1\" is not a data element: expected 2 to 192, without leading zeros",
        ),
        (
            r#"129 = { name = "A", format = "n", length = 12 }"#,
            "DE129: the bitmaps announce elements up to 128 only",
        ),
        (
            r#"04 = { name = "A", format = "n", length = 12 }"#,
            "\"04\" is not a data element: expected 2 to 192, without leading zeros",
        ),
    ] {
        assert_eq!(
            refused(&format!("{HEAD}{entry}\n")),
            format!("test.toml:9: {reason}"),
            "{entry}"
        );
    }
}

#[test]
fn what_a_document_leaves_out_is_named() {
    for (line, expected) in [
        ("version", "test.toml:1: version is missing"),
        ("framing", "test.toml:1: framing is missing"),
        ("bitmap", "test.toml:1: bitmap is missing"),
        ("encoding", "test.toml:1: encoding.mti is missing"),
    ] {
        let without: String = HEAD
            .lines()
            .filter(|text| !text.starts_with(line))
            .map(|text| format!("{text}\n"))
            .collect();
        assert_eq!(refused(&without), expected);
    }
    for (from, expected) in [
        (
            r#", lengths = "ascii""#,
            "test.toml:8: DE2: length_encoding is missing",
        ),
        (
            r#", values = "ascii""#,
            "test.toml:8: DE2: encoding is missing",
        ),
    ] {
        assert_eq!(refused(&HEAD.replace(from, "")), expected);
    }
}

#[test]
fn each_shipped_dialect_says_where_it_comes_from_and_what_is_unconfirmed() {
    for name in common::SHIPPED {
        let dialect = common::shipped(name);
        assert_eq!(dialect.name(), name);
        assert!(!dialect.source().is_empty(), "{name}");
        assert!(name.contains(dialect.version()), "{name}");
        for number in [2, 35, 45, 52, 55] {
            assert!(
                dialect.sensitivity(element(number)).is_some(),
                "{name} DE{number}"
            );
        }
    }
    assert_eq!(common::dialect().unverified(), [element(65)]);
    let unconfirmed = common::shipped("iso2003-binary");
    assert_eq!(
        unconfirmed.unverified().len(),
        unconfirmed.elements().count()
    );
}

#[test]
fn what_the_toml_reader_refuses_is_told_by_line_and_element_too() {
    for (entry, begins, says) in [
        (
            r#"4 = { name = "A", format = "n", length = 12, lenght = 3 }"#,
            "test.toml:9: DE4: ",
            "lenght",
        ),
        (
            r#"4 = { format = "n", length = 12 }"#,
            "test.toml:9: DE4: ",
            "name",
        ),
        (
            r#"4 = { name = "A", format = "q", length = 12 }"#,
            "test.toml:9: DE4: ",
            "x+n",
        ),
        (
            r#"4 = { name = "A", format = "n", length = -1 }"#,
            "test.toml:9: DE4: ",
            "-1",
        ),
        (
            r#"4 = { name = "A", format = "n", length = 12, sensitivity = "x" }"#,
            "test.toml:9: DE4: ",
            "track",
        ),
        (
            "[fields.4]\nname = \"A\"\nformat = \"n\"\nlength = \"12\"",
            "test.toml:12: DE4: ",
            "string",
        ),
        ("[extra]\nkey = 1", "test.toml:9: ", "extra"),
        (
            r#"2 = { name = "A", format = "n", length = 12 }"#,
            "test.toml:9: ",
            "duplicate",
        ),
        ("4 = {", "test.toml:", ""),
    ] {
        let text = refused(&format!("{HEAD}{entry}\n"));
        assert!(
            text.starts_with(begins) && text.contains(says),
            "{entry}: {text}"
        );
    }
    let text = refused(&format!("{HEAD}[extra]\nkey = 1\n"));
    assert!(!text.contains("DE2"), "past the fields: {text}");
}

#[test]
fn the_head_is_checked_too() {
    for (from, to, expected) in [
        ("\"test\"", "\"\"", "test.toml:1: name is empty"),
        ("\"made up\"", "\" \"", "test.toml:2: source is empty"),
        (
            "= 100",
            "= 0",
            "test.toml:4: expected maximum_frame_bytes of 1 to 65535, found 0",
        ),
        (
            "= 100",
            "= 65536",
            "test.toml:4: expected maximum_frame_bytes of 1 to 65535, found 65536",
        ),
    ] {
        assert_eq!(refused(&HEAD.replacen(from, to, 1)), expected);
    }
    assert!(refused(&HEAD.replace("1987", "1999")).starts_with("test.toml:3: "));
    let without_fields = HEAD.split_once("2 = {").unwrap().0;
    assert_eq!(
        refused(without_fields),
        "test.toml:7: no fields: expected at least one"
    );
}

#[test]
fn a_missing_file_is_named() {
    let path = std::path::Path::new("no/such/dialect.toml");
    let text = Dialect::load(path).expect_err("missing").to_string();
    assert_eq!(
        text,
        "no/such/dialect.toml: cannot be read: entity not found"
    );
}
