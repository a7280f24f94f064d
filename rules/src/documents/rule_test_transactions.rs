//! The transactions of a rule test, and what must come of each.

use std::collections::BTreeMap;

use super::decimals::{amount, signed_amount};
use super::given::{Given, table};
use super::lines::join;
use super::report::Report;
use crate::rule_test::{Expected, TestAccount, TestTransaction, World};
use crate::{
    AccountId, AccountType, Currency, Deltas, LimitName, NetworkId, ProcessingCode, Reason,
    Snapshot,
};

table! {
    /// A transaction. Amounts are texts in units of a currency, such as "12.50".
    TransactionTable {
        /// What it is, at most 100 characters.
        required name: String,
        /// The number of its account; default: the first.
        optional account: i64,
        /// The name of the network it comes from, whose table of processing codes counts.
        optional network: String,
        /// Its code; with a network DE3 positions 1-2.
        required processing_code: ProcessingCode,
        /// Its amount, in its currency.
        required amount: String,
        /// Its currency, ISO 4217; default: the account's.
        optional currency: Currency,
        /// The part of the amount that is handed out in cash, in its currency.
        optional cashback_amount: String,
        /// With interest and fees, in the account's currency; default: the amount.
        optional contract_amount: String,
        /// One instalment, in the account's currency; default: the amount divided.
        optional installment_amount: String,
        /// Number of instalments, 1 to 99; default 1.
        optional installments: i64,
        /// Merchant category code of four digits.
        optional mcc: String,
        /// Account type of the message; default "00".
        optional account_type: AccountType,
        /// Name of the merchant.
        optional merchant_name: String,
        /// The merchant's number, DE42.
        optional merchant_id: String,
        /// How the card was read, DE22.
        optional entry_mode: String,
        /// When it is decided, such as "2026-01-15T12:00:00Z", which is the default: for flex controls.
        optional at: String,
        /// Whether it is domestic; default true.
        optional domestic: bool,
        /// Whether the merchant converted the currency; default false.
        optional dcc: bool,
        /// The start of the card number, 6 or 8 digits.
        optional bin: String,
        /// What must come of it.
        required expect: ExpectTable,
    }
}

table! {
    /// What must come of a transaction.
    ExpectTable {
        /// "approved", or the reason it is declined for.
        required decision: String,
        /// What moves on its account, by limit, such as { AvailableCreditLimit = "-12.50" }. What is
        /// not named must not move.
        optional deltas: BTreeMap<String, Given<String>>,
        /// The same for other accounts, by number.
        optional accounts: BTreeMap<String, Given<BTreeMap<String, Given<String>>>>,
        /// What moves at the confirmation. Missing: not asked.
        optional confirmation: BTreeMap<String, Given<String>>,
        /// The code after mapping. Missing: not asked.
        optional processing_code: ProcessingCode,
        /// The name of the flex control that denies. Missing: not asked.
        optional control: String,
        /// Its denial code. Missing: not asked.
        optional deny_code: String,
        /// The name of the configuration that decides. Missing: not asked.
        optional configuration: String,
        /// The order of the scenario that holds. Missing: not asked.
        optional scenario: i64,
    }
}

/// Longest name of a transaction, of a merchant and of a configuration, in characters.
const NAME_CHARACTERS: usize = 100;
const INSTALLMENTS_MAX: u8 = 99;
const RIGHT_CODE: &str = "2 to 6 letters or digits, such as \"00\"";
const RIGHT_DELTAS: &str = "a table such as { AvailableCreditLimit = \"-12.50\" }";

