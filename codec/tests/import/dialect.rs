//! Dialects written from specifications: they load, and read and write the bytes of the other system.

use bytes::{Bytes, BytesMut};
use codec::Dialect;
use codec::describe::{Description, Shown};
use codec::import::{Import, Written, WrittenAs};
use proptest::prelude::*;

use super::common::{element, from_hex, to_hex};

const NAMED: WrittenAs<'_> = WrittenAs {
    name: "imported",
    source: "a test",
    version: None,
};

fn load(written: &Written) -> Dialect {
    Dialect::from_toml("imported.toml", &written.toml).unwrap()
}

fn left_out(written: &Written) -> Vec<String> {
    written.left_out.iter().map(ToString::to_string).collect()
}

/// Decodes, compares with what is expected, and writes the same bytes again.
fn round_trip(dialect: &Dialect, hex: &str, expected: &str) {
    let bytes = from_hex(hex);
    let message = dialect.decode(Bytes::from(bytes.clone())).unwrap();
    let description = Description::new(dialect, &message, Shown::Clear);
    assert_eq!(serde_json::to_string(&description).unwrap(), expected);
    let mut encoder = dialect.encoder(message.mti());
    for element in message.elements() {
        match message.parts(dialect, element) {
            Some(parts) => {
                encoder.set_parts(element, &parts.unwrap()).unwrap();
            }
            None => {
                encoder.set(element, message.text(element).unwrap());
            }
        }
    }
    let mut out = BytesMut::new();
    encoder.write(&mut out).unwrap();
    assert_eq!(to_hex(&out), to_hex(&bytes));
}

/// In the manner of jPOS's packager for Visa: packed digits, EBCDIC, lengths of one byte.
const JPOS: &str = r#"<isopackager>
  <isofield id="0" length="4" name="MTI" class="org.jpos.iso.IFB_NUMERIC" pad="true"/>
  <isofield id="1" length="24" name="BIT MAP" class="org.jpos.iso.IFB_BITMAP"/>
  <isofield id="2" length="19" name="PAN" pad="false" class="org.jpos.iso.IFB_LLHNUM"/>
  <isofield id="3" length="6" name="PROCESSING CODE" pad="true" class="org.jpos.iso.IFB_NUMERIC"/>
  <isofield id="12" length="6" name="TIME" pad="true" class="org.jpos.iso.IFB_NUMERIC"/>
  <isofield id="22" length="3" name="ENTRY MODE" pad="true" class="org.jpos.iso.IFB_NUMERIC"/>
  <isofield id="28" length="9" name="FEE" class="org.jpos.iso.IFA_AMOUNT"/>
  <isofield id="35" length="37" name="TRACK 2" pad="true" class="org.jpos.iso.IFB_LLHNUM"/>
  <isofield id="41" length="8" name="TERMINAL" class="org.jpos.iso.IFE_CHAR"/>
  <isofield id="44" length="25" name="RESPONSE DATA" class="org.jpos.iso.IFB_LLHECHAR"/>
  <isofield id="52" length="8" name="PIN" class="org.jpos.iso.IFB_BINARY"/>
  <isofield id="53" length="8" name="HEX" class="org.jpos.iso.IFA_BINARY"/>
  <isofieldpackager id="43" length="40" name="ACCEPTOR" class="org.jpos.iso.IFE_CHAR"
      packager="org.jpos.iso.packager.GenericSubFieldPackager">
    <isofield id="0" length="25" name="NAME" class="org.jpos.iso.IFE_CHAR"/>
    <isofield id="1" length="13" name="CITY" class="org.jpos.iso.IFE_CHAR"/>
    <isofield id="2" length="2" name="COUNTRY" class="org.jpos.iso.IFE_CHAR"/>
  </isofieldpackager>
  <isofieldpackager id="55" length="255" name="ICC" class="org.jpos.iso.IFB_LLHBINARY"
      packager="org.jpos.tlv.packager.GenericTLVPackager"/>
  <isofieldpackager id="62" length="255" name="PAYMENT SERVICE" class="org.jpos.iso.IFB_LLHBINARY"
      packager="org.jpos.iso.packager.GenericPackager">
    <isofield id="0" length="8" name="BITMAP" class="org.jpos.iso.IFB_BITMAP"/>
    <isofield id="1" length="1" name="INDICATOR" class="org.jpos.iso.IFE_CHAR"/>
    <isofield id="2" length="15" name="TRANSACTION ID" pad="true" class="org.jpos.iso.IFB_NUMERIC"/>
    <isofield id="10" length="6" name="CVV2" class="org.jpos.iso.IFE_CHAR"/>
  </isofieldpackager>
  <isofieldpackager id="63" length="255" name="GAPS" class="org.jpos.iso.IFB_LLHBINARY"
      packager="org.jpos.iso.packager.GenericSubFieldPackager">
    <isofield id="0" length="1" name="A" class="org.jpos.iso.IFE_CHAR"/>
    <isofield id="1" length="1" name="B" class="com.example.Unknown"/>
    <isofield id="2" length="1" name="C" class="org.jpos.iso.IFE_CHAR"/>
  </isofieldpackager>
  <isofield id="70" length="3" name="NETWORK CODE" pad="true" class="org.jpos.iso.IFB_NUMERIC"/>
  <isofield id="127" length="999999" name="LONG" class="org.jpos.iso.IFA_LLLLLLCHAR"/>
  <isofield id="193" length="3" name="BEYOND" class="org.jpos.iso.IFA_NUMERIC"/>
