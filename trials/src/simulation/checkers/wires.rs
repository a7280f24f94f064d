//! Checks of the bytes on connections: what the switch took against what it gave.
//!
//! Owns: the count of requests and answers of one connection. Must never: look into the switch.

use std::collections::BTreeMap;

use bytes::Bytes;
use codec::{Dialect, Element, MtiFunction};

use super::super::peers::Key;
use super::super::wire::Wire;
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
    for frame in frames(&wire.taken, dialect) {
        match dialect.decode(frame) {
            Ok(message) => {
                let function = message.mti().function();
                if matches!(function, MtiFunction::Request | MtiFunction::Advice) {
                    *due.entry(Key::of(&message)).or_default() += 1;
                }
            }
            Err(_) => bad_frames += 1,
        }
    }
    for frame in frames(&wire.given, dialect) {
        let Ok(answer) = dialect.decode(frame) else {
            return failed("a response cannot be decoded".to_owned());
        };
        match due.get_mut(&Key::of(&answer)) {
            Some(count) if *count > 0 => *count -= 1,
            None if answer.text(Element::RESPONSE_CODE) == Some("30") && bad_frames > 0 => {
                bad_frames -= 1;
            }
            Some(_) => return failed(format!("{:?} was answered twice", Key::of(&answer))),
            None => return failed(format!("{:?} was never asked", Key::of(&answer))),
        }
    }
    match due.into_iter().find(|(_, count)| *count > 0) {
        Some((key, _)) if ending == Ending::InOrder => failed(format!("{key:?} has no answer")),
        _ => Ok(()),
    }
}

/// Cuts a stream at its two-byte lengths, as far as it is one; a length of zero is a poll.
fn frames(stream: &[u8], dialect: &Dialect) -> Vec<Bytes> {
    let longest = dialect.framing().maximum_frame_bytes;
    let mut frames = Vec::new();
    let mut rest = stream;
    while let Some((header, after)) = rest.split_first_chunk::<2>() {
        let length = usize::from(u16::from_be_bytes(*header));
        if length > longest || length > after.len() {
            break;
        }
        let (frame, next) = after.split_at(length);
        if length > 0 {
            frames.push(Bytes::copy_from_slice(frame));
        }
        rest = next;
    }
    frames
}
