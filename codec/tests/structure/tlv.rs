//! BER-TLV: public vectors, the index, bounds.

use codec::structure::{
    Ff, Key, Shown, Tag, TlvError, TlvErrorKind, TlvIndex, TlvReader, write_tlv,
};

use crate::golden::{bytes, hex};
use crate::layouts::{self, structure};

/// Chip data of the adelosa/cardutil tests (tests/test_iso8583.py), without most of the zeros at the end.
const ICC: &str = "9F26081C89A48C0C4C3A309F2701809F10120110A04001240000000000000000000000FF9F370401BD0F6D9F3602001195\
    0500000480009A031909069C01009F02060000000289985F2A020032820239009F1A0200329F03060000000000009F1E0837383636343734\
    389F3303E0F0C89F3501009F090200009F34034203008407A0000000041010910AAF6F5977B4CA2925001200000000";

pub(crate) fn scan(bytes: &[u8]) -> Result<TlvIndex, TlvError> {
    let mut index = TlvIndex::default();
    index.scan(bytes, Ff::Filler).map(|()| index)
}

fn tag(text: &str) -> Tag {
    text.parse().unwrap()
}

#[test]
fn zeros_at_the_end_are_filler() {
    let value = bytes(ICC);
    let index = scan(&value).unwrap();
    assert_eq!(index.len(), 20);
    for (number, expected) in [
        ("9F26", "1C89A48C0C4C3A30"),
        ("9F10", "0110A04001240000000000000000000000FF"),
        ("95", "0000048000"),
        ("9F1E", "3738363634373438"),
        ("84", "A0000000041010"),
        ("91", "AF6F5977B4CA29250012"),
    ] {
        assert_eq!(hex(index.get(&value, tag(number)).unwrap()), expected);
    }
    assert_eq!(index.get(&value, tag("5A")), None);
    let structure = structure(layouts::BER_TLV);
    let parts = structure.read(&value).unwrap();
    assert_eq!(
        parts.get(Key::Filler).unwrap().bytes(),
        Some([0_u8; 4].as_slice())
    );
    assert_eq!(*structure.build(&parts).unwrap(), value);
}

#[test]
fn unknown_tags_are_kept() {
    // nao1215/iso8583tool examples/basei/0100-auth-request-unknown-tlv.hex.
    let value = bytes("82023900950580000080009F02060000000050009F36020034DF812904AABBCCDD");
    let structure = structure(layouts::BER_TLV);
    let parts = structure.read(&value).unwrap();
    let keys: Vec<String> = parts.iter().map(|part| part.key.to_string()).collect();
    assert_eq!(keys, ["82", "95", "9F02", "9F36", "DF8129"]);
    assert_eq!(*structure.build(&parts).unwrap(), value);
    // moov-io/iso8583 field/composite_test.go.
    let value = bytes("9F360201579A032107209F02060000000005019F37049BADBCAB");
    let found: Vec<String> = TlvReader::new(&value, Ff::Filler)
        .map(|object| format!("{:?}", object.unwrap()))
        .collect();
    assert_eq!(found, ["9F36[2]", "9A[3]", "9F02[6]", "9F37[4]"]);
}

#[test]
fn constructed_objects_and_long_lengths() {
    // Written by pyemv 1.5.0 (tlv.encode).
    let start =
        "9F02060000000123455A084000001200000016E010DF810101AB9F1E085445535431323334DF0281C8";
    let value = bytes(&format!("{start}{}", "00".repeat(200)));
    let structure = structure(layouts::BER_TLV);
    let parts = structure.read(&value).unwrap();
    let inside = parts
        .find(&[Key::Tag(tag("E0")), Key::Tag(tag("DF8101"))])
        .unwrap();
    assert_eq!(inside.bytes(), Some([0xAB].as_slice()));
    assert_eq!(*structure.build(&parts).unwrap(), value);
    let mut written = Vec::new();
    write_tlv(tag("DF02"), &[0; 200], 0, &mut written).unwrap();
    assert_eq!(written, value[value.len() - 204..]);
}

#[test]
fn lengths_longer_than_needed_are_kept() {
    for value in [
        "9C810100",
        "9C82000100",
        "9C8300000100",
        "9C840000000100",
        "9C8100",
    ] {
        let value = bytes(value);
        let structure = structure(layouts::BER_TLV);
        let parts = structure.read(&value).unwrap();
        assert_eq!(*structure.build(&parts).unwrap(), value);
    }
}

