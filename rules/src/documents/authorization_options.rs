//! `authorization-options/*.toml`: what an authorization may do beside moving limits
//! (authorization-configuration API).

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use super::clearing_options::{ClearingTable, clearing};
use super::filters::by_mcc;
use super::given::{Given, table};
use super::lines::join;
use super::report::Report;
use super::targets::{TargetKeys, target};
use super::{Document, ErrorCode, Known, RuleError};
use crate::authorization_options::OptionsRecord;
use crate::snapshot::Tables;
use crate::{AuthorizationOptions, ExpiryDays, Level, MccDays};

table! {
    /// Options of authorizations by target.
    AuthorizationOptionsTable {
        /// The records, one per target. The most specific one counts as a whole.
        required records: Vec<Given<RecordTable>>,
    }
}

table! {
    /// The options of one target. An option that is missing has its default.
    RecordTable {
        /// Whom it is for.
        required level: Level,
        /// The program, for level program.
        optional program_id: i64,
        /// The account, for level account.
        optional account_id: i64,
        /// The options.
        optional options: OptionsTable,
        /// By BIN of 6 or 8 digits. An option that is missing is that of the record.
        optional override_bins: BTreeMap<String, Given<OptionsTable>>,
    }
}

table! {
    /// Options of an authorization.
    OptionsTable {
        /// Decline everything; default false.
        optional deny_all_authorizations: bool,
        /// Where the issuer decides itself; default empty: it does not.
        optional zero_balance_url: String,
        /// The verdict of the anti-fraud service counts; default false.
        optional should_use_anti_fraud_decision: bool,
        /// Its response code is used; default false.
        optional use_anti_fraud_response_code: bool,
        /// An unavailable anti-fraud service approves instead of rejecting; default false.
        optional approve_anti_fraud_unavailable: bool,
        /// It is called for cancellations too; default false.
        optional call_anti_fraud_when_cancelling: bool,
        /// A part of the amount may be approved; default false.
        optional enabled_partial_authorization: bool,
        /// Decline dynamic currency conversion; default false.
        optional disable_dcc: bool,
        /// With dynamic currency conversion, rates are of the local currency; default false.
        optional use_local_amount_when_dcc: bool,
        /// International clearing takes the settlement amount of the clearing record; default false.
        optional use_settlement_from_network: bool,
        /// Rates and fees come from their models; default false.
        optional use_rates_fee_models: bool,
        /// Limits and rules are asked even where the request is declined already; default false.
        optional always_call_ledger_rules: bool,
        /// Days after which an uncleared pre-authorization is dropped, 1 to 60; default 10.
        optional days_to_cancel_pre_authorization: i64,
        /// Days after which another uncleared authorization is dropped, 1 to 60; default 10.
        optional days_to_cancel_authorization: i64,
        /// Days of certain merchant category codes.
        optional days_by_mcc: Vec<Given<DaysByMccTable>>,
        /// The same for migrated pre-authorizations.
        optional days_to_cancel_pre_authorization_migration: i64,
        /// The same for other migrated authorizations.
        optional days_to_cancel_authorization_migration: i64,
        /// How clearings are taken.
        optional clearing: ClearingTable,
    }
}

table! {
    /// Days of certain merchant category codes, such as hotels. What is missing is as without it.
    DaysByMccTable {
        /// Merchant category codes of four digits, each in one entry only.
        required mcc: Vec<Given<String>>,
        /// Days after which an uncleared pre-authorization is dropped, 1 to 60.
        optional days_to_cancel_pre_authorization: i64,
        /// Days after which another uncleared authorization is dropped, 1 to 60.
        optional days_to_cancel_authorization: i64,
    }
}

/// Longest address of an issuer's decision, in characters.
const URL_CHARACTERS: usize = 500;
/// Days after which something uncleared may be dropped.
const DAYS: RangeInclusive<u8> = 1..=60;
const PRE_AUTHORIZATION: &str = "days_to_cancel_pre_authorization";
const AUTHORIZATION: &str = "days_to_cancel_authorization";

/// Checks one file and adds its records.
pub(super) fn read(
    document: &Document,
    known: &Known,
    tables: &mut Tables,
    errors: &mut Vec<RuleError>,
) {
    let (mut report, table) = Report::open::<AuthorizationOptionsTable>(document, errors);
    let Some(table) = table else { return };
    let right = "at least one [[records]]";
    let list = report.required(table.records, "records", right);
    for (key, table) in report.tables(list.unwrap_or_default(), "records") {
        let keys = TargetKeys {
            level: table.level,
            program_id: table.program_id,
            account_id: table.account_id,
        };
        let target = target(&mut report, keys, &key, known);
        let options_key = join(&key, "options");
        let given = report
            .table(table.options, &options_key)
            .unwrap_or_default();
        let defaults = AuthorizationOptions::default();
        let options = options(
            &mut report,
            given,
            &options_key,
            defaults,
            ErrorCode::Wntc0031,
        );
        let bins_key = join(&key, "override_bins");
        let override_bins = override_bins(&mut report, table.override_bins, &bins_key, &options);
        let Some(target) = target else { continue };
        let record = OptionsRecord {
            options,
            override_bins,
            file: document.path.clone(),
            line: report.line(&key),
            key: key.clone(),
        };
        if let Some(other) = tables.authorization_options.insert(target, record) {
            let reason = format!("{target} has a record in {} already; keep one", other.file);
            report.error(&key, reason);
        }
    }
}

