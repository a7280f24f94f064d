//! From values to an outgoing message.
//!
//! Owns the writing of one message. Must never allocate for the values, send a value that breaks the dialect, or put
//! one into an error.

mod inner;

use std::fmt;

use bytes::{BufMut as _, BytesMut};
use zeroize::Zeroizing;

use crate::bitmap::{self, Bitmap};
use crate::by_element::ByElement;
use crate::content::ContentFault;
use crate::dialect::plan::{
    FieldPlan, Fill, Length, MtiEncoding, Plan, SecondBitmap, Sign, ThirdBitmap, ValueEncoding,
};
use crate::element::Element;
use crate::encode_error::{EncodeError, EncodeErrorKind};
use crate::message::Message;
use crate::mti::Mti;
use crate::structure::Parts;
use crate::wire::nibbles;

/// Collects borrowed values for one outgoing message and writes it once.
///
/// Values are checked when written, against the dialect. `Debug` prints the MTI and the element numbers only.
pub struct Encoder<'a> {
    plan: &'a Plan,
    mti: Mti,
    present: Bitmap,
    items: ByElement<Item<'a>>,
    /// The frame that verbatim items lie in.
    echoed: &'a [u8],
    /// The values of built items. They are wiped when dropped.
    built: Vec<Zeroizing<String>>,
}

/// The value of one element.
#[derive(Clone, Copy)]
enum Item<'a> {
    /// To be checked and encoded.
    Text(&'a str),
    /// From and to which byte of the echoed frame: the same plan has read and checked it, its length in front.
    Verbatim(u16, u16),
    /// Index of a built value.
    Built(usize),
}

impl<'a> Encoder<'a> {
    pub(crate) fn new(plan: &'a Plan, mti: Mti) -> Self {
        Self {
            plan,
            mti,
            present: Bitmap::default(),
            items: ByElement::new(Item::Text("")),
            echoed: &[],
            built: Vec::new(),
        }
    }

    /// Sets the value of an element; the last one set counts.
    pub fn set(&mut self, element: Element, value: &'a str) -> &mut Self {
        self.put(element, Item::Text(value));
        self
    }

    /// Sets an element to these parts.
    ///
    /// # Errors
    /// [`EncodeError`] when the dialect has no structure for the element, or the parts do not fit it.
    pub fn set_parts(
        &mut self,
        element: Element,
        parts: &Parts<'_>,
    ) -> Result<&mut Self, EncodeError> {
        let failed = |kind| EncodeError {
            element: Some(element),
            kind,
        };
        let structure = self.plan.structure(element);
        let structure = structure.ok_or_else(|| failed(EncodeErrorKind::NoStructure))?;
        let bytes = structure.build(parts);
        let bytes = bytes.map_err(|error| failed(EncodeErrorKind::Structure(error)))?;
        Ok(self.set_inner_bytes(element, &bytes))
    }

    /// Sets an element to the bytes that its structure has: those on the wire, or what hexadecimal digits there stand
    /// for.
    pub fn set_inner_bytes(&mut self, element: Element, bytes: &[u8]) -> &mut Self {
        let field = self.plan.field(element);
        let text = field.map(|field| inner::text(field, bytes));
        // An element that is not defined is told when the message is written.
        self.built.push(text.unwrap_or_default());
        let index = self.built.len().saturating_sub(1);
        self.put(element, Item::Built(index));
        self
    }

    /// Sets the listed elements that the request carries to its values. Elements that this dialect does not define are
    /// skipped: the request may have come in another one. What came in this one goes back byte by byte.
    pub fn echo(&mut self, request: &'a Message, list: &[Element]) -> &mut Self {
        let frame = request.frame_of(self.plan.id).filter(|frame| {
            // Verbatim items are places in one frame.
            self.echoed.is_empty() || std::ptr::eq(*frame, self.echoed)
        });
        if let Some(frame) = frame {
            self.echoed = frame;
            for element in list.iter().copied() {
                if let Some((start, end)) = request.place(element) {
                    self.put(element, Item::Verbatim(start, end));
                }
            }
            return self;
        }
        for element in list.iter().copied() {
            if self.plan.field(element).is_some()
                && let Some(value) = request.text(element)
            {
                self.put(element, Item::Text(value));
            }
        }
        self
    }

