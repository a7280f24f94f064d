//! Who is let in, and what share of the ledger each may take.
//!
//! Owns: how many connections there are, by network and by address, and how many requests of one link may wait when
//! the queue of the writer fills up. Bounds of its own for each, so that neither a network nor a host can use up what
//! the others need. A machine without IO or clock. Must never: wait.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use ledger::runtime::Lane;
use rules::NetworkId;

use crate::settings::{Links, Settings};

/// The connections that are open and the links that have requests waiting.
#[derive(Debug)]
pub struct Admission {
    bounds: Links,
    queue_commands: usize,
    open: Mutex<Open>,
    /// Links that have a request waiting.
    busy: AtomicUsize,
}

#[derive(Debug, Default)]
struct Open {
    all: usize,
    by_network: BTreeMap<NetworkId, usize>,
    by_address: BTreeMap<IpAddr, usize>,
}

/// Which bound keeps a connection out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Full {
    /// There are too many connections.
    All,
    /// Its network has too many.
    Network,
    /// Its address has too many.
    Address,
}

impl Full {
    /// The name in the log and in metrics.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::All => "maximum_connections",
            Self::Network => "connections_per_network",
            Self::Address => "connections_per_address",
        }
    }
}

/// The place of one connection, given back when it is dropped.
#[derive(Debug)]
pub struct Admitted {
    admission: Arc<Admission>,
    network: NetworkId,
    address: IpAddr,
}

impl Admission {
    /// Nobody is let in yet.
    #[must_use]
    pub fn of(settings: &Settings) -> Arc<Self> {
        Self::within(settings.links, settings.ledger.queue_commands)
    }

    fn within(bounds: Links, queue_commands: usize) -> Arc<Self> {
        Arc::new(Self {
            bounds,
            queue_commands,
            open: Mutex::default(),
            busy: AtomicUsize::new(0),
        })
    }

    /// Lets a connection in.
    ///
    /// # Errors
    /// [`Full`]: which bound is reached.
    pub fn admit(self: &Arc<Self>, network: NetworkId, address: IpAddr) -> Result<Admitted, Full> {
        // One host is one host, whichever way its address is written.
        let address = address.to_canonical();
        let mut open = self.open();
        let of_network = open.by_network.get(&network).copied().unwrap_or(0);
        let of_address = open.by_address.get(&address).copied().unwrap_or(0);
        if open.all >= self.bounds.maximum_connections {
            return Err(Full::All);
        }
        if of_network >= self.bounds.connections_per_network {
            return Err(Full::Network);
        }
        if of_address >= self.bounds.connections_per_address {
            return Err(Full::Address);
        }
        open.all = open.all.saturating_add(1);
        open.by_network
            .insert(network, of_network.saturating_add(1));
        open.by_address
            .insert(address, of_address.saturating_add(1));
        Ok(Admitted {
            admission: Arc::clone(self),
            network,
            address,
        })
    }

    /// Connections that could still be let in.
    #[must_use]
    pub fn free(&self) -> usize {
        let all = self.open().all;
        self.bounds.maximum_connections.saturating_sub(all)
    }

    /// Requests of one link that may wait, while so many of all links wait for the writer: its bound, and its share of
    /// the queue once that is half full.
    #[must_use]
    pub fn share(&self, waiting: usize) -> usize {
        let bound = self.bounds.in_flight_per_link;
        if waiting < self.queue_commands / 2 {
            return bound;
        }
        let busy = self.busy.load(Ordering::Relaxed).max(1);
        let share = self.queue_commands.checked_div(busy).unwrap_or_default();
        share.clamp(1, bound.max(1))
    }

    fn open(&self) -> MutexGuard<'_, Open> {
        // Counts are whole after every change, whoever panicked beside them.
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Admitted {
    fn drop(&mut self) {
        let mut open = self.admission.open();
        open.all = open.all.saturating_sub(1);
        leave(&mut open.by_network, &self.network);
        leave(&mut open.by_address, &self.address);
    }
}

/// One less; what has none left is forgotten, so that the map holds open connections only.
fn leave<K: Ord>(counts: &mut BTreeMap<K, usize>, key: &K) {
    if let Some(count) = counts.get_mut(key) {
        *count = count.saturating_sub(1);
        if *count == 0 {
            counts.remove(key);
        }
    }
}

/// The requests of one link that wait for the ledger.
#[derive(Debug)]
pub struct InFlight {
    admission: Arc<Admission>,
    count: usize,
}

impl InFlight {
    /// None yet.
    #[must_use]
    pub fn none(admission: Arc<Admission>) -> Self {
        Self {
            admission,
            count: 0,
        }
    }

