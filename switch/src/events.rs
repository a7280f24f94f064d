//! Event emission: what the journal holds, as JSON lines in `data/events/`.
//!
//! Owns: the event of each record ([`lines`]) and the files they go to ([`EventFiles`]). An event exists
//! exactly when its record is durable, bears the record's id, and is written in journal order. The cursor
//! is saved after the events are synced; at a start, what was written past it is cut and written again,
//! so a file holds each event once. Must never: be ahead of the watermark, or hold card secrets.

use std::fs::{File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use ledger::authorization::{
    AuthorizationDecided, Clearing, Decision, Posting, ReversalDecided, TransactionPosted,
};
use ledger::identifiers::{RecordId, ShardId, Timestamp};
use ledger::journal::Batch;
use ledger::record::{Unreadable, records_of};
use ledger::runtime::{journal_reader, now, step_back};
use ledger::{Record, Watermark};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::settings;

/// Why events cannot be emitted.
#[derive(Debug, thiserror::Error)]
pub enum EventError {
    /// A file cannot be read or written.
    #[error("{path}: {source}")]
    Io {
        /// The file.
        path: PathBuf,
        /// What the file system answered.
        source: io::Error,
    },
    /// The cursor file is not one.
    #[error("{path}: {reason}")]
    Cursor {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// The journal cannot be read.
    #[error("journal: {0}")]
    Journal(#[from] ledger::journal::cursor::CursorError),
    /// A record cannot be read.
    #[error(transparent)]
    Record(#[from] Unreadable),
}

/// Appends the events of a batch, a line each.
///
/// # Errors
/// [`EventError::Record`] when a record cannot be read; `out` then holds the events before it.
pub fn lines(shard: ShardId, batch: &Batch, out: &mut Vec<u8>) -> Result<(), EventError> {
    for record in records_of(shard, batch) {
        let (id, record) = record?;
        if let Some(event) = event(id, batch.time, &record) {
            out.extend_from_slice(event.to_string().as_bytes());
            out.push(b'\n');
        }
    }
    Ok(())
}

/// The CloudEvents 1.0 envelope of a record; none for records that open entities.
fn event(id: RecordId, time: Timestamp, record: &Record) -> Option<Value> {
    let (kind, subject, data) = match record {
        Record::AuthorizationDecided(decided) => (
            "authorization.decided",
            decided.account,
            authorization(decided),
        ),
        Record::ReversalDecided(decided) => {
            ("reversal.decided", decided.account, reversal(decided))
        }
        Record::TransactionPosted(posted) => (
            "transaction.posted",
            Some(posted.account),
            transaction(posted),
        ),
        Record::CustomerCreated(_) | Record::AccountOpened(_) | Record::CardIssued(_) => {
            return None;
        }
    };
    Some(json!({
        "specversion": "1.0",
        "id": id.to_string(),
        "source": format!("/switch/shards/{}", id.shard.0),
        "type": kind,
        "subject": subject.map(|account| format!("accounts/{account}")),
        "time": time.to_string(),
        "datacontenttype": "application/json",
        "data": data,
    }))
}

fn authorization(decided: &AuthorizationDecided) -> Value {
    let facts = &decided.facts;
    let (approved, deltas, reason) = match &decided.decision {
        Decision::Approved(approval) => (true, deltas(&approval.deltas), None),
        Decision::Declined(reason) => (false, json!({}), Some(reason.as_str())),
    };
    json!({
        "approved": approved,
        "reason": reason,
        "response_code": decided.answer.response_code.as_str(),
        "approval_code": decided.answer.approval_code.as_ref().map(|code| code.as_str()),
        "network_id": facts.key.network.0,
        "card_hash": facts.key.card.to_string(),
        "account_id": decided.account.map(|account| account.0),
        "message_class": match facts.clearing {
            Clearing::Offline => "dual",
            Clearing::Online => "single",
        },
        "stan": format!("{:06}", facts.key.stan),
        "transmission_date_time": format!("{:010}", facts.key.transmission),
        "retrieval_reference_number": facts.retrieval_reference,
        "processing_code": facts.processing_code.as_str(),
        "amount_minor": facts.fingerprint.amount_minor,
        "currency": facts.fingerprint.currency.map(|currency| currency.to_string()),
        "installments": facts.installments,
        "cashback_minor": facts.cashback_minor,
        "merchant_category_code": facts.mcc.map(|mcc| format!("{mcc:04}")),
        "card_acceptor_id": facts.card_acceptor,
        "limit_deltas_minor": deltas,
        "rules_version": decided.rules.to_string(),
    })
}

fn reversal(decided: &ReversalDecided) -> Value {
    json!({
        "result": match decided.result {
            ledger::authorization::ReversalResult::Reversed => "reversed",
            ledger::authorization::ReversalResult::NoEffect => "no_effect",
            ledger::authorization::ReversalResult::UnknownOriginal => "unknown_original",
            ledger::authorization::ReversalResult::AmountMismatch => "amount_mismatch",
            ledger::authorization::ReversalResult::MatchConflict => "match_conflict",
        },
        "divergent": decided.divergent,
        "advice": decided.facts.advice,
        "response_code": decided.answer.response_code.as_str(),
        "reason": decided.reason().map(rules::Reason::as_str),
        "authorization_id": decided.original.map(|id| id.to_string()),
        "network_id": decided.facts.key.network.0,
        "card_hash": decided.facts.key.card.to_string(),
        "account_id": decided.account.map(|account| account.0),
        "stan": format!("{:06}", decided.facts.key.stan),
        "retrieval_reference_number": decided.facts.retrieval_reference,
        "remaining_minor": decided.remaining_minor,
        "limit_deltas_minor": deltas(&decided.deltas),
        "rules_version": decided.rules.to_string(),
    })
}

fn transaction(posted: &TransactionPosted) -> Value {
    let Posting {
        transaction_type_id,
        credit,
        amount_minor,
    } = posted.posting;
    json!({
        "account_id": posted.account.0,
        "authorization_id": posted.authorization.to_string(),
        "reversal_id": posted.reversal.map(|id| id.to_string()),
        "processing_code": posted.processing_code.as_str(),
        "transaction_type_id": transaction_type_id,
        "credit": credit,
        "amount_minor": amount_minor,
        "currency": posted.currency.to_string(),
    })
}

/// What moved, by limit, minor units.
pub(crate) fn deltas(deltas: &rules::Deltas) -> Value {
    let moved = deltas
        .iter()
        .map(|(limit, delta)| (format!("{limit:?}"), json!(delta)));
    Value::Object(moved.collect())
}

/// How far the event files are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Saved {
    /// The last batch whose events are all written.
    sequence: u64,
    /// Number of the file that takes the next event.
    file: u64,
    /// Bytes of it.
    bytes: u64,
}

const CURSOR_FILE: &str = "cursor.json";

/// The rotating files of events.
#[derive(Debug)]
pub struct EventFiles {
    directory: PathBuf,
    file: File,
    written: Saved,
    saved: Saved,
    file_bytes: u64,
}

impl EventFiles {
    /// Opens the files of a directory where the saved cursor says; what was written past it is cut.
    ///
    /// # Errors
    /// [`EventError`] when a file cannot be used.
    pub fn open(directory: &Path, file_bytes: u64) -> Result<Self, EventError> {
        std::fs::create_dir_all(directory).map_err(|source| io_error(directory, source))?;
        let path = directory.join(CURSOR_FILE);
        let saved = match std::fs::read(&path) {
            Ok(text) => serde_json::from_slice(&text).map_err(|e| EventError::Cursor {
                path: path.clone(),
                reason: e.to_string(),
            })?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => Saved::default(),
            Err(source) => return Err(io_error(&path, source)),
        };
        let file = open_file(directory, saved.file)?;
        let path = file_path(directory, saved.file);
        file.set_len(saved.bytes)
            .map_err(|source| io_error(&path, source))?;
        remove_later_file(directory, saved.file)?;
        Ok(Self {
            directory: directory.to_owned(),
            file,
            written: saved,
            saved,
            file_bytes,
        })
    }

    /// The last batch whose events are written.
    #[must_use]
    pub fn sequence(&self) -> u64 {
        self.written.sequence
    }

    /// Appends the events of the batch of a sequence.
    ///
    /// # Errors
    /// [`EventError`]; the files then hold part of it, which the next open cuts.
    pub fn append(&mut self, sequence: u64, lines: &[u8]) -> Result<(), EventError> {
        if self.written.bytes >= self.file_bytes {
            // The full file and the cursor behind it must be durable before the next file counts.
            self.save()?;
            self.written = Saved {
                file: self.written.file + 1,
                bytes: 0,
                ..self.written
            };
            self.file = open_file(&self.directory, self.written.file)?;
        }
        let path = file_path(&self.directory, self.written.file);
        self.file
            .write_all(lines)
            .map_err(|source| io_error(&path, source))?;
        self.written.bytes += lines.len() as u64;
        self.written.sequence = sequence;
        Ok(())
    }

    /// Makes the events durable and saves the cursor behind them.
    ///
    /// # Errors
    /// [`EventError`]; the cursor is then the last one saved.
    pub fn save(&mut self) -> Result<(), EventError> {
        if self.written == self.saved {
            return Ok(());
        }
        let path = file_path(&self.directory, self.written.file);
        self.file
            .sync_data()
            .map_err(|source| io_error(&path, source))?;
        let path = self.directory.join(CURSOR_FILE);
        let partial = self.directory.join("cursor.partial");
        let replace = || {
            let mut file = File::create(&partial)?;
            file.write_all(json!(self.written).to_string().as_bytes())?;
            file.sync_data()?;
            std::fs::rename(&partial, &path)?;
            File::open(&self.directory)?.sync_all()
        };
        replace().map_err(|source| io_error(&path, source))?;
        self.saved = self.written;
        Ok(())
    }
}

fn file_path(directory: &Path, number: u64) -> PathBuf {
    directory.join(format!("events-{number:06}.jsonl"))
}

fn open_file(directory: &Path, number: u64) -> Result<File, EventError> {
    let path = file_path(directory, number);
    let opened = OpenOptions::new().append(true).create(true).open(&path);
    opened.map_err(|source| io_error(&path, source))
}

/// A file begun after the saved cursor holds only events that will be written again.
fn remove_later_file(directory: &Path, number: u64) -> Result<(), EventError> {
    let path = file_path(directory, number + 1);
    match std::fs::remove_file(&path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(io_error(&path, error)),
        Ok(()) | Err(_) => Ok(()),
    }
}

fn io_error(path: &Path, source: io::Error) -> EventError {
    EventError::Io {
        path: path.to_owned(),
        source,
    }
}

/// Follows the journal and writes events until told to stop: the shell of [`EventFiles`].
///
/// # Errors
/// [`EventError`]: no more events are emitted then; authorizations go on.
pub fn follow(
    journal: &Path,
    mut files: EventFiles,
    shard: ShardId,
    watermark: &Watermark,
    settings: settings::Events,
    stop: &Arc<AtomicBool>,
) -> Result<(), EventError> {
    step_back();
    let mut cursor =
        journal_reader(journal, files.sequence()).map_err(|source| io_error(journal, source))?;
    let interval = Duration::from_millis(settings.save_interval_ms);
    let (mut text, mut saved) = (Vec::new(), now());
    loop {
        let stopping = stop.load(Ordering::Acquire);
        let next = cursor.seen().saturating_add(1);
        let quiet = stopping || !watermark.wait_for(next, interval);
        while let Some(batch) = cursor.next(watermark.sequence())? {
            text.clear();
            lines(shard, &batch, &mut text)?;
            files.append(batch.sequence, &text)?;
        }
        let waited_us = now().0.saturating_sub(saved.0);
        if quiet || u128::try_from(waited_us).unwrap_or(0) >= interval.as_micros() {
            files.save()?;
            saved = now();
        }
        metrics::gauge!("switch_events_sequence").set(files.sequence() as f64);
        if stopping {
            return Ok(());
        }
    }
}
