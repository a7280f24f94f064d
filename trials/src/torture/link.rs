//! A network's end of a link: several requests under way over a plain TCP stream.
//!
//! Owns: sending at its pace, receiving, and noting both. A link that is cut is no failure, it is what the
//! torture is about; an answer that cannot be read, or that nobody asked for, is one. Must never: choose
//! what to send.

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::{Context as _, bail};
use codec::{Dialect, FrameReader, Message};

use super::clock::{PATIENCE, instant};
use super::records::{Records, SendingNumber, Serial};
use super::traffic::{self, Choice};
use super::wire;
use crate::random::Random;

/// Requests that a link has under way.
const WINDOW: usize = 8;
/// How far a link that could not send for a while catches up.
const CATCH_UP: Duration = Duration::from_millis(20);

/// What all links share.
#[derive(Debug)]
pub(super) struct Shared<'a> {
    pub(super) dialect: &'a Dialect,
    pub(super) records: &'a Mutex<Records>,
    /// Whether nothing new is sent.
    pub(super) stop: &'a AtomicBool,
    /// Time between two requests of a link.
    pub(super) interval: Duration,
}

impl<'a> Shared<'a> {
    pub(super) fn records(&self) -> MutexGuard<'a, Records> {
        self.records.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A link of the generic network.
#[derive(Debug)]
pub(super) struct Link<'a> {
    shared: &'a Shared<'a>,
    number: usize,
    stream: TcpStream,
    reader: FrameReader,
    under_way: Vec<(Serial, SendingNumber)>,
}

/// What a read brought.
enum Received {
    Message(Box<Message>),
    Nothing,
    Closed,
}

impl<'a> Link<'a> {
    /// Connects; none when nobody listens any more.
    pub(super) fn connect(
        shared: &'a Shared<'a>,
        number: usize,
        address: SocketAddr,
    ) -> anyhow::Result<Option<Self>> {
        let Ok(stream) = TcpStream::connect(address) else {
            return Ok(None);
        };
        stream.set_nodelay(true)?;
        stream.set_write_timeout(Some(PATIENCE))?;
        Ok(Some(Self {
            shared,
            number,
            stream,
            reader: FrameReader::new(shared.dialect.framing()),
            under_way: Vec::new(),
        }))
    }

    /// Sends what the traffic chooses until it is told to stop and everything is answered, or until the
    /// link is cut.
    pub(super) fn load(mut self, random: &mut Random) -> anyhow::Result<()> {
        // In bursts, so that a blow finds requests under way even where each is answered fast.
        let (mut next, mut burst, mut pause_after) = (instant(), 0, Duration::ZERO);
        loop {
            let stopping = self.shared.stop.load(Ordering::Acquire);
            if stopping && self.under_way.is_empty() {
                return Ok(());
            }
            let now = instant();
            let full = stopping || self.under_way.len() >= WINDOW;
            if !full && now >= next {
                if burst == 0 {
                    burst = 1 + u32::try_from(random.below(WINDOW))?;
                }
                let choice = {
                    let transmission = transmission()?;
                    let mut records = self.shared.records();
                    traffic::choose(&mut records, self.number, transmission, random)
                };
                if !self.send(choice)? {
                    return Ok(());
                }
                burst -= 1;
                pause_after += self.shared.interval;
                if burst == 0 {
                    next = (next + pause_after).max(now.checked_sub(CATCH_UP).unwrap_or(now));
                    pause_after = Duration::ZERO;
                }
                continue;
            }
            let wait = if full { PATIENCE } else { next - now };
            match self.receive(wait)? {
                Received::Message(answer) => self.note(&answer)?,
                Received::Closed => return Ok(()),
                Received::Nothing if full => bail!("no answer came for {PATIENCE:?}"),
                Received::Nothing => {}
            }
        }
    }

    /// Sends messages one after the other as repeats, and waits for each answer. Returns how many were
    /// answered; fewer when the link was cut.
    pub(super) fn repeat(&mut self, serials: &[Serial]) -> anyhow::Result<usize> {
        for (place, serial) in serials.iter().enumerate() {
            let choice = Choice {
                serial: *serial,
                repeat: true,
            };
            if !self.send(choice)? {
                return Ok(place);
            }
            match self.receive(PATIENCE)? {
                Received::Message(answer) => self.note(&answer)?,
                Received::Closed => return Ok(place),
                Received::Nothing => bail!("no answer came for {PATIENCE:?}"),
            }
        }
        Ok(serials.len())
    }

    /// Sends a message; false when the link is cut.
    fn send(&mut self, choice: Choice) -> anyhow::Result<bool> {
        let frame = {
            let mut records = self.shared.records();
            let frame = wire::frame(self.shared.dialect, &records, choice.serial, choice.repeat)?;
            // From here on the switch may have it.
            self.under_way
                .push((choice.serial, records.call(choice.serial)));
            frame
        };
        Ok(self.stream.write_all(&frame).is_ok())
    }

    fn receive(&mut self, wait: Duration) -> anyhow::Result<Received> {
        self.stream
            .set_read_timeout(Some(wait.max(Duration::from_millis(1))))?;
        loop {
            if let Some(frame) = self.reader.next_frame().context("framing of an answer")? {
                let answer = self.shared.dialect.decode(frame);
                let answer = answer.map_err(|undecodable| undecodable.error);
                return Ok(Received::Message(Box::new(answer.context("an answer")?)));
            }
            match self.stream.read(self.reader.spare()) {
                Ok(0) => return Ok(Received::Closed),
                Ok(count) => self.reader.filled(count),
                Err(error)
                    if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) =>
                {
                    return Ok(Received::Nothing);
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                // A killed switch resets its links.
                Err(_) => return Ok(Received::Closed),
            }
        }
    }

    fn note(&mut self, answer: &Message) -> anyhow::Result<()> {
        let (serial, heard) = wire::read(answer)?;
        let place = self
            .under_way
            .iter()
            .position(|(asked, _)| *asked == serial);
        let place =
            place.with_context(|| format!("an answer to message {}, not asked", serial.0))?;
        let (_, sending) = self.under_way.remove(place);
        self.shared.records().hear(sending, heard);
        Ok(())
    }
}

/// The time as DE7 shows it.
fn transmission() -> anyhow::Result<u64> {
    ledger::runtime::now()
        .transmission_date_time()
        .context("the clock has no date")
}