    /// How many there are.
    #[must_use]
    pub fn count(&self) -> usize {
        self.count
    }

    /// Whether the link has less than its share, while so many of all links wait for the writer.
    #[must_use]
    pub fn has_room(&self, waiting: usize) -> bool {
        self.count < self.admission.share(waiting)
    }

    /// Whether one more would go ahead of what waits of links that have more.
    #[must_use]
    pub fn goes_ahead(&self) -> bool {
        self.count < self.admission.bounds.ahead_per_link
    }

    /// Takes one more, unless the link has its share already; says where it waits.
    #[must_use]
    pub fn begin(&mut self, waiting: usize) -> Option<Lane> {
        if !self.has_room(waiting) {
            return None;
        }
        if self.count == 0 {
            self.admission.busy.fetch_add(1, Ordering::Relaxed);
        }
        let goes_ahead = self.goes_ahead();
        self.count = self.count.saturating_add(1);
        Some(if goes_ahead {
            Lane::Ahead
        } else {
            Lane::Behind
        })
    }

    /// One has come back.
    pub fn end(&mut self) {
        if self.count == 1 {
            self.admission.busy.fetch_sub(1, Ordering::Relaxed);
        }
        self.count = self.count.saturating_sub(1);
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        if self.count > 0 {
            self.admission.busy.fetch_sub(1, Ordering::Relaxed);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bounds() -> Links {
        Links {
            maximum_connections: 6,
            connections_per_network: 4,
            connections_per_address: 3,
            in_flight_per_link: 100,
            ahead_per_link: 10,
            frame_timeout_ms: 1,
            keepalive_s: 1,
            write_timeout_ms: 1,
            drain_quiet_ms: 1,
            drain_limit_ms: 1,
        }
    }

    #[test]
    fn each_bound_keeps_out_only_whom_it_is_for() {
        let admission = Admission::within(bounds(), 1_000);
        let (one, two, three): (IpAddr, IpAddr, IpAddr) = (
            [10, 0, 0, 1].into(),
            [10, 0, 0, 2].into(),
            [10, 0, 0, 3].into(),
        );
        let enter = |network, address| admission.admit(NetworkId(network), address);
        let mut held: Vec<_> = (0..3).map(|_| enter(1, one).unwrap()).collect();
        assert_eq!(enter(1, one).unwrap_err(), Full::Address);
        let mapped = IpAddr::from(std::net::Ipv4Addr::new(10, 0, 0, 1).to_ipv6_mapped());
        assert_eq!(enter(2, mapped).unwrap_err(), Full::Address);
        held.push(enter(1, two).unwrap());
        assert_eq!(enter(1, two).unwrap_err(), Full::Network);
        held.push(enter(2, two).unwrap());
        held.push(enter(2, two).unwrap());
        assert_eq!(admission.free(), 0);
        assert_eq!(enter(3, three).unwrap_err(), Full::All);
        held.clear();
        assert_eq!(admission.free(), 6);
        assert!(enter(1, one).is_ok());
        let open = admission.open();
        assert_eq!((open.by_network.len(), open.by_address.len()), (0, 0));
    }

    #[test]
    fn a_link_has_its_bound_until_the_queue_is_half_full_and_then_its_share() {
        let admission = Admission::within(bounds(), 120);
        let mut links: Vec<_> = (0..4)
            .map(|_| InFlight::none(Arc::clone(&admission)))
            .collect();
        let lanes: Vec<_> = (0..100).map_while(|_| links[0].begin(0)).collect();
        let (ahead, behind) = lanes.split_at(10);
        assert_eq!(
            (ahead, behind),
            (&[Lane::Ahead; 10][..], &[Lane::Behind; 90][..])
        );
        assert_eq!(links[0].begin(0), None, "its own bound");
        for link in &mut links[1..] {
            assert_eq!(link.begin(59), Some(Lane::Ahead));
        }
        assert_eq!(admission.share(59), 100);
        assert_eq!(admission.share(60), 30, "four links have requests waiting");
        assert_eq!(links[0].begin(60), None, "it has more than its share");
        assert!(links[1].begin(60).is_some(), "a neighbour has not");
        links[0].end();
        drop(links.remove(0));
        for _ in 0..2 {
            links[0].end();
        }
        assert_eq!(admission.share(60), 60, "two are left");
        assert_eq!(links[0].count(), 0);
    }
}
