//! Values of public test suites and of other implementations, read and built again.

use codec::structure::{
    CardAcceptor, Content, Key, Part, Parts, Shown, Structure, Tag, Text, TextTag,
};

use crate::layouts::{self, structure};

pub(crate) fn bytes(hex: &str) -> Vec<u8> {
    let nibble = |byte: u8| u8::try_from(char::from(byte).to_digit(16).unwrap()).unwrap();
    let pairs = hex.as_bytes().chunks_exact(2);
    pairs
        .map(|pair| nibble(pair[0]) << 4 | nibble(pair[1]))
        .collect()
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02X}")).collect()
}

fn tag(text: &str) -> Key {
    Key::Tag(text.parse().unwrap())
}

fn text_tag(text: &str) -> Key {
    Key::Text(TextTag::new(text).unwrap())
}

/// Keys and texts in order, and that building gives the bytes again, from the parts and from their text.
fn check(layout: &str, value: &[u8], expected: &[(&str, &str)]) {
    let structure = structure(layout);
    let parts = structure.read(value).unwrap();
    assert_eq!(hex(&structure.build(&parts).unwrap()), hex(value));
    let text = structure.to_text(&parts, Shown::Clear);
    let mut found = Vec::new();
    flatten(&text, "", &mut found);
    let expected: Vec<(String, String)> = expected
        .iter()
        .map(|(key, text)| ((*key).to_owned(), (*text).to_owned()))
        .collect();
    assert_eq!(found, expected);
    assert_eq!(
        hex(&structure.build_text(&text).unwrap()),
        hex(value),
        "from its text"
    );
}

fn flatten(text: &Text, path: &str, found: &mut Vec<(String, String)>) {
    match text {
        Text::Value(value) => found.push((path.to_owned(), value.to_string())),
        Text::Parts(parts) => {
            for (key, text) in parts {
                let dot = if path.is_empty() { "" } else { "." };
                flatten(text, &format!("{path}{dot}{key}"), found);
            }
        }
    }
}

#[test]
fn visa_bitmapped_subfields() {
    // Visa 0100 of the starkbank/iso8583-python tests (main/testIsoMessage.py).
    check(
        layouts::VISA_62,
        &bytes("8000000000000000E8"),
        &[("bitmap", "8000000000000000"), ("1", "Y")],
    );
    // The same 0100, and its 0800.
    check(
        layouts::VISA_63,
        &bytes("8000000002"),
        &[("bitmap", "800000"), ("1", "0002")],
    );
    // An odd number of digits begins with a nibble of filler.
    check(
        layouts::VISA_62,
        &bytes("40000200000000000301018012345678F0F1"),
        &[
            ("bitmap", "4000020000000000"),
            ("2", "301018012345678"),
            ("23", "01"),
        ],
    );
    // DE126: CVV2 and, in the last position, data without a length of their own.
    check(
        layouts::VISA_126,
        &bytes("0041000000000000F1F0F1F2F3F401020304"),
        &[
            ("bitmap", "0041000000000000"),
            ("10", "101234"),
            ("16", "01020304"),
        ],
    );
}

#[test]
fn a_bit_that_is_not_described_keeps_everything_after_it() {
    let structure = structure(layouts::VISA_63);
    // Bits 1, 2 (not described) and 3.
    let value = bytes("E000000002AABB37003701");
    let mut parts = structure.read(&value).unwrap();
    let keys: Vec<Key> = parts.iter().map(|part| part.key).collect();
    assert_eq!(keys, [Key::Bitmap, Key::Number(1), Key::Rest]);
    assert_eq!(*structure.build(&parts).unwrap(), value);
    // Another network id, and no network id: the rest keeps its bits.
    parts.set(Part::new(Key::Number(1), &[0x00, 0x04]));
    assert_eq!(
        hex(&structure.build(&parts).unwrap()),
        "E000000004AABB37003701"
    );
    parts.remove(Key::Number(1));
    assert_eq!(hex(&structure.build(&parts).unwrap()), "600000AABB37003701");
    // Without the rest nothing is left to announce.
    parts.remove(Key::Rest);
    assert_eq!(hex(&structure.build(&parts).unwrap()), "000000");
}

