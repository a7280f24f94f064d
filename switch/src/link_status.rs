//! What is known of the links from outside: for `switch show links` and `/v1/links`.
//!
//! Owns: one entry per open link and per line that waits to be one, written by the link's task and read by others
//! without waiting. Must never: hold anything of a message.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use dashmap::DashMap;
use ledger::identifiers::Timestamp;
use serde_json::{Value, json};
use tokio::sync::mpsc;

use crate::link::{Rejected, Told};
use crate::session::{Note, Purpose, Stand};

/// The open links, and the lines that wait to be opened.
#[derive(Debug, Default)]
pub struct LinkStatuses {
    links: DashMap<u64, Arc<LinkStatus>>,
    opened: AtomicU64,
}

/// One link.
#[derive(Debug)]
pub struct LinkStatus {
    number: u64,
    network: String,
    peer: SocketAddr,
    side: Side,
    since: Timestamp,
    /// How it stands, as an index into [`STANDS`].
    stands: AtomicUsize,
    signed_on: AtomicBool,
    /// Whether the peer is no stranger: it has signed on, or the ledger has decided a message of it.
    known: AtomicBool,
    /// Whether it was told that it is open.
    announced: AtomicBool,
    received: AtomicU64,
    answered: AtomicU64,
    in_flight: AtomicU64,
    /// Requests of our own by what became of them, in the order of [`RESULTS`].
    own_requests: [AtomicU64; RESULTS.len()],
    /// Messages of ours that the network did not take, in the order of [`Rejected::NAMES`].
    rejected: [AtomicU64; Rejected::NAMES.len()],
    /// The last complaints, the oldest first.
    complaints: Mutex<VecDeque<(Timestamp, String)>>,
    /// The way to ask for a request of our own.
    asks: mpsc::Sender<Purpose>,
}

/// Which side opened a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// The network did.
    Listens,
    /// This side did, or will.
    Connects,
}

impl Side {
    /// The name in answers and events.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Listens => "listens",
            Self::Connects => "connects",
        }
    }
}

/// A line that waits before it is opened again.
pub const WAITING: &str = "waiting";
/// A line that is being opened.
pub const CONNECTING: &str = "connecting";

/// How a link may stand: those of a line that is not open, then those of a session.
const STANDS: [&str; 7] = [
    WAITING,
    CONNECTING,
    Stand::Connected.as_str(),
    Stand::SigningOn.as_str(),
    Stand::SignedOn.as_str(),
    Stand::SigningOff.as_str(),
    Stand::SignedOff.as_str(),
];

/// What may become of a request of our own.
const RESULTS: [&str; 7] = [
    "answered",
    "refused",
    "rejected",
    "unanswered",
    "late",
    "unmatched",
    "not_sent",
];

/// Complaints that are kept of each link.
const COMPLAINTS: usize = 8;

/// Requests of our own that may be asked for and not yet be sent.
const ASKS: usize = 4;

impl LinkStatuses {
    /// Enters a link that has just been opened, or a line that waits to be; also gives what is asked of it.
    pub fn open(
        &self,
        network: &str,
        peer: SocketAddr,
        side: Side,
        stands: &str,
        now: Timestamp,
    ) -> (Arc<LinkStatus>, mpsc::Receiver<Purpose>) {
        let number = self
            .opened
            .fetch_add(1, Ordering::Relaxed)
            .saturating_add(1);
        let (asks, asked) = mpsc::channel(ASKS);
        let status = Arc::new(LinkStatus {
            number,
            network: network.to_owned(),
            peer,
            side,
            since: now,
            stands: AtomicUsize::new(0),
            signed_on: AtomicBool::new(false),
            known: AtomicBool::new(side == Side::Connects),
            announced: AtomicBool::new(false),
            received: AtomicU64::new(0),
            answered: AtomicU64::new(0),
            in_flight: AtomicU64::new(0),
            own_requests: [const { AtomicU64::new(0) }; RESULTS.len()],
            rejected: [const { AtomicU64::new(0) }; Rejected::NAMES.len()],
            complaints: Mutex::default(),
            asks,
        });
        status.becomes(stands);
        self.links.insert(number, Arc::clone(&status));
        (status, asked)
    }

