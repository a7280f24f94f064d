//! One link: a connection of a network.
//!
//! Owns: what is done with each frame, and the answers that need no ledger. A machine without IO or clock: the
//! shell hands it frames and a time, and sends what it writes. Must never: decide, approve, or keep a card secret
//! past the message.
//!
//! What a message asks for is its `command`, which goes to the ledger with the [`WaitingRequest`] that answers it.

use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use codec::{Element, Frame, Message, MtiClass, MtiFunction, Undecodable};
use ledger::authorization::Lookup;
use ledger::books::StoreError;
use ledger::books::rows::StoredMessage;
use ledger::command::Command;
use ledger::entities::Customer;
use ledger::identifiers::{CardHash, Timestamp};
use rules::{Reason, ResponseCode, Snapshot};

use crate::adapter::{Incoming, response};
use crate::card_vault::CardVault;
use crate::key_exchange::KeyExchange;
use crate::networks::NetworkPlan;
use crate::refusal::Refusal;
use crate::session::{Action, Event, Session, SessionOptions};

mod anomaly;
mod command;
mod management;
mod rejects;
mod sent;
mod told;
mod totals;
mod waiting;

pub use self::anomaly::{Anomaly, References};
use self::command::{ACKNOWLEDGEMENT, Problem, acknowledgement, command, not_served};
use self::rejects::reject_code;
use self::sent::SentResponses;
pub use self::told::{Rejected, Rejection, Told};
pub use self::waiting::{Answered, Late, WaitingRequest};

/// What a link reads beside its own state.
pub struct Surroundings<'a> {
    /// The network's rules and dialect.
    pub plan: &'a Arc<NetworkPlan>,
    /// The rules.
    pub rules: &'a Snapshot,
    /// Hashes PANs.
    pub vault: &'a CardVault,
    /// Finds older messages in the books.
    pub books: &'a dyn Fn(Vec<Lookup>) -> Result<Vec<StoredMessage>, StoreError>,
    /// Finds the holder of a card in the books.
    pub holder: &'a dyn Fn(&CardHash) -> Result<Option<Customer>, StoreError>,
    /// Takes the keys of networks.
    pub keys: &'a dyn KeyExchange,
    /// Whether the ledger takes another request of this link.
    pub has_room: bool,
    /// The time.
    pub now: Timestamp,
}

impl std::fmt::Debug for Surroundings<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Surroundings")
            .field("now", &self.now)
            .finish_non_exhaustive()
    }
}

/// What became of a frame.
#[derive(Debug)]
pub enum Received {
    /// To be decided by the ledger.
    Submit {
        /// What to decide.
        command: Command,
        /// When it is too late.
        deadline: Timestamp,
        /// Handed back with the outcome.
        request: WaitingRequest,
    },
    /// To be compared with the totals of this side, once they have everything that was answered.
    Reconcile(WaitingRequest),
    /// To be noted by the ledger; never answered.
    Note(Command),
    /// Answered without the ledger; the response was written.
    Answered {
        /// DE39.
        response_code: ResponseCode,
        /// Why, unless it was network management.
        reason: Option<Reason>,
    },
    /// Nothing to answer: a poll, a response, a notification.
    Ignored(&'static str),
}

/// The state of a link.
#[derive(Debug)]
pub struct Link {
    session: Session,
    /// What the session wants to be done.
    actions: Vec<Action>,
    /// What a rejection may be of.
    sent: SentResponses,
    /// What the network said beside its traffic.
    told: Vec<Told>,
}

impl Link {
    /// A link that has just been connected, and asks nothing by itself.
    #[must_use]
    pub fn new() -> Self {
        Self::with(Session::new(SessionOptions::passive()))
    }

    /// A link with a session.
    #[must_use]
    pub fn with(session: Session) -> Self {
        Self {
            session,
            actions: Vec::new(),
            sent: SentResponses::default(),
            told: Vec::new(),
        }
    }

    /// Its session.
    #[must_use]
    pub fn session(&self) -> &Session {
        &self.session
    }

    /// Something happened that is no frame.
    pub fn happened(&mut self, event: Event, now: Timestamp) {
        self.actions.append(&mut self.session.handle(event, now));
    }

