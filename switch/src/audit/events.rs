//! Comparing records with the event files.
//!
//! Owns: reading the files line by line beside the records, in the order that both have, up to where the
//! files were durable when the reading began. What an event must say comes from the function that the
//! emitter uses. Must never: keep more than one line in memory.

use std::fs::File;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use ledger::Record;
use ledger::audit::{Rule, Violation};
use ledger::books::{SledStore, Views};
use ledger::identifiers::{RecordId, Timestamp};
use serde_json::{Value, json};

use crate::events;

/// The event files beside the records.
pub(super) struct Events<'a> {
    views: &'a Views<SledStore>,
    files: std::vec::IntoIter<PathBuf>,
    reader: Option<BufReader<File>>,
    next: Option<Line>,
    /// The first batch whose events the files hold.
    from: u64,
    /// The last batch whose events are durable.
    through: u64,
    /// The batches that the last gap told of.
    gap: (u64, u64),
    compared: u64,
}

/// An event as its line has it.
struct Line {
    id: Option<RecordId>,
    event: Value,
}

/// The name of the event that tells of acknowledgements: the books keep no record of these.
const ACKNOWLEDGED: &str = "response.acknowledged";
/// The name of the event that tells of batches whose events are lost.
const GAP: &str = "journal.gap";

impl<'a> Events<'a> {
    /// Opens the files of a directory at their beginning.
    pub(super) fn open(directory: &Path, views: &'a Views<SledStore>) -> anyhow::Result<Self> {
        let through = events::saved_sequence(directory)?;
        let files = events::files_of(directory)?;
        let whole = files.first().is_none_or(|(number, _)| *number == 0);
        let files: Vec<PathBuf> = files.into_iter().map(|(_, path)| path).collect();
        let mut opened = Self {
            views,
            files: files.into_iter(),
            reader: None,
            next: None,
            from: 1,
            through,
            gap: (0, 0),
            compared: 0,
        };
        opened.advance()?;
        if !whole && let Some(line) = &opened.next {
            let first = line.event["data"]["first_sequence"].as_u64();
            opened.from = line.id.map(|id| id.sequence).or(first).unwrap_or(1);
        }
        Ok(opened)
    }

    /// What was compared, for the report.
    pub(super) fn to_json(&self) -> Value {
        json!({
            "compared": self.compared,
            "from_sequence": self.from,
            "through_sequence": self.through,
        })
    }

    /// Reads on to the next line that is durable.
    fn advance(&mut self) -> anyhow::Result<()> {
        self.next = None;
        loop {
            let Some(reader) = &mut self.reader else {
                let Some(path) = self.files.next() else {
                    return Ok(());
                };
                let file = File::open(&path).with_context(|| path.display().to_string())?;
                self.reader = Some(BufReader::new(file));
                continue;
            };
            let mut line = String::new();
            if reader.read_line(&mut line)? == 0 {
                self.reader = None;
                continue;
            }
            // What is being written has no end yet, and is not durable.
            if !line.ends_with('\n') {
                return Ok(());
            }
            let event: Value = serde_json::from_str(&line)
                .context("an event file holds a line that is no event")?;
            if events::is_notice(&event) {
                continue;
            }
            let id: Option<RecordId> = event["id"].as_str().and_then(|id| id.parse().ok());
            let last = event["data"]["last_sequence"].as_u64();
            let sequence = id.map(|id| id.sequence).or(last).unwrap_or(u64::MAX);
            if sequence <= self.through {
                self.next = Some(Line { id, event });
            }
            return Ok(());
        }
    }

    /// Compares a record with its event.
    pub(super) fn compare(
        &mut self,
        id: RecordId,
        time: Timestamp,
        record: &Record,
    ) -> Result<(), String> {
        let Some(expected) = events::event(id, time, record) else {
            return Ok(());
        };
        if id.sequence < self.from || id.sequence > self.through {
            return Ok(());
        }
        self.skip_until(id)?;
        if (self.gap.0..=self.gap.1).contains(&id.sequence) {
            return Ok(());
        }
        let Some(line) = self.next.take_if(|line| line.id == Some(id)) else {
            return Err(format!("record {id} has no event"));
        };
        if !agree(&line.event, &expected) {
            return Err(format!("the event of record {id} says something else"));
        }
        self.compared += 1;
        self.advance().map_err(|error| error.to_string())
    }

    /// Passes what stands before the event of a record: gaps, and acknowledgements that only the journal
    /// knows of.
    fn skip_until(&mut self, id: RecordId) -> Result<(), String> {
        while let Some(line) = &self.next {
            if line.id.is_some_and(|found| found >= id) {
                return Ok(());
            }
            self.pass()?;
            self.advance().map_err(|error| error.to_string())?;
        }
        Ok(())
    }

    /// Passes an event without a record of the books, if that may be.
    fn pass(&mut self) -> Result<(), String> {
        let Some(Line { id, event }) = &self.next else {
            return Ok(());
        };
        let data = &event["data"];
        // What is older than what is left of the books has no record there.
        let purged = self.views.purged().map_err(|error| error.to_string())?;
        let of_purged = id.is_some_and(|id| purged.includes(id));
        // Steps of purging are in the journal alone.
        if event["type"] == events::PURGED || of_purged {
            return Ok(());
        }
        if event["type"] == GAP {
            let sequence = |name: &str| data[name].as_u64().unwrap_or(0);
            self.gap = (sequence("first_sequence"), sequence("last_sequence"));
            return Ok(());
        }
        let message = data["message_id"].as_str().and_then(|id| id.parse().ok());
        let known = message.is_some_and(|message| {
            let held = matches!(self.views.message(message), Ok(Some(_)));
            event["type"] == ACKNOWLEDGED && (held || purged.includes(message))
        });
        if known {
            return Ok(());
        }
        let name = id.map_or_else(|| event["id"].to_string(), |id| id.to_string());
        Err(format!("event {name} has no record"))
    }

    /// What is left in the files up to a batch must be events without a record of the books.
    pub(super) fn finish(&mut self, sequence: u64) -> Result<(), Violation> {
        let violation = |finding: String, id: Option<RecordId>| Violation {
            rule: Rule::Events,
            finding,
            records: id.into_iter().collect(),
        };
        loop {
            let id = match &self.next {
                Some(line) if line.id.is_none_or(|id| id.sequence <= sequence) => line.id,
                Some(_) | None => return Ok(()),
            };
            self.pass().map_err(|finding| violation(finding, id))?;
            let advanced = self.advance();
            advanced.map_err(|error| violation(error.to_string(), id))?;
        }
    }
}

/// Whether an event says what its record says. The data of an older build may have other keys: what both
/// say must agree.
fn agree(found: &Value, expected: &Value) -> bool {
    let (Some(found), Some(expected)) = (found.as_object(), expected.as_object()) else {
        return false;
    };
    expected.iter().all(|(key, expected)| match found.get(key) {
        Some(said) if key == "data" => data_agrees(said, expected),
        said => said == Some(expected),
    })
}

fn data_agrees(found: &Value, expected: &Value) -> bool {
    let (Some(found), Some(expected)) = (found.as_object(), expected.as_object()) else {
        return found == expected;
    };
    let mut both = expected
        .iter()
        .filter_map(|(key, expected)| Some((found.get(key)?, expected)));
    both.all(|(found, expected)| found == expected)
}
