//! From a document to a plan: the parts that are not elements.
//!
//! Owns the checks of framing, bitmaps and encodings. Must never compile what cannot be written and read back.

use super::Dialect;
use super::document::{ByteOrder, FramingDocument, HeaderName, LengthHeaderName, TrailerName};
use super::error::DialectErrorKind;
use super::field;
use super::layers::{Fault, Layers, Place, general, missing};
use super::plan::{BitmapPlan, Leniency, Plan, PlanId, SLOTS, SecondBitmap, ThirdBitmap};
use super::structures::Structures;
use crate::element::Element;
use crate::framing::{Framing, Header, HeaderBytes, HeaderForm, LengthForm, LengthHeader};
use crate::sensitivity::Sensitivity;
use crate::wire::nibbles;

/// End of text.
const ETX: u8 = 0x03;
/// Most control bytes beside a length.
const MOST_CONTROL_BYTES: u8 = 4;

/// Checks and compiles a chain of documents.
pub(super) fn compile(layers: &Layers) -> Result<Dialect, Fault> {
    let (name, source) = layers.texts()?;
    let version = layers.version()?.as_str();
    let (place, document) = layers.framing()?;
    let framing = framing(place, document)?;
    let bitmap = bitmap(layers)?;
    let encoding = layers.encoding();
    let lenient = layers.lenient();
    let mut dialect = Dialect {
        name,
        source,
        version,
        framing,
        plan: Plan {
            id: PlanId::fresh(),
            mti: encoding.mti.ok_or_else(|| missing("encoding.mti"))?,
            bitmap,
            lenient: Leniency {
                trailing_bytes: lenient.trailing_bytes.unwrap_or_default(),
                pad: lenient.pad.unwrap_or_default(),
                content: lenient.content.unwrap_or_default(),
                length: lenient.length.unwrap_or_default(),
            },
            fields: Box::new([None; SLOTS]),
            structures: vec![None; SLOTS],
        },
        element_names: vec![String::new(); SLOTS],
        unverified: Vec::new(),
    };
    let mut structures = Structures::new(layers, &encoding)?;
    for (element, entry) in layers.entries()? {
        let failed = |kind| Fault {
            place: entry.place,
            element: Some(element),
            kind,
        };
        check_reach(bitmap, element).map_err(failed)?;
        let mut plan = field::compile(&entry.document, &encoding).map_err(failed)?;
        let structure = match &entry.document.structure {
            Some(name) => structures.of(name, &plan).map_err(failed)?,
            None => None,
        };
        // Whoever shows the element as a whole must not show a secret part of it.
        let secret = structure.as_ref().is_some_and(|it| it.holds_secrets());
        plan.sensitivity = plan
            .sensitivity
            .or_else(|| secret.then_some(Sensitivity::Icc));
        let index = usize::from(element.number());
        let slots = (
            dialect.plan.fields.get_mut(index),
            dialect.plan.structures.get_mut(index),
            dialect.element_names.get_mut(index),
        );
        if let (Some(slot), Some(structure_slot), Some(name)) = slots {
            *slot = Some(plan);
            *structure_slot = structure;
            *name = entry.document.name.unwrap_or_default();
        }
        if entry.unverified {
            dialect.unverified.push(element);
        }
    }
    Ok(dialect)
}

fn bitmap(layers: &Layers) -> Result<BitmapPlan, Fault> {
    let (place, document) = layers.bitmap()?;
    let together = match document.third {
        ThirdBitmap::None => true,
        ThirdBitmap::AnnouncedByBit65 | ThirdBitmap::InElement65 => {
            document.second != SecondBitmap::None
        }
        ThirdBitmap::Fixed => document.second == SecondBitmap::Fixed,
    };
    if !together {
        return Err(general(place, DialectErrorKind::ThirdWithoutSecond));
    }
    Ok(BitmapPlan {
        encoding: document.encoding,
        second: document.second,
        third: document.third,
    })
}

/// Whether the bitmaps can announce an element.
fn check_reach(bitmap: BitmapPlan, element: Element) -> Result<(), DialectErrorKind> {
    let last = match (bitmap.second, bitmap.third) {
        (SecondBitmap::None, _) => 64,
        (_, ThirdBitmap::None) => 128,
        _ => 192,
    };
    if element.number() > last {
        return Err(DialectErrorKind::BeyondBitmaps { last });
    }
    if element == Element::THIRD_BITMAP && bitmap.third != ThirdBitmap::None {
        return Err(DialectErrorKind::ElementIsBitmap);
    }
    Ok(())
}

