//! Chip data in words.

use codec::structure::emv::describe;

use crate::golden::bytes;

fn words(tag: &str, value: &str) -> (String, Vec<String>) {
    let description = describe(tag.parse().unwrap(), &bytes(value));
    (description.value, description.details)
}

#[test]
fn well_known_objects() {
    for (tag, value, text, details) in [
        ("9F27", "80", "80", vec!["ARQC: the card asks to go online"]),
        (
            "9F27",
            "08",
            "08",
            vec!["AAC: the card declines", "advice required"],
        ),
        (
            "9F27",
            "42",
            "42",
            vec!["TC: the card approves offline", "PIN try limit exceeded"],
        ),
        (
            "95",
            "8000008000",
            "8000008000",
            vec![
                "offline data authentication was not performed",
                "transaction exceeds floor limit",
            ],
        ),
        (
            "95",
            "0040240001",
            "0040240001",
            vec![
                "expired application",
                "PIN try limit exceeded",
                "online PIN entered",
                "byte 5 bit 1",
            ],
        ),
        (
            "9B",
            "E800",
            "E800",
            vec![
                "offline data authentication was performed",
                "cardholder verification was performed",
                "card risk management was performed",
                "terminal risk management was performed",
            ],
        ),
        (
            "82",
            "3900",
            "3900",
            vec![
                "DDA supported",
                "cardholder verification is supported",
                "terminal risk management is to be performed",
                "CDA supported",
            ],
        ),
        (
            "9F34",
            "420300",
            "420300",
            vec![
                "enciphered PIN verified online",
                "if terminal supports the CVM",
                "result unknown",
                "apply succeeding CV rule if this CVM is unsuccessful",
            ],
        ),
        (
            "9F34",
            "1F0302",
            "1F0302",
            vec![
                "no CVM required",
                "if terminal supports the CVM",
                "successful",
                "fail cardholder verification if this CVM is unsuccessful",
            ],
        ),
        (
            "9F33",
            "E0F8C8",
            "E0F8C8",
            vec![
                "manual key entry",
                "magnetic stripe",
                "IC with contacts",
                "plaintext PIN for ICC verification",
                "enciphered PIN for online verification",
                "signature (paper)",
                "enciphered PIN for offline verification",
                "no CVM required",
                "SDA",
                "DDA",
                "CDA",
            ],
        ),
        ("9A", "260604", "260604", vec!["2026-06-04"]),
        ("9C", "00", "00", vec!["purchase"]),
        ("9C", "77", "77", vec![]),
        ("5F2A", "0840", "0840", vec![]),
        ("9F02", "000000012345", "000000012345", vec![]),
        ("9F36", "021D", "021D", vec!["541"]),
        (
            "9F35",
            "22",
            "22",
            vec!["operated by merchant, attended, offline with online capability"],
        ),
        ("8A", "3030", "00", vec!["approved by the issuer"]),
        ("9F1E", "5445535431323334", "TEST1234", vec![]),
        ("9F10", "06011203A0B0C0", "06011203A0B0C0", vec![]),
        ("95", "80", "80", vec![]),
        ("DF8129", "AABB", "AABB", vec![]),
    ] {
        let details = details.into_iter().map(str::to_owned).collect();
        assert_eq!(
            words(tag, value),
            (text.to_owned(), details),
            "{tag} {value}"
        );
    }
}

#[test]
fn sensitive_objects_are_masked() {
    assert_eq!(words("5A", "4000001200000016").0, "400000******0016");
    assert_eq!(words("5A", "400000120000000016FF").0, "400000********0016");
    for (tag, value) in [
        ("57", "4000001200000016D29122010000000000"),
        ("56", "42343030303030"),
        ("5F20", "544553542F43"),
        ("5F24", "291231"),
        ("5F30", "0201"),
        ("9F1F", "3132"),
        ("9F20", "1234"),
        ("9F6B", "4000001200000016D2912"),
        ("99", "0412345678"),
        ("9F0B", "544553"),
    ] {
        let description = describe(tag.parse().unwrap(), &bytes(value));
        assert!(description.name.is_some(), "{tag}");
        assert_eq!(description.value.trim_matches('*'), "", "{tag}");
        assert!(description.details.is_empty(), "{tag}");
    }
}

#[test]
fn names_come_from_the_dictionary() {
    let name = |tag: &str| describe(tag.parse().unwrap(), &[]).name;
    assert_eq!(name("9F26"), Some("Application Cryptogram"));
    assert_eq!(name("9F10"), Some("Issuer Application Data"));
    assert_eq!(name("DF8129"), None);
}
