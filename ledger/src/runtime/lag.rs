//! How far the books may be behind what is decided.
//!
//! Owns: the two bounds of that lag and where it stands. Batches say how old what readers see may be;
//! records say how much memory it takes, because nothing leaves the state before the books hold it, and a
//! batch may hold one record or thousands. Must never: refuse for longer than the lag lasts.

use std::sync::atomic::{AtomicU64, Ordering};

/// The lag of the views and the books, and its bounds.
#[derive(Debug)]
pub(super) struct Lag {
    bound_batches: u64,
    bound_records: u64,
    decided: AtomicU64,
    in_books: AtomicU64,
}

impl Lag {
    pub(super) fn within(bound_batches: u64, bound_records: u64) -> Self {
        Self {
            bound_batches,
            bound_records,
            decided: AtomicU64::new(0),
            in_books: AtomicU64::new(0),
        }
    }

    /// So many records were decided.
    pub(super) fn decided(&self, records: u32) {
        self.decided.fetch_add(u64::from(records), Ordering::AcqRel);
    }

    /// So many records more are in the books.
    pub(super) fn in_books(&self, records: u64) {
        self.in_books.fetch_add(records, Ordering::AcqRel);
    }

    /// Records that the books do not hold yet.
    pub(super) fn records(&self) -> u64 {
        // In this order: the books are never ahead, so the difference is never below the truth.
        let in_books = self.in_books.load(Ordering::Acquire);
        self.decided
            .load(Ordering::Acquire)
            .saturating_sub(in_books)
    }

    /// Whether nothing more may be decided, when the views are so many batches behind.
    pub(super) fn is_exceeded(&self, batches: u64) -> bool {
        batches > self.bound_batches || self.records() > self.bound_records
    }

    /// Whether the lag is more than half of what it may be: time to hurry.
    pub(super) fn is_near(&self, batches: u64) -> bool {
        batches > self.bound_batches / 2 || self.records() > self.bound_records / 2
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn either_bound_refuses_and_the_books_lift_it() {
        // batches behind, records decided, records in the books: near, exceeded
        for (batches, decided, in_books, near, exceeded) in [
            (0, 0, 0, false, false),
            (5, 50, 0, false, false),
            (6, 0, 0, true, false),
            (10, 0, 0, true, false),
            (11, 0, 0, true, true),
            (0, 51, 0, true, false),
            (0, 100, 0, true, false),
            (0, 101, 0, true, true),
            (0, 101, 1, true, false),
            (0, 1_000, 1_000, false, false),
        ] {
            let lag = Lag::within(10, 100);
            lag.decided(decided);
            lag.in_books(in_books);
            let found = (lag.is_near(batches), lag.is_exceeded(batches));
            assert_eq!(
                found,
                (near, exceeded),
                "{batches} batches, {decided} decided, {in_books} in books"
            );
        }
    }
}
