//! Transfers as arguments of `switch operate`.
//!
//! Owns: how a transfer is written. Must never: wait for its counterpart; `switch show` says where it is.

use clap::Args;
use rules::ProcessingCode;
use rust_decimal::Decimal;
use serde_json::{Value, json};

use super::About;
use super::accounts::{currency, minor};

/// An amount of one account for another.
#[derive(Debug, Args)]
pub struct SendArguments {
    /// The account that pays.
    #[arg(long)]
    account: u64,
    /// The account that is paid.
    #[arg(long)]
    counterpart: u64,
    /// Such as 10.00, in the currency of both.
    #[arg(long)]
    amount: Decimal,
    /// The code it leaves the account under; a debit.
    #[arg(long)]
    code: ProcessingCode,
    /// The code it reaches the counterpart under; a credit.
    #[arg(long)]
    counterpart_code: ProcessingCode,
    #[command(flatten)]
    pub(super) about: About,
}

impl SendArguments {
    /// The operation as the API takes it.
    pub(super) fn asked(&self, address: &str) -> anyhow::Result<Value> {
        let currency = currency(address, self.account)?;
        Ok(json!({
            "account": self.account,
            "counterpart": self.counterpart,
            "amount_minor": minor(self.amount, currency)?,
            "processing_code": self.code,
            "counterpart_code": self.counterpart_code,
        }))
    }
}
