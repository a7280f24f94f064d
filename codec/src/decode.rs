//! From a frame to an index of its elements.
//!
//! Owns the walk over the bytes by the dialect's plan. Must never allocate on success, and never panic on any bytes.

use bytes::Bytes;
use nom::IResult;
use nom::Parser as _;
use nom::bytes::complete::take;

use crate::bitmap::{self, Bitmap};
use crate::content::ContentFault;
use crate::decode_error::{BitmapPart, DecodeError, DecodeErrorKind, Undecodable};
use crate::dialect::plan::{
    BitmapEncoding, FieldPlan, Length, LengthEncoding, MtiEncoding, Plan, SecondBitmap,
    ValueEncoding,
};
use crate::message::{Index, LONGEST_FRAME, Message, Span};
use crate::mti::Mti;

/// Bytes of an MTI in ASCII.
const MTI_DIGITS: usize = 4;

/// Decodes one frame (without its length header) by a plan.
#[expect(
    clippy::result_large_err,
    reason = "the error holds the readable message, which is as large as the good one; boxing it saves nothing"
)]
pub(crate) fn decode(plan: &Plan, frame: Bytes) -> Result<Message, Undecodable> {
    let mut index = Index::new();
    let (mti, error) = Reader::new(&frame).message(plan, &mut index);
    match (mti, error) {
        (Some(mti), None) => Ok(Message::new(frame, mti, index)),
        (Some(mti), Some(error)) => Err(Undecodable {
            error,
            readable: Some(Message::new(frame, mti, index)),
        }),
        (None, error) => {
            // The reader gives an error whenever it gives no MTI.
            let kind = DecodeErrorKind::MtiCut { found: frame.len() };
            let error = error.unwrap_or(DecodeError {
                element: None,
                offset: 0,
                kind,
            });
            Err(Undecodable {
                error,
                readable: None,
            })
        }
    }
}

