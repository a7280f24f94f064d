//! From a specification that was read to a dialect document.
//!
//! Owns the document and its comments. Must never write a dialect that does not load, nor drop anything without naming
//! it: what cannot be carried over is in the list.

mod field;
mod structure;

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::{Import, ImportedCodePage, ImportedEncoding, ImportedField, ImportedLength, LeftOut};
use crate::dialect::Dialect;
use crate::element::Element;
use crate::structure::NumberEncoding;
use field::Entry;

/// What the document says about itself.
#[derive(Clone, Copy, Debug)]
pub struct WrittenAs<'a> {
    /// Name of the dialect.
    pub name: &'a str,
    /// Where the specification comes from.
    pub source: &'a str,
    /// Edition of ISO 8583: `1987`, `1993` or `2003`; by the length of DE12 when not given.
    pub version: Option<&'a str>,
}

/// A dialect document.
#[derive(Clone, Debug)]
pub struct Written {
    /// The document.
    pub toml: String,
    /// What is not in it, in the order of the specification: first what could not be read, then what could not be
    /// written.
    pub left_out: Vec<LeftOut>,
}

impl Import {
    /// Writes the dialect. It loads, unless no element is left.
    pub fn to_dialect(&self, written_as: WrittenAs<'_>) -> Written {
        let mut writer = Writer::new(self);
        let numbers: Vec<u16> = self
            .fields
            .keys()
            .copied()
            .filter(|number| *number > 1)
            .collect();
        for number in numbers {
            writer.element(number);
        }
        // An element that the dialect refuses after all is left out with its reason.
        loop {
            let toml = writer.document(written_as);
            let refused = Dialect::from_toml("import", &toml).err();
            let element = refused.as_ref().and_then(|error| error.element);
            let (Some(error), Some(element)) = (refused, element) else {
                return Written {
                    toml,
                    left_out: writer.left_out,
                };
            };
            if writer.entries.remove(&element).is_none() {
                return Written {
                    toml,
                    left_out: writer.left_out,
                };
            }
            writer.leave_out(u16::from(element.number()), &error.kind.to_string());
        }
    }
}

struct Writer<'a> {
    import: &'a Import,
    defaults: Defaults,
    entries: BTreeMap<Element, Entry>,
    left_out: Vec<LeftOut>,
}

/// What most elements have.
#[derive(Clone, Copy, Debug)]
struct Defaults {
    /// How text is written.
    text: ImportedEncoding,
    /// How lengths are written.
    lengths: NumberEncoding,
    /// That of EBCDIC.
    code_page: ImportedCodePage,
}

impl<'a> Writer<'a> {
    fn new(import: &'a Import) -> Self {
        Self {
            import,
            defaults: defaults(import),
            entries: BTreeMap::new(),
            left_out: import.left_out.clone(),
        }
    }

    fn leave_out(&mut self, number: u16, reason: &str) {
        self.left_out.push(LeftOut {
            place: format!("field {number}"),
            reason: reason.to_owned(),
        });
    }

    fn element(&mut self, number: u16) {
        let Some(imported) = self.import.fields.get(&number) else {
            return;
        };
        let Some(element) = u8::try_from(number).ok().and_then(Element::new) else {
            self.leave_out(number, "expected a number of at most 192");
            return;
        };
        match field::entry(element, imported, self.defaults) {
            Ok((mut entry, notes)) => {
                for note in notes {
                    self.leave_out(number, &note);
                }
                if let Some(inner) = &imported.inner {
                    let private = entry.is_private();
                    match structure::structure(inner, private) {
                        Ok((structure, notes)) => {
                            entry.structure = Some(structure);
                            for note in notes {
                                self.leave_out(number, &note);
                            }
                        }
                        Err(reason) => self.leave_out(number, &format!("its inside: {reason}")),
                    }
                }
                self.entries.insert(element, entry);
            }
            Err(reason) => self.leave_out(number, &reason),
        }
    }

    fn document(&mut self, written_as: WrittenAs<'_>) -> String {
        let version = written_as.version.unwrap_or_else(|| self.version());
        let mut out = String::new();
        let mut line = |text: &str| {
            out.push_str(text);
            out.push('\n');
        };
        line(
            "# Imported. The specification says nothing about the framing: check that table. Sensitivities were added by",
        );
        line(
            "# the numbers and names of elements; parts of private elements are masked until you know that they are harmless.",
        );
        line("# codec/DIALECTS.md explains all keys.");
        line("");
        line(&format!("name = {}", quoted(written_as.name)));
        line(&format!("source = {}", quoted(written_as.source)));
        line(&format!("version = {}", quoted(version)));
        line("# No message of another implementation has confirmed anything here.");
        line(&format!("unverified = {}", self.unverified()));
        line("");
        line("[framing]");
        line("length_header = \"binary-2\" # a guess");
        line("maximum_frame_bytes = 8192");
        line("");
        line("[encoding]");
        line(&format!("mti = \"{}\"", self.mti()));
        line(&format!(
            "lengths = \"{}\"",
            field::number_encoding(self.defaults.lengths)
        ));
        line(&format!(
            "values = \"{}\"",
            field::text_encoding(self.defaults.text, self.defaults.code_page)
        ));
        line("");
        line("[bitmap]");
        line(&format!("encoding = \"{}\"", self.bitmap()));
        line(&format!("second = \"{}\"", self.second()));
        if self.entries.keys().any(|element| element.number() > 128) {
            line("third = \"announced-by-bit-65\"");
        }
        line("");
        line("[fields]");
        for (element, entry) in &self.entries {
            line(&format!(
                "{} = {}",
                element.number(),
                entry.inline(*element)
            ));
        }
        for (element, entry) in &self.entries {
            if let Some(structure) = &entry.structure {
                line("");
                line(&structure.table(&structure_name(*element)));
            }
        }
        out
    }

