//! BER-TLV as chips and networks write it (ISO/IEC 8825-1 and EMV book 3, annex B).
//!
//! Owns tags, the iterator over the objects of one level and the writing of one object. Must never allocate while
//! reading, nor carry a byte of a value in an error.

use std::fmt;
use std::str::FromStr;

use serde::Deserialize;

/// Bits of the first byte that say that the number goes on in further bytes.
pub(super) const NUMBER_FOLLOWS: u8 = 0x1F;
/// Bit of the first byte that says that the value holds objects.
const CONSTRUCTED: u8 = 0x20;
/// Bit of a further byte of a tag, and of the first byte of a length, that says that more bytes follow.
pub(super) const MORE: u8 = 0x80;

/// The tag of an object, one to four bytes. `Display` and `Debug` print hexadecimal digits, as in `9F02`.
///
/// No tag begins with the byte 00, so that the number alone says how many bytes it has.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Tag(u32);

/// Not one tag, whole, in hexadecimal digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a tag: expected 1 to 4 bytes in hexadecimal, as in 9F02")]
pub struct InvalidTag;

impl Tag {
    /// The tag with these bytes as a big-endian number, or `None` when they are not exactly one tag.
    pub fn new(number: u32) -> Option<Self> {
        let bytes = number.to_be_bytes();
        let skip = bytes.iter().take_while(|byte| **byte == 0).count();
        let (tag, rest) = read_tag(bytes.get(skip..)?).ok()?;
        rest.is_empty().then_some(tag)
    }

    /// The tag of one byte, which must not be 00 nor announce further ones.
    pub(super) const fn short(byte: u8) -> Self {
        Self(byte as u32)
    }

    /// The tag of two bytes, of which the first must announce a second and the second no third.
    pub(super) const fn two_bytes(first: u8, second: u8) -> Self {
        Self((first as u32) << 8 | second as u32)
    }

    /// The bytes of the tag as a big-endian number: `0x9F02`.
    pub const fn number(self) -> u32 {
        self.0
    }

    /// Whether the value holds objects.
    pub fn is_constructed(self) -> bool {
        self.first_byte() & CONSTRUCTED != 0
    }

    /// Whether it could be taken for filler.
    pub(super) fn begins_with_ff(self) -> bool {
        self.first_byte() == 0xFF
    }

    fn first_byte(self) -> u8 {
        let [a, b, c, d] = self.0.to_be_bytes();
        match self.0 {
            0..=0xFF => d,
            0x100..=0xFFFF => c,
            0x1_0000..=0xFF_FFFF => b,
            0x100_0000.. => a,
        }
    }

    /// Appends the bytes of the tag.
    fn write(self, out: &mut Vec<u8>) {
        out.extend(self.0.to_be_bytes().iter().skip_while(|byte| **byte == 0));
    }
}

impl FromStr for Tag {
    type Err = InvalidTag;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if !text.len().is_multiple_of(2) || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(InvalidTag);
        }
        let number = u32::from_str_radix(text, 16).map_err(|_invalid| InvalidTag)?;
        Self::new(number).ok_or(InvalidTag)
    }
}

impl fmt::Display for Tag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bytes = self.0.to_be_bytes();
        let mut digits = bytes.iter().skip_while(|byte| **byte == 0);
        digits.try_for_each(|byte| write!(f, "{byte:02X}"))
    }
}

impl fmt::Debug for Tag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// What a byte FF between objects is.
///
/// ISO/IEC 7816 has 00 and FF without meaning before, between and after objects, while some private tags begin with
/// FF. An FF before another FF, before 00 or at the end is filler in both readings; 00 always is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Ff {
    /// Filler, always.
    #[default]
    Filler,
    /// The first byte of a tag such as `FF8106`.
    Tag,
}

/// Objects that cannot be read or written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("at byte {offset}: {kind}")]
pub struct TlvError {
    /// Byte, from 0, where the object begins.
    pub offset: usize,
    /// What was expected and what was found.
    pub kind: TlvErrorKind,
}

