//! A dialect: the element table of one network, ready for use.
//!
//! Owns what callers see of a dialect. Must never read the document while a message is handled: everything was compiled
//! when it was loaded.

mod compile;
mod document;
mod error;
mod field;
mod layers;
mod places;
pub(crate) mod plan;
mod structures;

use std::fmt;
use std::path::Path;

use bytes::Bytes;

pub use error::{DialectError, DialectErrorKind};
use layers::Layers;
use plan::Plan;

use crate::content::ContentClass;
use crate::decode_error::Undecodable;
use crate::element::Element;
use crate::encoder::Encoder;
use crate::framing::Framing;
use crate::message::Message;
use crate::mti::Mti;
use crate::sensitivity::Sensitivity;
use crate::structure::{KeyPath, Structure};

/// A compiled dialect. Immutable; share it in an `Arc`.
pub struct Dialect {
    name: String,
    source: String,
    version: &'static str,
    framing: Framing,
    plan: Plan,
    /// Indexed by element number; empty where the dialect has no element.
    element_names: Vec<String>,
    /// Ascending.
    unverified: Vec<Element>,
}

impl Dialect {
    /// Compiles a document without a base. `file_name` is used in errors only.
    ///
    /// # Errors
    /// [`DialectError`] with the line, and the element where the fault is in one.
    pub fn from_toml(file_name: &str, text: &str) -> Result<Self, DialectError> {
        Self::compile(&Layers::single(file_name, text)?)
    }

    /// Reads and compiles a file. A base is looked for beside it.
    ///
    /// # Errors
    /// [`DialectError`] when the file, or a base of it, cannot be read or compiled.
    pub fn load(path: &Path) -> Result<Self, DialectError> {
        Self::compile(&Layers::load(path)?)
    }

    fn compile(layers: &Layers) -> Result<Self, DialectError> {
        compile::compile(layers).map_err(|fault| layers.error(fault))
    }

    /// The dialect's own name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The public source that the table was written from.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// The edition of ISO 8583: `1987`, `1993` or `2003`.
    pub fn version(&self) -> &str {
        self.version
    }

    /// The elements that the dialect defines, ascending.
    pub fn elements(&self) -> impl Iterator<Item = Element> + '_ {
        let numbers = 0..=u8::MAX;
        let elements = numbers.filter_map(Element::new);
        elements.filter(|element| self.plan.field(*element).is_some())
    }

    /// The elements whose entries no message of another implementation has confirmed, ascending.
    pub fn unverified(&self) -> &[Element] {
        &self.unverified
    }

    /// How frames are cut on a stream.
    pub fn framing(&self) -> Framing {
        self.framing
    }

    /// The name of an element in words, or `None` when the dialect does not define it.
    pub fn element_name(&self, element: Element) -> Option<&str> {
        let name = self.element_names.get(usize::from(element.number()))?;
        (!name.is_empty()).then_some(name.as_str())
    }

    /// What is inside of an element, or `None` when the dialect does not say.
    pub fn structure(&self, element: Element) -> Option<&Structure> {
        self.plan.structure(element)
    }

    /// The described parts inside of elements that no message of another implementation has confirmed.
    pub fn unverified_parts(&self) -> impl Iterator<Item = (Element, KeyPath)> + '_ {
        self.elements().flat_map(|element| {
            let structure = self.structure(element);
            let paths = structure.map(Structure::unverified).unwrap_or_default();
            paths.into_iter().map(move |path| (element, path))
        })
    }

    /// All that decoding and encoding need to know.
    pub(crate) fn plan(&self) -> &Plan {
        &self.plan
    }

    /// Whether the value of an element is bytes (format `b`), of which its text has two characters each.
    pub(crate) fn is_bytes(&self, element: Element) -> bool {
        let field = self.plan.field(element);
        field.is_some_and(|field| field.class == ContentClass::Hex)
    }

    /// Why the value of an element must not be shown, if so. An element whose structure has sensitive parts is sensitive
    /// as a whole; [`Structure::to_text`] hides only what must be.
    pub fn sensitivity(&self, element: Element) -> Option<Sensitivity> {
        self.plan.field(element)?.sensitivity
    }

    /// Indexes one frame (without its length header).
    ///
    /// # Errors
    /// [`Undecodable`]: the first error with its place, and what was readable nevertheless.
    #[expect(
        clippy::result_large_err,
        reason = "the error holds the readable message, which is as large as the good one"
    )]
    pub fn decode(&self, frame: Bytes) -> Result<Message, Undecodable> {
        crate::decode::decode(&self.plan, frame)
    }

    /// Begins an outgoing message.
    pub fn encoder(&self, mti: Mti) -> Encoder<'_> {
        Encoder::new(&self.plan, mti)
    }
}

impl fmt::Debug for Dialect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Dialect")
            .field("name", &self.name)
            .field("version", &self.version)
            .field("framing", &self.framing)
            .finish_non_exhaustive()
    }
}

/// The element that a key names.
fn element(key: &str) -> Option<Element> {
    let element = Element::new(key.parse().ok()?)?;
    (element.number().to_string() == key).then_some(element)
}

/// The elements that `35` or `105-128` names.
fn elements(range: &str) -> Option<Vec<Element>> {
    let (first, last) = match range.split_once('-') {
        Some((first, last)) => (element(first)?, element(last)?),
        None => (element(range)?, element(range)?),
    };
    let numbers = first.number()..=last.number();
    let elements: Vec<Element> = numbers.filter_map(Element::new).collect();
    (!elements.is_empty()).then_some(elements)
}
