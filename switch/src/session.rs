//! The session of one link: who has signed on, and what this side asks of the other.
//!
//! Owns: sign-on, echo and sign-off as requests of our own, their answers by key, and what comes too late or belongs
//! to nothing. A machine without IO or clock: [`Session::handle`] takes an event and a time and says what to do. Must
//! never: speak about money, wait without an end, or keep more of a message than the elements of the key.

mod note;
mod request;
mod sent;

use codec::Element;
use ledger::identifiers::Timestamp;

pub use self::note::{Near, Note};
pub use self::request::{Key, OwnRequest, Purpose};
use self::sent::{Sent, SentRequests};

/// How a link stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stand {
    /// Nobody has signed on.
    Connected,
    /// Our sign-on waits for its answer.
    SigningOn,
    /// One side has signed on.
    SignedOn,
    /// Our sign-off waits for its answer. What still comes is answered.
    SigningOff,
    /// One side has signed off.
    SignedOff,
}

impl Stand {
    /// The name in logs, metrics and answers.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Connected => "connected",
            Self::SigningOn => "signing_on",
            Self::SignedOn => "signed_on",
            Self::SigningOff => "signing_off",
            Self::SignedOff => "signed_off",
        }
    }
}

/// What a session does of itself.
#[derive(Clone, Debug)]
pub struct SessionOptions {
    /// Whether this side signs on, before traffic, and signs off at the end.
    pub sign_on: bool,
    /// Silence after which an echo is sent; 0 for never.
    pub echo_idle_ms: u64,
    /// How long an answer is waited for.
    pub answer_wait_ms: u64,
    /// The same for that of a sign-off.
    pub sign_off_wait_ms: u64,
    /// Requests unanswered in a row after which the link is given up; 0 for never.
    pub unanswered_limit: u32,
    /// The elements by which an answer is found: of DE7, 11 and 70.
    pub key: Vec<Element>,
    /// The STAN of the first request.
    pub first_stan: u32,
}

impl SessionOptions {
    /// Asks nothing by itself.
    #[must_use]
    pub fn passive() -> Self {
        Self {
            sign_on: false,
            echo_idle_ms: 0,
            answer_wait_ms: 10_000,
            sign_off_wait_ms: 1_000,
            unanswered_limit: 0,
            key: vec![Element::TRANSMISSION_DATE_TIME, Element::STAN],
            first_stan: 1,
        }
    }
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// The link was opened.
    Opened,
    /// Something was received.
    Heard,
    /// Somebody wants a request to be sent.
    Asked(Purpose),
    /// An answer to a request of our own was received.
    Answered {
        /// DE39.
        response_code: Option<String>,
        /// Those of the elements of the key that it has.
        key: Key,
    },
    /// A request of our own came back rejected.
    Rejected {
        /// Its DE11.
        stan: u32,
        /// Its DE7, where the rejection says it.
        transmission: Option<u64>,
        /// Why.
        code: String,
    },
    /// The other side has signed on.
    PeerSignedOn,
    /// The other side has signed off.
    PeerSignedOff,
    /// The link is to be ended.
    Ending,
    /// Time has passed.
    Passed,
}

/// What to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Send a request.
    Send(OwnRequest),
    /// Close the link, and why.
    Close(&'static str),
    /// The link stands otherwise.
    Became(Stand),
    /// Something to count and to tell.
    Noted(Note),
}

/// STANs go from 1 to this.
const LAST_STAN: u32 = 999_999;

/// The machine.
#[derive(Clone, Debug)]
pub struct Session {
    options: SessionOptions,
    stand: Stand,
    ending: bool,
    closed: bool,
    heard: Timestamp,
    /// When the sign-on may be tried again.
    sign_on_at: Timestamp,
    next_stan: u32,
    unanswered: u32,
    sent: SentRequests,
}

impl Session {
    /// A link that was not opened yet.
    #[must_use]
    pub fn new(options: SessionOptions) -> Self {
        Self {
            next_stan: options.first_stan.clamp(1, LAST_STAN),
            options,
            stand: Stand::Connected,
            ending: false,
            closed: false,
            heard: Timestamp::default(),
            sign_on_at: Timestamp::default(),
            unanswered: 0,
            sent: SentRequests::default(),
        }
    }

