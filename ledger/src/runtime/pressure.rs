//! How long a command would wait for the writer.
//!
//! Owns: the time that the writer needs for a command, as its last batches took it, and what follows for one that
//! comes now. A queue is bounded in commands, a deadline in time: when a slow disk holds the writer up, commands would
//! reach it too late one after the other, each as much for nothing as the one before. Those that would be late are better
//! refused while they can still be answered. Must never: refuse when there is no queue.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// What the writer needs for a command under its present load.
#[derive(Debug, Default)]
pub(super) struct Pressure {
    per_command_ns: AtomicU64,
}

/// Share of the newest batch in the mean: one part in so many.
const WEIGHT: u64 = 8;

impl Pressure {
    /// A batch of so many commands took so long, waiting for the journal included.
    pub(super) fn took(&self, commands: usize, took: Duration) {
        let commands = u64::try_from(commands).unwrap_or(u64::MAX).max(1);
        let took_ns = u64::try_from(took.as_nanos()).unwrap_or(u64::MAX);
        let newest = took_ns.checked_div(commands).unwrap_or_default();
        let before = self.per_command_ns.load(Ordering::Relaxed);
        let kept = before.saturating_sub(before.div_ceil(WEIGHT));
        let mean = kept.saturating_add(newest.div_ceil(WEIGHT));
        // Written by the writer alone.
        self.per_command_ns.store(mean, Ordering::Relaxed);
    }

    /// How long a command would wait behind so many, in microseconds.
    pub(super) fn wait_us(&self, waiting: usize) -> i64 {
        let waiting = u64::try_from(waiting).unwrap_or(u64::MAX);
        let wait_ns = self
            .per_command_ns
            .load(Ordering::Relaxed)
            .saturating_mul(waiting);
        i64::try_from(wait_ns.checked_div(1_000).unwrap_or_default()).unwrap_or(i64::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wait_follows_the_queue_and_what_batches_take() {
        let pressure = Pressure::default();
        assert_eq!(pressure.wait_us(16_384), 0, "nothing is known yet");
        for _ in 0..100 {
            pressure.took(10, Duration::from_micros(1_000));
        }
        let wait_us = pressure.wait_us(1_000);
        assert!((99_000..=101_000).contains(&wait_us), "{wait_us}");
        assert_eq!(pressure.wait_us(0), 0);
        // The disk stalls for seconds, and works again.
        pressure.took(10, Duration::from_secs(8));
        assert!(pressure.wait_us(1_000) > 50_000_000);
        for _ in 0..200 {
            pressure.took(10, Duration::from_micros(1_000));
        }
        assert!(pressure.wait_us(1_000) < 110_000);
        pressure.took(0, Duration::MAX);
        assert!(pressure.wait_us(usize::MAX) > 0);
    }
}
