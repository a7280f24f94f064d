//! What is known of the links from outside: for `switch show links` and `/v1/links`.
//!
//! Owns: one entry per open link, written by the link's task and read by others without waiting. Must
//! never: hold anything of a message.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use dashmap::DashMap;
use ledger::identifiers::Timestamp;
use serde_json::{Value, json};

/// The open links.
#[derive(Debug, Default)]
pub struct LinkStatuses {
    links: DashMap<u64, Arc<LinkStatus>>,
    opened: AtomicU64,
}

/// One open link.
#[derive(Debug)]
pub struct LinkStatus {
    number: u64,
    network: String,
    peer: SocketAddr,
    connected_at: Timestamp,
    signed_on: AtomicBool,
    received: AtomicU64,
    answered: AtomicU64,
    in_flight: AtomicU64,
}

impl LinkStatuses {
    /// Enters a link that has just been opened.
    pub fn open(&self, network: &str, peer: SocketAddr, now: Timestamp) -> Arc<LinkStatus> {
        let number = self
            .opened
            .fetch_add(1, Ordering::Relaxed)
            .saturating_add(1);
        let status = Arc::new(LinkStatus {
            number,
            network: network.to_owned(),
            peer,
            connected_at: now,
            signed_on: AtomicBool::new(false),
            received: AtomicU64::new(0),
            answered: AtomicU64::new(0),
            in_flight: AtomicU64::new(0),
        });
        self.links.insert(number, Arc::clone(&status));
        status
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
    const METRICS: [LinkMetric; 4] = [
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
    ];

    /// A frame was received.
    pub fn received(&self) {
        self.received.fetch_add(1, Ordering::Relaxed);
    }

    /// A response was written.
    pub fn answered(&self) {
        self.answered.fetch_add(1, Ordering::Relaxed);
    }

    /// How many requests wait for the ledger, and whether the network has signed on.
    pub fn stands(&self, in_flight: usize, signed_on: bool) {
        self.in_flight.store(in_flight as u64, Ordering::Relaxed);
        self.signed_on.store(signed_on, Ordering::Relaxed);
    }

    fn to_json(&self) -> Value {
        json!({
            "link": self.number,
            "network": self.network,
            "peer": self.peer.to_string(),
            "connected_at": self.connected_at.to_string(),
            "signed_on": self.signed_on.load(Ordering::Relaxed),
            "received": self.received.load(Ordering::Relaxed),
            "answered": self.answered.load(Ordering::Relaxed),
            "in_flight": self.in_flight.load(Ordering::Relaxed),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_has_series_only_while_it_is_open() {
        let links = LinkStatuses::default();
        let link = links.open("generic", "127.0.0.1:9".parse().unwrap(), Timestamp(0));
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
