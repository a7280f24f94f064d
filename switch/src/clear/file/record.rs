//! A record of the clearing file.
//!
//! Owns: its columns and what may stand in them. Must never: put a card number into an error.

use codec::Pan;
use csv::StringRecord;
use ledger::authorization::{AcquirerReference, ClearingKind, NetworkReference};
use rules::{AccountType, Currency, ProcessingCode};
use serde_json::{Value, json};

use super::{line_of, parsed};

/// The columns of a record, in their order.
pub const COLUMNS: [&str; 19] = [
    "type",
    "number",
    "kind",
    "pan",
    "processing_code",
    "amount",
    "currency",
    "billing_amount",
    "billing_currency",
    "fee",
    "mcc",
    "installments",
    "final",
    "processing_date",
    "network_reference",
    "approval_code",
    "retrieval_reference",
    "acquirer_reference",
    "card_acceptor",
];

/// A row that cannot be taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadRow {
    /// Its line.
    pub line: u64,
    /// The column that is wrong.
    pub column: &'static str,
    /// What is right.
    pub reason: String,
    /// The amount, where that can be read: it counts in the total.
    pub amount_minor: Option<i64>,
}

/// A record that can be taken.
#[derive(Clone, Debug)]
pub struct RecordRow {
    /// Its line.
    pub line: u64,
    /// Its number in the file.
    pub number: u32,
    /// The card.
    pub pan: Pan,
    /// Minor units of `currency`.
    pub amount_minor: i64,
    /// Currency of the transaction.
    pub currency: Currency,
    /// What the switch is told of it, but for the card.
    pub body: Value,
}

/// The columns of a row.
struct Columns<'a> {
    row: &'a StringRecord,
    amount_minor: Option<i64>,
}

impl<'a> Columns<'a> {
    fn text(&self, column: &'static str) -> &'a str {
        let place = COLUMNS.iter().position(|known| *known == column);
        place.and_then(|place| self.row.get(place)).unwrap_or("")
    }

    fn bad(&self, column: &'static str, reason: &str) -> BadRow {
        BadRow {
            line: line_of(self.row),
            column,
            reason: reason.to_owned(),
            amount_minor: self.amount_minor,
        }
    }

    /// A value that must be there.
    fn need<T>(
        &self,
        column: &'static str,
        right: &str,
        read: impl FnOnce(&str) -> Option<T>,
    ) -> Result<T, BadRow> {
        read(self.text(column)).ok_or_else(|| self.bad(column, right))
    }

    /// A value that may be left out.
    fn optional<T>(
        &self,
        column: &'static str,
        right: &str,
        read: impl FnOnce(&str) -> Option<T>,
    ) -> Result<Option<T>, BadRow> {
        match self.text(column) {
            "" => Ok(None),
            _ => self.need(column, right, read).map(Some),
        }
    }

    fn as_text(
        &self,
        column: &'static str,
        right: &str,
        fits: impl FnOnce(&str) -> bool,
    ) -> Result<Option<&'a str>, BadRow> {
        let text = self.text(column);
        self.optional(column, right, |text| fits(text).then_some(()))?;
        Ok((!text.is_empty()).then_some(text))
    }
}

const RIGHT_AMOUNT: &str = "expected minor units, at least 0";
const RIGHT_CURRENCY: &str = "expected a currency of ISO 4217, such as 840";

fn minor(text: &str) -> Option<i64> {
    text.parse().ok().filter(|minor| *minor >= 0)
}

