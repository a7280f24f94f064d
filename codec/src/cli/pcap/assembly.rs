//! From the bytes of streams to frames.
//!
//! Owns where frames begin. Senders begin one at the beginning of a segment, so that after a gap, or where the capture
//! begins in the middle of a stream, the next segment that looks like a frame is taken for one. Must never hold bytes of
//! a stream that wait for nothing.

use std::collections::BTreeMap;

use codec::pcap::{CaptureEvent, Stream};
use codec::{Frame, FrameReader, Framing};

use super::{Failure, Found};

/// The unfinished frames of all streams.
pub(super) struct Assembly {
    framing: Framing,
    ports: Vec<u16>,
    /// By number of the stream; none for a stream whose bytes are all used.
    unfinished: BTreeMap<u64, Unfinished>,
    /// Bytes that belong to no frame.
    pub(super) skipped_bytes: u64,
    /// Frames without a message.
    pub(super) polls: u64,
}

struct Unfinished {
    reader: FrameReader,
    held_bytes: u64,
}

impl Assembly {
    /// Of streams from or to these ports; of all when there are none.
    pub(super) fn new(framing: Framing, ports: Vec<u16>) -> Self {
        Self {
            framing,
            ports,
            unfinished: BTreeMap::new(),
            skipped_bytes: 0,
            polls: 0,
        }
    }

    /// Gives the messages that an event completes to `visit`.
    pub(super) fn take(
        &mut self,
        event: CaptureEvent<'_>,
        visit: &mut dyn FnMut(Found) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        match event {
            CaptureEvent::Started { .. } => Ok(()),
            CaptureEvent::Data {
                stream,
                time_us,
                bytes,
            } if self.is_wanted(stream) => self.data(stream, time_us, bytes, visit),
            CaptureEvent::Data { .. } => Ok(()),
            CaptureEvent::Missing { stream, .. } | CaptureEvent::Ended { stream } => {
                if let Some(lost) = self.unfinished.remove(&stream.number) {
                    self.skip(lost.held_bytes);
                }
                Ok(())
            }
        }
    }

    fn is_wanted(&self, stream: Stream) -> bool {
        let ports = [stream.source.port(), stream.destination.port()];
        self.ports.is_empty() || ports.iter().any(|port| self.ports.contains(port))
    }

    fn skip(&mut self, bytes: u64) {
        self.skipped_bytes = self.skipped_bytes.saturating_add(bytes);
    }

    fn data(
        &mut self,
        stream: Stream,
        time_us: u64,
        mut bytes: &[u8],
        visit: &mut dyn FnMut(Found) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        let before = self.unfinished.remove(&stream.number);
        let mut unfinished = before.unwrap_or_else(|| Unfinished {
            reader: FrameReader::new(self.framing),
            held_bytes: 0,
        });
        while !bytes.is_empty() {
            let spare = unfinished.reader.spare();
            let count = spare.len().min(bytes.len());
            let (fresh, rest) = bytes.split_at(count);
            if let Some(spare) = spare.get_mut(..count) {
                spare.copy_from_slice(fresh);
            }
            unfinished.reader.filled(count);
            unfinished.held_bytes = unfinished.held_bytes.saturating_add(length(fresh));
            bytes = rest;
            loop {
                match unfinished.reader.next_whole_frame() {
                    Ok(None) => break,
                    Ok(Some(frame)) => {
                        let used = frame_bytes(&self.framing, &frame);
                        unfinished.held_bytes = unfinished.held_bytes.saturating_sub(used);
                        if frame.control != 0 || frame.body.is_empty() {
                            self.polls = self.polls.saturating_add(1);
                            continue;
                        }
                        visit(Found {
                            stream,
                            time_us,
                            body: frame.body,
                        })?;
                    }
                    Err(_lost) => {
                        self.skip(unfinished.held_bytes.saturating_add(length(rest)));
                        return Ok(());
                    }
                }
            }
        }
        if unfinished.reader.has_partial_frame() {
            self.unfinished.insert(stream.number, unfinished);
        }
        Ok(())
    }
}

fn length(bytes: &[u8]) -> u64 {
    bytes.len().try_into().unwrap_or(u64::MAX)
}

/// Bytes of a frame with its length, header and trailer.
fn frame_bytes(framing: &Framing, frame: &Frame) -> u64 {
    let trailer = u64::from(framing.trailer.is_some());
    let length_bytes = u64::try_from(framing.length_bytes()).unwrap_or(u64::MAX);
    length(&frame.header) + length(&frame.body) + length_bytes + trailer
}
