//! Listeners and links on tokio: the shell around [`Link`].
//!
//! Owns: accepting, reading, writing, the bounds of both, and the drain at the end. Must never: decide or
//! encode, let one link hold up another, or keep bytes of a message after it was sent.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::BytesMut;
use codec::FrameReader;
use ledger::Durable;
use ledger::command::{LOOKUP_GOOD_US, Outcome, Submission, Undecided};
use ledger::identifiers::Timestamp;
use ledger::runtime::{Lane, Submitter, Ticket, Timing, now};
use rules::{NetworkId, Reason};
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until, timeout};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use zeroize::Zeroize as _;

use crate::admission::{Admission, Full, InFlight};
use crate::card_vault::CardVault;
use crate::demo::LoadTicket;
use crate::events::{Notice, Notices};
use crate::kept_states::KeptStates;
use crate::key_exchange::KeyExchange;
use crate::link::{Late, Link, Received, Surroundings, WaitingRequest};
use crate::link_status::{LinkStatus, LinkStatuses};
use crate::operations::OperatorTicket;
use crate::port::Port;
use crate::rulebook::Rulebook;
use crate::session::{Event, Purpose, Session, SessionOptions, Stand};
use crate::settings;
use crate::telemetry::{self, LinkMetrics, Stage};
use crate::totals::SharedTotals;

mod keep_alive;
mod own_requests;
mod totals;

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

/// Who hears of a command.
#[derive(Debug)]
pub enum SwitchTicket {
    /// A link that has a request waiting.
    Link(Box<LinkTicket>),
    /// A load.
    Load(LoadTicket),
    /// An operator.
    Operator(OperatorTicket),
    /// Nobody.
    Unattended,
}

/// A request that waits for the ledger, and the way back to its link.
#[derive(Debug)]
pub struct LinkTicket {
    request: WaitingRequest,
    submitted: Timestamp,
    replies: mpsc::Sender<Reply>,
}

/// What a link hears of one of its requests.
#[derive(Debug)]
enum Reply {
    /// The ledger has decided it, or has not.
    Decided {
        request: WaitingRequest,
        submitted: Timestamp,
        result: Result<(Durable<Outcome>, Timing), Undecided>,
    },
    /// The totals have everything that was answered before it, or have not in time.
    Counted {
        request: WaitingRequest,
        in_time: bool,
    },
}

impl From<LoadTicket> for SwitchTicket {
    fn from(ticket: LoadTicket) -> Self {
        Self::Load(ticket)
    }
}

impl Ticket for SwitchTicket {
    fn unattended() -> Self {
        Self::Unattended
    }

    fn decided(self, outcome: Durable<Outcome>, timing: Timing) {
        match self {
            Self::Link(ticket) => ticket.reply(Ok((outcome, timing))),
            Self::Load(ticket) => ticket.decided(outcome, timing),
            Self::Operator(ticket) => ticket.decided(outcome, timing),
            Self::Unattended => {}
        }
    }

    fn undecided(self, undecided: Undecided) {
        match self {
            Self::Link(ticket) => ticket.reply(Err(undecided)),
            Self::Load(ticket) => ticket.undecided(undecided),
            Self::Operator(ticket) => ticket.undecided(undecided),
            Self::Unattended => {}
        }
    }
}

