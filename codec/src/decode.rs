//! From a frame to an index of its elements.
//!
//! Owns the walk over the bytes by the dialect's plan. Must never allocate on success for a usual message, and never
//! panic on any bytes.

mod value;

use std::ops::ControlFlow;

use bytes::Bytes;
use nom::IResult;
use nom::Parser as _;
use nom::bytes::complete::take;

use crate::bitmap::{self, Bitmap};
use crate::decode_error::{BitmapPart, DecodeError, DecodeErrorKind, Undecodable};
use crate::dialect::plan::{
    FieldPlan, Length, MtiEncoding, Plan, SecondBitmap, Shortcut, ThirdBitmap,
};
use crate::element::Element;
use crate::message::{Index, LONGEST_FRAME, Message, Span};
use crate::mti::Mti;
use crate::value::{PadAt, Reading};
use crate::wire::ebcdic;
use crate::wire::extent::Extent;
use crate::wire::nibbles::{self, Packing};
use crate::wire::prefix::Prefix;

/// Decodes one frame (without its length header) by a plan.
#[expect(
    clippy::result_large_err,
    reason = "the error holds the readable message, which is as large as the good one; boxing it saves nothing"
)]
pub(crate) fn decode(plan: &Plan, frame: Bytes) -> Result<Message, Undecodable> {
    let mut reader = Reader::new(&frame);
    let mti = reader.mti(plan.mti).map_err(|error| Undecodable {
        error,
        readable: None,
    })?;
    let offset = reader.offset;
    let mut message = Message::new(frame, mti, plan.id);
    let (frame, index) = message.parts_mut();
    let mut reader = Reader { frame, offset };
    let error = match reader.bitmaps(plan) {
        Ok(set) => reader.fields(plan, set, index),
        Err(error) => Some(error),
    };
    match error {
        None => Ok(message),
        Some(error) => Err(Undecodable {
            error,
            readable: Some(message),
        }),
    }
}

/// A position in a frame.
struct Reader<'a> {
    frame: &'a [u8],
    /// Bytes that were stepped over.
    offset: usize,
}

impl<'a> Reader<'a> {
    fn new(frame: &'a [u8]) -> Self {
        Self { frame, offset: 0 }
    }

