//! The inside of one element.
//!
//! Owns what each kind of inside and each part is called in a dialect. Must never leave a part out of a row of parts:
//! those behind it would be read in the wrong place.

use std::collections::BTreeMap;

use super::field::{number_encoding, sensitivity_name};
use super::quoted;
use crate::import::{
    ImportedClass, ImportedEncoding, ImportedField, ImportedInner, ImportedInnerKind,
    ImportedLength,
};
use crate::sensitivity::Sensitivity;
use crate::structure::{Counts, StructureDocument, Tag, emv};

/// Keys with their values, in their order.
type Keys = Vec<(&'static str, String)>;

/// A structure, ready to be written.
pub(super) struct InnerTable {
    keys: Keys,
    parts: InnerParts,
}

enum InnerParts {
    /// One after another.
    Listed(Vec<String>),
    /// By key, in the table of this name.
    Keyed(&'static str, Vec<(String, String)>),
}

impl InnerTable {
    /// As a table of the document.
    pub(super) fn table(&self, name: &str) -> String {
        let mut lines = vec![format!("[structures.{name}]")];
        lines.extend(
            self.keys
                .iter()
                .map(|(key, value)| format!("{key} = {value}")),
        );
        match &self.parts {
            InnerParts::Listed(parts) => {
                lines.push("subfields = [".to_owned());
                lines.extend(parts.iter().map(|part| format!("    {part},")));
                lines.push("]".to_owned());
            }
            InnerParts::Keyed(_, parts) if parts.is_empty() => {}
            InnerParts::Keyed(table, parts) => {
                lines.push(String::new());
                lines.push(format!("[structures.{name}.{table}]"));
                lines.extend(
                    parts
                        .iter()
                        .map(|(key, part)| format!("{} = {part}", quoted(key))),
                );
            }
        }
        lines.join("\n")
    }

    /// As an inline table.
    fn inline(&self) -> String {
        let mut entries: Vec<String> = self
            .keys
            .iter()
            .map(|(key, value)| format!("{key} = {value}"))
            .collect();
        match &self.parts {
            InnerParts::Listed(parts) => {
                entries.push(format!("subfields = [{}]", parts.join(", ")))
            }
            InnerParts::Keyed(table, parts) => {
                let parts: Vec<String> = parts
                    .iter()
                    .map(|(key, part)| format!("{} = {part}", quoted(key)))
                    .collect();
                entries.push(format!("{table} = {{ {} }}", parts.join(", ")));
            }
        }
        format!("{{ {} }}", entries.join(", "))
    }
}

/// The inside, and notes about what is not in it. `private`: parts are masked unless something says what they are.
pub(super) fn structure(
    inner: &ImportedInner,
    private: bool,
) -> Result<(InnerTable, Vec<String>), String> {
    let mut notes = Vec::new();
    let table = table(inner, private, &mut notes)?;
    // The document must compile by itself: a fault in it would take the whole dialect away.
    let document: BTreeMap<String, StructureDocument> =
        toml::from_str(&format!("structure = {}", table.inline()))
            .map_err(|error| error.message().to_owned())?;
    for document in document.values() {
        document.compile().map_err(|error| error.to_string())?;
    }
    Ok((table, notes))
}

fn table(
    inner: &ImportedInner,
    private: bool,
    notes: &mut Vec<String>,
) -> Result<InnerTable, String> {
    let mut names = Names::default();
    match inner.kind {
        ImportedInnerKind::Positional => positional(inner, private, &mut names, notes),
        ImportedInnerKind::Bitmapped { bytes, encoding } => {
            let mut keyed = Vec::new();
            for (number, part) in numbered(inner)? {
                let key = number.to_string();
                let keys = part_keys(&key, part, private, true, &mut names, notes)?;
                keyed.push((key, braced(&keys)));
            }
            let mut keys = vec![
                ("kind", quoted("bitmapped")),
                ("bitmap_bytes", bytes.to_string()),
            ];
            keys.extend(bitmap_encoding(encoding).map(|name| ("bitmap_encoding", quoted(name))));
            Ok(InnerTable {
                keys,
                parts: InnerParts::Keyed("subfields", keyed),
            })
        }
        ImportedInnerKind::BerTlv => Ok(InnerTable {
            keys: vec![("kind", quoted("ber-tlv"))],
            parts: InnerParts::Keyed("tags", tags(inner, private, &mut names, notes)),
        }),
        ImportedInnerKind::Tagged {
            tag_size,
            tag_encoding,
            length_size,
            length_encoding,
        } => {
            let mut keyed = Vec::new();
            for (key, part) in &inner.parts {
                match part_keys(key, part, private, false, &mut names, notes) {
                    Ok(keys) => keyed.push((key.clone(), braced(&keys))),
                    Err(reason) => notes.push(reason),
                }
            }
            Ok(InnerTable {
                keys: vec![
                    ("kind", quoted("tagged-text")),
                    ("tag_size", tag_size.to_string()),
                    ("tag_encoding", quoted(number_encoding(tag_encoding))),
                    ("length_size", length_size.to_string()),
                    ("length_encoding", quoted(number_encoding(length_encoding))),
                ],
                parts: InnerParts::Keyed("subfields", keyed),
            })
        }
    }
}

fn positional(
    inner: &ImportedInner,
    private: bool,
    names: &mut Names,
    notes: &mut Vec<String>,
) -> Result<InnerTable, String> {
    let parts = numbered(inner)?;
    let mut next = parts.first().map_or(0, |(number, _)| *number);
    let mut listed = Vec::with_capacity(parts.len());
    for (number, part) in parts {
        if number != next {
            return Err(format!("part {next} is not there"));
        }
        next = next.saturating_add(1);
        let keys = part_keys(&number.to_string(), part, private, true, names, notes)?;
        listed.push(braced(&keys));
    }
    Ok(InnerTable {
        keys: vec![("kind", quoted("positional")), ("required", "0".to_owned())],
        parts: InnerParts::Listed(listed),
    })
}

fn bitmap_encoding(encoding: ImportedEncoding) -> Option<&'static str> {
    match encoding {
        ImportedEncoding::AsciiHex | ImportedEncoding::Ascii => Some("ascii-hex"),
        ImportedEncoding::EbcdicHex | ImportedEncoding::Ebcdic => Some("ebcdic-hex"),
        ImportedEncoding::Bcd
        | ImportedEncoding::BcdRightZero
        | ImportedEncoding::BcdRightF
        | ImportedEncoding::Binary => None,
    }
}

/// The tags that the EMV dictionary does not have.
fn tags(
    inner: &ImportedInner,
    private: bool,
    names: &mut Names,
    notes: &mut Vec<String>,
) -> Vec<(String, String)> {
    let mut keyed = Vec::new();
    for (key, part) in &inner.parts {
        let Ok(tag) = key.parse::<Tag>() else {
            notes.push(format!("part {key}: the key is no tag"));
            continue;
        };
        if emv::tag(tag).is_some() {
            continue;
        }
        match part_keys(key, part, private, false, names, notes) {
            Ok(keys) => keyed.push((tag.to_string(), braced(&keys))),
            Err(reason) => notes.push(reason),
        }
    }
    keyed
}

/// The parts by ascending number.
fn numbered(inner: &ImportedInner) -> Result<Vec<(u16, &ImportedField)>, String> {
    let number = |key: &String| {
        key.parse::<u16>()
            .map_err(|_invalid| "a key is no number".to_owned())
    };
    let mut parts = inner
        .parts
        .iter()
        .map(|(key, part)| Ok((number(key)?, part)))
        .collect::<Result<Vec<_>, String>>()?;
    parts.sort_by_key(|(number, _)| *number);
    Ok(parts)
}

/// The keys of a part. `sized`: it says itself how long it is.
fn part_keys(
    key: &str,
    part: &ImportedField,
    private: bool,
    sized: bool,
    names: &mut Names,
    notes: &mut Vec<String>,
) -> Result<Keys, String> {
    let name = names.unique(key, &part.description);
    let sensitivity = sensitivity(&name).or_else(|| private.then_some(Sensitivity::Icc));
    let mut keys = vec![("name", quoted(&name))];
    let (encoding, characters) =
        encoding(part).map_err(|reason| format!("part {key}: {reason}"))?;
    keys.push(("encoding", quoted(encoding)));
    match part.length {
        _ if !sized => {}
        ImportedLength::Given(_) => return Err(format!("part {key}: nothing says how long it is")),
        ImportedLength::Fixed(units) => {
            keys.push(("length", units.saturating_mul(characters).to_string()));
        }
        ImportedLength::Variable { .. } if characters != 1 => {
            return Err(format!(
                "part {key}: hexadecimal characters whose number a length says"
            ));
        }
        ImportedLength::Variable {
            size,
            encoding,
            counts,
            maximum,
        } => {
            keys.push(("maximum", maximum.min(0xFFFF).to_string()));
            keys.push(("length_size", size.to_string()));
            keys.push(("length_encoding", quoted(number_encoding(encoding))));
            if counts == Counts::Bytes {
                keys.push(("length_counts", quoted("bytes")));
            }
        }
    }
    if let Some(inner) = &part.inner {
        match table(inner, private, notes) {
            Ok(inner) => keys.push(("structure", inner.inline())),
            Err(reason) => notes.push(format!("part {key}, its inside: {reason}")),
        }
    }
    if let Some(sensitivity) = sensitivity {
        keys.push(("sensitivity", quoted(sensitivity_name(sensitivity))));
    }
    Ok(keys)
}

/// The encoding, and characters per unit.
fn encoding(part: &ImportedField) -> Result<(&'static str, u32), String> {
    let signed = part.class == ImportedClass::SignedDigits;
    Ok(match part.encoding {
        ImportedEncoding::Bcd | ImportedEncoding::BcdRightZero | ImportedEncoding::BcdRightF
            if signed =>
        {
            return Err("a sign in front of packed digits".to_owned());
        }
        ImportedEncoding::Ascii => ("ascii", 1),
        ImportedEncoding::Ebcdic => ("ebcdic", 1),
        ImportedEncoding::Bcd => ("bcd", 1),
        ImportedEncoding::BcdRightZero => ("bcd-right-zero", 1),
        ImportedEncoding::BcdRightF => ("bcd-right-f", 1),
        ImportedEncoding::Binary => ("binary", 1),
        ImportedEncoding::AsciiHex => ("ascii", 2),
        ImportedEncoding::EbcdicHex => ("ebcdic", 2),
    })
}

/// What the name of a part says about it.
fn sensitivity(name: &str) -> Option<Sensitivity> {
    let words: Vec<&str> = name.split('_').collect();
    let has = |word: &str| words.contains(&word);
    if has("cvv") || has("cvv2") || has("cvc") || has("cvc2") || has("cid") || has("csc") {
        Some(Sensitivity::Cvv)
    } else if has("pin") {
        Some(Sensitivity::Pin)
    } else if words.iter().any(|word| word.starts_with("track")) {
        Some(Sensitivity::Track)
    } else if has("pan") || has("account") || (has("card") && has("number")) {
        Some(Sensitivity::Pan)
    } else {
        None
    }
}

fn braced(keys: &Keys) -> String {
    let keys: Vec<String> = keys
        .iter()
        .map(|(key, value)| format!("{key} = {value}"))
        .collect();
    format!("{{ {} }}", keys.join(", "))
}

/// The names of one structure, each one once.
#[derive(Default)]
struct Names(BTreeMap<String, usize>);

impl Names {
    /// A description as a name: `Product ID` is `product_id`.
    fn unique(&mut self, key: &str, description: &str) -> String {
        let mut name = String::new();
        for character in description.chars() {
            if character.is_alphanumeric() {
                name.extend(character.to_lowercase());
            } else if !name.is_empty() && !name.ends_with('_') {
                name.push('_');
            }
        }
        let name = name.trim_end_matches('_');
        let name = if name.is_empty() {
            format!("part_{key}")
        } else {
            name.to_owned()
        };
        let count = self.0.entry(name.clone()).or_default();
        *count = count.saturating_add(1);
        if *count == 1 {
            name
        } else {
            format!("{name}_{key}")
        }
    }
}
