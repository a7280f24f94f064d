//! The length in front of a frame.
//!
//! Owns its forms, the control bytes beside it, and what it counts. Must never read more than these bytes.

use crate::wire::nibbles;

/// How the length of a frame is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LengthForm {
    /// No length: the trailer ends the frame.
    None,
    /// An unsigned number of 2 to 4 bytes.
    Binary {
        /// How many bytes.
        bytes: u8,
        /// The lowest byte comes first.
        little_endian: bool,
    },
    /// ASCII digits.
    Ascii {
        /// How many.
        digits: u8,
    },
    /// Packed digits, two in a byte.
    Bcd {
        /// How many bytes.
        bytes: u8,
    },
    /// ASCII hexadecimal digits: upper case written, either case read.
    Hex {
        /// How many.
        digits: u8,
    },
}

/// What stands in front of each frame: a length, and in some networks control bytes beside it, zero for a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct LengthHeader {
    /// The form of the length.
    pub form: LengthForm,
    /// The length counts the length and its control bytes too.
    pub counts_itself: bool,
    /// Control bytes in front of the length.
    pub control_before: u8,
    /// Control bytes behind the length.
    pub control_after: u8,
}

/// Why the bytes in front of a frame are no length.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LengthFault {
    /// A byte is no digit.
    NotDigits,
    /// A length that counts itself is less than that.
    BelowItself { declared: usize },
}

/// What the bytes in front of a frame say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Announced {
    /// Bytes that follow.
    pub(crate) declared: usize,
    /// The control bytes as one number, zero for a message.
    pub(crate) control: u64,
}

impl LengthHeader {
    /// Two bytes, big-endian, not counting themselves.
    pub const BINARY_2: Self = Self::plain(LengthForm::Binary {
        bytes: 2,
        little_endian: false,
    });

    /// A length that does not count itself, without control bytes.
    pub const fn plain(form: LengthForm) -> Self {
        Self {
            form,
            counts_itself: false,
            control_before: 0,
            control_after: 0,
        }
    }

    /// Bytes in front of a frame.
    pub const fn length_bytes(self) -> usize {
        (self.control_before as usize)
            .saturating_add(self.form.bytes())
            .saturating_add(self.control_after as usize)
    }

    /// Longest frame that can be announced, in bytes behind the length header.
    pub const fn longest_frame_bytes(self) -> usize {
        let greatest = self.form.greatest();
        if self.counts_itself {
            greatest.saturating_sub(self.length_bytes())
        } else {
            greatest
        }
    }

    /// What a header announces; `None` while it is not complete.
    pub(crate) fn read(self, bytes: &[u8]) -> Option<Result<Announced, LengthFault>> {
        let (before, rest) = bytes.split_at_checked(usize::from(self.control_before))?;
        let (length, rest) = rest.split_at_checked(self.form.bytes())?;
        let after = rest.get(..usize::from(self.control_after))?;
        let number = |control: u64, byte: &u8| control << 8 | u64::from(*byte);
        let control = before.iter().chain(after).fold(0, number);
        Some(
            self.declared(length)
                .map(|declared| Announced { declared, control }),
        )
    }

    fn declared(self, length: &[u8]) -> Result<usize, LengthFault> {
        let declared = self.form.read(length).ok_or(LengthFault::NotDigits)?;
        if !self.counts_itself {
            return Ok(declared);
        }
        declared
            .checked_sub(self.length_bytes())
            .ok_or(LengthFault::BelowItself { declared })
    }

    /// Writes a length into the zero bytes kept free for it; `false` when it does not fit.
    pub(crate) fn write(self, room: &mut [u8], frame_bytes: usize) -> bool {
        let length = if self.counts_itself {
            frame_bytes.saturating_add(self.length_bytes())
        } else {
            frame_bytes
        };
        let start = usize::from(self.control_before);
        let end = start.saturating_add(self.form.bytes());
        match room.get_mut(start..end) {
            Some(room) if length <= self.form.greatest() => {
                self.form.write(room, length);
                true
            }
            _ => false,
        }
    }
}

impl LengthForm {
    const fn bytes(self) -> usize {
        match self {
            Self::None => 0,
            Self::Binary { bytes, .. } | Self::Bcd { bytes } => bytes as usize,
            Self::Ascii { digits } | Self::Hex { digits } => digits as usize,
        }
    }

    /// The greatest length that fits.
    const fn greatest(self) -> usize {
        let (base, digits): (usize, u8) = match self {
            Self::None => return usize::MAX,
            Self::Binary { bytes, .. } => (256, bytes),
            Self::Ascii { digits } => (10, digits),
            Self::Bcd { bytes } => (100, bytes),
            Self::Hex { digits } => (16, digits),
        };
        base.saturating_pow(digits as u32).saturating_sub(1)
    }

    fn base(self) -> usize {
        match self {
            Self::None | Self::Binary { .. } => 256,
            Self::Ascii { .. } => 10,
            Self::Bcd { .. } => 100,
            Self::Hex { .. } => 16,
        }
    }

    fn read(self, bytes: &[u8]) -> Option<usize> {
        let place = |byte: u8| match self {
            Self::None | Self::Binary { .. } => Some(usize::from(byte)),
            Self::Ascii { .. } => byte.is_ascii_digit().then(|| usize::from(byte & 0xF)),
            Self::Bcd { .. } => nibbles::all_decimal(&[byte]).then(|| {
                let tens = usize::from(byte >> 4).saturating_mul(10);
                tens.saturating_add(usize::from(byte & 0xF))
            }),
            Self::Hex { .. } => nibbles::nibble(byte).map(usize::from),
        };
        let number = |number: usize, byte: &u8| {
            place(*byte).map(|value| number.saturating_mul(self.base()).saturating_add(value))
        };
        match self {
            Self::Binary {
                little_endian: true,
                ..
            } => bytes.iter().rev().try_fold(0, number),
            Self::None
            | Self::Binary { .. }
            | Self::Ascii { .. }
            | Self::Bcd { .. }
            | Self::Hex { .. } => bytes.iter().try_fold(0, number),
        }
    }

