//! What a run showed: the figures as JSON, the verdict.
//!
//! Owns: the names and units of the figures; scripts hold on to them. Must never: show a card number.

mod text;

use std::collections::BTreeMap;

use codec::Dialect;
use serde::Serialize;

use crate::admin::AdminError;
use crate::books::BooksReport;
use crate::latencies::Latencies;
pub use crate::latencies::{FewPercentiles, Percentiles};
use crate::machine::Machine;
use crate::mix::Pattern;
use crate::plan::{Plan, SECOND_NS};
use crate::recorder::{KindTally, Recorder, Second};

/// What was run.
#[derive(Clone, Debug, Serialize)]
pub struct Setting {
    /// The switch.
    pub target: String,
    /// Name of the mix.
    pub mix: String,
    /// How messages were spread over time.
    pub arrivals: Pattern,
    /// Name of the dialect.
    pub dialect: String,
    /// Messages per second asked for.
    pub rate: u64,
    /// Connections.
    pub connections: u64,
    /// Measured time in seconds.
    pub duration_s: f64,
    /// Time before it in seconds.
    pub warm_up_s: f64,
    /// How long an answer may take, in milliseconds.
    pub timeout_ms: u128,
    /// Repeats the drawn messages.
    pub seed: u64,
}

impl Setting {
    pub(crate) fn new(target: String, plan: &Plan, dialect: &Dialect) -> Self {
        Self {
            target,
            mix: plan.mix.name.clone(),
            arrivals: plan.mix.arrivals,
            dialect: dialect.name().to_owned(),
            rate: plan.rate,
            connections: plan.connections,
            duration_s: plan.duration.as_secs_f64(),
            warm_up_s: plan.warm_up.as_secs_f64(),
            timeout_ms: plan.timeout.as_millis(),
            seed: plan.seed,
        }
    }
}

/// One kind of message.
#[derive(Clone, Copy, Debug, Serialize)]
#[expect(
    missing_docs,
    reason = "the counters are those of `Report`, where they are told"
)]
pub struct KindReport {
    pub sent: u64,
    pub answered: u64,
    pub approved: u64,
    pub declined: u64,
    pub timed_out: u64,
    pub unexpected: u64,
    pub latency_us: Percentiles,
}

impl From<&KindTally> for KindReport {
    fn from(tally: &KindTally) -> Self {
        let counts = tally.counts;
        Self {
            sent: counts.sent,
            answered: counts.answered,
            approved: counts.approved,
            declined: counts.declined,
            timed_out: counts.timed_out,
            unexpected: counts.unexpected,
            latency_us: (&tally.latencies).into(),
        }
    }
}

/// The messages that were due in one second of the run.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct SecondReport {
    /// From 0, the start of the run.
    pub second: usize,
    /// Whether it lies before the measured time, in whole or in part.
    pub warm_up: bool,
    /// Messages due in it that were sent.
    pub sent: u64,
    /// Of these, answered in time.
    pub answered: u64,
    /// Their latencies, to two significant digits.
    pub latency_us: FewPercentiles,
}

impl SecondReport {
    fn new(second: usize, of: &Second, measured_from_ns: u64) -> Self {
        let from_ns = u64::try_from(second)
            .unwrap_or(u64::MAX)
            .saturating_mul(SECOND_NS);
        Self {
            second,
            warm_up: from_ns < measured_from_ns,
            sent: of.sent,
            answered: of.answered,
            latency_us: of.percentiles(),
        }
    }
}

/// Everything a run showed. Counts hold for the whole run, rates and latencies for the measured time.
#[derive(Debug, Serialize)]
pub struct Report {
    /// What was run.
    pub setting: Setting,
    /// Messages per second that were due.
    pub offered_rate: f64,
    /// Messages per second that were answered, until the last of these answers.
    pub achieved_rate: f64,
    /// Messages handed to a connection.
    pub sent: u64,
    /// Of these, answered in time.
    pub answered: u64,
    /// Of the answered, those with DE39 = 00.
    pub approved: u64,
    /// The other answered ones.
    pub declined: u64,
    /// Messages sent and not answered in time.
    pub timed_out: u64,
    /// Answers that fit no message that waits, or that contradict theirs.
    pub mismatched: u64,
    /// Answers that came after the timeout.
    pub late: u64,
    /// Messages that could not be sent: no connection, or too many without an answer.
    pub unsent: u64,
    /// Answers with another DE39 than the kind of message is meant to get.
    pub unexpected: u64,
    /// Connections that the peer closed during the run.
    pub connections_lost: u64,
    /// From the intended time to the answer, of messages answered in time.
    pub latency_us: Percentiles,
    /// From the intended time to handing over to the connection: how late the load test itself was.
    pub send_lag_us: Percentiles,
    /// By kind of message, those that were sent.
    pub by_kind: BTreeMap<&'static str, KindReport>,
    /// By second of the run.
    pub per_second: Vec<SecondReport>,
    /// Answers in time by DE39; `none` for answers without one.
    pub response_codes: BTreeMap<String, u64>,
    /// Latencies of the measured time by DE39, to two significant digits.
    pub latency_by_response_code_us: BTreeMap<String, FewPercentiles>,
    /// Writing 4 KiB durably during the run.
    pub disk_sync_us: Option<FewPercentiles>,
    /// The comparison of the books.
    pub books: Option<BooksReport>,
    /// Why the books could not be compared after the run, though they were to be.
    pub books_error: Option<String>,
    /// Where the load test ran.
    pub machine: Machine,
    /// Whether the run was good.
    pub verdict: Verdict,
}