    /// How the link stands.
    #[must_use]
    pub fn stand(&self) -> Stand {
        self.stand
    }

    /// Whether traffic is taken where a sign-on is required.
    #[must_use]
    pub fn is_signed_on(&self) -> bool {
        matches!(self.stand, Stand::SignedOn | Stand::SigningOff)
    }

    /// Whether an answer is waited for.
    #[must_use]
    pub fn is_waiting(&self) -> bool {
        self.sent.is_waiting()
    }

    /// What a request of our own with this STAN, and with this DE7 where it is said, was for; `None` for one that is not
    /// remembered.
    #[must_use]
    pub fn own_request(&self, stan: u32, transmission: Option<u64>) -> Option<Purpose> {
        self.sent.purpose(|sent| sent.is(stan, transmission))
    }

    /// The elements by which answers are found.
    #[must_use]
    pub fn key(&self) -> &[Element] {
        &self.options.key
    }

    /// When [`Event::Passed`] is due; `None` for not before something else happens.
    #[must_use]
    pub fn wakes_at(&self) -> Option<Timestamp> {
        if self.closed {
            return None;
        }
        let answer = self.sent.next_due().into_iter();
        answer
            .chain(self.wants_sign_on().then_some(self.sign_on_at))
            .chain(self.echo_at())
            .min()
    }

    /// Takes in what happened and says what to do, in this order.
    pub fn handle(&mut self, event: Event, now: Timestamp) -> Vec<Action> {
        let mut actions = Vec::new();
        if self.closed {
            return actions;
        }
        match event {
            Event::Opened => {
                self.heard = now;
                if self.options.sign_on {
                    self.ask(Purpose::SignOn, now, &mut actions);
                }
            }
            Event::Heard => self.heard = now,
            Event::Asked(purpose) => self.ask(purpose, now, &mut actions),
            Event::Answered { response_code, key } => {
                self.answered(response_code, &key, now, &mut actions);
            }
            Event::Rejected {
                stan,
                transmission,
                code,
            } => self.rejected(stan, transmission, code, now, &mut actions),
            Event::PeerSignedOn => self.stands(Stand::SignedOn, &mut actions),
            Event::PeerSignedOff => self.stands(Stand::SignedOff, &mut actions),
            Event::Ending => {
                self.ending = true;
                if self.options.sign_on && self.stand == Stand::SignedOn {
                    self.ask(Purpose::SignOff, now, &mut actions);
                }
            }
            Event::Passed => self.passed(now, &mut actions),
        }
        actions
    }

    fn passed(&mut self, now: Timestamp, actions: &mut Vec<Action>) {
        while let Some(purpose) = self.sent.give_up(now) {
            self.unanswered = self.unanswered.saturating_add(1);
            actions.push(Action::Noted(Note::Unanswered(purpose)));
            self.settle(purpose, false, now, actions);
        }
        self.sent.forget(now);
        let limit = self.options.unanswered_limit;
        if limit > 0 && self.unanswered >= limit {
            self.closed = true;
            actions.push(Action::Close("the peer does not answer"));
            return;
        }
        if self.wants_sign_on() && self.sign_on_at <= now {
            self.ask(Purpose::SignOn, now, actions);
        }
        if self.echo_at().is_some_and(|at| at <= now) {
            self.ask(Purpose::Echo, now, actions);
        }
    }

    /// Whether a sign-on is to be sent as soon as its time comes. One that was signed off stays so until somebody asks.
    fn wants_sign_on(&self) -> bool {
        self.options.sign_on && !self.ending && self.stand == Stand::Connected
    }

    /// When an echo is to be sent if nothing is heard before.
    fn echo_at(&self) -> Option<Timestamp> {
        let signed_on = self.is_signed_on() || !self.options.sign_on;
        let asked = self.sent.waits_for(Purpose::Echo);
        if self.options.echo_idle_ms == 0 || self.ending || !signed_on || asked {
            return None;
        }
        Some(self.heard.plus_us(microseconds(self.options.echo_idle_ms)))
    }

