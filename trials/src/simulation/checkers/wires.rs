//! Checks of the bytes on connections: what the switch took against what it gave.
//!
//! Owns: the count of requests and answers of one connection. Must never: look into the switch.

use std::collections::BTreeMap;

use bytes::Bytes;
use codec::{Dialect, Element, Message, MtiClass, MtiFunction};

use super::super::node::OwnRequests;
use super::super::peers::{Key, Scheme};
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
    for frame in frames(&wire.taken, wire.scheme, dialect) {
        match dialect.decode(frame) {
            Ok(message) if wants_answer(&message) => {
                *due.entry(Key::of(wire.scheme, &message)).or_default() += 1;
            }
            Ok(_) => {}
            Err(_) => bad_frames += 1,
        }
    }
    for frame in frames(&wire.given, wire.scheme, dialect) {
        let Ok(answer) = dialect.decode(frame) else {
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

fn wants_answer(message: &Message) -> bool {
    let function = message.mti().function();
    matches!(function, MtiFunction::Request | MtiFunction::Advice)
}

/// What the switch asks by itself is network management.
fn is_own_request(message: &Message) -> bool {
    let mti = message.mti();
    mti.class() == MtiClass::NetworkManagement && mti.function() == MtiFunction::Request
}

/// Where a sign-on is required, nothing that came before one, or after a sign-off, got an answer but its refusal.
pub fn nothing_before_sign_on(wire: &Wire, dialect: &Dialect) -> Verdict {
    if !wire.scheme.requires_sign_on() {
        return Ok(());
    }
    let mut decidable: BTreeMap<Key, i64> = BTreeMap::new();
    let mut signed_on = false;
    for frame in frames(&wire.taken, wire.scheme, dialect) {
        let Ok(message) = dialect.decode(frame) else {
            continue;
        };
        match (
            message.mti().class(),
            message.text(Element::NETWORK_MANAGEMENT_CODE),
        ) {
            // Either side may sign on; an answer to the switch's own counts unless it refuses.
            (MtiClass::NetworkManagement, Some("001")) => {
                let code = message.text(Element::RESPONSE_CODE);
                signed_on |= wants_answer(&message) || code == Some("00");
            }
            (MtiClass::NetworkManagement, Some("002")) => signed_on &= !wants_answer(&message),
            (MtiClass::NetworkManagement, _) => {}
            _ if signed_on && wants_answer(&message) => {
                *decidable.entry(Key::of(wire.scheme, &message)).or_default() += 1;
            }
            _ => {}
        }
    }
    for frame in frames(&wire.given, wire.scheme, dialect) {
        let Ok(answer) = dialect.decode(frame) else {
            continue;
        };
        let code = answer.text(Element::RESPONSE_CODE);
        let class = answer.mti().class();
        if class == MtiClass::NetworkManagement || matches!(code, Some("91" | "30")) {
            continue;
        }
        let key = Key::of(wire.scheme, &answer);
        let count = decidable.entry(key).or_default();
        *count -= 1;
        if *count < 0 {
            let what = format!(
                "{:?} was decided before a sign-on",
                Key::of(wire.scheme, &answer)
            );
            return Err(Violation::new(Checker::NothingBeforeSignOn, what));
        }
    }
    Ok(())
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

/// Cuts a stream at its lengths of two bytes, as far as it is one, and what is before each message off; a length of zero
/// is a poll.
fn frames(stream: &[u8], scheme: Scheme, dialect: &Dialect) -> Vec<Bytes> {
    let longest = dialect.framing().maximum_frame_bytes;
    let control_bytes = scheme.length_bytes() - 2;
    let header_bytes = scheme.lead_bytes() - scheme.length_bytes();
    let mut frames = Vec::new();
    let mut rest = stream;
    while let Some((header, after)) = rest.split_first_chunk::<2>() {
        let length = usize::from(u16::from_be_bytes(*header));
        if length > longest || control_bytes + length > after.len() {
            break;
        }
        let (frame, next) = after.split_at(control_bytes + length);
        let (_, frame) = frame.split_at(control_bytes);
        if let Some((_, message)) = frame.split_at_checked(header_bytes)
            && !message.is_empty()
        {
            frames.push(Bytes::copy_from_slice(message));
        }
        rest = next;
    }
    frames
}
