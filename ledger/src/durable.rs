//! The gate between deciding and answering.
//!
//! Owns: the durable watermark and [`Durable`], the only thing an approval can be answered from. Must
//! never: let a value through before the watermark has passed what it rests on.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

/// The highest batch sequence that is on stable storage. Only ever rises; shared by pointer.
#[derive(Clone, Debug)]
pub struct Watermark {
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    sequence: AtomicU64,
    moved: Condvar,
    waiting: Mutex<()>,
}

impl Watermark {
    /// A watermark that has passed `sequence`: what recovery found durable.
    #[must_use]
    pub fn at(sequence: u64) -> Self {
        let shared = Shared {
            sequence: AtomicU64::new(sequence),
            ..Shared::default()
        };
        Self {
            shared: Arc::new(shared),
        }
    }

    /// The highest durable sequence.
    #[must_use]
    pub fn sequence(&self) -> u64 {
        self.shared.sequence.load(Ordering::Acquire)
    }

    /// Raises it; a lower sequence changes nothing. Only a journal that has synced may call this.
    pub(crate) fn raise(&self, sequence: u64) {
        self.shared.sequence.fetch_max(sequence, Ordering::AcqRel);
        // The lock orders this after a waiter's check, so that no wake-up is lost.
        drop(
            self.shared
                .waiting
                .lock()
                .unwrap_or_else(PoisonError::into_inner),
        );
        self.shared.moved.notify_all();
    }

    /// Waits until it has passed `sequence`, at most for `timeout`; says whether it has.
    #[must_use]
    pub fn wait_for(&self, sequence: u64, timeout: Duration) -> bool {
        let guard = self
            .shared
            .waiting
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let waiting = |(): &mut ()| self.sequence() < sequence;
        let (guard, _) = self
            .shared
            .moved
            .wait_timeout_while(guard, timeout, waiting)
            .unwrap_or_else(PoisonError::into_inner);
        drop(guard);
        self.sequence() >= sequence
    }
}

/// A value whose batch, and every batch before it, is on stable storage.
///
/// Made only inside this crate, behind the watermark. A response that approves can be built from
/// nothing else.
#[derive(Debug)]
pub struct Durable<T> {
    value: T,
}

impl<T> Durable<T> {
    /// The value, if the watermark has passed `sequence`; else the value back.
    pub(crate) fn behind(watermark: &Watermark, sequence: u64, value: T) -> Result<Self, T> {
        if watermark.sequence() >= sequence {
            Ok(Self { value })
        } else {
            Err(value)
        }
    }

    /// What is durable.
    pub fn get(&self) -> &T {
        &self.value
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_passes_before_the_watermark() {
        let watermark = Watermark::at(4);
        assert_eq!(
            Durable::behind(&watermark, 5, "approved").err(),
            Some("approved")
        );
        watermark.raise(5);
        watermark.raise(3);
        assert_eq!(watermark.sequence(), 5);
        assert_eq!(
            *Durable::behind(&watermark, 5, "approved").unwrap().get(),
            "approved"
        );
        assert!(!watermark.wait_for(6, Duration::from_millis(1)));
    }
}
