//! A decoded message.
//!
//! Owns the index of an incoming frame. Must never copy a value unless it has to be translated, or show one in
//! `Debug`.

use std::fmt;
use std::sync::OnceLock;

use bytes::Bytes;
use zeroize::Zeroizing;

use crate::bitmap::Bitmap;
use crate::by_element::ByElement;
use crate::dialect::Dialect;
use crate::dialect::plan::{FieldPlan, Plan, PlanId};
use crate::element::Element;
use crate::mti::Mti;
use crate::structure::{Parts, StructureError};
use crate::value::{Reading, Value};

/// Longest frame that can be indexed: positions are 16 bits wide.
pub(crate) const LONGEST_FRAME: usize = 0xFFFF;

/// Where a value lies in the frame, and how it is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Span {
    start: u16,
    end: u16,
    /// Bytes of the length in front of it.
    prefix: u8,
    reading: Reading,
}

impl Span {
    /// No bytes at all.
    const EMPTY: Self = Self {
        start: 0,
        end: 0,
        prefix: 0,
        reading: Reading::Ascii,
    };

    /// `None` when an end lies beyond [`LONGEST_FRAME`].
    pub(crate) fn new(start: usize, end: usize, prefix: u8, reading: Reading) -> Option<Self> {
        Some(Self {
            start: u16::try_from(start).ok()?,
            end: u16::try_from(end).ok()?,
            prefix,
            reading,
        })
    }
}

/// Which elements a frame holds, and where.
#[derive(Clone)]
pub(crate) struct Index {
    /// The elements that the bitmaps announce: those that could be read, and others.
    announced: Bitmap,
    spans: ByElement<Span>,
}

impl Index {
    fn new() -> Self {
        Self {
            announced: Bitmap::default(),
            spans: ByElement::new(Span::EMPTY),
        }
    }

    /// Adds the elements that a map announces.
    pub(crate) fn announce(&mut self, index: u8, map: u64) {
        self.announced.add(index, map);
    }

    /// Adds an element that is announced.
    #[inline]
    pub(crate) fn insert(&mut self, element: Element, span: Span) {
        self.spans.put(element, span);
    }
}

/// A decoded message: an index of ranges over the frame's [`Bytes`].
///
/// `Send`, no lifetime to carry across a queue; decoding allocates nothing for up to 32 elements. A clone shares the
/// frame. `Debug` prints the MTI and the element numbers, never a value.
#[derive(Clone)]
pub struct Message {
    frame: Bytes,
    mti: Mti,
    plan: PlanId,
    index: Index,
    /// The values that are not ASCII on the wire, translated at the first [`text`](Self::text) that asks for one. A
    /// value that begins at byte n of the frame begins at 2n here, as no encoding puts more than two characters into
    /// a byte.
    texts: OnceLock<Zeroizing<Vec<u8>>>,
    /// What the values of hexadecimal digits stand for, translated at the first [`inner_bytes`](Self::inner_bytes) that
    /// asks for one. A value that begins at byte n of the frame begins at n here.
    hexadecimal: OnceLock<Zeroizing<Vec<u8>>>,
}

impl Message {
    /// A message without elements.
    pub(crate) fn new(frame: Bytes, mti: Mti, plan: PlanId) -> Self {
        Self {
            frame,
            mti,
            plan,
            index: Index::new(),
            texts: OnceLock::new(),
            hexadecimal: OnceLock::new(),
        }
    }

    /// The frame and its index, to be filled.
    pub(crate) fn parts_mut(&mut self) -> (&[u8], &mut Index) {
        (&self.frame, &mut self.index)
    }

    /// The message type indicator.
    pub fn mti(&self) -> Mti {
        self.mti
    }

    /// Whether the element is present.
    pub fn has(&self, element: Element) -> bool {
        self.index.spans.has(element)
    }

    /// The characters of an element without its length prefix, or `None` when it is absent. Bytes (format `b`) are two
    /// hexadecimal characters each.
    ///
    /// Its characters are those of the element's class: decoding has checked them, so they are ASCII. A value that is
    /// ASCII on the wire is borrowed from the frame. The first call for another one translates all such values of the
    /// message at once, into one allocation that is wiped with the message; [`value`](Self::value) needs none.
    pub fn text(&self, element: Element) -> Option<&str> {
        let span = *self.index.spans.get(element)?;
        let wire = self.wire_of(span)?;
        if span.reading == Reading::Ascii {
            return std::str::from_utf8(wire).ok();
        }
        let texts = self.texts.get_or_init(|| self.translate());
        let start = usize::from(span.start).checked_mul(2)?;
        let end = start.checked_add(span.reading.characters(wire))?;
        std::str::from_utf8(texts.get(start..end)?).ok()
    }

