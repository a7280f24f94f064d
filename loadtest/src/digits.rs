//! Numbers as the fixed rows of digits that data elements hold, without allocation; and card numbers.
//!
//! Owns: zero-filled decimal text and the check digit of ISO/IEC 7812-1. Must never: show a value in
//! `Debug`: it may be a card number.

use std::fmt;

/// Exactly `N` decimal digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Digits<const N: usize>([u8; N]);

impl<const N: usize> Digits<N> {
    /// The last `N` digits of a number, filled with zeros on the left.
    pub(crate) fn of(number: u64) -> Self {
        let mut digits = [b'0'; N];
        let mut rest = number;
        for place in digits.iter_mut().rev() {
            *place = ascii(rest % 10);
            rest /= 10;
        }
        Self(digits)
    }

    /// The digits.
    pub(crate) fn as_str(&self) -> &str {
        // Only ASCII digits are ever put in.
        std::str::from_utf8(&self.0).unwrap_or_default()
    }

    /// The digits as bytes.
    pub(crate) fn bytes(self) -> [u8; N] {
        self.0
    }
}

impl<const N: usize> fmt::Debug for Digits<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Digits({N})")
    }
}

fn ascii(digit: u64) -> u8 {
    b'0'.saturating_add(u8::try_from(digit).unwrap_or(0))
}

/// The card number of 16 digits that begins with these 15 and ends with the check digit of all.
pub(crate) fn with_check_digit(first_15: u64) -> Digits<16> {
    let (mut rest, mut sum) = (first_15, 0);
    // From the right: every second digit is doubled, beginning with the one beside the check digit.
    for doubled in [true, false].into_iter().cycle().take(15) {
        let digit = rest % 10;
        rest /= 10;
        let weighed = if doubled { digit * 2 } else { digit };
        sum += weighed / 10 + weighed % 10;
    }
    Digits::of(first_15 * 10 + (10 - sum % 10) % 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_filled_and_cut_on_the_left() {
        assert_eq!(Digits::<6>::of(42).as_str(), "000042");
        assert_eq!(Digits::<3>::of(12_345).as_str(), "345");
        assert_eq!(format!("{:?}", Digits::<6>::of(42)), "Digits(6)");
    }

    #[test]
    fn card_numbers_end_in_their_check_digit() {
        // The first two generated cards and cards of the demo table.
        for (first_15, expected) in [
            (400_000_130_000_000, "4000001300000007"),
            (400_000_130_000_001, "4000001300000015"),
            (400_000_120_000_001, "4000001200000016"),
            (400_000_120_000_010, "4000001200000107"),
        ] {
            assert_eq!(with_check_digit(first_15).as_str(), expected);
        }
    }

    #[test]
    fn every_generated_card_number_passes_the_luhn_test() {
        for number in (0..10_000_000_u64).step_by(9_973) {
            let pan = with_check_digit(400_000_130_000_000 + number);
            let weighed = pan
                .as_str()
                .bytes()
                .rev()
                .enumerate()
                .map(|(position, digit)| {
                    let digit = u32::from(digit - b'0');
                    let value = if position % 2 == 1 { digit * 2 } else { digit };
                    if value > 9 { value - 9 } else { value }
                });
            assert_eq!(weighed.sum::<u32>() % 10, 0, "card number {number}");
        }
    }
}