/// The record of a row whose number is above that of the one before.
pub(super) fn record(row: &StringRecord, last_number: u32) -> Result<RecordRow, BadRow> {
    let mut columns = Columns {
        row,
        amount_minor: None,
    };
    columns.amount_minor = minor(columns.text("amount"));
    columns.need("type", "expected record or trailer", |text| {
        (text == "record").then_some(())
    })?;
    if row.len() != COLUMNS.len() {
        let reason = format!("{} columns, expected {}", row.len(), COLUMNS.len());
        return Err(columns.bad("type", &reason));
    }
    let right = "expected a number above that of the record before";
    let number = columns.need("number", right, |text| {
        parsed(text).filter(|number: &u32| *number > last_number)
    })?;
    let pan = columns.need("pan", "expected 12 to 19 digits", |text| {
        Pan::parse(text).ok()
    })?;
    let amount_minor = columns.need("amount", RIGHT_AMOUNT, minor)?;
    let currency = columns.need("currency", RIGHT_CURRENCY, parsed)?;
    let mut body = told(&columns)?;
    body["record"] = json!(number);
    body["amount_minor"] = json!(amount_minor);
    body["currency"] = json!(currency);
    Ok(RecordRow {
        line: line_of(row),
        number,
        pan,
        amount_minor,
        currency,
        body,
    })
}

/// What the columns that are no key, card or amount say.
fn told(columns: &Columns<'_>) -> Result<Value, BadRow> {
    let kind = columns.need(
        "kind",
        "expected presentment or reversal",
        |text| match text {
            "presentment" => Some(ClearingKind::Presentment),
            "reversal" => Some(ClearingKind::Reversal),
            _ => None,
        },
    )?;
    let right = "expected six digits";
    let code = columns.need("processing_code", right, |text| {
        de3(text).then_some(text.to_owned())
    })?;
    let billing = columns.optional("billing_amount", RIGHT_AMOUNT, minor)?;
    let billing_currency: Option<Currency> =
        columns.optional("billing_currency", RIGHT_CURRENCY, parsed)?;
    if billing.is_some() != billing_currency.is_some() {
        return Err(columns.bad(
            "billing_currency",
            "expected beside billing_amount, and only there",
        ));
    }
    let right = "expected four digits";
    let mcc = columns.optional("mcc", right, |text| digits::<u16>(text, 4))?;
    let right = "expected 1 to 99";
    let installments = columns.optional("installments", right, |text| {
        parsed(text).filter(|number: &u8| (1..=99).contains(number))
    })?;
    let is_final = columns.optional("final", "expected Y or N", |text| match text {
        "Y" => Some(true),
        "N" => Some(false),
        _ => None,
    })?;
    let right = "expected the last digit of the year and three of the day, such as 6324";
    let processed = columns.optional("processing_date", right, |text| digits::<u16>(text, 4))?;
    let reference =
        columns.as_text("network_reference", "expected 1 to 16 characters", |text| {
            NetworkReference::new(text).is_some()
        })?;
    let approval = columns.as_text("approval_code", "expected six letters or digits", |text| {
        text.len() == 6 && text.bytes().all(|byte| byte.is_ascii_alphanumeric())
    })?;
    let retrieval = columns.as_text(
        "retrieval_reference",
        "expected 1 to 12 characters",
        |text| text.len() <= 12,
    )?;
    let acquirer = columns.as_text("acquirer_reference", "expected 23 digits", |text| {
        AcquirerReference::new(text).is_some()
    })?;
    let acceptor = columns.as_text("card_acceptor", "expected 1 to 15 characters", |text| {
        text.len() <= 15
    })?;
    Ok(json!({
        "kind": kind,
        "processing_code": code,
        "billing_minor": billing,
        "billing_currency": billing_currency,
        "fee_minor": columns.optional("fee", "expected minor units", parsed::<i64>)?,
        "mcc": mcc,
        "installments": installments,
        "final": is_final.unwrap_or(true),
        "processing_date": processed,
        "network_reference": reference,
        "approval_code": approval,
        "retrieval_reference": retrieval,
        "acquirer_reference": acquirer,
        "card_acceptor": acceptor,
    }))
}

/// Six digits whose account types are known.
fn de3(text: &str) -> bool {
    let account_type = |range| text.get(range).and_then(AccountType::parse).is_some();
    let code = text.get(..2).and_then(parsed::<ProcessingCode>);
    text.len() == 6 && code.is_some() && account_type(2..4) && account_type(4..6)
}

fn digits<T: std::str::FromStr>(text: &str, length: usize) -> Option<T> {
    let right = text.len() == length && text.bytes().all(|byte| byte.is_ascii_digit());
    parsed(text).filter(|_| right)
}
