//! Logs and metrics.
//!
//! Owns: how the log is written, which metrics exist and their names. Log fields are positions, codes,
//! identifiers and masked values. Must never: take a value of a message other than STAN, RRN
//! and the masked PAN.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use anyhow::Context as _;
use ledger::identifiers::{RecordId, Timestamp};
use ledger::journal::retainer::Retained;
use ledger::runtime::{LedgerFailure, Observer, between, now};
use metrics::{Counter, Gauge, Histogram, counter, gauge, histogram};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use rules::{Reason, RulesVersion};
use tracing_appender::non_blocking::{ErrorCounter, NonBlockingBuilder, WorkerGuard};
use tracing_subscriber::EnvFilter;

use crate::admission::Full;
use crate::link::{Anomaly, Answered, Late, References, Told, WaitingRequest};
use crate::rulebook::{Rulebook, RulebookError};
use crate::session::{Note, Stand};
use crate::settings;

/// Counts log lines that were dropped because their reader was slow.
#[derive(Debug)]
pub struct DroppedLines(ErrorCounter);

impl DroppedLines {
    /// Brings the metric up to date.
    pub fn report(&self) {
        counter!("switch_log_lines_dropped_total").absolute(self.0.dropped_lines() as u64);
    }
}

/// The filter of the log.
///
/// # Errors
/// When the filter of the settings is not one.
pub fn log_filter(settings: &settings::Log) -> anyhow::Result<EnvFilter> {
    EnvFilter::try_new(&settings.filter)
        .with_context(|| format!("log.filter {:?} is not a filter", settings.filter))
}

/// Starts the log: JSON lines on standard error, written by a thread of its own, with a bound on the
/// lines that wait. What waits is written when the guard is dropped.
///
/// # Errors
/// When the filter of the settings is not one.
pub fn start_log(settings: &settings::Log) -> anyhow::Result<(WorkerGuard, DroppedLines)> {
    let (writer, guard) = NonBlockingBuilder::default()
        .buffered_lines_limit(settings.queue_lines)
        .lossy(true)
        .thread_name("log")
        .finish(std::io::stderr());
    let dropped = DroppedLines(writer.error_counter());
    let filter = log_filter(settings)?;
    tracing_subscriber::fmt()
        .json()
        .flatten_event(true)
        .with_current_span(false)
        .with_span_list(false)
        .with_env_filter(filter)
        .with_writer(writer)
        .init();
    Ok((guard, dropped))
}

/// Buckets of every duration, in seconds.
const DURATION_BUCKETS: [f64; 16] = [
    0.000_05, 0.000_1, 0.000_2, 0.000_5, 0.001, 0.002, 0.003, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25,
    0.5, 1.0, 5.0,
];

/// Buckets of the commands of a batch.
const COMMAND_BUCKETS: [f64; 11] = [
    1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 512.0, 1024.0,
];

/// Starts the metrics.
///
/// # Errors
/// When the process has a recorder already.
pub fn start_metrics() -> anyhow::Result<PrometheusHandle> {
    let commands = Matcher::Full("switch_batch_commands".to_owned());
    let builder = PrometheusBuilder::new()
        .set_buckets(&DURATION_BUCKETS)
        .and_then(|builder| builder.set_buckets_for_metric(commands, &COMMAND_BUCKETS))
        .context("metrics")?;
    builder.install_recorder().context("metrics")
}

/// How often what was measured is added up.
const ADDED_UP_EVERY: Duration = Duration::from_secs(1);

/// Adds up what was measured, for ever: between two of these every single measurement is kept, and nobody may ever read
/// the metrics.
pub async fn keep_metrics_small(metrics: PrometheusHandle) {
    let mut times = tokio::time::interval(ADDED_UP_EVERY);
    loop {
        times.tick().await;
        metrics.run_upkeep();
    }
}

/// Metrics of the links of one network.
#[derive(Debug)]
pub struct LinkMetrics {
    network: String,
    received: Counter,
    in_flight: Gauge,
    duration: Histogram,
    stages: [Histogram; Stage::ALL.len()],
}