/// Checks one transaction.
pub(super) fn transaction(
    report: &mut Report<'_>,
    table: TransactionTable,
    key: &str,
    rules: &Snapshot,
    world: &World,
    first: AccountId,
) -> Option<TestTransaction> {
    let at = |name: &str| join(key, name);
    demand(report, &table, key);
    let name = report.text(table.name, &at("name"), NAME_CHARACTERS);
    let account = account(report, table.account, &at("account"), world, first);
    let network = network(report, table.network, &at("network"), rules);
    let code = report.required(table.processing_code, &at("processing_code"), RIGHT_CODE);
    let right = "an ISO 4217 currency such as \"USD\"";
    let currency = report.optional(table.currency, &at("currency"), right);
    let installments = &(1..=INSTALLMENTS_MAX);
    let installments = report.number(table.installments, &at("installments"), installments);
    let mcc = mcc(report, table.mcc, &at("mcc"));
    let right = "\"00\", \"10\", \"20\" or \"30\"";
    let account_type = report.optional(table.account_type, &at("account_type"), right);
    let merchant = report.optional(table.merchant_name, &at("merchant_name"), "a text");
    let merchant_id = report.optional(table.merchant_id, &at("merchant_id"), "a text");
    let entry_mode = report.optional(
        table.entry_mode,
        &at("entry_mode"),
        "a text such as \"051\"",
    );
    let at_us = instant(report, table.at, &at("at"));
    let domestic = report.optional(table.domestic, &at("domestic"), "true or false");
    let dcc = report.optional(table.dcc, &at("dcc"), "true or false");
    let bin = report.optional(table.bin, &at("bin"), "6 or 8 digits");
    let expect = report.table(table.expect, &at("expect"));
    let (id, account) = account?;
    let own = account.currency;
    let currency = currency.unwrap_or(own);
    let amount_minor = amount(report, table.amount, &at("amount"), currency);
    let cashback_key = at("cashback_amount");
    let cashback_minor = amount(report, table.cashback_amount, &cashback_key, currency);
    let contract_minor = amount(report, table.contract_amount, &at("contract_amount"), own);
    let installment_key = at("installment_amount");
    let installment_minor = amount(report, table.installment_amount, &installment_key, own);
    if cashback_minor.is_some() && (contract_minor.is_some() || installment_minor.is_some()) {
        let reason = "with a cash part the amount is divided; leave the other amounts out";
        report.error(&cashback_key, reason);
    }
    let expected = expected(report, expect?, &at("expect"), world, (id, account));
    Some(TestTransaction {
        line: report.line(key),
        name: name?,
        account: id,
        network,
        processing_code: code?,
        amount_minor: amount_minor?,
        currency,
        cashback_minor,
        contract_minor,
        installment_minor,
        installments: installments.unwrap_or(1),
        mcc,
        account_type: account_type.unwrap_or(AccountType::Unspecified),
        merchant_name: merchant,
        merchant_id,
        entry_mode,
        at_us,
        is_domestic: domestic.unwrap_or(true),
        is_dcc: dcc.unwrap_or(false),
        bin,
        expected: expected?,
    })
}

/// The account of a transaction: that of the number, or the first.
fn account<'a>(
    report: &mut Report<'_>,
    given: Given<i64>,
    key: &str,
    world: &'a World,
    first: AccountId,
) -> Option<(AccountId, &'a TestAccount)> {
    let id = match given.is_absent() {
        true => first,
        false => AccountId(report.required_number(given, key, &(1..=u64::MAX))?),
    };
    let found = world.account(id);
    if found.is_none() {
        report.error(key, NO_ACCOUNT);
    }
    Some((id, found?))
}

/// What a transaction must have beside what is read at once.
fn demand(report: &mut Report<'_>, table: &TransactionTable, key: &str) {
    if table.amount.is_absent() {
        let reason = "missing; write an amount such as \"12.50\"";
        report.error(&join(key, "amount"), reason);
    }
    if table.expect.is_absent() {
        let reason = "missing; write expect = { decision = \"approved\", .. }";
        report.error(&join(key, "expect"), reason);
    }
}

/// A time; the default where there is none.
fn instant(report: &mut Report<'_>, given: Given<String>, key: &str) -> i64 {
    let right = "a time such as \"2026-01-15T12:00:00Z\"";
    let Some(text) = report.optional(given, key, right) else {
        return NOON_US;
    };
    match text.parse::<jiff::Timestamp>() {
        Ok(time) => time.as_microsecond(),
        Err(_no_time) => {
            report.error(key, format!("{text:?} is not one; write {right}"));
            NOON_US
        }
    }
}

/// 2026-01-15T12:00:00Z.
const NOON_US: i64 = 1_768_478_400_000_000;

const NO_ACCOUNT: &str = "no account of this file has the number";

fn network(
    report: &mut Report<'_>,
    given: Given<String>,
    key: &str,
    rules: &Snapshot,
) -> Option<NetworkId> {
    let name = report.optional(given, key, "the name of a network")?;
    let network = rules.network_named(&name);
    if network.is_none() {
        let names: Vec<&str> = rules.networks().map(|one| one.name.as_str()).collect();
        let reason = format!("no network {name:?}; the networks are {}", names.join(", "));
        report.error(key, reason);
    }
    Some(network?.id)
}

