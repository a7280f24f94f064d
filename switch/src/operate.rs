//! `switch operate`: operations of operators on the running switch.
//!
//! Owns: the operations as arguments, how they are asked over HTTP, and how their outcome looks to people.
//! Amounts are given in units of the account's currency. Each operation has a tracking id: asked again with
//! the same one, it is not carried out again. Must never: take a PAN as an argument, where others can see
//! it; it is read from a file or from standard input.

use std::io::Read as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use clap::{Args, Subcommand, ValueEnum};
use codec::Pan;
use ledger::authorization::{ClearingKey, TrackingId};
use ledger::entities::AccountStatus;
use ledger::identifiers::RecordId;
use rules::{Currency, CustomKey, ProcessingCode, ResetLimit, minor_units};
use rust_decimal::Decimal;
use serde_json::{Value, json};
use zeroize::Zeroizing;

use crate::operate_controls::{ControlArguments, ControlLimitArguments};
use crate::operate_purges::PurgeArguments;
use crate::operate_transfers::SendArguments;
use crate::serve::ConfigurationError;
use crate::show;

/// What is asked.
#[derive(Debug, Subcommand)]
pub enum Operation {
    /// Correct a balance: whatever rules and limits say.
    Adjust(AmountArguments),
    /// Post an operation as its code says: whatever statuses and limits say.
    Force(AmountArguments),
    /// Undo a forced operation in full.
    CancelForce {
        /// The tracking id of the forced operation.
        #[arg(long)]
        of: TrackingId,
        /// What names and explains it.
        #[command(flatten)]
        about: About,
    },
    /// Set funds of a debit or prepaid account aside.
    Hold(FundsArguments),
    /// Give funds that were set aside back.
    Release(FundsArguments),
    /// Take funds that were set aside out of the account.
    Transfer {
        /// The code it is posted under; a debit.
        #[arg(long)]
        code: ProcessingCode,
        /// How much, and of which account.
        #[command(flatten)]
        funds: FundsArguments,
    },
    /// Send money to an account, of any group: it leaves at once, and reaches the other account or comes back.
    Send(SendArguments),
    /// Have decisions before a date leave the books, step by step; the last 31 days stay.
    Purge(PurgeArguments),
    /// Change limits that were granted; what is available moves along.
    SetLimits(LimitArguments),
    /// Change the status of an account.
    AccountStatus {
        /// The next status, such as BLOCKED.
        #[arg(long)]
        status: AccountStatus,
        /// Which, and why.
        #[command(flatten)]
        account: AccountArguments,
    },
    /// Take an account back to NORMAL, from a final status too.
    RollBackAccount(AccountArguments),
    /// Make a customer one of an account's holders.
    AddHolder {
        /// The account.
        #[arg(long)]
        account: u64,
        /// The customer.
        #[arg(long)]
        customer: u64,
        /// What names and explains it.
        #[command(flatten)]
        about: About,
    },
    /// Change the status of a card.
    CardStatus {
        /// The next status, such as LOST.
        #[arg(long)]
        status: String,
        /// Which.
        #[command(flatten)]
        card: CardArguments,
    },
    /// Post a clearing of the work list, whatever it was held for.
    ResolveClearing(ItemArguments),
    /// Refuse a clearing of the work list, to be returned to the network.
    RejectClearing(ItemArguments),
    /// Give back what an authorization took from the limits inside the credit limit, as its scenario says.
    RefundLimit(RefundArguments),
    /// Make a card usable that never was.
    ActivateCard(CardArguments),
    /// Make a flex control for an account, a customer on an account, or a card.
    CreateControl(ControlArguments),
    /// Change a flex control that was made on the running switch.
    ChangeControl(ControlArguments),
    /// Take away a flex control that was made on the running switch.
    DeleteControl {
        /// Its id.
        #[arg(long)]
        control: rules::ControlId,
        /// What names and explains it.
        #[command(flatten)]
        about: About,
    },
    /// Write what is left of a flex control's limit in its present period.
    SetAvailable(ControlLimitArguments),
    /// Suspend modes of a card; those that are not named are open.
    CardModes {
        /// A mode that no authorization may use from now on.
        #[arg(long)]
        suspend: Vec<Mode>,
        /// Which.
        #[command(flatten)]
        card: CardArguments,
    },
}

/// An authorization and what was paid of it.
#[derive(Debug, Args)]
pub struct RefundArguments {
    /// The record of the authorization, or of its clearing.
    #[arg(long)]
    authorization: RecordId,
    /// What was paid.
    #[arg(long)]
    paid: Paid,
    #[command(flatten)]
    about: About,
}

