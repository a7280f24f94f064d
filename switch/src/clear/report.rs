//! What became of a clearing file.
//!
//! Owns: counts, the divergences, and how they look to people and machines. The report holds the first of them; a
//! file of items, where one is asked for, has them all, a JSON line each. Must never: show a card number.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::path::Path;

use anyhow::Context as _;
use serde_json::{Value, json};

use super::Checked;
use super::file::{BadRow, Header, RecordRow};

/// Items that the report itself holds.
const ITEMS: usize = 100;

/// What became of a file.
#[derive(Debug)]
pub struct Report {
    header: Header,
    checked: Checked,
    /// Records by what became of them.
    results: BTreeMap<String, u64>,
    /// Records that were decided by an earlier run.
    repeated: u64,
    /// Rows that were not taken.
    bad: u64,
    /// Records and amounts by reason and currency, minor units.
    reasons: BTreeMap<String, Tally>,
    items: Vec<Value>,
    items_left_out: u64,
    out: Option<BufWriter<File>>,
}

#[derive(Debug, Default)]
struct Tally {
    records: u64,
    amounts_minor: BTreeMap<String, i128>,
}

impl Report {
    /// A report on a file of which nothing was taken yet.
    pub(super) fn of(
        header: &Header,
        checked: Checked,
        items: Option<&Path>,
    ) -> anyhow::Result<Self> {
        let create = |path: &Path| {
            let file = File::create(path).with_context(|| path.display().to_string());
            file.map(BufWriter::new)
        };
        Ok(Self {
            header: header.clone(),
            checked,
            results: BTreeMap::new(),
            repeated: 0,
            bad: 0,
            reasons: BTreeMap::new(),
            items: Vec::new(),
            items_left_out: 0,
            out: items.map(create).transpose()?,
        })
    }

    /// Rows that were looked at.
    pub(super) fn rows(&self) -> u64 {
        self.results.values().sum::<u64>().saturating_add(self.bad)
    }

    /// Whether every record posted.
    #[must_use]
    pub fn is_good(&self) -> bool {
        self.results.keys().all(|result| result == "posted") && self.bad == 0
    }

    /// A row that cannot be read.
    pub(super) fn bad_row(&mut self, row: &BadRow) -> anyhow::Result<()> {
        self.bad = self.bad.saturating_add(1);
        self.item(json!({
            "line": row.line,
            "result": "not_taken",
            "error": format!("column {}: {}", row.column, row.reason),
        }))
    }

    /// What the switch said to a record.
    pub(super) fn result(&mut self, row: &RecordRow, result: &Value) -> anyhow::Result<()> {
        let mut item = json!({
            "line": row.line,
            "record": row.number,
            "pan": row.pan.masked().to_string(),
            "amount_minor": row.amount_minor,
            "currency": row.currency.to_string(),
        });
        if let Some(error) = result["error"].as_str() {
            self.bad = self.bad.saturating_add(1);
            item["result"] = json!("not_taken");
            item["error"] = json!(error);
            return self.item(item);
        }
        let became = result["result"].as_str().unwrap_or_default();
        let count = self.results.entry(became.to_owned()).or_default();
        *count = count.saturating_add(1);
        let repeated = u64::from(result["repeat"] == true);
        self.repeated = self.repeated.saturating_add(repeated);
        let reasons: Vec<&str> = result["reasons"]
            .as_array()
            .map(|reasons| reasons.iter().filter_map(Value::as_str).collect())
            .unwrap_or_default();
        for reason in &reasons {
            let tally = self.reasons.entry((*reason).to_owned()).or_default();
            tally.records = tally.records.saturating_add(1);
            let amount = tally
                .amounts_minor
                .entry(row.currency.to_string())
                .or_default();
            *amount = amount.saturating_add(row.amount_minor.into());
        }
        if became == "posted" && reasons.is_empty() {
            return Ok(());
        }
        item["result"] = json!(became);
        item["reasons"] = json!(reasons);
        item["id"] = result["id"].clone();
        self.item(item)
    }

    fn item(&mut self, item: Value) -> anyhow::Result<()> {
        if let Some(out) = &mut self.out {
            writeln!(out, "{item}").context("the file of items")?;
        }
        if self.items.len() < ITEMS {
            self.items.push(item);
        } else {
            self.items_left_out = self.items_left_out.saturating_add(1);
        }
        Ok(())
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

    fn count(&self, result: &str) -> u64 {
        self.results.get(result).copied().unwrap_or(0)
    }

    fn to_json(&self) -> Value {
        let reasons = self.reasons.iter().map(|(reason, tally)| {
            let amounts: serde_json::Map<_, _> = tally
                .amounts_minor
                .iter()
                .map(|(currency, minor)| (currency.clone(), json!(minor.to_string())))
                .collect();
            let tally = json!({ "records": tally.records, "amounts_minor": amounts });
            (reason.clone(), tally)
        });
        json!({
            "file_id": self.header.file_id.as_str(),
            "network_id": self.header.network_id,
            "business_date": self.header.business_date,
            "records": self.checked.records,
            "posted": self.count("posted"),
            "held": self.count("held"),
            "rejected": self.count("rejected"),
            "not_taken": self.bad,
            "decided_before": self.repeated,
            "reasons": reasons.collect::<serde_json::Map<_, _>>(),
            "items": self.items,
            "items_left_out": self.items_left_out,
        })
    }

    fn to_text(&self) -> String {
        let mut text = format!(
            "{} of {}: {} records, {} posted, {} held, {} rejected, {} not taken",
            self.header.file_id,
            self.header.business_date,
            self.checked.records,
            self.count("posted"),
            self.count("held"),
            self.count("rejected"),
            self.bad,
        );
        if self.repeated > 0 {
            let _written = write!(text, " ({} were decided before)", self.repeated);
        }
        text.push('\n');
        for (reason, tally) in &self.reasons {
            let amounts: Vec<String> = tally
                .amounts_minor
                .iter()
                .map(|(currency, minor)| format!("{minor} minor units of {currency}"))
                .collect();
            let amounts = amounts.join(", ");
            let _written = writeln!(text, "{:>7}  {reason}: {amounts}", tally.records);
        }
        for item in &self.items {
            let said = |key: &str| item[key].as_str().unwrap_or_default().to_owned();
            let reasons: Vec<&str> = item["reasons"]
                .as_array()
                .map(|reasons| reasons.iter().filter_map(Value::as_str).collect())
                .unwrap_or_default();
            let _written = writeln!(
                text,
                "line {}: {} {} {} {}{}",
                item["line"],
                said("result"),
                said("pan"),
                said("id"),
                reasons.join(" "),
                said("error"),
            );
        }
        if self.items_left_out > 0 {
            let _written = writeln!(text, "and {} more", self.items_left_out);
        }
        text
    }
}
