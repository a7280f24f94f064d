//! The clock of the shells: the one place of the ledger that reads it.
//!
//! Owns: the time that batches are stamped with, and how long things took. Must never: be read by a
//! machine; machines are told the time.

use std::time::Duration;

use crate::identifiers::Timestamp;

/// The time since the epoch, as the system tells it.
#[must_use]
pub fn now() -> Timestamp {
    #[expect(
        clippy::disallowed_methods,
        reason = "the shell stamps the time of batches"
    )]
    let now = std::time::SystemTime::now();
    let since_epoch = now
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap_or_default();
    Timestamp(i64::try_from(since_epoch.as_micros()).unwrap_or(i64::MAX))
}

/// The time since an instant; zero when the clock went back.
#[must_use]
pub fn elapsed_since(begun: Timestamp) -> Duration {
    between(begun, now())
}

/// The time from one instant to a later one; zero when the clock went back.
#[must_use]
pub fn between(begun: Timestamp, ended: Timestamp) -> Duration {
    Duration::from_micros(u64::try_from(ended.0.saturating_sub(begun.0)).unwrap_or(0))
}

/// A duration in whole milliseconds, for the log.
#[must_use]
pub fn whole_ms(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