impl RefundArguments {
    fn asked(&self) -> Value {
        let paid = match self.paid {
            Paid::Payment => ResetLimit::Payment,
            Paid::LastInstallment => ResetLimit::LastInstallment,
        };
        json!({ "authorization": self.authorization.to_string(), "paid": paid })
    }
}

/// What was paid, so that a limit comes back.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum Paid {
    /// The bill.
    Payment,
    /// The last instalment.
    LastInstallment,
}

/// What names and explains an operation.
#[derive(Clone, Debug, Args)]
pub struct About {
    /// Names the operation: asked again with the same id, it is not carried out again.
    #[arg(long)]
    tracking_id: TrackingId,
    /// Why, in words.
    #[arg(long)]
    description: String,
    /// Who asks.
    #[arg(long)]
    operator: Option<String>,
}

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
    about: About,
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
    about: About,
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
    about: About,
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
    about: About,
}

/// A clearing of the work list.
#[derive(Debug, Args)]
pub struct ItemArguments {
    /// Which: the id of its file and its number, such as DAY1:17.
    #[arg(long)]
    item: ClearingKey,
    #[command(flatten)]
    about: About,
}

/// A card.
#[derive(Debug, Args)]
pub struct CardArguments {
    /// A file that holds the card number [default: standard input]
    #[arg(long)]
    card_file: Option<PathBuf>,
    #[command(flatten)]
    about: About,
}

/// A mode of a card.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Mode {
    /// The credit mode, or the only one.
    Credit,
    /// The debit mode of a combo card.
    Debit,
}

/// Has the switch whose HTTP is at `address` carry out an operation.
///
/// # Errors
/// [`ConfigurationError`] for what cannot be asked; else why it was refused, or that its outcome is not known.
pub fn run(address: &str, operation: &Operation) -> anyhow::Result<Value> {
    let (asked, about) = ask_for(address, operation)?;
    let body = json!({
        "tracking_id": about.tracking_id.as_str(),
        "operation": asked,
        "description": about.description,
        "operator": about.operator,
    });
    // It may hold a card number.
    let body = Zeroizing::new(body.to_string());
    let posted = agent()
        .post(format!("http://{address}/v1/operations"))
        .content_type("application/json")
        .send(body.as_str());
    let answer = posted.with_context(|| format!("no switch answers at {address}"))?;
    let unusable = answer.status() == ureq::http::StatusCode::BAD_REQUEST;
    show::body(answer).map_err(|error| if unusable { usage(error) } else { error })
}

/// The outcome for people.
#[must_use]
pub fn to_text(outcome: &Value) -> String {
    let id = outcome["id"].as_str().unwrap_or_default();
    if outcome["repeat"] == true {
        format!("done before under this tracking id, and not again: record {id}\n")
    } else {
        format!("done: record {id}\n")
    }
}

fn agent() -> ureq::Agent {
    ureq::Agent::config_builder()
        .http_status_as_error(false)
        .timeout_global(Some(std::time::Duration::from_secs(20)))
        .build()
        .into()
}

pub(crate) fn usage(error: anyhow::Error) -> anyhow::Error {
    ConfigurationError::from(error).into()
}

/// An operation as the API takes it, and what names and explains it.
type Asked<'a> = (Value, &'a About);

/// The operation under its name in the API.
fn named<'a>(name: &str, asked: Value, about: &'a About) -> Asked<'a> {
    (json!({ name: asked }), about)
}

