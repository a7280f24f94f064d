//! The parts of a result: which limits are considered and moved, and on which related accounts
//! (balance-configuration API, results).

use std::ops::RangeInclusive;

use super::Known;
use super::given::{Given, table};
use super::lines::join;
use super::report::Report;
use crate::{
    AccountId, Confirmation, ConsiderName, CounterpartAccount, ImpactAccount, LimitName,
    ProcessingCode,
};

table! {
    /// What moves at the confirmation.
    ConfirmationTable {
        /// Limits moved in the direction of the operation.
        optional impact: Vec<Given<LimitName>>,
        /// Limits moved against it.
        optional opposite_impact: Vec<Given<LimitName>>,
    }
}

table! {
    /// A related account that moves instead.
    ImpactAccountTable {
        /// The account.
        required account_id: i64,
        /// Its holder.
        optional customer_id: i64,
    }
}

table! {
    /// A related account that moves by the same amounts the other way.
    CounterpartAccountTable {
        /// The account.
        required account_id: i64,
        /// The code it moves under, of the opposite direction.
        required processing_code: ProcessingCode,
    }
}

pub(super) const RIGHT_IMPACT: &str = "a list of \"AvailableCreditLimit\", \
     \"AvailableTotalInstallmentCredit\", \"AvailableWithdrawalCredit\", \
     \"AvailableSavingsAccountLimit\", \"AdditionalFunds\", \"HeldFunds\"";
const RIGHT_CONSIDER: &str = "a list of \"AvailableCreditLimit\", \"OverLimit\", \
     \"AvailableSavingsAccountLimit\", \"AvailableWithdrawalCredit\", \
     \"AvailableTotalInstallmentCredit\"";

pub(super) fn consider(
    report: &mut Report<'_>,
    list: Given<Vec<Given<ConsiderName>>>,
    key: &str,
) -> Option<Vec<ConsiderName>> {
    let list = report.optional(list, key, RIGHT_CONSIDER)?;
    // With an unreadable name the list is not absent, which would mean something else.
    let names = report.list(list, key, RIGHT_CONSIDER).unwrap_or_default();
    if names.contains(&ConsiderName::OverLimit)
        && !names.contains(&ConsiderName::AvailableCreditLimit)
    {
        let reason = "OverLimit extends AvailableCreditLimit; list both";
        report.error(key, reason);
    }
    Some(names)
}

pub(super) fn confirmation(
    report: &mut Report<'_>,
    table: Given<ConfirmationTable>,
    key: &str,
) -> Option<Confirmation> {
    let table = report.table(table, key)?;
    let impact = limit_list(report, table.impact, &join(key, "impact"));
    let opposite_key = join(key, "opposite_impact");
    let opposite_impact = limit_list(report, table.opposite_impact, &opposite_key);
    disjoint(report, &impact, &opposite_impact, &opposite_key);
    Some(Confirmation {
        impact,
        opposite_impact,
    })
}

/// A list of limits that may be missing, which is the same as empty.
pub(super) fn limit_list(
    report: &mut Report<'_>,
    list: Given<Vec<Given<LimitName>>>,
    key: &str,
) -> Vec<LimitName> {
    let list = report.optional(list, key, RIGHT_IMPACT).unwrap_or_default();
    report.list(list, key, RIGHT_IMPACT).unwrap_or_default()
}

pub(super) fn disjoint(
    report: &mut Report<'_>,
    impact: &[LimitName],
    opposite_impact: &[LimitName],
    key: &str,
) {
    for limit in opposite_impact
        .iter()
        .filter(|limit| impact.contains(limit))
    {
        report.error(
            key,
            format!("{limit:?} is in impact too; the moves would cancel; keep one"),
        );
    }
}

/// Numbers of accounts and customers: what TOML and the API can write.
const NUMBERS: RangeInclusive<u64> = 1..=i64::MAX.unsigned_abs();

pub(super) fn impact_account(
    report: &mut Report<'_>,
    table: Given<ImpactAccountTable>,
    key: &str,
) -> Option<ImpactAccount> {
    let table = report.table(table, key)?;
    let account = report.required_number(table.account_id, &join(key, "account_id"), &NUMBERS);
    let customer_id = report.number(table.customer_id, &join(key, "customer_id"), &NUMBERS);
    Some(ImpactAccount {
        account_id: AccountId(account?),
        customer_id,
    })
}

pub(super) fn counterpart_account(
    report: &mut Report<'_>,
    table: Given<CounterpartAccountTable>,
    key: &str,
    known: &Known,
) -> Option<CounterpartAccount> {
    let table = report.table(table, key)?;
    let account = report.required_number(table.account_id, &join(key, "account_id"), &NUMBERS);
    let code_key = join(key, "processing_code");
    let right = "a code of processing-codes.toml";
    let processing_code = report.required(table.processing_code, &code_key, right)?;
    if !known.processing_codes.contains(&processing_code) && !known.processing_codes_unsure {
        let reason = format!("{processing_code} is not an operation of processing-codes.toml");
        report.error(&code_key, format!("{reason}; list it there"));
    }
    Some(CounterpartAccount {
        account_id: AccountId(account?),
        processing_code,
    })
}