/// What is wrong with an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TlvErrorKind {
    /// The bytes end inside a tag.
    #[error("the tag is cut off")]
    TagCut,
    /// A tag of five bytes or more.
    #[error("expected a tag of at most 4 bytes")]
    TagTooLong,
    /// The bytes end inside a length.
    #[error("the length of tag {0} is cut off")]
    LengthCut(Tag),
    /// The indefinite form (80), or a length of more than four bytes.
    #[error("expected a definite length of at most 4 bytes after tag {0}")]
    LengthForm(Tag),
    /// The bytes end inside a value.
    #[error("expected {expected} bytes in tag {tag}, found {found}")]
    ValueCut {
        /// The tag.
        tag: Tag,
        /// Its length.
        expected: u32,
        /// Bytes left.
        found: usize,
    },
    /// More objects than are accepted.
    #[error("expected at most {maximum} objects")]
    TooMany {
        /// The bound.
        maximum: usize,
    },
    /// More bytes than are accepted.
    #[error("expected at most {maximum} bytes, found {found}")]
    TooLong {
        /// The bound.
        maximum: usize,
        /// Bytes found.
        found: usize,
    },
}

/// One object, a view of the bytes it was read from.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Tlv<'a> {
    /// The tag.
    pub tag: Tag,
    /// The value.
    pub value: &'a [u8],
    /// Byte, from 0, where the tag begins.
    pub start: usize,
    /// Byte, from 0, where the value begins.
    pub value_start: usize,
    /// Bytes of the length, 1 to 5: senders also write longer forms than needed.
    pub length_octets: u8,
}

/// Prints the tag and the number of bytes of the value.
impl fmt::Debug for Tlv<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}[{}]", self.tag, self.value.len())
    }
}

/// The objects of one level in their order. Yields at most one error, as its last item.
#[derive(Clone)]
pub struct TlvReader<'a> {
    rest: &'a [u8],
    total: usize,
    ff: Ff,
}

impl<'a> TlvReader<'a> {
    /// Reads `bytes` from the beginning.
    pub fn new(bytes: &'a [u8], ff: Ff) -> Self {
        Self {
            rest: bytes,
            total: bytes.len(),
            ff,
        }
    }

    /// Byte, from 0, where the rest begins.
    fn offset(&self) -> usize {
        self.total.saturating_sub(self.rest.len())
    }
}

#[inline]
fn skip_filler(mut bytes: &[u8], ff: Ff) -> &[u8] {
    while let Some((first @ (0x00 | 0xFF), after)) = bytes.split_first() {
        let filler =
            *first == 0x00 || ff == Ff::Filler || matches!(after.first(), None | Some(0x00 | 0xFF));
        if !filler {
            break;
        }
        bytes = after;
    }
    bytes
}

impl<'a> Iterator for TlvReader<'a> {
    type Item = Result<Tlv<'a>, TlvError>;

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        self.rest = skip_filler(self.rest, self.ff);
        let start = self.offset();
        if self.rest.is_empty() {
            return None;
        }
        match read_object(self.rest) {
            Ok((tag, length_octets, value, after)) => {
                self.rest = after;
                Some(Ok(Tlv {
                    tag,
                    value,
                    start,
                    value_start: self.offset().saturating_sub(value.len()),
                    length_octets,
                }))
            }
            Err(kind) => {
                self.rest = &[];
                let offset = start;
                Some(Err(TlvError { offset, kind }))
            }
        }
    }
}

impl fmt::Debug for TlvReader<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TlvReader at {} of {}", self.offset(), self.total)
    }
}

fn read_tag(bytes: &[u8]) -> Result<(Tag, &[u8]), TlvErrorKind> {
    let (first, mut rest) = bytes.split_first().ok_or(TlvErrorKind::TagCut)?;
    let mut number = u32::from(*first);
    if first & NUMBER_FOLLOWS == NUMBER_FOLLOWS {
        loop {
            let (byte, after) = rest.split_first().ok_or(TlvErrorKind::TagCut)?;
            if number > 0x00FF_FFFF {
                return Err(TlvErrorKind::TagTooLong);
            }
            number = (number << 8) | u32::from(*byte);
            rest = after;
            if byte & MORE == 0 {
                break;
            }
        }
    }
    Ok((Tag(number), rest))
}

