//! Descriptions of the elements that the tests read, as a dialect would have them.

use codec::structure::{Structure, StructureDocument};

/// A structure from its TOML.
pub(crate) fn structure(toml: &str) -> Structure {
    let document: StructureDocument = toml::from_str(toml).unwrap();
    document.compile().unwrap()
}

/// Visa DE62: a bitmap of 8 bytes.
pub(crate) const VISA_62: &str = r#"
kind = "bitmapped"
bitmap_bytes = 8
[subfields]
1 = { name = "cps_indicator", encoding = "ebcdic", length = 1 }
2 = { name = "transaction_id", encoding = "bcd", length = 15 }
3 = { name = "validation_code", encoding = "ebcdic", length = 4 }
23 = { name = "product_id", encoding = "ebcdic", length = 2 }
"#;

/// Visa DE63: a bitmap of 3 bytes.
pub(crate) const VISA_63: &str = r#"
kind = "bitmapped"
bitmap_bytes = 3
[subfields]
1 = { name = "network_id", encoding = "bcd", length = 4 }
3 = { name = "message_reason", encoding = "bcd", length = 4 }
4 = { name = "switch_reason", encoding = "bcd", length = 4 }
"#;

/// Visa DE126: sensitive subfields.
pub(crate) const VISA_126: &str = r#"
kind = "bitmapped"
bitmap_bytes = 8
[subfields]
9 = { name = "cavv", encoding = "binary", length = 20, sensitivity = "cvv" }
10 = { name = "cvv2", encoding = "ebcdic", length = 6, sensitivity = "cvv" }
13 = { name = "pos_environment", encoding = "ebcdic", length = 1 }
16 = { name = "token_data", encoding = "binary" }
"#;

/// A bitmap in ASCII hexadecimal, and subfields with lengths in front, as in DE127 of Postilion.
pub(crate) const POSTILION_127: &str = r#"
kind = "bitmapped"
bitmap_bytes = 2
bitmap_encoding = "ascii-hex"
[subfields]
2 = { name = "switch_key", encoding = "ascii", maximum = 32, length_size = 2 }
3 = { name = "routing", encoding = "bcd", maximum = 48, length_size = 1, length_encoding = "binary" }
4 = { name = "packed", encoding = "bcd-right-f", maximum = 10, length_size = 2, length_encoding = "bcd", length_counts = "bytes" }
5 = { name = "icc", encoding = "binary", maximum = 999, length_size = 3, length_encoding = "ebcdic", structure = { kind = "ber-tlv" } }
"#;

/// Mastercard DE48: transaction category code, then subelements; 42 has subfields.
pub(crate) const MASTERCARD_48: &str = r#"
kind = "tagged-text"
lead = { name = "transaction_category_code", encoding = "ebcdic", length = 1 }
tag_size = 2
tag_encoding = "ebcdic"
length_size = 2
[subfields.38]
name = "account_category"
encoding = "ebcdic"
[subfields.42]
name = "electronic_commerce"
encoding = "ebcdic"
structure = { kind = "tagged-text", tag_size = 2, tag_encoding = "ebcdic", length_size = 2, subfields = { 01 = { name = "security_level", encoding = "ebcdic" } } }
[subfields.92]
name = "cvc2"
encoding = "ebcdic"
sensitivity = "cvv"
"#;

/// Private data subelements of IPM in DE48: tag 4, length 3.
pub(crate) const IPM_PDS: &str = r#"
kind = "tagged-text"
tag_size = 4
tag_encoding = "ascii"
length_size = 3
[subfields]
0023 = { name = "terminal_type", encoding = "ascii" }
0105 = { name = "file_id", encoding = "ascii" }
"#;

/// Mastercard DE112: tag 3, length 3, inside of it tag 2 and length 2 for 022.
pub(crate) const MASTERCARD_112: &str = r#"
kind = "tagged-text"
tag_size = 3
tag_encoding = "ascii"
length_size = 3
"#;

/// Tags in BCD, lengths of one binary byte.
pub(crate) const BCD_TAGS: &str = r#"
kind = "tagged-text"
tag_size = 3
tag_encoding = "bcd"
length_size = 1
length_encoding = "binary"
"#;

/// Tags of one byte whose lengths count digits or characters.
pub(crate) const UNIT_LENGTHS: &str = r#"
kind = "tagged-text"
tag_size = 1
tag_encoding = "binary"
length_size = 1
length_counts = "units"
[subfields]
01 = { name = "digits", encoding = "bcd" }
02 = { name = "text", encoding = "ebcdic" }
"#;

/// Tokens of BASE24: a text in front of each tag and behind each length.
pub(crate) const TOKENS: &str = r#"
kind = "tagged-text"
lead = { name = "header", encoding = "ascii", length = 12 }
before_tag = "! "
tag_size = 2
length_size = 5
after_length = " "
[subfields]
C0 = { name = "card_data", encoding = "ascii", sensitivity = "cvv" }
"#;

