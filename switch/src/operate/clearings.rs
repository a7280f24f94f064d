//! Operations on what was cleared as arguments of `switch operate`.
//!
//! Owns: how a clearing of the work list and a payment are named. Must never: decide what comes back.

use clap::{Args, ValueEnum};
use ledger::authorization::ClearingKey;
use ledger::identifiers::RecordId;
use rules::ResetLimit;
use serde_json::{Value, json};

use super::About;

/// A clearing of the work list.
#[derive(Debug, Args)]
pub struct ItemArguments {
    /// Which: the id of its file and its number, such as DAY1:17.
    #[arg(long)]
    item: ClearingKey,
    #[command(flatten)]
    pub(super) about: About,
}

impl ItemArguments {
    pub(super) fn asked(&self) -> Value {
        json!({ "item": self.item })
    }
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
    pub(super) about: About,
}

impl RefundArguments {
    pub(super) fn asked(&self) -> Value {
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
