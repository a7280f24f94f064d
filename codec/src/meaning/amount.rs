//! Amounts with their currency.
//!
//! Owns where the decimal point stands, by ISO 4217. Must never round, nor serve a decision: networks have exponents of
//! their own for some currencies.

use super::number;
use crate::currency_amount::CurrencyAmount;

/// The amount as people write it: `123.45 BRL`. `None` without digits, or in a currency that is not known.
pub(crate) fn in_currency(amount: &str, currency: &str) -> Option<String> {
    let known = match number(currency.get(currency.len().saturating_sub(3)..)?) {
        Some(number) => iso_currency::Currency::from_numeric(number),
        None => iso_currency::Currency::from_code(currency),
    }?;
    let exponent = known.exponent().unwrap_or_default();
    let units: u64 = digits(amount)?;
    Some(format!(
        "{} {}",
        scaled(units, exponent.into()),
        known.code()
    ))
}

/// The same of an amount that carries its currency, as in the 2003 edition.
pub(super) fn with_currency(value: &str) -> Option<String> {
    let amount = CurrencyAmount::parse(value).ok()?;
    let currency = std::str::from_utf8(&amount.currency).ok()?;
    let known = iso_currency::Currency::from_numeric(number(currency)?)?;
    let scaled = scaled(amount.amount, amount.exponent.into());
    Some(format!("{scaled} {}", known.code()))
}

fn digits(text: &str) -> Option<u64> {
    let all = text.bytes().all(|byte| byte.is_ascii_digit());
    all.then(|| text.parse().ok()).flatten()
}

/// With so many decimals.
fn scaled(units: u64, decimals: usize) -> String {
    if decimals == 0 {
        return units.to_string();
    }
    let width = decimals.saturating_add(1);
    let mut text = format!("{units:0width$}");
    text.insert(text.len().saturating_sub(decimals), '.');
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_point_stands_where_the_currency_has_it() {
        for (amount, currency, expected) in [
            ("000000012345", "986", Some("123.45 BRL")),
            ("000000000005", "0978", Some("0.05 EUR")),
            ("000000012345", "392", Some("12345 JPY")),
            ("000000012345", "048", Some("12.345 BHD")),
            ("000000000000", "USD", Some("0.00 USD")),
            ("000000012345", "000", None),
            ("************", "986", None),
            ("", "986", None),
        ] {
            assert_eq!(
                in_currency(amount, currency).as_deref(),
                expected,
                "{amount} {currency}"
            );
        }
        assert_eq!(
            with_currency("9862000000012345").as_deref(),
            Some("123.45 BRL")
        );
        assert_eq!(with_currency("986200000001234X"), None);
    }
}