    /// By the length of the local time.
    fn version(&self) -> &'static str {
        let local_time = self.import.fields.get(&12).map(|field| field.length);
        match local_time {
            Some(ImportedLength::Fixed(12)) => "1993",
            Some(ImportedLength::Fixed(14)) => "2003",
            _ => "1987",
        }
    }

    /// All elements, as ranges.
    fn unverified(&self) -> String {
        let mut ranges: Vec<(u8, u8)> = Vec::new();
        for element in self.entries.keys() {
            let number = element.number();
            match ranges.last_mut() {
                Some((_, last)) if last.checked_add(1) == Some(number) => *last = number,
                _ => ranges.push((number, number)),
            }
        }
        let mut text = String::from("[");
        for (index, (first, last)) in ranges.iter().enumerate() {
            let comma = if index == 0 { "" } else { ", " };
            // Writing to a string does not fail.
            let _written = if first == last {
                write!(text, "{comma}\"{first}\"")
            } else {
                write!(text, "{comma}\"{first}-{last}\"")
            };
        }
        text.push(']');
        text
    }

    fn mti(&self) -> &'static str {
        let field = self.import.fields.get(&0);
        match field.map_or(self.defaults.text, |field| field.encoding) {
            ImportedEncoding::Ebcdic | ImportedEncoding::EbcdicHex => "ebcdic",
            ImportedEncoding::Bcd
            | ImportedEncoding::BcdRightZero
            | ImportedEncoding::BcdRightF
            | ImportedEncoding::Binary => "bcd",
            ImportedEncoding::Ascii | ImportedEncoding::AsciiHex => "ascii",
        }
    }

    fn bitmap(&self) -> &'static str {
        let field = self.import.fields.get(&1);
        match field.map_or(ImportedEncoding::Binary, |field| field.encoding) {
            ImportedEncoding::Ascii | ImportedEncoding::AsciiHex => "ascii-hex",
            ImportedEncoding::Ebcdic | ImportedEncoding::EbcdicHex => "ebcdic-hex",
            ImportedEncoding::Bcd
            | ImportedEncoding::BcdRightZero
            | ImportedEncoding::BcdRightF
            | ImportedEncoding::Binary => "binary",
        }
    }

    /// A bitmap of more than 8 bytes, or elements that need it.
    fn second(&self) -> &'static str {
        let bitmap = self.import.fields.get(&1).map(|field| field.length);
        let long = matches!(bitmap, Some(ImportedLength::Fixed(bytes)) if bytes > 8);
        if long || self.entries.keys().any(|element| element.number() > 64) {
            "announced-by-bit-1"
        } else {
            "none"
        }
    }
}

/// The encodings that most elements have.
fn defaults(import: &Import) -> Defaults {
    let fields = &import.fields;
    let ebcdic = |field: &&ImportedField| field.encoding == ImportedEncoding::Ebcdic;
    let ascii = |field: &&ImportedField| field.encoding == ImportedEncoding::Ascii;
    let text = if fields.values().filter(ebcdic).count() > fields.values().filter(ascii).count() {
        ImportedEncoding::Ebcdic
    } else {
        ImportedEncoding::Ascii
    };
    let mut counts: BTreeMap<&'static str, (usize, NumberEncoding)> = BTreeMap::new();
    for field in fields.values() {
        if let ImportedLength::Variable { encoding, .. } = field.length {
            let name = field::number_encoding(encoding);
            let (count, _) = counts.entry(name).or_insert((0, encoding));
            *count = count.saturating_add(1);
        }
    }
    let most = counts.values().max_by_key(|(count, _)| *count);
    Defaults {
        text,
        lengths: most.map_or(NumberEncoding::Ascii, |(_, encoding)| *encoding),
        code_page: import.code_page,
    }
}

fn structure_name(element: Element) -> String {
    format!("de{}", element.number())
}

/// A string of TOML on one line.
fn quoted(text: &str) -> String {
    let words: Vec<&str> = text.split_whitespace().collect();
    toml::Value::String(words.join(" ")).to_string()
}
