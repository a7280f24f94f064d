//! One connection's part of a run: what it sends and what it makes of the answers.
//!
//! Owns: the messages that wait for an answer, by key and with a bound. A machine without IO or clock: the shell gives it
//! times and frames and sends what it writes. Must never: delay a message because of an answer.

mod requests;

use std::collections::{BTreeMap, VecDeque};
use std::iter::Peekable;
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use codec::{Dialect, Element, InvalidMti, Message, MtiClass};
use jiff::Timestamp;

use self::requests::Requests;
use crate::message::{Key, Request, Terminal, terminal_id};
use crate::mix::Kind;
use crate::plan::{Arrival, Arrivals, Plan};
use crate::recorder::{Answer, Recorder};

/// DE39 of a switch that decided nothing: nothing is stored that a repeat would have to get again.
const NOT_DECIDED: [[u8; 2]; 2] = [*b"91", *b"96"];

/// A message that waits for its answer.
#[derive(Debug)]
struct Waiting {
    request: Request,
    intended_ns: u64,
    /// The DE39 it is meant to get; unknown for no kind.
    meant: Option<[u8; 2]>,
}

/// Which connection of which run a session is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Identity {
    /// Tells runs apart that are close to each other.
    pub(crate) run: u64,
    /// From 0.
    pub(crate) connection: u64,
    /// When the run starts.
    pub(crate) start: Timestamp,
}

/// The state of one connection.
#[derive(Debug)]
pub(crate) struct Session {
    plan: Arc<Plan>,
    dialect: Arc<Dialect>,
    requests: Requests,
    terminal_id: String,
    arrivals: Peekable<Arrivals>,
    waiting: BTreeMap<Key, Waiting>,
    /// In order of time, for messages that may have been answered since.
    deadlines: VecDeque<(u64, Key)>,
    /// Timed out; kept so that a late answer is known as such.
    given_up: BTreeMap<Key, Waiting>,
    bound: usize,
}

impl Session {
    /// A session that has sent nothing yet.
    pub(crate) fn new(
        plan: Arc<Plan>,
        dialect: Arc<Dialect>,
        identity: Identity,
    ) -> Result<Self, InvalidMti> {
        Ok(Self {
            requests: Requests::new(identity.start)?,
            terminal_id: terminal_id(identity.run, identity.connection),
            arrivals: plan.arrivals(identity.connection).peekable(),
            waiting: BTreeMap::new(),
            deadlines: VecDeque::new(),
            given_up: BTreeMap::new(),
            bound: plan.outstanding_per_connection(),
            plan,
            dialect,
        })
    }

    /// Writes every message that is due. Times are nanoseconds from the start of the run.
    pub(crate) fn send_due(&mut self, now_ns: u64, out: &mut BytesMut, recorder: &mut Recorder) {
        while let Some(arrival) = self.arrivals.next_if(|arrival| arrival.at_ns <= now_ns) {
            if !self.send(arrival, now_ns, out, recorder) {
                recorder.unsent(arrival.at_ns);
            }
        }
    }

    /// Passes over every message that is due, because there is no connection.
    pub(crate) fn skip_due(&mut self, now_ns: u64, recorder: &mut Recorder) {
        while let Some(arrival) = self.arrivals.next_if(|arrival| arrival.at_ns <= now_ns) {
            recorder.unsent(arrival.at_ns);
        }
    }

    fn send(
        &mut self,
        arrival: Arrival,
        now_ns: u64,
        out: &mut BytesMut,
        recorder: &mut Recorder,
    ) -> bool {
        if self.waiting.len() >= self.bound {
            return false;
        }
        let draw = self.plan.mix.draw(self.plan.seed, arrival.number);
        let is_under_way =
            |key: &Key| self.waiting.contains_key(key) || self.given_up.contains_key(key);
        let (request, meant) =
            self.requests
                .next(&self.plan.mix, &draw, arrival.at_ns, is_under_way);
        let Some(key) = Key::of_request(&request) else {
            return false;
        };
        let terminal = Terminal {
            mix: &self.plan.mix,
            id: &self.terminal_id,
        };
        if terminal.write(&self.dialect, &request, out).is_err() {
            return false;
        }
        recorder.sent(request.kind, arrival.at_ns, now_ns);
        self.deadlines
            .push_back((arrival.at_ns.saturating_add(self.plan.timeout_ns()), key));
        self.waiting.insert(
            key,
            Waiting {
                request,
                intended_ns: arrival.at_ns,
                meant,
            },
        );
        true
    }

    /// Takes in one frame, and gives it back decoded when it is network management, which is none of this test's
    /// business. What fits nothing that waits is counted as mismatched. What is over time by now is given up first.
    pub(crate) fn receive(
        &mut self,
        frame: Bytes,
        now_ns: u64,
        recorder: &mut Recorder,
    ) -> Option<Message> {
        self.expire(now_ns, recorder);
        if frame.is_empty() {
            return None;
        }
        let Ok(answer) = self.dialect.decode(frame) else {
            recorder.mismatched += 1;
            return None;
        };
        if answer.mti().class() == MtiClass::NetworkManagement {
            return Some(answer);
        }
        self.compare(&answer, now_ns, recorder);
        None
    }

