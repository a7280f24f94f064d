//! When a link is over.
//!
//! Owns: until when a drained link stays open, and a frame may take. Must never: cut off what is still answered.

use std::time::Duration;

use tokio::time::{Instant, sleep_until};

use crate::settings;

/// The end of a link: it stays open until it has been quiet, or until its time is over.
pub(super) struct Drain {
    quiet: Duration,
    last_heard: Instant,
    limit: Instant,
}

impl Drain {
    pub(super) fn begin(bounds: settings::Links) -> Self {
        let now = Instant::now();
        Self {
            quiet: Duration::from_millis(bounds.drain_quiet_ms),
            last_heard: now,
            limit: now + Duration::from_millis(bounds.drain_limit_ms),
        }
    }

    pub(super) fn heard(&mut self) {
        self.last_heard = Instant::now();
    }

    /// Whether nothing more is read.
    pub(super) fn is_late(&self) -> bool {
        Instant::now() >= self.limit
    }

    /// Returns when it is over; while an answer to a request of our own is waited for, not before its time is.
    pub(super) async fn over(drain: Option<&Self>, waiting: bool) {
        if let Some(drain) = drain {
            let quiet = (drain.last_heard + drain.quiet).min(drain.limit);
            sleep_until(if waiting { drain.limit } else { quiet }).await;
        }
    }
}

/// Returns when a frame that has begun should have ended.
pub(super) async fn frame_overdue(begun: Option<Instant>, bounds: settings::Links) {
    if let Some(begun) = begun {
        sleep_until(begun + Duration::from_millis(bounds.frame_timeout_ms)).await;
    }
}