</isopackager>"#;

#[test]
fn a_packager_of_jpos_reads_and_writes_its_bytes() {
    let written = Import::from_jpos(JPOS).unwrap().to_dialect(NAMED);
    let dialect = load(&written);
    assert_eq!(
        left_out(&written),
        [
            "line 32, field 1: class Unknown is not known",
            "field 63: its inside: part 1 is not there",
            "field 127: its maximum 999999 is lowered to 65535",
            "field 193: expected a number of at most 192",
        ]
    );
    assert_eq!((dialect.name(), dialect.version()), ("imported", "1987"));
    assert_eq!(dialect.unverified().len(), dialect.elements().count());
    let acceptor = format!("C1C2C3{}D7D6D9E3D6{}C2D9", "40".repeat(22), "40".repeat(8));
    let message = [
        "0100",
        "E000041020B01A04",
        "0400000000000000",
        // 19 digits, filled on the right.
        "1340000012000000000160",
        "000000",
        "0051",
        "433030303030303530",
        // 21 digits, filled on the left.
        "1504000001200000016D2912",
        "E3C5D9D4F0F0F0F1",
        &acceptor,
        "02F5F1",
        "0011223344556677",
        "41313030303030303030303030303041",
        "099F0206000000000100",
        // The bitmap, then the parts that it announces.
        "11C000000000000000E80123456789012345",
        "0301",
    ];
    let message = message.concat();
    round_trip(
        &dialect,
        &message,
        concat!(
            r#"{"mti":"0100","fields":{"2":"4000001200000000016","3":"000000","22":"051","28":"C00000050","#,
            r#""35":"4000001200000016D2912","41":"TERM0001","#,
            r#""43":{"1":"ABC                      ","2":"PORTO        ","3":"BR"},"44":"51","#,
            r#""52":"0011223344556677","53":"A10000000000000A","55":{"9F02":"000000000100"},"#,
            r#""62":{"bitmap":"C000000000000000","1":"Y","2":"123456789012345"},"70":"301"}}"#
        ),
    );
}

/// Everything in EBCDIC, with tags of text and chip data.
const MOOV: &str = r#"{
  "name": "moov host",
  "fields": {
    "0": {"type": "String", "length": 4, "description": "MTI", "enc": "EBCDIC", "prefix": "EBCDIC.Fixed"},
    "1": {"type": "Bitmap", "length": 8, "description": "Bitmap", "enc": "Binary", "prefix": "Binary.Fixed"},
    "2": {"type": "String", "length": 19, "description": "PAN", "enc": "EBCDIC", "prefix": "EBCDIC.LL"},
    "3": {"type": "Numeric", "length": 6, "description": "Processing code", "enc": "EBCDIC", "prefix": "EBCDIC.Fixed",
      "padding": {"type": "Left", "pad": "0"}},
    "12": {"type": "String", "length": 12, "enc": "EBCDIC", "prefix": "EBCDIC.Fixed"},
    "48": {"type": "Composite", "length": 999, "description": "Additional data", "prefix": "EBCDIC.LLL",
      "tag": {"length": 2, "enc": "EBCDIC", "sort": "StringsByInt"},
      "subfields": {
        "84": {"type": "String", "length": 2, "description": "Advice", "enc": "EBCDIC", "prefix": "EBCDIC.LL"},
        "92": {"type": "String", "length": 3, "description": "CVC2", "enc": "EBCDIC", "prefix": "EBCDIC.LL"}}},
    "55": {"type": "Composite", "length": 255, "description": "Chip", "prefix": "EBCDIC.LLL",
      "tag": {"enc": "BerTLVTag", "sort": "StringsByHex"},
      "subfields": {"9F02": {"type": "Binary", "length": 6, "enc": "Binary", "prefix": "BerTLV"},
        "DF99": {"type": "Binary", "length": 6, "enc": "Binary", "prefix": "BerTLV"}}},
    "60": {"type": "Composite", "length": 6, "description": "Parts", "prefix": "EBCDIC.LL", "tag": {"sort": "StringsByInt"},
      "subfields": {"1": {"type": "String", "length": 4, "enc": "EBCDIC", "prefix": "EBCDIC.Fixed"},
        "2": {"type": "String", "length": 2, "enc": "EBCDIC", "prefix": "EBCDIC.Fixed"}}}
  }
}"#;