    /// Appends the message (MTI, bitmaps, elements) to `out`. Nothing of it is there after an error.
    ///
    /// # Errors
    /// [`EncodeError`] for the first element that the dialect does not define or whose value breaks it.
    pub fn write(&self, out: &mut BytesMut) -> Result<(), EncodeError> {
        let before = out.len();
        let written = self.append(out);
        if written.is_err() {
            out.truncate(before);
        }
        written
    }

    fn put(&mut self, element: Element, item: Item<'a>) {
        self.items.put(element, item);
        self.present.insert(element);
    }

    fn append(&self, out: &mut BytesMut) -> Result<(), EncodeError> {
        self.append_mti(out);
        let mut third_due = self.append_bitmaps(out);
        // Echoed elements that follow each other in the request are copied at once.
        let mut run = (0, 0);
        for element in self.present.elements() {
            if element > Element::THIRD_BITMAP
                && let Some(map) = third_due.take()
            {
                self.append_run(out, std::mem::take(&mut run));
                self.plan.bitmap.encoding.write(map, out);
            }
            match self.items.get(element) {
                Some(Item::Verbatim(start, end)) if *start == run.1 => run.1 = *end,
                Some(Item::Verbatim(start, end)) => {
                    self.append_run(out, std::mem::replace(&mut run, (*start, *end)));
                }
                Some(Item::Text(text)) => {
                    self.append_run(out, std::mem::take(&mut run));
                    self.append_text(out, element, text)?;
                }
                Some(Item::Built(index)) => {
                    self.append_run(out, std::mem::take(&mut run));
                    let text = self.built.get(*index).map(|text| text.as_str());
                    self.append_text(out, element, text.unwrap_or_default())?;
                }
                // Each element that is present was put there with its item.
                None => {}
            }
        }
        self.append_run(out, run);
        Ok(())
    }

    /// Appends bytes of the echoed frame.
    fn append_run(&self, out: &mut BytesMut, (start, end): (u16, u16)) {
        let bytes = self.echoed.get(usize::from(start)..usize::from(end));
        out.put_slice(bytes.unwrap_or_default());
    }

    fn append_text(
        &self,
        out: &mut BytesMut,
        element: Element,
        text: &str,
    ) -> Result<(), EncodeError> {
        let failed = |kind| EncodeError {
            element: Some(element),
            kind,
        };
        let field = self.plan.field(element);
        let field = field.ok_or_else(|| failed(EncodeErrorKind::Undefined))?;
        append_field(out, field, text).map_err(failed)
    }

    fn append_mti(&self, out: &mut BytesMut) {
        let digits = self.mti.digits();
        match self.plan.mti {
            MtiEncoding::Ascii => out.put_slice(&digits),
            MtiEncoding::Ebcdic => out.put_slice(&digits.map(|digit| 0xF0 | digit)),
            MtiEncoding::Bcd => {
                let [a, b, c, d] = digits;
                out.put_slice(&[nibbles::byte(a, b), nibbles::byte(c, d)]);
            }
        }
    }

