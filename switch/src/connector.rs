//! Lines that this side opens: the shell around [`Redial`].
//!
//! Owns: opening a line, and opening it again when it was lost, until the stop. Must never: hold up the end, or leave a
//! line lost.

use std::sync::Arc;
use std::time::Duration;

use ledger::identifiers::Timestamp;
use ledger::runtime::now;
use serde_json::json;
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};

use crate::events::{Notice, Source};
use crate::link_status::{CONNECTING, WAITING};
use crate::port::Port;
use crate::redial::{Redial, RedialBounds};
use crate::server::{Shared, serve_link};
use crate::settings::Connector;
use crate::telemetry;

/// One line of a connector.
#[derive(Debug)]
pub(crate) struct Line {
    connector: Connector,
    port: Port,
    number: u8,
}

/// The lines of a connector.
pub(crate) fn lines(connector: &Connector, port: &Port) -> impl Iterator<Item = Line> {
    (1..=connector.lines.get()).map(|number| Line {
        connector: connector.clone(),
        port: port.clone(),
        number,
    })
}

impl Line {
    /// Keeps the line open until the stop.
    pub(crate) async fn keep(self, shared: Arc<Shared>) {
        let bounds = RedialBounds {
            first_ms: shared.sessions.reconnect_first_ms,
            most_ms: shared.sessions.reconnect_limit_ms,
        };
        let mut redial = Redial::new(bounds, seed(self.number, now()));
        let network = self.connector.network.as_str();
        loop {
            let (lasted_ms, reason) = self.open(&shared).await;
            if shared.stop.is_cancelled() {
                return;
            }
            let wait_ms = redial.lost(lasted_ms);
            telemetry::line_lost(network, self.connector.connect, reason, wait_ms);
            shared.notices.tell(Notice {
                time: now(),
                kind: "link.reconnecting",
                source: Source {
                    network: network.to_owned(),
                    peer: Some(self.connector.connect.ip()),
                    known: true,
                },
                link: None,
                data: json!({
                    "peer": self.connector.connect.to_string(),
                    "reason": reason,
                    "wait_ms": wait_ms,
                }),
            });
            self.shown(&shared, WAITING, sleep(Duration::from_millis(wait_ms)))
                .await;
        }
    }

    /// Opens the line and serves it to its end: how long it lasted in milliseconds, and why it ended.
    async fn open(&self, shared: &Shared) -> (u64, &'static str) {
        let peer = self.connector.connect;
        let patience = Duration::from_millis(shared.sessions.connect_timeout_ms);
        let connecting = timeout(patience, TcpStream::connect(peer));
        match self.shown(shared, CONNECTING, connecting).await {
            None => (0, "the end"),
            Some(Err(_)) => (0, "no connection was made in time"),
            Some(Ok(Err(error))) => {
                tracing::debug!(%peer, %error, "a line could not be opened");
                (0, "no connection was made")
            }
            Some(Ok(Ok(stream))) => {
                let began = now();
                let reason = serve_link(stream, peer, &self.port, shared).await;
                let lasted_us = now().0.saturating_sub(began.0);
                (u64::try_from(lasted_us / 1000).unwrap_or(0), reason)
            }
        }
    }

    /// Waits for something with the line shown as standing so; `None` at the stop.
    async fn shown<T>(
        &self,
        shared: &Shared,
        stands: &str,
        waited_for: impl Future<Output = T>,
    ) -> Option<T> {
        let (network, peer) = (&self.connector.network, self.connector.connect);
        let links = &shared.links;
        // Nothing can be asked of a line that is not open.
        let (status, _) = links.open(network, peer, self.port.side, stands, now());
        let came = tokio::select! {
            () = shared.stop.cancelled() => None,
            came = waited_for => Some(came),
        };
        links.close(&status);
        came
    }
}

/// Tells the lines of one process, and of processes that were started together, apart.
fn seed(number: u8, now: Timestamp) -> u64 {
    now.0.unsigned_abs().rotate_left(8) ^ u64::from(number)
}
