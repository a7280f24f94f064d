//! Specifications of other systems: what is carried over, and what is said about the rest.
#![allow(
    clippy::too_many_lines,
    clippy::unwrap_used,
    reason = "a failed expectation fails the test; a table is as long as it is"
)]

#[path = "../common/mod.rs"]
mod common;
mod dialect;

use codec::import::{
    Import, ImportError, ImportedClass as Class, ImportedCodePage, ImportedEncoding as Encoding,
    ImportedField, ImportedInnerKind as Inner, ImportedLength as Length,
    ImportedPadding as Padding,
};
use codec::structure::{Counts, NumberEncoding};
use proptest::prelude::*;

/// Classes as they stand in jPOS's own packagers for 1987 binary and for Visa, with one of each kind of inside.
const JPOS: &str = include_str!("inputs/packager.xml");

const MOOV: &str = include_str!("inputs/specification.json");

fn variable(size: u8, encoding: NumberEncoding, maximum: u32) -> Length {
    Length::Variable {
        size,
        encoding,
        counts: Counts::Units,
        maximum,
    }
}

fn check(field: &ImportedField, class: Class, length: Length, encoding: Encoding) {
    assert_eq!(
        (field.class, field.length, field.encoding),
        (class, length, encoding)
    );
}

fn left_out(import: &Import) -> Vec<String> {
    import.left_out.iter().map(ToString::to_string).collect()
}

#[test]
fn jpos_fields_are_carried_over() {
    use NumberEncoding as N;
    let import = Import::from_jpos(JPOS).unwrap();
    for (number, class, length, encoding) in [
        (0, Class::Digits, Length::Fixed(4), Encoding::Bcd),
        (1, Class::Bitmap, Length::Fixed(16), Encoding::Binary),
        (
            2,
            Class::Digits,
            variable(2, N::Ebcdic, 19),
            Encoding::Ebcdic,
        ),
        (28, Class::SignedDigits, Length::Fixed(9), Encoding::Ascii),
        (41, Class::Text, Length::Fixed(8), Encoding::Ebcdic),
        (
            44,
            Class::Text,
            variable(1, N::Binary, 25),
            Encoding::Ebcdic,
        ),
        (52, Class::Bytes, Length::Fixed(8), Encoding::AsciiHex),
        (43, Class::Text, Length::Fixed(40), Encoding::Ascii),
        (48, Class::Text, variable(3, N::Ascii, 999), Encoding::Ascii),
        (55, Class::Bytes, variable(3, N::Bcd, 255), Encoding::Binary),
        (
            127,
            Class::Text,
            variable(6, N::Ascii, 999_999),
            Encoding::Ascii,
        ),
    ] {
        check(&import.fields[&number], class, length, encoding);
    }
    assert_eq!(import.fields[&41].padding, Some(Padding::Right(' ')));
    assert_eq!(import.fields[&0].padding, Some(Padding::Left('0')));
    let acceptor = import.fields[&43].inner.as_ref().unwrap();
    assert_eq!(acceptor.kind, Inner::Positional);
    assert_eq!(acceptor.parts["1"].description, "CITY");
    let postilion = import.fields[&127].inner.as_ref().unwrap();
    let bitmap = Inner::Bitmapped {
        bytes: 8,
        encoding: Encoding::Binary,
    };
    assert_eq!(postilion.kind, bitmap);
    assert_eq!(postilion.parts.keys().collect::<Vec<_>>(), ["2"]);
    assert_eq!(
        import.fields[&55].inner.as_ref().unwrap().kind,
        Inner::BerTlv
    );
    assert_eq!(import.fields[&48].inner, None);
    assert_eq!(
        left_out(&import),
        [
            "line 11, field 46: class IFX_SECRET is not known",
            "line 12, field 47: its length is no number",
            "line 13, field 52: attribute token is not known",
            "line 14, field 53: class IF_UNUSED: the field is not used",
            "line 28, field 48: its inside: packager Mine is not known",
            "line 31, field 2: the number is there twice: the later one is taken",
        ]
    );
}

