//! One connection, from its first byte to its last.
//!
//! Owns: reading and writing its socket, the bounds of both, and how it ends. Must never: let one link hold up
//! another, or keep bytes of a message after it was sent.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::BytesMut;
use codec::FrameReader;
use ledger::runtime::now;
use rules::NetworkId;
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio::time::{Instant, timeout};
use zeroize::Zeroize as _;

use super::Shared;
use super::ticket::Reply;
use crate::admission::InFlight;
use crate::link::Link;
use crate::link_status::LinkStatus;
use crate::port::Port;
use crate::session::{Event, Purpose, Session, SessionOptions, Stand};
use crate::telemetry::LinkMetrics;

mod answers;
mod ending;
mod frames;
mod keep_alive;
mod own_requests;
mod telling;
mod totals;

use self::ending::{Drain, frame_overdue};

/// Serves one connection to its end; returns why it ended.
pub(crate) async fn serve_link(
    stream: TcpStream,
    peer: SocketAddr,
    port: &Port,
    shared: &Shared,
) -> &'static str {
    let Some(plan) = shared.rulebook.networks().plan(port.network).cloned() else {
        return "network removed";
    };
    if let Err(error) = stream.set_nodelay(true) {
        tracing::warn!(%peer, %error, "the link may answer late");
    }
    if let Err(error) = keep_alive::begin(&stream, shared.bounds) {
        tracing::warn!(%peer, %error, "a peer that is gone may not be noticed");
    }
    let metrics = LinkMetrics::new(&plan.network.name);
    tracing::info!(%peer, network = plan.network.name, "link connected");
    let stands = Stand::Connected.as_str();
    let name = &plan.network.name;
    let (status, asked) = shared.links.open(name, peer, port.side, stands, now());
    telling::connected(shared, &status);
    let session = Session::new(SessionOptions {
        first_stan: own_requests::first_stan(status.number()),
        ..port.session().clone()
    });
    let (replies_in, replies) = mpsc::channel(shared.bounds.in_flight_per_link.max(1));
    let connection = Connection {
        stream,
        network: port.network,
        shared,
        link: Link::with(session),
        asked,
        reader: FrameReader::new(plan.dialect.framing()),
        out: BytesMut::with_capacity(OUT_BYTES),
        replies_in,
        replies,
        in_flight: InFlight::none(Arc::clone(&shared.admission)),
        begun: None,
        metrics,
        status: Arc::clone(&status),
    };
    let reason = connection.run().await;
    telling::tell(shared, &status, "link.closed", json!({ "reason": reason }));
    tracing::info!(%peer, network = plan.network.name, reason, "link closed");
    reason
}

/// Room for what a link writes at once, in most cases.
const OUT_BYTES: usize = 4 << 10;

/// What a burst took beyond this is given back.
const KEPT_OUT_BYTES: usize = 64 << 10;

struct Connection<'a> {
    stream: TcpStream,
    network: NetworkId,
    shared: &'a Shared,
    link: Link,
    /// Requests of our own that somebody asks for.
    asked: mpsc::Receiver<Purpose>,
    reader: FrameReader,
    out: BytesMut,
    replies_in: mpsc::Sender<Reply>,
    replies: mpsc::Receiver<Reply>,
    in_flight: InFlight,
    /// When the frame that is not whole yet began.
    begun: Option<Instant>,
    metrics: LinkMetrics,
    status: Arc<LinkStatus>,
}

