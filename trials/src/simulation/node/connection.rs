//! The shell of one link inside the simulated switch.
//!
//! Owns: the order in which a link reads, answers, writes and ends, as `switch::server` has it: nothing is
//! read while something is to be written; what was read is answered before the end. Must never: decide.

use std::collections::VecDeque;
use std::sync::Arc;

use bytes::BytesMut;
use codec::FrameReader;
use ledger::Durable;
use ledger::authorization::Lookup;
use ledger::books::StoreError;
use ledger::books::rows::StoredMessage;
use ledger::command::{Command, Outcome, Undecided};
use ledger::identifiers::Timestamp;
use rules::{Reason, Snapshot};
use switch::adapter::management;
use switch::card_vault::CardVault;
use switch::key_exchange::NoKeys;
use switch::link::{Anomaly, Link, Received, Surroundings, Told, WaitingRequest};
use switch::networks::NetworkPlan;
use switch::session::{Action, Event, Note, Purpose, Session, SessionOptions};
use switch::totals::Totals;

use super::super::marks::Mark;
use super::super::plan::{Bounds, SessionPlan};
use super::super::run::Run;
use super::super::wire::{Instant, Wire};

/// One link as the switch holds it.
pub struct Connection {
    link: Link,
    reader: FrameReader,
    out: BytesMut,
    blocked_since: Option<Timestamp>,
    in_flight: usize,
    replies: VecDeque<Reply>,
    /// Nothing more is read: what is due is answered, then the link is closed.
    ending: bool,
    own: OwnRequests,
    /// Messages refused because nobody had signed on, since this was asked before.
    refused: usize,
}

/// What became of the switch's own requests on a link.
#[derive(Clone, Copy, Debug, Default)]
pub struct OwnRequests {
    pub sent: u64,
    pub answered: u64,
    pub refused: u64,
    pub unanswered: u64,
    /// Whether answers are still waited for.
    pub waiting: bool,
}

/// What a link hears of one of its requests.
pub struct Reply {
    pub request: WaitingRequest,
    pub result: Result<Decided, Undecided>,
}

/// What a request has come to.
pub enum Decided {
    /// By the ledger.
    Outcome(Durable<Outcome>),
    /// Everything that was answered is counted.
    Counted,
}

/// What a link wants of the ledger.
pub enum Asked {
    /// To be decided, and answered.
    Request {
        command: Command,
        deadline: Timestamp,
        request: WaitingRequest,
    },
    /// To be noted.
    Note(Command),
    /// To be compared with the totals.
    Reconcile(WaitingRequest),
}

/// What a link looks up.
pub struct Around<'a> {
    pub plan: &'a Arc<NetworkPlan>,
    pub rules: &'a Snapshot,
    pub vault: &'a CardVault,
    pub books: &'a dyn Fn(Vec<Lookup>) -> Result<Vec<StoredMessage>, StoreError>,
    pub bounds: &'a Bounds,
    pub totals: &'a Totals,
}

/// How a link stands after it was served.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Served {
    Open,
    /// Closed, with everything that was read answered.
    ClosedInOrder,
    /// Closed, with answers lost.
    ClosedEarly,
}

impl Connection {
    pub fn open(plan: &NetworkPlan, sessions: &SessionPlan, id: u64, run: &Run) -> Self {
        let session = Session::new(SessionOptions {
            sign_on: sessions.sign_on,
            echo_idle_ms: sessions.echo_idle_ms,
            unanswered_limit: sessions.unanswered_limit,
            first_stan: 1 + (id * 10_007 % 999_999) as u32,
            ..SessionOptions::passive()
        });
        let mut link = Link::with(session);
        link.happened(Event::Opened, run.clock());
        Self {
            link,
            reader: FrameReader::new(plan.dialect.framing()),
            out: BytesMut::new(),
            blocked_since: None,
            in_flight: 0,
            replies: VecDeque::new(),
            ending: false,
            own: OwnRequests::default(),
            refused: 0,
        }
    }