    /// Bytes that are left.
    fn rest(&self) -> &'a [u8] {
        self.frame.get(self.offset..).unwrap_or_default()
    }

    /// Takes the next `count` bytes, or says how many there are.
    #[inline]
    fn take(&mut self, count: usize) -> Result<&'a [u8], usize> {
        let end = self.offset.saturating_add(count);
        match self.frame.get(self.offset..end) {
            Some(bytes) => {
                self.offset = end;
                Ok(bytes)
            }
            None => Err(self.rest().len()),
        }
    }

    /// Takes the next `count` bytes of the header, or says how many there are.
    fn take_header(&mut self, count: usize) -> Result<&'a [u8], usize> {
        let rest = self.rest();
        let taken: IResult<&'a [u8], &'a [u8]> = take(count).parse(rest);
        let (rest, bytes) = taken.map_err(|_incomplete| rest.len())?;
        self.offset = self.frame.len().saturating_sub(rest.len());
        Ok(bytes)
    }

    fn mti(&mut self, encoding: MtiEncoding) -> Result<Mti, DecodeError> {
        let whole = |kind| DecodeError {
            element: None,
            offset: 0,
            kind,
        };
        let found = self.frame.len();
        if found > LONGEST_FRAME {
            return Err(whole(DecodeErrorKind::FrameTooLong {
                maximum: LONGEST_FRAME,
                found,
            }));
        }
        let wire = self
            .take_header(encoding.bytes())
            .map_err(|found| whole(DecodeErrorKind::MtiCut { found }))?;
        let mti = match (encoding, wire) {
            (MtiEncoding::Ascii, _) => Mti::parse(wire).ok(),
            (MtiEncoding::Ebcdic, [a, b, c, d]) => {
                Mti::parse(&[*a, *b, *c, *d].map(|byte| ebcdic::digit(byte).map_or(0, ascii))).ok()
            }
            (MtiEncoding::Bcd, [high, low]) => {
                Mti::parse(&[high >> 4, high & 0xF, low >> 4, low & 0xF].map(ascii)).ok()
            }
            // Exactly as many bytes were taken.
            (MtiEncoding::Ebcdic | MtiEncoding::Bcd, _) => None,
        };
        mti.ok_or_else(|| {
            let good: fn(&u8) -> bool = match encoding {
                MtiEncoding::Ascii => u8::is_ascii_digit,
                MtiEncoding::Ebcdic => |byte| ebcdic::digit(*byte).is_some(),
                MtiEncoding::Bcd => |byte| byte >> 4 <= 9 && byte & 0xF <= 9,
            };
            let at = wire.iter().position(|byte| !good(byte)).unwrap_or_default();
            whole(DecodeErrorKind::MtiContent { at })
        })
    }

    /// Reads the maps in front of the elements: the set of elements, with a bit 65 that stands for a third map in its
    /// place still in it.
    fn bitmaps(&mut self, plan: &Plan) -> Result<Bitmap, DecodeError> {
        let mut set = Bitmap::default();
        let offset = self.offset;
        let first = self.bitmap(plan, BitmapPart::First)?;
        set.add(0, bitmap::elements_only(first));
        let second = match plan.bitmap.second {
            SecondBitmap::None if bitmap::announces(first) => {
                return Err(DecodeError {
                    element: None,
                    offset,
                    kind: DecodeErrorKind::SecondBitmapAnnounced,
                });
            }
            SecondBitmap::AnnouncedByBit1 | SecondBitmap::AlwaysAnnounced
                if !bitmap::announces(first) =>
            {
                return Ok(set);
            }
            SecondBitmap::None => return Ok(set),
            SecondBitmap::AnnouncedByBit1 | SecondBitmap::AlwaysAnnounced | SecondBitmap::Fixed => {
                self.bitmap(plan, BitmapPart::Second)?
            }
        };
        let third = match plan.bitmap.third {
            ThirdBitmap::None | ThirdBitmap::InElement65 => {
                set.add(1, second);
                return Ok(set);
            }
            ThirdBitmap::AnnouncedByBit65 => bitmap::announces(second),
            ThirdBitmap::Fixed => true,
        };
        set.add(1, bitmap::elements_only(second));
        if third {
            set.add(2, self.bitmap(plan, BitmapPart::Third)?);
        }
        Ok(set)
    }

    fn bitmap(&mut self, plan: &Plan, part: BitmapPart) -> Result<u64, DecodeError> {
        let encoding = plan.bitmap.encoding;
        let offset = self.offset;
        let failed = |kind| DecodeError {
            element: None,
            offset,
            kind,
        };
        let expected = encoding.bytes();
        let wire = self.take_header(expected).map_err(|found| {
            failed(DecodeErrorKind::BitmapCut {
                part,
                expected,
                found,
            })
        })?;
        encoding.read(wire).map_err(|index| {
            let at = offset.saturating_add(index);
            failed(DecodeErrorKind::BitmapContent { part, expected, at })
        })
    }

    /// Indexes the elements of the bitmap; gives the first error.
    fn fields(&mut self, plan: &Plan, set: Bitmap, index: &mut Index) -> Option<DecodeError> {
        let third_inside = plan.bitmap.third == ThirdBitmap::InElement65;
        let mut set = set;
        let mut first_error = None;
        for part in 0..3 {
            let map = set.map(part);
            index.announce(part, map);
            for element in bitmap::elements(part, map) {
                if third_inside && element == Element::THIRD_BITMAP {
                    match self.bitmap(plan, BitmapPart::Third) {
                        Ok(map) => set.add(2, map),
                        Err(error) => return Some(first_error.unwrap_or(error)),
                    }
                } else if self
                    .element(plan, element, index, &mut first_error)
                    .is_break()
                {
                    return first_error;
                }
            }
        }
        if self.rest().is_empty() || plan.lenient.trailing_bytes {
            return first_error;
        }
        let kind = DecodeErrorKind::TrailingBytes {
            found: self.rest().len(),
        };
        Some(first_error.unwrap_or(DecodeError {
            element: None,
            offset: self.offset,
            kind,
        }))
    }

    /// Indexes one element. Breaks off after an error of structure, as nothing behind it can be assigned.
    #[inline]
    fn element(
        &mut self,
        plan: &Plan,
        element: Element,
        index: &mut Index,
        first_error: &mut Option<DecodeError>,
    ) -> ControlFlow<()> {
        let offset = self.offset;
        let field = plan.field(element);
        if let Some(span) = field.and_then(|field| self.usual_field(field)) {
            index.insert(element, span);
            return ControlFlow::Continue(());
        }
        let span = match field {
            Some(field) => self.any_field(plan, field),
            None => Err(DecodeErrorKind::Undefined),
        };
        match span {
            Ok(span) => index.insert(element, span),
            Err(kind) => {
                first_error.get_or_insert(DecodeError {
                    element: Some(element),
                    offset,
                    kind,
                });
                if kind.is_structure() {
                    return ControlFlow::Break(());
                }
            }
        }
        ControlFlow::Continue(())
    }

    /// Steps over an element of a usual kind that is good. `None` leaves it to the full check, which also says what is
    /// wrong, and the reader where it was.
    #[inline]
    fn usual_field(&mut self, field: &FieldPlan) -> Option<Span> {
        let (start, extent) = match field.length {
            Length::Fixed(extent) => (self.offset, extent),
            Length::Prefixed(prefix) => {
                let start = self.offset.saturating_add(prefix.bytes());
                let units = prefix.read(self.frame.get(self.offset..start)?).ok()?;
                let extent = field.measure.extent(units)?;
                let limits = usize::from(field.minimum)..=usize::from(field.maximum);
                (
                    start,
                    Some(extent).filter(|it| limits.contains(&it.characters))?,
                )
            }
        };
        let end = start.saturating_add(extent.bytes);
        let wire = self.frame.get(start..end)?;
        let reading = usual(field, wire, extent.characters)?;
        let span = span(self.offset, start, end, reading)?;
        self.offset = end;
        Some(span)
    }

    /// Steps over one element. After an error of content the reader stands behind the element.
    #[inline(never)]
    fn any_field(&mut self, plan: &Plan, field: &FieldPlan) -> Result<Span, DecodeErrorKind> {
        let class = field.class;
        let begin = self.offset;
        let extent = match field.length {
            Length::Fixed(extent) => extent,
            Length::Prefixed(prefix) => self.extent(prefix, field)?,
        };
        let start = self.offset;
        let wire = self
            .take(extent.bytes)
            .map_err(|found| DecodeErrorKind::ValueCut {
                class,
                expected: extent.characters,
                found,
            })?;
        let reading = value::check(field, plan.lenient, wire, extent.characters)
            .map_err(|fault| fault.kind(field, start))?;
        span(begin, start, self.offset, reading).ok_or(DecodeErrorKind::FrameTooLong {
            maximum: LONGEST_FRAME,
            found: self.frame.len(),
        })
    }

    /// Reads the length in front of a value.
    fn extent(&mut self, prefix: Prefix, field: &FieldPlan) -> Result<Extent, DecodeErrorKind> {
        let offset = self.offset;
        let width = prefix.width();
        let wire = self
            .take(prefix.bytes())
            .map_err(|found| DecodeErrorKind::LengthCut { width, found })?;
        let units = prefix
            .read(wire)
            .map_err(|index| DecodeErrorKind::LengthContent {
                width,
                at: offset.saturating_add(index),
            })?;
        field
            .measure
            .extent(units)
            .ok_or(DecodeErrorKind::LengthOdd { found: units })
    }
}

