//! Single messages in hexadecimal.

use super::common;
use super::run::{PAN, hex, purchase, run, with_dialect};

#[test]
fn decode_prints_json_in_the_order_of_the_elements_and_masks() {
    let expected = concat!(
        r#"{"mti":"0100","fields":{"2":"400000******0016","3":"000000","4":"000000012345","#,
        r#""11":"000001","35":"*********************"}}"#,
        "\n"
    );
    let message = hex(purchase());
    let by_option = with_dialect("decode", &["--hex", &message], "");
    assert_eq!(
        (
            by_option.code,
            by_option.out.as_str(),
            by_option.err.as_str()
        ),
        (Some(0), expected, "")
    );
    let (first, rest) = message.split_at(30);
    let by_input = with_dialect(
        "decode",
        &[],
        format!("{}\n {rest}\n", first.to_uppercase()),
    );
    assert_eq!((by_input.code, by_input.out.as_str()), (Some(0), expected));
    let header = format!("{:04x}", purchase().len());
    let framed = with_dialect("decode", &["--framed"], format!("{header}{message}"));
    assert_eq!((framed.code, framed.out.as_str()), (Some(0), expected));
}

#[test]
fn each_shipped_dialect_decodes_a_message_of_its_own() {
    let first = |file: &'static str| {
        let vector: serde_json::Value = serde_json::from_str(file.lines().next().unwrap()).unwrap();
        vector
    };
    for (name, vector) in [
        (
            "iso1987-binary",
            first(include_str!("../vectors/iso1987-binary.jsonl")),
        ),
        (
            "iso1993-ascii",
            first(include_str!("../vectors/iso1993-ascii.jsonl")),
        ),
        (
            "iso1993-binary",
            first(include_str!("../vectors/iso1993-binary.jsonl")),
        ),
        (
            "iso2003-binary",
            first(include_str!("../vectors/iso2003-binary.jsonl")),
        ),
    ] {
        let path = common::shipped_path(name);
        let path = path.to_str().expect("UTF-8");
        let hex = vector["hex"].as_str().unwrap();
        let ran = run(&["decode", "--dialect", path, "--hex", hex], "");
        let decoded: serde_json::Value = serde_json::from_str(&ran.out).expect(&ran.err);
        assert_eq!(decoded["mti"], vector["mti"], "{name}");
        assert_eq!(decoded["fields"]["4"], vector["fields"]["4"], "{name}");
        assert_eq!(decoded["fields"]["41"], vector["fields"]["41"], "{name}");
        assert_ne!(
            decoded["fields"]["2"], vector["fields"]["2"],
            "{name}: masked"
        );
        let clear = vector.to_string();
        let encoded = run(
            &["encode", "--dialect", path],
            without(&clear, &["id", "hex"]),
        );
        assert_eq!(encoded.out.trim_end(), hex, "{name}: {}", encoded.err);
    }
}

/// A vector without keys that `encode` does not know.
fn without(vector: &str, keys: &[&str]) -> String {
    let mut object: serde_json::Map<String, serde_json::Value> =
        serde_json::from_str(vector).unwrap();
    for key in keys {
        object.remove(*key);
    }
    serde_json::Value::Object(object).to_string()
}

#[test]
fn check_prints_what_a_dialect_is_and_what_is_unverified() {
    let path = common::dialect_path();
    let good = run(&["check", path.to_str().expect("UTF-8")], "");
    assert_eq!((good.code, good.err.as_str()), (Some(0), ""));
    assert_eq!(
        good.out,
        "iso1987-ascii: ISO 8583:1987, 127 elements, frames of at most 8192 bytes\n\
         source: pyiso8583, iso8583.specs.default_ascii (lengths); the element table of ISO 8583:1987 (classes)\n\
         unverified: 1 element\n  DE65 Bitmap, extended\n"
    );
    let path = common::shipped_path("iso2003-binary");
    let unverified = run(&["check", path.to_str().expect("UTF-8")], "");
    assert!(
        unverified
            .out
            .contains("\nunverified: 106 elements\n  DE2 Primary"),
        "{}",
        unverified.out
    );

    let bad = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("bad.toml");
    std::fs::write(&bad, "name = 1\n").unwrap();
    let bad = bad.to_str().expect("UTF-8");
    let ran = run(&["check", bad], "");
    assert_eq!((ran.code, ran.out.as_str()), (Some(1), ""));
    assert!(ran.err.contains("bad.toml:1: "), "{}", ran.err);
    let missing = run(&["check", "no/such.toml"], "");
    assert_eq!(missing.code, Some(2));
    assert_eq!(run(&["check"], "").code, Some(2));
}

