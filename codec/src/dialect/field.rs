//! From the entry of one element to its plan.
//!
//! Owns the checks of an element: every combination that could not be written and read back is refused.

use super::document::{
    EncodingDocument, FieldDocument, LengthEncodingName, PadSide, ValueEncodingName,
};
use super::error::DialectErrorKind;
use super::plan::{FieldPlan, Fill, Length, Shortcut, Sign, ValueEncoding};
use crate::content::ContentClass;
use crate::wire::ebcdic::CodePage;
use crate::wire::extent::{Extent, LengthUnit, Measure};
use crate::wire::nibbles::{self, Packing};
use crate::wire::prefix::Prefix;

/// Most digits of a length in front of a value.
const MOST_LENGTH_DIGITS: u8 = 6;
/// Most bytes of a binary length in front of a value.
const MOST_LENGTH_BYTES: u8 = 4;

/// Checks and compiles one element.
pub(super) fn compile(
    field: &FieldDocument,
    defaults: &EncodingDocument,
) -> Result<FieldPlan, DialectErrorKind> {
    let name = field.name.as_deref();
    if name
        .ok_or(DialectErrorKind::Missing("name"))?
        .trim()
        .is_empty()
    {
        return Err(DialectErrorKind::Empty("name"));
    }
    let class = field.format.ok_or(DialectErrorKind::Missing("format"))?;
    let encoding_name = encoding_name(field, defaults, class)?;
    let encoding = value_encoding(field, class, encoding_name)?;
    let (minimum, maximum) = limits(field, class)?;
    let bytes_counted = matches!(
        encoding_name,
        ValueEncodingName::Binary | ValueEncodingName::Hex
    );
    let measure = Measure {
        layout: encoding.layout(),
        unit: field.length_unit.unwrap_or(if bytes_counted {
            LengthUnit::Bytes
        } else {
            LengthUnit::Characters
        }),
        hexadecimal: class == ContentClass::Hex,
    };
    if field.length.is_none() && measure.hides_odd() {
        check_hidden_pad(class, encoding)?;
    }
    let length = if field.length.is_some() {
        let characters = usize::from(maximum);
        Length::Fixed(Extent {
            characters,
            bytes: measure.layout.bytes(characters),
        })
    } else {
        let prefix = prefix(field, defaults)?;
        let (announced, greatest) = (measure.units(usize::from(maximum)), prefix.greatest());
        if announced > greatest {
            return Err(DialectErrorKind::MaximumTooLarge {
                maximum,
                announced,
                width: prefix.width(),
            });
        }
        Length::Prefixed(prefix)
    };
    Ok(FieldPlan {
        class,
        encoding,
        measure,
        shortcut: shortcut(class, encoding, measure),
        minimum,
        maximum,
        length,
        fill: fill(field, class, encoding)?,
        sensitivity: field.sensitivity,
    })
}

fn shortcut(class: ContentClass, encoding: ValueEncoding, measure: Measure) -> Shortcut {
    match encoding {
        ValueEncoding::Ascii => Shortcut::Text,
        ValueEncoding::Packed(_) if class == ContentClass::Hex => Shortcut::Bytes,
        ValueEncoding::Packed(packing) if class == ContentClass::Digits && !measure.hides_odd() => {
            Shortcut::Digits(packing)
        }
        ValueEncoding::Ebcdic(page) => Shortcut::Ebcdic(page),
        ValueEncoding::Packed(_) | ValueEncoding::Signed(..) => Shortcut::None,
    }
}

/// Fewest and most characters of a value.
fn limits(field: &FieldDocument, class: ContentClass) -> Result<(u16, u16), DialectErrorKind> {
    let sized = field.length_digits.is_some() || field.length_bytes.is_some();
    let prefixed = sized || field.length_encoding.is_some() || field.length_unit.is_some();
    let (minimum, maximum) = match (field.length, field.maximum) {
        (Some(length), None) if !prefixed && field.minimum.is_none() => (length, length),
        // A value may be empty unless the dialect says otherwise; a sign needs a digit.
        (None, Some(maximum)) if sized => {
            let least = match class {
                ContentClass::SignedDigits => 2.min(maximum),
                ContentClass::Digits
                | ContentClass::Letters
                | ContentClass::Alphanumeric
                | ContentClass::AlphanumericPadded
                | ContentClass::Printable
                | ContentClass::Hex
                | ContentClass::Track => 0,
            };
            (field.minimum.unwrap_or(least), maximum)
        }
        _ => return Err(DialectErrorKind::LengthForm),
    };
    if maximum == 0 {
        return Err(DialectErrorKind::LengthZero);
    }
    if minimum > maximum {
        return Err(DialectErrorKind::MinimumTooLarge { minimum, maximum });
    }
    if class == ContentClass::Hex {
        for length in [maximum, minimum] {
            if !length.is_multiple_of(2) {
                return Err(DialectErrorKind::OddHex(length));
            }
        }
    }
    if class == ContentClass::SignedDigits && minimum < 2 {
        return Err(DialectErrorKind::SignedTooShort(minimum));
    }
    Ok((minimum, maximum))
}

fn encoding_name(
    field: &FieldDocument,
    defaults: &EncodingDocument,
    class: ContentClass,
) -> Result<ValueEncodingName, DialectErrorKind> {
    let by_format = defaults.values_by_format.as_ref();
    field
        .encoding
        .or_else(|| by_format?.get(&class).copied())
        .or(defaults.values)
        .ok_or(DialectErrorKind::Missing("encoding"))
}

