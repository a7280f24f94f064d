//! The check of one value against its element.
//!
//! Owns length limits, pads and content on the wire. Must never read beyond the value.

use crate::content::ContentFault;
use crate::content::{ContentClass, lookup};
use crate::decode_error::DecodeErrorKind;
use crate::dialect::plan::{FieldPlan, Leniency, Sign, ValueEncoding};
use crate::value::{PadAt, Reading};
use crate::wire::ebcdic::CodePage;
use crate::wire::nibbles::{self, Packing};

/// What is wrong with a value. Positions are bytes of the value from 0.
pub(super) enum Fault {
    TooLong { found: usize },
    TooShort { found: usize },
    Byte { characters: usize, at: usize },
    Nibble { characters: usize, at: usize },
    Pad { expected: u8, at: usize },
    OddHex { found: usize },
}

impl Fault {
    /// The error, with places in the frame. `start` is where the value begins.
    pub(super) fn kind(self, field: &FieldPlan, start: usize) -> DecodeErrorKind {
        let class = field.class;
        match self {
            Self::TooLong { found } => DecodeErrorKind::ValueTooLong {
                class,
                maximum: usize::from(field.maximum),
                found,
            },
            Self::TooShort { found } => DecodeErrorKind::ValueTooShort {
                class,
                minimum: usize::from(field.minimum),
                found,
            },
            Self::Byte { characters, at } => DecodeErrorKind::ValueContent {
                class,
                expected: characters,
                at: start.saturating_add(at),
            },
            Self::Nibble { characters, at } => DecodeErrorKind::ValueNibble {
                class,
                expected: characters,
                at: start.saturating_add(at),
            },
            Self::Pad { expected, at } => DecodeErrorKind::Pad {
                expected,
                at: start.saturating_add(at),
            },
            Self::OddHex { found } => DecodeErrorKind::OddHex { found },
        }
    }
}

/// Checks a value and says how it is read.
pub(super) fn check(
    field: &FieldPlan,
    lenient: Leniency,
    wire: &[u8],
    characters: usize,
) -> Result<Reading, Fault> {
    match field.encoding {
        ValueEncoding::Ascii => {
            limits(field, lenient, characters)?;
            match field.class.check(wire) {
                Err(ContentFault::Byte(_)) if lenient.content => {
                    ContentClass::Printable.check(wire)
                }
                checked => checked,
            }
            .map_err(|fault| text_fault(fault, characters))?;
            Ok(Reading::Ascii)
        }
        ValueEncoding::Ebcdic(page) => {
            limits(field, lenient, characters)?;
            let table = page.to_ascii();
            match field.class.check_translated(wire, table) {
                Err(ContentFault::Byte(_)) if lenient.content => {
                    ContentClass::Printable.check_translated(wire, table)
                }
                checked => checked,
            }
            .map_err(|fault| text_fault(fault, characters))?;
            Ok(Reading::Ebcdic(page))
        }
        ValueEncoding::Packed(packing) => {
            let pad = packed(field, lenient, packing, wire, 0, characters)?;
            Ok(Reading::Packed(pad))
        }
        ValueEncoding::Signed(sign, packing) => {
            let Some((first, digits)) = wire.split_first() else {
                limits(field, lenient, 0)?;
                return Ok(Reading::Signed(sign, PadAt::Nowhere));
            };
            let pad = packed(field, lenient, packing, digits, 1, characters)?;
            let letter = match sign {
                Sign::Ascii => *first,
                Sign::Ebcdic => lookup(CodePage::Ibm500.to_ascii(), *first),
            };
            let good = matches!(letter, b'C' | b'D')
                || (lenient.content && (0x20..=0x7E).contains(&letter));
            if good {
                Ok(Reading::Signed(sign, pad))
            } else {
                Err(Fault::Byte { characters, at: 0 })
            }
        }
    }
}

fn text_fault(fault: ContentFault, characters: usize) -> Fault {
    match fault {
        ContentFault::Byte(at) => Fault::Byte { characters, at },
        ContentFault::OddHex => Fault::OddHex { found: characters },
    }
}

fn limits(field: &FieldPlan, lenient: Leniency, characters: usize) -> Result<(), Fault> {
    if lenient.length {
        Ok(())
    } else if characters > usize::from(field.maximum) {
        Err(Fault::TooLong { found: characters })
    } else if characters < usize::from(field.minimum) {
        Err(Fault::TooShort { found: characters })
    } else {
        Ok(())
    }
}

/// Checks packed digits that stand `before` bytes behind the beginning of the value.
fn packed(
    field: &FieldPlan,
    lenient: Leniency,
    packing: Packing,
    digits: &[u8],
    before: usize,
    characters: usize,
) -> Result<PadAt, Fault> {
    let side = if packing.pad_left {
        PadAt::First
    } else {
        PadAt::Last
    };
    let room = digits.len().saturating_mul(2).saturating_add(before);
    let pad = if characters < room
        || (field.measure.hides_odd() && hidden_pad(field, packing, digits, characters))
    {
        side
    } else {
        PadAt::Nowhere
    };
    let characters = room.saturating_sub(usize::from(pad != PadAt::Nowhere));
    limits(field, lenient, characters)?;
    if field.class == ContentClass::Hex && pad != PadAt::Nowhere {
        return Err(Fault::OddHex { found: characters });
    }
    if pad != PadAt::Nowhere && !lenient.pad && pad_of(packing, digits) != Some(packing.pad) {
        let last = digits.len().saturating_sub(1);
        let at = if packing.pad_left { 0 } else { last };
        return Err(Fault::Pad {
            expected: packing.pad,
            at: at.saturating_add(before),
        });
    }
    if !lenient.content
        && let Some(index) = bad_nibble(field.class, digits, pad)
    {
        return Err(Fault::Nibble {
            characters,
            at: index.saturating_add(before),
        });
    }
    Ok(pad)
}

/// Whether a length that counts whole bytes stands for an odd number of digits: the pad is no digit, or the value
/// would be one digit too long.
fn hidden_pad(field: &FieldPlan, packing: Packing, digits: &[u8], characters: usize) -> bool {
    pad_of(packing, digits) == Some(packing.pad)
        && (!field.class.takes_nibble(nibbles::digits(packing.pad)[1])
            || characters == usize::from(field.maximum).saturating_add(1))
}

/// The nibble where a pad would be.
fn pad_of(packing: Packing, digits: &[u8]) -> Option<u8> {
    if packing.pad_left {
        digits.first().map(|byte| byte >> 4)
    } else {
        digits.last().map(|byte| byte & 0xF)
    }
}

/// The first byte with a nibble outside the class, the pad left out.
fn bad_nibble(class: ContentClass, digits: &[u8], pad: PadAt) -> Option<usize> {
    if class == ContentClass::Hex {
        return None;
    }
    let good = match class {
        ContentClass::Digits | ContentClass::SignedDigits => nibbles::all_decimal(digits),
        ContentClass::Track => nibbles::all_track(digits),
        ContentClass::Letters
        | ContentClass::Alphanumeric
        | ContentClass::AlphanumericPadded
        | ContentClass::Printable
        | ContentClass::Hex => false,
    };
    if good {
        return None;
    }
    let last = digits.len().saturating_sub(1);
    digits.iter().enumerate().position(|(index, byte)| {
        let [high, low] = nibbles::digits(*byte);
        let high_is_pad = pad == PadAt::First && index == 0;
        let low_is_pad = pad == PadAt::Last && index == last;
        !(high_is_pad || class.takes_nibble(high)) || !(low_is_pad || class.takes_nibble(low))
    })
}