#[test]
fn encode_reads_what_decode_prints() {
    let json = r#"{"mti": "0800", "fields": {"70": "301", "7": "1120121559", "11": "000004"}}"#;
    let encoded = with_dialect("encode", &[], json);
    let expected = hex("0800822000000000000004000000000000001120121559000004301");
    assert_eq!(
        (encoded.code, encoded.out.trim_end(), encoded.err.as_str()),
        (Some(0), expected.as_str(), "")
    );
    let framed = with_dialect("encode", &["--framed"], json);
    assert_eq!(framed.out.trim_end(), format!("0037{expected}"));
    let decoded = with_dialect("decode", &["--framed"], &framed.out);
    assert_eq!(
        decoded.out,
        "{\"mti\":\"0800\",\"fields\":{\"7\":\"1120121559\",\"11\":\"000004\",\"70\":\"301\"}}\n"
    );
}

#[test]
fn a_message_that_is_not_good_is_1_with_element_and_byte_and_without_its_values() {
    let bad = purchase().replace("000000012345", "00000001234X");
    let table = [
        (
            with_dialect("decode", &["--hex", &hex(bad)], ""),
            "DE4 at byte 44: expected 12 digits, found a byte outside 0-9 at 55 (Amount, transaction)",
        ),
        (
            with_dialect("decode", &[], ""),
            "MTI at byte 0: expected 4 digits, found 0 bytes",
        ),
        (
            with_dialect("decode", &[], format!("{PAN}x")),
            "input: expected hexadecimal digits, found another at 16; a message in ASCII is read with --raw",
        ),
        (
            with_dialect("decode", &["--framed"], format!("0100{}", hex(PAN))),
            "length header: announces more bytes than there are",
        ),
        (
            with_dialect("decode", &["--framed"], format!("0001{}", hex(PAN))),
            "length header: announces fewer bytes than there are",
        ),
        (
            with_dialect("decode", &["--framed"], format!("ffff{}", hex(PAN))),
            "length header: a frame of 65535 bytes is announced, at most 8192 are accepted",
        ),
        (
            with_dialect("decode", &["--framed"], "00".repeat(20_000)),
            "length header: expected one frame, found more bytes",
        ),
        (
            with_dialect(
                "encode",
                &[],
                format!(r#"{{"mti":"0100","fields":{{"2":{PAN}}}}}"#),
            ),
            "input: expected {\"mti\": \"0100\", \"fields\": {\"2\": \"...\"}}, found otherwise at line 1 column 45",
        ),
        (
            with_dialect(
                "encode",
                &[],
                format!(r#"{{"mti":"0100","fields":{{"2":"{PAN}X"}}}}"#),
            ),
            "DE2: expected digits, found a byte outside 0-9 at 16 of the value (Primary account number (PAN))",
        ),
        (
            with_dialect("encode", &[], r#"{"mti":"0100","fields":{"1":"x"}}"#),
            "fields: a key is not a data element: expected 2 to 192",
        ),
        (
            with_dialect("encode", &[], r#"{"mti":"01X0","fields":{}}"#),
            "MTI: an MTI is 4 digits",
        ),
    ];
    for (ran, expected) in table {
        assert_eq!(ran.err, format!("iso8583: {expected}\n"));
        assert_eq!((ran.code, ran.out.as_str()), (Some(1), ""), "{expected}");
        assert!(!ran.err.contains(PAN));
    }
}

#[test]
fn a_usage_or_configuration_error_is_2() {
    let message = hex(purchase());
    let revealed = with_dialect("decode", &["--reveal", "--hex", &message], "");
    assert_eq!((revealed.code, revealed.out.as_str()), (Some(2), ""));
    assert!(
        revealed.err.contains("terminal") && !revealed.err.contains(PAN),
        "{}",
        revealed.err
    );

    let missing = run(
        &["decode", "--dialect", "no/such.toml", "--hex", &message],
        "",
    );
    assert_eq!(missing.code, Some(2));
    assert_eq!(
        missing.err,
        "iso8583: no/such.toml: cannot be read: entity not found\n"
    );
    for arguments in [&["decode"][..], &["encode", "--reveal"], &["other"], &[]] {
        assert_eq!(run(arguments, "").code, Some(2), "{arguments:?}");
    }
    assert_eq!(run(&["--help"], "").code, Some(0));
}
