//! Pseudo-random numbers that a seed repeats.
//!
//! Owns: SplitMix64 (Steele, Lea, Flood 2014), enough for drawing traffic. Must never: serve anything
//! that has to be unpredictable.

use std::time::Duration;

const GAMMA: u64 = 0x9E37_79B9_7F4A_7C15;

/// A stream of numbers that depends on its seed only.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SplitMix64 {
    state: u64,
}

impl SplitMix64 {
    /// The stream of a seed.
    pub(crate) fn new(seed: u64) -> Self {
        Self { state: seed }
    }

    /// The stream number `stream` of a seed; streams of one seed have nothing to do with each other.
    pub(crate) fn stream(seed: u64, stream: u64) -> Self {
        let mut of_seed = Self::new(seed);
        let mut of_stream = Self::new(stream ^ of_seed.next());
        Self::new(of_stream.next())
    }

    /// The next number.
    pub(crate) fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(GAMMA);
        let mut mixed = self.state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// A number from 0 up to `bound`, which is not reached; 0 for a bound of 0.
    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        let wide = u128::from(self.next()) * u128::from(bound);
        u64::try_from(wide >> 64).unwrap_or(0)
    }

    /// A gap between two arrivals of independent senders: exponentially distributed around a mean.
    pub(crate) fn exponential(&mut self, mean: Duration) -> Duration {
        // 53 bits fill a double evenly; 1 - uniform is never 0, so the logarithm is finite.
        let uniform = (self.next() >> 11) as f64 / (1_u64 << 53) as f64;
        let gap = -(1.0 - uniform).ln() * mean.as_secs_f64();
        Duration::try_from_secs_f64(gap).unwrap_or(mean)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_published_numbers_of_a_seed() {
        let mut random = SplitMix64::new(1_234_567);
        let first: Vec<u64> = (0..3).map(|_| random.next()).collect();
        assert_eq!(
            first,
            [
                6_457_827_717_110_365_317,
                3_203_168_211_198_807_973,
                9_817_491_932_198_370_423
            ]
        );
    }

    #[test]
    fn numbers_stay_below_their_bound_and_reach_both_ends() {
        let mut random = SplitMix64::new(7);
        let drawn: Vec<u64> = (0..1000).map(|_| random.below(10)).collect();
        assert_eq!(
            (drawn.iter().min(), drawn.iter().max()),
            (Some(&0), Some(&9))
        );
        assert_eq!(random.below(0), 0);
    }

    #[test]
    fn exponential_gaps_keep_their_mean() {
        let mut random = SplitMix64::new(7);
        let mean = Duration::from_millis(2);
        let total: Duration = (0..100_000).map(|_| random.exponential(mean)).sum();
        assert!(
            (195..205).contains(&total.as_secs()),
            "100,000 gaps took {total:?}"
        );
    }
}
