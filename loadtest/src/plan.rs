//! The plan of a run: how much, how long, from what seed; and when each message is due.
//!
//! Owns: the schedule. It is fixed before the first message and never looks at answers (open loop). Must
//! never: read a clock.

use std::collections::BTreeSet;
use std::time::Duration;

use crate::mix::{Kind, Mix, Pattern};
use crate::random::SplitMix64;

/// Nanoseconds of a second.
pub(crate) const SECOND_NS: u64 = 1_000_000_000;

/// Sets the streams of random gaps apart from the streams of drawn messages.
const GAPS: u64 = 0x6761_7073;

/// What to run.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Messages per second, over all connections; at least 1.
    pub rate: u64,
    /// Connections the messages are dealt to in turn; at least 1.
    pub connections: u64,
    /// Time before the measured one: the same load, not in the percentiles.
    pub warm_up: Duration,
    /// Measured time.
    pub duration: Duration,
    /// How long after its intended time a message may be answered.
    pub timeout: Duration,
    /// Repeats the drawn messages and the gaps.
    pub seed: u64,
    /// What to send.
    pub mix: Mix,
}

/// One message to come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Arrival {
    /// Its number in the run.
    pub(crate) number: u64,
    /// Its intended time, in nanoseconds from the start of the run.
    pub(crate) at_ns: u64,
}

impl Plan {
    /// Start of the measured time, in nanoseconds from the start of the run.
    pub(crate) fn measured_from_ns(&self) -> u64 {
        nanoseconds(self.warm_up)
    }

    /// End of the schedule, in nanoseconds from the start of the run.
    pub(crate) fn end_ns(&self) -> u64 {
        nanoseconds(self.warm_up.saturating_add(self.duration))
    }

    pub(crate) fn timeout_ns(&self) -> u64 {
        nanoseconds(self.timeout)
    }

    /// Most messages of one connection that may be waited for: those of two timeouts, and some for bursts.
    pub(crate) fn outstanding_per_connection(&self) -> usize {
        let per_second = self.rate.div_ceil(self.connections);
        let seconds = self.timeout.as_secs() + 1;
        let bound = per_second
            .saturating_mul(seconds)
            .saturating_mul(2)
            .saturating_add(1024);
        usize::try_from(bound.min(1 << 20)).unwrap_or(1 << 20)
    }

    /// What one connection, counted from 0, has to send.
    pub(crate) fn arrivals(&self, connection: u64) -> Arrivals {
        let mean_ns = u128::from(SECOND_NS) * u128::from(self.connections) / u128::from(self.rate);
        Arrivals {
            pattern: self.mix.arrivals,
            rate: self.rate,
            connections: self.connections,
            number: connection,
            mean_gap: Duration::from_nanos(u64::try_from(mean_ns).unwrap_or(u64::MAX)),
            elapsed_ns: 0,
            random: SplitMix64::stream(self.seed ^ GAPS, connection),
            end_ns: self.end_ns(),
        }
    }

    /// Cards whose accounts this run may move.
    pub(crate) fn cards(&self) -> BTreeSet<u64> {
        let all = (0..self.connections).flat_map(|connection| self.arrivals(connection));
        let draws = all.map(|arrival| self.mix.draw(self.seed, arrival.number));
        draws
            .filter(|draw| draw.kind != Kind::UnknownCard)
            .map(|draw| draw.card)
            .collect()
    }
}

/// Saturates after 584 years.
pub(crate) fn nanoseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

/// The arrivals of one connection, in order of time.
#[derive(Clone, Debug)]
pub(crate) struct Arrivals {
    pattern: Pattern,
    rate: u64,
    connections: u64,
    number: u64,
    mean_gap: Duration,
    elapsed_ns: u64,
    random: SplitMix64,
    end_ns: u64,
}

impl Iterator for Arrivals {
    type Item = Arrival;

    fn next(&mut self) -> Option<Arrival> {
        let number = self.number;
        let at_ns = match self.pattern {
            // From the number, not from the last one: roundings do not add up.
            Pattern::Even => {
                let at_ns = u128::from(number) * u128::from(SECOND_NS) / u128::from(self.rate);
                u64::try_from(at_ns).unwrap_or(u64::MAX)
            }
            Pattern::Poisson => {
                let gap = nanoseconds(self.random.exponential(self.mean_gap));
                self.elapsed_ns = self.elapsed_ns.saturating_add(gap);
                self.elapsed_ns
            }
        };
        if at_ns >= self.end_ns {
            return None;
        }
        self.number = number.saturating_add(self.connections);
        Some(Arrival { number, at_ns })
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) fn plan(pattern: &str) -> Plan {
        let text = include_str!("../../config/load/default.toml");
        let text = text.replace("arrivals = \"even\"", &format!("arrivals = {pattern:?}"));
        Plan {
            rate: 1000,
            connections: 3,
            warm_up: Duration::from_secs(1),
            duration: Duration::from_secs(9),
            timeout: Duration::from_secs(1),
            seed: 5,
            mix: Mix::from_toml("default.toml", &text).unwrap(),
        }
    }

    fn all(plan: &Plan) -> Vec<Arrival> {
        let mut all: Vec<_> = (0..plan.connections)
            .flat_map(|index| plan.arrivals(index))
            .collect();
        all.sort_by_key(|arrival| arrival.at_ns);
        all
    }

    #[test]
    fn even_arrivals_are_dealt_out_in_turn_and_keep_the_rate_exactly() {
        let all = all(&plan("even"));
        assert_eq!(all.len(), 10_000);
        for (index, arrival) in (0..).zip(&all) {
            assert_eq!(
                *arrival,
                Arrival {
                    number: index,
                    at_ns: index * 1_000_000
                }
            );
        }
    }

    #[test]
    fn poisson_arrivals_keep_the_rate_on_average_and_their_variance() {
        let plan = plan("poisson");
        let arrivals = all(&plan);
        assert!(arrivals.len().abs_diff(10_000) < 400, "{}", arrivals.len());
        assert_eq!(arrivals, all(&plan), "a seed repeats the gaps");
        // Counts per 10 ms have a variance equal to their mean, 10; even arrivals would have 0.
        let mut counts = vec![0_u32; 1000];
        for arrival in &arrivals {
            counts[usize::try_from(arrival.at_ns / 10_000_000).unwrap()] += 1;
        }
        let square = counts
            .iter()
            .map(|count| f64::from(count.abs_diff(10).pow(2)))
            .sum::<f64>();
        assert!((8.0..12.0).contains(&(square / 1000.0)), "{square}");
    }

    #[test]
    fn numbers_are_never_used_twice() {
        let numbers: BTreeSet<u64> = all(&plan("poisson")).iter().map(|one| one.number).collect();
        assert_eq!(numbers.len(), all(&plan("poisson")).len());
    }
}