/// A position in a frame.
struct Reader<'a> {
    frame: &'a [u8],
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    fn new(frame: &'a [u8]) -> Self {
        Self { frame, rest: frame }
    }

    fn offset(&self) -> usize {
        self.frame.len().saturating_sub(self.rest.len())
    }

    /// Takes the next `count` bytes, or says how many there are.
    fn take(&mut self, count: usize) -> Result<&'a [u8], usize> {
        let taken: IResult<&'a [u8], &'a [u8]> = take(count).parse(self.rest);
        let (rest, bytes) = taken.map_err(|_incomplete| self.rest.len())?;
        self.rest = rest;
        Ok(bytes)
    }

    /// Indexes the whole message. The MTI is `None` only together with an error.
    fn message(mut self, plan: &Plan, index: &mut Index) -> (Option<Mti>, Option<DecodeError>) {
        let mti = match self.mti(plan.mti) {
            Ok(mti) => mti,
            Err(error) => return (None, Some(error)),
        };
        let error = match self.bitmaps(plan) {
            Ok(bitmap) => self.fields(plan, bitmap, index),
            Err(error) => Some(error),
        };
        (Some(mti), error)
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
        match encoding {
            MtiEncoding::Ascii => {
                let digits = self
                    .take(MTI_DIGITS)
                    .map_err(|found| whole(DecodeErrorKind::MtiCut { found }))?;
                Mti::parse(digits).map_err(|_invalid| {
                    whole(DecodeErrorKind::MtiContent {
                        at: first_other(digits, u8::is_ascii_digit),
                    })
                })
            }
        }
    }

    fn bitmaps(&mut self, plan: &Plan) -> Result<Bitmap, DecodeError> {
        let first = self.bitmap(plan.bitmap, BitmapPart::First)?;
        let second = match plan.second_bitmap {
            SecondBitmap::AnnouncedByBit1 if bitmap::announces_second(first) => {
                self.bitmap(plan.bitmap, BitmapPart::Second)?
            }
            SecondBitmap::AnnouncedByBit1 => 0,
        };
        Ok(Bitmap::from_maps(first, second))
    }

    fn bitmap(&mut self, encoding: BitmapEncoding, part: BitmapPart) -> Result<u64, DecodeError> {
        let offset = self.offset();
        let failed = |kind| DecodeError {
            element: None,
            offset,
            kind,
        };
        match encoding {
            BitmapEncoding::AsciiHex => {
                let expected = bitmap::HEX_CHARACTERS;
                let text = self.take(expected).map_err(|found| {
                    failed(DecodeErrorKind::BitmapCut {
                        part,
                        expected,
                        found,
                    })
                })?;
                bitmap::read_hex(text).ok_or_else(|| {
                    let at = offset.saturating_add(first_other(text, u8::is_ascii_hexdigit));
                    failed(DecodeErrorKind::BitmapContent { part, expected, at })
                })
            }
        }
    }

    /// Indexes the elements of the bitmap; gives the first error.
    fn fields(&mut self, plan: &Plan, bitmap: Bitmap, index: &mut Index) -> Option<DecodeError> {
        let mut first_error = None;
        for element in bitmap.elements() {
            let offset = self.offset();
            let field = match plan.field(element) {
                Some(field) => self.field(field),
                None => Err(DecodeErrorKind::Undefined),
            };
            match field {
                Ok(span) => index.insert(element, span),
                Err(kind) => {
                    let error = DecodeError {
                        element: Some(element),
                        offset,
                        kind,
                    };
                    let first = *first_error.get_or_insert(error);
                    if kind.is_structure() {
                        return Some(first);
                    }
                }
            }
        }
        if self.rest.is_empty() {
            return first_error;
        }
        let kind = DecodeErrorKind::TrailingBytes {
            found: self.rest.len(),
        };
        Some(first_error.unwrap_or_else(|| DecodeError {
            element: None,
            offset: self.offset(),
            kind,
        }))
    }

    /// Steps over one element. After an error of content the reader stands behind the element.
    fn field(&mut self, plan: &FieldPlan) -> Result<Span, DecodeErrorKind> {
        let class = plan.class;
        let (length, maximum) = match plan.length {
            Length::Fixed(length) => (usize::from(length), usize::from(length)),
            Length::Variable {
                encoding,
                digits,
                maximum,
            } => (
                self.length(encoding, usize::from(digits))?,
                usize::from(maximum),
            ),
        };
        let start = self.offset();
        let value = match plan.encoding {
            ValueEncoding::Ascii => self.take(length),
        };
        let value = value.map_err(|found| DecodeErrorKind::ValueCut {
            class,
            expected: length,
            found,
        })?;
        if length > maximum {
            return Err(DecodeErrorKind::ValueTooLong {
                class,
                maximum,
                found: length,
            });
        }
        class.check(value).map_err(|fault| match fault {
            ContentFault::Byte(index) => DecodeErrorKind::ValueContent {
                class,
                expected: length,
                at: start.saturating_add(index),
            },
            ContentFault::OddHex => DecodeErrorKind::OddHex { found: length },
        })?;
        // The frame is at most as long as a span can say: checked before the MTI was read.
        Span::new(start, self.offset()).ok_or(DecodeErrorKind::FrameTooLong {
            maximum: LONGEST_FRAME,
            found: self.frame.len(),
        })
    }

    fn length(
        &mut self,
        encoding: LengthEncoding,
        digits: usize,
    ) -> Result<usize, DecodeErrorKind> {
        let offset = self.offset();
        match encoding {
            LengthEncoding::Ascii => {
                let text = self
                    .take(digits)
                    .map_err(|found| DecodeErrorKind::LengthCut { digits, found })?;
                decimal(text).ok_or_else(|| DecodeErrorKind::LengthContent {
                    digits,
                    at: offset.saturating_add(first_other(text, u8::is_ascii_digit)),
                })
            }
        }
    }
}

/// Decimal digits as a number; `None` for another byte.
fn decimal(digits: &[u8]) -> Option<usize> {
    digits.iter().try_fold(0_usize, |number, byte| {
        let digit = byte.is_ascii_digit().then(|| byte.saturating_sub(b'0'))?;
        number.checked_mul(10)?.checked_add(usize::from(digit))
    })
}

/// Index of the first byte that is not of a class; 0 when all are.
fn first_other(bytes: &[u8], class: impl Fn(&u8) -> bool) -> usize {
    bytes
        .iter()
        .position(|byte| !class(byte))
        .unwrap_or_default()
}