#[test]
fn digits_are_aligned_as_pad_says() {
    let packager = |pad: &str, class: &str| {
        let xml = format!(
            r#"<isopackager><isofield id="2" length="19" name="" {pad} class="{class}"/></isopackager>"#
        );
        Import::from_jpos(&xml).unwrap().fields[&2].encoding
    };
    assert_eq!(packager("pad=\"true\"", "IFB_LLNUM"), Encoding::Bcd);
    assert_eq!(
        packager("pad=\"false\"", "IFB_LLNUM"),
        Encoding::BcdRightZero
    );
    assert_eq!(
        packager("", "org.jpos.iso.IFB_LLHNUM"),
        Encoding::BcdRightZero
    );
    assert_eq!(packager("", "IFEB_LLNUM"), Encoding::BcdRightF);
    assert_eq!(packager("", "IFB_AMOUNT"), Encoding::Bcd);
}

#[test]
fn jpos_documents_that_cannot_be_read() {
    for (xml, expected) in [
        ("", "the specification has no fields"),
        ("<isopackager/>", "the specification has no fields"),
        ("plain text", "the specification has no fields"),
        ("<isopackager>\n<isofield", "line 2: "),
        (
            "<isopackager>\n",
            "line 2: the document ends inside of an element",
        ),
        ("<isopackager>\n</other>", "line 2: "),
        (
            "<isopackager>\n<isofield id='1' id='2'/></isopackager>",
            "line 2: ",
        ),
    ] {
        let error = Import::from_jpos(xml).unwrap_err().to_string();
        assert!(error.starts_with(expected), "{xml}: {error}");
    }
    let deep = format!(
        "{}{}",
        "<isofieldpackager id='1' length='1' class='IF_CHAR'>".repeat(9),
        "</isofieldpackager>".repeat(9)
    );
    let error = Import::from_jpos(&deep).unwrap_err().to_string();
    assert_eq!(
        error,
        "line 1: expected at most 8 packagers inside of one another"
    );
}

#[test]
fn moov_fields_are_carried_over() {
    use NumberEncoding as N;
    let import = Import::from_moov_json(MOOV).unwrap();
    assert_eq!(import.name.as_deref(), Some("example"));
    for (number, class, length, encoding) in [
        (0, Class::Text, Length::Fixed(4), Encoding::Ascii),
        (1, Class::Bitmap, Length::Fixed(8), Encoding::AsciiHex),
        (2, Class::Text, variable(2, N::Bcd, 19), Encoding::Bcd),
        (4, Class::Digits, Length::Fixed(12), Encoding::Ascii),
        (
            35,
            Class::Track,
            variable(1, N::Binary, 37),
            Encoding::BcdRightZero,
        ),
        (
            48,
            Class::Bytes,
            variable(3, N::Ebcdic, 999),
            Encoding::Binary,
        ),
        (64, Class::Text, variable(2, N::Ascii, 16), Encoding::Binary),
    ] {
        check(&import.fields[&number], class, length, encoding);
    }
    assert_eq!(import.fields[&4].padding, Some(Padding::Left('0')));
    let inner = |number: u16| import.fields[&number].inner.as_ref().unwrap();
    let tagged = Inner::Tagged {
        tag_size: 2,
        tag_encoding: N::Ebcdic,
        length_size: 2,
        length_encoding: N::Ebcdic,
    };
    assert_eq!(inner(48).kind, tagged);
    assert_eq!(inner(48).parts["84"].length, Length::Given(2));
    assert_eq!(inner(55).kind, Inner::BerTlv);
    assert_eq!(inner(55).parts["9F02"].length, Length::Given(6));
    let bitmap = Inner::Bitmapped {
        bytes: 8,
        encoding: Encoding::Binary,
    };
    assert_eq!(inner(62).kind, bitmap);
    assert_eq!(inner(60).kind, Inner::Positional);
    assert_eq!(
        left_out(&import),
        [
            "fields.61: its inside: neither a tag nor a bitmap says how its parts are told apart",
            "fields.63: type \"Strange\" is not known",
            "fields.64.colour: the key is not known",
            "fields.64: whether its length counts bytes or hexadecimal digits: bytes are taken",
            "fields.65: encoding \"UTF8\" is not known",
            "fields.66: prefix \"Hex.LL\" is not known",
            "fields.x: the key is no number",
        ]
    );
}

