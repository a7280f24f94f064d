//! What the network does not take.
//!
//! Owns: finding what a rejection is of: a frame that comes back with a reject code in its header, and a 0620 whose DE90
//! names a message of ours. Must never: decide again what was decided, or answer a rejection of an answer.

use bytes::BytesMut;
use codec::{Element, Message, Mti, MtiClass, MtiFunction, OriginalDataElements, VisaHeader};

use super::sent::number;
use super::{Anomaly, Link, Received, Rejected, Rejection, Surroundings, Told};
use crate::adapter::Incoming;
use crate::refusal::Refusal;
use crate::session::Event;

/// Why a frame that came back is not answered.
pub(super) const REJECTED: &str = "rejected by the network";

/// Characters of a reason that are told.
const CODE_CHARACTERS: usize = 8;

/// The code in the header of a frame that the network gives back.
pub(super) fn reject_code(header: &[u8]) -> Option<u16> {
    VisaHeader::parse(header).ok()?.reject_code
}

/// What names a message of ours, as far as the rejection says it.
struct Name {
    mti: Mti,
    stan: u32,
    transmission: Option<u64>,
}

impl Link {
    /// A message of ours came back with this code in its header.
    pub(super) fn given_back(
        &mut self,
        message: &Message,
        code: u16,
        around: &Surroundings<'_>,
    ) -> Received {
        let name = number(message, Element::STAN).map(|stan| Name {
            mti: message.mti(),
            stan,
            transmission: number(message, Element::TRANSMISSION_DATE_TIME),
        });
        self.rejected(name, format!("{code:04X}"), around);
        Received::Ignored(REJECTED)
    }

    /// A 0620 rejects a message of ours. It is acknowledged, unless what it rejects was itself the acknowledgement of
    /// such a message.
    pub(super) fn rejected_by_message(
        &mut self,
        incoming: &Incoming,
        around: &Surroundings<'_>,
        out: &mut BytesMut,
        report: &mut dyn FnMut(Anomaly),
    ) -> Received {
        let message = &incoming.message;
        let name = named(message);
        let of_administrative = name
            .as_ref()
            .is_none_or(|name| name.mti.class() == MtiClass::Administrative);
        let plan = around.plan;
        let code = message.text(Element::RESPONSE_CODE).map(str::to_owned);
        let code = code.or_else(|| plan.adapter.stand_in_reason(message, &plan.dialect));
        self.rejected(name, printable(&code.unwrap_or_default()), around);
        if of_administrative {
            return Received::Ignored(REJECTED);
        }
        match Refusal::acknowledgement(message) {
            Some(refusal) => self.answer(incoming, around, refusal, out, report),
            None => Received::Ignored(REJECTED),
        }
    }

    fn rejected(&mut self, name: Option<Name>, code: String, around: &Surroundings<'_>) {
        let of = match &name {
            Some(name) => self.find(name),
            None => Rejected::Unmatched,
        };
        if let (Rejected::OwnRequest(_), Some(name)) = (of, &name) {
            let event = Event::Rejected {
                stan: name.stan,
                transmission: name.transmission,
                code: code.clone(),
            };
            self.happened(event, around.now);
        }
        self.told.push(Told::Rejected(Rejection {
            mti: name.map(|name| name.mti),
            code,
            of,
        }));
    }

    fn find(&mut self, name: &Name) -> Rejected {
        let Name {
            mti,
            stan,
            transmission,
        } = *name;
        if mti.class() == MtiClass::NetworkManagement && mti.function() == MtiFunction::Request {
            let purpose = self.session().own_request(stan, transmission);
            return purpose.map_or(Rejected::Unmatched, Rejected::OwnRequest);
        }
        match self.sent.take(mti, stan, transmission) {
            Some(sent) if sent.is_approval => Rejected::Approval {
                response_code: sent.response_code,
                id: sent.id,
            },
            Some(sent) => Rejected::Response {
                response_code: sent.response_code,
                id: sent.id,
            },
            None => Rejected::Unmatched,
        }
    }
}

/// The message that DE90 names; parts that are zeros are not known.
fn named(message: &Message) -> Option<Name> {
    let text = message.text(Element::ORIGINAL_DATA_ELEMENTS)?;
    let original = OriginalDataElements::parse(text).ok()?;
    let decimal = |digits: &[u8]| -> Option<u64> { std::str::from_utf8(digits).ok()?.parse().ok() };
    Some(Name {
        mti: original.mti,
        stan: u32::try_from(decimal(&original.stan)?).ok()?,
        transmission: decimal(&original.transmission).filter(|time| *time != 0),
    })
}

/// The letters and digits of a reason, not many: it stands in logs and metrics.
fn printable(code: &str) -> String {
    let kept = code.chars().filter(char::is_ascii_alphanumeric);
    let code: String = kept.take(CODE_CHARACTERS).collect();
    if code.is_empty() {
        "none".to_owned()
    } else {
        code
    }
}