    /// The characters of an element like [`text`](Self::text), translated for this call only and, up to 64 characters,
    /// without the heap.
    pub fn value(&self, element: Element) -> Option<Value<'_>> {
        let span = *self.index.spans.get(element)?;
        Value::new(span.reading, self.wire_of(span)?)
    }

    /// The bytes of an element as they are in the frame, without its length prefix.
    pub fn wire(&self, element: Element) -> Option<&[u8]> {
        self.wire_of(*self.index.spans.get(element)?)
    }

    /// The parts of an element, borrowed. Nothing of them was read when the message was decoded. `None` when the element
    /// is absent, its dialect has no structure for it, or the message was decoded in another dialect.
    ///
    /// The result is [`StructureError`] for a value that does not have the structure; its bytes are then all there is.
    pub fn parts(
        &self,
        dialect: &Dialect,
        element: Element,
    ) -> Option<Result<Parts<'_>, StructureError>> {
        let structure = dialect.structure(element)?;
        Some(structure.read(self.inner_bytes(dialect, element)?))
    }

    /// The bytes that the structure of an element has: those in the frame, or what hexadecimal digits there stand for.
    /// `None` when the element is absent, the digits are none, or the message was decoded in another dialect.
    pub fn inner_bytes(&self, dialect: &Dialect, element: Element) -> Option<&[u8]> {
        let plan = dialect.plan();
        if plan.id != self.plan {
            return None;
        }
        let span = *self.index.spans.get(element)?;
        let wire = self.wire_of(span)?;
        if !plan.field(element)?.holds_bytes() || matches!(span.reading, Reading::Packed(_)) {
            return Some(wire);
        }
        // A lenient dialect lets other characters through.
        let good = span.reading.bytes(wire).all(|byte| byte.is_some());
        let packed = self.hexadecimal.get_or_init(|| self.pack(plan));
        let start = usize::from(span.start);
        let end = start.checked_add(wire.len() / 2)?;
        packed.get(start..end).filter(|_| good)
    }

    /// The frame, if this plan has read it.
    pub(crate) fn frame_of(&self, plan: PlanId) -> Option<&[u8]> {
        (plan == self.plan).then_some(&*self.frame)
    }

    /// Where an element lies in the frame, the length in front of it included.
    pub(crate) fn place(&self, element: Element) -> Option<(u16, u16)> {
        let span = self.index.spans.get(element)?;
        Some((span.start.saturating_sub(u16::from(span.prefix)), span.end))
    }

    /// The elements present, ascending.
    pub fn elements(&self) -> impl Iterator<Item = Element> + '_ {
        let announced = self.index.announced.elements();
        announced.filter(|element| self.has(*element))
    }

    fn wire_of(&self, span: Span) -> Option<&[u8]> {
        self.frame
            .get(usize::from(span.start)..usize::from(span.end))
    }

    fn translate(&self) -> Zeroizing<Vec<u8>> {
        let mut texts = Zeroizing::new(vec![0; self.frame.len().saturating_mul(2)]);
        for span in self.index.spans.items() {
            if span.reading == Reading::Ascii {
                continue;
            }
            let wire = self.wire_of(*span).unwrap_or_default();
            let start = usize::from(span.start).saturating_mul(2);
            let end = start.saturating_add(span.reading.characters(wire));
            if let Some(text) = texts.get_mut(start..end) {
                span.reading.translate(wire, text);
            }
        }
        texts
    }

    fn pack(&self, plan: &Plan) -> Zeroizing<Vec<u8>> {
        let mut packed = Zeroizing::new(vec![0; self.frame.len()]);
        for element in self.elements() {
            let bytes = plan.field(element).is_some_and(FieldPlan::holds_bytes);
            let Some(span) = self.index.spans.get(element).filter(|_| bytes) else {
                continue;
            };
            let wire = self.wire_of(*span).unwrap_or_default();
            let slots = packed.iter_mut().skip(usize::from(span.start));
            for (slot, byte) in slots.zip(span.reading.bytes(wire)) {
                *slot = byte.unwrap_or_default();
            }
        }
        packed
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