    /// Asks a link to send a request of our own; `None` for a link that there is not, `false` where it cannot.
    pub fn ask(&self, number: u64, purpose: Purpose) -> Option<bool> {
        let link = self.links.get(&number)?;
        Some(link.asks.try_send(purpose).is_ok())
    }

    /// Removes a link that was closed.
    pub fn close(&self, status: &LinkStatus) {
        self.links.remove(&status.number);
    }

    /// The open links in the order in which they were opened.
    #[must_use]
    pub fn to_json(&self) -> Value {
        Value::Array(self.in_order().iter().map(|link| link.to_json()).collect())
    }

    /// The open links as Prometheus series, appended to `text`. A closed link has none, so that their
    /// number is bounded by the connections accepted.
    pub fn write_metrics(&self, text: &mut String) {
        let links = self.in_order();
        for (name, kind, value) in LinkStatus::METRICS {
            text.push_str(&format!("# TYPE {name} {kind}\n"));
            for link in &links {
                let LinkStatus {
                    number,
                    network,
                    peer,
                    ..
                } = link.as_ref();
                let labels = format!("link=\"{number}\",network=\"{network}\",peer=\"{peer}\"");
                text.push_str(&format!("{name}{{{labels}}} {}\n", value(link)));
            }
        }
    }

    fn in_order(&self) -> Vec<Arc<LinkStatus>> {
        let mut links: Vec<_> = self
            .links
            .iter()
            .map(|link| Arc::clone(link.value()))
            .collect();
        links.sort_by_key(|link| link.number);
        links
    }
}

/// Name, type and value of a series of each link.
type LinkMetric = (&'static str, &'static str, fn(&LinkStatus) -> u64);

impl LinkStatus {
    const METRICS: [LinkMetric; 5] = [
        ("switch_link_received_total", "counter", |link| {
            link.received.load(Ordering::Relaxed)
        }),
        ("switch_link_answered_total", "counter", |link| {
            link.answered.load(Ordering::Relaxed)
        }),
        ("switch_link_in_flight", "gauge", |link| {
            link.in_flight.load(Ordering::Relaxed)
        }),
        ("switch_link_signed_on", "gauge", |link| {
            link.signed_on.load(Ordering::Relaxed).into()
        }),
        ("switch_link_open", "gauge", |link| {
            let stands = STANDS.get(link.stands.load(Ordering::Relaxed));
            (!matches!(stands, Some(&(WAITING | CONNECTING)))).into()
        }),
    ];

    /// A frame was received.
    pub fn received(&self) {
        self.received.fetch_add(1, Ordering::Relaxed);
    }

    /// A response was written.
    pub fn answered(&self) {
        self.answered.fetch_add(1, Ordering::Relaxed);
    }

    /// Its number.
    pub fn number(&self) -> u64 {
        self.number
    }

    /// Name of its network.
    pub fn network(&self) -> &str {
        &self.network
    }

    /// The other side.
    pub fn peer(&self) -> SocketAddr {
        self.peer
    }

    /// Which side opened it.
    pub fn side(&self) -> Side {
        self.side
    }

    /// When it was opened.
    pub fn since(&self) -> Timestamp {
        self.since
    }

    /// Whether its peer is no stranger. A line that this side opens is known from the beginning.
    pub fn is_known(&self) -> bool {
        self.known.load(Ordering::Relaxed)
    }

    /// Its peer is no stranger any more.
    pub fn becomes_known(&self) {
        self.known.store(true, Ordering::Relaxed);
    }

    /// Whether it was told that it is open.
    pub fn is_announced(&self) -> bool {
        self.announced.load(Ordering::Relaxed)
    }

    /// It was told that it is open.
    pub fn announced(&self) {
        self.announced.store(true, Ordering::Relaxed);
    }

