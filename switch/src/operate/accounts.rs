//! Operations on the money, limits and status of an account as arguments of `switch operate`.
//!
//! Owns: how amounts are written, in units of the account's currency. Must never: know what an operation does.

use anyhow::Context as _;
use clap::Args;
use rules::{Currency, CustomKey, ProcessingCode, minor_units};
use rust_decimal::Decimal;
use serde_json::{Value, json};

use super::{About, usage};
use crate::show;

/// An amount under a processing code.
#[derive(Debug, Args)]
pub struct AmountArguments {
    /// The account.
    #[arg(long)]
    account: u64,
    /// Such as 10.00; the code says which way it moves.
    #[arg(long)]
    amount: Decimal,
    /// The processing code.
    #[arg(long)]
    code: ProcessingCode,
    /// A custom amount on top, such as insurance=2.50, under a name that the code posts; can be given several times.
    #[arg(long, value_name = "KEY=AMOUNT", value_parser = custom_amount)]
    custom_amount: Vec<(CustomKey, Decimal)>,
    #[command(flatten)]
    pub(super) about: About,
}

impl AmountArguments {
    pub(super) fn asked(&self, address: &str) -> anyhow::Result<Value> {
        let currency = currency(address, self.account)?;
        let custom = |(key, amount): &(CustomKey, Decimal)| {
            let amount_minor = minor(*amount, currency)?;
            anyhow::Ok(json!({ "key": key, "amount_minor": amount_minor }))
        };
        let custom = self.custom_amount.iter().map(custom);
        Ok(json!({
            "account": self.account,
            "amount_minor": minor(self.amount, currency)?,
            "processing_code": self.code,
            "custom_amounts": custom.collect::<anyhow::Result<Vec<Value>>>()?,
        }))
    }
}

/// A custom amount of the command line.
fn custom_amount(text: &str) -> Result<(CustomKey, Decimal), String> {
    let right = "expected KEY=AMOUNT, such as insurance=2.50";
    let (key, amount) = text.rsplit_once('=').ok_or(right)?;
    let key = key.parse().map_err(|error| format!("{error}"))?;
    let amount = amount.parse().map_err(|_unreadable| right)?;
    Ok((key, amount))
}

/// Funds of an account.
#[derive(Debug, Args)]
pub struct FundsArguments {
    /// The account.
    #[arg(long)]
    account: u64,
    /// Such as 10.00.
    #[arg(long)]
    amount: Decimal,
    /// Although the funds are not there.
    #[arg(long)]
    skip_balance: bool,
    /// Whatever the status of the account.
    #[arg(long)]
    skip_status: bool,
    #[command(flatten)]
    pub(super) about: About,
}

impl FundsArguments {
    pub(super) fn asked(&self, address: &str) -> anyhow::Result<Value> {
        let currency = currency(address, self.account)?;
        Ok(json!({
            "account": self.account,
            "amount_minor": minor(self.amount, currency)?,
            "skip_balance": self.skip_balance,
            "skip_status": self.skip_status,
        }))
    }
}

/// Limits of an account; those that are not named stay.
#[derive(Debug, Args)]
pub struct LimitArguments {
    /// The account.
    #[arg(long)]
    account: u64,
    /// Granted maximum.
    #[arg(long)]
    maximum: Option<Decimal>,
    /// Chosen by the holder, at most the maximum.
    #[arg(long)]
    total: Option<Decimal>,
    /// For purchases in instalments.
    #[arg(long)]
    instalments: Option<Decimal>,
    /// For cash.
    #[arg(long)]
    cash: Option<Decimal>,
    /// Overdraft.
    #[arg(long)]
    overdraft: Option<Decimal>,
    /// Percent of the maximum usable above the limit, such as 12.5.
    #[arg(long)]
    over_limit_percentage: Option<Decimal>,
    #[command(flatten)]
    pub(super) about: About,
}

impl LimitArguments {
    pub(super) fn asked(&self, address: &str) -> anyhow::Result<Value> {
        let currency = currency(address, self.account)?;
        let minor = |amount: Option<Decimal>| amount.map(|amount| minor(amount, currency));
        let hundredths = |percentage: Decimal| {
            let hundredths = percentage.checked_mul(Decimal::ONE_HUNDRED);
            let whole = hundredths.filter(Decimal::is_integer);
            let whole = whole.and_then(|hundredths| i64::try_from(hundredths).ok());
            whole.ok_or_else(|| usage(anyhow::Error::msg("a percentage has at most two decimals")))
        };
        Ok(json!({
            "account": self.account,
            "limits": {
                "max_credit_limit": minor(self.maximum).transpose()?,
                "total_credit_limit": minor(self.total).transpose()?,
                "total_installment_credit_limit": minor(self.instalments).transpose()?,
                "withdrawal_credit_limit": minor(self.cash).transpose()?,
                "total_overdraft_limit": minor(self.overdraft).transpose()?,
                "over_limit_percentage_hundredths":
                    self.over_limit_percentage.map(hundredths).transpose()?,
            },
        }))
    }
}

/// An account whose status changes.
#[derive(Debug, Args)]
pub struct AccountArguments {
    /// The account.
    #[arg(long)]
    account: u64,
    /// Why: the number of a reason of the organization.
    #[arg(long)]
    reason: Option<u32>,
    #[command(flatten)]
    pub(super) about: About,
}

impl AccountArguments {
    pub(super) fn asked(&self) -> Value {
        json!({ "account": self.account, "reason_id": self.reason })
    }
}

/// The currency of an account, as the switch knows it.
pub(super) fn currency(address: &str, account: u64) -> anyhow::Result<Currency> {
    let account = show::ask(address, &show::Question::Account(account))?;
    let currency = account["currency"].as_str().unwrap_or_default();
    currency.parse().context("the currency of the account")
}

pub(super) fn minor(amount: Decimal, currency: Currency) -> anyhow::Result<i64> {
    minor_units(amount, currency).map_err(|error| usage(error.into()))
}
