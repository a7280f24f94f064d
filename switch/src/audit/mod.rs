//! `switch audit`: whether the books, the journal and the events are what they must be.
//!
//! Owns: bringing the ledger's audit ([`ledger::audit`]) and the event files (`events`) together, over a
//! running switch ([`live`]) or over data that no switch uses ([`stopped`]), and the report. Must never:
//! repair anything, or keep the running switch from its work.

mod events;
pub mod live;
pub mod stopped;

use std::path::Path;
use std::sync::Arc;

use ledger::audit::{AuditError, Books, Helpers, Progress, Step, Summary, Violation};
use ledger::books::{SledStore, Views};
use ledger::journal::disk::Directory;
use rules::{RulesVersion, Snapshot};
use serde_json::{Value, json};

use self::events::Events;
use crate::{data_directory, http, purges, rule_history, serve, show};

/// What is audited.
struct Audited<'a> {
    /// The data directory.
    data: &'a Path,
    views: &'a Views<SledStore>,
    /// Whether no switch uses it.
    still: bool,
    /// Rules that need not be read from the archive.
    in_force: Option<Arc<Snapshot>>,
}

/// Audits, and reports what was looked at or the first thing that is not as it must be, with its records.
fn run(audited: &Audited<'_>, pace: &mut dyn FnMut(Progress) -> bool) -> anyhow::Result<Value> {
    let mut events = Events::open(&audited.data.join(data_directory::EVENTS), audited.views)?;
    let journal = Directory::open(&audited.data.join(data_directory::JOURNAL))?;
    let archive = audited.data.join(data_directory::RULES);
    let books = Books {
        views: audited.views,
        shard: serve::SHARD,
        journal: Some(journal),
        still: audited.still,
    };
    let helpers = Helpers {
        pace,
        rules: &mut |version| rules(audited, &archive, version),
        witness: &mut |id, time, record| events.compare(id, time, record),
    };
    let audited_to = match ledger::audit::run(books, helpers) {
        Ok(summary) => events.finish(summary.sequence).map(|()| summary),
        Err(AuditError::Violation(violation)) => Err(*violation),
        Err(error) => return Err(error.into()),
    };
    Ok(match audited_to {
        Ok(summary) => good(&summary, &events, &purges::told(&audited.views.purged()?)),
        Err(violation) => bad(&violation, audited.views),
    })
}

/// The rules of a version: those in force, or the ones of the archive.
fn rules(audited: &Audited<'_>, archive: &Path, version: RulesVersion) -> Option<Arc<Snapshot>> {
    if let Some(rules) = audited.in_force.as_ref()
        && rules.version() == version
    {
        return Some(Arc::clone(rules));
    }
    // Rules that are not at hand are counted by the audit.
    let documents = rule_history::documents(archive, version).ok()?;
    rules::compile(documents).ok().map(Arc::new)
}

fn good(summary: &Summary, events: &Events<'_>, purged: &Value) -> Value {
    json!({
        "good": true,
        "looked_at": summary,
        "purged": purged,
        "events": events.to_json(),
    })
}

fn bad(violation: &Violation, views: &Views<SledStore>) -> Value {
    let shown = |id: &ledger::identifiers::RecordId| match views.message(*id) {
        Ok(Some(message)) => http::message_json(&message),
        // What the books do not hold is known by its id alone.
        Ok(None) | Err(_) => json!({ "id": id.to_string() }),
    };
    json!({
        "good": false,
        "rule": violation.rule,
        "finding": violation.finding,
        "records": violation.records.iter().map(shown).collect::<Vec<_>>(),
    })
}

/// Whether a report found everything as it must be.
#[must_use]
pub fn is_good(report: &Value) -> bool {
    report["good"] == true
}

/// How far an audit is, for people.
#[must_use]
pub fn progress_text(progress: Progress) -> String {
    let step = match progress.step {
        Step::Messages => "messages",
        Step::Transactions => "transactions",
        Step::Accounts => "accounts by their messages",
        Step::Cards => "cards",
        Step::Counts => "what limits have counted",
    };
    let percent = progress.rows.saturating_mul(100);
    match percent.checked_div(progress.of_rows) {
        // What came since the audit began is read as well.
        Some(percent) => format!("{step}: {} %", percent.min(100)),
        None => step.to_owned(),
    }
}

/// What was posted in a currency.
fn balanced_text(entries: &Value) -> String {
    format!(
        "currency {} balanced: accounts are debited {} and credited {}, and their counter entries as much\n",
        entries["currency"].as_str().unwrap_or_default(),
        entries["debits_minor"],
        entries["credits_minor"]
    )
}

/// A report for people.
#[must_use]
pub fn to_text(report: &Value) -> String {
    let mut details = report.clone();
    let details_of = details.as_object_mut();
    if let Some(fields) = details_of {
        for said in ["good", "rule", "finding"] {
            fields.remove(said);
        }
    }
    let headline = if is_good(report) {
        let looked_at = &report["looked_at"];
        let currencies = looked_at["currencies"].as_array();
        let balanced = currencies.into_iter().flatten().map(balanced_text);
        let good = format!("good up to batch {}\n", looked_at["sequence"]);
        std::iter::once(good).chain(balanced).collect()
    } else {
        let text = |key: &str| report[key].as_str().unwrap_or_default().to_owned();
        format!("not good: {}: {}\n", text("rule"), text("finding"))
    };
    headline + &show::to_text(&details)
}