    /// Nothing more is read.
    pub fn end(&mut self, now: Timestamp) {
        self.ending = true;
        self.link.happened(Event::Ending, now);
    }

    /// Somebody wants an echo to be sent.
    pub fn ask_echo(&mut self, now: Timestamp) {
        self.link.happened(Event::Asked(Purpose::Echo), now);
    }

    /// What became of the switch's own requests.
    pub fn own_requests(&self) -> OwnRequests {
        OwnRequests {
            waiting: self.link.session().is_waiting(),
            ..self.own
        }
    }

    /// What the network has said beside its traffic.
    pub fn told(&mut self) -> Vec<Told> {
        self.link.told()
    }

    /// Whether a message was refused because nobody had signed on, since this was asked before.
    pub fn has_refused(&mut self) -> bool {
        std::mem::take(&mut self.refused) > 0
    }

    /// Whether nothing is in flight or unsent.
    pub fn is_idle(&self) -> bool {
        self.in_flight == 0 && self.out.is_empty() && self.replies.is_empty()
    }

    /// An outcome arrives.
    pub fn hear(&mut self, reply: Reply) {
        self.replies.push_back(reply);
    }

    /// One turn of the link. Requests for the ledger are appended to `asked`.
    pub fn serve(
        &mut self,
        around: &Around<'_>,
        wire: &mut Wire,
        run: &mut Run,
        asked: &mut Vec<Asked>,
    ) -> Served {
        if !self.write(wire, run) {
            // Timeouts are the runtime's: the clock that people set has no part in them.
            let now = run.time;
            let since = *self.blocked_since.get_or_insert(now);
            if now.0 - since.0 < around.bounds.write_timeout_us {
                return Served::Open;
            }
            run.reach(Mark::SlowReaderClosed);
            return Served::ClosedEarly;
        }
        self.blocked_since = None;
        let now = run.clock();
        if self.link.session().wakes_at().is_some_and(|at| at <= now) {
            self.link.happened(Event::Passed, now);
        }
        if !self.act(around.plan, run) {
            return Served::ClosedEarly;
        }
        if !self.out.is_empty() {
            return Served::Open;
        }
        if let Some(reply) = self.replies.pop_front() {
            self.answer(reply, around.totals, run);
            return Served::Open;
        }
        if self.ending && self.in_flight == 0 {
            return Served::ClosedInOrder;
        }
        if wire.is_at_end() && !self.ending {
            run.reach(if self.reader.has_partial_frame() {
                Mark::HalfFrame
            } else {
                Mark::ClosedByPeer
            });
            self.ending = true;
        }
        if !self.ending {
            self.read(around, wire, run, asked);
        }
        match self.act(around.plan, run) {
            true => Served::Open,
            false => Served::ClosedEarly,
        }
    }

    /// Does what the session wants; `false` when it wants the link to be closed.
    fn act(&mut self, plan: &NetworkPlan, run: &mut Run) -> bool {
        for action in self.link.actions() {
            match action {
                Action::Send(request) => {
                    self.own.sent += 1;
                    management::write(plan, &request, &mut self.out).unwrap();
                }
                Action::Close(_) => {
                    run.reach(Mark::SilentPeerClosed);
                    return false;
                }
                Action::Became(_) => {}
                Action::Noted(note) => self.note(&note, run),
            }
        }
        true
    }

    fn note(&mut self, note: &Note, run: &mut Run) {
        match note {
            Note::Answered(purpose) => {
                self.own.answered += 1;
                match purpose {
                    Purpose::SignOn => run.reach(Mark::SwitchSignedOn),
                    Purpose::Echo => run.reach(Mark::OwnEchoAnswered),
                    Purpose::SignOff => {}
                }
            }
            Note::Refused { .. } => {
                self.own.refused += 1;
                run.reach(Mark::SwitchRefused);
            }
            Note::Rejected { .. } => {
                self.own.refused += 1;
                run.reach(Mark::OwnRequestRejected);
            }
            Note::Unanswered(_) => {
                self.own.unanswered += 1;
                run.reach(Mark::OwnUnanswered);
            }
            Note::Late { .. } => run.reach(Mark::OwnAnsweredLate),
            // A doubled answer belongs to nothing the second time.
            Note::Unmatched(_) | Note::TooMany(_) => {}
        }
    }

