//! Logs and metrics.
//!
//! Owns: what is logged of messages, which metrics exist and their names. Log fields are positions, codes, identifiers
//! and masked values. Must never: take a value of a message other than STAN, RRN and the masked PAN.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::Context as _;
use ledger::identifiers::RecordId;
use ledger::runtime::now;
use metrics::{counter, gauge};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use rules::{Reason, RulesVersion};

use crate::admission::Full;
use crate::link::{Anomaly, Answered, Late, References, WaitingRequest};
use crate::rulebook::{Rulebook, RulebookError};

mod ledger_observer;
mod link_metrics;
mod log;

pub use self::ledger_observer::LedgerObserver;
pub use self::link_metrics::{LinkMetrics, Stage};
pub use self::log::{DroppedLines, Log, log_filter};

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
