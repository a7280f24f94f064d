//! Which segments may go.
//!
//! Owns: the decision, from the segments, the readers, the time and the policy. A machine: it removes
//! nothing itself. Must never: pass a pin, leave a hole, or let the last segment go.
//!
//! Only whole closed segments go, the oldest first. A segment goes when every pin and every attached
//! reader has passed all its batches, and when it is old enough or the journal too large. A reader that
//! alone keeps a journal too large, and is further behind than it may be, is detached. A pin is not: the
//! journal then grows, and that is reported.

use super::readers::{ReaderKind, ReaderStatus};
use crate::identifiers::Timestamp;

/// How long and how much of the journal is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Policy {
    /// Closed segments are kept at least this long after their last batch, unless the journal is too
    /// large.
    pub retain_hours: u64,
    /// Bytes of all segments above which the journal is too large.
    pub retain_bytes: u64,
    /// Bytes of closed segments that a detachable reader may have before it and still be waited for,
    /// though the journal is too large.
    pub reader_lag_bytes: u64,
}

/// A segment, as retention sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Segment {
    /// Its first sequence. It ends where the next segment begins; the last one is open.
    pub first_sequence: u64,
    /// Its size.
    pub bytes: u64,
    /// Time of its first batch; `None` as long as it has none.
    pub begins_at: Option<Timestamp>,
}

/// What is to be done.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Decision {
    /// Readers to detach, before anything is removed.
    pub detach: Vec<String>,
    /// First sequences of the segments to remove, in this order.
    pub remove: Vec<u64>,
    /// Pins that keep a journal that is too large.
    pub held_by: Vec<String>,
}

/// Most segments that one decision removes: whoever waits for the registry of readers, or for the device,
/// waits for no more.
pub const REMOVALS_AT_ONCE: usize = 8;

const HOUR_US: i64 = 3_600_000_000;

/// Decides. `segments` are in order; `now` may go back, and then more is kept. Without any pin nothing is
/// removed: somebody has yet to say what a rebuild needs.
#[must_use]
pub fn decide(
    segments: &[Segment],
    readers: &[ReaderStatus],
    now: Timestamp,
    policy: Policy,
) -> Decision {
    let mut decision = Decision::default();
    if !readers.iter().any(|reader| reader.kind == ReaderKind::Pin) {
        return decision;
    }
    let mut bytes: u64 = segments.iter().map(|segment| segment.bytes).sum();
    for (segment, next) in segments.iter().zip(segments.iter().skip(1)) {
        // A crash may take back a segment without a batch, and the one before is then the last one.
        let Some(ended_at) = next.begins_at else {
            break;
        };
        let too_large = bytes > policy.retain_bytes;
        if (!too_large && !is_old(ended_at, now, policy))
            || decision.remove.len() >= REMOVALS_AT_ONCE
        {
            break;
        }
        let last = next.first_sequence.saturating_sub(1);
        let behind = |reader: &&ReaderStatus| {
            reader.attached && reader.seen < last && !decision.detach.contains(&reader.name)
        };
        let behind: Vec<_> = readers.iter().filter(behind).collect();
        let pins = behind
            .iter()
            .filter(|reader| reader.kind == ReaderKind::Pin);
        let pins: Vec<_> = pins.map(|reader| reader.name.clone()).collect();
        if !pins.is_empty() {
            if too_large {
                decision.held_by = pins;
            }
            break;
        }
        let may_be_passed = |reader: &&ReaderStatus| {
            too_large && lag_bytes(segments, reader.seen) > policy.reader_lag_bytes
        };
        if !behind.iter().all(may_be_passed) {
            break;
        }
        decision
            .detach
            .extend(behind.iter().map(|reader| reader.name.clone()));
        decision.remove.push(segment.first_sequence);
        bytes = bytes.saturating_sub(segment.bytes);
    }
    decision
}

fn is_old(ended_at: Timestamp, now: Timestamp, policy: Policy) -> bool {
    let hours = i64::try_from(policy.retain_hours).unwrap_or(i64::MAX);
    now.0.saturating_sub(ended_at.0) >= hours.saturating_mul(HOUR_US)
}

/// Bytes of the closed segments that a reader has not passed: what the journal keeps for it, at most.
#[must_use]
pub fn lag_bytes(segments: &[Segment], seen: u64) -> u64 {
    let closed = segments.iter().zip(segments.iter().skip(1));
    closed
        .filter(|(_, next)| next.first_sequence.saturating_sub(1) > seen)
        .map(|(segment, _)| segment.bytes)
        .sum()
}
