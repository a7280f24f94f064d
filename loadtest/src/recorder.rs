//! What is counted and measured during a run.
//!
//! Owns: counters and histograms. Latency runs from the intended time of a message to its answer, so that
//! a stall of the peer or of this process counts for every message due in it. Must never: read a clock.

use std::collections::BTreeMap;
use std::ops::Range;

use hdrhistogram::CreationError;

use crate::books::Effects;
use crate::latencies::{FewPercentiles, Latencies};
use crate::mix::Kind;
use crate::plan::{Plan, SECOND_NS};

/// Counters of one kind of message.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Counts {
    pub(crate) sent: u64,
    pub(crate) answered: u64,
    pub(crate) approved: u64,
    pub(crate) declined: u64,
    pub(crate) timed_out: u64,
    pub(crate) unexpected: u64,
}

/// One kind of message.
#[derive(Clone, Debug)]
pub(crate) struct KindTally {
    pub(crate) counts: Counts,
    pub(crate) latencies: Latencies,
}

/// The messages whose intended time lies in one second.
#[derive(Clone, Debug)]
pub(crate) struct Second {
    pub(crate) sent: u64,
    pub(crate) answered: u64,
    latencies: SecondLatencies,
}

/// A histogram takes 20 KiB; a second that nothing can be added to keeps its percentiles only.
#[derive(Clone, Debug)]
enum SecondLatencies {
    Open(Box<Latencies>),
    Closed(FewPercentiles),
}

impl Second {
    /// Latencies of the messages answered in time, to two significant digits.
    pub(crate) fn percentiles(&self) -> FewPercentiles {
        match &self.latencies {
            SecondLatencies::Open(latencies) => latencies.as_ref().into(),
            SecondLatencies::Closed(percentiles) => *percentiles,
        }
    }

    fn record_ns(&mut self, latency_ns: u64) {
        self.answered += 1;
        if let SecondLatencies::Open(latencies) = &mut self.latencies {
            latencies.record_ns(latency_ns);
        }
    }

    fn close(&mut self) {
        self.latencies = SecondLatencies::Closed(self.percentiles());
    }
}

/// An answer, as far as it is counted.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Answer {
    pub(crate) kind: Kind,
    pub(crate) intended_ns: u64,
    /// When it was read.
    pub(crate) now_ns: u64,
    /// DE39; `None` when the answer has none of two characters.
    pub(crate) response_code: Option<[u8; 2]>,
    /// Whether it is another than the kind is meant to get.
    pub(crate) unexpected: bool,
}

impl Answer {
    /// DE39 is 00.
    pub(crate) fn approved(&self) -> bool {
        self.response_code == Some(*b"00")
    }
}

/// Answers in time with one DE39.
#[derive(Debug)]
pub(crate) struct CodeTally {
    /// All of them.
    pub(crate) answered: u64,
    /// Those of the measured time, to two significant digits; `None` beyond [`CODES_MEASURED`] codes.
    pub(crate) latencies: Option<Box<Latencies>>,
}

/// Codes whose latencies are kept: more than a network has, fewer than a broken peer could make up.
const CODES_MEASURED: usize = 64;

/// Everything that is counted and measured.
#[derive(Debug)]
pub(crate) struct Recorder {
    /// Intended times that count for the percentiles.
    measured: Range<u64>,
    kinds: [KindTally; Kind::ALL.len()],
    /// All kinds, within the measured time.
    pub(crate) latencies: Latencies,
    /// How long after its intended time a message was handed to its connection.
    pub(crate) send_lag: Latencies,
    seconds: Vec<Second>,
    /// The first second that an answer in time can still be for.
    first_open: usize,
    second_template: Box<Latencies>,
    timeout_ns: u64,
    pub(crate) response_codes: BTreeMap<Option<[u8; 2]>, CodeTally>,
    /// Answers that fit nothing that was sent, or that return something else than was sent.
    pub(crate) mismatched: u64,
    /// Answers after the timeout.
    pub(crate) late: u64,
    /// Messages that could not be sent, for want of a connection or of room.
    pub(crate) unsent: u64,
    pub(crate) connections_lost: u64,
    /// Messages due in the measured time, sent or not.
    pub(crate) measured_due: u64,
    pub(crate) measured_answered: u64,
    /// When the last measured message was answered.
    pub(crate) last_answer_ns: u64,
    pub(crate) effects: Effects,
}

impl Recorder {
    /// An empty one for a plan.
    pub(crate) fn new(plan: &Plan) -> Result<Self, CreationError> {
        let kind = KindTally {
            counts: Counts::default(),
            latencies: Latencies::new(3)?,
        };
        Ok(Self {
            measured: plan.measured_from_ns()..plan.end_ns(),
            kinds: Kind::ALL.map(|_| kind.clone()),
            latencies: Latencies::new(3)?,
            send_lag: Latencies::new(3)?,
            seconds: Vec::new(),
            first_open: 0,
            second_template: Box::new(Latencies::new(2)?),
            timeout_ns: plan.timeout_ns(),
            response_codes: BTreeMap::new(),
            mismatched: 0,
            late: 0,
            unsent: 0,
            connections_lost: 0,
            measured_due: 0,
            measured_answered: 0,
            last_answer_ns: 0,
            effects: Effects::default(),
        })
    }

