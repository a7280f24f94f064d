//! How much is told of each peer: the rest of a flood is counted.
//!
//! Owns: which notices become events of their own, and the counts of those that do not. Anyone who reaches a port can
//! come and go, so what is told in a minute is bounded: by peer, so that one hides no other, and in all. Peers that a
//! network has signed on with, or whose messages were decided, have bounds of their own that strangers cannot use up. A
//! machine without IO or clock. Must never: forget a notice that is not told.

use std::collections::BTreeMap;
use std::net::IpAddr;

use ledger::identifiers::Timestamp;
use serde_json::{Value, json};

/// For so long the bounds are meant, microseconds.
const WINDOW_US: i64 = 60_000_000;

/// Strangers that are told apart, and as many that are known; what more there are share one place by network.
const SOURCES: usize = 256;

/// Notices that are told in a window.
struct Bounds {
    /// Of one peer.
    each: u32,
    /// Of all.
    all: u32,
}

const OF_STRANGERS: Bounds = Bounds { each: 20, all: 100 };
const OF_KNOWN: Bounds = Bounds {
    each: 200,
    all: 1_000,
};

/// Who caused a notice.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Source {
    /// Name of the network.
    pub network: String,
    /// The address of the peer; `None` for those that share a place.
    pub peer: Option<IpAddr>,
    /// Whether the link has signed on or had a message decided, or was opened by this side.
    pub known: bool,
}

/// What was told of the peers in this window.
#[derive(Debug, Default)]
pub(super) struct Allowance {
    began: Option<Timestamp>,
    strangers: Group,
    known: Group,
}

/// Sources that share a bound.
#[derive(Debug, Default)]
struct Group {
    told: u32,
    sources: BTreeMap<Source, Counted>,
}

#[derive(Debug, Default)]
struct Counted {
    told: u32,
    omitted: BTreeMap<&'static str, u64>,
}

/// What was not told of a source.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Omitted {
    pub(super) source: Source,
    /// When the window began.
    pub(super) since: Timestamp,
    /// How many of each type.
    pub(super) kinds: BTreeMap<&'static str, u64>,
}

impl Omitted {
    /// The type of the event that tells it.
    pub(super) const KIND: &'static str = "link.events_omitted";

    /// The data of that event.
    pub(super) fn data(&self) -> Value {
        json!({
            "peer": self.source.peer.map(|peer| peer.to_string()),
            "known": self.source.known,
            "since": self.since.to_string(),
            "omitted": self.kinds,
        })
    }
}

impl Allowance {
    /// Whether a notice is told; else it is counted.
    pub(super) fn lets(&mut self, source: &Source, kind: &'static str, now: Timestamp) -> bool {
        self.began.get_or_insert(now);
        let (bounds, group) = match source.known {
            true => (OF_KNOWN, &mut self.known),
            false => (OF_STRANGERS, &mut self.strangers),
        };
        let mut place = source.clone();
        if group.sources.len() >= SOURCES && !group.sources.contains_key(source) {
            place.peer = None;
        }
        let counted = group.sources.entry(place).or_default();
        if counted.told < bounds.each && group.told < bounds.all {
            counted.told = counted.told.saturating_add(1);
            group.told = group.told.saturating_add(1);
            return true;
        }
        let omitted = counted.omitted.entry(kind).or_default();
        *omitted = omitted.saturating_add(1);
        false
    }

    /// What was not told in a window that is over.
    pub(super) fn passed(&mut self, now: Timestamp) -> Vec<Omitted> {
        let over = self.began.is_some_and(|began| {
            // A clock that went back is past its end as well.
            now >= began.plus_us(WINDOW_US) || now < began
        });
        if over { self.end() } else { Vec::new() }
    }

