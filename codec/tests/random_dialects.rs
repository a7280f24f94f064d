//! What holds for all dialects: any elements in any encodings.
#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    reason = "a failed expectation fails the test"
)]

mod common;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::LazyLock;

use bytes::{Bytes, BytesMut};
use codec::{Dialect, Element, Message, Mti};
use common::{SHIPPED, element, shipped};
use proptest::collection::{btree_map, vec};
use proptest::prelude::*;
use proptest::sample::{Index, select};

/// One element of a made-up dialect.
#[derive(Clone, Debug)]
struct Field {
    format: &'static str,
    encoding: &'static str,
    /// Encoding, size key and unit of the length in front; without it the length is fixed.
    prefix: Option<(&'static str, &'static str, &'static str)>,
    maximum: usize,
    pad: &'static str,
    pad_with: char,
}

fn field() -> impl Strategy<Value = Field> {
    let encoding = prop_oneof![
        (
            select(vec!["n", "a", "an", "anp", "ans", "b", "z", "x+n"]),
            select(vec!["ascii", "ebcdic-037", "ebcdic-500", "ebcdic-1047"])
        ),
        (select(vec!["n", "z", "x+n"]), Just("bcd")),
        (Just("b"), select(vec!["binary", "hex"])),
    ];
    let prefix = (
        select(vec![
            ("ascii", "length_digits = 3"),
            ("ebcdic", "length_digits = 3"),
            ("bcd", "length_digits = 3"),
            ("binary", "length_bytes = 1"),
            ("binary", "length_bytes = 2"),
        ]),
        select(vec!["characters", "digits", "bytes", "nibbles"]),
    );
    let prefix =
        prop::option::of(prefix.prop_map(|((encoding, size), unit)| (encoding, size, unit)));
    let pads = (select(vec!["left", "right"]), select(vec!['0', 'F', '9']));
    (encoding, prefix, 2..40_usize, pads).prop_map(
        |((format, encoding), prefix, maximum, (pad, pad_with))| Field {
            format,
            encoding,
            prefix,
            maximum: match format {
                "b" => maximum.next_multiple_of(2),
                _ => maximum.max(3),
            },
            pad,
            pad_with: match prefix {
                Some((_, _, "bytes" | "nibbles")) => 'F',
                _ => pad_with,
            },
        },
    )
}

impl Field {
    fn entry(&self, number: u8) -> String {
        let Self {
            format,
            encoding,
            maximum,
            pad,
            pad_with,
            ..
        } = self;
        let mut entry = format!(
            "{number} = {{ name = \"Test\", format = \"{format}\", encoding = \"{encoding}\""
        );
        match self.prefix {
            None => write!(entry, ", length = {maximum}").unwrap(),
            Some((prefix, size, unit)) => write!(
                entry,
                ", maximum = {maximum}, {size}, length_encoding = \"{prefix}\", length_unit = \"{unit}\""
            )
            .unwrap(),
        }
        if *encoding == "bcd" {
            write!(entry, ", pad = \"{pad}\", pad_with = \"{pad_with}\"").unwrap();
        }
        entry.push_str(" }\n");
        entry
    }

