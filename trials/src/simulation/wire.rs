//! One connection between the host and the switch.
//!
//! Owns: the bytes on their way in both directions, in order, and what each end knows of the other: closed,
//! gone without a word, or cut off for a while. Keeps copies of what the switch took and gave, for the
//! checkers. Must never: lose or reorder bytes within a connection; that is what TCP is for.

use std::collections::VecDeque;

use super::peers::Scheme;

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
    /// Everything that the switch has read.
    pub taken: Vec<u8>,
    /// Everything that the switch has written.
    pub given: Vec<u8>,
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
            taken: Vec::new(),
            given: Vec::new(),
        }
    }

    /// The switch reads at most so many bytes.
    pub fn read(&mut self, most: usize) -> Vec<u8> {
        if self.cut_off {
            return Vec::new();
        }
        let count = most.min(self.to_switch.len());
        let bytes: Vec<u8> = self.to_switch.drain(..count).collect();
        self.taken.extend_from_slice(&bytes);
        bytes
    }

    /// The switch writes; returns how many bytes were accepted.
    pub fn write(&mut self, bytes: &[u8]) -> usize {
        let room = self.capacity.saturating_sub(self.to_host.len());
        let (accepted, _) = bytes.split_at(room.min(bytes.len()));
        self.to_host.extend(accepted);
        self.given.extend_from_slice(accepted);
        accepted.len()
    }

    /// Whether the switch would read the end of the stream.
    pub fn is_at_end(&self) -> bool {
        self.closed_by_host && self.to_switch.is_empty() && !self.cut_off
    }
}
