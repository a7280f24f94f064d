//! Bytes of TCP streams in their order.
//!
//! Owns reassembly and its bounds. Must never hold more than the limits say, deliver a byte twice, or pass over a gap
//! without saying so. A machine without IO or clock.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use zeroize::Zeroizing;

use super::packet::Segment;
use super::{CaptureEvent, CaptureLimits, CaptureReport, Stream};

/// All streams that are followed.
pub(super) struct Streams {
    limits: CaptureLimits,
    streams: BTreeMap<(SocketAddr, SocketAddr), State>,
    /// Bytes that wait in all streams.
    waiting_bytes: usize,
    /// Number of the last stream.
    last_number: u64,
    /// Segments taken, as a clock for what was seen longest ago.
    segments: u64,
}

struct State {
    stream: Stream,
    /// Sequence number of the next byte.
    next: u32,
    /// Its position in the stream.
    position: u64,
    /// Segments behind the next byte, by position.
    waiting: BTreeMap<u64, Waiting>,
    waiting_bytes: usize,
    /// Position of the end, once FIN was seen.
    end: Option<u64>,
    /// Ended was told; kept so that a repeated segment does not open it again.
    ended: bool,
    last_seen: u64,
}

struct Waiting {
    /// Wiped when delivered: traffic holds cards.
    bytes: Zeroizing<Vec<u8>>,
    missing_tail: u32,
    time_us: u64,
}

/// Where events go, and what they count.
struct Out<'o, F> {
    report: &'o mut CaptureReport,
    on_event: &'o mut F,
}

