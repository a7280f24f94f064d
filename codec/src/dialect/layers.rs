//! A document and its bases.
//!
//! Owns the chain of files from a dialect down to the one without a base, and the place of a fault in it. Must never
//! follow a chain that comes back to itself.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use toml::Spanned;

use super::document::{
    BitmapDocument, Document, EncodingDocument, FieldDocument, FramingDocument, LeniencyDocument,
    Version,
};
use super::error::{DialectError, DialectErrorKind, line_of};
use super::places::{element_at, structure_at, structure_fault};
use super::{element, elements};
use crate::element::Element;
use crate::structure::StructureDocument;

/// One file of the chain.
pub(super) struct Layer {
    file: String,
    text: String,
    document: Document,
}

/// The chain, the dialect itself first.
pub(super) struct Layers(Vec<Layer>);

/// A fault at a byte of one file of the chain.
#[derive(Debug)]
pub(super) struct Fault {
    pub(super) place: Place,
    pub(super) element: Option<Element>,
    pub(super) kind: DialectErrorKind,
}

/// A byte of one file of the chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    layer: usize,
    offset: usize,
}

/// The entry of one element, joined over the chain, with the place of the uppermost.
pub(super) struct Entry {
    pub(super) place: Place,
    pub(super) document: FieldDocument,
    pub(super) unverified: bool,
}

impl Layers {
    /// Reads a document that has no base.
    pub(super) fn single(file: &str, text: &str) -> Result<Self, DialectError> {
        let layer = Layer::parse(file, text.to_owned())?;
        if let Some(base) = &layer.document.base {
            let kind = DialectErrorKind::BaseOutOfReach(base.get_ref().clone());
            return Err(layer.error(base.span().start, None, kind));
        }
        Ok(Self(vec![layer]))
    }

    /// Reads a file and its bases.
    pub(super) fn load(path: &Path) -> Result<Self, DialectError> {
        let mut layers: Vec<Layer> = Vec::new();
        let mut seen: Vec<PathBuf> = Vec::new();
        let mut next = path.to_owned();
        loop {
            let read = std::fs::canonicalize(&next)
                .and_then(|real| Ok((real, std::fs::read_to_string(&next)?)));
            let (real, text) = match (read, layers.last()) {
                (Ok(read), _) => read,
                (Err(error), None) => {
                    let name = next.display().to_string();
                    return Err(DialectError::unreadable(&name, &error));
                }
                (Err(error), Some(last)) => {
                    let name = next.display().to_string();
                    return Err(
                        last.base_error(DialectErrorKind::BaseUnreadable(name, error.kind()))
                    );
                }
            };
            if seen.contains(&real)
                && let Some(last) = layers.last()
            {
                let name = next.display().to_string();
                return Err(last.base_error(DialectErrorKind::BaseCycle(name)));
            }
            seen.push(real);
            let layer = Layer::parse(&next.display().to_string(), text)?;
            let base = layer.document.base.as_ref().map(|base| {
                let base = base.get_ref();
                let has_ending = Path::new(base).extension().is_some_and(|end| end == "toml");
                let ending = if has_ending { "" } else { ".toml" };
                next.parent()
                    .unwrap_or_else(|| Path::new(""))
                    .join(format!("{base}{ending}"))
            });
            layers.push(layer);
            match base {
                Some(base) => next = base,
                None => return Ok(Self(layers)),
            }
        }
    }

    /// Puts a fault into words.
    pub(super) fn error(&self, fault: Fault) -> DialectError {
        match self.0.get(fault.place.layer) {
            Some(layer) => layer.error(fault.place.offset, fault.element, fault.kind),
            // A place is made from a layer of the chain.
            None => DialectError {
                file: String::new(),
                line: None,
                element: fault.element,
                kind: fault.kind,
            },
        }
    }

    /// The name and the source: those of the dialect itself.
    pub(super) fn texts(&self) -> Result<(String, String), Fault> {
        let Some(Layer { document, .. }) = self.0.first() else {
            return Err(missing("name"));
        };
        for (what, value) in [("name", &document.name), ("source", &document.source)] {
            if value.get_ref().trim().is_empty() {
                let kind = DialectErrorKind::Empty(what);
                return Err(general(at(0, value.span().start), kind));
            }
        }
        Ok((
            document.name.get_ref().clone(),
            document.source.get_ref().clone(),
        ))
    }

    pub(super) fn version(&self) -> Result<Version, Fault> {
        let mut versions = self.0.iter().map(|layer| layer.document.version);
        versions
            .find_map(|version| version)
            .ok_or_else(|| missing("version"))
    }

    pub(super) fn framing(&self) -> Result<(Place, &FramingDocument), Fault> {
        self.table(|document| document.framing.as_ref())
            .ok_or_else(|| missing("framing"))
    }

    pub(super) fn bitmap(&self) -> Result<(Place, &BitmapDocument), Fault> {
        self.table(|document| document.bitmap.as_ref())
            .ok_or_else(|| missing("bitmap"))
    }

    pub(super) fn encoding(&self) -> EncodingDocument {
        let documents = self.0.iter().rev();
        let encodings = documents.filter_map(|layer| layer.document.encoding.clone());
        encodings.fold(EncodingDocument::default(), |base, upper| upper.over(base))
    }

