//! The threads behind the journal.
//!
//! Owns: starting and ending the emitter of events and the counter of totals. Must never: end with success when one of
//! them failed.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;

use anyhow::anyhow;
use ledger::Watermark;
use ledger::identifiers::BusinessDate;
use ledger::journal::disk::Directory;

use crate::events::{self, Emitter, EventError, WaitingNotices};
use crate::server::Shared;
use crate::settings;
use crate::totals::{self, TotalsError, TotalsReader};

/// A thread that follows the journal until it is told to end.
pub(super) struct Follower<E> {
    name: &'static str,
    stop: Arc<AtomicBool>,
    thread: JoinHandle<Result<(), E>>,
}

impl<E: std::error::Error + Send + Sync + 'static> Follower<E> {
    /// Starts it; `follow` ends once the flag that it is given is set. Its failure is logged as `failed` at once, and
    /// returned by [`stop`](Self::stop).
    fn start(
        name: &'static str,
        failed: &'static str,
        follow: impl FnOnce(&Arc<AtomicBool>) -> Result<(), E> + Send + 'static,
    ) -> anyhow::Result<Self> {
        let stop = Arc::new(AtomicBool::new(false));
        let stopping = Arc::clone(&stop);
        let thread = std::thread::Builder::new()
            .name(name.to_owned())
            .spawn(move || {
                let followed = follow(&stopping);
                if let Err(error) = &followed {
                    tracing::error!(%error, "{failed}");
                }
                followed
            })?;
        Ok(Self { name, stop, thread })
    }

    /// Lets it take what is durable and ends it; what comes after is taken by the next start.
    pub(super) fn stop(self) -> anyhow::Result<()> {
        self.stop.store(true, Ordering::Release);
        let ended = self.thread.join();
        Ok(ended
            .map_err(|_panic| anyhow!("the thread of the {} ended by a panic", self.name))??)
    }
}

/// Starts the thread that counts totals.
pub(super) fn totals(
    reader: TotalsReader<Directory>,
    shared: Arc<Shared>,
) -> anyhow::Result<Follower<TotalsError>> {
    Follower::start(
        "totals",
        "totals are not counted any more",
        move |stopping| {
            let date_of = |network, time| {
                let networks = shared.rulebook.networks();
                networks
                    .plan(network)
                    .map_or_else(BusinessDate::default, |plan| plan.state.date_at(time))
            };
            totals::follow(reader, shared.submitter.watermark(), &date_of, stopping)
        },
    )
}

/// Starts the thread that emits events.
pub(super) fn events(
    emitter: Emitter<Directory>,
    options: settings::Events,
    watermark: Watermark,
    notices: WaitingNotices,
) -> anyhow::Result<Follower<EventError>> {
    Follower::start("events", "no more events are emitted", move |stopping| {
        events::follow(emitter, &watermark, options, &notices, stopping)
    })
}
