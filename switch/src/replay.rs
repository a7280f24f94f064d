//! `switch replay`: which decisions other rules would change.
//!
//! Owns: the span that is replayed, the counts and how they look. Books and rules of the data directory stay as
//! they are. Must never: write, or decide by itself.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use ledger::identifiers::Timestamp;
use ledger::rehearsal::what_if::{Comparison, Verdict};
use rules::ProgramId;
use serde_json::{Value, json};

use crate::explain;
use crate::serve::SHARD;

/// Decisions named per kind of change.
const SAMPLES: usize = 5;

/// What is replayed.
#[derive(Clone, Debug, Default)]
pub struct Span {
    /// Decisions before are taken as they were recorded.
    pub from: Option<Timestamp>,
    /// Decisions after are left out.
    pub to: Option<Timestamp>,
    /// Only decisions on accounts of this program are counted; all are made.
    pub program: Option<ProgramId>,
}

/// How many decisions, and their amounts.
#[derive(Clone, Debug, Default)]
struct Tally {
    count: u64,
    /// Sums of DE4 by currency, minor units.
    amounts_minor: BTreeMap<String, i128>,
    samples: Vec<String>,
}

/// What changes.
#[derive(Clone, Debug, Default)]
pub struct Report {
    decisions: u64,
    changed: u64,
    operations_refused: u64,
    changes: BTreeMap<String, Tally>,
    by_program: BTreeMap<String, Tally>,
    by_mcc: BTreeMap<String, Tally>,
}

/// Replays the decisions of a data directory under the rules of a configuration directory, in order, with the
/// balances that they leave.
///
/// # Errors
/// [`ConfigurationError`](crate::serve::ConfigurationError) for rules that cannot be used; else why the journal
/// cannot be read.
pub fn run(data: &Path, rules: &Path, span: &Span) -> anyhow::Result<Report> {
    let rules = explain::other_rules(rules)?;
    let mut rehearsal = explain::open(data, SHARD, None)?;
    let mut report = Report::default();
    let progress = progress();
    let mut other = None;
    while let Some(batch) = rehearsal.next_batch()? {
        if span.to.is_some_and(|to| batch.time > to) {
            break;
        }
        if other.is_none() && span.from.is_some_and(|from| batch.time < from) {
            rehearsal.apply(&batch)?;
            continue;
        }
        let what_if = other.get_or_insert_with(|| rehearsal.fork());
        what_if.take(&batch, &rules, &mut |compared| {
            if span.program.is_none() || span.program == compared.program {
                report.count(&compared);
            }
        })?;
        progress.set_position(report.decisions);
    }
    progress.finish_and_clear();
    report.operations_refused = other.map_or(0, |what_if| what_if.refused());
    Ok(report)
}

/// Drawn on a terminal only.
fn progress() -> ProgressBar {
    let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
    if let Ok(style) =
        ProgressStyle::with_template("{spinner} {pos} decisions, {per_sec}, {elapsed}")
    {
        bar.set_style(style);
    }
    bar.enable_steady_tick(Duration::from_millis(200));
    bar
}

impl Report {
    fn count(&mut self, compared: &Comparison) {
        self.decisions = self.decisions.saturating_add(1);
        if !compared.differs() {
            return;
        }
        self.changed = self.changed.saturating_add(1);
        let change = format!("{} -> {}", verdict(compared.recorded), other(compared));
        self.changes.entry(change).or_default().add(compared);
        let program = compared
            .program
            .map_or_else(none, |program| program.to_string());
        self.by_program.entry(program).or_default().add(compared);
        let mcc = compared.mcc.map_or_else(none, |mcc| format!("{mcc:04}"));
        self.by_mcc.entry(mcc).or_default().add(compared);
    }

    /// For people or, with `json`, for machines.
    #[must_use]
    pub fn print(&self, json: bool) -> String {
        if json {
            format!("{}\n", self.to_json())
        } else {
            self.to_text()
        }
    }

    /// For people.
    #[must_use]
    pub fn to_text(&self) -> String {
        let mut text = format!("{} decisions, {} change\n", self.decisions, self.changed);
        if self.operations_refused > 0 {
            text.push_str(&format!(
                "{} operations of operators would be refused\n",
                self.operations_refused
            ));
        }
        for (title, tallies) in [
            ("by decision", &self.changes),
            ("by program", &self.by_program),
            ("by MCC", &self.by_mcc),
        ] {
            if tallies.is_empty() {
                continue;
            }
            text.push_str(&format!("\n{title}\n"));
            let width = tallies.keys().map(String::len).max().unwrap_or(0);
            for (name, tally) in tallies {
                // Writing into a string cannot fail.
                let _infallible = writeln!(
                    text,
                    "  {name:<width$}  {:>9}  {}",
                    tally.count,
                    tally.amounts()
                );
                if title == "by decision" {
                    let _infallible = writeln!(text, "      such as {}", tally.samples.join(", "));
                }
            }
        }
        text
    }

    /// For machines.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let tallies = |tallies: &BTreeMap<String, Tally>| -> Value {
            let entries = tallies.iter().map(|(name, tally)| {
                json!({
                    "name": name,
                    "count": tally.count,
                    "amounts_minor": tally.amounts_minor.iter().map(|(currency, sum)| {
                        (currency.clone(), Value::from(sum.to_string()))
                    }).collect::<serde_json::Map<_, _>>(),
                    "samples": tally.samples,
                })
            });
            entries.collect()
        };
        json!({
            "decisions": self.decisions,
            "changed": self.changed,
            "operations_refused": self.operations_refused,
            "by_decision": tallies(&self.changes),
            "by_program": tallies(&self.by_program),
            "by_mcc": tallies(&self.by_mcc),
        })
    }
}

impl Tally {
    fn add(&mut self, compared: &Comparison) {
        self.count = self.count.saturating_add(1);
        let currency = compared
            .currency
            .map_or_else(none, |currency| currency.to_string());
        let sum = self.amounts_minor.entry(currency).or_default();
        *sum = sum.saturating_add(compared.amount_minor.into());
        if self.samples.len() < SAMPLES {
            self.samples.push(compared.id.to_string());
        }
    }

    fn amounts(&self) -> String {
        let amounts = self.amounts_minor.iter();
        let amounts: Vec<String> = amounts
            .map(|(currency, sum)| format!("{sum} minor units of {currency}"))
            .collect();
        amounts.join(", ")
    }
}

fn none() -> String {
    "none".to_owned()
}

fn verdict(verdict: Verdict) -> String {
    match verdict {
        Verdict::Approved { .. } => "approved".to_owned(),
        Verdict::Completed => "completed".to_owned(),
        Verdict::Declined(reason) => format!("declined {reason}"),
    }
}

fn other(compared: &Comparison) -> String {
    match (compared.recorded, compared.other) {
        (Verdict::Approved { .. }, Verdict::Approved { .. }) => {
            "approved for another amount".to_owned()
        }
        (_, other) => verdict(other),
    }
}
