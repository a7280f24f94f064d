//! From the structures that a dialect names to those of its elements.
//!
//! Owns which structure an element has, in which text, and the place of a fault in one. Must never give a structure to
//! an element whose bytes its parts cannot line up with.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::document::{EncodingDocument, ValueEncodingName};
use super::error::DialectErrorKind;
use super::layers::{Fault, Layers};
use super::plan::{FieldPlan, ValueEncoding};
use crate::structure::{Structure, StructureDocument, TextEncoding};

/// The name that takes the structure of the base away.
const NONE: &str = "none";

/// The structures of a dialect, compiled once for each text that an element needs them in.
pub(super) struct Structures<'a> {
    layers: &'a Layers,
    documents: BTreeMap<&'a str, (usize, &'a StructureDocument)>,
    /// How text is written where the element itself is not text.
    text: TextEncoding,
    compiled: BTreeMap<(&'a str, TextEncoding), Arc<Structure>>,
}

impl<'a> Structures<'a> {
    /// Checks all of them, whether an element has them or not.
    pub(super) fn new(layers: &'a Layers, encoding: &EncodingDocument) -> Result<Self, Fault> {
        let text = match encoding.values {
            Some(
                ValueEncodingName::Ebcdic037
                | ValueEncodingName::Ebcdic500
                | ValueEncodingName::Ebcdic1047,
            ) => TextEncoding::Ebcdic,
            Some(
                ValueEncodingName::Ascii
                | ValueEncodingName::Bcd
                | ValueEncodingName::Binary
                | ValueEncodingName::Hex,
            )
            | None => TextEncoding::Ascii,
        };
        let mut structures = Self {
            layers,
            documents: layers.structures(),
            text,
            compiled: BTreeMap::new(),
        };
        let names: Vec<&str> = structures.documents.keys().copied().collect();
        for name in names {
            structures.compile(name, text)?;
        }
        Ok(structures)
    }

    /// The structure of an element that names one.
    pub(super) fn of(
        &mut self,
        name: &str,
        field: &FieldPlan,
    ) -> Result<Option<Arc<Structure>>, DialectErrorKind> {
        if name == NONE {
            return Ok(None);
        }
        let text = match field.encoding {
            ValueEncoding::Packed(_) if field.holds_bytes() => self.text,
            ValueEncoding::Ascii | ValueEncoding::Ebcdic(_) if field.holds_bytes() => self.text,
            ValueEncoding::Ascii => TextEncoding::Ascii,
            ValueEncoding::Ebcdic(_) => TextEncoding::Ebcdic,
            ValueEncoding::Packed(_) | ValueEncoding::Signed(..) => {
                return Err(DialectErrorKind::StructureOfDigits);
            }
        };
        let known = self.documents.get_key_value(name).map(|(key, _)| *key);
        let missing = || DialectErrorKind::NoStructure(name.to_owned());
        let compiled = self.compile(known.ok_or_else(missing)?, text);
        // A fault lies in the structure whatever the text, and was found when all of them were checked.
        compiled.map(Some).map_err(|fault| fault.kind)
    }

    fn compile(&mut self, name: &'a str, text: TextEncoding) -> Result<Arc<Structure>, Fault> {
        if let Some(compiled) = self.compiled.get(&(name, text)) {
            return Ok(Arc::clone(compiled));
        }
        let Some((layer, document)) = self.documents.get(name) else {
            let kind = DialectErrorKind::NoStructure(name.to_owned());
            return Err(self.layers.in_structure(0, name, "", kind));
        };
        let fault = |path: &str, kind| self.layers.in_structure(*layer, name, path, kind);
        if name == NONE {
            return Err(fault("", DialectErrorKind::ReservedStructure));
        }
        let structure = document.compile_in(text).map_err(|error| {
            let path = error.path.clone();
            let name = name.to_owned();
            fault(&path, DialectErrorKind::Structure { name, error })
        })?;
        let structure = Arc::new(structure);
        self.compiled.insert((name, text), Arc::clone(&structure));
        Ok(structure)
    }
}
