//! A message as people read it: elements, their parts, and what their codes mean.
//!
//! Owns the tree of what is shown and its masking: a value is shown only where the dialect, or the standard, says what
//! it is and that it is no secret. Must never decide anything about a message.

mod amounts;
mod form;
mod hidden;
mod json;
mod tree;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::LazyLock;

use zeroize::Zeroizing;

use crate::dialect::Dialect;
use crate::element::Element;
use crate::meaning;
use crate::message::Message;
use crate::mti::Mti;
use crate::sensitivity::Sensitivity;
pub use crate::structure::Shown;
use crate::structure::{Ff, Structure, StructureDocument};
pub use form::{ElementForm, forms};

/// A message, described.
#[derive(Clone, Debug)]
pub struct Description {
    /// The message type indicator.
    pub mti: Mti,
    /// The same in words.
    pub mti_meaning: String,
    /// The elements, ascending.
    pub elements: Vec<Described>,
}

/// An element or a part of one.
#[derive(Clone)]
pub struct Described {
    /// Number of an element; key of a part as in JSON.
    pub key: String,
    /// In words; empty where nothing names it.
    pub name: String,
    /// Characters of an element of text; bytes of one of bytes, and of a part.
    pub length: usize,
    /// The value as JSON has it, masked unless all is shown. Empty when there are parts.
    pub value: Zeroizing<String>,
    /// The value as a table shows it, where it differs.
    pub readable: Option<Zeroizing<String>>,
    /// What the value says, one item each.
    pub meanings: Vec<String>,
    /// What is inside, in its order.
    pub parts: Option<Vec<Self>>,
}

/// Prints keys and lengths, never a value.
impl fmt::Debug for Described {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}[{}]", self.key, self.length)?;
        match &self.parts {
            Some(parts) => f.debug_list().entries(parts).finish(),
            None => Ok(()),
        }
    }
}

impl Description {
    /// Describes a message that this dialect has decoded.
    pub fn new(dialect: &Dialect, message: &Message, shown: Shown) -> Self {
        let elements = message.elements();
        let mut elements: Vec<Described> = elements
            .map(|element| tree::element(dialect, message, element, shown))
            .collect();
        amounts::explain(&mut elements, &amounts::OF_ELEMENTS);
        Self {
            mti: message.mti(),
            mti_meaning: meaning::message_type(message.mti()),
            elements,
        }
    }
}

/// What is inside of an element: as its dialect says, and BER-TLV in chip data of which it says nothing.
pub fn structure(dialect: &Dialect, element: Element) -> Option<&Structure> {
    static CHIP_DATA: LazyLock<Option<Structure>> = LazyLock::new(|| {
        let document = StructureDocument::BerTlv {
            ff: Ff::default(),
            tags: BTreeMap::new(),
        };
        document.compile().ok()
    });
    let chip = dialect.sensitivity(element) == Some(Sensitivity::Icc);
    let own = dialect.structure(element);
    own.or_else(|| CHIP_DATA.as_ref().filter(|_| chip))
}

impl Described {
    /// The value for a table.
    pub fn shown(&self) -> &str {
        self.readable.as_deref().unwrap_or(&self.value)
    }
}
