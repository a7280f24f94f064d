//! Times that were measured, and their percentiles.
//!
//! Owns: histograms and the shape in which they are reported. Must never: read a clock.

use hdrhistogram::{CreationError, Histogram};
use serde::Serialize;

/// Longest time told apart, in microseconds.
const LONGEST_US: u64 = 60_000_000;

/// Times from 1 µs to 60 s, in microseconds; longer ones count as 60 s.
#[derive(Clone, Debug)]
pub(crate) struct Latencies(Histogram<u64>);

impl Latencies {
    /// An empty one that keeps so many significant digits.
    pub(crate) fn new(digits: u8) -> Result<Self, CreationError> {
        Histogram::new_with_bounds(1, LONGEST_US, digits).map(Self)
    }

    pub(crate) fn record_ns(&mut self, latency_ns: u64) {
        self.0.saturating_record((latency_ns / 1000).max(1));
    }

    pub(crate) fn histogram(&self) -> &Histogram<u64> {
        &self.0
    }
}

/// Percentiles of a time, in microseconds, to three significant digits; all zero without a measurement.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Percentiles {
    /// Half of all were not longer.
    pub p50: u64,
    /// 90 of 100 were not longer.
    pub p90: u64,
    /// 99 of 100 were not longer.
    pub p99: u64,
    /// 999 of 1000 were not longer.
    pub p999: u64,
    /// The longest.
    pub max: u64,
    /// The arithmetic mean.
    pub mean: f64,
}

impl From<&Latencies> for Percentiles {
    fn from(latencies: &Latencies) -> Self {
        let histogram = latencies.histogram();
        Self {
            p50: histogram.value_at_quantile(0.5),
            p90: histogram.value_at_quantile(0.9),
            p99: histogram.value_at_quantile(0.99),
            p999: histogram.value_at_quantile(0.999),
            max: histogram.max(),
            mean: histogram.mean(),
        }
    }
}

/// The percentiles that a small number of measurements can bear, in microseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct FewPercentiles {
    /// Half of all were not longer.
    pub p50: u64,
    /// 99 of 100 were not longer.
    pub p99: u64,
    /// The longest.
    pub max: u64,
}

impl From<&Latencies> for FewPercentiles {
    fn from(latencies: &Latencies) -> Self {
        let Percentiles { p50, p99, max, .. } = latencies.into();
        Self { p50, p99, max }
    }
}
