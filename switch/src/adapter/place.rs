//! Where a network puts a value: a part inside of an element.
//!
//! Owns: finding a part by the names that the dialect gives it, once per reload, and reading it from a
//! message. So a place is corrected in the dialect alone. Must never: say what a value means.

use std::str::FromStr;

use codec::structure::{Content, Encoding, Key, Part, Structure};
use codec::{Dialect, Element, Message};
use zeroize::Zeroizing;

use super::FormatError;

/// A part of an element, found in a dialect.
#[derive(Debug)]
pub(super) struct Place {
    element: Element,
    path: Vec<Key>,
    encoding: Encoding,
}

/// A dialect that does not have a part which an adapter reads.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the dialect {dialect} has no part {path} in DE{element}")]
pub struct NoSuchPlace {
    dialect: String,
    element: u8,
    path: String,
}

impl Place {
    /// The part that a dialect has under these names, the outermost first.
    pub(super) fn find(
        dialect: &Dialect,
        element: u8,
        names: &[&str],
    ) -> Result<Self, NoSuchPlace> {
        Self::search(dialect, element, names).ok_or_else(|| NoSuchPlace {
            dialect: dialect.name().to_owned(),
            element,
            path: names.join("."),
        })
    }

    fn search(dialect: &Dialect, number: u8, names: &[&str]) -> Option<Self> {
        let element = Element::new(number)?;
        let mut structure: Option<&Structure> = dialect.structure(element);
        let mut path = Vec::with_capacity(names.len());
        let mut encoding = Encoding::Binary;
        for name in names {
            let around = structure?;
            let key = around.key(name)?;
            let described = around.subfield(key)?;
            path.push(key);
            encoding = described.encoding;
            structure = described.structure.as_deref();
        }
        Some(Self {
            element,
            path,
            encoding,
        })
    }

    /// The value in a message of the dialect; `None` where it is absent.
    ///
    /// # Errors
    /// [`FormatError`] when the element cannot be read into its parts.
    pub(super) fn text(
        &self,
        message: &Message,
        dialect: &Dialect,
    ) -> Result<Option<Zeroizing<String>>, FormatError> {
        let read = |part: &Part<'_>| {
            let bytes = part.bytes()?;
            Some(self.encoding.to_text(bytes, part.form.odd_digits))
        };
        self.part(message, dialect, read)
    }

    /// The number in a message of the dialect; `None` where it is absent.
    ///
    /// # Errors
    /// [`FormatError`] when the element cannot be read into its parts, or holds another text there.
    pub(super) fn number<N: FromStr>(
        &self,
        message: &Message,
        dialect: &Dialect,
    ) -> Result<Option<N>, FormatError> {
        let Some(text) = self.text(message, dialect)? else {
            return Ok(None);
        };
        text.parse().map(Some).or(Err(FormatError {
            element: self.element,
            problem: "has a part that is not a number in range",
        }))
    }

    /// Whether a message has this value there.
    ///
    /// # Errors
    /// [`FormatError`] when the element cannot be read into its parts.
    pub(super) fn is(
        &self,
        value: &str,
        message: &Message,
        dialect: &Dialect,
    ) -> Result<bool, FormatError> {
        let text = self.text(message, dialect)?;
        Ok(text.is_some_and(|text| *text == value))
    }

    /// Whether a message has it.
    ///
    /// # Errors
    /// [`FormatError`] when the element cannot be read into its parts.
    pub(super) fn is_in(&self, message: &Message, dialect: &Dialect) -> Result<bool, FormatError> {
        let there = self.part(message, dialect, |_| Some(()))?;
        Ok(there.is_some())
    }

    /// Its element.
    pub(super) fn element(&self) -> Element {
        self.element
    }

    /// Its key among the parts of the element; `None` for a part inside of another.
    pub(super) fn key(&self) -> Option<Key> {
        match self.path.as_slice() {
            [key] => Some(*key),
            _ => None,
        }
    }

    /// The bytes of a text of ASCII; empty for one that the place cannot hold.
    pub(super) fn bytes(&self, text: &str) -> Zeroizing<Vec<u8>> {
        let bytes = self.encoding.from_text(text);
        bytes.map(|(bytes, _)| bytes).unwrap_or_default()
    }

    fn part<T>(
        &self,
        message: &Message,
        dialect: &Dialect,
        read: impl FnOnce(&Part<'_>) -> Option<T>,
    ) -> Result<Option<T>, FormatError> {
        let unreadable = FormatError {
            element: self.element,
            problem: "cannot be read into its parts",
        };
        let Some(parts) = message.parts(dialect, self.element) else {
            return Ok(None);
        };
        let parts = parts.or(Err(unreadable))?;
        let Some((last, around)) = self.path.split_last() else {
            return Ok(None);
        };
        let mut parts = &parts;
        for key in around {
            parts = match parts.get(*key).map(|part| &part.content) {
                None => return Ok(None),
                Some(Content::Parts(inside)) => inside,
                Some(Content::Bytes(_) | Content::Unreadable(..)) => return Err(unreadable),
            };
        }
        Ok(parts.get(*last).and_then(read))
    }
}
