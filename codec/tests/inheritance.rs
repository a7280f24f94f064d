//! A dialect on top of another one: what it takes over, what it replaces, and where its faults are.
#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    reason = "a failed expectation fails the test"
)]

mod common;

use std::path::{Path, PathBuf};

use codec::{Dialect, Element, Sensitivity};
use common::element;

const BASE: &str = r#"name = "base"
source = "made up"
version = "1993"
unverified = ["3-4"]
framing = { length_header = "binary-2", maximum_frame_bytes = 100 }
encoding = { mti = "ascii", lengths = "ascii", values = "ascii" }
bitmap = { encoding = "ascii-hex", second = "announced-by-bit-1" }
[fields]
2 = { name = "PAN", format = "n", maximum = 19, length_digits = 2, sensitivity = "pan" }
3 = { name = "Code", format = "n", length = 6 }
4 = { name = "Amount", format = "n", length = 12 }
48 = { name = "Data", format = "ans", maximum = 99, length_digits = 2 }
"#;

/// A directory of dialects, removed when the test ends.
struct Directory(PathBuf);

impl Directory {
    fn new(test: &str) -> Self {
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(test);
        std::fs::create_dir_all(&path).unwrap();
        let directory = Self(path);
        directory.put("base.toml", BASE);
        directory
    }

    fn put(&self, name: &str, text: &str) {
        std::fs::write(self.0.join(name), text).unwrap();
    }

    fn load(&self, name: &str) -> Result<Dialect, String> {
        let directory = format!("{}/", self.0.display());
        Dialect::load(&self.0.join(name)).map_err(|error| error.to_string().replace(&directory, ""))
    }

    /// Loads a dialect of two keys and more on top of `base.toml`.
    fn upper(&self, more: &str) -> Result<Dialect, String> {
        let head = "name = \"upper\"\nsource = \"made up\"\nbase = \"base\"\n";
        self.put("upper.toml", &format!("{head}{more}"));
        self.load("upper.toml")
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        drop(std::fs::remove_dir_all(&self.0));
    }
}

fn encode(dialect: &Dialect, number: u8, value: &str) -> Result<String, String> {
    let mut out = bytes::BytesMut::new();
    let mut encoder = dialect.encoder("1100".parse().unwrap());
    let written = encoder.set(element(number), value).write(&mut out);
    written.map_err(|error| error.to_string())?;
    Ok(common::to_hex(&out))
}

#[test]
fn what_is_not_said_is_taken_over() {
    let directory = Directory::new("taken-over");
    let base = directory.load("base.toml").unwrap();
    let upper = directory.upper("").unwrap();
    assert_eq!((upper.name(), upper.version()), ("upper", "1993"));
    assert_eq!(upper.framing(), base.framing());
    assert_eq!(upper.unverified(), [3, 4].map(element));
    assert_eq!(upper.sensitivity(Element::PAN), Some(Sensitivity::Pan));
    assert_eq!(encode(&upper, 2, "40"), encode(&base, 2, "40"));
    let elements: Vec<u8> = upper.elements().map(Element::number).collect();
    assert_eq!(elements, [2, 3, 4, 48]);
}

#[test]
fn keys_replace_keys() {
    let directory = Directory::new("replaced");
    let upper = directory
        .upper(
            r#"
unverified = ["48"]
without = ["3"]
encoding = { mti = "bcd", values_by_format = { n = "bcd" }, lengths = "bcd" }
bitmap = { encoding = "binary", second = "none" }
[fields]
2 = { pad = "right" }
4 = { maximum = 12, length_digits = 2 }
48 = { length = 4 }
5 = { name = "New", format = "a", length = 1 }
"#,
        )
        .unwrap();
    assert_eq!(upper.unverified(), [element(48)]);
    let elements: Vec<u8> = upper.elements().map(Element::number).collect();
    assert_eq!(elements, [2, 4, 5, 48]);
    assert_eq!(upper.element_name(Element::PAN), Some("PAN"));
    let head = |map: &str| format!("1100{map}");
    assert_eq!(encode(&upper, 2, "400"), Ok(head("4000000000000000034000")));
    assert_eq!(encode(&upper, 4, "12"), Ok(head("10000000000000000212")));
    assert_eq!(
        encode(&upper, 48, "abcd"),
        Ok(head("000000000001000061626364"))
    );
    // A new default for all formats drops what the base says format by format.
    directory.put(
        "third.toml",
        "name = \"third\"\nsource = \"x\"\nbase = \"upper.toml\"\nwithout = [\"2\"]\nencoding = { values = \"ebcdic-500\" }\n",
    );
    let third = directory.load("third.toml").unwrap();
    assert_eq!(encode(&third, 4, "12"), Ok(head("100000000000000002F1F2")));
}

