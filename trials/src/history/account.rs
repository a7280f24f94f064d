//! A naive account that answers one request at a time.
//!
//! Owns: the sequential behaviour that histories are held against: an available limit with a floor, a
//! cash limit, the memory of messages. Must never: be clever. It is the measure, and it shares no code
//! with what it measures.

use super::{Answer, Decline, Kind, MessageId, Request};
use std::collections::BTreeMap;

/// The limits of an account in minor units.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Limits {
    /// Available limit.
    pub available_minor: i64,
    /// The lowest that a debit may bring it to; 0, or below 0 with an overdraft.
    pub floor_minor: i64,
    /// Cash limit.
    pub cash_minor: i64,
    /// Ledger balance: the available limit with pending authorizations added back.
    pub ledger_minor: i64,
}

impl Limits {
    /// Moves an authorization of `whole_minor` from `before_minor` that is authorized of it to `after_minor`.
    fn moved(
        self,
        authorization: (Kind, i64),
        (before_minor, after_minor): (i64, i64),
        cleared: bool,
    ) -> Self {
        let (kind, whole_minor) = authorization;
        let more_minor = after_minor - before_minor;
        let delta = match kind {
            Kind::Purchase | Kind::Cash | Kind::Cashback { .. } => -more_minor,
            Kind::Refund => more_minor,
        };
        let cash = match kind {
            Kind::Cash => delta,
            Kind::Cashback { cash_minor } => {
                share(cash_minor, before_minor, whole_minor)
                    - share(cash_minor, after_minor, whole_minor)
            }
            Kind::Purchase | Kind::Refund => 0,
        };
        Self {
            available_minor: self.available_minor + delta,
            floor_minor: self.floor_minor,
            cash_minor: self.cash_minor + cash,
            ledger_minor: self.ledger_minor + if cleared { delta } else { 0 },
        }
    }
}

/// What of `amount_minor` goes with a part of a whole: half a minor unit counts as one. Nothing goes with a part
/// of nothing.
pub(crate) fn share(amount_minor: i64, part_minor: i64, whole_minor: i64) -> i64 {
    if whole_minor == 0 {
        return 0;
    }
    (2 * amount_minor * part_minor + whole_minor) / (2 * whole_minor)
}

/// What an account knows of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Known {
    /// It was decided.
    Decided {
        request: Request,
        answer: Answer,
        /// What of it is still authorized.
        remaining_minor: i64,
    },
    /// It has not arrived, its reversal has.
    ReversedBeforeArrival,
}

impl Known {
    /// Whether a request under the same name can still be answered so.
    pub(super) fn allows(&self, request: &Request, answer: &Answer) -> bool {
        match self {
            Self::Decided {
                request: decided,
                answer: first,
                ..
            } if decided == request => first == answer,
            Self::Decided { .. } => *answer == Answer::Declined(Decline::Conflict),
            Self::ReversedBeforeArrival => matches!(
                answer,
                Answer::Declined(Decline::ReversedBeforeArrival | Decline::Conflict)
            ),
        }
    }
}

/// What a request would do. `None` for a message leaves what is known of it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Decision {
    pub(super) answer: Answer,
    pub(super) limits: Limits,
    pub(super) own: Option<Known>,
    pub(super) original: Option<(MessageId, Known)>,
}

/// One account, which answers one request after the other.
#[derive(Clone, Debug)]
pub struct Account {
    limits: Limits,
    known: BTreeMap<MessageId, Known>,
}

impl Account {
    /// An account that knows no message.
    #[must_use]
    pub fn new(limits: Limits) -> Self {
        Self {
            limits,
            known: BTreeMap::new(),
        }
    }

    /// Its limits.
    #[must_use]
    pub fn limits(&self) -> Limits {
        self.limits
    }

    /// Decides a request and moves what it moves.
    pub fn take(&mut self, message: MessageId, request: &Request) -> Answer {
        let decision = self.decide(message, request);
        self.limits = decision.limits;
        self.learn(message, decision.own);
        if let Some((original, known)) = decision.original {
            self.learn(original, Some(known));
        }
        decision.answer
    }

    pub(super) fn known(&self, message: MessageId) -> Option<&Known> {
        self.known.get(&message)
    }

    pub(super) fn set(&mut self, limits: Limits) {
        self.limits = limits;
    }

    /// Knows this of a message, or nothing any more.
    pub(super) fn know(&mut self, message: MessageId, known: Option<Known>) {
        match known {
            Some(known) => drop(self.known.insert(message, known)),
            None => drop(self.known.remove(&message)),
        }
    }

    fn learn(&mut self, message: MessageId, known: Option<Known>) {
        if known.is_some() {
            self.know(message, known);
        }
    }

