//! How far the books may be behind what is decided.
//!
//! Owns: the two bounds of that lag and where it stands. Batches say how old what readers see may be; records say how
//! much memory it takes, because nothing leaves the state before the books hold it, and a batch may hold one record or
//! thousands. On the last quarter of the way to a bound fewer and fewer requests come in of links that have much under
//! way, so that what a flood gets falls to what the books can take: at the bound everybody is refused. Must never:
//! refuse for longer than the lag lasts.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::LedgerOptions;

/// The lag of the views and the books, and its bounds.
#[derive(Debug)]
pub(super) struct Lag {
    bound_batches: u64,
    bound_records: u64,
    decided: AtomicU64,
    in_books: AtomicU64,
    /// Shares of the requests so far, added up: with each whole one a request comes in.
    shares: AtomicU64,
}

/// What shares of one request add up to.
const WHOLE: u64 = 1024;
/// Part of a bound, counted from its end, on which fewer requests come in: one in so many.
const NARROW: u64 = 4;

impl Lag {
    pub(super) fn within(bound_batches: u64, bound_records: u64) -> Self {
        Self {
            bound_batches,
            bound_records,
            decided: AtomicU64::new(0),
            in_books: AtomicU64::new(0),
            shares: AtomicU64::new(0),
        }
    }

    /// The lag of a start that leaves so many records to the view-writer.
    pub(super) fn at_start(options: &LedgerOptions, records: u64) -> Arc<Self> {
        let lag = Self::within(options.view_lag_batches, options.view_lag_records);
        lag.decided(records);
        Arc::new(lag)
    }

    /// So many records were decided.
    pub(super) fn decided(&self, records: u64) {
        self.decided.fetch_add(records, Ordering::AcqRel);
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

    /// Whether a request of a link that has much under way may come in, when the views are so many batches behind: all
    /// of them up to three quarters of the bounds, none at a bound, and between the two the share that is left, evenly
    /// spread.
    pub(super) fn lets_in_more(&self, batches: u64) -> bool {
        let left = |lag: u64, bound: u64| {
            let share = bound.saturating_sub(lag).saturating_mul(WHOLE);
            let share = share.checked_div(bound / NARROW).unwrap_or(share);
            share.min(WHOLE)
        };
        let of_batches = left(batches, self.bound_batches);
        let share = of_batches.min(left(self.records(), self.bound_records));
        if share == WHOLE {
            return true;
        }
        let before = self.shares.fetch_add(share, Ordering::Relaxed);
        before / WHOLE != before.wrapping_add(share) / WHOLE
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
    fn the_nearer_the_bound_the_fewer_come_in() {
        // batches behind, records behind, of a hundred requests that come in
        for (batches, records, come_in) in [
            (0, 0, 100),
            (7_500, 0, 100),
            (0, 75_000, 100),
            (8_750, 0, 50),
            (0, 87_500, 50),
            (0, 97_500, 10),
            (8_750, 97_500, 10),
            (10_000, 0, 0),
            (0, 100_000, 0),
            (u64::MAX, u64::MAX, 0),
        ] {
            let lag = Lag::within(10_000, 100_000);
            lag.decided(records);
            let found = (0..100).filter(|_| lag.lets_in_more(batches)).count();
            assert!(
                found.abs_diff(come_in) <= 1,
                "{batches} batches, {records} records: {found}"
            );
        }
        // Bounds that hardly are any.
        assert!(Lag::within(0, 0).records() == 0 && !Lag::within(0, 0).lets_in_more(0));
        assert!(Lag::within(1, 1).lets_in_more(0));
    }

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
