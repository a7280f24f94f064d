//! Time for tests that watch another process. Nothing is asserted about how long anything takes: a
//! deadline only keeps a broken test from hanging.

use std::time::Duration;

/// After this long, what is waited for is taken not to come.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// An instant, in microseconds since 1970.
pub(crate) fn now() -> ledger::identifiers::Timestamp {
    ledger::runtime::now()
}

/// Lets the other process go on for a moment.
pub(crate) fn pause(duration: Duration) {
    #[expect(
        clippy::disallowed_methods,
        reason = "another process is watched; it cannot wake this one"
    )]
    std::thread::sleep(duration);
}

/// Asks until there is an answer; fails the test when there is none for too long.
pub(crate) fn eventually<T>(what: &str, mut ask: impl FnMut() -> Option<T>) -> T {
    let patience_us = i64::try_from(PATIENCE.as_micros()).unwrap();
    let limit = now().plus_us(patience_us);
    loop {
        if let Some(answer) = ask() {
            return answer;
        }
        assert!(now() < limit, "waited in vain: {what}");
        pause(Duration::from_millis(2));
    }
}
