//! What is counted and timed on links.
//!
//! Owns: the metrics of each network, and the stages of a request. Must never: take a label from a message without a
//! bound on how many there are.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

use ledger::identifiers::Timestamp;
use ledger::runtime::{between, now};
use metrics::{Counter, Gauge, Histogram, counter, gauge, histogram};
use rules::Reason;

use crate::link::Told;
use crate::session::{Note, Stand};

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

/// Metrics of the links of one network.
#[derive(Debug)]
pub struct LinkMetrics {
    network: String,
    received: Counter,
    in_flight: Gauge,
    duration: Histogram,
    stages: [Histogram; Stage::ALL.len()],
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

impl Drop for LinkMetrics {
    fn drop(&mut self) {
        gauge!("switch_links", "network" => self.network.clone()).decrement(1.0);
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
