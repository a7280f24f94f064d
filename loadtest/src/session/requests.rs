//! What is sent next.
//!
//! Owns: STANs and times of messages, and the earlier messages that reversals and repeats refer to, with a bound. Must
//! never: send two messages whose answers could not be told apart.

use std::collections::VecDeque;

use codec::{Element, InvalidMti, Mti, OriginalDataElements};
use jiff::Timestamp;

use super::two;
use crate::digits::Digits;
use crate::message::{Calendar, Key, Request};
use crate::mix::{Draw, Kind, Mix};

/// Earlier messages kept for reversals, and as many for repeats.
const POOL: usize = 256;

/// Largest STAN; the next one is 1.
pub(super) const LAST_STAN: u32 = 999_999;

/// A message that was answered.
#[derive(Clone, Debug)]
struct Earlier {
    request: Request,
    response_code: [u8; 2],
}

#[derive(Clone, Copy, Debug)]
struct MessageTypes {
    authorization: Mti,
    authorization_repeat: Mti,
    financial: Mti,
    financial_repeat: Mti,
    reversal: Mti,
}

impl MessageTypes {
    fn new() -> Result<Self, InvalidMti> {
        Ok(Self {
            authorization: Mti::parse(b"0100")?,
            authorization_repeat: Mti::parse(b"0101")?,
            financial: Mti::parse(b"0200")?,
            financial_repeat: Mti::parse(b"0201")?,
            reversal: Mti::parse(b"0400")?,
        })
    }
}

/// The requests of one connection.
#[derive(Debug)]
pub(super) struct Requests {
    types: MessageTypes,
    pub(super) next_stan: u32,
    calendar: Calendar,
    reversible: VecDeque<Earlier>,
    repeatable: VecDeque<Earlier>,
}

impl Requests {
    /// None was sent yet.
    pub(super) fn new(start: Timestamp) -> Result<Self, InvalidMti> {
        Ok(Self {
            types: MessageTypes::new()?,
            next_stan: 1,
            calendar: Calendar::new(start),
            reversible: VecDeque::with_capacity(POOL),
            repeatable: VecDeque::with_capacity(POOL),
        })
    }

    /// The request of a draw, and the DE39 it is meant to get. A repeat is none of a key that is under way.
    pub(super) fn next(
        &mut self,
        mix: &Mix,
        draw: &Draw,
        at_ns: u64,
        is_under_way: impl Fn(&Key) -> bool,
    ) -> (Request, Option<[u8; 2]>) {
        if draw.kind == Kind::Repeat
            && let Some(repeat) = self.repeat(draw, is_under_way)
        {
            return repeat;
        }
        let stan = self.next_stan;
        self.next_stan = if stan >= LAST_STAN { 1 } else { stan + 1 };
        let (transmission, reference) = self.calendar.at(at_ns, stan);
        if draw.kind == Kind::Reversal
            && let Some(reversal) = self.reversal(mix, draw, stan, transmission)
        {
            return (reversal, Some(*b"00"));
        }
        let kind = match draw.kind {
            Kind::Repeat | Kind::Reversal => Kind::Purchase,
            kind => kind,
        };
        let mti = match kind {
            Kind::SingleMessagePurchase => self.types.financial,
            _ => self.types.authorization,
        };
        let request = Request {
            kind,
            mti,
            stan,
            transmission,
            reference,
            card: draw.card,
            amount_minor: (kind != Kind::Inquiry).then_some(draw.amount_minor),
            original: None,
        };
        (request, kind.meant_response_code().and_then(two))
    }

    /// An earlier purchase word for word. Two repeats of one message are never under way together: their
    /// answers could not be told apart.
    fn repeat(
        &self,
        draw: &Draw,
        is_under_way: impl Fn(&Key) -> bool,
    ) -> Option<(Request, Option<[u8; 2]>)> {
        let earlier = self.repeatable.get(pick(draw, self.repeatable.len())?)?;
        let mti = match earlier.request.mti {
            mti if mti == self.types.financial => self.types.financial_repeat,
            _ => self.types.authorization_repeat,
        };
        let request = Request {
            kind: Kind::Repeat,
            mti,
            ..earlier.request.clone()
        };
        let key = Key::of_request(&request)?;
        (!is_under_way(&key)).then_some((request, Some(earlier.response_code)))
    }

    /// The reversal of an approved purchase, which no other reversal will take.
    fn reversal(
        &mut self,
        mix: &Mix,
        draw: &Draw,
        stan: u32,
        transmission: Digits<10>,
    ) -> Option<Request> {
        let index = pick(draw, self.reversible.len())?;
        let Earlier {
            request: original, ..
        } = self.reversible.swap_remove_back(index)?;
        let institution = |element| {
            let mut defaults = mix.defaults().iter();
            let value = defaults.find(|(defined, _)| *defined == element);
            value.and_then(|(_, text)| text.parse().ok()).unwrap_or(0)
        };
        Some(Request {
            kind: Kind::Reversal,
            mti: self.types.reversal,
            stan,
            transmission,
            original: Some(OriginalDataElements {
                mti: original.mti,
                stan: Digits::of(u64::from(original.stan)).bytes(),
                transmission: original.transmission.bytes(),
                acquiring_institution: institution(Element::ACQUIRING_INSTITUTION),
                forwarding_institution: institution(Element::FORWARDING_INSTITUTION),
            }),
            ..original
        })
    }

    /// A purchase was decided: later messages may refer to it.
    pub(super) fn decided(&mut self, request: Request, response_code: [u8; 2], approved: bool) {
        let earlier = Earlier {
            request,
            response_code,
        };
        if approved {
            keep(&mut self.reversible, earlier.clone());
        }
        keep(&mut self.repeatable, earlier);
    }
}

fn keep(pool: &mut VecDeque<Earlier>, earlier: Earlier) {
    if pool.len() >= POOL {
        pool.pop_front();
    }
    pool.push_back(earlier);
}

fn pick(draw: &Draw, length: usize) -> Option<usize> {
    let length = u64::try_from(length).ok()?;
    usize::try_from(draw.pick.checked_rem(length)?).ok()
}