#[test]
fn a_fault_is_told_in_the_file_that_has_it() {
    let directory = Directory::new("faults");
    for (more, expected) in [
        (
            "[fields]\n3 = { format = \"ans\", encoding = \"bcd\" }",
            "upper.toml:5: DE3: encoding bcd takes formats n, z and x+n only",
        ),
        (
            "[fields]\n9 = { format = \"n\", length = 2 }",
            "upper.toml:5: DE9: name is missing",
        ),
        (
            "encoding = { values = \"bcd\" }",
            "base.toml:12: DE48: encoding bcd takes formats n, z and x+n only",
        ),
        (
            "without = [\"2-4\", \"48\"]",
            "base.toml:8: no fields: expected at least one",
        ),
        (
            "without = [\"4-2\"]",
            "upper.toml:4: \"4-2\" names no data elements: expected \"35\" or \"105-128\"",
        ),
        (
            "unverified = [\"x\"]",
            "upper.toml:4: \"x\" names no data elements: expected \"35\" or \"105-128\"",
        ),
        (
            "[framing]\nlength_header = \"binary-2\"\nmaximum_frame_bytes = 0",
            "upper.toml:6: expected maximum_frame_bytes of 1 to 65535, found 0",
        ),
    ] {
        assert_eq!(directory.upper(more).unwrap_err(), expected, "{more}");
    }
}

#[test]
fn a_chain_that_comes_back_or_breaks_is_refused() {
    let directory = Directory::new("chains");
    let on = |base: &str| format!("name = \"x\"\nsource = \"x\"\nbase = \"{base}\"\n");
    directory.put("itself.toml", &on("itself"));
    directory.put("one.toml", &on("two"));
    directory.put("two.toml", &on("./one"));
    directory.put("broken.toml", &on("missing"));
    directory.put("bad.toml", "name = 1");
    directory.put("onto-bad.toml", &on("bad"));
    directory.put("alone.toml", "name = \"x\"\nsource = \"x\"\n");
    for (name, expected) in [
        (
            "itself.toml",
            "itself.toml:3: the base itself.toml comes back to itself",
        ),
        (
            "one.toml",
            "two.toml:3: the base ./one.toml comes back to itself",
        ),
        (
            "broken.toml",
            "broken.toml:3: the base missing.toml cannot be read: entity not found",
        ),
        (
            "onto-bad.toml",
            "bad.toml:1: invalid type: integer `1`, expected a string",
        ),
        ("alone.toml", "alone.toml:1: version is missing"),
    ] {
        assert_eq!(directory.load(name).unwrap_err(), expected);
    }
    let text = on("base");
    let error = Dialect::from_toml("text.toml", &text).unwrap_err();
    assert_eq!(
        error.to_string(),
        "text.toml:3: the base \"base\" can only be found from a file"
    );
}

#[test]
fn structures_are_taken_over_replaced_and_taken_away() {
    let directory = Directory::new("structures");
    let field = "48 = { name = \"Data\", format = \"ans\", maximum = 99, length_digits = 2";
    let base = BASE.replace(field, &format!("{field}, structure = \"data\""));
    let structure = "[structures.data]\nkind = \"tagged-text\"\ntag_size = 2\nlength_size = 2\n";
    directory.put("base.toml", &format!("{base}{structure}"));
    let parts = |dialect: &Dialect, wire: &[u8]| -> Option<usize> {
        let structure = dialect.structure(element(48))?;
        Some(structure.read(wire).unwrap().len())
    };
    assert_eq!(
        parts(&directory.upper("").unwrap(), b"8402010102AB"),
        Some(2)
    );
    // The text of the element is the text of its parts, also where the base has another one.
    let ebcdic = "encoding = { values = \"ebcdic-500\", lengths = \"ebcdic\" }";
    let wire = common::from_hex("F8F4F0F2F0F1F0F1F0F2C1C2");
    assert_eq!(parts(&directory.upper(ebcdic).unwrap(), &wire), Some(2));
    let other = "[structures.data]\nkind = \"tagged-text\"\ntag_size = 3\nlength_size = 3\n";
    assert_eq!(
        parts(&directory.upper(other).unwrap(), b"84000201001001A"),
        Some(2)
    );
    let without = "[fields]\n48 = { structure = \"none\" }\n";
    assert_eq!(parts(&directory.upper(without).unwrap(), b""), None);
    // A fault is told in the file that has it.
    let bad =
        "[structures.data]\nkind = \"ber-tlv\"\n[structures.data.tags]\n9F = { name = \"a\" }\n";
    assert_eq!(
        directory.upper(bad).unwrap_err(),
        "upper.toml:7: structures.data.tags.9F: expected a tag in hexadecimal as key"
    );
}
