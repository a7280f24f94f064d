//! Time for trials that watch another process.
//!
//! Owns: the clock and the pauses of the shells. Must never: decide what is right; a deadline only keeps a
//! hanging process from hanging the trial.

use std::time::{Duration, Instant};

/// After this long, what is waited for is taken not to come: a failure.
pub(super) const PATIENCE: Duration = Duration::from_secs(60);

/// The monotonic clock.
pub(super) fn instant() -> Instant {
    #[expect(
        clippy::disallowed_methods,
        reason = "the shells of the torture read the clock here"
    )]
    let now = Instant::now();
    now
}

/// Lets other processes go on for a while.
pub(super) fn pause(duration: Duration) {
    #[expect(
        clippy::disallowed_methods,
        reason = "another process is watched; it cannot wake this one"
    )]
    std::thread::sleep(duration);
}

/// Asks until the answer is yes; false when it does not come for `limit`.
pub(super) fn wait_until(limit: Duration, mut ask: impl FnMut() -> bool) -> bool {
    let begun = instant();
    while !ask() {
        if begun.elapsed() >= limit {
            return false;
        }
        pause(Duration::from_micros(500));
    }
    true
}
