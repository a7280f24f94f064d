//! The books on disk: what they contain is known, snapshots give them back, and what a start finds decides
//! what it does with them.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that panics has failed"
)]

#[path = "books/back_pressure.rs"]
mod back_pressure;
#[path = "books/contents.rs"]
mod contents;
#[path = "books/fuzzy.rs"]
mod fuzzy;
#[path = "books/history.rs"]
mod history;
#[path = "books/opening.rs"]
mod opening;
#[path = "books/rebuild.rs"]
mod rebuild;
#[path = "invariants/run.rs"]
mod run;
#[path = "books/snapshot.rs"]
mod snapshot;
#[path = "invariants/steps.rs"]
mod steps;
mod support;

use ledger::books::store::MemoryStore;
use ledger::books::{BookStore, Contents, Progress, ViewWriter, load};
use ledger::identifiers::Timestamp;
use ledger::journal::Batch;
use ledger::journal::log::{Log, LogOptions};
use ledger::journal::simulated::SimulatedDisk;
use ledger::recovery::{Recovery, RecoveryError, Replay, recover};
use run::Run;
use support::SHARD;

/// The journal of these tests: segments small enough that there are several.
pub(crate) const LOG: LogOptions = LogOptions {
    shard: SHARD,
    segment_bytes: 4 * 1024,
};

/// A journal that holds batches.
pub(crate) fn journal(batches: &[Batch]) -> SimulatedDisk {
    let disk = SimulatedDisk::default();
    let (mut log, _) = Log::open(disk.clone(), LOG, 0).unwrap();
    for batch in batches {
        log.append(std::slice::from_ref(batch)).unwrap();
    }
    disk
}

/// Batches of purchases and reversals.
pub(crate) fn batches(messages: u32) -> Vec<Batch> {
    let mut run = Run::new();
    let steps: Vec<_> = (0..messages)
        .map(|number| match number % 4 {
            3 => steps::reversal(10_000 + number, number - 3),
            _ => steps::purchase(number),
        })
        .collect();
    run.decide_in(&steps::commands(&steps), &[1, 2, 3]);
    run.batches
}

/// Books of batches, checkpointed after every `every`.
pub(crate) fn books(batches: &[Batch], every: u64) -> ViewWriter<MemoryStore> {
    let mut views = ViewWriter::new(SHARD, MemoryStore::default(), Progress::default());
    for batch in batches {
        views.apply(batch).unwrap();
        if batch.sequence % every == 0 {
            views.checkpoint().unwrap();
        }
    }
    views
}

/// A start from what is left of books and a journal that holds these batches; every message comes into memory.
pub(crate) fn start(
    batches: &[Batch],
    left: MemoryStore,
    checkpoint_rows: usize,
) -> Result<Recovery<SimulatedDisk, MemoryStore>, RecoveryError> {
    let how = Replay::whole(checkpoint_rows);
    recover(journal(batches), left, LOG, Timestamp(i64::MIN), how)
}

/// What a store contains.
pub(crate) fn contents(store: &(impl BookStore + Sync)) -> Contents {
    load::contents(store, |_, _| Ok(())).unwrap()
}
