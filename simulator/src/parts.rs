//! Parts inside of elements, by the names of the dialect: `62.transaction_id`. Owns the way from such a name to
//! a text of a message and back; must never show a value.

use std::collections::BTreeMap;

use bytes::BytesMut;
use codec::structure::{Structure, Text};
use codec::{Dialect, Element, Message, Mti};

/// Where a part is: its element, and the names down to it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Path {
    /// The element.
    pub element: Element,
    /// Names, or keys as `iso8583 describe` shows them; never empty.
    pub names: Vec<String>,
}

impl Path {
    /// Reads `62.transaction_id`; `None` for anything without a point.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (number, names) = text.split_once('.')?;
        let names: Vec<String> = names.split('.').map(str::to_owned).collect();
        let element = number.parse().ok().and_then(Element::new)?;
        let empty = names.iter().any(String::is_empty);
        (!empty).then_some(Self { element, names })
    }

    /// The text of the part in a message; `None` when it is not there.
    #[must_use]
    pub fn text(&self, message: &Message, dialect: &Dialect) -> Option<String> {
        let mut structure = dialect.structure(self.element)?;
        let read = message.parts(dialect, self.element)?.ok()?;
        let mut parts = &read;
        let (last, around) = self.names.split_last()?;
        for name in around {
            let key = structure.key(name)?;
            structure = structure.subfield(key)?.structure.as_deref()?;
            parts = parts.get(key)?.parts()?;
        }
        let key = structure.key(last)?;
        let (part, described) = (parts.get(key)?, structure.subfield(key)?);
        let text = described
            .encoding
            .to_text(part.bytes()?, part.form.odd_digits);
        Some((*text).clone())
    }
}

impl std::fmt::Display for Path {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{}.{}", self.element, self.names.join("."))
    }
}

/// The value of each element whose parts are given, as a scenario would have to write it.
///
/// # Errors
/// The element and why its parts cannot be written; never a value.
pub fn values(
    dialect: &Dialect,
    given: &[(Path, String)],
) -> Result<BTreeMap<Element, String>, (Element, String)> {
    let mut texts: BTreeMap<Element, Vec<(String, Text)>> = BTreeMap::new();
    for (path, value) in given {
        put(texts.entry(path.element).or_default(), &path.names, value);
    }
    let write = |(element, parts)| match value(dialect, element, parts) {
        Ok(value) => Ok((element, value)),
        Err(reason) => Err((element, reason)),
    };
    texts.into_iter().map(write).collect()
}

fn put(parts: &mut Vec<(String, Text)>, names: &[String], value: &str) {
    let Some((name, rest)) = names.split_first() else {
        return;
    };
    if rest.is_empty() {
        parts.push((name.clone(), Text::value(value)));
        return;
    }
    let known = parts.iter().position(|(other, _)| other == name);
    let place = known.unwrap_or(parts.len());
    if known.is_none() {
        parts.push((name.clone(), Text::Parts(Vec::new())));
    }
    if let Some((_, Text::Parts(inside))) = parts.get_mut(place) {
        put(inside, rest, value);
    }
}

/// Puts parts into the order of the element: a file has them in any.
fn sort(structure: &Structure, parts: &mut [(String, Text)]) {
    parts.sort_by_key(|(name, _)| structure.key(name));
    for (name, text) in parts {
        let described = structure.key(name).and_then(|key| structure.subfield(key));
        let inside = described.and_then(|described| described.structure.as_deref());
        if let (Some(inside), Text::Parts(parts)) = (inside, text) {
            sort(inside, parts);
        }
    }
}

/// Written alone into a message and read again: what the element then is.
fn value(
    dialect: &Dialect,
    element: Element,
    mut parts: Vec<(String, Text)>,
) -> Result<String, String> {
    let structure: &Structure = dialect
        .structure(element)
        .ok_or_else(|| "has no parts in this dialect".to_owned())?;
    sort(structure, &mut parts);
    let bytes = structure
        .build_text(&Text::Parts(parts))
        .map_err(|e| e.to_string())?;
    let mti = Mti::parse(b"0100").map_err(|e| e.to_string())?;
    let mut encoder = dialect.encoder(mti);
    encoder.set_inner_bytes(element, &bytes);
    let mut body = BytesMut::new();
    encoder.write(&mut body).map_err(|e| e.to_string())?;
    let message = dialect.decode(body.freeze()).map_err(|e| e.to_string())?;
    let text = message.text(element).map(str::to_owned);
    text.ok_or_else(|| "cannot be read again".to_owned())
}