#[test]
fn a_bitmap_is_made_for_the_parts_that_are_there() {
    let structure = structure(layouts::VISA_63);
    let mut parts = Parts::new();
    parts.set(Part::new(
        structure.key("message_reason").unwrap(),
        &[0x37, 0x02],
    ));
    parts.set(Part::new(
        structure.key("network_id").unwrap(),
        &[0x00, 0x02],
    ));
    assert_eq!(hex(&structure.build(&parts).unwrap()), "A0000000023702");
    let text = Text::Parts(vec![
        ("network_id".to_owned(), Text::value("0002")),
        ("4".to_owned(), Text::value("2501")),
    ]);
    assert_eq!(hex(&structure.build_text(&text).unwrap()), "90000000022501");
}

#[test]
fn a_bitmap_of_text_keeps_its_case() {
    check(
        layouts::POSTILION_127,
        b"78000212\x05\x01\x23\x45\x03\x12\x34\x5F\xF0\xF0\xF3\x9C\x01\x00",
        &[
            ("bitmap", "37383030"),
            ("2", "12"),
            ("3", "12345"),
            ("4", "12345F"),
            ("5.9C", "00"),
        ],
    );
    let structure = structure(layouts::POSTILION_127);
    let lower = b"0a0000";
    let parts = structure.read(lower);
    assert!(parts.is_err(), "bit 5 without its length");
    let lower = b"00080000";
    assert_eq!(
        *structure.build(&structure.read(lower).unwrap()).unwrap(),
        lower
    );
    let lower = b"000a00";
    assert_eq!(
        *structure.build(&structure.read(lower).unwrap()).unwrap(),
        lower
    );
}

#[test]
fn mastercard_subelements() {
    // Mastercard CIS 0100 and 0400 of the starkbank/iso8583-python tests (main/testIsoMessage.py).
    check(
        layouts::MASTERCARD_48,
        &bytes("D9F3F8F0F1E9"),
        &[("lead", "R"), ("38", "Z")],
    );
    check(
        layouts::MASTERCARD_48,
        &bytes("D7F6F3F1F3D4E6C2F3F9F4F7F9F9F0F8F2F2F8F7F0F1D4F9F2F0F3F0F0F0"),
        &[
            ("lead", "P"),
            ("63", "MWB3947990822"),
            ("87", "M"),
            ("92", "000"),
        ],
    );
    // Subfields inside of a subelement: 42.01 is 212.
    check(
        layouts::MASTERCARD_48,
        &bytes("E3F4F2F0F7F0F1F0F3F2F1F2"),
        &[("lead", "T"), ("42.01", "212")],
    );
    // DE112 of parser/testParseDe112.py.
    check(
        layouts::MASTERCARD_112,
        b"001004210202100321I02200202",
        &[("001", "2102"), ("021", "21I"), ("022", "02")],
    );
    // Blanks at the end are no tag.
    check(
        layouts::IPM_PDS,
        b"0023003CT1   ",
        &[("0023", "CT1"), ("rest", "202020")],
    );
    check(
        layouts::BCD_TAGS,
        &bytes("001802ABCD000700"),
        &[("018", "ABCD"), ("007", "")],
    );
}

#[test]
fn ipm_private_data_subelements() {
    // Written by cardutil 0.7.3 (iso8583.dumps) for PDS0023, PDS0105, PDS0158.
    check(
        layouts::IPM_PDS,
        b"0023003CT1010502500121012012345678900000010158010MCC1234567",
        &[
            ("0023", "CT1"),
            ("0105", "0012101201234567890000001"),
            ("0158", "MCC1234567"),
        ],
    );
    // adelosa/cardutil tests/test_iso8583.py.
    check(
        layouts::IPM_PDS,
        b"000100119999001Z",
        &[("0001", "1"), ("9999", "Z")],
    );
}