fn override_bins(
    report: &mut Report<'_>,
    table: Given<BTreeMap<String, Given<OptionsTable>>>,
    key: &str,
    record: &AuthorizationOptions,
) -> BTreeMap<String, AuthorizationOptions> {
    let right = "a table of BINs";
    let mut bins = BTreeMap::new();
    for (bin, given) in report.optional(table, key, right).unwrap_or_default() {
        let key = join(key, &bin);
        let digits = bin.bytes().all(|byte| byte.is_ascii_digit());
        if !digits || ![6, 8].contains(&bin.len()) {
            report.error(&key, "not a BIN; write 6 or 8 digits");
        }
        let Some(table) = report.table(given, &key) else {
            continue;
        };
        let options = options(report, table, &key, record.clone(), ErrorCode::Wntc0032);
        bins.insert(bin, options);
    }
    bins
}

/// Takes the flags that a table gives; the others stay.
macro_rules! take_flags {
    ($report:ident, $key:ident, $table:ident, $options:ident: $($name:ident)+) => {
        $(if let Some(value) = $report.optional(
            $table.$name,
            &join($key, stringify!($name)),
            "true or false",
        ) {
            $options.$name = value;
        })+
    };
}

/// The options a table gives, on top of others.
fn options(
    report: &mut Report<'_>,
    table: OptionsTable,
    key: &str,
    otherwise: AuthorizationOptions,
    dcc_code: ErrorCode,
) -> AuthorizationOptions {
    let mut options = otherwise;
    take_flags!(report, key, table, options:
        deny_all_authorizations
        should_use_anti_fraud_decision
        use_anti_fraud_response_code
        approve_anti_fraud_unavailable
        call_anti_fraud_when_cancelling
        enabled_partial_authorization
        disable_dcc
        use_local_amount_when_dcc
        use_settlement_from_network
        use_rates_fee_models
        always_call_ledger_rules
    );
    let url_key = join(key, "zero_balance_url");
    let right = "an https address, or \"\" for none";
    if let Some(url) = report.optional(table.zero_balance_url, &url_key, right) {
        let https = url.starts_with("https://") && url.chars().count() <= URL_CHARACTERS;
        if !url.is_empty() && !https {
            let reason = format!("not an https address of at most {URL_CHARACTERS} characters");
            report.error(&url_key, format!("{reason}; write {right}"));
        }
        options.zero_balance_url = url;
    }
    if options.disable_dcc && options.use_local_amount_when_dcc {
        let reason = "disable_dcc and use_local_amount_when_dcc exclude each other; keep one";
        report.error_of_code(dcc_code, key, reason);
    }
    let clearing_key = join(key, "clearing");
    options.clearing = clearing(report, table.clearing, &clearing_key, options.clearing);
    let days_key = join(key, "days_by_mcc");
    if let Some(days) = days_by_mcc(report, table.days_by_mcc, &days_key) {
        options.days_by_mcc = days;
    }
    let mut days = |given, name: &str, otherwise: u8| {
        report
            .number(given, &join(key, name), &DAYS)
            .unwrap_or(otherwise)
    };
    let other = options.expiry;
    options.expiry = ExpiryDays {
        pre_authorization: days(
            table.days_to_cancel_pre_authorization,
            PRE_AUTHORIZATION,
            other.pre_authorization,
        ),
        authorization: days(
            table.days_to_cancel_authorization,
            AUTHORIZATION,
            other.authorization,
        ),
        pre_authorization_migration: days(
            table.days_to_cancel_pre_authorization_migration,
            "days_to_cancel_pre_authorization_migration",
            other.pre_authorization_migration,
        ),
        authorization_migration: days(
            table.days_to_cancel_authorization_migration,
            "days_to_cancel_authorization_migration",
            other.authorization_migration,
        ),
    };
    options
}

/// The days by merchant category code. In an override of a BIN they take the place of the record's.
fn days_by_mcc(
    report: &mut Report<'_>,
    list: Given<Vec<Given<DaysByMccTable>>>,
    key: &str,
) -> Option<BTreeMap<u16, MccDays>> {
    let right = "a list such as [{ mcc = [\"7011\"], days_to_cancel_pre_authorization = 30 }]";
    let split = |table: DaysByMccTable| {
        let pre_authorization = table.days_to_cancel_pre_authorization;
        (
            table.mcc,
            (pre_authorization, table.days_to_cancel_authorization),
        )
    };
    by_mcc(report, (list, key, right), split, |report, given, key| {
        let mut days = |given, name| report.number(given, &join(key, name), &DAYS);
        MccDays {
            pre_authorization: days(given.0, PRE_AUTHORIZATION),
            authorization: days(given.1, AUTHORIZATION),
        }
    })
}
