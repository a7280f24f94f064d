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
use switch::card_vault::CardVault;
use switch::link::{Anomaly, Link, Received, Surroundings, WaitingRequest};
use switch::networks::NetworkPlan;

use super::super::marks::Mark;
use super::super::plan::Bounds;
use super::super::run::Run;
use super::super::wire::Wire;

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
}

/// What a link hears of one of its requests.
pub struct Reply {
    pub request: WaitingRequest,
    pub result: Result<Durable<Outcome>, Undecided>,
}

/// A request on its way to the ledger.
pub struct Asked {
    pub command: Command,
    pub deadline: Timestamp,
    pub request: WaitingRequest,
}

/// What a link looks up.
pub struct Around<'a> {
    pub plan: &'a Arc<NetworkPlan>,
    pub rules: &'a Snapshot,
    pub vault: &'a CardVault,
    pub books: &'a dyn Fn(Vec<Lookup>) -> Result<Vec<StoredMessage>, StoreError>,
    pub bounds: &'a Bounds,
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
    pub fn new(plan: &NetworkPlan) -> Self {
        Self {
            link: Link::new(),
            reader: FrameReader::new(plan.dialect.framing()),
            out: BytesMut::new(),
            blocked_since: None,
            in_flight: 0,
            replies: VecDeque::new(),
            ending: false,
        }
    }

    /// Nothing more is read.
    pub fn end(&mut self) {
        self.ending = true;
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
        if !self.write(wire) {
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
        if let Some(reply) = self.replies.pop_front() {
            self.answer(reply, run);
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
        Served::Open
    }

    /// Whether everything written has gone out.
    fn write(&mut self, wire: &mut Wire) -> bool {
        let accepted = wire.write(&self.out);
        drop(self.out.split_to(accepted));
        self.out.is_empty()
    }

    fn answer(&mut self, reply: Reply, run: &mut Run) {
        self.in_flight -= 1;
        match reply.result {
            Ok(outcome) => {
                reply.request.answer(&outcome, &mut self.out).unwrap();
            }
            Err(undecided) => {
                if undecided.reason == Reason::DeadlinePassed {
                    run.reach(Mark::DeadlinePassed);
                }
                reply.request.refuse(undecided, &mut self.out).unwrap();
            }
        }
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
        let bytes = wire.read(most.min(spare.len()));
        spare[..bytes.len()].copy_from_slice(&bytes);
        self.reader.filled(bytes.len());
        loop {
            match self.reader.next_whole_frame() {
                Ok(Some(frame)) => {
                    let mut report = |_: Anomaly| ();
                    let around_link = Surroundings {
                        plan: around.plan,
                        rules: around.rules,
                        vault: around.vault,
                        books: around.books,
                        // No message of the simulation brings an address.
                        holder: &|_| Ok(None),
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
                    request.refuse(Undecided { reason }, &mut self.out).unwrap();
                    return;
                }
                self.in_flight += 1;
                asked.push(Asked {
                    command,
                    deadline,
                    request,
                });
            }
            Received::Answered { reason, .. } => run.reach(match reason {
                None => Mark::EchoAnswered,
                Some(_) => Mark::FormatErrorAnswered,
            }),
            // The network of the simulation acknowledges nothing.
            Received::Note(_) | Received::Ignored(_) => run.reach(Mark::FrameIgnored),
        }
    }
}
