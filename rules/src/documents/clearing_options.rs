//! `clearing` in `authorization-options/*.toml`: what a clearing may differ in, and what then becomes of it
//! (clearing rules).

use std::collections::{BTreeMap, BTreeSet};
use std::ops::RangeInclusive;

use super::filters::{by_mcc, mcc};
use super::given::{Given, table};
use super::lines::join;
use super::report::Report;
use crate::{ClearingAction, ClearingOptions, ClearingReason};

table! {
    /// How clearings are taken. What is missing is as without it.
    ClearingTable {
        /// Percent that a clearing may be above its authorization, 0 to 1000; default 0.
        optional tolerance_percent: i64,
        /// Percent of certain merchant category codes, such as restaurants, where a tip is added.
        optional tolerance_by_mcc: Vec<Given<ToleranceTable>>,
        /// Days after an authorization in which it may be cleared, 1 to 366; default for ever.
        optional deadline_days: i64,
        /// Merchant category codes whose clearings must find an authorization; default none.
        optional authorization_required_mcc: Vec<Given<String>>,
        /// What becomes of a clearing, by reason: "post", "hold" for the work list, or "reject".
        optional reasons: BTreeMap<String, Given<ClearingAction>>,
    }
}

table! {
    /// Percent that clearings of certain merchant category codes may be above their authorizations.
    ToleranceTable {
        /// Merchant category codes of four digits, each in one entry only.
        required mcc: Vec<Given<String>>,
        /// Percent, 0 to 1000.
        required percent: i64,
    }
}

const PERCENT: RangeInclusive<u16> = 0..=1000;
const DAYS: RangeInclusive<u16> = 1..=366;

/// The options that a table gives, on top of others.
pub(super) fn clearing(
    report: &mut Report<'_>,
    given: Given<ClearingTable>,
    key: &str,
    otherwise: ClearingOptions,
) -> ClearingOptions {
    let mut options = otherwise;
    let Some(table) = report.table(given, key) else {
        return options;
    };
    let percent_key = join(key, "tolerance_percent");
    if let Some(percent) = report.number(table.tolerance_percent, &percent_key, &PERCENT) {
        options.tolerance_percent = percent;
    }
    let tolerances_key = join(key, "tolerance_by_mcc");
    if let Some(by_mcc) = tolerances(report, table.tolerance_by_mcc, &tolerances_key) {
        options.tolerance_percent_by_mcc = by_mcc;
    }
    let days_key = join(key, "deadline_days");
    if let Some(days) = report.number(table.deadline_days, &days_key, &DAYS) {
        options.deadline_days = Some(days);
    }
    let required_key = join(key, "authorization_required_mcc");
    if let Some(codes) = mcc(report, table.authorization_required_mcc, &required_key) {
        options.authorization_required = BTreeSet::from_iter(codes);
    }
    let reasons_key = join(key, "reasons");
    let right = "a table such as { DIFFERENT_PROCESSING_CODE = \"hold\" }";
    let reasons = report.optional(table.reasons, &reasons_key, right);
    for (name, action) in reasons.unwrap_or_default() {
        let key = join(&reasons_key, &name);
        let right = "\"post\", \"hold\" or \"reject\"";
        let action = report.required(action, &key, right);
        if let Some(reason) = reason(report, &key, &name)
            && let Some(action) = action
        {
            options.actions.insert(reason, action);
        }
    }
    options
}

/// The reason of a name, if a document may say what becomes of it.
fn reason(report: &mut Report<'_>, key: &str, name: &str) -> Option<ClearingReason> {
    let mut reasons = ClearingReason::ALL.into_iter();
    let reason = reasons.find(|reason| reason.as_str() == name);
    match reason {
        Some(reason) if reason.is_configurable() => return Some(reason),
        Some(_) => report.error(key, "is always held for the work list; leave it out"),
        None => {
            let known = ClearingReason::ALL.into_iter();
            let known = known.filter(|reason| reason.is_configurable());
            let known: Vec<_> = known.map(ClearingReason::as_str).collect();
            let known = known.join(", ");
            report.error(key, format!("unknown reason; the reasons are {known}"));
        }
    }
    None
}

fn tolerances(
    report: &mut Report<'_>,
    list: Given<Vec<Given<ToleranceTable>>>,
    key: &str,
) -> Option<BTreeMap<u16, u16>> {
    let right = "a list such as [{ mcc = [\"5812\"], percent = 20 }]";
    let split = |table: ToleranceTable| (table.mcc, table.percent);
    by_mcc(report, (list, key, right), split, |report, percent, key| {
        let percent = report.required_number(percent, &join(key, "percent"), &PERCENT);
        percent.unwrap_or(0)
    })
}
