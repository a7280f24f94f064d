//! `import`.

use super::run::{file, path, run};

const JPOS: &str = r#"<?xml version="1.0"?>
<isopackager>
  <isofield id="0" length="4" name="MTI" class="org.jpos.iso.IFA_NUMERIC"/>
  <isofield id="1" length="16" name="BIT MAP" class="org.jpos.iso.IFB_BITMAP"/>
  <isofield id="2" length="19" name="PAN" class="org.jpos.iso.IFA_LLNUM"/>
  <isofield id="4" length="12" name="AMOUNT" class="org.jpos.iso.IFA_NUMERIC"/>
  <isofield id="11" length="6" name="STAN" class="org.jpos.iso.IFA_NUMERIC"/>
  <isofield id="41" length="8" name="TERMINAL" class="org.jpos.iso.IF_CHAR"/>
  <isofield id="46" length="10" name="STRANGE" class="com.example.IFX_SECRET"/>
  <isofield id="70" length="3" name="NETWORK CODE" class="org.jpos.iso.IFA_NUMERIC"/>
</isopackager>
"#;

#[test]
fn an_imported_dialect_decodes_a_message() {
    let source = file("packager.xml", JPOS);
    let out = path("packager.toml");
    let out = out.to_str().unwrap();
    let ran = run(
        &["import", "jpos", &source, "--out", out, "--name", "host"],
        "",
    );
    assert_eq!((ran.code, ran.out.as_str()), (Some(0), ""), "{}", ran.err);
    assert_eq!(
        ran.err,
        "iso8583: not carried over: line 9, field 46: class IFX_SECRET is not known\n\
         iso8583: 5 elements carried over, 1 remarks; check the framing and the sensitivities\n"
    );
    // The primary bitmap in bytes, then the elements in ASCII.
    let message = "30313030".to_owned()
        + "5020000000800000"
        + &super::run::hex("164000001200000016000000012345000001TERM0001");
    let decoded = run(&["decode", "--dialect", out, "--hex", &message], "");
    assert_eq!(
        (decoded.out.as_str(), decoded.err.as_str()),
        (
            "{\"mti\":\"0100\",\"fields\":{\"2\":\"400000******0016\",\"4\":\"000000012345\",\"11\":\"000001\",\"41\":\"TERM0001\"}}\n",
            ""
        )
    );
    // It is never written over.
    let again = run(&["import", "jpos", &source, "--out", out], "");
    assert_eq!(again.code, Some(2));
    assert!(again.err.contains("packager.toml"), "{}", again.err);
}

#[test]
fn json_and_yaml_of_moov_go_to_standard_output() {
    let json = r#"{"name": "moov host", "fields": {
        "0": {"type": "String", "length": 4, "enc": "ASCII", "prefix": "ASCII.Fixed"},
        "1": {"type": "Bitmap", "length": 8, "enc": "HexToASCII", "prefix": "Hex.Fixed"},
        "3": {"type": "Numeric", "length": 6, "enc": "ASCII", "prefix": "ASCII.Fixed", "padding": {"type": "Left", "pad": "0"}}}}"#;
    let yaml = "name: moov host\nfields:\n  0: {type: String, length: 4, enc: ASCII, prefix: ASCII.Fixed}\n  \
                1: {type: Bitmap, length: 8, enc: HexToASCII, prefix: Hex.Fixed}\n  \
                3: {type: Numeric, length: 6, enc: ASCII, prefix: ASCII.Fixed, padding: {type: Left, pad: \"0\"}}\n";
    let from_json = run(&["import", "moov", &file("spec.json", json)], "");
    let from_yaml = run(&["import", "moov", &file("spec.yaml", yaml)], "");
    assert_eq!(from_json.code, Some(0), "{}", from_json.err);
    let fields = |text: &str| text.split("[framing]").nth(1).map(str::to_owned);
    assert!(fields(&from_json.out).is_some());
    assert_eq!(fields(&from_json.out), fields(&from_yaml.out));
    assert!(
        from_json.out.contains("name = \"moov host\"\n"),
        "{}",
        from_json.out
    );
    assert_eq!(
        run(&["import", "moov", "-"], json).out.lines().count(),
        from_json.out.lines().count()
    );
}

#[test]
fn what_cannot_be_read_is_told_with_its_line() {
    for (system, name, text, expected) in [
        (
            "jpos",
            "broken.xml",
            "<isopackager>\n<isofield",
            "broken.xml: line 2: ",
        ),
        (
            "jpos",
            "empty.xml",
            "<isopackager/>",
            "empty.xml: the specification has no fields",
        ),
        (
            "moov",
            "broken.json",
            "{\n\"fields\": 1}",
            "broken.json: line 2 column ",
        ),
        (
            "moov",
            "broken.yaml",
            "fields:\n  0: [",
            "broken.yaml: line ",
        ),
        (
            "moov",
            "latin.json",
            "{\"name\": \"\u{fffd}",
            "latin.json: line 1 column ",
        ),
    ] {
        let ran = run(&["import", system, &file(name, text)], "");
        assert_eq!((ran.code, ran.out.as_str()), (Some(1), ""), "{name}");
        assert!(ran.err.contains(expected), "{name}: {}", ran.err);
    }
    // Nothing of it can be carried over.
    let none = r#"<isopackager><isofield id="2" length="9" name="" class="X"/></isopackager>"#;
    let ran = run(&["import", "jpos", &file("none.xml", none)], "");
    assert_eq!((ran.code, ran.out.as_str()), (Some(1), ""), "{}", ran.err);
    assert_eq!(run(&["import", "jpos", "no/such.xml"], "").code, Some(2));
    assert_eq!(run(&["import", "other", "x"], "").code, Some(2));
}
