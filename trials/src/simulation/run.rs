//! What every part of a world shares while it runs.
//!
//! Owns: chance, the true time and the switch's clock, the marks, and the trace. Must never: know what the
//! parts do.

use std::io::Write as _;

use ledger::identifiers::Timestamp;

use crate::random::Random;

use super::marks::{Mark, Marks};

/// 2026-11-20 12:00 UTC.
pub const BEGINNING: Timestamp = Timestamp(1_795_176_000_000_000);

/// How far the switch's clock is ever behind what it has shown before: less than half of the match window.
/// A link takes a message for recent by this clock and then does not ask the books for it; a clock that goes
/// back further makes messages recent again that memory forgot while it was ahead.
const FURTHEST_BACK_US: i64 = 360_000_000;

/// Chance, time, marks and trace of one world.
#[derive(Debug)]
pub struct Run {
    pub random: Random,
    pub marks: Marks,
    /// The true time.
    pub time: Timestamp,
    offset_us: i64,
    latest_clock: Timestamp,
    traced: bool,
    ticks: u64,
}

impl Run {
    pub fn new(seed: u64, traced: bool) -> Self {
        Self {
            random: Random::new(seed),
            marks: Marks::default(),
            time: BEGINNING,
            offset_us: 0,
            latest_clock: BEGINNING,
            traced,
            ticks: 0,
        }
    }

    pub fn reach(&mut self, mark: Mark) {
        self.marks.reach(mark);
        self.say(|| format!("({mark:?})"));
    }

    /// A number that only rises: the order of calls and returns.
    pub fn tick(&mut self) -> u64 {
        self.ticks += 1;
        self.ticks
    }

    /// A line of the trace.
    pub fn say(&self, line: impl FnOnce() -> String) {
        if self.traced {
            // A closed pipe ends the reading, not the world.
            drop(writeln!(
                std::io::stdout().lock(),
                "{} {}",
                self.time,
                line()
            ));
        }
    }

    /// Time passes.
    pub fn pass_us(&mut self, microseconds: i64) {
        self.time = self.time.plus_us(microseconds);
        self.latest_clock = self.latest_clock.max(self.clock());
    }

    /// The switch's clock.
    pub fn clock(&self) -> Timestamp {
        self.time.plus_us(self.offset_us)
    }

    /// Someone sets the switch's clock.
    pub fn jump_us(&mut self, microseconds: i64) {
        let earliest = self.latest_clock.plus_us(-FURTHEST_BACK_US);
        let to = self.clock().plus_us(microseconds).max(earliest);
        self.offset_us = to.0 - self.time.0;
        self.latest_clock = self.latest_clock.max(to);
        self.say(|| format!("the clock is set to {}", self.clock()));
    }
}
