//! The threads behind the journal.
//!
//! Owns: starting and ending the emitter of events and the counter of totals. Must never: end with success when one of
//! them failed.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::anyhow;
use ledger::Watermark;
use ledger::journal::disk::Directory;

use crate::events::{self, Emitter, WaitingNotices};
use crate::server::Shared;
use crate::settings;
use crate::totals::{self, TotalsError, TotalsReader};

/// The thread that counts totals.
pub(super) struct TotalsThread {
    stop: Arc<AtomicBool>,
    thread: std::thread::JoinHandle<Result<(), TotalsError>>,
}

impl TotalsThread {
    pub(super) fn start(
        reader: TotalsReader<Directory>,
        shared: Arc<Shared>,
    ) -> anyhow::Result<Self> {
        let stop = Arc::new(AtomicBool::new(false));
        let stopping = Arc::clone(&stop);
        let thread = std::thread::Builder::new()
            .name("totals".to_owned())
            .spawn(move || {
                let date_of = |network, time| {
                    let networks = shared.rulebook.networks();
                    networks
                        .plan(network)
                        .map_or(0, |plan| plan.state.date_at(time))
                };
                let watermark = shared.submitter.watermark();
                let followed = totals::follow(reader, watermark, &date_of, &stopping);
                if let Err(error) = &followed {
                    tracing::error!(%error, "totals are not counted any more");
                }
                followed
            })?;
        Ok(Self { stop, thread })
    }

    /// Counts what is durable and ends; what comes after it is counted by the next start.
    pub(super) fn stop(self) -> anyhow::Result<()> {
        self.stop.store(true, Ordering::Release);
        let ended = self.thread.join();
        Ok(ended.map_err(|_panic| anyhow!("the thread of the totals ended by a panic"))??)
    }
}

/// The thread that emits events.
pub(super) struct EventThread {
    stop: Arc<AtomicBool>,
    thread: std::thread::JoinHandle<Result<(), events::EventError>>,
}

impl EventThread {
    pub(super) fn start(
        emitter: Emitter<Directory>,
        options: settings::Events,
        watermark: Watermark,
        notices: WaitingNotices,
    ) -> anyhow::Result<Self> {
        let stop = Arc::new(AtomicBool::new(false));
        let stopping = Arc::clone(&stop);
        let thread = std::thread::Builder::new()
            .name("events".to_owned())
            .spawn(move || {
                let followed = events::follow(emitter, &watermark, options, &notices, &stopping);
                if let Err(error) = &followed {
                    tracing::error!(%error, "no more events are emitted");
                }
                followed
            })?;
        Ok(Self { stop, thread })
    }

    /// Emits what is durable and ends.
    pub(super) fn stop(self) -> anyhow::Result<()> {
        self.stop.store(true, Ordering::Release);
        let ended = self.thread.join();
        Ok(ended.map_err(|_panic| anyhow!("the event thread ended by a panic"))??)
    }
}
