//! One link: a connection of a network.
//!
//! Owns: what is done with each frame, and the answers. A machine without IO or clock: the shell hands it
//! frames and outcomes and a time, and sends what it writes. Must never: decide, keep a card secret past
//! the message, or answer an approval that is not durable.

use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use codec::{Element, Frame, Message, MtiClass, MtiFunction, Undecodable, VisaHeader};
use ledger::Durable;
use ledger::authorization::{Lookup, MessageKey};
use ledger::books::StoreError;
use ledger::books::rows::StoredMessage;
use ledger::command::{Command, Decided, Outcome, Undecided};
use ledger::entities::Customer;
use ledger::identifiers::{CardHash, RecordId, Timestamp};
use rules::{Reason, ResponseCode, Snapshot};

use crate::adapter::{FormatError, Incoming, address, request, response};
use crate::card_vault::CardVault;
use crate::key_exchange::KeyExchange;
use crate::networks::NetworkPlan;
use crate::refusal::Refusal;
use crate::session::{Action, Event, Session, SessionOptions};

mod management;
mod rejects;
mod sent;
mod told;
mod totals;

use self::sent::SentResponses;
pub use self::told::{Rejected, Rejection, Told};

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

/// A request that waits for the ledger. Lives as long as its answer takes, and with it the frame.
#[derive(Debug)]
pub struct WaitingRequest {
    incoming: Incoming,
    plan: Arc<NetworkPlan>,
    /// When it was received.
    pub received: Timestamp,
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

/// Something worth a line in the log. Carries positions and classes, never values.
#[derive(Debug)]
pub enum Anomaly {
    /// A frame could not be decoded.
    Undecodable(Box<Undecodable>),
    /// An element of a message is missing or means nothing.
    Format(FormatError, References),
    /// The books could not be asked for an older message.
    Lookup(StoreError, References),
    /// A response could not be written.
    Unanswerable(codec::EncodeError, References),
}

/// What names a message to people: STAN and RRN, where it has them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct References {
    /// DE11.
    pub stan: Option<String>,
    /// DE37.
    pub rrn: Option<String>,
}

impl References {
    /// Those of a message.
    #[must_use]
    pub fn of(message: &Message) -> Self {
        let text = |element| message.text(element).map(str::to_owned);
        Self {
            stan: text(Element::STAN),
            rrn: text(Element::RETRIEVAL_REFERENCE_NUMBER),
        }
    }
}

/// What was answered, for logs and metrics.
#[derive(Clone, Copy, Debug)]
pub struct Answered {
    /// The record that holds the decision.
    pub id: Option<RecordId>,
    /// DE39.
    pub response_code: ResponseCode,
    /// Why it was declined or refused.
    pub reason: Option<Reason>,
    /// Whether it repeats an earlier answer.
    pub repeat: bool,
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
}

impl Link {
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
        let received = answer(incoming, around, refusal, out, report);
        if let Received::Answered {
            response_code,
            reason,
        } = received
        {
            let answered = Answered {
                id: None,
                response_code,
                reason,
                repeat: false,
            };
            self.sent.add(&incoming.message, &answered);
        }
        received
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

/// What becomes of an approval that is durable after its deadline.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Late {
    /// It is sent all the same.
    Sent,
    /// The network does not want it any more: it stands without an answer until it is reversed.
    Suppressed,
}

impl WaitingRequest {
    fn of(incoming: Incoming, around: &Surroundings<'_>) -> Self {
        Self {
            incoming,
            plan: Arc::clone(around.plan),
            received: around.now,
        }
    }

    /// When it is too late to answer.
    #[must_use]
    pub fn deadline(&self) -> Timestamp {
        let deadline_us = i64::from(self.plan.network.deadline_ms).saturating_mul(1000);
        self.received.plus_us(deadline_us)
    }

    /// Whether a decision that became durable at this time is a late approval, and what becomes of it. Everything
    /// else is always sent: a late decline moves nothing, and a late answer to an advice ends its repeats.
    #[must_use]
    pub fn late(&self, decided: &Decided, durable: Timestamp) -> Option<Late> {
        let asked = matches!(
            (
                self.incoming.message.mti().class(),
                self.incoming.message.mti().function()
            ),
            (
                MtiClass::Authorization | MtiClass::Financial,
                MtiFunction::Request
            )
        );
        let in_time = durable <= self.deadline();
        if in_time || !asked || decided.reason.is_some() {
            return None;
        }
        Some(if self.plan.network.send_late_approvals {
            Late::Sent
        } else {
            Late::Suppressed
        })
    }

