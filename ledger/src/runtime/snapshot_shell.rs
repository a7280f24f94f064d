//! The shell around snapshots.
//!
//! Owns: the thread that takes them, when they are due and when somebody asks, and the pin that keeps the
//! journal behind them. Must never: delay the view-writer or an answer, or move the pin before a snapshot is
//! durable.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, bounded};

use super::clock::{between, elapsed_since, now, whole_ms};
use super::pace::Pace;
use crate::identifiers::ShardId;
use crate::journal::disk::Directory;
use crate::journal::readers::Reader;
use crate::rank::Behind;
use crate::snapshot::SnapshotError;
use crate::snapshot::export::Step;
use crate::snapshot::files::{self, Taken};

/// How often the thread looks whether the ledger is ending.
const TICK: Duration = Duration::from_millis(500);

/// What becomes of a request. Called once, from the thread that takes snapshots; must not block.
pub type SnapshotReply = Box<dyn FnOnce(Result<Taken, SnapshotError>) + Send>;

/// A way to ask for snapshots.
#[derive(Clone, Debug)]
pub struct Snapshots {
    requests: Sender<SnapshotReply>,
    newest: Arc<AtomicU64>,
}

impl Snapshots {
    /// Asks for a snapshot. It begins at a checkpoint that is at most one checkpoint's interval old.
    ///
    /// # Errors
    /// The reply back, when another request is waiting or the ledger has ended.
    pub fn request(&self, reply: SnapshotReply) -> Result<(), SnapshotReply> {
        self.requests
            .try_send(reply)
            .map_err(crossbeam_channel::TrySendError::into_inner)
    }

    /// Where the newest snapshot begins; 0 when there is none.
    #[must_use]
    pub fn newest(&self) -> u64 {
        self.newest.load(Ordering::Acquire)
    }
}

pub(super) struct SnapshotShell {
    pub(super) disk: Directory,
    pub(super) shard: ShardId,
    pub(super) kept: usize,
    /// Zero for only when somebody asks.
    pub(super) interval: Duration,
    pub(super) pace: Pace,
    pub(super) pin: Reader,
    requests: Receiver<SnapshotReply>,
    newest: Arc<AtomicU64>,
}

impl SnapshotShell {
    /// The shell over the snapshots of a directory, and the way to ask it.
    pub(super) fn new(
        (disk, shard, kept): (Directory, ShardId, usize),
        interval: Duration,
        pace: Pace,
        pin: Reader,
    ) -> Result<(Self, Snapshots), SnapshotError> {
        let newest = files::list(&disk)?.last().map_or(0, |(from, _)| *from);
        let newest = Arc::new(AtomicU64::new(newest));
        let (sender, requests) = bounded(1);
        let shell = Self {
            disk,
            shard,
            kept,
            interval,
            pace,
            pin,
            requests,
            newest: Arc::clone(&newest),
        };
        let handle = Snapshots {
            requests: sender,
            newest,
        };
        Ok((shell, handle))
    }

    pub(super) fn run(self) {
        let _behind = Behind::step_back();
        // Counted, not read from the clock: that may be set back, and then no snapshot would be due.
        let mut waited = Duration::ZERO;
        while !self.pace.is_stopping() {
            match self.requests.recv_timeout(TICK) {
                Ok(reply) => {
                    reply(self.take());
                    waited = Duration::ZERO;
                }
                Err(RecvTimeoutError::Timeout) if self.is_due(waited) => {
                    // How it ended is in the log.
                    drop(self.take());
                    waited = Duration::ZERO;
                }
                Err(RecvTimeoutError::Timeout) => waited = waited.saturating_add(TICK),
                Err(RecvTimeoutError::Disconnected) => return,
            }
        }
    }

    /// Whether it is time, and there is anything that the newest snapshot does not have.
    fn is_due(&self, waited: Duration) -> bool {
        !self.interval.is_zero()
            && waited >= self.interval
            && self.pace.views.in_books() > self.newest.load(Ordering::Acquire)
    }

    fn take(&self) -> Result<Taken, SnapshotError> {
        let begun = now();
        let mut step_begun = begun;
        let mut pace = |step| {
            let ended = now();
            let going_on = match step {
                Step::Read | Step::Synced => self.pace.snapshot(between(step_begun, ended)),
                Step::Syncing => !self.pace.is_stopping(),
            };
            step_begun = now();
            going_on
        };
        let store = self.pace.views.store();
        let taken = files::take(store, self.shard, &self.disk, self.kept, begun, &mut pace);
        match &taken {
            Ok(taken) => {
                self.newest.store(taken.header.from, Ordering::Release);
                self.pin.saw(taken.oldest);
                tracing::info!(
                    file = taken.file,
                    from_sequence = taken.header.from,
                    through_sequence = taken.footer.through.sequence,
                    rows = taken.footer.rows.iter().sum::<u64>(),
                    bytes = taken.bytes,
                    took_ms = whole_ms(elapsed_since(begun)),
                    "snapshot taken"
                );
            }
            Err(SnapshotError::Ending) => tracing::info!("a snapshot was given up: ending"),
            Err(error) => tracing::error!(%error, "no snapshot was taken"),
        }
        taken
    }
}