/// Where a value lies, and the length that begins in front of it. Always there: a frame is at most as long as a span can
/// say, which is checked before the MTI is read, and a length has few bytes.
#[inline]
fn span(begin: usize, start: usize, end: usize, reading: Reading) -> Option<Span> {
    let prefix = u8::try_from(start.saturating_sub(begin)).ok()?;
    Span::new(start, end, prefix, reading)
}

/// How a good value of the usual kinds is read. `None` leaves it to the full check, which also says what is wrong.
#[inline]
fn usual(field: &FieldPlan, wire: &[u8], characters: usize) -> Option<Reading> {
    let even = characters.is_multiple_of(2);
    let (good, reading) = match field.shortcut {
        Shortcut::Text => (field.class.holds(wire), Reading::Ascii),
        Shortcut::Ebcdic(page) => (field.class.holds_ebcdic(wire, page), Reading::Ebcdic(page)),
        Shortcut::Digits(_) if even => {
            (nibbles::all_decimal(wire), Reading::Packed(PadAt::Nowhere))
        }
        Shortcut::Digits(packing) => {
            let padded = wire.first().is_some_and(|first| first >> 4 == 0);
            let good = padded && packing == Packing::ZERO_IN_FRONT && nibbles::all_decimal(wire);
            (good, Reading::Packed(PadAt::First))
        }
        Shortcut::Bytes => (even, Reading::Packed(PadAt::Nowhere)),
        Shortcut::None => return None,
    };
    good.then_some(reading)
}

/// The ASCII digit of a number below ten; of a greater one a character that is not a digit.
fn ascii(digit: u8) -> u8 {
    b'0'.saturating_add(digit)
}
