//! The event files of the switch.
//!
//! Owns: reading them, whole lines only. Must never: judge what it reads.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, ensure};
use ledger::identifiers::RecordId;
use serde_json::Value;

use super::records::Serial;

/// An event, by what it is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// A message was decided.
    Decided {
        /// Its record.
        id: RecordId,
        /// Its DE37.
        serial: Serial,
        /// DE39.
        response_code: String,
        /// DE38.
        approval_code: Option<String>,
        /// Whether it is in the books of an account.
        of_account: bool,
        /// Whether it was refused because another message bears its name.
        conflict: bool,
        /// What its transactions must add up to, where it is posted with its approval.
        posted_at_once_minor: Option<i64>,
    },
    /// A transaction was posted.
    Posted {
        /// Its record.
        id: RecordId,
        /// The authorization that it belongs to.
        authorization: RecordId,
        /// Whether a reversal posted it.
        compensation: bool,
        /// Minor units.
        amount_minor: i64,
    },
}

impl Event {
    /// The record that it tells of.
    #[must_use]
    pub fn id(&self) -> RecordId {
        match self {
            Self::Decided { id, .. } | Self::Posted { id, .. } => *id,
        }
    }
}

/// The event files of a directory, in order.
pub(super) fn files(directory: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    let entries = std::fs::read_dir(directory);
    for entry in entries.with_context(|| directory.display().to_string())? {
        let path = entry?.path();
        if path
            .extension()
            .is_some_and(|extension| extension == "jsonl")
        {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

/// The events of some files that come after a record, in the order of the files.
pub(super) fn read(files: &[PathBuf], after: Option<RecordId>) -> anyhow::Result<Vec<Event>> {
    let mut events = Vec::new();
    for file in files {
        let name = || file.display().to_string();
        let text = std::fs::read_to_string(file).with_context(name)?;
        ensure!(
            text.is_empty() || text.ends_with('\n'),
            "{}: half a line at the end",
            name()
        );
        for line in text.lines() {
            let event = event(line).with_context(|| format!("{}: {line}", name()))?;
            if let Some(event) = event
                && after.is_none_or(|after| event.id() > after)
            {
                events.push(event);
            }
        }
    }
    Ok(events)
}

/// None for an event of another type.
fn event(line: &str) -> anyhow::Result<Option<Event>> {
    let event: Value = serde_json::from_str(line)?;
    let data = &event["data"];
    let text = |of: &Value| of.as_str().map(str::to_owned);
    let id = || -> anyhow::Result<RecordId> { Ok(text(&event["id"]).context("no id")?.parse()?) };
    let kind = event["type"].as_str().unwrap_or_default();
    Ok(match kind {
        "authorization.decided" | "reversal.decided" => {
            let reference = text(&data["retrieval_reference_number"]).context("no reference")?;
            Some(Event::Decided {
                id: id()?,
                serial: Serial(reference.parse()?),
                response_code: text(&data["response_code"]).context("no response code")?,
                approval_code: text(&data["approval_code"]),
                of_account: data["account_id"].is_u64(),
                conflict: data["reason"] == "match_conflict",
                posted_at_once_minor: data["amount_minor"]
                    .as_i64()
                    .filter(|_| data["approved"] == true && data["message_class"] == "single"),
            })
        }
        "transaction.posted" => Some(Event::Posted {
            id: id()?,
            authorization: text(&data["authorization_id"])
                .context("no authorization")?
                .parse()?,
            compensation: !data["reversal_id"].is_null(),
            amount_minor: data["amount_minor"].as_i64().context("no amount")?,
        }),
        _ => None,
    })
}