    pub(super) fn lenient(&self) -> LeniencyDocument {
        let documents = self.0.iter().rev();
        let lenient = documents.filter_map(|layer| layer.document.lenient);
        lenient.fold(LeniencyDocument::default(), |base, upper| upper.over(base))
    }

    /// The structures under their names, each with its place in the chain: the uppermost of a name counts.
    pub(super) fn structures(&self) -> BTreeMap<&str, (usize, &StructureDocument)> {
        let layers = self.0.iter().enumerate().rev();
        let tables = layers.flat_map(|(index, layer)| {
            let structures = layer.document.structures.iter().flatten();
            structures.map(move |(name, document)| (name.as_str(), (index, document)))
        });
        tables.collect()
    }

    /// A fault in a structure: at the innermost table of the path that the document has.
    pub(super) fn in_structure(
        &self,
        layer: usize,
        name: &str,
        path: &str,
        kind: DialectErrorKind,
    ) -> Fault {
        let text = self.0.get(layer).map(|layer| layer.text.as_str());
        let offset = structure_at(text.unwrap_or_default(), name, path);
        general(at(layer, offset.unwrap_or_default()), kind)
    }

    /// The entries of all elements.
    pub(super) fn entries(&self) -> Result<BTreeMap<Element, Entry>, Fault> {
        let mut entries: BTreeMap<Element, Entry> = BTreeMap::new();
        for (index, layer) in self.0.iter().enumerate().rev() {
            for without in layer.document.without.iter().flatten() {
                for element in listed(index, without)? {
                    entries.remove(&element);
                }
            }
            let fields = layer.document.fields.iter();
            for (key, field) in fields.flat_map(|fields| fields.get_ref()) {
                let place = at(index, field.span().start);
                let element = element(key)
                    .ok_or_else(|| general(place, DialectErrorKind::NotAnElement(key.clone())))?;
                let upper = field.get_ref().clone();
                let (document, unverified) = match entries.remove(&element) {
                    Some(base) => (upper.over(base.document), base.unverified),
                    None => (upper, false),
                };
                let entry = Entry {
                    place,
                    document,
                    unverified,
                };
                entries.insert(element, entry);
            }
            let Some(unverified) = &layer.document.unverified else {
                continue;
            };
            for entry in entries.values_mut() {
                entry.unverified = false;
            }
            for range in unverified {
                for element in listed(index, range)? {
                    if let Some(entry) = entries.get_mut(&element) {
                        entry.unverified = true;
                    }
                }
            }
        }
        if entries.is_empty() {
            let fields = self.table(|document| document.fields.as_ref());
            let place = fields.map_or_else(|| at(0, 0), |(place, _)| place);
            return Err(general(place, DialectErrorKind::NoFields));
        }
        Ok(entries)
    }

    /// The uppermost table of a name.
    fn table<'a, T>(
        &'a self,
        find: impl Fn(&'a Document) -> Option<&'a Spanned<T>>,
    ) -> Option<(Place, &'a T)> {
        self.0.iter().enumerate().find_map(|(index, layer)| {
            let table = find(&layer.document)?;
            Some((at(index, table.span().start), table.get_ref()))
        })
    }
}

impl Place {
    /// Another byte of the same file.
    pub(super) fn within(self, offset: usize) -> Self {
        Self { offset, ..self }
    }
}

fn at(layer: usize, offset: usize) -> Place {
    Place { layer, offset }
}

/// A fault that lies in no element.
pub(super) fn general(place: Place, kind: DialectErrorKind) -> Fault {
    Fault {
        place,
        element: None,
        kind,
    }
}

/// A key that neither the dialect nor a base of it has.
pub(super) fn missing(key: &'static str) -> Fault {
    general(at(0, 0), DialectErrorKind::Missing(key))
}

fn listed(layer: usize, range: &Spanned<String>) -> Result<Vec<Element>, Fault> {
    let text = range.get_ref();
    elements(text).ok_or_else(|| {
        let kind = DialectErrorKind::NotElements(text.clone());
        general(at(layer, range.span().start), kind)
    })
}

impl Layer {
    fn parse(file: &str, text: String) -> Result<Self, DialectError> {
        match toml::from_str(&text) {
            Ok(document) => Ok(Self {
                file: file.to_owned(),
                text,
                document,
            }),
            Err(error) => {
                let error: toml::de::Error = error;
                let offset = error.span().map_or(0, |span| span.start);
                let (offset, kind) = match structure_fault(&text, error.message()) {
                    Some(fault) => fault,
                    None => (
                        offset,
                        DialectErrorKind::Document(error.message().to_owned()),
                    ),
                };
                Err(DialectError {
                    file: file.to_owned(),
                    line: Some(line_of(&text, offset)),
                    element: element_at(&text, offset),
                    kind,
                })
            }
        }
    }

    fn error(
        &self,
        offset: usize,
        element: Option<Element>,
        kind: DialectErrorKind,
    ) -> DialectError {
        DialectError {
            file: self.file.clone(),
            line: Some(line_of(&self.text, offset)),
            element,
            kind,
        }
    }

    /// An error at the key `base`.
    fn base_error(&self, kind: DialectErrorKind) -> DialectError {
        let base = self.document.base.as_ref();
        self.error(base.map_or(0, |base| base.span().start), None, kind)
    }
}
