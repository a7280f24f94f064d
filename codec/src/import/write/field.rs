//! The entry of one element.
//!
//! Owns what each class, encoding and length is called in a dialect. Must never widen what the specification says
//! without a note.

use super::structure::InnerTable;
use super::{Defaults, quoted, structure_name};
use crate::element::Element;
use crate::import::{
    ImportedClass, ImportedCodePage, ImportedEncoding, ImportedField, ImportedLength,
    ImportedPadding,
};
use crate::sensitivity::Sensitivity;
use crate::structure::{Counts, NumberEncoding};

/// Longest value of a dialect, in characters.
const LONGEST: u32 = 0xFFFF;

/// The keys of an element in their order.
pub(super) struct Entry {
    keys: Vec<(&'static str, String)>,
    private: bool,
    pub(super) structure: Option<InnerTable>,
}

impl Entry {
    /// Whether the content is left to the networks, so that secrets may stand in it.
    pub(super) fn is_private(&self) -> bool {
        self.private
    }

    /// As an inline table.
    pub(super) fn inline(&self, element: Element) -> String {
        let mut keys: Vec<String> = self
            .keys
            .iter()
            .map(|(key, value)| format!("{key} = {value}"))
            .collect();
        if self.structure.is_some() {
            keys.push(format!("structure = \"{}\"", structure_name(element)));
        }
        format!("{{ {} }}", keys.join(", "))
    }
}

/// The entry, and notes about what is not as in the specification.
pub(super) fn entry(
    element: Element,
    field: &ImportedField,
    defaults: Defaults,
) -> Result<(Entry, Vec<String>), String> {
    let mut notes = Vec::new();
    let format = format(element, field)?;
    let name = if field.description.is_empty() {
        format!("Element {}", element.number())
    } else {
        field.description.clone()
    };
    let mut keys = vec![("name", quoted(&name)), ("format", format!("\"{format}\""))];
    let bytes = format == "b";
    length_keys(field, bytes, defaults, &mut keys, &mut notes)?;
    let encoding = encoding(field.encoding, bytes, defaults.code_page);
    if encoding != text_encoding(defaults.text, defaults.code_page) {
        keys.push(("encoding", format!("\"{encoding}\"")));
    }
    pad_keys(field, format, &mut keys, &mut notes);
    if let Some(sensitivity) = sensitivity(element) {
        keys.push(("sensitivity", format!("\"{sensitivity}\"")));
    }
    let entry = Entry {
        keys,
        private: matches!(element.number(), 46..=48 | 55..=63 | 104..=192),
        structure: None,
    };
    Ok((entry, notes))
}

fn format(element: Element, field: &ImportedField) -> Result<&'static str, String> {
    use ImportedEncoding as E;
    let packed = matches!(field.encoding, E::Bcd | E::BcdRightZero | E::BcdRightF);
    let bytes = matches!(field.encoding, E::Binary | E::AsciiHex | E::EbcdicHex);
    // A track has a separator, however the specification calls its digits.
    let track = matches!(element.number(), 35 | 36);
    match field.class {
        ImportedClass::Bitmap => Err("a bitmap in the place of an element".to_owned()),
        ImportedClass::Bytes => Ok("b"),
        ImportedClass::Digits | ImportedClass::Text | ImportedClass::Track if bytes => Ok("b"),
        ImportedClass::SignedDigits if bytes => Err("signed digits as bytes".to_owned()),
        ImportedClass::SignedDigits => Ok("x+n"),
        ImportedClass::Track => Ok("z"),
        ImportedClass::Digits | ImportedClass::Text if track && packed => Ok("z"),
        ImportedClass::Digits if track => Ok("z"),
        ImportedClass::Digits => Ok("n"),
        // Only digits can be packed.
        ImportedClass::Text if packed => Ok("n"),
        ImportedClass::Text => Ok("ans"),
    }
}

