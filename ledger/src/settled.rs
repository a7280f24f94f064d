//! What every lookup that is still good has seen.
//!
//! Owns: since when the books have held what they hold. A command brings what was looked up for it in the books; when
//! it is decided, the books may have got more since, and memory may not forget that as long as the lookup is good. Must
//! never: let go of a message that a good lookup has missed.

use std::collections::VecDeque;

use crate::command::LOOKUP_GOOD_US;
use crate::identifiers::Timestamp;

/// Up to where the books have held everything for longer than a lookup is good.
#[derive(Debug, Default)]
pub struct Settled {
    /// When the books were first seen to be so far; the oldest first.
    seen: VecDeque<(Timestamp, u64)>,
    through: u64,
    /// The latest that the clock ever said: one that is set back lets nothing be forgotten until it is there again.
    latest: Timestamp,
}

impl Settled {
    /// The last batch of which that is true when the clock says `now` and the books hold everything up to batch
    /// `in_books`. It is behind what it could be rather than ahead.
    pub fn through(&mut self, now: Timestamp, in_books: u64) -> u64 {
        let now = now.max(self.latest);
        self.latest = now;
        let newest = self.seen.back().map_or(self.through, |(_, newest)| *newest);
        if newest < in_books {
            self.seen.push_back((now, in_books));
        }
        while let Some((time, sequence)) = self.seen.front()
            && time.plus_us(LOOKUP_GOOD_US) < now
        {
            self.through = *sequence;
            self.seen.pop_front();
        }
        self.through
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_books_hold_counts_once_every_lookup_before_it_is_too_old() {
        let mut settled = Settled::default();
        // seconds, in the books, settled
        for (time_s, in_books, through) in [
            (100, 7, 0),
            (105, 7, 0),
            (106, 9, 0),
            (110, 9, 0),
            (111, 12, 7),
            (116, 12, 7),
            (117, 12, 9),
            // The clock is set forward: what was looked up before is too old as well.
            (9_000, 12, 12),
            (9_000, 15, 12),
            (9_010, 15, 12),
            (9_011, 15, 15),
            // It is set back: what was looked up before is good until it is there again.
            (5_000, 20, 15),
            (5_011, 20, 15),
            (9_021, 20, 15),
            (9_022, 20, 20),
        ] {
            let found = settled.through(Timestamp(time_s * 1_000_000), in_books);
            assert_eq!(found, through, "{time_s} s, {in_books} in the books");
        }
    }
}