fn value_encoding(
    field: &FieldDocument,
    class: ContentClass,
    name: ValueEncodingName,
) -> Result<ValueEncoding, DialectErrorKind> {
    let bytes = class == ContentClass::Hex;
    let encoding = match name {
        ValueEncodingName::Ascii => ValueEncoding::Ascii,
        ValueEncodingName::Ebcdic037 => ValueEncoding::Ebcdic(CodePage::Ibm037),
        ValueEncodingName::Ebcdic500 => ValueEncoding::Ebcdic(CodePage::Ibm500),
        ValueEncodingName::Ebcdic1047 => ValueEncoding::Ebcdic(CodePage::Ibm1047),
        ValueEncodingName::Hex if bytes => ValueEncoding::Ascii,
        ValueEncodingName::Binary if bytes => ValueEncoding::Packed(Packing {
            pad_left: true,
            pad: 0,
        }),
        ValueEncodingName::Hex | ValueEncodingName::Binary => {
            return Err(DialectErrorKind::OnlyBytes);
        }
        ValueEncodingName::Bcd => match class {
            ContentClass::Digits | ContentClass::Track => {
                ValueEncoding::Packed(packing(field, class)?)
            }
            ContentClass::SignedDigits => {
                ValueEncoding::Signed(field.sign.unwrap_or(Sign::Ascii), packing(field, class)?)
            }
            ContentClass::Letters
            | ContentClass::Alphanumeric
            | ContentClass::AlphanumericPadded
            | ContentClass::Printable
            | ContentClass::Hex => return Err(DialectErrorKind::OnlyDigits),
        },
    };
    if field.sign.is_some() && !matches!(encoding, ValueEncoding::Signed(..)) {
        return Err(DialectErrorKind::SignAlone);
    }
    Ok(encoding)
}

fn packing(field: &FieldDocument, class: ContentClass) -> Result<Packing, DialectErrorKind> {
    let pad_with = field.pad_with.unwrap_or('0');
    let pad = u8::try_from(pad_with)
        .ok()
        .and_then(nibbles::nibble)
        .filter(|nibble| *nibble != 0xD || class != ContentClass::Track)
        .ok_or(DialectErrorKind::PadNibble)?;
    Ok(Packing {
        pad_left: field.pad != Some(PadSide::Right),
        pad,
    })
}

/// Refuses a pad that would be read as a digit of the value: only zeros in front change nothing in a number.
fn check_hidden_pad(class: ContentClass, encoding: ValueEncoding) -> Result<(), DialectErrorKind> {
    let (ValueEncoding::Packed(packing) | ValueEncoding::Signed(_, packing)) = encoding else {
        return Ok(());
    };
    let [_, pad] = nibbles::digits(packing.pad);
    if class.takes_nibble(pad) && (packing.pad != 0 || !packing.pad_left) {
        return Err(DialectErrorKind::PadHidden);
    }
    Ok(())
}

/// The filling of short values, of those that are text of fixed length.
fn fill(
    field: &FieldDocument,
    class: ContentClass,
    encoding: ValueEncoding,
) -> Result<Option<Fill>, DialectErrorKind> {
    match encoding {
        ValueEncoding::Packed(_) | ValueEncoding::Signed(..) if class != ContentClass::Hex => {
            return Ok(None);
        }
        ValueEncoding::Packed(_) | ValueEncoding::Signed(..) => {}
        ValueEncoding::Ascii | ValueEncoding::Ebcdic(_) => {
            if class != ContentClass::Hex && class != ContentClass::SignedDigits {
                return text_fill(field, class);
            }
        }
    }
    if field.pad.is_some() || field.pad_with.is_some() {
        return Err(DialectErrorKind::NoPad);
    }
    Ok(None)
}

fn text_fill(field: &FieldDocument, class: ContentClass) -> Result<Option<Fill>, DialectErrorKind> {
    let (side, character) = match (field.pad, field.pad_with) {
        (None, None) => return Ok(None),
        (Some(side), Some(character)) if field.length.is_some() => (side, character),
        _ => return Err(DialectErrorKind::NoPad),
    };
    let character = u8::try_from(character)
        .ok()
        .filter(|character| class.check(&[*character]).is_ok())
        .ok_or(DialectErrorKind::PadCharacter)?;
    Ok(Some(Fill {
        left: side == PadSide::Left,
        character,
    }))
}

fn prefix(field: &FieldDocument, defaults: &EncodingDocument) -> Result<Prefix, DialectErrorKind> {
    let encoding = field.length_encoding.or(defaults.lengths);
    let encoding = encoding.ok_or(DialectErrorKind::Missing("length_encoding"))?;
    if encoding == LengthEncodingName::Binary {
        let (Some(bytes), None) = (field.length_bytes, field.length_digits) else {
            return Err(DialectErrorKind::LengthSize("length_bytes"));
        };
        if !(1..=MOST_LENGTH_BYTES).contains(&bytes) {
            return Err(DialectErrorKind::LengthBytes(bytes));
        }
        return Ok(Prefix::Binary { bytes });
    }
    let (Some(digits), None) = (field.length_digits, field.length_bytes) else {
        return Err(DialectErrorKind::LengthSize("length_digits"));
    };
    if !(1..=MOST_LENGTH_DIGITS).contains(&digits) {
        return Err(DialectErrorKind::LengthDigits(digits));
    }
    Ok(match encoding {
        LengthEncodingName::Ascii => Prefix::Ascii { digits },
        LengthEncodingName::Ebcdic => Prefix::Ebcdic { digits },
        LengthEncodingName::Bcd | LengthEncodingName::Binary => Prefix::Packed { digits },
    })
}