/// A stage of a request's way through the switch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// From the frame to the message.
    Decode,
    /// From the message to the command: what it says, the card's hash, older messages.
    Checks,
    /// Waiting for the writer.
    Queue,
    /// In the writer, with its batch.
    Decide,
    /// From the decision to its durability: waiting for the sync before, then the sync.
    Commit,
    /// From durability to the response in the link's buffer.
    Encode,
}

impl Stage {
    const ALL: [(Self, &str); 6] = [
        (Self::Decode, "decode"),
        (Self::Checks, "checks"),
        (Self::Queue, "queue"),
        (Self::Decide, "decide"),
        (Self::Commit, "commit"),
        (Self::Encode, "encode"),
    ];
}

impl LinkMetrics {
    /// The metrics of a network; also counts one link more until dropped.
    #[must_use]
    pub fn new(network: &str) -> Self {
        let network = network.to_owned();
        gauge!("switch_links", "network" => network.clone()).increment(1.0);
        let stage = |(_, name): (Stage, &'static str)| histogram!("switch_stage_duration_seconds", "network" => network.clone(), "stage" => name);
        Self {
            received: counter!("switch_frames_received_total", "network" => network.clone()),
            in_flight: gauge!("switch_requests_in_flight", "network" => network.clone()),
            duration: histogram!("switch_request_duration_seconds", "network" => network.clone()),
            stages: Stage::ALL.map(stage),
            network,
        }
    }

    /// A frame was received.
    pub fn received(&self) {
        self.received.increment(1);
    }

    /// A request was handed to the ledger.
    pub fn submitted(&self) {
        self.in_flight.increment(1.0);
    }

    /// The ledger has done with so many requests, or nobody waits for them any more.
    pub fn returned(&self, requests: usize) {
        self.in_flight.decrement(requests as f64);
    }

    /// A request passed a stage between two instants.
    pub fn passed(&self, stage: Stage, begun: Timestamp, ended: Timestamp) {
        if let Some(histogram) = self.stages.get(stage as usize) {
            histogram.record(between(begun, ended));
        }
    }

    /// A request received at an instant was answered.
    pub fn answered(&self, response_code: &str, reason: Option<Reason>, received: Timestamp) {
        let reason = reason.map_or("approved", Reason::as_str);
        counter!(
            "switch_responses_total",
            "network" => self.network.clone(),
            "response_code" => response_code.to_owned(),
            "reason" => reason,
        )
        .increment(1);
        self.duration.record(between(received, now()));
    }

    /// A frame was not answered.
    pub fn ignored(&self, why: &'static str) {
        let network = self.network.clone();
        counter!("switch_frames_ignored_total", "network" => network, "why" => why).increment(1);
    }

    /// A link stands otherwise.
    pub fn became(&self, link: u64, stand: Stand) {
        let (network, to) = (self.network.clone(), stand.as_str());
        tracing::info!(network, link, state = to, "link state");
        counter!("switch_link_transitions_total", "network" => network, "to" => to).increment(1);
    }

    /// Something became of a request of our own.
    pub fn noted(&self, link: u64, note: &Note) {
        let (network, result) = (self.network.clone(), note.result());
        if let Some(complaint) = note.complaint() {
            tracing::warn!(network, link, complaint, "request of our own");
        }
        counter!("switch_own_requests_total", "network" => network, "result" => result)
            .increment(1);
    }

    /// The network said something beside its traffic.
    pub fn told(&self, link: u64, told: &Told) {
        let network = self.network.clone();
        let kind = told.kind();
        match told.complaint() {
            Some(complaint) => {
                tracing::warn!(network, link, kind, complaint, "told by the network")
            }
            None => tracing::info!(network, link, kind, "told by the network"),
        }
        match told {
            Told::Rejected(rejection) => {
                // What the network calls its reasons has no bound of its own.
                let code = reject_code(&rejection.code);
                let of = rejection.of.as_str();
                counter!("switch_rejects_total", "network" => network, "code" => code, "of" => of)
                    .increment(1);
            }
            Told::KeyExchange { refused, .. } => {
                let result = refused.map_or("accepted", |_| "refused");
                counter!("switch_key_exchanges_total", "network" => network, "result" => result)
                    .increment(1);
            }
            Told::Totals(reconciliation) => {
                let result = reconciliation.balance.as_str();
                counter!("switch_reconciliations_total", "network" => network, "result" => result)
                    .increment(1);
            }
            Told::GroupSignOn(_) | Told::CutOver(_) | Told::Advices(_) => {}
        }
    }

    /// The name of the network.
    #[must_use]
    pub fn network(&self) -> &str {
        &self.network
    }

    /// A link was closed because its frames could no longer be told apart.
    pub fn framing_lost(&self) {
        counter!("switch_framing_lost_total", "network" => self.network.clone()).increment(1);
    }
}

/// The label of a reject code: the first so many that come, then `other`.
fn reject_code(code: &str) -> String {
    const MOST: usize = 128;
    static KNOWN: Mutex<BTreeSet<String>> = Mutex::new(BTreeSet::new());
    let mut known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
    if known.len() < MOST {
        known.insert(code.to_owned());
    }
    known.get(code).map_or("other", String::as_str).to_owned()
}

impl Drop for LinkMetrics {
    fn drop(&mut self) {
        gauge!("switch_links", "network" => self.network.clone()).decrement(1.0);
    }
}

/// Reloads the rules and counts how it ended.
///
/// # Errors
/// Why they were not reloaded.
pub fn reload(rulebook: &Rulebook) -> Result<RulesVersion, RulebookError> {
    let reloaded = rulebook.reload();
    let result = if reloaded.is_ok() {
        "in_force"
    } else {
        "refused"
    };
    counter!("switch_rules_reloads_total", "result" => result).increment(1);
    reloaded
}

/// Brings the metrics of the rules up to date.
pub fn report_rules(rulebook: &Rulebook) {
    let last = rulebook.last_reload();
    // The version in force is the one with the latest time.
    let version = rulebook.rules().version().to_string();
    gauge!("switch_rules_info", "version" => version).set(last.in_force_since.0 as f64 / 1e6);
    let age_us = now().0.saturating_sub(last.in_force_since.0);
    gauge!("switch_rules_age_seconds").set(age_us as f64 / 1e6);
    let accepted = if last.refused.is_none() { 1.0 } else { 0.0 };
    gauge!("switch_rules_last_reload_accepted").set(accepted);
}

/// A connection of a network was closed because there were too many, by the bound that kept it out.
pub fn connection_refused(full: Full) {
    counter!("switch_connections_refused_total", "bound" => full.as_str()).increment(1);
}

/// A connection of HTTP was closed because there were too many.
pub fn http_refused() {
    counter!("switch_http_connections_refused_total").increment(1);
}

/// A line that this side opens was lost or could not be opened.
pub fn line_lost(network: &str, peer: SocketAddr, reason: &str, wait_ms: u64) {
    tracing::warn!(network, %peer, reason, wait_ms, "line lost: it is opened again");
    counter!("switch_lines_lost_total", "network" => network.to_owned()).increment(1);
}

/// An answer found its link gone.
pub fn answer_without_link() {
    counter!("switch_answers_without_link_total").increment(1);
}

/// An approval became durable after its deadline.
pub fn late_approval(request: &WaitingRequest, id: RecordId, late: Late) {
    let (sent, network) = (late == Late::Sent, request.network());
    let label = if sent { "true" } else { "false" };
    counter!("switch_late_approvals_total", "network" => network.to_owned(), "sent" => label)
        .increment(1);
    let References { stan, rrn } = request.references();
    tracing::warn!(
        network,
        stan,
        rrn,
        %id,
        sent,
        "an approval became durable after its deadline"
    );
}

/// Logs a decision.
pub fn decision(request: &WaitingRequest, answered: &Answered) {
    if !tracing::enabled!(tracing::Level::DEBUG) {
        return;
    }
    let references = request.references();
    tracing::debug!(
        network = request.network(),
        mti = %request.mti(),
        pan = request.masked_pan().map(tracing::field::display),
        stan = references.stan,
        rrn = references.rrn,
        id = answered.id.map(tracing::field::display),
        response_code = answered.response_code.as_str(),
        reason = answered.reason.map(Reason::as_str),
        repeat = answered.repeat,
        stand_in_reason = request.stand_in_reason(),
        "decided"
    );
}

/// Logs an anomaly.
pub fn anomaly(network: &str, anomaly: &Anomaly) {
    match anomaly {
        Anomaly::Undecodable(undecodable) => {
            let message = undecodable.readable.as_ref();
            // No RRN: with a wrong length before it, twelve characters of a card number, a track or a
            // PIN block may stand in its place.
            let References { stan, .. } = message.map(References::of).unwrap_or_default();
            let error = &undecodable.error;
            tracing::warn!(network, stan, offset = error.offset, %error, "undecodable message");
        }
        Anomaly::Format(error, References { stan, rrn }) => {
            tracing::warn!(network, stan, rrn, %error, "format error");
        }
        Anomaly::Lookup(error, References { stan, rrn }) => {
            tracing::error!(network, stan, rrn, %error, "refused: the books cannot be read");
        }
        Anomaly::Unanswerable(error, References { stan, rrn }) => {
            tracing::error!(network, stan, rrn, %error, "no response written");
        }
    }
}

/// Hears of the ledger for the metrics, and ends the process when it cannot go on.
#[derive(Debug)]
pub struct LedgerObserver;

impl Observer for LedgerObserver {
    fn decided(&self, commands: usize, records: u32, took: Duration) {
        histogram!("switch_decide_duration_seconds").record(took);
        histogram!("switch_batch_commands").record(commands as f64);
        counter!("switch_commands_decided_total").increment(commands as u64);
        counter!("switch_records_total").increment(u64::from(records));
    }

