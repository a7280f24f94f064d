//! Currencies and the step from document amounts to minor units. Integers only: no floating point.

use std::fmt;
use std::str::FromStr;

use rust_decimal::Decimal;

use crate::text::serde_as_text;

/// A currency by its ISO 4217 number. Only currencies that have minor units: the test currency,
/// precious metals and the like are refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Currency(u16);

impl Currency {
    /// The ISO 4217 number: 840 for the US dollar.
    pub fn numeric(self) -> u16 {
        self.0
    }

    /// The number as the three ASCII digits of DE49.
    pub fn numeric_text(self) -> [u8; 3] {
        // At most 999, so each digit fits its byte.
        let digit = |divisor: u16| {
            let digit = self
                .0
                .checked_div(divisor)
                .unwrap_or(0)
                .checked_rem(10)
                .unwrap_or(0);
            b'0'.saturating_add(u8::try_from(digit).unwrap_or(0))
        };
        [digit(100), digit(10), digit(1)]
    }

    /// Decimal places of the currency: 2 for the US dollar, 0 for the yen.
    pub fn exponent(self) -> u8 {
        Self::exponent_of(self.0).unwrap_or(0)
    }

    fn exponent_of(numeric: u16) -> Option<u8> {
        let exponent = iso_currency::Currency::from_numeric(numeric)?.exponent()?;
        u8::try_from(exponent).ok()
    }
}

impl FromStr for Currency {
    type Err = UnknownCurrency;

    /// Reads "840" (three digits) or "USD" (three capitals).
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let numeric = match *text.as_bytes() {
            [a, b, c] if [a, b, c].iter().all(u8::is_ascii_digit) => text.parse().ok(),
            [a, b, c] if [a, b, c].iter().all(u8::is_ascii_uppercase) => {
                iso_currency::Currency::from_code(text).map(iso_currency::Currency::numeric)
            }
            _ => None,
        };
        numeric
            .filter(|numeric| Self::exponent_of(*numeric).is_some())
            .map(Self)
            .ok_or(UnknownCurrency)
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:03}", self.0)
    }
}

serde_as_text!(
    Currency,
    "an ISO 4217 currency such as \"840\" or \"USD\"",
    "^([0-9]{3}|[A-Z]{3})$",
    |currency| std::str::from_utf8(&currency.numeric_text()).unwrap_or_default()
);

/// The text is not a currency.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an ISO 4217 currency with minor units, such as \"840\" or \"USD\"")]
pub struct UnknownCurrency;

/// An amount that is not a whole number of minor units in range.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AmountError {
    /// More decimals were written than the currency has.
    #[error("the amount has {found} decimals, the currency has {allowed}")]
    TooManyDecimals {
        /// Decimals as written, trailing zeros included.
        found: u32,
        /// The exponent of the currency.
        allowed: u8,
    },
    /// The amount does not fit 64 bits of minor units.
    #[error("the amount is too large")]
    Overflow,
}

/// A document amount in minor units: 12.50 in USD is 1250.
///
/// # Errors
/// More decimals than the exponent are refused as written, never rounded (12.500 in USD too);
/// so is what does not fit an `i64`.
pub fn minor_units(amount: Decimal, currency: Currency) -> Result<i64, AmountError> {
    let allowed = currency.exponent();
    let too_many = AmountError::TooManyDecimals {
        found: amount.scale(),
        allowed,
    };
    let missing = u32::from(allowed)
        .checked_sub(amount.scale())
        .ok_or(too_many)?;
    let factor = 10_i128.checked_pow(missing).ok_or(AmountError::Overflow)?;
    let minor = amount
        .mantissa()
        .checked_mul(factor)
        .ok_or(AmountError::Overflow)?;
    i64::try_from(minor).map_err(|_out_of_range| AmountError::Overflow)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exponents_are_those_of_iso_4217() {
        let table = [
            ("840", "USD", 2),
            ("986", "BRL", 2),
            ("978", "EUR", 2),
            ("036", "AUD", 2),
            ("008", "ALL", 2),
            ("392", "JPY", 0),
            ("410", "KRW", 0),
            ("152", "CLP", 0),
            ("600", "PYG", 0),
            ("704", "VND", 0),
            ("352", "ISK", 0),
            ("414", "KWD", 3),
            ("048", "BHD", 3),
            ("788", "TND", 3),
            ("400", "JOD", 3),
            ("990", "CLF", 4),
        ];
        for (number, letters, exponent) in table {
            let currency: Currency = number.parse().unwrap();
            assert_eq!(letters.parse::<Currency>(), Ok(currency), "{letters}");
            assert_eq!(currency.exponent(), exponent, "{letters}");
            assert_eq!(currency.to_string(), number);
            assert_eq!(currency.numeric_text(), *number.as_bytes());
            assert_eq!(currency.numeric(), number.parse::<u16>().unwrap());
            assert_eq!(
                serde_json::to_string(&currency).unwrap(),
                format!("\"{number}\"")
            );
        }
    }

    #[test]
    fn what_is_not_a_currency_is_refused() {
        // 999 and 963 are "no currency" and "testing"; 959 is gold: none has minor units.
        for bad in [
            "", "84", "0840", "000", "123", "usd", "US", "US1", "+84", "999", "963", "959",
        ] {
            assert_eq!(bad.parse::<Currency>(), Err(UnknownCurrency), "{bad:?}");
        }
    }

    #[test]
    fn amounts_become_minor_units_or_are_refused() {
        let too_many = |found, allowed| Err(AmountError::TooManyDecimals { found, allowed });
        let table = [
            ("12.50", "USD", Ok(1250)),
            ("12.5", "USD", Ok(1250)),
            ("12", "USD", Ok(1200)),
            ("-0.01", "USD", Ok(-1)),
            ("0", "USD", Ok(0)),
            ("12.345", "USD", too_many(3, 2)),
            ("12.500", "USD", too_many(3, 2)),
            ("500", "JPY", Ok(500)),
            ("500.0", "JPY", too_many(1, 0)),
            ("1.234", "KWD", Ok(1234)),
            ("1.2345", "CLF", Ok(12345)),
            ("92233720368547758.07", "USD", Ok(i64::MAX)),
            ("-92233720368547758.08", "USD", Ok(i64::MIN)),
            ("92233720368547758.08", "USD", Err(AmountError::Overflow)),
            (
                "79228162514264337593543950335",
                "CLF",
                Err(AmountError::Overflow),
            ),
        ];
        for (amount, currency, expected) in table {
            let found = minor_units(amount.parse().unwrap(), currency.parse().unwrap());
            assert_eq!(found, expected, "{amount} {currency}");
        }
    }
}
