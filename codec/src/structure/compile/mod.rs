//! From the document to the structure.
//!
//! Owns the checks of a description. Must never let a structure through that could read without end or build what it
//! cannot read.

mod subfields;

use std::collections::BTreeMap;

use self::subfields::{Ends, keyed, keyed_with, listed, subfield, unnamed};
use super::description::{
    BerTlv, BitmapForm, Bitmapped, Datasets, FixedPlace, HexText, Positional, Repeated, Separated,
    Structure, Subfield, SubfieldLength, TaggedText,
};
use super::document::{
    BitmapEncoding, DescriptionError, DescriptionErrorKind as Kind, StructureDocument,
    SubfieldDocument,
};
use super::encoding::{Counts, NumberEncoding, TextEncoding, Width};
use super::part::TextTag;
use super::positional::number;
use super::read::DEEPEST;
use crate::wire::ebcdic::from_latin_1;

/// Checks the document and makes the structure.
pub(super) fn compile(
    document: &StructureDocument,
    text: TextEncoding,
) -> Result<Structure, DescriptionError> {
    let place = Place {
        path: String::new(),
        depth: 0,
        text,
    };
    compile_below(document, &place)
}

/// Where in the document, how deep, and how text is written around it.
#[derive(Clone, Debug)]
struct Place {
    path: String,
    depth: u8,
    text: TextEncoding,
}

impl Place {
    fn below(&self, key: &str) -> Self {
        let dot = if self.path.is_empty() { "" } else { "." };
        Self {
            path: format!("{}{dot}{key}", self.path),
            ..*self
        }
    }

    fn fault(&self, kind: Kind) -> DescriptionError {
        DescriptionError {
            path: self.path.clone(),
            kind,
        }
    }

    fn size(&self, what: &'static str, found: u8, maximum: u8) -> Result<u8, DescriptionError> {
        if (1..=maximum).contains(&found) {
            Ok(found)
        } else {
            let kind = Kind::Size {
                what,
                maximum,
                found,
            };
            Err(self.fault(kind))
        }
    }
}

fn compile_below(
    document: &StructureDocument,
    place: &Place,
) -> Result<Structure, DescriptionError> {
    if place.depth >= DEEPEST {
        return Err(place.fault(Kind::TooDeep));
    }
    match document {
        StructureDocument::Positional {
            subfields,
            required,
        } => positional(subfields, *required, place).map(Structure::Positional),
        StructureDocument::Bitmapped {
            bitmap_bytes,
            bitmap_encoding,
            subfields,
        } => {
            let bytes = place.size("bitmap_bytes", *bitmap_bytes, 32)?;
            let encoding = match bitmap_encoding {
                BitmapEncoding::Binary => None,
                BitmapEncoding::AsciiHex => Some(HexText::Ascii),
                BitmapEncoding::EbcdicHex => Some(HexText::Ebcdic),
            };
            let most = u16::from(bytes).saturating_mul(8);
            bitmapped(
                BitmapForm::Fixed { bytes, encoding },
                most,
                subfields,
                place,
            )
        }
        StructureDocument::DatasetBitmapped { subfields } => {
            bitmapped(BitmapForm::Dataset, 255, subfields, place)
        }
        StructureDocument::BerTlv { ff, tags } => {
            let tags = keyed(tags, place.below("tags"), "a tag in hexadecimal", |key| {
                key.parse().ok()
            })?;
            Ok(Structure::BerTlv(BerTlv { ff: *ff, tags }))
        }
        StructureDocument::TaggedText { .. } => tagged_text(document, place),
        StructureDocument::Datasets {
            length_bytes,
            datasets,
            unlisted,
        } => compile_datasets(*length_bytes, datasets, unlisted.as_deref(), place),
        StructureDocument::Separated {
            separator,
            subfields,
        } => {
            let separator =
                u8::try_from(*separator).map_err(|_wide| place.fault(Kind::Separator))?;
            Ok(Structure::Separated(Separated {
                separator: match place.text {
                    TextEncoding::Ascii => separator,
                    TextEncoding::Ebcdic => from_latin_1(separator),
                },
                subfields: listed(subfields, place, Ends::Given)?,
            }))
        }
        StructureDocument::Repeated { block, maximum } => repeated(block, *maximum, place),
    }
}

fn repeated(
    block: &SubfieldDocument,
    maximum: u16,
    place: &Place,
) -> Result<Structure, DescriptionError> {
    let below = place.below("block");
    let block = subfield(block, &below, Ends::Own)?;
    if block.fixed_bytes().is_none_or(|bytes| bytes == 0) {
        return Err(below.fault(Kind::Block));
    }
    Ok(Structure::Repeated(Repeated { block, maximum }))
}

fn positional(
    subfields: &[SubfieldDocument],
    required: Option<usize>,
    place: &Place,
) -> Result<Positional, DescriptionError> {
    let subfields = listed(subfields, place, Ends::Own)?;
    let found = subfields.len();
    let before_last = subfields.iter().take(found.saturating_sub(1));
    for (index, subfield) in before_last.enumerate() {
        if matches!(subfield.length, SubfieldLength::Rest) {
            let below = place.below(&format!("subfields.{}", index.saturating_add(1)));
            return Err(below.fault(Kind::RestInside));
        }
    }
    let required = required.unwrap_or(found);
    if required > found {
        return Err(place.fault(Kind::Required { required, found }));
    }
    Ok(Positional {
        fixed: fixed_places(&subfields),
        subfields,
        required,
    })
}

