//! Elements with parts: tables and JSON, by the network dialects.

use super::run::{PAN, file, run};

/// Three bitmaps, chip data, subfields by bitmaps, a secondary PIN block.
const VISA: &str = include_str!("golden/visa.hex");
const VISA_TABLE: &str = include_str!("golden/visa.txt");
/// Chip data absent; additional data with tags, one of which nobody knows.
const MASTERCARD: &str = include_str!("golden/mastercard.hex");
const MASTERCARD_TABLE: &str = include_str!("golden/mastercard.txt");
/// In clear, as `encode` takes them.
const VISA_JSON: &str = include_str!("golden/visa.json");
const MASTERCARD_JSON: &str = include_str!("golden/mastercard.json");

#[test]
fn frames_are_described_down_to_their_parts() {
    for (dialect, frame, table) in [
        ("visa-base1", VISA, VISA_TABLE),
        ("mastercard-cis", MASTERCARD, MASTERCARD_TABLE),
    ] {
        let ran = run(&["describe", "--dialect", dialect, "--framed"], frame);
        assert_eq!((ran.code, ran.err.as_str()), (Some(0), ""));
        assert_eq!(ran.out, table, "{dialect}");
        let [first, rest] = [ran.out.lines().next(), ran.out.lines().nth(1)];
        assert_ne!(first, rest);
    }
}

#[test]
fn a_frame_that_is_taken_for_a_message_is_told() {
    for action in ["decode", "describe"] {
        let ran = run(&[action, "--dialect", "visa-base1"], VISA);
        assert_eq!(
            (ran.code, ran.err.as_str()),
            (
                Some(1),
                "iso8583: MTI at byte 0: expected 4 digits, found a byte outside 0-9 at 1; --framed takes off the \
                 length and header in front\n"
            )
        );
    }
}

#[test]
fn json_with_parts_is_encoded_to_the_same_bytes() {
    for (dialect, json, frame) in [
        ("visa-base1", VISA_JSON, VISA),
        ("mastercard-cis", MASTERCARD_JSON, MASTERCARD),
    ] {
        let encoded = run(&["encode", "--dialect", dialect, "--framed"], json);
        assert_eq!(encoded.err, "", "{dialect}");
        assert_eq!(encoded.out, frame, "{dialect}");
        let decoded = run(&["decode", "--dialect", dialect, "--framed"], frame);
        let shape = |text: &str| {
            let value: serde_json::Value = serde_json::from_str(text).expect("JSON");
            keys(&value)
        };
        assert_eq!(shape(&decoded.out), shape(json), "{dialect}");
    }
}

/// The keys of all objects. A bitmap is not given when it is written.
fn keys(value: &serde_json::Value) -> Vec<String> {
    let Some(object) = value.as_object() else {
        return Vec::new();
    };
    let mut found = Vec::new();
    for (key, value) in object {
        if key != "bitmap" {
            found.push(key.clone());
            found.extend(
                keys(value)
                    .into_iter()
                    .map(|inner| format!("{key}.{inner}")),
            );
        }
    }
    found
}

#[test]
fn no_command_shows_a_secret_inside_of_a_structure() {
    let secrets = [
        PAN,
        "5200000000000007",
        "0011223344556677",
        "11 123",
        "UCAFUCAF",
        "29122010000012300000",
    ];
    for (dialect, frame) in [("visa-base1", VISA), ("mastercard-cis", MASTERCARD)] {
        let other = file("other.hex", frame.replace("f0f0f0f1f7", "f0f0f0f1f6"));
        let this = file("this.hex", frame);
        let common = ["--dialect", dialect, "--framed"];
        let table: [&[&str]; 6] = [
            &["decode", &this],
            &["describe", &this],
            &["describe", "--json", &this],
            &["check", &this],
            &["diff", &this, &other],
            &["diff", "--json", &this, &other],
        ];
        for command in table {
            let ran = run(&[command, &common].concat(), "");
            for secret in secrets {
                assert!(!ran.out.contains(secret), "{command:?} {secret}");
                assert!(!ran.err.contains(secret), "{command:?} {secret}");
            }
        }
    }
}

#[test]
fn chip_data_is_read_in_a_dialect_that_says_nothing_of_it() {
    let json = r#"{"mti":"0100","fields":{"55":{"9F02":"000000000100","5A":"4000001200000016"}}}"#;
    let encoded = run(&["encode", "--dialect", "iso1987-binary"], json);
    assert_eq!(encoded.err, "");
    let decoded = run(&["decode", "--dialect", "iso1987-binary"], &encoded.out);
    assert_eq!(
        decoded.out,
        "{\"mti\":\"0100\",\"fields\":{\"55\":{\"9F02\":\"000000000100\",\"5A\":\"400000******0016\"}}}\n"
    );
}

#[test]
fn a_structure_that_cannot_be_read_is_masked_and_named() {
    let json = r#"{"mti":"0100","fields":{"55":"9F0206000000"}}"#;
    let encoded = run(&["encode", "--dialect", "iso1987-binary"], json);
    let ran = run(&["describe", "--dialect", "iso1987-binary"], &encoded.out);
    assert!(
        ran.out
            .contains("************  its structure cannot be read: "),
        "{}",
        ran.out
    );
    assert!(!ran.out.contains("9F0206"), "{}", ran.out);
    let ran = run(&["check", "--dialect", "iso1987-binary"], &encoded.out);
    assert!(
        ran.out.contains("DE55 at byte 10: its structure: "),
        "{}",
        ran.out
    );
}

#[test]
fn an_object_where_the_dialect_has_no_parts_is_refused() {
    for (dialect, fields, expected) in [
        (
            "iso1987-ascii",
            r#"{"4":{"1":"x"}}"#,
            "DE4: expected a string: the dialect has no structure for it (Amount, transaction)",
        ),
        (
            "mastercard-cis",
            r#"{"48":{"lead":"R","colour":"4000001200000016"}}"#,
            "DE48: its parts: at byte 0: this part does not belong here (Additional data, private)",
        ),
        (
            "mastercard-cis",
            r#"{"4":"000000000100","4":"000000000200"}"#,
            "input: expected {\"mti\": \"0100\", \"fields\": {\"2\": \"...\"}}, found otherwise at line 1 column 63",
        ),
        (
            "mastercard-cis",
            r#"{"4":["000000000100"]}"#,
            "input: expected {\"mti\": \"0100\", \"fields\": {\"2\": \"...\"}}, found otherwise at line 1 column 30",
        ),
    ] {
        let json = format!(r#"{{"mti":"0100","fields":{fields}}}"#);
        let ran = run(&["encode", "--dialect", dialect], json);
        assert_eq!(
            (ran.code, ran.err),
            (Some(1), format!("iso8583: {expected}\n"))
        );
    }
}
