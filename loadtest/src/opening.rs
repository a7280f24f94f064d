//! Opening a connection: TCP, from either side, then the sign-on where the network wants one.
//!
//! Owns: what comes before the first message that is measured. Must never: count or measure.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use bytes::BytesMut;
use codec::{Dialect, Element, EncodeError, FrameReader, Message, Mti};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;

use crate::management::{self, ACCEPTED};

/// STAN of the sign-on: one message on each connection, which meets no other.
const STAN: &str = "000001";

/// The other end of the connections.
#[derive(Clone, Debug)]
pub(crate) enum Peer {
    /// The switch listens there.
    Listens(Arc<str>),
    /// The switch connects to this.
    Connects(Arc<TcpListener>),
}

/// How connections are opened.
#[derive(Clone, Debug)]
pub(crate) struct Opening {
    /// The other end.
    pub(crate) peer: Peer,
    /// How messages are written.
    pub(crate) dialect: Arc<Dialect>,
    /// DE70 of the sign-on, and DE7 of it.
    pub(crate) sign_on: Option<(String, String)>,
}

impl Opening {
    /// Opens a connection without delayed sending, and signs on.
    pub(crate) async fn open(&self, limit: Duration) -> io::Result<TcpStream> {
        timeout(limit, self.opened())
            .await
            .map_err(|_elapsed| io::Error::from(io::ErrorKind::TimedOut))?
    }

    async fn opened(&self) -> io::Result<TcpStream> {
        let mut stream = match &self.peer {
            Peer::Listens(target) => TcpStream::connect(&**target).await?,
            Peer::Connects(listener) => listener.accept().await?.0,
        };
        stream.set_nodelay(true)?;
        let Some((code, transmission)) = &self.sign_on else {
            return Ok(stream);
        };
        let frame = self.request(code, transmission).map_err(io::Error::other)?;
        stream.write_all(&frame).await?;
        let mut reader = FrameReader::new(self.dialect.framing());
        let (mut signed_on, mut out) = (false, BytesMut::new());
        loop {
            while let Some(frame) = reader.next_whole_frame().map_err(io::Error::other)? {
                if frame.control != 0 || frame.body.is_empty() {
                    continue;
                }
                let message = self.dialect.decode(frame.body).map_err(io::Error::other)?;
                match accepted(&message) {
                    Some(true) => signed_on = true,
                    Some(false) => return Err(io::Error::other("the sign-on is not accepted")),
                    // The switch may ask for one of its own.
                    None => management::answer(&self.dialect, &frame.header, &message, &mut out)
                        .map_err(io::Error::other)?,
                }
            }
            stream.write_all(&out.split()).await?;
            if signed_on && !reader.has_partial_frame() {
                return Ok(stream);
            }
            match stream.read(reader.spare()).await? {
                0 => return Err(io::ErrorKind::UnexpectedEof.into()),
                count => reader.filled(count),
            }
        }
    }

    fn request(&self, code: &str, transmission: &str) -> Result<BytesMut, EncodeError> {
        let mut out = BytesMut::new();
        // The constant is a message type.
        let Ok(mti) = Mti::parse(b"0800") else {
            return Ok(out);
        };
        let mut encoder = self.dialect.encoder(mti);
        encoder.set(Element::TRANSMISSION_DATE_TIME, transmission);
        encoder.set(Element::STAN, STAN);
        encoder.set(Element::NETWORK_MANAGEMENT_CODE, code);
        let framing = self.dialect.framing();
        framing.write(&mut out, |out| encoder.write(out))?;
        Ok(out)
    }
}

/// Whether a message accepts the sign-on; `None` for one that is not its answer.
fn accepted(answer: &Message) -> Option<bool> {
    let ours = answer.text(Element::STAN) == Some(STAN) && answer.mti().response().is_none();
    ours.then(|| answer.text(Element::RESPONSE_CODE) == Some(ACCEPTED))
}