/// Whether a run was good, and if not, why.
#[derive(Debug, Default, Serialize)]
pub struct Verdict {
    /// No failures.
    pub good: bool,
    /// What was not good, each as a sentence.
    pub failures: Vec<String>,
}

/// What a verdict is lenient or strict about.
#[derive(Clone, Copy, Debug, Default)]
pub struct Judgement {
    /// Messages may stay unanswered or unsent, as when a link is cut on purpose.
    pub allow_timeouts: bool,
    /// Every answer must have the DE39 that its kind is meant to get.
    pub strict: bool,
}

impl Report {
    pub(crate) fn new(
        setting: Setting,
        plan: &Plan,
        recorder: &Recorder,
        disk_sync: Option<&Latencies>,
        books: Option<Result<BooksReport, AdminError>>,
    ) -> Self {
        let total = recorder.total();
        let measured_from_ns = plan.measured_from_ns();
        let answered_for_ns = recorder.last_answer_ns.max(plan.end_ns()) - measured_from_ns;
        let per_second = recorder.seconds().enumerate();
        let (books, books_error) = match books {
            Some(Ok(books)) => (Some(books), None),
            Some(Err(error)) => (None, Some(error.to_string())),
            None => (None, None),
        };
        Self {
            setting,
            offered_rate: recorder.measured_due as f64 / plan.duration.as_secs_f64(),
            achieved_rate: recorder.measured_answered as f64
                / (answered_for_ns as f64 / SECOND_NS as f64),
            sent: total.sent,
            answered: total.answered,
            approved: total.approved,
            declined: total.declined,
            timed_out: total.timed_out,
            mismatched: recorder.mismatched,
            late: recorder.late,
            unsent: recorder.unsent,
            unexpected: total.unexpected,
            connections_lost: recorder.connections_lost,
            latency_us: (&recorder.latencies).into(),
            send_lag_us: (&recorder.send_lag).into(),
            by_kind: recorder
                .kinds()
                .filter(|(_, tally)| tally.counts.sent > 0)
                .map(|(kind, tally)| (kind.name(), tally.into()))
                .collect(),
            per_second: per_second
                .map(|(index, second)| SecondReport::new(index, second, measured_from_ns))
                .collect(),
            response_codes: recorder
                .response_codes
                .iter()
                .map(|(code, tally)| (code_name(*code), tally.answered))
                .collect(),
            latency_by_response_code_us: recorder
                .response_codes
                .iter()
                .filter_map(|(code, tally)| {
                    let latencies = tally.latencies.as_deref()?;
                    Some((code_name(*code), latencies.into()))
                })
                .collect(),
            disk_sync_us: disk_sync.map(FewPercentiles::from),
            books,
            books_error,
            machine: Machine::read(),
            verdict: Verdict::default(),
        }
    }

    /// Judges the run and keeps the verdict. Good means: every message sent was answered in time by an
    /// answer of its own, and the books, where they were compared, equal the sum of the answers.
    pub fn judge(&mut self, judgement: Judgement) {
        let mut failures = Vec::new();
        let mut fail = |failed: bool, reason: String| {
            if failed {
                failures.push(reason);
            }
        };
        let Self {
            sent,
            answered,
            timed_out,
            mismatched,
            unsent,
            unexpected,
            ..
        } = *self;
        fail(sent == 0, "nothing was sent".to_owned());
        fail(
            sent != answered + timed_out,
            format!("{sent} sent, but {answered} answered and {timed_out} timed out"),
        );
        fail(
            mismatched > 0,
            format!("{mismatched} answers are mismatched"),
        );
        let strict_time = !judgement.allow_timeouts;
        fail(
            strict_time && timed_out > 0,
            format!("{timed_out} messages timed out"),
        );
        fail(
            strict_time && unsent > 0,
            format!("{unsent} messages could not be sent"),
        );
        fail(
            judgement.strict && unexpected > 0,
            format!("{unexpected} answers have another response code than was meant"),
        );
        if let Some(books) = &self.books {
            fail(
                books.differing > 0,
                format!("{} of {} accounts differ", books.differing, books.accounts),
            );
        }
        if let Some(error) = &self.books_error {
            fail(true, format!("the books could not be compared: {error}"));
        }
        self.verdict = Verdict {
            good: failures.is_empty(),
            failures,
        };
    }
}

fn code_name(code: Option<[u8; 2]>) -> String {
    match code {
        Some(code) => code.map(char::from).iter().collect(),
        None => "none".to_owned(),
    }
}

#[cfg(test)]
mod tests;
