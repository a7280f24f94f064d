//! One TCP link to the switch: frames out, frames in. Owns the socket; must never look into a
//! message.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use codec::{FrameReader, FrameTooLong, Framing};
use thiserror::Error;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
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
    /// The body does not fit a frame.
    #[error(transparent)]
    TooLong(#[from] FrameTooLong),
}

/// What waiting for a frame brought.
#[derive(Debug)]
pub enum Received {
    /// One frame without its length header.
    Frame(Bytes),
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
    /// Connects to `target` (host and port).
    ///
    /// # Errors
    /// [`LinkError::NotConnected`] when refused, unknown or not done within `limit`.
    pub async fn connect(
        target: &str,
        framing: Framing,
        limit: Duration,
    ) -> Result<Self, LinkError> {
        let failed = |reason: String| LinkError::NotConnected {
            target: target.to_owned(),
            reason,
        };
        let stream = match timeout(limit, TcpStream::connect(target)).await {
            Ok(Ok(stream)) => stream,
            Ok(Err(error)) => return Err(failed(error.to_string())),
            Err(_elapsed) => return Err(failed(format!("not within {} ms", limit.as_millis()))),
        };
        stream
            .set_nodelay(true)
            .map_err(|error| failed(error.to_string()))?;
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

    /// Waits for the next frame until `deadline`; empty frames (polls) are passed over.
    pub async fn receive(&mut self, deadline: Instant) -> Received {
        loop {
            match self.reader.next_frame() {
                Ok(Some(frame)) if frame.is_empty() => continue,
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