#[test]
fn parts_are_set_and_built() {
    let structure = structure(layouts::MASTERCARD_48);
    let value = bytes("D9F3F8F0F1E9");
    let mut parts = structure.read(&value).unwrap();
    // Merchant advice code 03.
    parts.set(Part::new(text_tag("84"), &[0xF0, 0xF3]));
    parts.set(Part::new(Key::Lead, &[0xE3]));
    assert_eq!(
        hex(&structure.build(&parts).unwrap()),
        "E3F3F8F0F1E9F8F4F0F2F0F3"
    );
    let nested = Parts::from_iter([Part::new(text_tag("01"), &[0xF2, 0xF1, 0xF0])]);
    parts.set(Part::nested(text_tag("42"), nested));
    let built = structure.build(&parts).unwrap();
    let path = [text_tag("42"), text_tag("01")];
    let again = structure.read(&built).unwrap();
    assert_eq!(
        again.find(&path).unwrap().bytes(),
        Some([0xF2, 0xF1, 0xF0].as_slice())
    );
}

#[test]
fn datasets_with_objects_and_with_a_bitmap() {
    // jPOS DatasetPackagerTest.java.
    check(
        layouts::DATASETS,
        &bytes("0100145A0212349F02060102030405069F810103070809"),
        &[
            ("01.5A", "1234"),
            ("01.9F02", "010203040506"),
            ("01.9F8101", "070809"),
        ],
    );
    // Elements 1 and 14 of a bitmap of two bytes; the same with BER-TLV after them.
    check(
        layouts::DATASETS,
        &bytes("7100054002AB3132"),
        &[("71.bitmap", "4002"), ("71.1", "AB"), ("71.14", "12")],
    );
    let structure = structure(layouts::DATASETS);
    let value = bytes("7100094003AB31329C010000");
    let parts = structure.read(&value).unwrap();
    let path = [Key::Dataset(0x71), Key::Rest, tag("9C")];
    assert_eq!(parts.find(&path).unwrap().bytes(), Some([0x00].as_slice()));
    assert_eq!(*structure.build(&parts).unwrap(), value);
    // Elements 16 and 23 need two further bytes of bitmap: their first bits only continue it.
    check(
        layouts::DATASETS,
        &bytes("7100068000C0404142"),
        &[("71.bitmap", "8000C040"), ("71.16", "A"), ("71.23", "B")],
    );
    let text = Text::Parts(vec![(
        "payment_account".to_owned(),
        Text::Parts(vec![
            ("sixteenth".to_owned(), Text::value("A")),
            ("twenty_third".to_owned(), Text::value("B")),
        ]),
    )]);
    assert_eq!(
        hex(&structure.build_text(&text).unwrap()),
        "7100068000C0404142"
    );
}

#[test]
fn positions_at_the_end_may_be_absent() {
    let structure = structure(layouts::MASTERCARD_61);
    // Mastercard CIS 0100 of the starkbank/iso8583-python tests.
    let full = bytes("F0F0F0F0F0F0F0F0F0F0F8F0F0F8F4F0F9F0F2F1F0F1F2F3F4");
    let parts = structure.read(&full).unwrap();
    assert_eq!(parts.len(), 14);
    assert_eq!(*structure.build(&parts).unwrap(), full);
    let text = structure.to_text(&parts, Shown::Masked);
    assert_eq!(text.get(&["14"]), Some("902101234"));
    for length in [9, 10, 11, 13, 16] {
        let parts = structure.read(&full[..length]).unwrap();
        assert_eq!(*structure.build(&parts).unwrap(), full[..length]);
    }
    assert_eq!(
        structure.read(&full[..12]).unwrap_err().to_string(),
        "12 at byte 11: expected 2 bytes, found 1"
    );
    assert_eq!(
        structure.read(&full[..8]).unwrap_err().to_string(),
        "9 at byte 8: expected 1 byte, found 0"
    );
}