    fn committed(&self, batches: usize, took: Duration) {
        histogram!("switch_journal_sync_duration_seconds").record(took);
        counter!("switch_journal_commits_total").increment(1);
        counter!("switch_journal_batches_total").increment(batches as u64);
    }

    fn checkpointed(&self, rows: usize, took: Duration) {
        histogram!("switch_checkpoint_duration_seconds").record(took);
        counter!("switch_checkpoint_rows_total").increment(rows as u64);
    }

    fn journal(&self, retained: &Retained) {
        gauge!("switch_journal_bytes").set(retained.bytes as f64);
        gauge!("switch_journal_segments").set(retained.segments as f64);
        gauge!("switch_journal_oldest_sequence").set(retained.oldest_sequence.unwrap_or(0) as f64);
        let held = if retained.held_by.is_empty() {
            0.0
        } else {
            1.0
        };
        gauge!("switch_journal_held").set(held);
        counter!("switch_journal_segments_removed_total").increment(retained.removed as u64);
        for (status, lag_bytes) in &retained.readers {
            let set = |name: &'static str, value: f64| {
                gauge!(name, "reader" => status.name.clone()).set(value);
            };
            set("switch_journal_reader_sequence", status.seen as f64);
            set("switch_journal_reader_lag_bytes", *lag_bytes as f64);
            let detached = if status.attached { 0.0 } else { 1.0 };
            set("switch_journal_reader_detached", detached);
        }
        for reader in &retained.detached {
            counter!("switch_journal_readers_detached_total", "reader" => reader.clone())
                .increment(1);
        }
    }

    fn failed(&self, failure: LedgerFailure) {
        // Nothing may be acknowledged any more, and nothing here can be mended while running. Standard
        // error directly: the log's own thread might not come to write it.
        use std::io::Write as _;
        let message = format!("{:#}", anyhow::Error::from(failure));
        let line = serde_json::json!({ "level": "ERROR", "message": message });
        writeln!(std::io::stderr(), "{line}").unwrap_or_default();
        std::process::exit(1);
    }
}
