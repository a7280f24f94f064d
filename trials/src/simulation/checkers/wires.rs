//! Checks of the bytes on connections: what the switch took against what it gave.
//!
//! Owns: the count of requests and answers of one connection. Must never: look into the switch.

use std::collections::BTreeMap;

use bytes::Bytes;
use codec::{Dialect, Element, Message, MtiClass, MtiFunction};

use super::super::node::OwnRequests;
use super::super::peers::{Key, Scheme};
use super::super::wire::{Instant, Passed, Wire};
use super::{Checker, Verdict, Violation};

/// How a connection came to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// Everything that was taken had to be answered.
    InOrder,
    /// Answers may be missing; the network repeats.
    Early,
}

/// No answer without a request, none twice, and, when the connection ended in order, none missing.
pub fn every_request_answered_or_refused_once(
    wire: &Wire,
    ending: Ending,
    dialect: &Dialect,
) -> Verdict {
    let failed = |what: String| {
        let checker = Checker::EveryRequestAnsweredOrRefusedOnce;
        Err(Violation::new(checker, what))
    };
    let mut due: BTreeMap<Key, i64> = BTreeMap::new();
    let mut bad_frames = 0;
    for frame in frames(&wire.taken, wire.scheme, dialect) {
        match dialect.decode(frame.message) {
            // What comes back is answered neither as what it was nor as a rejection.
            Ok(_) | Err(_) if frame.is_given_back => {}
            Ok(message) if wants_answer(&message) => {
                *due.entry(Key::of(wire.scheme, &message)).or_default() += 1;
            }
            Ok(_) => {}
            Err(_) => bad_frames += 1,
        }
    }
    for frame in frames(&wire.given, wire.scheme, dialect) {
        let Ok(answer) = dialect.decode(frame.message) else {
            return failed("a response cannot be decoded".to_owned());
        };
        if is_own_request(&answer) {
            continue;
        }
        let key = Key::of(wire.scheme, &answer);
        match due.get_mut(&key) {
            Some(count) if *count > 0 => *count -= 1,
            None if answer.text(Element::RESPONSE_CODE) == Some("30") && bad_frames > 0 => {
                bad_frames -= 1;
            }
            Some(_) => return failed(format!("{key:?} was answered twice")),
            None => return failed(format!("{key:?} was never asked")),
        }
    }
    match due.into_iter().find(|(_, count)| *count > 0) {
        Some((key, _)) if ending == Ending::InOrder => failed(format!("{key:?} has no answer")),
        _ => Ok(()),
    }
}

pub fn wants_answer(message: &Message) -> bool {
    let function = message.mti().function();
    matches!(function, MtiFunction::Request | MtiFunction::Advice)
}

/// What the switch asks by itself is network management.
pub fn is_own_request(message: &Message) -> bool {
    let mti = message.mti();
    mti.class() == MtiClass::NetworkManagement && mti.function() == MtiFunction::Request
}

/// A request of the switch's own comes to one end: answered, refused, or not answered in time.
pub fn own_requests_end_once(own: OwnRequests) -> Verdict {
    let ended = own.answered + own.refused + own.unanswered;
    if ended > own.sent || (ended < own.sent && !own.waiting) {
        return Err(Violation::new(
            Checker::OwnRequestsEndOnce,
            format!("{own:?}"),
        ));
    }
    Ok(())
}

/// A message that has passed a connection.
pub struct Frame {
    pub message: Bytes,
    /// Where it ended in the stream, and when its end had passed.
    pub end: usize,
    pub when: Instant,
    /// Whether it came back behind a reject header.
    pub is_given_back: bool,
}

/// Cuts a stream at its lengths of two bytes, as far as it is one, and what is before each message off; a length of zero
/// is a poll.
pub fn frames(stream: &Passed, scheme: Scheme, dialect: &Dialect) -> Vec<Frame> {
    let longest = dialect.framing().maximum_frame_bytes;
    let control_bytes = scheme.length_bytes() - 2;
    let mut frames = Vec::new();
    let mut rest = stream.bytes.as_slice();
    while let Some((header, after)) = rest.split_first_chunk::<2>() {
        let length = usize::from(u16::from_be_bytes(*header));
        if length > longest || control_bytes + length > after.len() {
            break;
        }
        let (frame, next) = after.split_at(control_bytes + length);
        let (_, frame) = frame.split_at(control_bytes);
        let (header_bytes, is_given_back) = scheme.header_bytes(frame);
        if let Some((_, message)) = frame.split_at_checked(header_bytes)
            && !message.is_empty()
        {
            let end = stream.bytes.len() - next.len();
            frames.push(Frame {
                message: Bytes::copy_from_slice(message),
                end,
                when: stream.when(end),
                is_given_back,
            });
        }
        rest = next;
    }
    frames
}