#[test]
fn card_acceptors_in_each_layout() {
    let read = |structure: &Structure, value: &[u8]| {
        CardAcceptor::read(structure, &structure.read(value).unwrap())
    };
    // Mastercard CIS 0100 of the starkbank/iso8583-python tests.
    let structure_43 = structure(layouts::MASTERCARD_43);
    let value =
        bytes("C6C9D9E2E340E3C8C9D9C440C2C1D5D240404040404040E2E34B40D3D6E4C9E24040404040D4D640");
    let acceptor = read(&structure_43, &value);
    assert_eq!(acceptor.name, "FIRST THIRD BANK");
    assert_eq!(acceptor.city, "ST. LOUIS");
    assert_eq!(acceptor.country, "MO");
    assert_eq!(*acceptor.build(&structure_43).unwrap(), value);
    // Visa 0100 of the same tests.
    let structure_43 = structure(layouts::VISA_43);
    let value =
        bytes("C1C3C8E4C9D9C5D940D5C1D4C540404040404040404040404040C3C9E3E840D5C1D4C540404040E4E2");
    let value = &value[1..];
    assert_eq!(read(&structure_43, value).city, "CITY NAME");
    // adelosa/cardutil tests/__init__.py.
    let structure_43 = structure(layouts::IPM_43);
    let value = b"BIG BOBS\\80 KERNDALE ST\\DANERLEY\\3103      VICAUS";
    let acceptor = read(&structure_43, value);
    let expected = CardAcceptor {
        name: "BIG BOBS".to_owned(),
        street: "80 KERNDALE ST".to_owned(),
        city: "DANERLEY".to_owned(),
        postal_code: "3103".to_owned(),
        region: "VIC".to_owned(),
        country: "AUS".to_owned(),
    };
    assert_eq!(acceptor, expected);
    assert_eq!(*acceptor.build(&structure_43).unwrap(), value);
    let long = CardAcceptor {
        region: "VICTORIA".to_owned(),
        ..acceptor
    };
    assert_eq!(
        long.build(&structure_43).unwrap_err().to_string(),
        "2 at byte 10: expected 3 bytes to build, found 8"
    );
}

#[test]
fn blocks_that_repeat() {
    let structure = structure(layouts::ADDITIONAL_AMOUNTS);
    let value = b"3001840C0000001000003002840D000000005000";
    let parts = structure.read(value).unwrap();
    assert_eq!(parts.len(), 2);
    let sign = parts.find(&[Key::Number(2), Key::Number(4)]).unwrap();
    assert_eq!(sign.bytes(), Some(b"D".as_slice()));
    assert_eq!(*structure.build(&parts).unwrap(), value);
    let cut = structure.read(&value[..30]).unwrap();
    assert_eq!(cut.get(Key::Rest).unwrap().bytes(), Some(&value[20..30]));
    assert_eq!(*structure.build(&cut).unwrap(), value[..30]);
}

#[test]
fn what_cannot_be_read_inside_is_kept_with_its_reason() {
    let structure = structure(layouts::MASTERCARD_48);
    // 42 holds something else than subfields.
    let value = bytes("E3F4F2F0F3C1C2C3F8F7F0F1D4");
    let parts = structure.read(&value).unwrap();
    let Content::Unreadable(inside, error) = &parts.get(text_tag("42")).unwrap().content else {
        panic!("read");
    };
    assert_eq!(*inside, [0xC1, 0xC2, 0xC3]);
    assert_eq!(error.to_string(), "AB at byte 7: expected 2 bytes, found 1");
    assert_eq!(*structure.build(&parts).unwrap(), value);
    let text = structure.to_text(&parts, Shown::Clear);
    assert_eq!(text.get(&["42"]), Some("C1C2C3"));
    assert_eq!(*structure.build_text(&text).unwrap(), value);
}