    /// What a request would be answered and would do.
    pub(super) fn decide(&self, message: MessageId, request: &Request) -> Decision {
        match self.known.get(&message) {
            Some(Known::Decided {
                request: earlier,
                answer,
                ..
            }) => {
                let repeat = earlier == request;
                let conflict = Answer::Declined(Decline::Conflict);
                self.unmoved(if repeat { *answer } else { conflict })
            }
            Some(Known::ReversedBeforeArrival) => {
                self.declined(request, Decline::ReversedBeforeArrival)
            }
            None => self.decide_new(request),
        }
    }

    fn decide_new(&self, request: &Request) -> Decision {
        match *request {
            Request::Authorization {
                kind,
                amount_minor,
                cleared,
            } => {
                if let Some(decline) = self.shortage(kind, amount_minor) {
                    return self.declined(request, decline);
                }
                let decided = self.decided(request, Answer::Approved, amount_minor);
                Decision {
                    limits: self
                        .limits
                        .moved((kind, amount_minor), (0, amount_minor), cleared),
                    ..decided
                }
            }
            Request::Inquiry => {
                let balances = Answer::Balances {
                    ledger_minor: self.limits.ledger_minor,
                    available_minor: self.limits.available_minor - self.limits.floor_minor,
                };
                self.decided(request, balances, 0)
            }
            Request::Reversal { original, .. } => self.reverse(request, original),
        }
    }

    /// What keeps an amount from being approved.
    fn shortage(&self, kind: Kind, amount_minor: i64) -> Option<Decline> {
        let Limits {
            available_minor,
            floor_minor,
            cash_minor,
            ..
        } = self.limits;
        match kind {
            Kind::Refund => None,
            Kind::Cash if amount_minor > cash_minor => Some(Decline::CashLimit),
            Kind::Cashback { cash_minor: cash }
                if available_minor - (amount_minor - cash) >= floor_minor
                    && (available_minor - amount_minor < floor_minor || cash > cash_minor) =>
            {
                Some(Decline::Cashback)
            }
            _ if available_minor - amount_minor < floor_minor => Some(Decline::InsufficientFunds),
            _ => None,
        }
    }

    fn reverse(&self, reversal: &Request, original: MessageId) -> Decision {
        let Request::Reversal {
            claimed_minor,
            replacement_minor,
            advice,
            ..
        } = *reversal
        else {
            return self.declined(reversal, Decline::UnknownOriginal);
        };
        // An advice cannot be refused: what would be refused of a request is accepted without effect.
        let refused = |decline| {
            let declined = Answer::Declined(decline);
            self.decided(
                reversal,
                if advice { Answer::Approved } else { declined },
                0,
            )
        };
        let Some(Known::Decided {
            request,
            answer,
            remaining_minor,
        }) = self.known.get(&original).copied()
        else {
            return Decision {
                original: Some((original, Known::ReversedBeforeArrival)),
                ..refused(Decline::UnknownOriginal)
            };
        };
        let accepted = self.decided(reversal, Answer::Approved, 0);
        let Request::Authorization {
            kind,
            amount_minor,
            cleared,
        } = request
        else {
            return accepted;
        };
        if remaining_minor == 0 {
            return accepted;
        }
        let replacement_minor = replacement_minor.filter(|amount| *amount > 0);
        let differs = claimed_minor > 0 && claimed_minor != amount_minor;
        let too_much = replacement_minor.is_some_and(|amount| amount > amount_minor);
        if too_much || (differs && replacement_minor.is_none() && !advice) {
            return refused(Decline::AmountMismatch);
        }
        let remains_minor = replacement_minor.unwrap_or(0);
        if remains_minor >= remaining_minor {
            return accepted;
        }
        let known = Known::Decided {
            request,
            answer,
            remaining_minor: remains_minor,
        };
        Decision {
            limits: self.limits.moved(
                (kind, amount_minor),
                (remaining_minor, remains_minor),
                cleared,
            ),
            original: Some((original, known)),
            ..accepted
        }
    }

    /// Moves nothing and tells nothing.
    pub(super) fn nothing(&self) -> Decision {
        self.unmoved(Answer::Approved)
    }

    fn unmoved(&self, answer: Answer) -> Decision {
        Decision {
            answer,
            limits: self.limits,
            own: None,
            original: None,
        }
    }

    fn decided(&self, request: &Request, answer: Answer, remaining_minor: i64) -> Decision {
        let known = Known::Decided {
            request: *request,
            answer,
            remaining_minor,
        };
        Decision {
            own: Some(known),
            ..self.unmoved(answer)
        }
    }

    fn declined(&self, request: &Request, decline: Decline) -> Decision {
        self.decided(request, Answer::Declined(decline), 0)
    }
}
