//! Decimal numbers of documents, which are texts so that no digit is lost: amounts in units of a
//! currency, percentages, rates.

use rust_decimal::Decimal;

use super::given::Given;
use super::report::Report;
use crate::{Currency, minor_units};

/// A decimal of digits with at most one point, not negative, that may be missing.
pub(super) fn decimal(
    report: &mut Report<'_>,
    given: Given<String>,
    key: &str,
    right: &str,
) -> Option<Decimal> {
    let text = report.optional(given, key, right)?;
    // The parser takes signs, underscores and a leading point as well.
    let plain = text
        .bytes()
        .next()
        .is_some_and(|byte| byte.is_ascii_digit())
        && text
            .bytes()
            .all(|byte| byte.is_ascii_digit() || byte == b'.');
    let decimal = Decimal::from_str_exact(&text).ok().filter(|_| plain);
    if decimal.is_none() {
        report.error(key, format!("{text:?} is not a decimal; write {right}"));
    }
    decimal
}

/// An amount in units of a currency, in minor units; may be missing.
pub(super) fn amount(
    report: &mut Report<'_>,
    given: Given<String>,
    key: &str,
    currency: Currency,
) -> Option<i64> {
    let amount = decimal(report, given, key, RIGHT_AMOUNT)?;
    in_minor_units(report, amount, key, currency)
}

/// An amount that may be below zero, with a sign or without; may be missing.
pub(super) fn signed_amount(
    report: &mut Report<'_>,
    given: Given<String>,
    key: &str,
    currency: Currency,
) -> Option<i64> {
    let text = report.optional(given, key, RIGHT_AMOUNT)?;
    let size = text.trim_start_matches(['+', '-']);
    let signs = text.len().checked_sub(size.len())?;
    let given = if signs > 1 { &text } else { size };
    let amount = decimal(report, Given::Good(given.to_owned()), key, RIGHT_AMOUNT)?;
    let minor = in_minor_units(report, amount, key, currency)?;
    if text.starts_with('-') {
        minor.checked_neg()
    } else {
        Some(minor)
    }
}

const RIGHT_AMOUNT: &str = "an amount in units of the currency as text, such as \"5000.00\"";

fn in_minor_units(
    report: &mut Report<'_>,
    amount: Decimal,
    key: &str,
    currency: Currency,
) -> Option<i64> {
    match minor_units(amount, currency) {
        Ok(minor) => Some(minor),
        Err(error) => {
            report.error(key, format!("{error}; write {RIGHT_AMOUNT}"));
            None
        }
    }
}

/// A percentage in hundredths of a percent; may be missing.
pub(super) fn hundredths(
    report: &mut Report<'_>,
    given: Given<String>,
    key: &str,
    most_hundredths: i64,
) -> Option<i64> {
    let most = Decimal::new(most_hundredths, 2).normalize();
    let right = format!("a percentage up to {most} with at most two decimals, such as \"20.00\"");
    let percentage = decimal(report, given, key, &right)?.normalize();
    let hundredths = 2_u32
        .checked_sub(percentage.scale())
        .and_then(|missing| percentage.mantissa().checked_mul(10_i128.pow(missing)))
        .and_then(|hundredths| i64::try_from(hundredths).ok())
        .filter(|hundredths| *hundredths <= most_hundredths);
    if hundredths.is_none() {
        report.error(key, format!("{percentage} is not one; write {right}"));
    }
    hundredths
}