    /// Values that come back as they went.
    fn values(&self) -> BoxedStrategy<String> {
        let alphabet = match (self.format, self.encoding) {
            ("n" | "x+n", _) => "0123456789",
            ("a", _) => "azAZ",
            ("an", _) => "azAZ09",
            ("anp", _) => "azAZ09 ",
            ("ans", _) => " ~!|[]^\\{}azAZ09",
            // Binary bytes have no case.
            ("b", "binary") => "0123456789ABCDEF",
            ("b", _) => "0123456789ABCDEFabcdef",
            // Packed, both separators are the nibble D.
            ("z", "bcd") => "0123456789D",
            ("z", _) => "0123456789D=",
            other => unreachable!("{other:?}"),
        };
        let least = if self.format == "x+n" { 2 } else { 0 };
        let lengths = match self.prefix {
            None => self.maximum..=self.maximum,
            Some(_) => least..=self.maximum,
        };
        let hides_odd =
            self.encoding == "bcd" && matches!(self.prefix, Some((_, _, "bytes" | "nibbles")));
        let signed = self.format == "x+n";
        let bytes = self.format == "b";
        (
            vec(select(alphabet.chars().collect::<Vec<_>>()), lengths),
            select(vec!['C', 'D']),
        )
            .prop_map(move |(mut value, sign)| {
                if signed {
                    value[0] = sign;
                }
                let digits = value.len() - usize::from(signed);
                // An odd number of digits is told by a length in bytes only when the pad is no digit.
                if bytes || hides_odd {
                    value.truncate(value.len() - digits % 2);
                }
                if signed && value.len() == 1 {
                    value.extend(['0', '0']);
                }
                value.into_iter().collect()
            })
            .boxed()
    }
}

#[derive(Clone, Debug)]
struct Case {
    text: String,
    fields: BTreeMap<u8, String>,
}

/// A dialect and a message of it.
fn cases() -> impl Strategy<Value = Case> {
    let head = (
        select(vec!["ascii", "ebcdic", "bcd"]),
        select(vec!["binary", "ascii-hex", "ascii-hex-lower", "ebcdic-hex"]),
        select(vec![
            ("announced-by-bit-1", "none"),
            ("always-announced", "none"),
            ("fixed", "none"),
            ("announced-by-bit-1", "announced-by-bit-65"),
            ("fixed", "in-element-65"),
            ("announced-by-bit-1", "in-element-65"),
            ("fixed", "fixed"),
        ]),
    );
    (head, btree_map(2..=192_u8, (field(), any::<bool>()), 1..40))
        .prop_flat_map(|((mti, map, (second, third)), mut fields)| {
            let last = if third == "none" { 128 } else { 192 };
            fields.retain(|number, _| *number <= last && *number != 65);
            if fields.is_empty() {
                return Just(None).boxed();
            }
            let mut text = format!(
                r#"
name = "random"
source = "made up"
version = "1987"
framing = {{ length_header = "binary-2", maximum_frame_bytes = 65535 }}
encoding = {{ mti = "{mti}" }}
bitmap = {{ encoding = "{map}", second = "{second}", third = "{third}" }}
[fields]
"#
            );
            for (number, (field, _)) in &fields {
                text.push_str(&field.entry(*number));
            }
            let present = fields.into_iter().filter(|(_, (_, present))| *present);
            let values: Vec<_> = present
                .map(|(number, (field, _))| (Just(number), field.values()))
                .collect();
            values
                .prop_map(move |values| {
                    let fields = values.into_iter().collect();
                    Some(Case {
                        text: text.clone(),
                        fields,
                    })
                })
                .boxed()
        })
        .prop_filter_map("no element left", |case| case)
}

fn encode(dialect: &Dialect, fields: &BTreeMap<u8, String>) -> Bytes {
    let mut encoder = dialect.encoder(Mti::parse(b"0100").unwrap());
    // In any order: the encoder sorts.
    for (number, value) in fields.iter().rev() {
        encoder.set(element(*number), value);
    }
    let mut out = BytesMut::new();
    encoder.write(&mut out).expect("values of the dialect");
    out.freeze()
}

fn read(message: &Message) -> BTreeMap<u8, String> {
    let text = |element: Element| message.text(element).expect("present").to_owned();
    message
        .elements()
        .map(|element| (element.number(), text(element)))
        .collect()
}

static DIALECTS: LazyLock<Vec<Dialect>> = LazyLock::new(|| SHIPPED.map(shipped).into());

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_encoded_is_decoded(case in cases()) {
        let dialect = Dialect::from_toml("random.toml", &case.text).unwrap_or_else(|error| panic!("{error}\n{}", case.text));
        let wire = encode(&dialect, &case.fields);
        let message = dialect.decode(wire.clone()).unwrap_or_else(|error| panic!("{error}\n{}", case.text));
        prop_assert_eq!(read(&message), case.fields.clone());
        prop_assert_eq!(encode(&dialect, &read(&message)), wire.clone());
        let all: Vec<Element> = message.elements().collect();
        let mut echoed = BytesMut::new();
        dialect.encoder(message.mti()).echo(&message, &all).write(&mut echoed).unwrap();
        prop_assert_eq!(&echoed[..], &wire[..]);
    }

    #[test]
    fn a_cut_message_is_an_error_with_a_readable_prefix(case in cases(), cut in any::<Index>()) {
        let dialect = Dialect::from_toml("random.toml", &case.text).unwrap();
        let wire = encode(&dialect, &case.fields);
        let length = cut.index(wire.len());
        let error = dialect.decode(wire.slice(..length)).expect_err("cut");
        prop_assert!(error.error.kind.is_structure());
        prop_assert!(error.error.offset <= length);
        let readable = error.readable.as_ref().map(read).unwrap_or_default();
        let prefix: BTreeMap<u8, String> = case.fields.into_iter().take(readable.len()).collect();
        prop_assert_eq!(readable, prefix);
    }

    #[test]
    fn one_changed_byte_never_panics_and_never_gives_bad_text(
        case in cases(), at in any::<Index>(), byte in any::<u8>(),
    ) {
        let dialect = Dialect::from_toml("random.toml", &case.text).unwrap();
        let mut wire = encode(&dialect, &case.fields).to_vec();
        let at = at.index(wire.len());
        wire[at] = byte;
        check_texts(&dialect, Bytes::from(wire))?;
    }

    #[test]
    fn no_bytes_panic_in_a_shipped_dialect(
        which in 0..SHIPPED.len(), mti in "[012][1-8][0-9]{2}", bytes in vec(any::<u8>(), 0..600),
    ) {
        let dialect = &DIALECTS[which];
        check_texts(dialect, Bytes::from(bytes.clone()))?;
        // Behind a good MTI, so that the elements are reached.
        let mut wire = BytesMut::new();
        dialect.encoder(mti.parse().unwrap()).write(&mut wire).unwrap();
        let map_bytes = if dialect.name().ends_with("ascii") { 16 } else { 8 };
        wire.truncate(wire.len() - map_bytes);
        if map_bytes == 16 {
            let map: String = bytes.iter().take(16).map(|byte| format!("{byte:02X}")).collect();
            wire.extend_from_slice(map.as_bytes());
        }
        wire.extend_from_slice(&bytes);
        check_texts(dialect, wire.freeze())?;
    }
}

/// Whatever a frame holds, every element that is there has a text, and a good message can be written again.
fn check_texts(dialect: &Dialect, frame: Bytes) -> Result<(), TestCaseError> {
    let (message, good) = match dialect.decode(frame) {
        Ok(message) => (Some(message), true),
        Err(error) => {
            prop_assert!(!error.to_string().is_empty());
            (error.readable, false)
        }
    };
    let Some(message) = message else {
        return Ok(());
    };
    for element in message.elements() {
        let text = message
            .text(element)
            .expect("an element that is there has a text");
        prop_assert!(text.is_ascii());
        let value = message.value(element).expect("and a value");
        prop_assert_eq!(&*value, text);
    }
    if good {
        let fields = read(&message);
        let again = dialect
            .decode(encode(dialect, &fields))
            .expect("what was written");
        prop_assert_eq!(read(&again), fields);
    }
    Ok(())
}
