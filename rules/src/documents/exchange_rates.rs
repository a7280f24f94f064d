//! `exchange-rates.toml`: what amounts in other currencies are worth, for programs that convert.

use super::decimals::{decimal, hundredths};
use super::given::{Given, table};
use super::lines::join;
use super::report::Report;
use super::{Document, RuleError};
use crate::snapshot::Tables;
use crate::{Currency, ExchangeRate};

table! {
    /// Exchange rates, one per pair of currencies.
    ExchangeRatesTable {
        /// The rates.
        required rates: Vec<Given<RateTable>>,
    }
}

table! {
    /// What one unit of a currency is worth in another. The way back is a rate of its own.
    RateTable {
        /// The currency that is converted, ISO 4217.
        required from: Currency,
        /// The currency of the result, ISO 4217.
        required to: Currency,
        /// What one unit of `from` is worth, as text, such as "1.0834"; at most 14 digits, 12 of them
        /// decimals.
        required rate: String,
        /// What is added to the result, as text, in percent, such as "1.50"; at most 100.
        optional markup_percentage: String,
    }
}

/// A rate is below this without its point, so that every amount times it can be written.
const RATE_DIGITS_BELOW: i64 = 100_000_000_000_000;
const RATE_DECIMALS_MAX: u32 = 12;
/// Highest markup, in hundredths of a percent.
const MARKUP_HUNDREDTHS_MAX: i64 = 10_000;

/// Checks the file and adds its rates.
pub(super) fn read(document: &Document, tables: &mut Tables, errors: &mut Vec<RuleError>) {
    let (mut report, table) = Report::open::<ExchangeRatesTable>(document, errors);
    let Some(table) = table else { return };
    let list = report.required(table.rates, "rates", "at least one [[rates]]");
    for (key, table) in report.tables(list.unwrap_or_default(), "rates") {
        let Some(rate) = exchange_rate(&mut report, table, &key) else {
            continue;
        };
        let (from, to) = (rate.from, rate.to);
        if tables.exchange_rates.insert((from, to), rate).is_some() {
            let reason = format!("there is a rate from {from} to {to} already; keep one");
            report.error(&key, reason);
        }
    }
}

fn exchange_rate(report: &mut Report<'_>, table: RateTable, key: &str) -> Option<ExchangeRate> {
    let right = "an ISO 4217 currency such as \"978\" or \"EUR\"";
    let from = report.required(table.from, &join(key, "from"), right);
    let to_key = join(key, "to");
    let to = report.required(table.to, &to_key, right);
    if from.is_some() && from == to {
        report.error(&to_key, "a currency is always worth itself; write another");
    }
    let rate = rate(report, table.rate, &join(key, "rate"));
    let markup_key = join(key, "markup_percentage");
    let has_markup = !table.markup_percentage.is_absent();
    let percentage = table.markup_percentage;
    let markup = hundredths(report, percentage, &markup_key, MARKUP_HUNDREDTHS_MAX);
    let (rate_digits, rate_decimals) = rate?;
    Some(ExchangeRate {
        from: from?,
        to: to?,
        rate_digits,
        rate_decimals,
        markup_hundredths: if has_markup { markup? } else { 0 },
    })
}

/// The digits of a rate, and how many of them are decimals.
fn rate(report: &mut Report<'_>, given: Given<String>, key: &str) -> Option<(i64, u32)> {
    let right = "a rate above 0 as text, such as \"1.0834\"";
    if given.is_absent() {
        report.error(key, format!("missing; write {right}"));
    }
    let rate = decimal(report, given, key, right)?.normalize();
    if rate.is_zero() {
        report.error(key, format!("0 is no rate; write {right}"));
        return None;
    }
    let digits = i64::try_from(rate.mantissa())
        .ok()
        .filter(|digits| *digits < RATE_DIGITS_BELOW && rate.scale() <= RATE_DECIMALS_MAX);
    if digits.is_none() {
        let reason = "too many digits; write at most 14, and at most 12 of them decimals";
        report.error(key, reason);
    }
    Some((digits?, rate.scale()))
}
