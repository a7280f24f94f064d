//! `switch clear`: takes a day's clearing file to the running switch.
//!
//! Owns: the way of a file. It is read twice, row by row: first to see that header, trailer and totals are right, so
//! that a file that was cut off clears nothing; then its records are asked for in groups. Each is named by the file's id
//! and its number, so that a run that was cut off is made whole by another one. Must never: hold more rows than a group,
//! or show a card number.

mod file;
mod report;

use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, bail};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde_json::{Value, json};
use zeroize::Zeroizing;

use crate::clearings::MOST_RECORDS;
use crate::serve::ConfigurationError;
use crate::show;
pub use file::{BadRow, COLUMNS, FileError, Header, RecordRow, Row, Rows};
pub use report::Report;

/// How often a group is asked for again while the switch is overloaded.
const ATTEMPTS: u32 = 20;

/// What a file says of itself, once that is known to be right.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Checked {
    /// Records, those that cannot be taken included.
    pub records: u64,
    /// Records that cannot be taken.
    pub bad: u64,
}

/// Reads a whole file without taking anything.
///
/// # Errors
/// [`FileError`] when header, trailer or totals are not right. The total is compared where every amount can be read.
pub fn check(path: &Path) -> Result<Checked, FileError> {
    let mut rows = Rows::open(path)?;
    let mut checked = Checked { records: 0, bad: 0 };
    let mut total = Some(0_i128);
    let mut trailer: Option<(u64, u64, i128)> = None;
    while let Some(row) = rows.next_row()? {
        if let Some((line, ..)) = trailer {
            return Err(rows.wrong(line, "rows follow the trailer"));
        }
        let amount_minor = match row {
            Row::Trailer {
                line,
                records,
                total_minor,
            } => {
                trailer = Some((line, records, total_minor));
                continue;
            }
            Row::Record(record) => Some(record.amount_minor),
            Row::Bad(bad) => {
                checked.bad = checked.bad.saturating_add(1);
                bad.amount_minor
            }
        };
        checked.records = checked.records.saturating_add(1);
        total = total
            .zip(amount_minor)
            .and_then(|(total, minor)| total.checked_add(minor.into()));
    }
    let (line, records, total_minor) =
        trailer.ok_or_else(|| rows.wrong(1, "the trailer is missing: the file was cut off"))?;
    if records != checked.records {
        let reason = format!(
            "the trailer says {records} records; there are {}",
            checked.records
        );
        return Err(rows.wrong(line, reason));
    }
    match total {
        Some(total) if total != total_minor => {
            let reason =
                format!("the trailer says a total of {total_minor}; the amounts add up to {total}");
            Err(rows.wrong(line, reason))
        }
        Some(_) | None => Ok(checked),
    }
}

/// Takes a file to the switch whose HTTP is at `address`; what is not posted goes to the file `items` as well.
///
/// # Errors
/// [`ConfigurationError`] for a file that cannot be opened; else what is wrong with it, or that the switch does not
/// answer: what was decided until then stays decided, and the same file can be taken again.
pub fn run(address: &str, path: &Path, items: Option<&Path>) -> anyhow::Result<Report> {
    let checked = check(path).map_err(usage)?;
    let mut rows = Rows::open(path).map_err(usage)?;
    let mut report = Report::of(&rows.header, checked, items)?;
    let agent = agent();
    let url = format!("http://{address}/v1/clearings");
    let progress = progress(checked.records);
    let mut group = Vec::with_capacity(MOST_RECORDS);
    loop {
        let row = rows.next_row()?;
        let ended = row.is_none();
        match row {
            Some(Row::Record(record)) => group.push(*record),
            Some(Row::Bad(bad)) => report.bad_row(&bad)?,
            Some(Row::Trailer { .. }) | None => {}
        }
        if group.len() == MOST_RECORDS || (ended && !group.is_empty()) {
            take(&agent, &url, &rows.header, &group, &mut report)?;
            group.clear();
            progress.set_position(report.rows());
        }
        if ended {
            break;
        }
    }
    progress.finish_and_clear();
    Ok(report)
}

/// A file that cannot be opened is a matter of usage; one that is wrong is not good.
fn usage(error: FileError) -> anyhow::Error {
    match error {
        FileError::Io { .. } => ConfigurationError::from(anyhow::Error::new(error)).into(),
        FileError::Content { .. } => error.into(),
    }
}

fn agent() -> ureq::Agent {
    ureq::Agent::config_builder()
        .http_status_as_error(false)
        .timeout_global(Some(Duration::from_secs(60)))
        .build()
        .into()
}

/// Drawn on a terminal only.
fn progress(records: u64) -> ProgressBar {
    let bar = ProgressBar::with_draw_target(Some(records), ProgressDrawTarget::stderr());
    let template = "{bar:40} {pos} of {len} records, {per_sec}, {eta} left";
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style);
    }
    bar
}

/// Asks for a group, again while the switch cannot take all of it.
fn take(
    agent: &ureq::Agent,
    url: &str,
    header: &Header,
    group: &[RecordRow],
    report: &mut Report,
) -> anyhow::Result<()> {
    let mut left: Vec<&RecordRow> = group.iter().collect();
    for attempt in 1..=ATTEMPTS {
        let answer = ask(agent, url, header, &left)?;
        let results = answer["results"].as_array();
        let results = results.filter(|results| results.len() == left.len());
        let results = results.context("the answer is not that of a group of records")?;
        let mut undecided = Vec::new();
        for (row, result) in left.into_iter().zip(results) {
            if result["undecided"].is_string() {
                undecided.push(row);
            } else {
                report.result(row, result)?;
            }
        }
        if undecided.is_empty() {
            return Ok(());
        }
        left = undecided;
        std::thread::park_timeout(Duration::from_millis(50_u64.saturating_mul(attempt.into())));
    }
    bail!(
        "the switch is overloaded: {} records are not decided; take the same file again",
        left.len()
    )
}

fn ask(
    agent: &ureq::Agent,
    url: &str,
    header: &Header,
    rows: &[&RecordRow],
) -> anyhow::Result<Value> {
    let records = rows.iter().map(|row| {
        let mut record = row.body.clone();
        record["pan"] = json!(row.pan.reveal());
        record
    });
    let body = json!({
        "file_id": header.file_id.as_str(),
        "network_id": header.network_id,
        "records": records.collect::<Vec<_>>(),
    });
    // It holds card numbers.
    let body = Zeroizing::new(body.to_string());
    let posted = agent
        .post(url)
        .content_type("application/json")
        .send(body.as_str());
    let answer = posted.with_context(|| {
        format!(
            "no switch answers at {url}; what was decided stays decided: take the same file again"
        )
    })?;
    show::body(answer)
}
