//! From a decoded element to what is shown of it.
//!
//! Owns the walk through parts and their masking. Must never show a value whose place in its structure is not described.

use zeroize::Zeroizing;

use super::hidden::is_private;
use super::{Described, Shown, amounts};
use crate::dialect::Dialect;
use crate::element::Element;
use crate::meaning::{self, Edition};
use crate::message::Message;
use crate::sensitivity::Sensitivity;
use crate::structure::{Content, Key, Part, Parts, Structure, Text, emv};

/// Describes one element.
pub(super) fn element(
    dialect: &Dialect,
    message: &Message,
    element: Element,
    shown: Shown,
) -> Described {
    let value = message.value(element);
    let value = value.as_deref().unwrap_or_default();
    let edition = Edition::of(dialect.version());
    let characters = value.chars().count();
    let mut described = Described {
        key: element.number().to_string(),
        name: dialect.element_name(element).unwrap_or_default().to_owned(),
        length: if dialect.is_bytes(element) {
            characters / 2
        } else {
            characters
        },
        value: Zeroizing::default(),
        readable: None,
        meanings: Vec::new(),
        parts: None,
    };
    let own = dialect.sensitivity(element);
    if let Some(structure) = super::structure(dialect, element) {
        match structure.read(message.inner_bytes(dialect, element).unwrap_or_default()) {
            Ok(parts) => {
                // Chip data is sensitive as a whole because some of its parts are.
                let around = own.filter(|sensitivity| *sensitivity != Sensitivity::Icc);
                let text = structure.to_text(&parts, Shown::Clear);
                described.parts = Some(inside(Some(structure), &parts, &text, around, shown));
                return described;
            }
            Err(error) => {
                let cannot = format!("its structure cannot be read: {error}");
                described.meanings.push(cannot);
                let hidden = own.unwrap_or(Sensitivity::Icc);
                described.value = masked(value, Some(hidden), shown);
                return described;
            }
        }
    }
    let sensitivity =
        own.or_else(|| is_private(edition, element, characters).then_some(Sensitivity::Icc));
    described.value = masked(value, sensitivity, shown);
    if sensitivity.is_none() {
        let words = meaning::element(edition, element, value).words();
        let words = words.or_else(|| meaning::named(&described.name, value));
        described.meanings.extend(words);
    }
    described
}

/// The parts, side by side with their texts.
fn inside(
    structure: Option<&Structure>,
    parts: &Parts<'_>,
    text: &Text,
    around: Option<Sensitivity>,
    shown: Shown,
) -> Vec<Described> {
    let texts = match text {
        Text::Parts(texts) => texts.as_slice(),
        Text::Value(_) => &[],
    };
    let pairs = parts.iter().zip(texts);
    let mut inside: Vec<Described> = pairs
        .map(|(part, (key, text))| described(structure, part, key, text, around, shown))
        .collect();
    amounts::explain(&mut inside, &amounts::OF_PARTS);
    inside
}

fn described(
    structure: Option<&Structure>,
    part: &Part<'_>,
    key: &str,
    text: &Text,
    around: Option<Sensitivity>,
    shown: Shown,
) -> Described {
    let subfield = structure.and_then(|structure| structure.subfield(part.key));
    let tag = if let Key::Tag(tag) = part.key {
        emv::tag(tag)
    } else {
        None
    };
    let name = match (subfield, tag) {
        (Some(subfield), _) => subfield.name.replace('_', " "),
        (None, Some(tag)) => tag.name.to_owned(),
        (None, None) => String::new(),
    };
    let own = match subfield {
        Some(subfield) => subfield.sensitivity,
        None => tag.and_then(|tag| tag.sensitivity),
    };
    let known =
        subfield.is_some() || tag.is_some() || matches!(part.key, Key::Bitmap | Key::Filler);
    let mut described = Described {
        key: key.to_owned(),
        name,
        length: part.bytes().map_or(0, <[u8]>::len),
        value: Zeroizing::default(),
        readable: None,
        meanings: Vec::new(),
        parts: None,
    };
    // A description without a name stands for whatever is not listed.
    let unnamed = subfield.is_some_and(|subfield| subfield.name.is_empty());
    let own = own.or_else(|| unnamed.then_some(Sensitivity::Icc));
    let sensitivity = around.or(own);
    match (&part.content, text) {
        (Content::Parts(parts), _) => {
            let inner = subfield.and_then(|subfield| subfield.structure.as_deref());
            // Inside of a constructed object stands what may stand around it.
            let around = structure.filter(|_| matches!(part.key, Key::Tag(_)));
            let inner = inner.or(around);
            described.parts = Some(inside(inner, parts, text, sensitivity, shown));
        }
        (Content::Unreadable(_, error), Text::Value(value)) => {
            let hidden = sensitivity.unwrap_or(Sensitivity::Icc);
            described.value = masked(value, Some(hidden), shown);
            let cannot = format!("its structure cannot be read: {error}");
            described.meanings.push(cannot);
        }
        (Content::Bytes(bytes), Text::Value(value)) => {
            let hidden = sensitivity.or_else(|| (!known).then_some(Sensitivity::Icc));
            described.value = masked(value, hidden, shown);
            if hidden.is_none() {
                explain(&mut described, part.key, bytes, value);
            }
        }
        (Content::Unreadable(..) | Content::Bytes(_), Text::Parts(_)) => {}
    }
    described
}

/// Adds what a value that is shown says.
fn explain(described: &mut Described, key: Key, bytes: &[u8], value: &str) {
    if let Key::Tag(tag) = key
        && emv::tag(tag).is_some()
    {
        let words = emv::describe(tag, bytes);
        if words.value != value {
            described.readable = Some(Zeroizing::new(words.value));
        }
        described.meanings = words.details;
        if described.meanings.is_empty() {
            let shown = described.shown().to_owned();
            described
                .meanings
                .extend(meaning::named(&described.name, &shown));
        }
    } else {
        let words = meaning::named(&described.name, value);
        described.meanings.extend(words);
    }
}

fn masked(value: &str, sensitivity: Option<Sensitivity>, shown: Shown) -> Zeroizing<String> {
    Zeroizing::new(match (sensitivity, shown) {
        (Some(sensitivity), Shown::Masked) => sensitivity.mask(value),
        (None, _) | (_, Shown::Clear) => value.to_owned(),
    })
}
