//! From values to an outgoing message.
//!
//! Owns the writing of one message. Must never allocate for the values, send a value that breaks the dialect, or put
//! one into an error.

use std::fmt;

use bytes::BytesMut;

use crate::bitmap::{self, Bitmap};
use crate::content::{ContentClass, ContentFault};
use crate::dialect::plan::{
    BitmapEncoding, FieldPlan, Length, LengthEncoding, MtiEncoding, Plan, SecondBitmap,
    ValueEncoding,
};
use crate::element::Element;
use crate::framing::FrameTooLong;
use crate::message::Message;
use crate::mti::Mti;

/// Collects borrowed values for one outgoing message and writes it once.
///
/// Values are checked when written, against the dialect. `Debug` prints the MTI and the element numbers only.
pub struct Encoder<'a> {
    plan: &'a Plan,
    mti: Mti,
    present: Bitmap,
    /// Indexed by element number; 0 and 1 stay unused.
    values: [&'a str; 129],
}

/// Why a message could not be written.
///
/// `Display`: `DE4: expected 12 digits, found 11 characters`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EncodeError {
    /// The element, or `None` when the whole message is too long.
    pub element: Option<Element>,
    /// What was expected and what was found.
    pub kind: EncodeErrorKind,
}

/// What was expected and what was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EncodeErrorKind {
    /// The dialect does not define the element.
    #[error("the dialect does not define this element")]
    Undefined,
    /// A value of fixed length has another one.
    #[error("expected {expected} {}, found {found} characters", class.noun())]
    Length {
        /// Class of the element.
        class: ContentClass,
        /// The dialect's length.
        expected: usize,
        /// Length of the value.
        found: usize,
    },
    /// A value of variable length is too long.
    #[error("expected at most {maximum} {}, found {found} characters", class.noun())]
    TooLong {
        /// Class of the element.
        class: ContentClass,
        /// The dialect's maximum.
        maximum: usize,
        /// Length of the value.
        found: usize,
    },
    /// A byte of the value is not of its class.
    #[error("expected {}, found a byte outside {} at {at} of the value", class.noun(), class.range())]
    Content {
        /// Class of the element.
        class: ContentClass,
        /// Index of the byte in the value, from 0.
        at: usize,
    },
    /// A value of bytes has an odd number of hexadecimal digits.
    #[error("expected an even number of hexadecimal digits, found {found}")]
    OddHex {
        /// Length of the value.
        found: usize,
    },
    /// The message is longer than a frame may be.
    #[error(transparent)]
    FrameTooLong(FrameTooLong),
}

impl fmt::Display for EncodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.element {
            Some(element) => write!(f, "{element}: {}", self.kind),
            None => write!(f, "message: {}", self.kind),
        }
    }
}

impl std::error::Error for EncodeError {}

impl From<FrameTooLong> for EncodeError {
    fn from(error: FrameTooLong) -> Self {
        Self {
            element: None,
            kind: EncodeErrorKind::FrameTooLong(error),
        }
    }
}

impl<'a> Encoder<'a> {
    pub(crate) fn new(plan: &'a Plan, mti: Mti) -> Self {
        Self {
            plan,
            mti,
            present: Bitmap::default(),
            values: [""; 129],
        }
    }

    /// Sets the value of an element; the last one set counts.
    pub fn set(&mut self, element: Element, value: &'a str) -> &mut Self {
        if let Some(slot) = self.values.get_mut(usize::from(element.number())) {
            *slot = value;
            self.present.insert(element);
        }
        self
    }

    /// Sets the listed elements that the request carries to its values. Elements that this dialect does not define are
    /// skipped: the request may have come in another one.
    pub fn echo(&mut self, request: &'a Message, list: &[Element]) -> &mut Self {
        for element in list.iter().copied() {
            if self.plan.field(element).is_some()
                && let Some(value) = request.text(element)
            {
                self.set(element, value);
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

    fn append(&self, out: &mut BytesMut) -> Result<(), EncodeError> {
        match self.plan.mti {
            MtiEncoding::Ascii => out.extend_from_slice(&self.mti.digits()),
        }
        self.append_bitmap(out, self.present.first());
        match self.plan.second_bitmap {
            SecondBitmap::AnnouncedByBit1 if self.present.needs_second() => {
                self.append_bitmap(out, self.present.second());
            }
            SecondBitmap::AnnouncedByBit1 => {}
        }
        for element in self.present.elements() {
            let failed = |kind| EncodeError {
                element: Some(element),
                kind,
            };
            let field = self
                .plan
                .field(element)
                .ok_or_else(|| failed(EncodeErrorKind::Undefined))?;
            let value = self
                .values
                .get(usize::from(element.number()))
                .copied()
                .unwrap_or_default();
            append_field(out, field, value).map_err(failed)?;
        }
        Ok(())
    }

    fn append_bitmap(&self, out: &mut BytesMut, map: u64) {
        match self.plan.bitmap {
            BitmapEncoding::AsciiHex => out.extend_from_slice(&bitmap::hex(map)),
        }
    }
}

fn append_field(out: &mut BytesMut, plan: &FieldPlan, value: &str) -> Result<(), EncodeErrorKind> {
    let class = plan.class;
    let found = value.len();
    class.check(value.as_bytes()).map_err(|fault| match fault {
        ContentFault::Byte(at) => EncodeErrorKind::Content { class, at },
        ContentFault::OddHex => EncodeErrorKind::OddHex { found },
    })?;
    match plan.length {
        Length::Fixed(length) => {
            let expected = usize::from(length);
            if found != expected {
                return Err(EncodeErrorKind::Length {
                    class,
                    expected,
                    found,
                });
            }
        }
        Length::Variable {
            encoding,
            digits,
            maximum,
        } => {
            let maximum = usize::from(maximum);
            if found > maximum {
                return Err(EncodeErrorKind::TooLong {
                    class,
                    maximum,
                    found,
                });
            }
            match encoding {
                LengthEncoding::Ascii => append_decimal(out, found, digits),
            }
        }
    }
    match plan.encoding {
        ValueEncoding::Ascii => out.extend_from_slice(value.as_bytes()),
    }
    Ok(())
}

/// Appends a number in exactly `digits` decimal digits. The dialect's maximum fits its digits.
fn append_decimal(out: &mut BytesMut, number: usize, digits: u8) {
    for position in (0..u32::from(digits)).rev() {
        let digit = number
            .checked_div(10_usize.saturating_pow(position))
            .unwrap_or_default();
        let digit = digit.checked_rem(10).unwrap_or_default();
        out.extend_from_slice(&[b'0'.saturating_add(u8::try_from(digit).unwrap_or_default())]);
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
