//! The table of response codes of a network: reason, denial code, DE39, and what a merchant is told
//! about trying again. Complete, or refused.

use std::collections::BTreeMap;

use super::given::{Given, table};
use super::lines::join;
use super::report::Report;
use crate::network::Answer;
use crate::{MerchantAdviceCode, Reason, ResponseCode, RetryCategory};

table! {
    /// One line of the table of response codes.
    AnswerTable {
        /// DE39.
        required response_code: ResponseCode,
        /// The issuer's own code, 1 to 3 letters or digits, for events and reports.
        optional denial_code: String,
        /// Whether a merchant may try again. All reasons have one, or none has.
        optional retry_category: RetryCategory,
        /// What a merchant should do (DE48 subelement 84), two digits.
        optional merchant_advice_code: MerchantAdviceCode,
    }
}

/// One answer per reason, in the order of the reasons.
pub(super) fn answers(
    report: &mut Report<'_>,
    table: Given<BTreeMap<String, Given<AnswerTable>>>,
) -> Option<[Answer; Reason::ALL.len()]> {
    let right = "a table with one line per reason";
    let mut table = report.required(table, "response_codes", right)?;
    let mut answers = Vec::new();
    for reason in Reason::ALL {
        let key = join("response_codes", reason.as_str());
        match table.remove(reason.as_str()) {
            None => report.error(&key, "missing; write { response_code = \"..\" }"),
            Some(given) => answers.extend(answer(report, given, &key)),
        }
    }
    all_or_no_retry_categories(report, &answers);
    for name in table.keys() {
        let known = Reason::ALL.map(Reason::as_str).join(", ");
        report.error(
            &join("response_codes", name),
            format!("not a reason; the reasons are {known}"),
        );
    }
    answers.try_into().ok()
}

fn answer(report: &mut Report<'_>, given: Given<AnswerTable>, key: &str) -> Option<Answer> {
    let table = report.table(given, key)?;
    let code_key = join(key, "response_code");
    let right = "two letters or digits, such as \"05\"";
    let response_code = report.required(table.response_code, &code_key, right);
    if let Some(code) = response_code.filter(|code| code.is_approval()) {
        let reason = format!("{code} is an approval; write the code of a decline");
        report.error(&code_key, reason);
    }
    let denial_key = join(key, "denial_code");
    let right = "1 to 3 letters or digits, such as \"810\"";
    let denial_code = report.optional(table.denial_code, &denial_key, right);
    if let Some(code) = &denial_code {
        let well_formed =
            (1..=3).contains(&code.len()) && code.bytes().all(|byte| byte.is_ascii_alphanumeric());
        if !well_formed {
            report.error(
                &denial_key,
                format!("{code:?} is not a denial code; write {right}"),
            );
        }
    }
    let right = "\"never\", \"later\", \"correct_data\" or \"unspecified\"";
    let category_key = join(key, "retry_category");
    let retry_category = report.optional(table.retry_category, &category_key, right);
    let advice_key = join(key, "merchant_advice_code");
    let advice_right = "two digits, such as \"03\"";
    let merchant_advice_code =
        report.optional(table.merchant_advice_code, &advice_key, advice_right);
    let advised = merchant_advice_code.and_then(MerchantAdviceCode::retry_category);
    if let (Some(code), Some(advised), Some(category)) =
        (merchant_advice_code, advised, retry_category)
        && advised != category
    {
        let reason = format!(
            "{code} says {}, retry_category {}; make them agree",
            advised.as_str(),
            category.as_str()
        );
        report.error(&advice_key, reason);
    }
    Some(Answer {
        response_code: response_code?,
        denial_code,
        retry_category,
        merchant_advice_code,
    })
}

/// A network that speaks of trying again does so for every reason.
fn all_or_no_retry_categories(report: &mut Report<'_>, answers: &[Answer]) {
    if answers.len() != Reason::ALL.len() {
        return;
    }
    let without: Vec<&str> = answers
        .iter()
        .zip(Reason::ALL)
        .filter(|(answer, _)| answer.retry_category.is_none())
        .map(|(_, reason)| reason.as_str())
        .collect();
    if !without.is_empty() && without.len() != answers.len() {
        let reason = format!(
            "retry_category is given for some reasons only; write it for {} too",
            without.join(", ")
        );
        report.error("response_codes", reason);
    }
}