    /// What was not told so far; another window begins with the next notice.
    pub(super) fn end(&mut self) -> Vec<Omitted> {
        let Self {
            began,
            strangers,
            known,
        } = std::mem::take(self);
        let since = began.unwrap_or_default();
        let counted = strangers.sources.into_iter().chain(known.sources);
        let omitted = counted.filter(|(_, counted)| !counted.omitted.is_empty());
        omitted
            .map(|(source, Counted { omitted, .. })| Omitted {
                source,
                since,
                kinds: omitted,
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CONNECTED: &str = "link.connected";
    const CLOSED: &str = "link.closed";

    /// The peer of a number, on network `a`.
    fn peer(number: u32, known: bool) -> Source {
        Source {
            network: "a".to_owned(),
            peer: Some(IpAddr::V4(number.into())),
            known,
        }
    }

    fn at(seconds: i64) -> Timestamp {
        Timestamp(1_795_521_600_000_000 + seconds * 1_000_000)
    }

    /// Has so many notices told by each source; how many were.
    fn told(allowance: &mut Allowance, sources: &[Source], each: u32) -> u32 {
        let mut told = 0;
        for source in sources {
            for _ in 0..each {
                told += u32::from(allowance.lets(source, CONNECTED, at(0)));
            }
        }
        told
    }

    fn peers(numbers: std::ops::Range<u32>, known: bool) -> Vec<Source> {
        numbers.map(|number| peer(number, known)).collect()
    }

    #[test]
    fn what_is_told_in_a_window_is_bounded_by_peer_and_in_all() {
        // Sources, notices of each, how many are told, how many sources have some that are not.
        let table = [
            (peers(0..1, false), 20, 20, 0),
            (peers(0..1, false), 10_000, 20, 1),
            (peers(0..5, false), 20, 100, 0),
            (peers(0..6, false), 20, 100, 1),
            (peers(0..100, false), 1, 100, 0),
            (peers(0..1, true), 200, 200, 0),
            (peers(0..1, true), 10_000, 200, 1),
            (peers(0..6, true), 10_000, 1_000, 6),
            (peers(0..10_000, false), 3, 100, 257 - 33),
        ];
        for (sources, each, expected, omitting) in table {
            let mut allowance = Allowance::default();
            let which = format!("{each} of each of {} sources", sources.len());
            assert_eq!(told(&mut allowance, &sources, each), expected, "{which}");
            let omitted = allowance.passed(at(60));
            assert_eq!(omitted.len(), omitting, "{which}");
            // Nothing is lost: what was not told was counted.
            let counted: u64 = omitted.iter().flat_map(|one| one.kinds.values()).sum();
            let all = u64::from(each) * sources.len() as u64;
            assert_eq!(counted + u64::from(expected), all, "{which}");
        }
    }

    #[test]
    fn strangers_hide_nobody_who_is_known() {
        let mut allowance = Allowance::default();
        told(&mut allowance, &peers(0..10_000, false), 2);
        // The same address too, and one of another network.
        for source in [peer(0, true), peer(20_000, true)] {
            assert_eq!(told(&mut allowance, &[source], 300), 200);
        }
        let other = Source {
            network: "b".to_owned(),
            ..peer(0, true)
        };
        assert_eq!(told(&mut allowance, &[other], 1), 1);
    }

    #[test]
    fn what_is_not_told_is_told_by_its_counts_when_the_window_is_over() {
        let mut allowance = Allowance::default();
        assert_eq!(allowance.passed(at(0)), []);
        for second in 0..30 {
            allowance.lets(&peer(1, false), CONNECTED, at(second));
            allowance.lets(&peer(1, false), CLOSED, at(second));
        }
        assert_eq!(allowance.passed(at(59)), []);
        let omitted = allowance.passed(at(60));
        let [of_peer] = omitted.as_slice() else {
            panic!("{omitted:?}");
        };
        assert_eq!(
            of_peer.data(),
            json!({
                "peer": "0.0.0.1",
                "known": false,
                "since": "2026-11-24T12:00:00.000000Z",
                "omitted": { "link.connected": 20, "link.closed": 20 },
            })
        );
        // Another window has bounds of its own; a clock that goes back ends it, and so does the end.
        assert_eq!(allowance.passed(at(120)), []);
        assert!(allowance.lets(&peer(1, false), CONNECTED, at(200)));
        told(&mut allowance, &[peer(1, false)], 20);
        assert_eq!(allowance.passed(at(199)).len(), 1);
        told(&mut allowance, &[peer(1, false)], 21);
        assert_eq!(allowance.end().len(), 1);
        assert_eq!(allowance.end(), []);
    }
}
