//! The format of `config/demo/`.
//!
//! Owns: the keys of its files. Must never: say what they mean to the ledger.

use ledger::entities::{AccountStatus, CardKind, CardStatus, CustomerKind};
use rust_decimal::Decimal;
use serde::Deserialize;

/// One file of the demo directory.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Document {
    pub(super) customer: Vec<CustomerDocument>,
    pub(super) account: Vec<AccountDocument>,
    pub(super) card: Vec<CardDocument>,
    pub(super) generator: Vec<Generator>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CustomerDocument {
    pub(super) id: u64,
    pub(super) kind: CustomerKind,
    pub(super) name: String,
    pub(super) document_number: String,
    #[serde(default)]
    pub(super) address: Option<AddressDocument>,
}

/// Where a customer is reached by post: what an address verification compares with.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AddressDocument {
    pub(super) line: String,
    pub(super) postal_code: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AccountDocument {
    pub(super) id: u64,
    pub(super) program: u32,
    pub(super) owner: u64,
    #[serde(default)]
    pub(super) holders: Vec<u64>,
    #[serde(default)]
    pub(super) parent: Option<u64>,
    #[serde(default = "normal")]
    pub(super) status: AccountStatus,
    #[serde(default)]
    pub(super) limits: LimitsDocument,
}

fn normal() -> AccountStatus {
    AccountStatus::Normal
}

/// Limits in units of the currency, as people write them.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct LimitsDocument {
    pub(super) max_credit_limit: Decimal,
    pub(super) total_credit_limit: Decimal,
    pub(super) available_credit_limit: Decimal,
    pub(super) total_installment_credit_limit: Decimal,
    pub(super) available_total_installment_credit: Decimal,
    pub(super) withdrawal_credit_limit: Decimal,
    pub(super) available_withdrawal_credit: Decimal,
    pub(super) available_savings_account_limit: Decimal,
    pub(super) total_overdraft_limit: Decimal,
    pub(super) held_funds: Decimal,
    pub(super) additional_funds: Decimal,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CardDocument {
    pub(super) pan: String,
    pub(super) expiry: String,
    #[serde(default = "normal_card")]
    pub(super) status: CardStatus,
    #[serde(default)]
    pub(super) kind: CardKind,
    pub(super) holder: u64,
    pub(super) account: Option<u64>,
    pub(super) credit_account: Option<u64>,
    pub(super) debit_account: Option<u64>,
}

fn normal_card() -> CardStatus {
    CardStatus::Normal
}

/// Accounts with one customer and one card each, numbered in a row.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Generator {
    pub(super) bin: String,
    pub(super) count: u64,
    pub(super) first_id: u64,
    pub(super) program: u32,
    pub(super) expiry: String,
    pub(super) limits: LimitsDocument,
}