    /// Appends the response that says what the ledger decided.
    ///
    /// # Errors
    /// [`Anomaly::Unanswerable`] when it cannot be written; `out` is then unchanged.
    pub fn answer(
        &self,
        outcome: &Durable<Outcome>,
        out: &mut BytesMut,
    ) -> Result<Answered, Anomaly> {
        let response_code =
            response::decided(&self.plan, &self.incoming, outcome, out).map_err(|error| {
                Anomaly::Unanswerable(error, References::of(&self.incoming.message))
            })?;
        let decided = outcome.get().decided();
        Ok(Answered {
            id: decided.map(|decided| decided.id),
            response_code,
            reason: decided.and_then(|decided| decided.reason),
            repeat: decided.is_some_and(|decided| decided.repeat),
        })
    }

    /// Appends the response to a request that the ledger did not decide.
    ///
    /// # Errors
    /// [`Anomaly::Unanswerable`] when it cannot be written; `out` is then unchanged.
    pub fn refuse(&self, undecided: Undecided, out: &mut BytesMut) -> Result<Answered, Anomaly> {
        let refusal = Refusal::because(undecided.reason);
        let response_code =
            response::refused(&self.plan, &self.incoming, refusal, out).map_err(|error| {
                Anomaly::Unanswerable(error, References::of(&self.incoming.message))
            })?;
        let reason = Some(undecided.reason);
        Ok(Answered {
            id: None,
            response_code,
            reason,
            repeat: false,
        })
    }

    /// STAN and RRN, for the log.
    #[must_use]
    pub fn references(&self) -> References {
        References::of(&self.incoming.message)
    }

    /// The masked PAN, for the log; `None` when the card came in a track.
    #[must_use]
    pub fn masked_pan(&self) -> Option<codec::MaskedPan> {
        let pan = codec::Pan::parse(self.incoming.message.text(Element::PAN)?).ok()?;
        Some(pan.masked())
    }

    /// Why the network stood in, for the log; `None` unless the network decided itself.
    #[must_use]
    pub fn stand_in_reason(&self) -> Option<String> {
        let message = &self.incoming.message;
        let plan = &self.plan;
        let advice = message.mti().function() == MtiFunction::Advice;
        let reason = || plan.adapter.stand_in_reason(message, &plan.dialect);
        advice.then(reason).flatten()
    }

    /// The name of its network.
    #[must_use]
    pub fn network(&self) -> &str {
        &self.plan.network.name
    }

    /// The message type.
    #[must_use]
    pub fn mti(&self) -> codec::Mti {
        self.incoming.message.mti()
    }
}

/// The code in the header of a frame that the network gives back.
fn reject_code(header: &[u8]) -> Option<u16> {
    VisaHeader::parse(header).ok()?.reject_code
}