impl LinkTicket {
    fn reply(self, result: Result<(Durable<Outcome>, Timing), Undecided>) {
        let Self {
            request,
            submitted,
            replies,
        } = self;
        // There is room: a link submits no more than the queue holds. A link that has gone takes no
        // answer; the network will repeat and get the stored one.
        let reply = Reply::Decided {
            request,
            submitted,
            result,
        };
        if replies.try_send(reply).is_err() {
            telemetry::answer_without_link();
        }
    }
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
        network: name.unwrap_or_default(),
        link: None,
        data: json!({ "peer": peer.to_string(), "bound": bound }),
    });
}

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
    let told = |kind, data| {
        shared.notices.tell(Notice {
            time: now(),
            kind,
            network: name.clone(),
            link: Some(status.number()),
            data,
        });
    };
    told(
        "link.connected",
        json!({ "peer": peer.to_string(), "side": port.side.as_str() }),
    );
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
    told("link.closed", json!({ "reason": reason }));
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

    /// Hands every complete frame to the link.
    fn take_frames(&mut self) -> Result<(), &'static str> {
        let networks = self.shared.rulebook.networks();
        let Some(plan) = networks.plan(self.network) else {
            return Err("network removed");
        };
        let rules = self.shared.rulebook.rules();
        let submitter = &self.shared.submitter;
        let views = submitter.views();
        loop {
            let frame = match self.reader.next_whole_frame() {
                Ok(Some(frame)) => frame,
                Ok(None) => {
                    self.begun = match self.begun {
                        _ if !self.reader.has_partial_frame() => None,
                        Some(begun) => Some(begun),
                        None => Some(Instant::now()),
                    };
                    return Ok(());
                }
                Err(error) => {
                    tracing::warn!(network = plan.network.name, %error, "framing lost");
                    self.metrics.framing_lost();
                    return Err("framing lost");
                }
            };
            // What follows it is another frame.
            self.begun = None;
            self.metrics.received();
            self.status.received();
            let received = now();
            let around = Surroundings {
                plan,
                rules: &rules,
                vault: &self.shared.vault,
                books: &|lookups| views.related(lookups),
                holder: &|card| match views.card(card)? {
                    Some(card) => views.customer(card.facts.holder),
                    None => Ok(None),
                },
                keys: self.shared.keys.as_ref(),
                has_room: self.in_flight.has_room(submitter.waiting())
                    && (self.in_flight.goes_ahead() || submitter.lets_in_more()),
                now: received,
            };
            let mut report = |anomaly| telemetry::anomaly(&plan.network.name, &anomaly);
            let message = self.link.decode(frame, &around, &mut self.out, &mut report);
            let taken = match message {
                Ok(incoming) => {
                    let decoded = now();
                    self.metrics.passed(Stage::Decode, received, decoded);
                    let taken = self
                        .link
                        .take(incoming, &around, &mut self.out, &mut report);
                    self.metrics.passed(Stage::Checks, decoded, now());
                    taken
                }
                Err(not_a_message) => not_a_message,
            };
            self.follow(taken, received);
        }
    }

    /// Does what the link said about a frame.
    fn follow(&mut self, taken: Received, received: Timestamp) {
        match taken {
            Received::Submit {
                command,
                deadline,
                request,
            } => {
                let Some(lane) = self.in_flight.begin(self.shared.submitter.waiting()) else {
                    let reason = Reason::Overloaded;
                    self.status.answered();
                    self.refuse(&request, Undecided { reason });
                    return;
                };
                self.metrics.submitted();
                let ticket = SwitchTicket::Link(Box::new(LinkTicket {
                    request,
                    submitted: now(),
                    replies: self.replies_in.clone(),
                }));
                let deadline = Some(deadline);
                let submission = Submission {
                    command,
                    deadline,
                    ticket,
                };
                self.shared.submitter.submit(submission, lane);
            }
            Received::Reconcile(request) => self.reconcile(request),
            // Nobody is told what comes of it.
            Received::Note(command) => {
                let submission = Submission {
                    command,
                    deadline: Some(received.plus_us(LOOKUP_GOOD_US)),
                    ticket: SwitchTicket::Unattended,
                };
                self.shared.submitter.submit(submission, Lane::Behind);
            }
            Received::Answered {
                response_code,
                reason,
            } => {
                self.status.answered();
                self.metrics
                    .answered(response_code.as_str(), reason, received);
            }
            Received::Ignored(why) => self.metrics.ignored(why),
        }
    }

    fn answer(&mut self, reply: Reply) {
        self.in_flight.end();
        self.metrics.returned(1);
        self.status.answered();
        let (request, submitted, result) = match reply {
            Reply::Decided {
                request,
                submitted,
                result,
            } => (request, submitted, result),
            Reply::Counted { request, in_time } => return self.counted(&request, in_time),
        };
        let request = &request;
        let (outcome, timing) = match result {
            Ok(decided) => decided,
            Err(undecided) => return self.refuse(request, undecided),
        };
        if let Some(decided) = outcome.get().decided()
            && let Some(late) = request.late(decided, timing.durable)
        {
            telemetry::late_approval(request, decided.id, late);
            if late == Late::Suppressed {
                return;
            }
        }
        match request.answer(&outcome, &mut self.out) {
            Ok(answered) => {
                telemetry::decision(request, &answered);
                self.link.sent(request, &answered);
                let code = answered.response_code;
                self.metrics
                    .answered(code.as_str(), answered.reason, request.received);
            }
            Err(anomaly) => telemetry::anomaly(request.network(), &anomaly),
        }
        self.metrics.passed(Stage::Queue, submitted, timing.taken);
        self.metrics
            .passed(Stage::Decide, timing.taken, timing.decided);
        self.metrics
            .passed(Stage::Commit, timing.decided, timing.durable);
        self.metrics.passed(Stage::Encode, timing.durable, now());
    }

    fn refuse(&mut self, request: &WaitingRequest, undecided: Undecided) {
        match request.refuse(undecided, &mut self.out) {
            Ok(answered) => {
                telemetry::decision(request, &answered);
                self.link.sent(request, &answered);
                let code = answered.response_code;
                self.metrics
                    .answered(code.as_str(), answered.reason, request.received);
            }
            Err(anomaly) => telemetry::anomaly(request.network(), &anomaly),
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

/// Returns when a frame that has begun should have ended.
async fn frame_overdue(begun: Option<Instant>, bounds: settings::Links) {
    if let Some(begun) = begun {
        sleep_until(begun + Duration::from_millis(bounds.frame_timeout_ms)).await;
    }
}

/// The end of a link: it stays open until it has been quiet, or until its time is over.
struct Drain {
    quiet: Duration,
    last_heard: Instant,
    limit: Instant,
}

impl Drain {
    fn begin(bounds: settings::Links) -> Self {
        let now = Instant::now();
        Self {
            quiet: Duration::from_millis(bounds.drain_quiet_ms),
            last_heard: now,
            limit: now + Duration::from_millis(bounds.drain_limit_ms),
        }
    }

    fn heard(&mut self) {
        let now = Instant::now();
        self.last_heard = now;
    }

    /// Whether nothing more is read.
    fn is_late(&self) -> bool {
        Instant::now() >= self.limit
    }

    /// Returns when it is over; while an answer to a request of our own is waited for, not before its time is.
    async fn over(drain: Option<&Self>, waiting: bool) {
        if let Some(drain) = drain {
            let quiet = (drain.last_heard + drain.quiet).min(drain.limit);
            sleep_until(if waiting { drain.limit } else { quiet }).await;
        }
    }
}
