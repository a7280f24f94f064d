//! One TCP link to the switch: frames out, frames in. Owns the socket; must never look into a
//! message.

use std::time::Duration;

use bytes::BytesMut;
use codec::{Frame, FrameReader, FrameTooLong, Framing};
use thiserror::Error;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{Instant, timeout, timeout_at};

/// Why a link cannot be used.
#[derive(Debug, Error)]
pub enum LinkError {
    /// No connection.
    #[error("no connection to {target}: {reason}")]
    NotConnected {
        /// Host and port.
        target: String,
        /// What the system says.
        reason: String,
    },
    /// The peer took no bytes.
    #[error("the link does not take the message: {0}")]
    NotSent(String),
    /// The switch does not connect.
    #[error("the switch has not connected to {address} within {limit_ms} ms")]
    NobodyConnects {
        /// Where it was waited for.
        address: String,
        /// How long.
        limit_ms: u128,
    },
    /// The sign-on was not accepted.
    #[error("the sign-on: {0}")]
    NotSignedOn(String),
    /// The body does not fit a frame.
    #[error(transparent)]
    TooLong(#[from] FrameTooLong),
}

/// The other end of the links.
#[derive(Clone, Copy, Debug)]
pub enum Peer<'a> {
    /// The switch listens there (host and port).
    Listens(&'a str),
    /// The switch connects to this.
    Connects(&'a TcpListener),
}

/// What waiting for a frame brought.
#[derive(Debug)]
pub enum Received {
    /// One frame without its length.
    Frame(Frame),
    /// The peer closed or reset the link.
    Closed,
    /// Nothing until the deadline.
    Nothing,
    /// The length header announces more than a frame may have; the link cannot be read on.
    Lost(String),
}

/// An open link.
#[derive(Debug)]
pub struct Link {
    stream: TcpStream,
    framing: Framing,
    reader: FrameReader,
}

impl Link {
    /// Opens a link: connects, or waits for the switch to connect.
    ///
    /// # Errors
    /// [`LinkError`] when refused, unknown or not done within `limit`.
    pub async fn open(
        peer: Peer<'_>,
        framing: Framing,
        limit: Duration,
    ) -> Result<Self, LinkError> {
        let stream = match peer {
            Peer::Listens(target) => connected(target, limit).await?,
            Peer::Connects(listener) => accepted(listener, limit).await?,
        };
        // Without it messages only arrive later.
        drop(stream.set_nodelay(true));
        Ok(Self {
            stream,
            framing,
            reader: FrameReader::new(framing),
        })
    }

    /// Sends a body in one frame.
    ///
    /// # Errors
    /// [`LinkError`] when the body is too long or the peer takes no bytes.
    pub async fn send_frame(&mut self, body: &[u8]) -> Result<(), LinkError> {
        let mut frame = BytesMut::new();
        self.framing.write(&mut frame, |out| {
            out.extend_from_slice(body);
            Ok::<(), FrameTooLong>(())
        })?;
        self.send_bytes(&frame).await
    }

    /// Sends a body in one frame that answers a frame with this header.
    ///
    /// # Errors
    /// [`LinkError`] when the body is too long or the peer takes no bytes.
    pub async fn send_reply(&mut self, header: &[u8], body: &[u8]) -> Result<(), LinkError> {
        let mut frame = BytesMut::new();
        self.framing.write_reply(&mut frame, header, |out| {
            out.extend_from_slice(body);
            Ok::<(), FrameTooLong>(())
        })?;
        self.send_bytes(&frame).await
    }

    /// Sends bytes as they are, without a frame.
    ///
    /// # Errors
    /// [`LinkError::NotSent`] when the peer takes no bytes.
    pub async fn send_bytes(&mut self, bytes: &[u8]) -> Result<(), LinkError> {
        self.stream
            .write_all(bytes)
            .await
            .map_err(|error| LinkError::NotSent(error.to_string()))
    }

    /// Waits for the next frame until `deadline`; empty frames (polls) and those that control the session are
    /// passed over.
    pub async fn receive(&mut self, deadline: Instant) -> Received {
        loop {
            match self.reader.next_whole_frame() {
                Ok(Some(frame)) if frame.control != 0 || frame.body.is_empty() => continue,
                Ok(Some(frame)) => return Received::Frame(frame),
                Ok(None) => {}
                Err(error) => return Received::Lost(error.to_string()),
            }
            match timeout_at(deadline, self.stream.read(self.reader.spare())).await {
                Ok(Ok(0) | Err(_)) => return Received::Closed,
                Ok(Ok(count)) => self.reader.filled(count),
                Err(_elapsed) => return Received::Nothing,
            }
        }
    }
}

async fn connected(target: &str, limit: Duration) -> Result<TcpStream, LinkError> {
    let failed = |reason: String| LinkError::NotConnected {
        target: target.to_owned(),
        reason,
    };
    match timeout(limit, TcpStream::connect(target)).await {
        Ok(Ok(stream)) => Ok(stream),
        Ok(Err(error)) => Err(failed(error.to_string())),
        Err(_elapsed) => Err(failed(format!("not within {} ms", limit.as_millis()))),
    }
}

async fn accepted(listener: &TcpListener, limit: Duration) -> Result<TcpStream, LinkError> {
    match timeout(limit, listener.accept()).await {
        Ok(Ok((stream, _))) => Ok(stream),
        Ok(Err(_)) | Err(_) => Err(LinkError::NobodyConnects {
            address: listener
                .local_addr()
                .map_or_else(|error| error.to_string(), |address| address.to_string()),
            limit_ms: limit.as_millis(),
        }),
    }
}