    /// Finds the request that an answer belongs to.
    fn compare(&mut self, answer: &Message, now_ns: u64, recorder: &mut Recorder) {
        let terminal = Terminal {
            mix: &self.plan.mix,
            id: &self.terminal_id,
        };
        let take = |table: &mut BTreeMap<Key, Waiting>| {
            let key = Key::of_answer(answer)?;
            let waiting = table.get(&key)?;
            terminal
                .is_addressee(&waiting.request, answer)
                .then(|| table.remove(&key))
                .flatten()
        };
        if let Some(waiting) = take(&mut self.waiting) {
            recorder.mismatched += u64::from(self.mismatches(&waiting, answer));
            self.answered(waiting, answer, now_ns, recorder);
        } else if let Some(waiting) = take(&mut self.given_up) {
            recorder.mismatched += u64::from(self.mismatches(&waiting, answer));
            recorder.late += 1;
            let Request {
                kind,
                card,
                amount_minor,
                ..
            } = waiting.request;
            let amount_minor = amount_minor.unwrap_or(0);
            recorder.effects.became_known(kind, card, amount_minor);
            if response_code(answer) == Some(*b"00") {
                recorder.effects.approved(kind, card, amount_minor);
            }
        } else {
            recorder.mismatched += 1;
        }
    }

    /// Whether an answer contradicts its request: by an echo, by having no DE39, or, to a repeat, by
    /// another DE39 than the first time.
    fn mismatches(&self, waiting: &Waiting, answer: &Message) -> bool {
        let terminal = Terminal {
            mix: &self.plan.mix,
            id: &self.terminal_id,
        };
        let Some(code) = response_code(answer) else {
            return true;
        };
        let decided = !NOT_DECIDED.contains(&code);
        let otherwise =
            waiting.request.kind == Kind::Repeat && decided && Some(code) != waiting.meant;
        otherwise || terminal.differing_echo(&waiting.request, answer).is_some()
    }

    fn answered(
        &mut self,
        waiting: Waiting,
        answer: &Message,
        now_ns: u64,
        recorder: &mut Recorder,
    ) {
        let Waiting {
            request,
            intended_ns,
            meant,
        } = waiting;
        let response_code = response_code(answer);
        let answer = Answer {
            kind: request.kind,
            intended_ns,
            now_ns,
            response_code,
            unexpected: response_code != meant,
        };
        recorder.answered(&answer);
        if answer.approved() {
            let amount_minor = request.amount_minor.unwrap_or(0);
            recorder
                .effects
                .approved(request.kind, request.card, amount_minor);
        }
        let Some(response_code) = response_code else {
            return;
        };
        if !request.kind.takes_amount() || NOT_DECIDED.contains(&response_code) {
            return;
        }
        self.requests
            .decided(request, response_code, answer.approved());
    }

    /// Gives up every message whose time is over.
    pub(crate) fn expire(&mut self, now_ns: u64, recorder: &mut Recorder) {
        while let Some((deadline_ns, key)) = self.deadlines.front().copied() {
            let waits = self.waits_until(deadline_ns, key);
            if waits && deadline_ns > now_ns {
                return;
            }
            self.deadlines.pop_front();
            if waits && let Some(waiting) = self.waiting.remove(&key) {
                let Request {
                    kind,
                    card,
                    amount_minor,
                    ..
                } = waiting.request;
                recorder.timed_out(kind);
                recorder
                    .effects
                    .became_unknown(kind, card, amount_minor.unwrap_or(0));
                if self.given_up.len() >= self.bound {
                    self.given_up.pop_first();
                }
                self.given_up.insert(key, waiting);
            }
        }
    }

    /// Whether a message still waits under a key with this deadline: a repeat has the key of its original.
    fn waits_until(&self, deadline_ns: u64, key: Key) -> bool {
        let timeout_ns = self.plan.timeout_ns();
        self.waiting
            .get(&key)
            .is_some_and(|waiting| waiting.intended_ns.saturating_add(timeout_ns) == deadline_ns)
    }

    /// When the next message is due or given up, in nanoseconds from the start; `None` when all is over.
    /// To be asked after [`expire`](Self::expire), which drops deadlines of answered messages.
    pub(crate) fn next_event_ns(&mut self) -> Option<u64> {
        let arrival = self.arrivals.peek().map(|arrival| arrival.at_ns);
        let deadline = self.deadlines.front().map(|(deadline_ns, _)| *deadline_ns);
        match (arrival, deadline) {
            (Some(arrival), Some(deadline)) => Some(arrival.min(deadline)),
            (arrival, deadline) => arrival.or(deadline),
        }
    }
}

fn response_code(answer: &Message) -> Option<[u8; 2]> {
    answer.text(Element::RESPONSE_CODE).and_then(two)
}

fn two(text: &str) -> Option<[u8; 2]> {
    text.as_bytes().try_into().ok()
}

#[cfg(test)]
mod tests;