    /// Writes a length that is at most the greatest.
    fn write(self, room: &mut [u8], length: usize) {
        let mut rest = length;
        let mut next = |slot: &mut u8| {
            // Less than the base, which is at most 256.
            let value = u8::try_from(rest.checked_rem(self.base()).unwrap_or(0)).unwrap_or(0);
            rest = rest.checked_div(self.base()).unwrap_or(0);
            *slot = match self {
                Self::None | Self::Binary { .. } => value,
                Self::Ascii { .. } => b'0' | value,
                Self::Bcd { .. } => ((value / 10) << 4) | (value % 10),
                Self::Hex { .. } => {
                    let [_, digit] = nibbles::digits(value);
                    digit
                }
            };
        };
        match self {
            Self::Binary {
                little_endian: true,
                ..
            } => room.iter_mut().for_each(&mut next),
            Self::None
            | Self::Binary { .. }
            | Self::Ascii { .. }
            | Self::Bcd { .. }
            | Self::Hex { .. } => room.iter_mut().rev().for_each(&mut next),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn binary(bytes: u8, little_endian: bool) -> LengthHeader {
        LengthHeader::plain(LengthForm::Binary {
            bytes,
            little_endian,
        })
    }

    fn itself(header: LengthHeader) -> LengthHeader {
        LengthHeader {
            counts_itself: true,
            ..header
        }
    }

    fn controlled(before: u8, after: u8) -> LengthHeader {
        LengthHeader {
            control_before: before,
            control_after: after,
            ..LengthHeader::BINARY_2
        }
    }

    #[test]
    fn each_form_is_written_and_read() {
        for (header, frame, wire) in [
            (LengthHeader::BINARY_2, 300, &b"\x01\x2C"[..]),
            (binary(2, true), 300, b"\x2C\x01"),
            (binary(3, false), 300, b"\x00\x01\x2C"),
            (binary(4, false), 300, b"\x00\x00\x01\x2C"),
            (binary(4, true), 300, b"\x2C\x01\x00\x00"),
            (itself(LengthHeader::BINARY_2), 300, b"\x01\x2E"),
            (itself(binary(4, false)), 300, b"\x00\x00\x01\x30"),
            (
                LengthHeader::plain(LengthForm::Ascii { digits: 4 }),
                300,
                b"0300",
            ),
            (
                itself(LengthHeader::plain(LengthForm::Ascii { digits: 4 })),
                300,
                b"0304",
            ),
            (
                LengthHeader::plain(LengthForm::Bcd { bytes: 2 }),
                300,
                b"\x03\x00",
            ),
            (
                LengthHeader::plain(LengthForm::Hex { digits: 4 }),
                300,
                b"012C",
            ),
            (controlled(0, 2), 300, b"\x01\x2C\x00\x00"),
            (controlled(2, 0), 300, b"\x00\x00\x01\x2C"),
            (LengthHeader::BINARY_2, 0, b"\x00\x00"),
        ] {
            let mut room = vec![0; header.length_bytes()];
            assert!(header.write(&mut room, frame), "{header:?}");
            assert_eq!(room, wire, "{header:?}");
            let announced = Announced {
                declared: frame,
                control: 0,
            };
            assert_eq!(header.read(wire), Some(Ok(announced)));
            for cut in 0..wire.len() {
                assert_eq!(header.read(&wire[..cut]), None);
            }
        }
    }

    #[test]
    fn what_is_no_length_is_a_fault() {
        let ascii = LengthHeader::plain(LengthForm::Ascii { digits: 4 });
        assert_eq!(ascii.read(b"03x0"), Some(Err(LengthFault::NotDigits)));
        let bcd = LengthHeader::plain(LengthForm::Bcd { bytes: 2 });
        assert_eq!(bcd.read(b"\x0A\x00"), Some(Err(LengthFault::NotDigits)));
        let hex = LengthHeader::plain(LengthForm::Hex { digits: 4 });
        assert_eq!(
            hex.read(b"012c"),
            Some(Ok(Announced {
                declared: 300,
                control: 0
            }))
        );
        let below = itself(LengthHeader::BINARY_2).read(b"\x00\x01");
        assert_eq!(below, Some(Err(LengthFault::BelowItself { declared: 1 })));
        let control = controlled(0, 2).read(b"\x00\x00\x01\x02");
        assert_eq!(
            control,
            Some(Ok(Announced {
                declared: 0,
                control: 0x0102
            }))
        );
    }

    #[test]
    fn the_longest_frame_is_what_the_length_can_say() {
        for (header, longest) in [
            (LengthHeader::BINARY_2, 65_535),
            (itself(LengthHeader::BINARY_2), 65_533),
            (LengthHeader::plain(LengthForm::Ascii { digits: 4 }), 9_999),
            (LengthHeader::plain(LengthForm::Bcd { bytes: 2 }), 9_999),
            (LengthHeader::plain(LengthForm::Hex { digits: 4 }), 65_535),
            (binary(3, true), 0x00FF_FFFF),
        ] {
            assert_eq!(header.longest_frame_bytes(), longest, "{header:?}");
            let mut room = vec![0; header.length_bytes()];
            assert!(header.write(&mut room, longest));
            assert!(!header.write(&mut room, longest + 1));
        }
    }
}
