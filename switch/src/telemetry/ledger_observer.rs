//! What is heard of the ledger.
//!
//! Owns: its metrics, and the end of the process when it cannot go on. Must never: go on acknowledging after a failure.

use std::time::Duration;

use ledger::journal::retainer::Retained;
use ledger::runtime::{LedgerFailure, Observer};
use metrics::{counter, gauge, histogram};

/// Hears of the ledger for the metrics, and ends the process when it cannot go on.
#[derive(Debug)]
pub struct LedgerObserver;

impl Observer for LedgerObserver {
    fn decided(&self, commands: usize, records: u32, took: Duration) {
        histogram!("switch_decide_duration_seconds").record(took);
        histogram!("switch_batch_commands").record(commands as f64);
        counter!("switch_commands_decided_total").increment(commands as u64);
        counter!("switch_records_total").increment(u64::from(records));
    }

    fn committed(&self, batches: usize, took: Duration) {
        histogram!("switch_journal_sync_duration_seconds").record(took);
        counter!("switch_journal_commits_total").increment(1);
        counter!("switch_journal_batches_total").increment(batches as u64);
    }

    fn checkpointed(&self, rows: usize, took: Duration) {
        histogram!("switch_checkpoint_duration_seconds").record(took);
        counter!("switch_checkpoint_rows_total").increment(rows as u64);
    }

    fn journal(&self, retained: &Retained) {
        gauge!("switch_journal_bytes").set(retained.bytes as f64);
        gauge!("switch_journal_segments").set(retained.segments as f64);
        gauge!("switch_journal_oldest_sequence").set(retained.oldest_sequence.unwrap_or(0) as f64);
        let held = if retained.held_by.is_empty() {
            0.0
        } else {
            1.0
        };
        gauge!("switch_journal_held").set(held);
        counter!("switch_journal_segments_removed_total").increment(retained.removed as u64);
        for (status, lag_bytes) in &retained.readers {
            let set = |name: &'static str, value: f64| {
                gauge!(name, "reader" => status.name.clone()).set(value);
            };
            set("switch_journal_reader_sequence", status.seen as f64);
            set("switch_journal_reader_lag_bytes", *lag_bytes as f64);
            let detached = if status.attached { 0.0 } else { 1.0 };
            set("switch_journal_reader_detached", detached);
        }
        for reader in &retained.detached {
            counter!("switch_journal_readers_detached_total", "reader" => reader.clone())
                .increment(1);
        }
    }

    fn failed(&self, failure: LedgerFailure) {
        // Nothing may be acknowledged any more, and nothing here can be mended while running. Standard
        // error directly: the log's own thread might not come to write it.
        use std::io::Write as _;
        let message = format!("{:#}", anyhow::Error::from(failure));
        let line = serde_json::json!({ "level": "ERROR", "message": message });
        writeln!(std::io::stderr(), "{line}").unwrap_or_default();
        std::process::exit(1);
    }
}
