//! Amounts that carry their currency, of the 2003 edition.
//!
//! Owns the digits: currency 3, exponent 1, amount 8 or more. Must never convert one currency into another, or scale an
//! amount.

/// An amount with its currency and exponent (DE4, 5, 6, 8 and parts of DE30 in the 2003 edition).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct CurrencyAmount {
    /// ISO 4217 numeric currency, three ASCII digits.
    pub currency: [u8; 3],
    /// Decimals of the amount, 0..=9.
    pub exponent: u8,
    /// Amount in units of ten to the power of minus `exponent`.
    pub amount: u64,
}

/// Not an amount with a currency.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an amount with a currency is 5 to 20 digits: currency 3, exponent 1, amount")]
pub struct InvalidCurrencyAmount;

/// Most digits of the amount itself.
const MOST_AMOUNT_DIGITS: usize = 16;

impl CurrencyAmount {
    /// Reads the digits of an element: 16 in DE4, 5 and 6, 12 in DE8.
    ///
    /// # Errors
    /// [`InvalidCurrencyAmount`] for another length or character.
    pub fn parse(text: &str) -> Result<Self, InvalidCurrencyAmount> {
        Self::split(text.as_bytes()).ok_or(InvalidCurrencyAmount)
    }

    /// The digits, the amount in `amount_digits` of them: 12 in DE4, 5 and 6, 8 in DE8.
    ///
    /// # Errors
    /// [`InvalidCurrencyAmount`] when the amount does not fit, or currency and exponent are not digits.
    pub fn format(&self, amount_digits: usize) -> Result<String, InvalidCurrencyAmount> {
        let currency =
            std::str::from_utf8(&self.currency).map_err(|_not_text| InvalidCurrencyAmount)?;
        let text = format!("{currency}{}{:0amount_digits$}", self.exponent, self.amount);
        match Self::parse(&text) {
            Ok(read) if read == *self && text.len() == amount_digits.saturating_add(4) => Ok(text),
            _ => Err(InvalidCurrencyAmount),
        }
    }

    fn split(digits: &[u8]) -> Option<Self> {
        let (currency, rest) = digits.split_first_chunk::<3>()?;
        let (exponent, amount) = rest.split_first()?;
        let whole = (1..=MOST_AMOUNT_DIGITS).contains(&amount.len());
        if !whole || !digits.iter().all(u8::is_ascii_digit) {
            return None;
        }
        Some(Self {
            currency: *currency,
            exponent: exponent & 0xF,
            amount: std::str::from_utf8(amount).ok()?.parse().ok()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_go_both_ways() {
        let amount = CurrencyAmount {
            currency: *b"840",
            exponent: 2,
            amount: 12_345,
        };
        assert_eq!(CurrencyAmount::parse("8402000000012345"), Ok(amount));
        assert_eq!(amount.format(12).as_deref(), Ok("8402000000012345"));
        assert_eq!(CurrencyAmount::parse("840200012345"), Ok(amount));
        assert_eq!(amount.format(8).as_deref(), Ok("840200012345"));
        assert_eq!(
            CurrencyAmount::parse("39200").map(|amount| amount.exponent),
            Ok(0)
        );
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        for bad in [
            "",
            "8402",
            "840X00012345",
            "84020001234+",
            "840299999999999999999",
        ] {
            assert_eq!(
                CurrencyAmount::parse(bad),
                Err(InvalidCurrencyAmount),
                "{bad}"
            );
        }
        let amount = CurrencyAmount {
            currency: *b"840",
            exponent: 2,
            amount: 123_456_789,
        };
        assert_eq!(amount.format(8), Err(InvalidCurrencyAmount));
        let exponent = CurrencyAmount {
            exponent: 10,
            ..amount
        };
        assert_eq!(exponent.format(12), Err(InvalidCurrencyAmount));
        let currency = CurrencyAmount {
            currency: *b"US$",
            ..amount
        };
        assert_eq!(currency.format(12), Err(InvalidCurrencyAmount));
    }
}