#[test]
fn the_same_in_yaml() {
    let yaml = include_str!("inputs/specification.yaml");
    let from_yaml = Import::from_moov_yaml(yaml).unwrap();
    let from_json = Import::from_moov_json(MOOV).unwrap();
    assert_eq!(from_yaml.left_out, []);
    for number in [0, 4, 48] {
        assert_eq!(from_yaml.fields[&number], from_json.fields[&number]);
    }
    let error = Import::from_moov_yaml("name: a\nfields:\n  0: [").unwrap_err();
    assert!(
        matches!(&error, ImportError::Document { place, .. } if place.starts_with("line ")),
        "{error}"
    );
}

#[test]
fn each_ebcdic_of_moov_has_its_code_page() {
    let read = |first: &str, second: &str| {
        let yaml = format!(
            "fields:\n  2: {{ type: String, length: 4, enc: {first}, prefix: ASCII.Fixed }}\n  \
             3: {{ type: String, length: 4, enc: {second}, prefix: ASCII.Fixed }}\n"
        );
        let import = Import::from_moov_yaml(&yaml).unwrap();
        (import.code_page, left_out(&import))
    };
    use ImportedCodePage::{Ibm500, Ibm1047};
    assert_eq!(read("EBCDIC", "ASCII"), (Ibm500, Vec::new()));
    assert_eq!(read("EBCDIC1047", "ASCII"), (Ibm1047, Vec::new()));
    let (code_page, remarks) = read("EBCDIC", "EBCDIC1047");
    assert_eq!(code_page, Ibm1047);
    assert_eq!(
        remarks,
        [
            "fields: EBCDIC beside EBCDIC1047: code page 1047 is taken for both, in which ! [ ] ^ | are others"
        ]
    );
}

#[test]
fn moov_documents_that_cannot_be_read() {
    for (json, expected) in [
        ("", "line 1 column 0: "),
        ("{}", "the specification has no fields"),
        ("{\"fields\": 1}", "line 1 column 12: "),
        ("{\"fields\": {\"0\": {\"length\": -1}}}", "line 1 column "),
    ] {
        let error = Import::from_moov_json(json).unwrap_err().to_string();
        assert!(error.starts_with(expected), "{json}: {error}");
    }
    let mut deep = "{\"type\": \"Composite\", \"prefix\": \"ASCII.LL\", \"tag\": {}}".to_owned();
    for _ in 0..12 {
        deep = format!(
            "{{\"type\": \"Composite\", \"prefix\": \"ASCII.LL\", \"tag\": {{}}, \"subfields\": {{\"1\": {deep}}}}}"
        );
    }
    let import = Import::from_moov_json(&format!("{{\"fields\": {{\"2\": {deep}}}}}")).unwrap();
    assert_eq!(import.left_out.len(), 1);
    let reason = &import.left_out.first().unwrap().reason;
    assert_eq!(reason, "more than 8 composite fields inside of one another");
}

proptest! {
    /// No text makes reading panic.
    #[test]
    fn any_text_is_read_or_refused(text: String) {
        let results = [Import::from_jpos(&text), Import::from_moov_json(&text), Import::from_moov_yaml(&text)];
        for import in results.into_iter().flatten() {
            prop_assert!(!import.fields.is_empty() || !import.left_out.is_empty());
        }
    }

    /// Nor does a good document with a piece cut out or put in.
    #[test]
    fn changed_documents_are_read_or_refused(at in 0_usize..3000, cut in 0_usize..60, piece in "[<>{}\"/a-z0-9=: \\n\\[\\]&;-]{0,12}") {
        let change = |text: &str| {
            let characters: Vec<char> = text.chars().collect();
            let at = at.min(characters.len());
            let end = at.saturating_add(cut).min(characters.len());
            let before: String = characters.iter().take(at).collect();
            let after: String = characters.iter().skip(end).collect();
            format!("{before}{piece}{after}")
        };
        let jpos = Import::from_jpos(&change(JPOS));
        let moov = Import::from_moov_json(&change(MOOV));
        let yaml = Import::from_moov_yaml(&change(MOOV));
        for error in [jpos.err(), moov.err(), yaml.err()].into_iter().flatten() {
            prop_assert!(!error.to_string().is_empty());
        }
    }
}