/// Why a message does not become a command.
#[derive(Debug, thiserror::Error)]
enum Problem {
    #[error(transparent)]
    Format(#[from] FormatError),
    #[error(transparent)]
    Lookup(#[from] StoreError),
}

/// The function digit of acknowledgements (x18x, x28x), which the standard keeps back.
const ACKNOWLEDGEMENT: MtiFunction = MtiFunction::Reserved(8);

/// The command that notes an acknowledgement; `None` for one of a class that has none.
fn acknowledgement(
    message: &Message,
    around: &Surroundings<'_>,
) -> Result<Option<Command>, Problem> {
    if !matches!(
        message.mti().class(),
        MtiClass::Authorization | MtiClass::Financial
    ) {
        return Ok(None);
    }
    let card = around.vault.hash(&request::pan(message)?);
    let facts = request::acknowledgement(message, around.plan.network.id, card)?;
    let mut command = Command::Acknowledge {
        facts,
        stored: Vec::new(),
    };
    if !is_recent(facts.original.transmission, around) {
        command.attach((around.books)(command.lookups())?);
    }
    Ok(Some(command))
}

/// The command that a message asks for, with what the books hold about it; `None` for a message type that
/// is not supported.
fn command(message: &Message, around: &Surroundings<'_>) -> Result<Option<Command>, Problem> {
    let Some(mut command) = asked(message, around)? else {
        return Ok(None);
    };
    let lookups = lookups(message, &command, around);
    if !lookups.is_empty() {
        command.attach((around.books)(lookups)?);
    }
    Ok(Some(command))
}

fn asked(message: &Message, around: &Surroundings<'_>) -> Result<Option<Command>, Problem> {
    let network = &around.plan.network;
    let stored = Vec::new();
    let card = || request::pan(message).map(|pan| around.vault.hash(&pan));
    Ok(match (message.mti().class(), message.mti().function()) {
        (
            MtiClass::Authorization | MtiClass::Financial,
            MtiFunction::Request | MtiFunction::Advice,
        ) => {
            let card = card()?;
            let mut facts = request::authorization(message, around.plan, card, around.rules)?;
            let plan = around.plan;
            if let Some(given) = plan.adapter.address(message, &plan.dialect)? {
                let holder = (around.holder)(&card)?;
                let known = holder.and_then(|holder| holder.address);
                facts.address_result = Some(address::compare(&given, known.as_ref()));
            }
            let facts = Box::new(facts);
            Some(Command::Authorize { facts, stored })
        }
        (MtiClass::Reversal, MtiFunction::Request | MtiFunction::Advice) => {
            let facts = Box::new(request::reversal(message, around.plan, card()?)?);
            Some(Command::Reverse { facts, stored })
        }
        (MtiClass::FileAction, MtiFunction::Request) if network.file_actions => {
            let facts = request::file_action(message, network.id, card()?)?;
            Some(Command::FileAction { facts, stored })
        }
        _ => None,
    })
}

/// Why a message type is not served.
fn not_served(message: &Message) -> Reason {
    match message.mti().class() {
        MtiClass::FileAction => Reason::FileActionNotSupported,
        _ => Reason::NotPermitted,
    }
}

/// What must be looked up in the books: the message that this one belongs to, and the one of its own key
/// when it may be older than what the ledger remembers, a repeat or one whose DE7 lies outside the window.
fn lookups(message: &Message, command: &Command, around: &Surroundings<'_>) -> Vec<Lookup> {
    let own = match command {
        Command::Authorize { facts, .. } => facts.key,
        Command::Reverse { facts, .. } => facts.key,
        Command::FileAction { facts, .. } => facts.key,
        Command::Acknowledge { .. }
        | Command::DropExpired { .. }
        | Command::Purge(_)
        | Command::Operate { .. }
        | Command::Clear { .. }
        | Command::CreateCustomer(_)
        | Command::OpenAccount(_)
        | Command::IssueCard(_) => return command.lookups(),
    };
    let recent = is_recent(own.transmission, around);
    let mut lookups = command.lookups();
    if recent && !message.mti().is_repeat() {
        let own = Lookup::Key(MessageKey::Network(own));
        lookups.retain(|lookup| *lookup != own);
    }
    lookups
}

/// Whether a message with this DE7 is still in memory for certain.
fn is_recent(transmission: u64, around: &Surroundings<'_>) -> bool {
    let window_us = i64::from(around.plan.network.match_window_minutes).saturating_mul(60_000_000);
    is_within(transmission, around.now, window_us / 2)
}

/// Whether DE7 (MMDDhhmmss, UTC) names an instant within `distance_us` of now; its year is not told.
fn is_within(transmission: u64, now: Timestamp, distance_us: i64) -> bool {
    let earliest = now
        .plus_us(distance_us.saturating_neg())
        .transmission_date_time();
    let latest = now.plus_us(distance_us).transmission_date_time();
    // Over New Year the numbers wrap; then it counts as outside, which only costs a look.
    earliest
        .zip(latest)
        .is_some_and(|(earliest, latest)| earliest <= transmission && transmission <= latest)
}

fn answer(
    incoming: &Incoming,
    around: &Surroundings<'_>,
    refusal: Refusal,
    out: &mut BytesMut,
    report: &mut dyn FnMut(Anomaly),
) -> Received {
    match response::refused(around.plan, incoming, refusal, out) {
        Ok(response_code) => Received::Answered {
            response_code,
            reason: refusal.reason(),
        },
        Err(error) => {
            report(Anomaly::Unanswerable(
                error,
                References::of(&incoming.message),
            ));
            Received::Ignored("unanswerable")
        }
    }
}