    /// It stands otherwise.
    pub fn becomes(&self, stands: &str) {
        let index = STANDS.iter().position(|known| *known == stands);
        self.stands
            .store(index.unwrap_or_default(), Ordering::Relaxed);
    }

    /// Something became of a request of our own.
    pub fn noted(&self, note: &Note, now: Timestamp) {
        count(&RESULTS, &self.own_requests, note.result());
        self.complained(note.complaint(), now);
    }

    /// The network said something beside its traffic.
    pub fn told(&self, told: &Told, now: Timestamp) {
        if let Told::Rejected(rejection) = told {
            count(&Rejected::NAMES, &self.rejected, rejection.of.as_str());
        }
        self.complained(told.complaint(), now);
    }

    fn complained(&self, complaint: Option<String>, now: Timestamp) {
        let Some(complaint) = complaint else { return };
        let mut complaints = self.complaints();
        if complaints.len() >= COMPLAINTS {
            complaints.pop_front();
        }
        complaints.push_back((now, complaint));
    }

    fn complaints(&self) -> MutexGuard<'_, VecDeque<(Timestamp, String)>> {
        // A list of texts is whole whatever happened to who held it.
        self.complaints
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// How many requests wait for the ledger, and whether the network has signed on.
    pub fn stands(&self, in_flight: usize, signed_on: bool) {
        self.in_flight.store(in_flight as u64, Ordering::Relaxed);
        self.signed_on.store(signed_on, Ordering::Relaxed);
    }

    fn to_json(&self) -> Value {
        let stands = STANDS.get(self.stands.load(Ordering::Relaxed));
        let complaints: Vec<Value> = self
            .complaints()
            .iter()
            .map(|(time, text)| json!({ "time": time.to_string(), "text": text }))
            .collect();
        json!({
            "link": self.number,
            "network": self.network,
            "peer": self.peer.to_string(),
            "side": self.side.as_str(),
            "state": stands,
            "since": self.since.to_string(),
            "signed_on": self.signed_on.load(Ordering::Relaxed),
            "received": self.received.load(Ordering::Relaxed),
            "answered": self.answered.load(Ordering::Relaxed),
            "in_flight": self.in_flight.load(Ordering::Relaxed),
            "own_requests": counted(&RESULTS, &self.own_requests),
            "rejected": counted(&Rejected::NAMES, &self.rejected),
            "complaints": complaints,
        })
    }
}

/// One more of a name.
fn count(names: &[&str], counts: &[AtomicU64], name: &str) {
    let index = names.iter().position(|known| *known == name);
    if let Some(count) = index.and_then(|index| counts.get(index)) {
        count.fetch_add(1, Ordering::Relaxed);
    }
}

/// Counts by name.
fn counted(names: &[&str], counts: &[AtomicU64]) -> Value {
    let counts = counts
        .iter()
        .map(|count| json!(count.load(Ordering::Relaxed)));
    let names = names.iter().map(|name| (*name).to_owned());
    Value::Object(names.zip(counts).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_has_series_only_while_it_is_open() {
        let links = LinkStatuses::default();
        let peer = "127.0.0.1:9".parse().unwrap();
        let connected = Stand::Connected.as_str();
        let (link, _asked) = links.open("generic", peer, Side::Listens, connected, Timestamp(0));
        link.received();
        link.stands(3, true);
        let mut text = String::new();
        links.write_metrics(&mut text);
        let labels = r#"{link="1",network="generic",peer="127.0.0.1:9"}"#;
        for series in ["received_total", "answered_total", "in_flight", "signed_on"]
            .iter()
            .zip([1, 0, 3, 1])
        {
            let expected = format!("switch_link_{}{labels} {}\n", series.0, series.1);
            assert!(text.contains(&expected), "{expected}{text}");
        }
        links.close(&link);
        text.clear();
        links.write_metrics(&mut text);
        assert!(!text.contains("link="), "{text}");
    }
}
