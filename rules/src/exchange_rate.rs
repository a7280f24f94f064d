//! Exchange rates of the organization: from an amount in one currency to one in another. Integers
//! only; the one rounding is at the end.

use crate::Currency;

/// What one unit of a currency is worth in another, with the organization's markup.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ExchangeRate {
    /// The currency that is converted.
    pub from: Currency,
    /// The currency of the result.
    pub to: Currency,
    /// The rate without its decimal point, above 0.
    pub(crate) rate_digits: i64,
    /// How many of the digits are decimals.
    pub(crate) rate_decimals: u32,
    /// What is added to the result, in hundredths of a percent.
    pub(crate) markup_hundredths: i64,
}

/// A whole in hundredths of a percent.
const WHOLE_HUNDREDTHS: i128 = 10_000;

impl ExchangeRate {
    /// Minor units of `from` in minor units of `to`, by the exponents of both currencies, markup
    /// included. Half a minor unit is rounded up, and below zero down, so that what goes out and what
    /// comes back are the same amount. `None` when a number on the way does not fit.
    pub fn convert(&self, amount_minor: i64) -> Option<i64> {
        let power = |exponent: u32| 10_i128.checked_pow(exponent);
        let with_markup = WHOLE_HUNDREDTHS.checked_add(i128::from(self.markup_hundredths))?;
        let dividend = i128::from(amount_minor)
            .unsigned_abs()
            .checked_mul(u128::try_from(self.rate_digits).ok()?)?
            .checked_mul(u128::try_from(with_markup).ok()?)?
            .checked_mul(power(self.to.exponent().into())?.unsigned_abs())?;
        let decimals = self
            .rate_decimals
            .checked_add(self.from.exponent().into())?;
        let divisor = power(decimals)?
            .checked_mul(WHOLE_HUNDREDTHS)?
            .unsigned_abs();
        let half = divisor.checked_div(2)?;
        let rounded = dividend.checked_add(half)?.checked_div(divisor)?;
        let size = i64::try_from(rounded).ok()?;
        if amount_minor < 0 {
            size.checked_neg()
        } else {
            Some(size)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rate(from: &str, to: &str, digits: i64, decimals: u32, markup: i64) -> ExchangeRate {
        ExchangeRate {
            from: from.parse().unwrap(),
            to: to.parse().unwrap(),
            rate_digits: digits,
            rate_decimals: decimals,
            markup_hundredths: markup,
        }
    }

    #[test]
    fn amounts_are_converted_by_both_exponents() {
        let table = [
            (
                "the same exponent",
                rate("EUR", "USD", 10_834, 4, 0),
                10_000,
                Some(10_834),
            ),
            (
                "with markup",
                rate("EUR", "USD", 10_834, 4, 150),
                10_000,
                Some(10_997),
            ),
            (
                "half a cent goes up",
                rate("EUR", "USD", 5, 1, 0),
                1,
                Some(1),
            ),
            ("just below stays", rate("EUR", "USD", 49, 2, 0), 1, Some(0)),
            ("down below zero", rate("EUR", "USD", 5, 1, 0), -1, Some(-1)),
            (
                "from no decimals",
                rate("JPY", "USD", 65, 4, 0),
                1_000,
                Some(650),
            ),
            (
                "to no decimals",
                rate("USD", "JPY", 154, 0, 0),
                150,
                Some(231),
            ),
            (
                "to three decimals",
                rate("USD", "KWD", 307, 3, 0),
                100,
                Some(307),
            ),
            (
                "from three decimals",
                rate("KWD", "USD", 326, 2, 0),
                1_000,
                Some(326),
            ),
            (
                "to four decimals",
                rate("USD", "CLF", 25, 3, 0),
                100,
                Some(250),
            ),
            ("zero", rate("EUR", "USD", 10_834, 4, 150), 0, Some(0)),
            (
                "the largest",
                rate("EUR", "USD", 1, 0, 0),
                i64::MAX,
                Some(i64::MAX),
            ),
            ("too large", rate("EUR", "USD", 2, 0, 0), i64::MAX, None),
            ("the smallest", rate("EUR", "USD", 1, 0, 0), i64::MIN, None),
            (
                "too large on the way",
                rate("JPY", "CLF", 99_999_999_999_999, 0, 10_000),
                i64::MAX,
                None,
            ),
        ];
        for (what, rate, amount, expected) in table {
            assert_eq!(rate.convert(amount), expected, "{what}");
        }
    }
}
