//! The length in front of a value.
//!
//! Owns its forms. Must never judge whether a length is too great: that is the element's.

use std::fmt;

use bytes::{BufMut as _, BytesMut};

use super::{ebcdic, nibbles};

/// How a length is written. Binary lengths are big-endian.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Prefix {
    /// ASCII digits.
    Ascii { digits: u8 },
    /// EBCDIC digits.
    Ebcdic { digits: u8 },
    /// Packed digits, an odd number of them behind a zero nibble.
    Packed { digits: u8 },
    /// An unsigned number of so many bytes.
    Binary { bytes: u8 },
}

/// Width of a length, for "expected a length of ...".
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LengthWidth {
    /// ASCII or EBCDIC digits.
    Digits(u8),
    /// Packed digits, two in a byte.
    PackedDigits(u8),
    /// Binary bytes.
    Bytes(u8),
}

impl fmt::Display for LengthWidth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Digits(digits) => write!(f, "{digits} digits"),
            Self::PackedDigits(digits) => write!(f, "{digits} packed digits"),
            Self::Bytes(1) => f.write_str("1 byte"),
            Self::Bytes(bytes) => write!(f, "{bytes} bytes"),
        }
    }
}

impl Prefix {
    /// Bytes on the wire.
    #[inline]
    pub(crate) fn bytes(self) -> usize {
        match self {
            Self::Ascii { digits } | Self::Ebcdic { digits } => usize::from(digits),
            Self::Packed { digits } => usize::from(digits.div_ceil(2)),
            Self::Binary { bytes } => usize::from(bytes),
        }
    }

    pub(crate) fn width(self) -> LengthWidth {
        match self {
            Self::Ascii { digits } | Self::Ebcdic { digits } => LengthWidth::Digits(digits),
            Self::Packed { digits } => LengthWidth::PackedDigits(digits),
            Self::Binary { bytes } => LengthWidth::Bytes(bytes),
        }
    }

    /// The greatest length that fits.
    pub(crate) fn greatest(self) -> usize {
        let decimal = |digits: u8| 10_usize.saturating_pow(u32::from(digits)).saturating_sub(1);
        match self {
            Self::Ascii { digits } | Self::Ebcdic { digits } | Self::Packed { digits } => {
                decimal(digits)
            }
            Self::Binary { bytes } => 256_usize.saturating_pow(u32::from(bytes)).saturating_sub(1),
        }
    }

    /// Reads exactly [`bytes`](Self::bytes) bytes, or gives the index of the first that is not decimal.
    #[inline]
    pub(crate) fn read(self, bytes: &[u8]) -> Result<usize, usize> {
        let decimal = |digit: fn(u8) -> Option<u8>| {
            bytes
                .iter()
                .enumerate()
                .try_fold(0_usize, |number, (at, byte)| {
                    let digit = digit(*byte).ok_or(at)?;
                    Ok(number.wrapping_mul(10).wrapping_add(usize::from(digit)))
                })
        };
        match self {
            Self::Ascii { .. } => decimal(|byte| byte.is_ascii_digit().then_some(byte & 0xF)),
            Self::Ebcdic { .. } => decimal(ebcdic::digit),
            Self::Packed { .. } => {
                match bytes
                    .iter()
                    .position(|byte| !nibbles::all_decimal(&[*byte]))
                {
                    Some(at) => Err(at),
                    None => Ok(packed(bytes)),
                }
            }
            Self::Binary { .. } => Ok(bytes
                .iter()
                .fold(0, |number, byte| number << 8 | usize::from(*byte))),
        }
    }

    /// Writes a length that is at most [`greatest`](Self::greatest).
    pub(crate) fn write(self, out: &mut BytesMut, length: usize) {
        match self {
            Self::Ascii { digits } => {
                put_decimal(length, digits, |digit| out.put_u8(b'0' | digit));
            }
            Self::Ebcdic { digits } => {
                put_decimal(length, digits, |digit| out.put_u8(0xF0 | digit));
            }
            Self::Packed { digits } => {
                let even = digits.next_multiple_of(2);
                let mut high = None;
                put_decimal(length, even, |digit| match high.take() {
                    None => high = Some(digit << 4),
                    Some(high) => out.put_u8(high | digit),
                });
            }
            Self::Binary { bytes } => {
                let number = u64::try_from(length).unwrap_or(u64::MAX).to_be_bytes();
                let unused = number.len().saturating_sub(usize::from(bytes));
                out.put_slice(number.get(unused..).unwrap_or_default());
            }
        }
    }
}

/// Packed digits that were found to be decimal.
fn packed(bytes: &[u8]) -> usize {
    bytes.iter().fold(0, |number, byte| {
        let pair = usize::from(byte >> 4)
            .wrapping_mul(10)
            .wrapping_add(usize::from(byte & 0xF));
        number.wrapping_mul(100_usize).wrapping_add(pair)
    })
}

/// Gives exactly `digits` decimal digits, the first one first.
fn put_decimal(number: usize, digits: u8, mut put: impl FnMut(u8)) {
    let mut power = 10_usize.saturating_pow(u32::from(digits.saturating_sub(1)));
    for _ in 0..digits {
        let digit = number.checked_div(power).unwrap_or_default() % 10;
        // Less than ten.
        put(u8::try_from(digit).unwrap_or_default());
        power /= 10;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_form_is_written_and_read() {
        for (prefix, length, wire) in [
            (Prefix::Ascii { digits: 2 }, 7, &b"07"[..]),
            (Prefix::Ascii { digits: 4 }, 9999, b"9999"),
            (Prefix::Ebcdic { digits: 3 }, 120, &[0xF1, 0xF2, 0xF0]),
            (Prefix::Packed { digits: 2 }, 99, &[0x99]),
            (Prefix::Packed { digits: 3 }, 120, &[0x01, 0x20]),
            (Prefix::Packed { digits: 4 }, 1234, &[0x12, 0x34]),
            (Prefix::Binary { bytes: 1 }, 153, &[0x99]),
            (Prefix::Binary { bytes: 2 }, 300, &[0x01, 0x2C]),
            (Prefix::Binary { bytes: 4 }, 300, &[0, 0, 0x01, 0x2C]),
        ] {
            let mut out = BytesMut::new();
            prefix.write(&mut out, length);
            assert_eq!(&out[..], wire, "{prefix:?}");
            assert_eq!(prefix.bytes(), wire.len());
            assert_eq!(prefix.read(wire), Ok(length));
            assert!(prefix.greatest() >= length);
        }
        assert_eq!(Prefix::Packed { digits: 3 }.greatest(), 999);
        assert_eq!(Prefix::Binary { bytes: 2 }.greatest(), 65_535);
    }

    #[test]
    fn what_is_not_decimal_is_told_by_its_place() {
        assert_eq!(Prefix::Ascii { digits: 3 }.read(b"1x2"), Err(1));
        assert_eq!(Prefix::Ebcdic { digits: 2 }.read(b"\xF112"), Err(1));
        assert_eq!(Prefix::Packed { digits: 4 }.read(&[0x12, 0x3A]), Err(1));
    }
}