#[test]
fn filler_stands_anywhere() {
    let value = bytes("00FF9C010000FF9A0326010100E004009C0100FFFF");
    let structure = structure(layouts::BER_TLV);
    let parts = structure.read(&value).unwrap();
    assert!(
        parts
            .find(&[Key::Tag(tag("E0")), Key::Tag(tag("9C"))])
            .is_some()
    );
    assert_eq!(*structure.build(&parts).unwrap(), value);
    let private = bytes("FF81060211225A0140FFFF");
    let as_tag = layouts::structure(layouts::BER_TLV_FF);
    let parts = as_tag.read(&private).unwrap();
    assert!(parts.get(Key::Tag(tag("FF8106"))).is_some());
    assert_eq!(
        parts.get(Key::Filler).unwrap().bytes(),
        Some([0xFF, 0xFF].as_slice())
    );
    let text = as_tag.to_text(&parts, Shown::Clear);
    assert_eq!(*as_tag.build_text(&text).unwrap(), private);
}

#[test]
fn hostile_objects_are_errors() {
    for (value, offset, kind) in [
        // moov-io/iso8583 issue 426.
        (
            "DF01888000000000000000",
            0,
            TlvErrorKind::LengthForm(tag("DF01")),
        ),
        // adelosa/cardutil tests/test_iso8583.py.
        ("9F", 0, TlvErrorKind::TagCut),
        ("9C01009F81818101", 3, TlvErrorKind::TagTooLong),
        ("5A80", 0, TlvErrorKind::LengthForm(tag("5A"))),
        ("5A", 0, TlvErrorKind::LengthCut(tag("5A"))),
        ("5A8201", 0, TlvErrorKind::LengthCut(tag("5A"))),
        (
            "00005A84FFFFFFFF00",
            2,
            TlvErrorKind::ValueCut {
                tag: tag("5A"),
                expected: u32::MAX,
                found: 1,
            },
        ),
    ] {
        let value = bytes(value);
        let error = scan(&value).unwrap_err();
        assert_eq!((error.offset, error.kind), (offset, kind));
        let mut reader = TlvReader::new(&value, Ff::Filler);
        assert!(reader.by_ref().any(|object| object.is_err()));
        assert!(reader.next().is_none());
    }
}

#[test]
fn bounds_hold() {
    let many = bytes(&"9C00".repeat(65));
    let error = scan(&many).unwrap_err();
    assert_eq!(
        (error.offset, error.kind),
        (128, TlvErrorKind::TooMany { maximum: 64 })
    );
    assert_eq!(scan(&many[..128]).unwrap().len(), 64);
    let long = vec![0; 0x1_0000];
    assert!(scan(&long).is_err());
    let structure = structure(layouts::BER_TLV);
    let parts = bytes(&"9C00".repeat(2048));
    assert_eq!(structure.read(&parts).unwrap().len(), 2048);
    let parts = bytes(&"9C00".repeat(2049));
    assert_eq!(
        structure.read(&parts).unwrap_err().to_string(),
        "9C at byte 4098: expected at most 2048 parts"
    );
    // Objects inside of one another below the bound stay values.
    let mut deep = Vec::new();
    for _ in 0..100 {
        let mut outer = Vec::new();
        write_tlv(tag("E0"), &deep, 0, &mut outer).unwrap();
        deep = outer;
    }
    let parts = structure.read(&deep).unwrap();
    let path = [Key::Tag(tag("E0")); 9];
    assert!(parts.find(&path).unwrap().bytes().is_some());
    assert_eq!(*structure.build(&parts).unwrap(), deep);
}

#[test]
fn tags_that_would_be_read_as_filler_are_not_built() {
    let structure = structure(layouts::BER_TLV);
    let mut parts = codec::structure::Parts::new();
    parts.push(codec::structure::Part::new(Key::Tag(tag("FF8106")), &[1]));
    assert!(structure.build(&parts).is_err());
    let as_tag = layouts::structure(layouts::BER_TLV_FF);
    assert_eq!(hex(&as_tag.build(&parts).unwrap()), "FF81060101");
}
