//! When a line that was lost, or could not be opened, is tried again.
//!
//! Owns: the back-off and its jitter. A machine without IO, clock or randomness: the seed is given. Must never: try
//! again at once, or let many lines try at the same moment.

/// Bounds of the waiting time, in milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct RedialBounds {
    /// The first time.
    pub(crate) first_ms: u64,
    /// At most.
    pub(crate) most_ms: u64,
}

/// The waiting times of one line.
#[derive(Clone, Debug)]
pub(crate) struct Redial {
    bounds: RedialBounds,
    /// Tries in a row that did not lead to a link that lasted.
    failures: u32,
    random: u64,
}

impl Redial {
    /// A line that was not tried yet. Lines with different seeds wait differently.
    #[must_use]
    pub(crate) fn new(bounds: RedialBounds, seed: u64) -> Self {
        Self {
            bounds,
            failures: 0,
            random: seed,
        }
    }

    /// The link was lost, or could not be opened: how long to wait, in milliseconds. One that lasted longer than the
    /// longest wait begins anew.
    pub(crate) fn lost(&mut self, lasted_ms: u64) -> u64 {
        let RedialBounds { first_ms, most_ms } = self.bounds;
        if lasted_ms > most_ms {
            self.failures = 0;
        }
        let factor = 1_u64.checked_shl(self.failures).unwrap_or(u64::MAX);
        let whole = first_ms.max(1).saturating_mul(factor).min(most_ms.max(1));
        self.failures = self.failures.saturating_add(1);
        // From half of it to the whole.
        let half = whole / 2;
        let spread = whole.saturating_sub(half).saturating_add(1);
        half.saturating_add(self.draw().checked_rem(spread).unwrap_or(0))
    }

    /// SplitMix64.
    fn draw(&mut self) -> u64 {
        self.random = self.random.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut word = self.random;
        word = (word ^ (word >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        word = (word ^ (word >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        word ^ (word >> 31)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOUNDS: RedialBounds = RedialBounds {
        first_ms: 1_000,
        most_ms: 60_000,
    };

    #[test]
    fn each_wait_is_twice_the_one_before_up_to_the_most_and_lies_in_its_upper_half() {
        for seed in 0..200 {
            let mut redial = Redial::new(BOUNDS, seed);
            for whole in [1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000] {
                let wait = redial.lost(0);
                assert!((whole / 2..=whole).contains(&wait), "{wait} of {whole}");
            }
        }
    }

    #[test]
    fn a_link_that_lasted_begins_anew() {
        let mut redial = Redial::new(BOUNDS, 7);
        for _ in 0..100 {
            redial.lost(0);
        }
        assert!(redial.lost(60_000) >= 30_000);
        assert!(redial.lost(60_001) <= 1_000);
        assert!(redial.lost(0) <= 2_000);
    }

    #[test]
    fn seeds_tell_lines_apart_and_the_same_seed_waits_the_same() {
        let waits = |seed| {
            let mut redial = Redial::new(BOUNDS, seed);
            [redial.lost(0), redial.lost(0), redial.lost(0)]
        };
        assert_eq!(waits(1), waits(1));
        assert_ne!(waits(1), waits(2));
        let none = RedialBounds {
            first_ms: 0,
            most_ms: 0,
        };
        assert!(Redial::new(none, 3).lost(0) <= 1);
    }
}
