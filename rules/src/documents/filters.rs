//! The filters of a balance configuration: given with it, or in a filter template.

use std::collections::BTreeMap;

use super::given::{Given, Table, table};
use super::lines::join;
use super::report::Report;
use super::{ErrorCode, Known};
use crate::{AccountType, Currency, Filters, ProcessingCode};

table! {
    /// Which requests a configuration matches. An absent filter matches everything.
    FiltersTable {
        /// Codes of processing-codes.toml, at least one.
        required processing_codes: Vec<Given<ProcessingCode>>,
        /// Fewest instalments, inclusive, 0 to 99.
        optional min_installments: i64,
        /// Most instalments, inclusive, 0 to 99.
        optional max_installments: i64,
        /// Merchant category codes of four digits.
        optional mcc: Vec<Given<String>>,
        /// Account type of the message.
        optional account_type: AccountType,
        /// Currency of the operation, ISO 4217.
        optional currency_code: Currency,
    }
}

/// Most instalments that can be asked for: two digits.
const INSTALLMENTS_MAX: u8 = 99;
const RIGHT_MCC: &str = "merchant category codes of four digits, such as [\"5411\"]";

/// Checks a table of filters.
pub(super) fn filters(
    report: &mut Report<'_>,
    table: FiltersTable,
    key: &str,
    known: &Known,
) -> Option<Filters> {
    let codes_key = join(key, "processing_codes");
    let right = "at least one code of processing-codes.toml, such as [\"00\"]";
    let list = report.with_code(ErrorCode::Ebcf0320, |report| {
        report.required(table.processing_codes, &codes_key, right)
    });
    let processing_codes =
        list.map(|list| processing_codes(report, list, &codes_key, right, known));

    let installments = &(0..=INSTALLMENTS_MAX);
    let min_key = join(key, "min_installments");
    let min_installments = report.number(table.min_installments, &min_key, installments);
    let max_key = join(key, "max_installments");
    let max_installments = report.number(table.max_installments, &max_key, installments);
    if let (Some(min), Some(max)) = (min_installments, max_installments)
        && min > max
    {
        let reason = format!("{min} is above max_installments {max}; nothing would ever match");
        report.error(&min_key, reason);
    }

    let account_key = join(key, "account_type");
    let right = "\"00\", \"10\", \"20\" or \"30\"";
    let account_type = report.optional(table.account_type, &account_key, right);
    let currency_key = join(key, "currency_code");
    let right = "an ISO 4217 currency such as \"USD\"";
    let currency = report.optional(table.currency_code, &currency_key, right);
    let mcc = mcc(report, table.mcc, &join(key, "mcc"));
    Some(Filters {
        processing_codes: processing_codes?,
        min_installments,
        max_installments,
        mcc,
        account_type,
        currency,
    })
}

fn processing_codes(
    report: &mut Report<'_>,
    list: Vec<Given<ProcessingCode>>,
    key: &str,
    right: &str,
    known: &Known,
) -> Vec<ProcessingCode> {
    if list.is_empty() {
        let reason = format!("empty; write {right}");
        report.error_of_code(ErrorCode::Ebcf0320, key, reason);
    }
    let codes = report.list(list, key, "2 to 6 letters or digits, such as \"00\"");
    let codes = codes.unwrap_or_default();
    for code in &codes {
        if known.reversal_codes.contains(code) {
            let reason = format!("{code} is a reversal code; reversals undo what was recorded");
            report.error(key, format!("{reason}; leave it out"));
        } else if !known.processing_codes.contains(code) && !known.processing_codes_unsure {
            let reason = format!("{code} is not in processing-codes.toml; list it there");
            report.error(key, reason);
        }
    }
    codes
}

/// Merchant category codes, each once. `None` when there is no list.
pub(super) fn mcc(
    report: &mut Report<'_>,
    list: Given<Vec<Given<String>>>,
    key: &str,
) -> Option<Vec<u16>> {
    let right = RIGHT_MCC;
    let list = report.optional(list, key, right)?;
    if list.is_empty() {
        report.error(
            key,
            format!("empty, so nothing would ever match; write {right}"),
        );
    }
    let mut codes = Vec::new();
    for (index, given) in list.into_iter().enumerate() {
        let key = format!("{key}[{index}]");
        let Some(text) = report.optional(given, &key, right) else {
            continue;
        };
        let digits = text.len() == 4 && text.bytes().all(|byte| byte.is_ascii_digit());
        match text.parse::<u16>() {
            Ok(code) if digits && codes.contains(&code) => {
                report.error(&key, "listed twice; write it once");
            }
            Ok(code) if digits => codes.push(code),
            Ok(_) | Err(_) => {
                report.error(&key, format!("{text:?} is not four digits; write {right}"));
            }
        }
    }
    Some(codes)
}

/// A list of tables that each name merchant category codes and what is said of these, by code. `list` comes
/// with its key and how it is written; `split` takes the codes out of a table, `read` reads the rest of it at its key.
pub(super) fn by_mcc<T: Table, R, V: Copy>(
    report: &mut Report<'_>,
    (list, key, right): (Given<Vec<Given<T>>>, &str, &str),
    split: impl Fn(T) -> (Given<Vec<Given<String>>>, R),
    read: impl Fn(&mut Report<'_>, R, &str) -> V,
) -> Option<BTreeMap<u16, V>> {
    let list = report.optional(list, key, right)?;
    let mut by_mcc = BTreeMap::new();
    for (key, table) in report.tables(list, key) {
        let mcc_key = join(&key, "mcc");
        let (codes, rest) = split(table);
        if codes.is_absent() {
            report.error(&mcc_key, format!("missing; write {RIGHT_MCC}"));
        }
        let codes = mcc(report, codes, &mcc_key).unwrap_or_default();
        let value = read(report, rest, &key);
        for code in codes {
            if by_mcc.insert(code, value).is_some() {
                let reason = format!("{code:04} is in another entry already; write it once");
                report.error(&mcc_key, reason);
            }
        }
    }
    Some(by_mcc)
}