    /// Whether everything written has gone out.
    fn write(&mut self, wire: &mut Wire, run: &mut Run) -> bool {
        let accepted = wire.write(&self.out, Instant::now(run));
        drop(self.out.split_to(accepted));
        self.out.is_empty()
    }

    fn answer(&mut self, reply: Reply, totals: &Totals, run: &mut Run) {
        self.in_flight -= 1;
        let Reply { request, result } = reply;
        let out = &mut self.out;
        let answered = match result {
            Ok(Decided::Outcome(outcome)) => request.answer(&outcome, out).unwrap(),
            Ok(Decided::Counted) => {
                run.reach(Mark::TotalsAnswered);
                let mut report = |_: Anomaly| ();
                request.reconcile(totals, out, &mut report).unwrap().0
            }
            Err(undecided) => {
                if undecided.reason == Reason::DeadlinePassed {
                    run.reach(Mark::DeadlinePassed);
                }
                request.refuse(undecided, out).unwrap()
            }
        };
        self.link.sent(&request, &answered);
    }

    fn read(
        &mut self,
        around: &Around<'_>,
        wire: &mut Wire,
        run: &mut Run,
        asked: &mut Vec<Asked>,
    ) {
        let spare = self.reader.spare();
        let most = if run.random.percent(50) {
            spare.len()
        } else {
            1 + run.random.below(300)
        };
        let bytes = wire.read(most.min(spare.len()), Instant::now(run));
        spare[..bytes.len()].copy_from_slice(&bytes);
        self.reader.filled(bytes.len());
        if !bytes.is_empty() {
            self.link.happened(Event::Heard, run.clock());
        }
        loop {
            match self.reader.next_whole_frame() {
                Ok(Some(frame)) => {
                    let mut report = |_: Anomaly| ();
                    let around_link = Surroundings {
                        has_room: true,
                        plan: around.plan,
                        rules: around.rules,
                        vault: around.vault,
                        books: around.books,
                        // No message of the simulation brings an address.
                        holder: &|_| Ok(None),
                        keys: &NoKeys,
                        now: run.clock(),
                    };
                    let received =
                        self.link
                            .receive(frame, &around_link, &mut self.out, &mut report);
                    self.follow(received, around.bounds, run, asked);
                }
                Ok(None) => return,
                Err(_lost) => {
                    run.reach(Mark::FramingLost);
                    self.ending = true;
                    return;
                }
            }
        }
    }

    fn follow(
        &mut self,
        received: Received,
        bounds: &Bounds,
        run: &mut Run,
        asked: &mut Vec<Asked>,
    ) {
        match received {
            Received::Submit {
                command,
                deadline,
                request,
            } => {
                if self.in_flight >= bounds.in_flight_per_link {
                    run.reach(Mark::InFlightFull);
                    let reason = Reason::Overloaded;
                    let undecided = Undecided { reason };
                    let answered = request.refuse(undecided, &mut self.out).unwrap();
                    self.link.sent(&request, &answered);
                    return;
                }
                self.in_flight += 1;
                asked.push(Asked::Request {
                    command,
                    deadline,
                    request,
                });
            }
            Received::Answered { reason, .. } => {
                self.refused += usize::from(reason == Some(Reason::SignOnRequired));
                run.reach(match reason {
                    None => Mark::EchoAnswered,
                    Some(Reason::SignOnRequired) => Mark::RefusedBeforeSignOn,
                    Some(Reason::KeyExchangeRefused) => Mark::KeysRefused,
                    Some(_) => Mark::FormatErrorAnswered,
                });
            }
            Received::Note(command) => asked.push(Asked::Note(command)),
            Received::Reconcile(request) => {
                self.in_flight += 1;
                asked.push(Asked::Reconcile(request));
            }
            Received::Ignored(_) => run.reach(Mark::FrameIgnored),
        }
    }
}