impl<F: FnMut(CaptureEvent<'_>)> Out<'_, F> {
    fn missing(&mut self, stream: Stream, bytes: u64) {
        if bytes > 0 {
            self.report.missing_bytes = self.report.missing_bytes.saturating_add(bytes);
            (self.on_event)(CaptureEvent::Missing { stream, bytes });
        }
    }
}

impl Streams {
    pub(super) fn new(limits: CaptureLimits) -> Self {
        Self {
            limits,
            streams: BTreeMap::new(),
            waiting_bytes: 0,
            last_number: 0,
            segments: 0,
        }
    }

    /// Takes one segment in the order of the capture.
    pub(super) fn take<F: FnMut(CaptureEvent<'_>)>(
        &mut self,
        segment: &Segment<'_>,
        time_us: u64,
        report: &mut CaptureReport,
        on_event: &mut F,
    ) {
        let mut out = Out { report, on_event };
        self.segments = self.segments.saturating_add(1);
        let key = (segment.source, segment.destination);
        let first = segment.sequence.wrapping_add(u32::from(segment.syn));
        if segment.syn {
            self.reopen(key, first, &mut out);
        }
        let silent = segment.payload.is_empty() && segment.missing_tail == 0;
        if !self.streams.contains_key(&key) {
            if silent && !segment.syn {
                return;
            }
            self.open(key, first, segment.syn, &mut out);
        }
        let Some(state) = self.streams.get_mut(&key) else {
            return;
        };
        state.last_seen = self.segments;
        if state.ended {
            return;
        }
        let before = state.waiting_bytes;
        state.segment(segment, first, time_us, &mut out);
        self.waiting_bytes = self.waiting_bytes.saturating_sub(before);
        let others = self.waiting_bytes;
        // Beyond the bounds the bytes in front of what waits are given up.
        while !state.waiting.is_empty()
            && (state.waiting_bytes > self.limits.stream_bytes
                || others.saturating_add(state.waiting_bytes) > self.limits.total_bytes)
        {
            state.give_up(&mut out);
        }
        if segment.rst {
            state.finish(&mut out);
        }
        self.waiting_bytes = others.saturating_add(state.waiting_bytes);
    }

    /// Ends everything: the capture is over.
    pub(super) fn finish<F: FnMut(CaptureEvent<'_>)>(
        &mut self,
        report: &mut CaptureReport,
        on_event: &mut F,
    ) {
        let mut out = Out { report, on_event };
        let mut streams: Vec<State> = std::mem::take(&mut self.streams).into_values().collect();
        streams.sort_unstable_by_key(|state| state.stream.number);
        for mut state in streams {
            state.finish(&mut out);
        }
        self.waiting_bytes = 0;
    }

    /// A SYN: what was there under the same addresses is over, unless this is the same SYN again.
    fn reopen<F: FnMut(CaptureEvent<'_>)>(
        &mut self,
        key: (SocketAddr, SocketAddr),
        first: u32,
        out: &mut Out<'_, F>,
    ) {
        let again = |state: &State| state.position == 0 && state.next == first && !state.ended;
        if self.streams.get(&key).is_some_and(again) {
            return;
        }
        if let Some(mut state) = self.streams.remove(&key) {
            self.waiting_bytes = self.waiting_bytes.saturating_sub(state.waiting_bytes);
            state.finish(out);
        }
    }

    fn open<F: FnMut(CaptureEvent<'_>)>(
        &mut self,
        key: (SocketAddr, SocketAddr),
        first: u32,
        whole: bool,
        out: &mut Out<'_, F>,
    ) {
        if self.streams.len() >= self.limits.streams.max(1) {
            self.make_room(out);
        }
        self.last_number = self.last_number.saturating_add(1);
        let stream = Stream {
            number: self.last_number,
            source: key.0,
            destination: key.1,
        };
        let state = State {
            stream,
            next: first,
            position: 0,
            waiting: BTreeMap::new(),
            waiting_bytes: 0,
            end: None,
            ended: false,
            last_seen: self.segments,
        };
        self.streams.insert(key, state);
        (out.on_event)(CaptureEvent::Started { stream, whole });
    }

    /// Ends the quarter of the streams that was seen longest ago: looking for them costs little per new stream.
    fn make_room<F: FnMut(CaptureEvent<'_>)>(&mut self, out: &mut Out<'_, F>) {
        let mut seen: Vec<u64> = self.streams.values().map(|state| state.last_seen).collect();
        seen.sort_unstable();
        let bound = seen.get(seen.len() / 4).copied().unwrap_or(u64::MAX);
        let mut kept = BTreeMap::new();
        for (key, mut state) in std::mem::take(&mut self.streams) {
            if state.last_seen <= bound {
                self.waiting_bytes = self.waiting_bytes.saturating_sub(state.waiting_bytes);
                state.finish(out);
            } else {
                kept.insert(key, state);
            }
        }
        self.streams = kept;
    }
}

impl State {
    fn segment<F: FnMut(CaptureEvent<'_>)>(
        &mut self,
        segment: &Segment<'_>,
        first: u32,
        time_us: u64,
        out: &mut Out<'_, F>,
    ) {
        // Sequence numbers wrap: what is less than half of them behind the next byte was seen before.
        let ahead = first.wrapping_sub(self.next);
        let start = if ahead < 1 << 31 {
            self.position.saturating_add(u64::from(ahead))
        } else {
            let behind = u64::from(self.next.wrapping_sub(first));
            match self.position.checked_sub(behind) {
                Some(start) => start,
                // Before the first byte of the stream.
                None => return,
            }
        };
        let length = length(segment.payload, segment.missing_tail);
        if segment.fin {
            self.end = Some(start.saturating_add(length));
        }
        if length > 0 {
            if start > self.position {
                self.wait(start, segment, time_us);
            } else {
                self.deliver(start, segment.payload, segment.missing_tail, time_us, out);
                self.deliver_waiting(out);
            }
        }
        if self.end.is_some_and(|end| end <= self.position) {
            self.finish(out);
        }
    }

    /// Keeps a segment until the bytes before it come. Of two at the same position the longer one is kept.
    fn wait(&mut self, start: u64, segment: &Segment<'_>, time_us: u64) {
        let before = self.waiting.get(&start).map(|waiting| waiting.bytes.len());
        if before.is_some_and(|before| before >= segment.payload.len()) {
            return;
        }
        let waiting = Waiting {
            bytes: Zeroizing::new(segment.payload.to_vec()),
            missing_tail: segment.missing_tail,
            time_us,
        };
        self.waiting.insert(start, waiting);
        let held = self.waiting_bytes.saturating_sub(before.map_or(0, cost));
        self.waiting_bytes = held.saturating_add(cost(segment.payload.len()));
    }

    /// Tells what is new of a segment that begins at or before the next byte.
    fn deliver<F: FnMut(CaptureEvent<'_>)>(
        &mut self,
        start: u64,
        bytes: &[u8],
        missing_tail: u32,
        time_us: u64,
        out: &mut Out<'_, F>,
    ) {
        let known = self.position.saturating_sub(start);
        let end = start.saturating_add(length(bytes, missing_tail));
        if end <= self.position {
            return;
        }
        let stream = self.stream;
        let known = usize::try_from(known).unwrap_or(usize::MAX);
        let fresh = bytes.get(known..).unwrap_or_default();
        if !fresh.is_empty() {
            self.advance(fresh.len().try_into().unwrap_or(u64::MAX));
            (out.on_event)(CaptureEvent::Data {
                stream,
                time_us,
                bytes: fresh,
            });
        }
        let tail = end.saturating_sub(self.position);
        self.advance(tail);
        out.missing(stream, tail);
    }

    fn deliver_waiting<F: FnMut(CaptureEvent<'_>)>(&mut self, out: &mut Out<'_, F>) {
        while let Some(entry) = self.waiting.first_entry() {
            if *entry.key() > self.position {
                return;
            }
            let (start, waiting) = entry.remove_entry();
            self.waiting_bytes = self.waiting_bytes.saturating_sub(cost(waiting.bytes.len()));
            let Waiting {
                bytes,
                missing_tail,
                time_us,
            } = waiting;
            self.deliver(start, &bytes, missing_tail, time_us, out);
        }
    }

    /// Gives up the bytes in front of what waits.
    fn give_up<F: FnMut(CaptureEvent<'_>)>(&mut self, out: &mut Out<'_, F>) {
        if let Some((start, _)) = self.waiting.first_key_value() {
            let gap = start.saturating_sub(self.position);
            self.advance(gap);
            out.missing(self.stream, gap);
            self.deliver_waiting(out);
        }
    }

    fn finish<F: FnMut(CaptureEvent<'_>)>(&mut self, out: &mut Out<'_, F>) {
        if self.ended {
            return;
        }
        while !self.waiting.is_empty() {
            self.give_up(out);
        }
        let gap = self.end.map_or(0, |end| end.saturating_sub(self.position));
        self.advance(gap);
        out.missing(self.stream, gap);
        self.ended = true;
        (out.on_event)(CaptureEvent::Ended {
            stream: self.stream,
        });
    }

    fn advance(&mut self, bytes: u64) {
        self.position = self.position.saturating_add(bytes);
        // The sequence number is the position within 32 bits.
        let wrapped = u32::try_from(bytes & u64::from(u32::MAX)).unwrap_or_default();
        self.next = self.next.wrapping_add(wrapped);
    }
}

fn length(bytes: &[u8], missing_tail: u32) -> u64 {
    let captured = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
    captured.saturating_add(u64::from(missing_tail))
}

/// What a waiting segment counts: many empty ones must not slip through the bound.
fn cost(bytes: usize) -> usize {
    const OVERHEAD: usize = 64;
    bytes.saturating_add(OVERHEAD)
}
