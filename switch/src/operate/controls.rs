//! Operations on flex controls as arguments of `switch operate`.
//!
//! Owns: whom a control is for and where it is written. Must never: take a PAN as an argument, where others can
//! see it.

use std::path::PathBuf;

use anyhow::Context as _;
use clap::Args;
use rules::ControlId;
use serde_json::{Value, json};

use super::cards::card_number;
use super::{About, usage};

/// A flex control that is made or changed.
#[derive(Debug, Args)]
pub struct ControlArguments {
    /// A file with the control: JSON with the keys of an entry of `controls` in flex-controls/*.toml.
    #[arg(long)]
    control: PathBuf,
    /// The account that it is for.
    #[arg(long, required_unless_present = "card", conflicts_with = "card")]
    account: Option<u64>,
    /// The customer whose operations on the account it is for.
    #[arg(long, requires = "account")]
    customer: Option<u64>,
    /// For the card whose number --card-file holds, or standard input.
    #[arg(long)]
    card: bool,
    /// A file that holds the card number [default: standard input]
    #[arg(long, requires = "card")]
    card_file: Option<PathBuf>,
    #[command(flatten)]
    pub(super) about: About,
}

/// What is left of a limit.
#[derive(Debug, Args)]
pub struct ControlLimitArguments {
    /// The control, of the rules or made on the running switch.
    #[arg(long)]
    control: ControlId,
    /// The account whose operations it limits.
    #[arg(long)]
    account: u64,
    /// Of the card whose number --card-file holds, or standard input: for controls that count by card.
    #[arg(long)]
    card: bool,
    /// A file that holds the card number [default: standard input]
    #[arg(long, requires = "card")]
    card_file: Option<PathBuf>,
    /// What is left: minor units of the control's currency, or a number of operations.
    #[arg(long)]
    available: i64,
    #[command(flatten)]
    pub(super) about: About,
}

impl ControlArguments {
    pub(super) fn asked(&self) -> anyhow::Result<Value> {
        let place = || self.control.display().to_string();
        let text = std::fs::read_to_string(&self.control);
        let text = text.map_err(|error| usage(anyhow::Error::new(error).context(place())))?;
        let control: Value = serde_json::from_str(&text)
            .map_err(|error| usage(anyhow::Error::new(error).context(place())))?;
        let target = match (self.account, self.customer) {
            (Some(account), Some(customer)) => {
                json!({ "customer": { "customer": customer, "account": account } })
            }
            (Some(account), None) => json!({ "account": account }),
            (None, _) => json!({ "card": card_number(self.card_file.as_deref())? }),
        };
        Ok(json!({ "target": target, "control": control }))
    }
}

impl ControlLimitArguments {
    pub(super) fn asked(&self) -> anyhow::Result<Value> {
        let card = match self.card {
            true => card_number(self.card_file.as_deref()).context("--card")?,
            false => Value::Null,
        };
        Ok(json!({
            "control": self.control,
            "account": self.account,
            "card": card,
            "available": self.available,
        }))
    }
}