    /// What is to be done since this was asked before.
    pub fn actions(&mut self) -> Vec<Action> {
        std::mem::take(&mut self.actions)
    }

    /// What the network has said beside its traffic since this was asked before.
    pub fn told(&mut self) -> Vec<Told> {
        std::mem::take(&mut self.told)
    }

    /// The response to a request was sent: a rejection of it is told as such.
    pub fn sent(&mut self, request: &WaitingRequest, answered: &Answered) {
        self.sent.add(&request.incoming.message, answered);
    }

    /// Whether traffic is taken where a sign-on is required.
    #[must_use]
    pub fn is_signed_on(&self) -> bool {
        self.session.is_signed_on()
    }

    /// Takes in one frame: [`decode`](Self::decode), then [`take`](Self::take).
    pub fn receive(
        &mut self,
        frame: Frame,
        around: &Surroundings<'_>,
        out: &mut BytesMut,
        report: &mut dyn FnMut(Anomaly),
    ) -> Received {
        match self.decode(frame, around, out, report) {
            Ok(incoming) => self.take(incoming, around, out, report),
            Err(received) => received,
        }
    }

    /// Decodes one frame.
    ///
    /// # Errors
    /// What became of a frame that is no message. The response that one gets if its MTI and STAN could
    /// be read is appended to `out`; anomalies go to `report`.
    #[expect(
        clippy::result_large_err,
        reason = "the large variant is a message on its way through"
    )]
    pub fn decode(
        &mut self,
        frame: Frame,
        around: &Surroundings<'_>,
        out: &mut BytesMut,
        report: &mut dyn FnMut(Anomaly),
    ) -> Result<Incoming, Received> {
        let Frame {
            header,
            body,
            control,
        } = frame;
        if control != 0 || body.is_empty() {
            return Err(Received::Ignored("poll"));
        }
        match around.plan.dialect.decode(body) {
            Ok(message) => Ok(Incoming { message, header }),
            Err(undecodable) if reject_code(&header).is_some() => {
                report(Anomaly::Undecodable(Box::new(undecodable)));
                Err(Received::Ignored(rejects::REJECTED))
            }
            Err(undecodable) => Err(self.reject(undecodable, header, around, out, report)),
        }
    }

    /// Takes in one message. A response that needs no ledger is appended to `out`; anomalies go to
    /// `report`.
    pub fn take(
        &mut self,
        incoming: Incoming,
        around: &Surroundings<'_>,
        out: &mut BytesMut,
        report: &mut dyn FnMut(Anomaly),
    ) -> Received {
        let message = &incoming.message;
        // What the network gives back was not decided by it, and must not be decided again by us.
        if let Some(code) = reject_code(&incoming.header) {
            return self.given_back(message, code, around);
        }
        match message.mti().function() {
            MtiFunction::Request | MtiFunction::Advice => {}
            ACKNOWLEDGEMENT if around.plan.network.acknowledgements => {
                return self.acknowledged(message, around, report);
            }
            MtiFunction::RequestResponse
                if message.mti().class() == MtiClass::NetworkManagement =>
            {
                let answered = self.answered(message);
                self.happened(answered, around.now);
                return Received::Ignored("answer to a request of our own");
            }
            _ => return Received::Ignored("not a request"),
        }
        if message.mti().class() == MtiClass::NetworkManagement {
            return self.manage(&incoming, around, out, report);
        }
        if message.mti().class() == MtiClass::Administrative
            && message.has(Element::ORIGINAL_DATA_ELEMENTS)
        {
            return self.rejected_by_message(&incoming, around, out, report);
        }
        if self.needs_sign_on(around) {
            return self.refuse(&incoming, around, Reason::SignOnRequired, out, report);
        }
        if message.mti().class() == MtiClass::Reconciliation {
            return Received::Reconcile(WaitingRequest::of(incoming, around));
        }
        if !around.has_room {
            // Before anything is made of it: a refusal must cost less than what it makes room for.
            return self.refuse(&incoming, around, Reason::Overloaded, out, report);
        }
        match command(message, around) {
            Ok(Some(command)) => {
                let request = WaitingRequest::of(incoming, around);
                Received::Submit {
                    command,
                    deadline: request.deadline(),
                    request,
                }
            }
            Ok(None) => self.refuse(&incoming, around, not_served(message), out, report),
            Err(Problem::Format(error)) => {
                report(Anomaly::Format(error, References::of(message)));
                self.refuse(&incoming, around, Reason::FormatError, out, report)
            }
            // Without the books, a repeat cannot be told from a new message: nothing is decided.
            Err(Problem::Lookup(error)) => {
                report(Anomaly::Lookup(error, References::of(message)));
                self.refuse(&incoming, around, Reason::SystemMalfunction, out, report)
            }
        }
    }

    /// The network says that it has our response (0180, 0280). Nothing is answered, whatever it says.
    fn acknowledged(
        &self,
        message: &Message,
        around: &Surroundings<'_>,
        report: &mut dyn FnMut(Anomaly),
    ) -> Received {
        if self.needs_sign_on(around) {
            return Received::Ignored("acknowledgement before a sign-on");
        }
        match acknowledgement(message, around) {
            Ok(Some(command)) => Received::Note(command),
            Ok(None) => Received::Ignored("not a request"),
            Err(Problem::Format(error)) => {
                report(Anomaly::Format(error, References::of(message)));
                Received::Ignored("acknowledgement of nothing")
            }
            Err(Problem::Lookup(error)) => {
                report(Anomaly::Lookup(error, References::of(message)));
                Received::Ignored("acknowledgement that could not be looked up")
            }
        }
    }

    /// Answers without the ledger.
    fn refuse(
        &mut self,
        incoming: &Incoming,
        around: &Surroundings<'_>,
        reason: Reason,
        out: &mut BytesMut,
        report: &mut dyn FnMut(Anomaly),
    ) -> Received {
        self.answer(incoming, around, Refusal::because(reason), out, report)
    }

    /// Answers 30 where MTI and STAN could be read; else the frame is only reported.
    fn reject(
        &mut self,
        undecodable: Undecodable,
        header: Bytes,
        around: &Surroundings<'_>,
        out: &mut BytesMut,
        report: &mut dyn FnMut(Anomaly),
    ) -> Received {
        let readable = undecodable.readable.clone();
        report(Anomaly::Undecodable(Box::new(undecodable)));
        match readable {
            // It may reject what we answered: an answer to it could be rejected in turn, without end.
            Some(message) if message.mti().class() == MtiClass::Administrative => {
                Received::Ignored("undecodable")
            }
            Some(message) if message.has(Element::STAN) && message.mti().response().is_some() => {
                let incoming = Incoming { message, header };
                self.refuse(&incoming, around, Reason::FormatError, out, report)
            }
            Some(_) | None => Received::Ignored("undecodable"),
        }
    }

    fn answer(
        &mut self,
        incoming: &Incoming,
        around: &Surroundings<'_>,
        refusal: Refusal,
        out: &mut BytesMut,
        report: &mut dyn FnMut(Anomaly),
    ) -> Received {
        let message = &incoming.message;
        match response::refused(around.plan, incoming, refusal, out) {
            Ok(response_code) => {
                let reason = refusal.reason();
                let answered = Answered {
                    id: None,
                    response_code,
                    reason,
                    repeat: false,
                };
                self.sent.add(message, &answered);
                Received::Answered {
                    response_code,
                    reason,
                }
            }
            Err(error) => {
                report(Anomaly::Unanswerable(error, References::of(message)));
                Received::Ignored("unanswerable")
            }
        }
    }

    /// Whether nothing is taken before somebody signs on.
    fn needs_sign_on(&self, around: &Surroundings<'_>) -> bool {
        let plan = around.plan;
        let signed_on = self.is_signed_on() || plan.state.is_group_signed_on();
        plan.network.sign_on_required && !signed_on
    }

    /// What the session hears of an answer to a request of our own.
    fn answered(&self, message: &Message) -> Event {
        let text = |element: Element| message.text(element).map(str::to_owned);
        let elements = self.session.key().iter();
        Event::Answered {
            response_code: text(Element::RESPONSE_CODE),
            key: elements
                .filter_map(|element| Some((*element, text(*element)?)))
                .collect(),
        }
    }
}

impl Default for Link {
    fn default() -> Self {
        Self::new()
    }
}
