//! One connection on tokio: the shell around [`Session`].
//!
//! Owns: the socket, and connecting again when it was lost. Must never: wait for the peer with sending what
//! is due, or hold the recorder while waiting.

use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::{Buf as _, BytesMut};
use codec::FrameReader;
use tokio::io::Interest;
use tokio::net::TcpStream;

use crate::clock::{Clock, Timer};
use crate::management;
use crate::opening::Opening;
use crate::recorder::Recorder;
use crate::session::Session;

/// How long a connection may take, and how long to wait before the next attempt.
const CONNECT: Duration = Duration::from_millis(250);

/// How long answers are still read after the last message was answered or given up, to see duplicates.
const LINGER: Duration = Duration::from_millis(200);

/// One connection of a run.
#[derive(Debug)]
pub(crate) struct Link {
    pub(crate) opening: Opening,
    pub(crate) clock: Clock,
    pub(crate) recorder: Arc<Mutex<Recorder>>,
    pub(crate) session: Session,
    pub(crate) timer: Timer,
}

/// The recorder; a panic elsewhere does not make its counters worse.
pub(crate) fn lock(recorder: &Mutex<Recorder>) -> MutexGuard<'_, Recorder> {
    recorder.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Why a connection is no longer served.
enum End {
    /// Everything was sent, and answered or given up.
    Finished,
    /// The connection is gone.
    Lost,
}

impl Link {
    /// Plays the session to its end.
    ///
    /// # Errors
    /// When the timer fails; a lost connection is counted and opened again.
    pub(crate) async fn run(mut self, first: TcpStream) -> io::Result<()> {
        self.timer.sleep(self.clock.until_start()).await?;
        let mut stream = Some(first);
        loop {
            match stream.take() {
                Some(stream) => match self.serve(&stream).await? {
                    End::Finished => return Ok(()),
                    End::Lost => lock(&self.recorder).connections_lost += 1,
                },
                None => {
                    if self.pass_time().is_none() {
                        return Ok(());
                    }
                    stream = match self.opening.open(CONNECT).await {
                        Ok(stream) => Some(stream),
                        Err(_refused) => {
                            self.timer.sleep(CONNECT).await?;
                            None
                        }
                    };
                    self.pass_time();
                }
            }
        }
    }

    /// Without a connection what is due passes unsent. `None` when nothing is left to wait for.
    fn pass_time(&mut self) -> Option<u64> {
        let now_ns = self.clock.now_ns();
        let mut recorder = lock(&self.recorder);
        self.session.skip_due(now_ns, &mut recorder);
        self.session.expire(now_ns, &mut recorder);
        self.session.next_event_ns()
    }

    async fn serve(&mut self, stream: &TcpStream) -> io::Result<End> {
        let mut reader = FrameReader::new(self.opening.dialect.framing());
        let mut out = BytesMut::with_capacity(64 * 1024);
        let mut lingering_since_ns = None;
        let linger_ns = crate::plan::nanoseconds(LINGER);
        loop {
            let now_ns = self.clock.now_ns();
            let next_ns = {
                let mut recorder = lock(&self.recorder);
                self.session.send_due(now_ns, &mut out, &mut recorder);
                self.session.expire(now_ns, &mut recorder);
                self.session.next_event_ns()
            };
            if send(stream, &mut out).is_err() {
                return Ok(End::Lost);
            }
            let next_ns = match next_ns {
                Some(next_ns) => next_ns,
                None => *lingering_since_ns.get_or_insert(now_ns) + linger_ns,
            };
            if lingering_since_ns.is_some() && next_ns <= now_ns {
                return Ok(End::Finished);
            }
            self.timer.set(Duration::from_nanos(
                next_ns.saturating_sub(self.clock.now_ns()),
            ))?;
            let interest = match out.is_empty() {
                true => Interest::READABLE,
                false => Interest::READABLE | Interest::WRITABLE,
            };
            tokio::select! {
                ready = stream.ready(interest) => {
                    let readable = ready.is_ok_and(|ready| ready.is_readable() || ready.is_error());
                    if readable && self.read(stream, &mut reader, &mut out).is_err() {
                        return Ok(if lingering_since_ns.is_some() { End::Finished } else { End::Lost });
                    }
                }
                expired = self.timer.expired() => expired?,
            }
        }
    }

    /// Reads what is there and hands over the frames; what the switch asks of its peer is answered. An error means that
    /// the connection is of no more use.
    fn read(
        &mut self,
        stream: &TcpStream,
        reader: &mut FrameReader,
        out: &mut BytesMut,
    ) -> io::Result<()> {
        loop {
            let count = match stream.try_read(reader.spare()) {
                Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
                Ok(count) => count,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
                Err(error) => return Err(error),
            };
            reader.filled(count);
            let now_ns = self.clock.now_ns();
            let mut recorder = lock(&self.recorder);
            while let Some(frame) = reader.next_whole_frame().map_err(io::Error::other)? {
                if frame.control != 0 {
                    continue;
                }
                let asked = self.session.receive(frame.body, now_ns, &mut recorder);
                if let Some(asked) = asked {
                    management::answer(&self.opening.dialect, &frame.header, &asked, out)
                        .map_err(io::Error::other)?;
                }
            }
        }
    }
}

/// Hands the socket as much as it takes at once.
fn send(stream: &TcpStream, out: &mut BytesMut) -> io::Result<()> {
    while !out.is_empty() {
        match stream.try_write(out) {
            Ok(count) => out.advance(count),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
            Err(error) => return Err(error),
        }
    }
    // What was sent is gone from the front; begin again there.
    out.clear();
    Ok(())
}
