//! Listeners and links on tokio: the shell around [`Link`](crate::link::Link).
//!
//! Owns: accepting connections within their bounds, and what all of them share. Must never: decide, encode, or take in
//! whoever comes.
//!
//! A connection reads frames, hands them to its link, and what that makes of them to the ledger (`connection/frames`);
//! what comes back (`ticket`) it answers and writes (`connection/answers`).

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use ledger::runtime::{Submitter, now};
use rules::NetworkId;
use serde_json::json;
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::admission::{Admission, Full};
use crate::card_vault::CardVault;
use crate::events::{Notice, Notices, Source};
use crate::kept_states::KeptStates;
use crate::key_exchange::KeyExchange;
use crate::link_status::LinkStatuses;
use crate::port::Port;
use crate::rulebook::Rulebook;
use crate::settings;
use crate::telemetry;
use crate::totals::SharedTotals;

mod connection;
mod ticket;

pub(crate) use self::connection::serve_link;
pub use self::ticket::{LinkTicket, SwitchTicket};

/// What every link shares.
#[derive(Debug)]
pub struct Shared {
    /// The rules, networks and dialects in force.
    pub rulebook: Rulebook,
    /// What networks have said, over restarts.
    pub kept_states: KeptStates,
    /// Hashes PANs.
    pub vault: CardVault,
    /// Takes the keys of networks.
    pub keys: Arc<dyn KeyExchange>,
    /// The daily totals of networks.
    pub totals: Arc<SharedTotals>,
    /// The way to the ledger.
    pub submitter: Submitter<SwitchTicket>,
    /// Bounds of links.
    pub bounds: settings::Links,
    /// Requests of our own on links, and lost lines.
    pub sessions: settings::Sessions,
    /// The open links, as others see them.
    pub links: LinkStatuses,
    /// Where it is told what happens on them.
    pub notices: Notices,
    /// Who is let in, and what share each may take.
    pub admission: Arc<Admission>,
    /// Ends the links.
    pub stop: CancellationToken,
}

/// Connections that may wait to be accepted. Where there is no room for one, its peer tries again only after a second.
const WAITING_CONNECTIONS: u32 = 1024;

/// Binds one listener.
///
/// # Errors
/// What the system answers, with the address.
pub fn bind(address: SocketAddr) -> anyhow::Result<TcpListener> {
    use anyhow::Context as _;
    let listen = || {
        let socket = match address {
            SocketAddr::V4(_) => TcpSocket::new_v4()?,
            SocketAddr::V6(_) => TcpSocket::new_v6()?,
        };
        // What is left of connections of the process before does not keep this one out.
        socket.set_reuseaddr(true)?;
        socket.bind(address)?;
        socket.listen(WAITING_CONNECTIONS)
    };
    listen().with_context(|| format!("cannot listen on {address}"))
}

/// Accepts connections of one network until the stop, each as a task of its own.
pub async fn accept(listener: TcpListener, port: Port, shared: Arc<Shared>, links: TaskTracker) {
    loop {
        let accepted = tokio::select! {
            () = shared.stop.cancelled() => return,
            accepted = accepted(&listener) => accepted,
        };
        let Some((stream, peer)) = accepted else {
            continue;
        };
        let room = match shared.admission.admit(port.network, peer.ip()) {
            Ok(room) => room,
            Err(full) => {
                refused(&shared, port.network, peer, full);
                continue;
            }
        };
        let (shared, port) = (Arc::clone(&shared), port.clone());
        links.spawn(async move {
            serve_link(stream, peer, &port, &shared).await;
            drop(room);
        });
    }
}

/// The next connection; `None`, a moment later, when it could not be accepted.
pub(crate) async fn accepted(listener: &TcpListener) -> Option<(TcpStream, SocketAddr)> {
    match listener.accept().await {
        Ok(accepted) => Some(accepted),
        Err(error) => {
            // Out of descriptors, mostly: others may be freed soon.
            tracing::warn!(%error, "a connection could not be accepted");
            tokio::time::sleep(Duration::from_millis(100)).await;
            None
        }
    }
}

/// A connection was closed because there are too many.
fn refused(shared: &Shared, network: NetworkId, peer: SocketAddr, full: Full) {
    telemetry::connection_refused(full);
    let bound = full.as_str();
    tracing::warn!(%peer, bound, "too many connections: this one is closed");
    let networks = shared.rulebook.networks();
    let name = networks.plan(network).map(|plan| plan.network.name.clone());
    shared.notices.tell(Notice {
        time: now(),
        kind: "link.refused",
        source: Source {
            network: name.unwrap_or_default(),
            peer: Some(peer.ip().to_canonical()),
            known: false,
        },
        link: None,
        data: json!({ "peer": peer.to_string(), "bound": bound }),
    });
}
