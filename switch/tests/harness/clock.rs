//! Time for tests that watch another process. Nothing is asserted about how long anything takes: a
//! deadline only keeps a broken test from hanging.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// After this long, what is waited for is taken not to come.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// The same of the beginning and of the end of a process: a machine that is busy with other things may take minutes, and
/// a process that ends before it is ready is noticed at once.
pub(crate) const LIFE_PATIENCE: Duration = Duration::from_secs(600);

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

/// Asks until there is an answer; none when it does not come for too long.
pub(crate) fn await_answer<T>(ask: impl FnMut() -> Option<T>) -> Option<T> {
    await_within(PATIENCE, ask)
}

/// The same with a patience of its own.
pub(crate) fn await_within<T>(patience: Duration, mut ask: impl FnMut() -> Option<T>) -> Option<T> {
    let limit = now().plus_us(i64::try_from(patience.as_micros()).unwrap());
    loop {
        let answer = ask();
        if answer.is_some() || now() >= limit {
            return answer;
        }
        pause(Duration::from_millis(2));
    }
}

/// Asks until there is an answer; fails the test when it does not come for too long.
pub(crate) fn eventually<T>(what: &str, ask: impl FnMut() -> Option<T>) -> T {
    await_answer(ask).unwrap_or_else(|| panic!("waited in vain: {what}"))
}

/// Sets a flag when it goes out of scope, also when the test fails: threads that go on until the flag is
/// set then end, and a scope that waits for them as well.
#[derive(Debug)]
pub(crate) struct SetOnDrop<'a>(pub(crate) &'a AtomicBool);

impl Drop for SetOnDrop<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}