/// Tag, bytes of the length, value, and what follows.
pub(super) type Object<'a> = (Tag, u8, &'a [u8], &'a [u8]);

/// An object whose tag has one or two bytes and whose length one, as nearly all have.
#[inline]
fn short_object(bytes: &[u8]) -> Option<Object<'_>> {
    let (tag, length, rest) = match bytes {
        [tag, length, rest @ ..] if tag & NUMBER_FOLLOWS != NUMBER_FOLLOWS => {
            (Tag::short(*tag), *length, rest)
        }
        [first, second, length, rest @ ..] if second & MORE == 0 => {
            (Tag::two_bytes(*first, *second), *length, rest)
        }
        _ => return None,
    };
    if length & MORE != 0 {
        return None;
    }
    let (value, after) = rest.split_at_checked(usize::from(length))?;
    Some((tag, 1, value, after))
}

/// An object in the usual form that holds no objects and cannot be taken for filler.
#[inline]
pub(super) fn usual_primitive(bytes: &[u8]) -> Option<Object<'_>> {
    let first = bytes.first()?;
    if matches!(first, 0x00 | 0xFF) || first & CONSTRUCTED != 0 {
        return None;
    }
    short_object(bytes)
}

#[inline]
fn read_object(bytes: &[u8]) -> Result<Object<'_>, TlvErrorKind> {
    short_object(bytes).map_or_else(|| any_object(bytes), Ok)
}

/// An object whatever its form, or what is wrong with it.
#[cold]
fn any_object(bytes: &[u8]) -> Result<Object<'_>, TlvErrorKind> {
    let (tag, rest) = read_tag(bytes)?;
    let (first, rest) = rest.split_first().ok_or(TlvErrorKind::LengthCut(tag))?;
    let (length, octets, rest) = if first & MORE == 0 {
        (u32::from(*first), 1, rest)
    } else {
        let count = first & !MORE;
        if !(1..=4).contains(&count) {
            return Err(TlvErrorKind::LengthForm(tag));
        }
        let cut = TlvErrorKind::LengthCut(tag);
        let (digits, rest) = rest.split_at_checked(usize::from(count)).ok_or(cut)?;
        let length = digits
            .iter()
            .fold(0_u32, |length, byte| (length << 8) | u32::from(*byte));
        (length, count.saturating_add(1), rest)
    };
    let split = usize::try_from(length)
        .ok()
        .and_then(|length| rest.split_at_checked(length));
    let (value, after) = split.ok_or(TlvErrorKind::ValueCut {
        tag,
        expected: length,
        found: rest.len(),
    })?;
    Ok((tag, octets, value, after))
}

/// Appends one object. The length takes `length_octets` bytes, or as many as it needs if that is more.
///
/// # Errors
/// [`TlvErrorKind::TooLong`] for a value whose length does not fit four bytes.
pub fn write_tlv(
    tag: Tag,
    value: &[u8],
    length_octets: u8,
    out: &mut Vec<u8>,
) -> Result<(), TlvErrorKind> {
    let length = u32::try_from(value.len()).map_err(|_wide| TlvErrorKind::TooLong {
        maximum: usize::try_from(u32::MAX).unwrap_or(usize::MAX),
        found: value.len(),
    })?;
    tag.write(out);
    let needed = match length {
        0..=0x7F => 1,
        0x80..=0xFF => 2,
        0x100..=0xFFFF => 3,
        0x1_0000..=0xFF_FFFF => 4,
        0x100_0000..=u32::MAX => 5,
    };
    let octets = length_octets.clamp(needed, 5);
    let count = octets.saturating_sub(1);
    if count > 0 {
        out.push(MORE | count);
    }
    let digits = length.to_be_bytes();
    let skip = digits.len().saturating_sub(usize::from(count.max(1)));
    out.extend(digits.iter().skip(skip));
    out.extend_from_slice(value);
    Ok(())
}