fn framing(place: Place, document: &FramingDocument) -> Result<Framing, Fault> {
    let failed = |kind| general(place, kind);
    let form = length_form(document.length_header, document.byte_order).map_err(failed)?;
    let controls = document
        .control_bytes_before
        .saturating_add(document.control_bytes_after);
    if controls > MOST_CONTROL_BYTES {
        return Err(failed(DialectErrorKind::ControlBytes(controls)));
    }
    let length_header = LengthHeader {
        form,
        counts_itself: document.length_counts_itself,
        control_before: document.control_bytes_before,
        control_after: document.control_bytes_after,
    };
    let trailer = document.trailer.map(|TrailerName::Etx| ETX);
    let alone = controls == 0 && !document.length_counts_itself;
    if form == LengthForm::None && (trailer.is_none() || !alone) {
        return Err(failed(DialectErrorKind::NoLengthNoTrailer));
    }
    let maximum = length_header.longest_frame_bytes().min(0xFFFF);
    let found = *document.maximum_frame_bytes.get_ref();
    if !(1..=maximum).contains(&found) {
        let place = place.within(document.maximum_frame_bytes.span().start);
        return Err(general(
            place,
            DialectErrorKind::FrameLimit { maximum, found },
        ));
    }
    Ok(Framing {
        length_header,
        header: header(place, document)?,
        trailer,
        maximum_frame_bytes: found,
    })
}

fn length_form(name: LengthHeaderName, order: ByteOrder) -> Result<LengthForm, DialectErrorKind> {
    let little_endian = order == ByteOrder::Little;
    let binary = |bytes| LengthForm::Binary {
        bytes,
        little_endian,
    };
    let form = match name {
        LengthHeaderName::Binary2 => return Ok(binary(2)),
        LengthHeaderName::Binary3 => return Ok(binary(3)),
        LengthHeaderName::Binary4 => return Ok(binary(4)),
        LengthHeaderName::None => LengthForm::None,
        LengthHeaderName::Ascii2 => LengthForm::Ascii { digits: 2 },
        LengthHeaderName::Ascii3 => LengthForm::Ascii { digits: 3 },
        LengthHeaderName::Ascii4 => LengthForm::Ascii { digits: 4 },
        LengthHeaderName::Ascii5 => LengthForm::Ascii { digits: 5 },
        LengthHeaderName::Ascii6 => LengthForm::Ascii { digits: 6 },
        LengthHeaderName::Bcd2 => LengthForm::Bcd { bytes: 2 },
        LengthHeaderName::Bcd3 => LengthForm::Bcd { bytes: 3 },
        LengthHeaderName::Hex4 => LengthForm::Hex { digits: 4 },
    };
    if little_endian {
        return Err(DialectErrorKind::ByteOrder);
    }
    Ok(form)
}

fn header(place: Place, document: &FramingDocument) -> Result<Header, Fault> {
    let form = match document.header {
        HeaderName::None => HeaderForm::None,
        HeaderName::Fixed => HeaderForm::Fixed,
        HeaderName::Tpdu => HeaderForm::Tpdu,
        HeaderName::Base24 => HeaderForm::Base24,
        HeaderName::Visa => HeaderForm::Visa,
    };
    let (place, template) = match &document.header_template {
        Some(text) => {
            let place = place.within(text.span().start);
            let bytes = bytes(text.get_ref());
            (place, bytes.and_then(|bytes| HeaderBytes::new(&bytes)))
        }
        None => (place, Header::default_template(form)),
    };
    template
        .filter(|template| Header::fits(form, template))
        .map(|template| Header { form, template })
        .ok_or_else(|| general(place, DialectErrorKind::HeaderTemplate))
}

/// Bytes of hexadecimal text.
fn bytes(text: &str) -> Option<Vec<u8>> {
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    let pairs = pairs
        .iter()
        .map(|[high, low]| Some(nibbles::nibble(*high)? << 4 | nibbles::nibble(*low)?));
    pairs
        .collect::<Option<Vec<u8>>>()
        .filter(|_| rest.is_empty())
}
