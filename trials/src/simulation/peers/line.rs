//! One link as the host holds it.
//!
//! Owns: messages on their way between the host and its end of a connection, which may be lost, doubled and
//! overtaken there, and the reading of answers. Must never: lose bytes inside a connection.

use bytes::Bytes;
use codec::{Frame, FrameReader, Framing};
use ledger::identifiers::Timestamp;

use super::super::marks::Mark;
use super::super::plan::NetworkFaults;
use super::super::run::Run;
use super::super::wire::Wire;
use super::scheme::Scheme;
use super::sign_on::SignOn;

/// A link.
pub struct Line {
    pub scheme: Scheme,
    /// What is done to its messages.
    pub faults: NetworkFaults,
    pub sign_on: SignOn,
    /// The connection it uses, if it has one.
    pub wire: Option<u64>,
    reader: FrameReader,
    to_switch: Vec<(Timestamp, Bytes)>,
    to_host: Vec<(Timestamp, Frame)>,
    /// Until then nothing is read.
    pub reads_again: Timestamp,
    /// Until then nothing passes.
    pub carries_again: Timestamp,
}

impl Line {
    pub fn new(scheme: Scheme, faults: NetworkFaults, framing: Framing) -> Self {
        Self {
            scheme,
            faults,
            sign_on: SignOn::default(),
            wire: None,
            reader: FrameReader::new(framing),
            to_switch: Vec::new(),
            to_host: Vec::new(),
            reads_again: Timestamp(0),
            carries_again: Timestamp(0),
        }
    }

    /// A connection takes the place of the one before.
    pub fn connect(&mut self, wire: u64, framing: Framing) {
        self.wire = Some(wire);
        self.sign_on = SignOn::default();
        self.reader = FrameReader::new(framing);
    }

    /// Whether nothing is on its way.
    pub fn is_quiet(&self) -> bool {
        self.to_switch.is_empty() && self.to_host.is_empty()
    }

    /// The host sends a message.
    pub fn send(&mut self, frame: &Bytes, run: &mut Run) {
        let faults = &self.faults;
        if run.random.percent(faults.drop_percent) {
            return run.reach(Mark::RequestDropped);
        }
        if run.random.percent(faults.duplicate_percent) {
            run.reach(Mark::Duplicated);
            self.to_switch.push((due(faults, run), frame.clone()));
        }
        self.to_switch.push((due(faults, run), frame.clone()));
    }

    /// Messages that are due go into the connection; answers come out of it. Returns the answers that have
    /// reached the host.
    pub fn pump(&mut self, mut wire: Option<&mut Wire>, run: &mut Run) -> Vec<Frame> {
        for frame in take_due(&mut self.to_switch, run) {
            match wire
                .as_mut()
                .filter(|wire| !wire.gone && !wire.closed_by_host)
            {
                Some(wire) if run.random.percent(self.faults.cut_percent) => {
                    // The rest of it never comes: the host's end is closed behind the first part.
                    let part = 1 + run.random.below(frame.len() - 1);
                    wire.to_switch.extend(&frame[..part]);
                    wire.closed_by_host = true;
                    run.reach(Mark::FrameCut);
                }
                Some(wire) => wire.to_switch.extend(&frame),
                None => run.reach(Mark::LinkDown),
            }
        }
        if let Some(wire) = wire {
            self.read(wire, run);
        }
        take_due(&mut self.to_host, run)
    }

    fn read(&mut self, wire: &mut Wire, run: &mut Run) {
        let faults = &self.faults;
        if wire.gone || wire.cut_off || run.time < self.reads_again {
            return;
        }
        let spare = self.reader.spare();
        let count = spare.len().min(wire.to_host.len());
        for (place, byte) in spare.iter_mut().zip(wire.to_host.drain(..count)) {
            *place = byte;
        }
        self.reader.filled(count);
        while let Some(frame) = self.reader.next_whole_frame().unwrap() {
            if run.random.percent(faults.drop_percent) {
                run.reach(Mark::AnswerDropped);
            } else {
                self.to_host.push((due(faults, run), frame));
            }
        }
    }
}

fn due(faults: &NetworkFaults, run: &mut Run) -> Timestamp {
    run.time.plus_us(run.random.below_us(faults.delay_us))
}

/// Takes out what is due, in the order in which it is.
fn take_due<T>(waiting: &mut Vec<(Timestamp, T)>, run: &mut Run) -> Vec<T> {
    let mut due: Vec<(Timestamp, usize, T)> = Vec::new();
    let mut later = Vec::new();
    for (place, (at, frame)) in waiting.drain(..).enumerate() {
        if at <= run.time {
            due.push((at, place, frame));
        } else {
            later.push((at, frame));
        }
    }
    *waiting = later;
    due.sort_by_key(|(at, place, _)| (*at, *place));
    if due.windows(2).any(|pair| pair[0].1 > pair[1].1) {
        run.reach(Mark::Reordered);
    }
    due.into_iter().map(|(_, _, frame)| frame).collect()
}
