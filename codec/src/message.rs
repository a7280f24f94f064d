//! A decoded message.
//!
//! Owns the index of an incoming frame. Must never copy a value or show one in `Debug`.

use std::fmt;

use bytes::Bytes;

use crate::bitmap::Bitmap;
use crate::element::Element;
use crate::mti::Mti;

/// Longest frame that can be indexed: positions are 16 bits wide.
pub(crate) const LONGEST_FRAME: usize = 0xFFFF;

/// Where a value lies in the frame, without its length prefix.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Span {
    start: u16,
    end: u16,
}

impl Span {
    /// `None` when an end lies beyond [`LONGEST_FRAME`].
    pub(crate) fn new(start: usize, end: usize) -> Option<Self> {
        Some(Self {
            start: u16::try_from(start).ok()?,
            end: u16::try_from(end).ok()?,
        })
    }
}

/// Which elements a frame holds, and where.
#[derive(Clone)]
pub(crate) struct Index {
    present: Bitmap,
    /// Indexed by element number; 0 and 1 stay unused.
    spans: [Span; 129],
}

impl Index {
    pub(crate) fn new() -> Self {
        Self {
            present: Bitmap::default(),
            spans: [Span::default(); 129],
        }
    }

    pub(crate) fn insert(&mut self, element: Element, span: Span) {
        if let Some(slot) = self.spans.get_mut(usize::from(element.number())) {
            *slot = span;
            self.present.insert(element);
        }
    }
}

/// A decoded message: an index of ranges over the frame's [`Bytes`].
///
/// `Send`, no lifetime to carry across a queue, nothing allocated. A clone shares the frame. `Debug` prints the MTI and
/// the element numbers, never a value.
#[derive(Clone)]
pub struct Message {
    frame: Bytes,
    mti: Mti,
    index: Index,
}

impl Message {
    pub(crate) fn new(frame: Bytes, mti: Mti, index: Index) -> Self {
        Self { frame, mti, index }
    }

    /// The message type indicator.
    pub fn mti(&self) -> Mti {
        self.mti
    }

    /// Whether the element is present.
    pub fn has(&self, element: Element) -> bool {
        self.index.present.contains(element)
    }

    /// The value of an element without its length prefix, or `None` when it is absent.
    ///
    /// Its characters are those of the element's class: decoding has checked them, so they are ASCII.
    pub fn text(&self, element: Element) -> Option<&str> {
        if !self.has(element) {
            return None;
        }
        let span = self.index.spans.get(usize::from(element.number()))?;
        let bytes = self
            .frame
            .get(usize::from(span.start)..usize::from(span.end))?;
        std::str::from_utf8(bytes).ok()
    }

    /// The elements present, ascending.
    pub fn elements(&self) -> impl Iterator<Item = Element> + '_ {
        self.index.present.elements()
    }
}

impl fmt::Debug for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        struct Elements<'a>(&'a Message);
        impl fmt::Debug for Elements<'_> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_list().entries(self.0.elements()).finish()
            }
        }
        f.debug_struct("Message")
            .field("mti", &self.mti)
            .field("elements", &Elements(self))
            .finish()
    }
}