#[test]
fn secrets_are_not_printed() {
    let structure = structure(layouts::VISA_126);
    let value = bytes("0041000000000000F1F0F1F2F3F401020304");
    let parts = structure.read(&value).unwrap();
    let text = structure.to_text(&parts, Shown::Masked);
    assert_eq!(text.get(&["10"]), Some("******"));
    assert_eq!(text.get(&["16"]), Some("01020304"));
    let printed = format!("{parts:?} {:?}", structure.to_text(&parts, Shown::Clear));
    assert!(
        !printed.contains("101234") && !printed.contains("241"),
        "{printed}"
    );
    let chip = structure_of_chip();
    let value = bytes("5A0840000012000000165F20045445535457114000001200000016D29122010000000000");
    let text = chip.to_text(&chip.read(&value).unwrap(), Shown::Masked);
    assert_eq!(text.get(&["5A"]), Some("400000******0016"));
    assert_eq!(text.get(&["57"]).unwrap().trim_matches('*'), "");
    assert_eq!(text.get(&["5F20"]), Some("********"));
}

#[test]
fn secrets_are_masked_where_they_are_not_described() {
    // Bit 8 is not described: everything from it on may hold the CVV2 that bit 10 announces.
    let verification = structure(layouts::VISA_126);
    let value = bytes("0140000000000000AAF1F0F1F2F3F4");
    let text = verification.to_text(&verification.read(&value).unwrap(), Shown::Masked);
    assert_eq!(text.get(&["rest"]), Some("**************"));
    // Chip data that cannot be read.
    let chip = structure(layouts::VISA_55);
    let value = bytes("0100045A084000");
    let text = chip.to_text(&chip.read(&value).unwrap(), Shown::Masked);
    assert_eq!(text.get(&["01"]), Some("********"));
    // Parts inside of a sensitive part.
    let around = structure(
        r#"
kind = "positional"
subfields = [{ name = "a", encoding = "ascii", length = 2, sensitivity = "pin", structure = { kind = "positional", subfields = [{ name = "b", encoding = "ascii", length = 2 }] } }]
"#,
    );
    let text = around.to_text(&around.read(b"12").unwrap(), Shown::Masked);
    assert_eq!(text.get(&["1", "1"]), Some("**"));
}

fn structure_of_chip() -> Structure {
    structure(layouts::BER_TLV)
}

#[test]
fn tags_are_printed_as_they_are_written() {
    for text in ["9F02", "5A", "DF8129", "9F818101"] {
        assert_eq!(text.parse::<Tag>().unwrap().to_string(), text);
    }
    for text in [
        "",
        "9",
        "9F",
        "00",
        "9F0",
        "9F8181",
        "5A5A",
        "9F81818101",
        "+5A",
        "G0",
    ] {
        assert!(text.parse::<Tag>().is_err(), "{text}");
    }
}

#[test]
fn lengths_of_digits_end_the_reading_at_an_unknown_tag() {
    let value = bytes("0103012302 02C1C2 55021122".replace(' ', "").as_str());
    check(
        layouts::UNIT_LENGTHS,
        &value,
        &[("01", "123"), ("02", "AB"), ("rest", "55021122")],
    );
    let structure = structure(layouts::UNIT_LENGTHS);
    let mut parts = structure.read(&value).unwrap();
    parts.set(Part::new(text_tag("01"), &[0x12, 0x34]));
    assert_eq!(
        hex(&structure.build(&parts).unwrap()),
        "0104123402 02C1C2 55021122".replace(' ', "")
    );
    // A tag without a description cannot be written: its length has no meaning.
    parts.set(Part::new(text_tag("55"), &[0x12]));
    let error = structure.build(&parts).unwrap_err();
    assert!(error.to_string().contains("does not belong"), "{error}");
}

#[test]
fn tokens_stand_between_fixed_texts() {
    let value = b"& 0000300036! C000003 987! ZZ00001  ";
    check(
        layouts::TOKENS,
        value,
        &[("lead", "& 0000300036"), ("C0", "987"), ("ZZ", " ")],
    );
    let structure = structure(layouts::TOKENS);
    for (wrong, reason) in [
        (
            &b"& 0000300036? C000003 987"[..],
            "at byte 12: expected the fixed text",
        ),
        (
            b"& 0000300036! C000003_987",
            "at byte 21: expected the fixed text",
        ),
        (b"& 0000300036!", "at byte 12: expected 2 bytes, found 1"),
    ] {
        let error = structure.read(wrong).unwrap_err().to_string();
        assert!(error.contains(reason), "{error}");
    }
}
