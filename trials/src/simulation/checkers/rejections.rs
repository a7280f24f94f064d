//! What the switch tells of its own messages that a network does not take.
//!
//! Owns: which message of the switch each rejection names, read from the bytes of the connection. Must never: look into
//! the switch's own memory of what it sent.

use std::collections::BTreeMap;

use codec::{Dialect, Element, Message, MtiClass, MtiFunction};
use switch::link::Rejected;

use super::super::wire::Wire;
use super::wires::{frames, is_own_request};
use super::{Checker, Verdict, Violation};

/// Message type, STAN and DE7.
type Name = (String, String, String);

/// A response of the switch.
struct Response {
    tick: u64,
    is_approval: bool,
    rejected: bool,
}

/// Every rejection is told once, in order, by what it is of: an approval, another response, a request of the switch's
/// own, or nothing that was sent on this connection. A response is rejected once.
pub fn rejections_are_told(wire: &Wire, dialect: &Dialect) -> Verdict {
    let failed = |what: String| Err(Violation::new(Checker::RejectionsAreTold, what));
    let mut responses: BTreeMap<Name, Vec<Response>> = BTreeMap::new();
    let mut own_requests: Vec<Name> = Vec::new();
    for frame in frames(&wire.given, wire.scheme, dialect) {
        let Ok(message) = dialect.decode(frame.message) else {
            continue;
        };
        if is_own_request(&message) {
            own_requests.push(name(&message));
            continue;
        }
        responses.entry(name(&message)).or_default().push(Response {
            tick: frame.when.tick,
            is_approval: is_approval(&message),
            rejected: false,
        });
    }
    let mut told = wire.rejections.iter();
    for frame in frames(&wire.taken, wire.scheme, dialect) {
        let Ok(message) = dialect.decode(frame.message) else {
            continue;
        };
        let Some(name) = rejected(&message, frame.is_given_back) else {
            continue;
        };
        let Some(said) = told.next() else {
            return failed(format!("{name:?} was rejected, and nothing was told"));
        };
        let matched = matches!(
            said.of,
            Rejected::Approval { .. } | Rejected::Response { .. }
        );
        let sent = responses.get_mut(&name).and_then(|sent| {
            let sent = || sent.iter().enumerate().filter(|(_, one)| !one.rejected);
            let before = sent().rfind(|(_, one)| one.tick < frame.when.tick);
            // What was read together with the rejection may have been answered before it.
            let beside = || sent().find(|_| matched);
            let place = before.or_else(beside)?.0;
            Some(place)
        });
        let sent = sent.and_then(|place| responses.get_mut(&name)?.get_mut(place));
        let fits = match (said.of, sent) {
            (Rejected::OwnRequest(_), None) => own_requests.contains(&name),
            (Rejected::Unmatched, None) => true,
            (Rejected::Approval { .. }, Some(sent)) => {
                sent.rejected = true;
                sent.is_approval
            }
            (Rejected::Response { .. }, Some(sent)) => {
                sent.rejected = true;
                !sent.is_approval
            }
            _ => false,
        };
        if !fits {
            return failed(format!("{name:?} was rejected, told was {said:?}"));
        }
    }
    match told.next() {
        Some(said) => failed(format!("nothing was rejected, told was {said:?}")),
        None => Ok(()),
    }
}

/// What a message rejects: the one that comes back, or the one that DE90 of an 0620 names.
fn rejected(message: &Message, is_given_back: bool) -> Option<Name> {
    if is_given_back {
        return Some(name(message));
    }
    let mti = message.mti();
    let advice = mti.class() == MtiClass::Administrative && mti.function() == MtiFunction::Advice;
    let named = message.text(Element::ORIGINAL_DATA_ELEMENTS);
    let named = named.filter(|_| advice)?;
    let part = |range: std::ops::Range<usize>| named.get(range).unwrap_or_default().to_owned();
    Some((part(0..4), part(4..10), part(10..20)))
}

fn name(message: &Message) -> Name {
    // As DE90 names it: what is not there is zeros.
    let text = |element, none: &str| message.text(element).unwrap_or(none).to_owned();
    let stan = text(Element::STAN, "000000");
    let time = text(Element::TRANSMISSION_DATE_TIME, "0000000000");
    (message.mti().to_string(), stan, time)
}

fn is_approval(message: &Message) -> bool {
    let mti = message.mti();
    let of_money = matches!(mti.class(), MtiClass::Authorization | MtiClass::Financial);
    let asked = mti.function() == MtiFunction::RequestResponse;
    of_money && asked && message.text(Element::RESPONSE_CODE) == Some("00")
}