    fn ask(&mut self, purpose: Purpose, now: Timestamp, actions: &mut Vec<Action>) {
        let transmission = now.transmission_date_time();
        let (Some(transmission), true) = (transmission, self.sent.has_room()) else {
            actions.push(Action::Noted(Note::TooMany(purpose)));
            // Whatever is sent by itself comes again, but not at once.
            self.heard = now;
            self.sign_on_at = now.plus_us(microseconds(self.options.answer_wait_ms));
            return;
        };
        let request = OwnRequest {
            purpose,
            stan: self.next_stan,
            transmission,
        };
        self.next_stan = match self.next_stan {
            LAST_STAN => 1,
            stan => stan.saturating_add(1),
        };
        let wait_ms = match purpose {
            Purpose::SignOn | Purpose::Echo => self.options.answer_wait_ms,
            Purpose::SignOff => self.options.sign_off_wait_ms,
        };
        let mut key = request.elements();
        key.retain(|element, _| self.options.key.contains(element));
        let due = now.plus_us(microseconds(wait_ms));
        self.sent.add(request, key, due);
        match purpose {
            Purpose::SignOn => self.stands(Stand::SigningOn, actions),
            Purpose::SignOff => self.stands(Stand::SigningOff, actions),
            Purpose::Echo => {}
        }
        actions.push(Action::Send(request));
    }

    fn answered(
        &mut self,
        response_code: Option<String>,
        key: &Key,
        now: Timestamp,
        actions: &mut Vec<Action>,
    ) {
        if let Some(purpose) = self.sent.take(|sent| sent.has_key(key)) {
            self.unanswered = 0;
            let good = response_code.as_deref() == Some("00");
            actions.push(Action::Noted(if good {
                Note::Answered(purpose)
            } else {
                Note::Refused {
                    purpose,
                    response_code,
                }
            }));
            self.settle(purpose, good, now, actions);
        } else if !self.came_late(|sent| sent.has_key(key), now, actions) {
            let near = self.sent.nearest(key, &self.options.key);
            actions.push(Action::Noted(Note::Unmatched(near)));
        }
    }

    /// The network did not take a request: nothing more comes of it.
    fn rejected(
        &mut self,
        stan: u32,
        transmission: Option<u64>,
        code: String,
        now: Timestamp,
        actions: &mut Vec<Action>,
    ) {
        let is = |sent: &Sent| sent.is(stan, transmission);
        if let Some(purpose) = self.sent.take(is) {
            self.unanswered = 0;
            actions.push(Action::Noted(Note::Rejected { purpose, code }));
            self.settle(purpose, false, now, actions);
        } else {
            self.came_late(is, now, actions);
        }
    }

    /// Something came for a request whose time is over; `false` when there is none.
    fn came_late(
        &mut self,
        is: impl Fn(&Sent) -> bool,
        now: Timestamp,
        actions: &mut Vec<Action>,
    ) -> bool {
        let Some((purpose, late_us)) = self.sent.take_late(is, now) else {
            return false;
        };
        actions.push(Action::Noted(Note::Late {
            purpose,
            late_ms: late_us.checked_div(1000).unwrap_or(0),
        }));
        true
    }

    /// What the end of a request means for how the link stands.
    fn settle(&mut self, purpose: Purpose, good: bool, now: Timestamp, actions: &mut Vec<Action>) {
        match (purpose, self.stand) {
            (Purpose::SignOn, Stand::SigningOn) if good => self.stands(Stand::SignedOn, actions),
            (Purpose::SignOn, Stand::SigningOn) => {
                // Not at once: a host that refuses would be asked without end.
                self.sign_on_at = now.plus_us(microseconds(self.options.answer_wait_ms));
                self.stands(Stand::Connected, actions);
            }
            (Purpose::SignOff, Stand::SigningOff) => self.stands(Stand::SignedOff, actions),
            (Purpose::SignOn | Purpose::SignOff | Purpose::Echo, _) => {}
        }
    }

    fn stands(&mut self, stand: Stand, actions: &mut Vec<Action>) {
        if self.stand != stand {
            self.stand = stand;
            actions.push(Action::Became(stand));
        }
    }
}

/// At least one millisecond: nothing comes again at once.
fn microseconds(ms: u64) -> i64 {
    i64::try_from(ms.max(1))
        .unwrap_or(i64::MAX)
        .saturating_mul(1000)
}

#[cfg(test)]
mod tests;