    /// A message was handed to its connection.
    pub(crate) fn sent(&mut self, kind: Kind, intended_ns: u64, now_ns: u64) {
        if let Some(tally) = self.kinds.get_mut(kind.index()) {
            tally.counts.sent += 1;
        }
        self.close_before(now_ns.saturating_sub(self.timeout_ns));
        if let Some(second) = self.second(intended_ns) {
            second.sent += 1;
        }
        if self.measured.contains(&intended_ns) {
            self.measured_due += 1;
            self.send_lag.record_ns(now_ns.saturating_sub(intended_ns));
        }
    }

    /// A message could not be sent.
    pub(crate) fn unsent(&mut self, intended_ns: u64) {
        self.unsent += 1;
        self.measured_due += u64::from(self.measured.contains(&intended_ns));
    }

    /// A message was answered in time.
    pub(crate) fn answered(&mut self, answer: &Answer) {
        let latency_ns = answer.now_ns.saturating_sub(answer.intended_ns);
        let measured = self.measured.contains(&answer.intended_ns);
        if let Some(tally) = self.kinds.get_mut(answer.kind.index()) {
            tally.counts.answered += 1;
            tally.counts.approved += u64::from(answer.approved());
            tally.counts.declined += u64::from(!answer.approved());
            tally.counts.unexpected += u64::from(answer.unexpected);
            if measured {
                tally.latencies.record_ns(latency_ns);
            }
        }
        self.code(answer.response_code, measured.then_some(latency_ns));
        if let Some(second) = self.second(answer.intended_ns) {
            second.record_ns(latency_ns);
        }
        if measured {
            self.measured_answered += 1;
            self.last_answer_ns = self.last_answer_ns.max(answer.now_ns);
            self.latencies.record_ns(latency_ns);
        }
    }

    /// Counts an answer by its DE39.
    fn code(&mut self, code: Option<[u8; 2]>, measured_ns: Option<u64>) {
        let is_measured = self.response_codes.len() < CODES_MEASURED;
        let template = &self.second_template;
        let tally = self.response_codes.entry(code);
        let tally = tally.or_insert_with(|| CodeTally {
            answered: 0,
            latencies: is_measured.then(|| template.clone()),
        });
        tally.answered += 1;
        if let (Some(latencies), Some(latency_ns)) = (&mut tally.latencies, measured_ns) {
            latencies.record_ns(latency_ns);
        }
    }

    /// A message was not answered in time.
    pub(crate) fn timed_out(&mut self, kind: Kind) {
        if let Some(tally) = self.kinds.get_mut(kind.index()) {
            tally.counts.timed_out += 1;
        }
    }

    /// Every kind with what was counted of it.
    pub(crate) fn kinds(&self) -> impl Iterator<Item = (Kind, &KindTally)> {
        Kind::ALL.into_iter().zip(&self.kinds)
    }

    /// All kinds together.
    pub(crate) fn total(&self) -> Counts {
        self.kinds
            .iter()
            .map(|tally| tally.counts)
            .fold(Counts::default(), |sum, one| Counts {
                sent: sum.sent + one.sent,
                answered: sum.answered + one.answered,
                approved: sum.approved + one.approved,
                declined: sum.declined + one.declined,
                timed_out: sum.timed_out + one.timed_out,
                unexpected: sum.unexpected + one.unexpected,
            })
    }

    /// Every second of the run up to the last one in which something was due.
    pub(crate) fn seconds(&self) -> impl Iterator<Item = &Second> {
        self.seconds.iter()
    }

    /// The second of an intended time. The plan has an end, and so have these.
    fn second(&mut self, intended_ns: u64) -> Option<&mut Second> {
        if intended_ns >= self.measured.end {
            return None;
        }
        let index = usize::try_from(intended_ns / SECOND_NS).ok()?;
        while self.seconds.len() <= index {
            let latencies = SecondLatencies::Open(self.second_template.clone());
            self.seconds.push(Second {
                sent: 0,
                answered: 0,
                latencies,
            });
        }
        self.seconds.get_mut(index)
    }

    /// Closes the seconds that end before a time.
    fn close_before(&mut self, time_ns: u64) {
        let first_open = usize::try_from(time_ns / SECOND_NS).unwrap_or(usize::MAX);
        let first_open = first_open.min(self.seconds.len());
        if let Some(closing) = self.seconds.get_mut(self.first_open..first_open) {
            closing.iter_mut().for_each(Second::close);
            self.first_open = first_open;
        }
    }
}
