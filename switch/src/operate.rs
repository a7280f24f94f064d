//! `switch operate`: operations of operators on the running switch.
//!
//! Owns: the operations, how they are asked over HTTP, and how their outcome looks to people; their arguments are in
//! `operate/`, by what they are about. Each operation has a tracking id: asked again with the same one, it is not carried
//! out again. Must never: take a PAN as an argument, where others can see it; it is read from a file or from standard
//! input.

use anyhow::Context as _;
use clap::{Args, Subcommand};
use ledger::authorization::TrackingId;
use ledger::entities::AccountStatus;
use rules::ProcessingCode;
use serde_json::{Value, json};
use zeroize::Zeroizing;

use crate::serve::ConfigurationError;
use crate::show;

mod accounts;
mod cards;
mod clearings;
mod controls;
mod purges;
mod transfers;

pub use self::accounts::{AccountArguments, AmountArguments, FundsArguments, LimitArguments};
use self::cards::suspended;
pub use self::cards::{CardArguments, Mode};
pub use self::clearings::{ItemArguments, Paid, RefundArguments};
pub use self::controls::{ControlArguments, ControlLimitArguments};
pub use self::purges::PurgeArguments;
pub use self::transfers::SendArguments;

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

fn usage(error: anyhow::Error) -> anyhow::Error {
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