impl Connection<'_> {
    /// Reads and answers until the link ends; returns why it did.
    async fn run(mut self) -> &'static str {
        let mut drain: Option<Drain> = None;
        self.link.happened(Event::Opened, now());
        loop {
            if let Err(reason) = self.act() {
                self.close().await;
                return reason;
            }
            if let Err(reason) = self.write().await {
                return reason;
            }
            let wake = own_requests::wake(self.link.session().wakes_at());
            let waiting = self.link.session().is_waiting();
            let read = self.stream.read(self.reader.spare());
            let reading = drain.as_ref().is_none_or(|drain| !drain.is_late());
            tokio::select! {
                biased;
                // First: a peer that never pauses would keep the others ready for ever.
                () = self.shared.stop.cancelled(), if drain.is_none() => {
                    drain = Some(Drain::begin(self.shared.bounds));
                    self.link.happened(Event::Ending, now());
                }
                () = own_requests::until(wake), if wake.is_some() => {
                    self.link.happened(Event::Passed, now());
                }
                Some(purpose) = self.asked.recv() => {
                    self.link.happened(Event::Asked(purpose), now());
                }
                reply = self.replies.recv() => {
                    if let Some(reply) = reply {
                        self.answer(reply);
                    }
                    while let Ok(reply) = self.replies.try_recv() {
                        self.answer(reply);
                    }
                }
                read = read, if reading => match read {
                    Ok(0) => return self.closed_by_peer().await,
                    Ok(count) => {
                        self.reader.filled(count);
                        self.link.happened(Event::Heard, now());
                        if let Some(drain) = &mut drain {
                            drain.heard();
                        }
                        if let Err(reason) = self.take_frames() {
                            // What came before it is still answered.
                            let written = self.answer_rest().await;
                            self.close().await;
                            return written.err().unwrap_or(reason);
                        }
                        // A peer that never pauses has the processor for one read at a time.
                        tokio::task::yield_now().await;
                    }
                    Err(_) => return "read failed",
                },
                () = Drain::over(drain.as_ref(), waiting), if drain.is_some() && self.in_flight.count() == 0 => {
                    self.close().await;
                    return "drained";
                }
                () = frame_overdue(self.begun, self.shared.bounds), if self.begun.is_some() => {
                    let written = self.answer_rest().await;
                    return written.err().unwrap_or("a frame did not end in time");
                }
            }
            self.status
                .stands(self.in_flight.count(), self.link.is_signed_on());
        }
    }

    /// Sends what was written, and wipes it.
    async fn write(&mut self) -> Result<(), &'static str> {
        if self.out.is_empty() {
            return Ok(());
        }
        let patience = Duration::from_millis(self.shared.bounds.write_timeout_ms);
        let written = timeout(patience, self.stream.write_all(&self.out)).await;
        self.out.as_mut().zeroize();
        if self.out.capacity() > KEPT_OUT_BYTES {
            self.out = BytesMut::with_capacity(OUT_BYTES);
        }
        self.out.clear();
        match written {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) => Err("write failed"),
            Err(_) => Err("the peer does not read"),
        }
    }

    /// Closes so that what was answered arrives: a socket closed over bytes it has not read is reset, and
    /// a reset throws away what the peer has not read yet. So the peer is told first, and what it still
    /// sends is read and dropped until it closes as well or has had the time of a quiet link.
    async fn close(&mut self) {
        let patience = Duration::from_millis(self.shared.bounds.drain_quiet_ms);
        let linger = async {
            self.stream.shutdown().await?;
            while self.stream.read(self.reader.spare()).await? > 0 {}
            std::io::Result::Ok(())
        };
        // Whatever comes of it, the link is at its end.
        drop(timeout(patience, linger).await);
    }

    /// Sends what was written and the answers that are due; nothing more is read.
    async fn answer_rest(&mut self) -> Result<(), &'static str> {
        self.write().await?;
        while self.in_flight.count() > 0 {
            let Some(reply) = self.replies.recv().await else {
                break;
            };
            self.answer(reply);
            self.write().await?;
        }
        Ok(())
    }

    /// The peer sends nothing more; what it sent is still answered.
    async fn closed_by_peer(mut self) -> &'static str {
        if let Err(reason) = self.answer_rest().await {
            return reason;
        }
        if self.reader.has_partial_frame() {
            "closed inside a frame"
        } else {
            "closed by the peer"
        }
    }
}

impl Drop for Connection<'_> {
    fn drop(&mut self) {
        // Answers still on their way will find the link gone.
        self.metrics.returned(self.in_flight.count());
        self.shared.links.close(&self.status);
    }
}
