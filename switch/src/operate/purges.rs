//! Purging as arguments of `switch operate`.
//!
//! Owns: how a line is written. Must never: wait until everything is gone; `switch show purges` says how far it is.

use clap::Args;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde_json::{Value, json};

use super::{About, usage};

/// A line of the history.
#[derive(Debug, Args)]
pub struct PurgeArguments {
    /// What was decided before this date, 00:00 UTC, goes. Such as 2026-01-31.
    #[arg(long)]
    before: Date,
    #[command(flatten)]
    pub(super) about: About,
}

impl PurgeArguments {
    /// The operation as the API takes it.
    pub(super) fn asked(&self) -> anyhow::Result<Value> {
        let instant = self.before.to_zoned(TimeZone::UTC);
        let instant = instant.map_err(|error| usage(error.into()))?;
        Ok(json!({ "before": instant.timestamp().as_microsecond() }))
    }
}
