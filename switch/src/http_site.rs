//! HTTP on tokio: the shell around the routes of [`http`](crate::http).
//!
//! Owns: accepting, and the bounds of a peer that means no good: connections, the size and time of a request, the time of
//! an answer. How long a route takes is its own business. Must never: let a peer keep a connection that does nothing, or
//! hold more of a request than its bound.

mod overdue;

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::{Request, StatusCode};
use axum::response::Response;
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::time::timeout;
use tower::ServiceExt as _;

use self::overdue::WriteBound;
use crate::http::{self, problem};
use crate::{server, settings, telemetry};

/// Longest head of a request, in bytes.
const HEAD_BYTES: usize = 16 << 10;

/// Longest body, in bytes: 256 records of a clearing file have room.
const BODY_BYTES: usize = 1 << 20;

/// HTTP, from the beginning of the process to its end. What it serves beside liveness is set once there
/// is something to serve.
pub(crate) struct HttpSite {
    address: SocketAddr,
    routes: Arc<OnceLock<Router>>,
}

impl HttpSite {
    /// Listens, and serves liveness on the runtime that this is called in.
    ///
    /// # Errors
    /// What the system answers, with the address.
    pub(crate) fn open(listen: SocketAddr, bounds: settings::Http) -> anyhow::Result<Self> {
        let listener = server::bind(listen)?;
        let address = listener.local_addr()?;
        let routes = Arc::new(OnceLock::new());
        let site = http::site(Arc::clone(&routes));
        tokio::spawn(accept(listener, site, bounds));
        Ok(Self { address, routes })
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Serves these as well, from now on.
    pub(crate) fn set_routes(&self, routes: Router) {
        if self.routes.set(routes).is_err() {
            tracing::error!("the routes of HTTP were set before");
        }
    }
}

/// Accepts connections, each as a task of its own, until the runtime ends.
async fn accept(listener: TcpListener, site: Router, bounds: settings::Http) {
    let room = Arc::new(Semaphore::new(bounds.maximum_connections));
    loop {
        let Some((stream, _)) = server::accepted(&listener).await else {
            continue;
        };
        let Ok(place) = Arc::clone(&room).try_acquire_owned() else {
            telemetry::http_refused();
            continue;
        };
        let site = site.clone();
        tokio::spawn(async move {
            serve(stream, site, bounds).await;
            drop(place);
        });
    }
}

/// Serves one connection to its end.
async fn serve(stream: TcpStream, site: Router, bounds: settings::Http) {
    if let Err(error) = stream.set_nodelay(true) {
        tracing::warn!(%error, "HTTP may answer late");
    }
    let patience = Duration::from_millis(bounds.read_timeout_ms);
    let answer = service_fn(move |request| answer(site.clone(), request, patience));
    let stream = WriteBound::new(stream, Duration::from_millis(bounds.write_timeout_ms));
    let served = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(patience)
        .max_buf_size(HEAD_BYTES)
        .serve_connection(TokioIo::new(stream), answer);
    if let Err(error) = served.await {
        tracing::debug!(%error, "an HTTP connection was not served to its end");
    }
}

/// Takes the whole request, then has it answered: no route waits for its peer.
async fn answer(
    site: Router,
    request: Request<Incoming>,
    patience: Duration,
) -> Result<Response, Infallible> {
    let (head, body) = request.into_parts();
    let body = match timeout(patience, Limited::new(body, BODY_BYTES).collect()).await {
        Ok(Ok(body)) => body.to_bytes(),
        Ok(Err(error)) if error.is::<LengthLimitError>() => {
            let detail = format!("expected at most {BODY_BYTES} bytes");
            return Ok(problem(StatusCode::PAYLOAD_TOO_LARGE, &detail));
        }
        Ok(Err(_)) => {
            let detail = "the body of the request cannot be read";
            return Ok(problem(StatusCode::BAD_REQUEST, detail));
        }
        Err(_) => {
            let detail = "the request did not end in time";
            return Ok(problem(StatusCode::REQUEST_TIMEOUT, detail));
        }
    };
    site.oneshot(Request::from_parts(head, Body::from(body)))
        .await
}