/// The places of the first subfields that are values of fixed length.
fn fixed_places(subfields: &[Subfield]) -> Vec<FixedPlace> {
    let mut end = 0_usize;
    let places = subfields.iter().enumerate().map_while(|(index, subfield)| {
        let (SubfieldLength::Fixed(units), None) = (subfield.length, &subfield.structure) else {
            return None;
        };
        let start = end;
        end = start.saturating_add(subfield.fixed_bytes()?);
        Some(FixedPlace {
            key: number(index),
            start,
            end,
            odd_digits: subfield.encoding.is_odd(usize::from(units)),
        })
    });
    places.collect()
}

fn bitmapped(
    form: BitmapForm,
    most: u16,
    subfields: &BTreeMap<String, SubfieldDocument>,
    place: &Place,
) -> Result<Structure, DescriptionError> {
    let below = place.below("subfields");
    let expected = "the number of a bit, without leading zeros,";
    let number = |key: &str| {
        let number = key.parse::<u16>().ok()?;
        let plain = number.to_string() == key && (1..=most).contains(&number);
        plain.then_some(number)
    };
    let subfields = keyed_with(subfields, below, expected, number, Ends::Own)?;
    if subfields.is_empty() {
        return Err(place.fault(Kind::Empty));
    }
    Ok(Structure::Bitmapped(Bitmapped {
        form,
        subfields,
        tail: unnamed(Structure::BerTlv(BerTlv::plain())),
    }))
}

fn tagged_text(document: &StructureDocument, place: &Place) -> Result<Structure, DescriptionError> {
    let StructureDocument::TaggedText {
        lead,
        tag_size,
        tag_encoding,
        length_size,
        length_encoding,
        length_counts,
        before_tag,
        after_length,
        subfields,
    } = document
    else {
        return Err(place.fault(Kind::Empty));
    };
    let lead = match lead {
        Some(document) => {
            let below = place.below("lead");
            let lead = subfield(document, &below, Ends::Own)?;
            if lead.fixed_bytes().is_none() {
                return Err(below.fault(Kind::Block));
            }
            Some(lead)
        }
        None => None,
    };
    let tag_encoding = tag_encoding.unwrap_or_else(|| place.text.numbers());
    let binary_tag = tag_encoding == NumberEncoding::Binary;
    let tag_size = place.size("tag_size", *tag_size, if binary_tag { 2 } else { 6 })?;
    let length_encoding = length_encoding.unwrap_or(tag_encoding);
    let most = if length_encoding == NumberEncoding::Binary {
        4
    } else {
        6
    };
    let length_size = place.size("length_size", *length_size, most)?;
    let width = usize::from(tag_size).saturating_mul(if binary_tag { 2 } else { 1 });
    let expected = "a tag of the size that tag_size says";
    let tag = |key: &str| TextTag::new(key).filter(|tag| tag.len() == width);
    let subfields = keyed(subfields, place.below("subfields"), expected, tag)?;
    Ok(Structure::TaggedText(TaggedText {
        lead,
        tag: Width::new(tag_encoding, tag_size),
        length: Width::new(length_encoding, length_size),
        length_counts: length_counts.unwrap_or(Counts::Bytes),
        before_tag: fixed_text(before_tag.as_deref(), "before_tag", place)?,
        after_length: fixed_text(after_length.as_deref(), "after_length", place)?,
        subfields,
    }))
}

fn fixed_text(
    text: Option<&str>,
    what: &'static str,
    place: &Place,
) -> Result<Vec<u8>, DescriptionError> {
    let encoded = place.text.encoding().from_text(text.unwrap_or_default());
    let (bytes, _) = encoded.map_err(|_wide| place.fault(Kind::FixedText(what)))?;
    Ok(bytes.to_vec())
}

fn compile_datasets(
    length_bytes: Option<u8>,
    datasets: &BTreeMap<String, SubfieldDocument>,
    unlisted: Option<&StructureDocument>,
    place: &Place,
) -> Result<Structure, DescriptionError> {
    let size = place.size("length_bytes", length_bytes.unwrap_or(2), 4)?;
    let expected = "an identifier of two hexadecimal digits";
    let identifier = |key: &str| {
        let number = u8::from_str_radix(key, 16).ok()?;
        (key.len() == 2 && !key.starts_with('+')).then_some(number)
    };
    let datasets = keyed(datasets, place.below("datasets"), expected, identifier)?;
    let unlisted = match unlisted {
        Some(document) => {
            let mut below = place.below("unlisted");
            below.depth = below.depth.saturating_add(1);
            Some(unnamed(compile_below(document, &below)?))
        }
        None => None,
    };
    Ok(Structure::Datasets(Datasets {
        length: Width::new(NumberEncoding::Binary, size),
        datasets,
        unlisted,
    }))
}