/// Datasets with BER-TLV inside, and one with a dataset bitmap.
pub(crate) const DATASETS: &str = r#"
kind = "datasets"
unlisted = { kind = "ber-tlv" }
[datasets.71]
name = "payment_account"
encoding = "binary"
structure = { kind = "dataset-bitmapped", subfields = { 1 = { name = "first", encoding = "binary", length = 1 }, 14 = { name = "fourteenth", encoding = "ascii", length = 2 }, 16 = { name = "sixteenth", encoding = "ascii", length = 1 }, 23 = { name = "twenty_third", encoding = "ascii", length = 1 } } }
"#;

/// DE61 of Mastercard as subfields, with its optional tail.
pub(crate) const MASTERCARD_61: &str = r#"
kind = "positional"
required = 9
subfields = [
  { name = "attendance", encoding = "ebcdic", length = 1 },
  { name = "reserved", encoding = "ebcdic", length = 1 },
  { name = "terminal_location", encoding = "ebcdic", length = 1 },
  { name = "cardholder_presence", encoding = "ebcdic", length = 1 },
  { name = "card_presence", encoding = "ebcdic", length = 1 },
  { name = "capture_capability", encoding = "ebcdic", length = 1 },
  { name = "transaction_status", encoding = "ebcdic", length = 1 },
  { name = "security", encoding = "ebcdic", length = 1 },
  { name = "reserved_9", encoding = "ebcdic", length = 1 },
  { name = "cat_level", encoding = "ebcdic", length = 1 },
  { name = "input_capability", encoding = "ebcdic", length = 1 },
  { name = "life_cycle", encoding = "ebcdic", length = 2 },
  { name = "country", encoding = "ebcdic", length = 3 },
  { name = "postal_code", encoding = "ebcdic" },
]
"#;

/// DE43 of the 1987 edition as Visa has it: 25, 13, 2.
pub(crate) const VISA_43: &str = r#"
kind = "positional"
subfields = [
  { name = "name", encoding = "ebcdic", length = 25 },
  { name = "city", encoding = "ebcdic", length = 13 },
  { name = "country", encoding = "ebcdic", length = 2 },
]
"#;

/// DE43 as Mastercard has it: 22, blank, 13, blank, 3.
pub(crate) const MASTERCARD_43: &str = r#"
kind = "positional"
subfields = [
  { name = "name", encoding = "ebcdic", length = 22 },
  { name = "blank_1", encoding = "ebcdic", length = 1 },
  { name = "city", encoding = "ebcdic", length = 13 },
  { name = "blank_2", encoding = "ebcdic", length = 1 },
  { name = "country", encoding = "ebcdic", length = 3 },
]
"#;

/// DE43 of IPM: parts between backslashes, the last one positional.
pub(crate) const IPM_43: &str = r#"
kind = "separated"
separator = '\'
[[subfields]]
name = "name"
encoding = "ascii"
[[subfields]]
name = "street"
encoding = "ascii"
[[subfields]]
name = "city"
encoding = "ascii"
[[subfields]]
name = "place"
encoding = "ascii"
structure = { kind = "positional", subfields = [{ name = "postal_code", encoding = "ascii", length = 10 }, { name = "region", encoding = "ascii", length = 3 }, { name = "country", encoding = "ascii", length = 3 }] }
"#;

/// DE54 as blocks of 20.
pub(crate) const ADDITIONAL_AMOUNTS: &str = r#"
kind = "repeated"
maximum = 12
[block]
name = "amount"
encoding = "ascii"
length = 20
structure = { kind = "positional", subfields = [{ name = "account_type", encoding = "ascii", length = 2 }, { name = "amount_type", encoding = "ascii", length = 2 }, { name = "currency", encoding = "ascii", length = 3 }, { name = "sign", encoding = "ascii", length = 1 }, { name = "amount", encoding = "ascii", length = 12 }] }
"#;

/// BER-TLV in a dataset of Visa's DE55, with a description of one private tag.
pub(crate) const VISA_55: &str = r#"
kind = "datasets"
[datasets.01]
name = "chip_data"
encoding = "binary"
structure = { kind = "ber-tlv", tags = { DF01 = { name = "private", encoding = "ascii" } } }
"#;

/// BER-TLV without anything around it.
pub(crate) const BER_TLV: &str = r#"kind = "ber-tlv""#;

/// The same where FF begins private tags.
pub(crate) const BER_TLV_FF: &str = "kind = \"ber-tlv\"\nff = \"tag\"";

/// All of them.
pub(crate) const ALL: [&str; 19] = [
    VISA_62,
    VISA_63,
    VISA_126,
    POSTILION_127,
    MASTERCARD_48,
    IPM_PDS,
    MASTERCARD_112,
    BCD_TAGS,
    UNIT_LENGTHS,
    TOKENS,
    DATASETS,
    MASTERCARD_61,
    VISA_43,
    MASTERCARD_43,
    IPM_43,
    ADDITIONAL_AMOUNTS,
    VISA_55,
    BER_TLV,
    BER_TLV_FF,
];