fn mcc(report: &mut Report<'_>, given: Given<String>, key: &str) -> Option<u16> {
    let right = "four digits, such as \"5411\"";
    let text = report.optional(given, key, right)?;
    let digits = text.len() == 4 && text.bytes().all(|byte| byte.is_ascii_digit());
    let code = text.parse().ok().filter(|_| digits);
    if code.is_none() {
        report.error(key, format!("{text:?} is not one; write {right}"));
    }
    code
}

fn expected(
    report: &mut Report<'_>,
    table: ExpectTable,
    key: &str,
    world: &World,
    (id, account): (AccountId, &TestAccount),
) -> Option<Expected> {
    let decision_key = join(key, "decision");
    let declined = decision(report, table.decision, &decision_key);
    let mut moves = BTreeMap::new();
    let own = deltas(report, table.deltas, &join(key, "deltas"), account);
    moves.extend(own.map(|deltas| (id, deltas)));
    let accounts_key = join(key, "accounts");
    let right = "a table such as { 2 = { AvailableCreditLimit = \"-12.50\" } }";
    let others = report.optional(table.accounts, &accounts_key, right);
    for (number, given) in others.unwrap_or_default() {
        let key = join(&accounts_key, &number);
        let other = number.parse().ok().map(AccountId);
        let other = other.and_then(|other| Some((other, world.account(other)?)));
        match other {
            None => report.error(&key, NO_ACCOUNT),
            Some((other, _)) if other == id => {
                report.error(&key, "the account of the transaction; write deltas");
            }
            Some((other, account)) => {
                let deltas = deltas(report, given, &key, account);
                moves.extend(deltas.map(|deltas| (other, deltas)));
            }
        }
    }
    if matches!(declined, Some(Some(_))) && !moves.is_empty() {
        report.error(key, "a decline moves nothing; leave the moves out");
    }
    let confirmation_key = join(key, "confirmation");
    let confirmation = deltas(report, table.confirmation, &confirmation_key, account);
    let code_key = join(key, "processing_code");
    let processing_code = report.optional(table.processing_code, &code_key, RIGHT_CODE);
    let name_key = join(key, "configuration");
    let configuration = match table.configuration.is_absent() {
        true => None,
        false => report.text(table.configuration, &name_key, NAME_CHARACTERS),
    };
    let words = "a text";
    let control = report.optional(table.control, &join(key, "control"), words);
    let deny_code = report.optional(table.deny_code, &join(key, "deny_code"), words);
    let orders = &(0..=i32::MAX);
    let scenario = report.number(table.scenario, &join(key, "scenario"), orders);
    Some(Expected {
        declined: declined?,
        moves,
        confirmation,
        processing_code,
        control,
        deny_code,
        configuration,
        scenario,
    })
}

/// `Some(None)` for approved.
fn decision(report: &mut Report<'_>, given: Given<String>, key: &str) -> Option<Option<Reason>> {
    let right = "\"approved\", or the reason of a decline, such as \"insufficient_funds\"";
    let text = report.required(given, key, right)?;
    if text == "approved" {
        return Some(None);
    }
    let reason = Reason::ALL.iter().find(|reason| reason.as_str() == text);
    if reason.is_none() {
        let reasons = Reason::PRECEDENCE.map(Reason::as_str).join(", ");
        let problem = format!("{text:?} is not a decision; write \"approved\" or one of {reasons}");
        report.error(key, problem);
    }
    reason.copied().map(Some)
}

/// Moves by limit, which may be missing.
fn deltas(
    report: &mut Report<'_>,
    given: Given<BTreeMap<String, Given<String>>>,
    key: &str,
    account: &TestAccount,
) -> Option<Deltas> {
    let table = report.optional(given, key, RIGHT_DELTAS)?;
    let mut deltas = Deltas::NONE;
    for (name, given) in table {
        let key = join(key, &name);
        let minor = signed_amount(report, given, &key, account.currency);
        let limit = LimitName::ALL.iter().find(|limit| limit.as_str() == name);
        match (limit, minor) {
            (None, _) => {
                let names = LimitName::ALL.map(LimitName::as_str).join(", ");
                report.error(&key, format!("not a limit; the limits are {names}"));
            }
            (Some(limit), Some(minor)) if !deltas.set(*limit, minor) => {
                report.error(&key, "out of range");
            }
            (Some(_), _) => {}
        }
    }
    Some(deltas)
}