#[test]
fn a_specification_of_moov_reads_and_writes_its_bytes() {
    let written = Import::from_moov_json(MOOV).unwrap().to_dialect(NAMED);
    let dialect = load(&written);
    assert_eq!(
        left_out(&written),
        ["field 55: part DF99: the key is no tag"]
    );
    assert_eq!(dialect.version(), "1993");
    let message = [
        "F1F1F0F0",
        "6010000000010210",
        "F1F6F4F0F0F0F0F0F1F2F0F0F0F0F0F0F1F6",
        "F0F0F0F0F0F0",
        "F2F6F1F1F2F1F1F2F0F0F0F0",
        "F0F1F3F8F4F0F2F0F1F9F2F0F3F1F2F3",
        "F0F0F99F0206000000000100",
        "F0F6C1C2C3C4C5C6",
    ];
    round_trip(
        &dialect,
        &message.concat(),
        concat!(
            r#"{"mti":"1100","fields":{"2":"4000001200000016","3":"000000","12":"261121120000","#,
            r#""48":{"84":"01","92":"123"},"55":{"9F02":"000000000100"},"60":{"1":"ABCD","2":"EF"}}}"#
        ),
    );
    // Parts of private elements are masked, whatever they are called.
    let message = dialect
        .decode(Bytes::from(from_hex(&message.concat())))
        .unwrap();
    let description = Description::new(&dialect, &message, Shown::Masked);
    let json = serde_json::to_string(&description).unwrap();
    assert!(json.contains(r#""48":{"84":"**","92":"***"}"#), "{json}");
    assert!(json.contains(r#""60":{"1":"****","2":"**"}"#), "{json}");
}

#[test]
fn the_document_reads_well() {
    let xml = r#"<isopackager>
  <isofield id="0" length="4" name="MTI" class="IFA_NUMERIC"/>
  <isofield id="1" length="8" name="BIT MAP" class="IFA_BITMAP"/>
  <isofield id="2" length="19" name="a &quot;PAN&quot;" class="IFA_LLNUM"/>
  <isofield id="4" length="12" name="" class="IFA_NUMERIC"/>
  <isofieldpackager id="48" length="99" name="B" class="IFA_LLLCHAR" packager="GenericSubFieldPackager">
    <isofield id="1" length="3" name="Card CVV2" class="IF_CHAR"/>
  </isofieldpackager>
</isopackager>"#;
    let written = Import::from_jpos(xml).unwrap().to_dialect(NAMED);
    let body = written.toml.split("[fields]\n").nth(1).unwrap();
    assert_eq!(
        body,
        r#"2 = { name = 'a "PAN"', format = "n", maximum = 19, length_digits = 2, sensitivity = "pan" }
4 = { name = "Element 4", format = "n", length = 12, pad = "left", pad_with = "0" }
48 = { name = "B", format = "ans", maximum = 99, length_digits = 3, structure = "de48" }

[structures.de48]
kind = "positional"
required = 0
subfields = [
    { name = "card_cvv2", encoding = "ascii", length = 3, sensitivity = "cvv" },
]
"#
    );
    assert!(
        written
            .toml
            .contains("unverified = [\"2\", \"4\", \"48\"]\n"),
        "{}",
        written.toml
    );
    let dialect = load(&written);
    assert_eq!(dialect.element_name(element(2)), Some("a \"PAN\""));
}

proptest! {
    /// What was read gives a dialect that loads, or one without elements that is refused.
    #[test]
    fn changed_specifications_give_dialects_that_load(at in 0_usize..4000, cut in 0_usize..40, piece in "[<>{}\"/a-zA-Z0-9=:_. ]{0,12}") {
        let change = |text: &str| {
            let before: String = text.chars().take(at).collect();
            let after: String = text.chars().skip(at.saturating_add(cut)).collect();
            format!("{before}{piece}{after}")
        };
        let imports = [Import::from_jpos(&change(JPOS)), Import::from_moov_json(&change(MOOV))];
        for import in imports.into_iter().flatten() {
            let written = import.to_dialect(NAMED);
            let elements = import.fields.keys().any(|number| (2..=192).contains(number));
            let loaded = Dialect::from_toml("imported.toml", &written.toml);
            if let Err(error) = loaded {
                prop_assert!(written.toml.ends_with("[fields]\n"), "{elements} {error}\n{}", written.toml);
            }
        }
    }
}
