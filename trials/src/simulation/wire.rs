//! One connection between the host and the switch.
//!
//! Owns: the bytes on their way in both directions, in order, and what each end knows of the other: closed,
//! gone without a word, or cut off for a while. Keeps copies of what the switch took and gave, for the
//! checkers. Must never: lose or reorder bytes within a connection; that is what TCP is for.

use std::collections::VecDeque;

use ledger::identifiers::Timestamp;
use switch::link::Rejection;

use super::peers::Scheme;
use super::run::Run;

/// A connection.
#[derive(Debug)]
pub struct Wire {
    pub scheme: Scheme,
    pub to_switch: VecDeque<u8>,
    pub to_host: VecDeque<u8>,
    capacity: usize,
    /// The host has closed its end; the switch sees it once it has read everything.
    pub closed_by_host: bool,
    /// The switch has closed its end; the host sees it once it has read everything.
    pub closed_by_switch: bool,
    /// The host's end does not exist any more, and the switch has not been told.
    pub gone: bool,
    /// Nothing passes at the moment.
    pub cut_off: bool,
    /// Everything that the switch has read, and when.
    pub taken: Passed,
    /// Everything that the switch has written, and when.
    pub given: Passed,
    /// What the switch told of messages of its own that were rejected here, in order.
    pub rejections: Vec<Rejection>,
    /// When it refused messages because nobody had signed on.
    pub refused: Vec<u64>,
}

/// Bytes that have passed an end, and when.
#[derive(Debug, Default)]
pub struct Passed {
    pub bytes: Vec<u8>,
    /// Where each piece ended.
    pieces: Vec<(usize, Instant)>,
}

/// When something happened: its place in the order of the world, and the switch's clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Instant {
    pub tick: u64,
    pub clock: Timestamp,
}

impl Instant {
    pub fn now(run: &mut Run) -> Self {
        Self {
            tick: run.tick(),
            clock: run.clock(),
        }
    }
}

impl Passed {
    fn add(&mut self, bytes: &[u8], now: Instant) {
        if !bytes.is_empty() {
            self.bytes.extend_from_slice(bytes);
            self.pieces.push((self.bytes.len(), now));
        }
    }

    /// When the bytes up to this place had passed.
    pub fn when(&self, end: usize) -> Instant {
        let piece = self.pieces.partition_point(|(to, _)| *to < end);
        self.pieces[piece].1
    }
}

impl Wire {
    /// A connection of a network whose sending end at the switch holds so many bytes for a peer that does not read.
    pub fn new(scheme: Scheme, capacity: usize) -> Self {
        Self {
            scheme,
            to_switch: VecDeque::new(),
            to_host: VecDeque::new(),
            capacity,
            closed_by_host: false,
            closed_by_switch: false,
            gone: false,
            cut_off: false,
            taken: Passed::default(),
            given: Passed::default(),
            rejections: Vec::new(),
            refused: Vec::new(),
        }
    }

    /// The switch reads at most so many bytes.
    pub fn read(&mut self, most: usize, now: Instant) -> Vec<u8> {
        if self.cut_off {
            return Vec::new();
        }
        let count = most.min(self.to_switch.len());
        let bytes: Vec<u8> = self.to_switch.drain(..count).collect();
        self.taken.add(&bytes, now);
        bytes
    }

    /// The switch writes; returns how many bytes were accepted.
    pub fn write(&mut self, bytes: &[u8], now: Instant) -> usize {
        let room = self.capacity.saturating_sub(self.to_host.len());
        let (accepted, _) = bytes.split_at(room.min(bytes.len()));
        self.to_host.extend(accepted);
        self.given.add(accepted, now);
        accepted.len()
    }

    /// When the switch had last read something before a time.
    pub fn turn_before(&self, tick: u64) -> u64 {
        let before = |(_, at): &&(usize, Instant)| at.tick < tick;
        let last = self.taken.pieces.iter().rev().find(before);
        last.map_or(0, |(_, at)| at.tick)
    }

    /// Whether the switch would read the end of the stream.
    pub fn is_at_end(&self) -> bool {
        self.closed_by_host && self.to_switch.is_empty() && !self.cut_off
    }
}