    /// Appends the maps that stand in front of the elements; gives the third one if its place is that of element 65.
    fn append_bitmaps(&self, out: &mut BytesMut) -> Option<u64> {
        let plan = self.plan.bitmap;
        let [first, second, third] = [0, 1, 2].map(|index| self.present.map(index));
        let (second, third) = match plan.third {
            ThirdBitmap::Fixed => (second, Some(third)),
            ThirdBitmap::AnnouncedByBit65 | ThirdBitmap::InElement65 if third != 0 => {
                (bitmap::announcing(second), Some(third))
            }
            ThirdBitmap::None | ThirdBitmap::AnnouncedByBit65 | ThirdBitmap::InElement65 => {
                (second, None)
            }
        };
        let (first, second) = match plan.second {
            SecondBitmap::Fixed => (first, Some(second)),
            SecondBitmap::AlwaysAnnounced => (bitmap::announcing(first), Some(second)),
            SecondBitmap::AnnouncedByBit1 if second != 0 => {
                (bitmap::announcing(first), Some(second))
            }
            SecondBitmap::None | SecondBitmap::AnnouncedByBit1 => (first, None),
        };
        plan.encoding.write(first, out);
        if let Some(second) = second {
            plan.encoding.write(second, out);
        }
        if plan.third == ThirdBitmap::InElement65 {
            return third;
        }
        if let Some(third) = third {
            plan.encoding.write(third, out);
        }
        None
    }
}

fn append_field(out: &mut BytesMut, field: &FieldPlan, value: &str) -> Result<(), EncodeErrorKind> {
    let class = field.class;
    let found = value.len();
    class.check(value.as_bytes()).map_err(|fault| match fault {
        ContentFault::Byte(at) => EncodeErrorKind::Content { class, at },
        ContentFault::OddHex => EncodeErrorKind::OddHex { found },
    })?;
    match field.length {
        Length::Fixed(extent) => {
            let expected = extent.characters;
            if let Some(fill) = field.fill
                && let Some(missing) = expected.checked_sub(found)
            {
                append_filled(out, field.encoding, value, fill, missing);
                return Ok(());
            }
            if found != expected {
                return Err(EncodeErrorKind::Length {
                    class,
                    expected,
                    found,
                });
            }
        }
        Length::Prefixed(prefix) => {
            let (minimum, maximum) = (usize::from(field.minimum), usize::from(field.maximum));
            if found > maximum {
                return Err(EncodeErrorKind::TooLong {
                    class,
                    maximum,
                    found,
                });
            }
            if found < minimum {
                return Err(EncodeErrorKind::TooShort {
                    class,
                    minimum,
                    found,
                });
            }
            prefix.write(out, field.measure.units(found));
        }
    }
    append_value(out, field.encoding, value.as_bytes());
    Ok(())
}

/// Appends a short value of fixed length and what it is filled with.
fn append_filled(
    out: &mut BytesMut,
    encoding: ValueEncoding,
    value: &str,
    fill: Fill,
    missing: usize,
) {
    let filling = match encoding {
        ValueEncoding::Ebcdic(page) => page.byte(fill.character),
        ValueEncoding::Ascii | ValueEncoding::Packed(_) | ValueEncoding::Signed(..) => {
            fill.character
        }
    };
    if fill.left {
        out.put_bytes(filling, missing);
    }
    append_value(out, encoding, value.as_bytes());
    if !fill.left {
        out.put_bytes(filling, missing);
    }
}

/// Appends characters that the content check has let pass.
fn append_value(out: &mut BytesMut, encoding: ValueEncoding, value: &[u8]) {
    match encoding {
        ValueEncoding::Ascii => out.put_slice(value),
        ValueEncoding::Ebcdic(page) => {
            out.reserve(value.len());
            for character in value {
                out.put_u8(page.byte(*character));
            }
        }
        ValueEncoding::Packed(packing) => {
            out.reserve(value.len().div_ceil(2));
            nibbles::pack(value, packing, |byte| out.put_u8(byte));
        }
        ValueEncoding::Signed(sign, packing) => {
            if let Some((letter, digits)) = value.split_first() {
                out.put_u8(match sign {
                    Sign::Ascii => *letter,
                    // 0xC3 and 0xC4 for 0x43 and 0x44.
                    Sign::Ebcdic => letter | 0x80,
                });
                nibbles::pack(digits, packing, |byte| out.put_u8(byte));
            }
        }
    }
}

impl fmt::Debug for Encoder<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let elements: Vec<Element> = self.present.elements().collect();
        f.debug_struct("Encoder")
            .field("mti", &self.mti)
            .field("elements", &elements)
            .finish()
    }
}