/// Length or maximum, in characters, and the length in front.
fn length_keys(
    field: &ImportedField,
    bytes: bool,
    defaults: Defaults,
    keys: &mut Vec<(&'static str, String)>,
    notes: &mut Vec<String>,
) -> Result<(), String> {
    let characters = |units: u32| units.saturating_mul(if bytes { 2 } else { 1 });
    match field.length {
        ImportedLength::Given(_) => Err("nothing says how long it is".to_owned()),
        ImportedLength::Fixed(units) => {
            keys.push(("length", characters(units).to_string()));
            Ok(())
        }
        ImportedLength::Variable {
            size,
            encoding,
            counts,
            maximum,
        } => {
            let binary = encoding == NumberEncoding::Binary;
            let base: u32 = if binary { 256 } else { 10 };
            let greatest = base
                .checked_pow(u32::from(size))
                .map_or(LONGEST, |count| count.saturating_sub(1));
            let longest = if bytes { LONGEST / 2 } else { LONGEST };
            let possible = greatest.min(longest);
            if maximum > possible {
                notes.push(format!("its maximum {maximum} is lowered to {possible}"));
            }
            keys.push(("maximum", characters(maximum.min(possible)).to_string()));
            keys.push((
                if binary {
                    "length_bytes"
                } else {
                    "length_digits"
                },
                size.to_string(),
            ));
            if encoding != defaults.lengths {
                keys.push((
                    "length_encoding",
                    format!("\"{}\"", number_encoding(encoding)),
                ));
            }
            let unit = match (counts, field.encoding, bytes) {
                (_, ImportedEncoding::EbcdicHex, _) | (Counts::Bytes, _, false) => Some("bytes"),
                _ => None,
            };
            if let Some(unit) = unit {
                keys.push(("length_unit", format!("\"{unit}\"")));
            }
            Ok(())
        }
    }
}

fn pad_keys(
    field: &ImportedField,
    format: &str,
    keys: &mut Vec<(&'static str, String)>,
    notes: &mut Vec<String>,
) {
    let nibble = match field.encoding {
        _ if format == "b" => None,
        ImportedEncoding::BcdRightZero => Some(("right", "0")),
        ImportedEncoding::BcdRightF => Some(("right", "F")),
        ImportedEncoding::Ascii
        | ImportedEncoding::Ebcdic
        | ImportedEncoding::Bcd
        | ImportedEncoding::Binary
        | ImportedEncoding::AsciiHex
        | ImportedEncoding::EbcdicHex => None,
    };
    if let Some((side, nibble)) = nibble {
        keys.push(("pad", format!("\"{side}\"")));
        keys.push(("pad_with", format!("\"{nibble}\"")));
        return;
    }
    let (side, character) = match field.padding {
        None => return,
        Some(ImportedPadding::Left(character)) => ("left", character),
        Some(ImportedPadding::Right(character)) => ("right", character),
    };
    let text = matches!(
        field.encoding,
        ImportedEncoding::Ascii | ImportedEncoding::Ebcdic
    );
    let fixed = matches!(field.length, ImportedLength::Fixed(_));
    let fits = match format {
        "n" => character.is_ascii_digit(),
        "ans" => (' '..='~').contains(&character),
        _ => false,
    };
    if text && fixed && fits {
        keys.push(("pad", format!("\"{side}\"")));
        keys.push(("pad_with", quoted_character(character)));
    } else if text && !fixed {
        notes.push("the padding of a value of variable length".to_owned());
    } else if text && format == "n" {
        notes.push("a padding that is no digit".to_owned());
    }
}

/// A blank must not be taken for white space.
fn quoted_character(character: char) -> String {
    toml::Value::String(character.to_string()).to_string()
}

fn sensitivity(element: Element) -> Option<&'static str> {
    match element.number() {
        2 | 34 => Some("pan"),
        35 | 36 | 45 => Some("track"),
        52 => Some("pin"),
        55 => Some("icc"),
        _ => None,
    }
}

/// The name of a sensitivity in a dialect.
pub(super) fn sensitivity_name(sensitivity: Sensitivity) -> &'static str {
    match sensitivity {
        Sensitivity::Pan => "pan",
        Sensitivity::Track => "track",
        Sensitivity::Pin => "pin",
        Sensitivity::Cvv => "cvv",
        Sensitivity::Icc => "icc",
    }
}

fn encoding(encoding: ImportedEncoding, bytes: bool, code_page: ImportedCodePage) -> &'static str {
    match encoding {
        ImportedEncoding::AsciiHex => "hex",
        ImportedEncoding::Binary => "binary",
        // Hexadecimal characters.
        ImportedEncoding::EbcdicHex | ImportedEncoding::Ebcdic => code_page_name(code_page),
        ImportedEncoding::Ascii => "ascii",
        ImportedEncoding::Bcd | ImportedEncoding::BcdRightZero | ImportedEncoding::BcdRightF => {
            if bytes {
                "binary"
            } else {
                "bcd"
            }
        }
    }
}

/// The name of an encoding of text in a dialect.
pub(super) fn text_encoding(
    encoding: ImportedEncoding,
    code_page: ImportedCodePage,
) -> &'static str {
    if encoding == ImportedEncoding::Ebcdic {
        code_page_name(code_page)
    } else {
        "ascii"
    }
}

fn code_page_name(code_page: ImportedCodePage) -> &'static str {
    match code_page {
        ImportedCodePage::Ibm500 => "ebcdic-500",
        ImportedCodePage::Ibm1047 => "ebcdic-1047",
    }
}

/// The name of an encoding of numbers in a dialect.
pub(super) fn number_encoding(encoding: NumberEncoding) -> &'static str {
    match encoding {
        NumberEncoding::Ascii => "ascii",
        NumberEncoding::Ebcdic => "ebcdic",
        NumberEncoding::Bcd => "bcd",
        NumberEncoding::Binary => "binary",
    }
}