/// The operation as the API takes it, with what names it.
fn ask_for<'a>(address: &str, operation: &'a Operation) -> anyhow::Result<Asked<'a>> {
    Ok(match operation {
        Operation::Adjust(amount) => named("adjust", amount.asked(address)?, &amount.about),
        Operation::Force(amount) => named("force", amount.asked(address)?, &amount.about),
        Operation::CancelForce { of, about } => {
            named("cancel_force", json!({ "of": of.as_str() }), about)
        }
        Operation::Hold(funds) => named("hold_funds", funds.asked(address)?, &funds.about),
        Operation::Release(funds) => named("release_funds", funds.asked(address)?, &funds.about),
        Operation::Transfer { code, funds } => {
            let asked = json!({ "funds": funds.asked(address)?, "processing_code": code });
            named("transfer_funds", asked, &funds.about)
        }
        Operation::Purge(purge) => named("purge_history", purge.asked()?, &purge.about),
        Operation::Send(send) => named("send_transfer", send.asked(address)?, &send.about),
        Operation::SetLimits(limits) => {
            named("change_limits", limits.asked(address)?, &limits.about)
        }
        Operation::AccountStatus { status, account } => {
            let mut asked = account.asked();
            asked["status"] = json!(status);
            named("change_account_status", asked, &account.about)
        }
        Operation::RollBackAccount(account) => {
            named("roll_back_account_status", account.asked(), &account.about)
        }
        Operation::AddHolder {
            account,
            customer,
            about,
        } => {
            let asked = json!({ "account": account, "customer": customer });
            named("add_holder", asked, about)
        }
        Operation::CardStatus { status, card } => {
            let asked = json!({ "card": card.pan()?, "status": status });
            named("change_card_status", asked, &card.about)
        }
        Operation::ResolveClearing(item) => named("resolve_clearing", item.asked(), &item.about),
        Operation::RejectClearing(item) => named("reject_clearing", item.asked(), &item.about),
        Operation::ActivateCard(card) => {
            let asked = json!({ "card": card.pan()? });
            named("activate_card", asked, &card.about)
        }
        Operation::CreateControl(control) => {
            named("create_control", control.asked()?, &control.about)
        }
        Operation::ChangeControl(control) => {
            named("change_control", control.asked()?, &control.about)
        }
        Operation::DeleteControl { control, about } => {
            named("delete_control", json!({ "control": control }), about)
        }
        Operation::RefundLimit(refund) => named("refund_limit", refund.asked(), &refund.about),
        Operation::SetAvailable(limit) => {
            named("set_available_limit", limit.asked()?, &limit.about)
        }
        Operation::CardModes { suspend, card } => {
            let asked = json!({ "card": card.pan()?, "suspended": suspended(suspend) });
            named("suspend_modes", asked, &card.about)
        }
    })
}

fn suspended(modes: &[Mode]) -> Value {
    json!({
        "credit": modes.contains(&Mode::Credit),
        "debit": modes.contains(&Mode::Debit),
    })
}

/// The currency of an account, as the switch knows it.
pub(crate) fn currency(address: &str, account: u64) -> anyhow::Result<Currency> {
    let account = show::ask(address, &show::Question::Account(account))?;
    let currency = account["currency"].as_str().unwrap_or_default();
    currency.parse().context("the currency of the account")
}

pub(crate) fn minor(amount: Decimal, currency: Currency) -> anyhow::Result<i64> {
    minor_units(amount, currency).map_err(|error| usage(error.into()))
}

impl AmountArguments {
    fn asked(&self, address: &str) -> anyhow::Result<Value> {
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

impl FundsArguments {
    fn asked(&self, address: &str) -> anyhow::Result<Value> {
        let currency = currency(address, self.account)?;
        Ok(json!({
            "account": self.account,
            "amount_minor": minor(self.amount, currency)?,
            "skip_balance": self.skip_balance,
            "skip_status": self.skip_status,
        }))
    }
}

impl LimitArguments {
    fn asked(&self, address: &str) -> anyhow::Result<Value> {
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

impl AccountArguments {
    fn asked(&self) -> Value {
        json!({ "account": self.account, "reason_id": self.reason })
    }
}

impl ItemArguments {
    fn asked(&self) -> Value {
        json!({ "item": self.item })
    }
}

impl CardArguments {
    /// The card's number as the API takes it.
    fn pan(&self) -> anyhow::Result<Value> {
        card_number(self.card_file.as_deref())
    }
}

/// The number of a card, of a file or of standard input, as the API takes it.
pub(crate) fn card_number(card_file: Option<&Path>) -> anyhow::Result<Value> {
    let mut text = Zeroizing::new(String::new());
    let (place, read) = match card_file {
        Some(path) => {
            let file = std::fs::File::open(path);
            let read = file.and_then(|file| file.take(64).read_to_string(&mut text));
            (path.display().to_string(), read)
        }
        None => {
            let read = std::io::stdin().take(64).read_to_string(&mut text);
            ("standard input".to_owned(), read)
        }
    };
    if let Err(error) = read {
        bail!(usage(anyhow::Error::new(error).context(place)));
    }
    // The error of a PAN never carries its digits.
    match Pan::parse(text.trim()) {
        Ok(pan) => Ok(json!({ "pan": pan.reveal() })),
        Err(error) => Err(usage(anyhow::anyhow!("{place}: {error}"))),
    }
}
