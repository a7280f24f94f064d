//! Captures of network traffic: the TCP payload of pcap and pcapng files, per direction and in order.
//!
//! Owns reading the file block by block and the report about what could not be read. Must never hold more than its
//! limits say, however long the capture is, nor fail on one that is cut off or misses segments: that is reported.

mod packet;
mod streams;

use std::io::Read;
use std::net::SocketAddr;

use pcap_parser::traits::PcapNGPacketBlock as _;
use pcap_parser::{Block, Linktype, PcapBlockOwned, PcapError, create_reader};

use packet::{Skip, segment};
use streams::Streams;

/// Bytes of the file held at first. A packet is at most 256 KiB in practice.
const BUFFER_BYTES: usize = 1 << 20;
/// Bytes of the file held at most: no block may be longer.
const MOST_BUFFER_BYTES: usize = 1 << 24;
/// Most interfaces of one section of a pcapng file.
const MOST_INTERFACES: usize = 4096;
/// Magic number of a pcap file with nanoseconds.
const NANOSECONDS: u32 = 0xA1B2_3C4D;

/// What reading a capture may hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CaptureLimits {
    /// Streams (directions of connections) at the same time. The ones seen longest ago are ended when there are more.
    pub streams: usize,
    /// Bytes held of one stream while bytes before them are awaited. Beyond it those are given up as missing.
    pub stream_bytes: usize,
    /// The same over all streams.
    pub total_bytes: usize,
}

impl Default for CaptureLimits {
    fn default() -> Self {
        Self {
            streams: 16_384,
            stream_bytes: 1 << 20,
            total_bytes: 1 << 26,
        }
    }
}

/// One direction of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stream {
    /// Number of the stream in the order of first sight, from 1: a connection that is opened again has others.
    pub number: u64,
    /// Who sends.
    pub source: SocketAddr,
    /// Who receives.
    pub destination: SocketAddr,
}

/// What happens to a stream, in the order of the capture.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum CaptureEvent<'a> {
    /// The stream is seen first.
    Started {
        /// Which.
        stream: Stream,
        /// Its opening is in the capture; otherwise its first bytes may be the middle of a message.
        whole: bool,
    },
    /// The next bytes.
    Data {
        /// Of which stream.
        stream: Stream,
        /// When the packet was captured, microseconds since 1970.
        time_us: u64,
        /// The bytes.
        bytes: &'a [u8],
    },
    /// Bytes that the capture does not hold stand between the ones before and the ones after.
    Missing {
        /// Of which stream.
        stream: Stream,
        /// How many.
        bytes: u64,
    },
    /// No further bytes come.
    Ended {
        /// Which.
        stream: Stream,
    },
}

/// Prints how many bytes, never which: they hold cards.
impl std::fmt::Debug for CaptureEvent<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Started { stream, whole } => {
                write!(f, "{} started, whole {whole}", stream.number)
            }
            Self::Data { stream, bytes, .. } => {
                write!(f, "{} data [{}]", stream.number, bytes.len())
            }
            Self::Missing { stream, bytes } => write!(f, "{} missing [{bytes}]", stream.number),
            Self::Ended { stream } => write!(f, "{} ended", stream.number),
        }
    }
}

/// How a capture ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CaptureEnd {
    /// After its last block.
    #[default]
    Complete,
    /// Inside of a block.
    Cut,
    /// At a block that is not of the format, or longer than 16 MiB.
    Damaged,
}

/// What was read and what was passed over.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CaptureReport {
    /// Packets in the file.
    pub packets: u64,
    /// Of these, TCP segments that were taken.
    pub segments: u64,
    /// Packets of a link layer that is not read, or of an interface that was not described.
    pub other_links: u64,
    /// Packets that are not TCP over IP.
    pub not_tcp: u64,
    /// Fragments of IP packets: their bytes are missing.
    pub fragments: u64,
    /// Packets cut before the end of their TCP header.
    pub headers_cut: u64,
    /// Packets whose payload was cut.
    pub payloads_cut: u64,
    /// Bytes reported as missing.
    pub missing_bytes: u64,
    /// How the file ended.
    pub end: CaptureEnd,
}

/// A capture that cannot be read at all.
#[derive(Debug, thiserror::Error)]
pub enum CaptureError {
    /// Neither pcap nor pcapng.
    #[error("not a capture: expected the header of a pcap or pcapng file")]
    NotACapture,
    /// The reader failed.
    #[error("the capture cannot be read")]
    Read,
}

/// Reads a capture to its end, telling `on_event` what each stream carries.
///
/// # Errors
/// [`CaptureError`] when it is no capture, or reading fails. One that is cut off or damaged ends early, as the report
/// says.
pub fn read_capture<R: Read + Send>(
    reader: R,
    limits: CaptureLimits,
    mut on_event: impl FnMut(CaptureEvent<'_>),
) -> Result<CaptureReport, CaptureError> {
    let mut blocks = create_reader(BUFFER_BYTES, Whole(reader)).map_err(|error| match error {
        PcapError::ReadError => CaptureError::Read,
        PcapError::Eof
        | PcapError::BufferTooSmall
        | PcapError::UnexpectedEof
        | PcapError::Incomplete(_)
        | PcapError::HeaderNotRecognized
        | PcapError::NomError(..)
        | PcapError::OwnedNomError(..) => CaptureError::NotACapture,
    })?;
    let mut capture = Capture {
        links: Links::default(),
        streams: Streams::new(limits),
        report: CaptureReport::default(),
    };
    let mut capacity = BUFFER_BYTES;
    let mut asked_at = None;
    let end = loop {
        match blocks.next() {
            Ok((length, block)) => {
                capture.block(&block, &mut on_event);
                blocks.consume(length);
            }
            Err(PcapError::Eof) => break CaptureEnd::Complete,
            Err(PcapError::UnexpectedEof) => break CaptureEnd::Cut,
            Err(PcapError::Incomplete(_)) => {
                // Asking again at the same place without an answer means that there is none.
                let at = (blocks.position(), capture.report.packets);
                if asked_at.replace(at) == Some(at) && blocks.reader_exhausted() {
                    break CaptureEnd::Cut;
                }
                blocks.refill().map_err(|_error| CaptureError::Read)?;
            }
            Err(PcapError::BufferTooSmall) => {
                capacity = capacity.saturating_mul(2);
                if capacity > MOST_BUFFER_BYTES || !blocks.grow(capacity) {
                    break CaptureEnd::Damaged;
                }
                blocks.refill().map_err(|_error| CaptureError::Read)?;
            }
            Err(PcapError::ReadError) => return Err(CaptureError::Read),
            Err(
                PcapError::HeaderNotRecognized
                | PcapError::NomError(..)
                | PcapError::OwnedNomError(..),
            ) => break CaptureEnd::Damaged,
        }
    };
    capture.streams.finish(&mut capture.report, &mut on_event);
    capture.report.end = end;
    Ok(capture.report)
}

/// Fills the whole buffer where it can: the format is recognized from what the first read gives.
struct Whole<R>(R);

impl<R: Read> Read for Whole<R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let mut filled = 0_usize;
        while let Some(space) = buffer.get_mut(filled..).filter(|space| !space.is_empty()) {
            match self.0.read(space) {
                Ok(0) => break,
                Ok(count) => filled = filled.saturating_add(count),
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(filled)
    }
}

/// How the packets of the file are to be taken.
#[derive(Debug, Default)]
struct Links {
    /// Of a pcap file: link layer, and whether times are in nanoseconds.
    legacy: Option<(Linktype, bool)>,
    /// Of the current section of a pcapng file: link layer and units of time per second.
    interfaces: Vec<(Linktype, u64)>,
}

struct Capture {
    links: Links,
    streams: Streams,
    report: CaptureReport,
}

impl Capture {
    fn block(&mut self, block: &PcapBlockOwned<'_>, on_event: &mut impl FnMut(CaptureEvent<'_>)) {
        match block {
            PcapBlockOwned::LegacyHeader(header) => {
                let nanoseconds = header.magic_number == NANOSECONDS
                    || header.magic_number.swap_bytes() == NANOSECONDS;
                self.links.legacy = Some((header.network, nanoseconds));
            }
            PcapBlockOwned::Legacy(packet) => {
                let (link, nanoseconds) = match self.links.legacy {
                    Some((link, nanoseconds)) => (Some(link), nanoseconds),
                    None => (None, false),
                };
                let fraction = u64::from(packet.ts_usec);
                let fraction = if nanoseconds {
                    fraction / 1000
                } else {
                    fraction
                };
                let time_us = u64::from(packet.ts_sec).saturating_mul(1_000_000);
                self.packet(
                    link,
                    time_us.saturating_add(fraction),
                    packet.data,
                    on_event,
                );
            }
            PcapBlockOwned::NG(Block::SectionHeader(_)) => self.links.interfaces.clear(),
            PcapBlockOwned::NG(Block::InterfaceDescription(interface)) => {
                if self.links.interfaces.len() < MOST_INTERFACES {
                    let per_second = units_per_second(interface.if_tsresol);
                    self.links.interfaces.push((interface.linktype, per_second));
                }
            }
            PcapBlockOwned::NG(Block::EnhancedPacket(packet)) => {
                let index = usize::try_from(packet.if_id).unwrap_or(usize::MAX);
                let interface = self.links.interfaces.get(index).copied();
                let units = (u64::from(packet.ts_high) << 32) | u64::from(packet.ts_low);
                let per_second = interface.map_or(1_000_000, |(_, per_second)| per_second);
                let microseconds = u128::from(units)
                    .saturating_mul(1_000_000)
                    .checked_div(u128::from(per_second));
                let time_us = u64::try_from(microseconds.unwrap_or_default()).unwrap_or(u64::MAX);
                let link = interface.map(|(link, _)| link);
                self.packet(link, time_us, packet.packet_data(), on_event);
            }
            PcapBlockOwned::NG(Block::SimplePacket(packet)) => {
                let link = self.links.interfaces.first().map(|(link, _)| *link);
                self.packet(link, 0, packet.packet_data(), on_event);
            }
            PcapBlockOwned::NG(
                Block::NameResolution(_)
                | Block::InterfaceStatistics(_)
                | Block::SystemdJournalExport(_)
                | Block::DecryptionSecrets(_)
                | Block::ProcessInformation(_)
                | Block::Custom(_)
                | Block::Unknown(_),
            ) => {}
        }
    }

    fn packet(
        &mut self,
        link: Option<Linktype>,
        time_us: u64,
        data: &[u8],
        on_event: &mut impl FnMut(CaptureEvent<'_>),
    ) {
        let report = &mut self.report;
        let count = |counter: &mut u64| *counter = counter.saturating_add(1);
        count(&mut report.packets);
        match link.ok_or(Skip::Link).and_then(|link| segment(link, data)) {
            Ok(segment) => {
                count(&mut report.segments);
                if segment.missing_tail > 0 {
                    count(&mut report.payloads_cut);
                }
                self.streams.take(&segment, time_us, report, on_event);
            }
            Err(Skip::Link) => count(&mut report.other_links),
            Err(Skip::NotTcp) => count(&mut report.not_tcp),
            Err(Skip::Fragment) => count(&mut report.fragments),
            Err(Skip::HeaderCut) => count(&mut report.headers_cut),
        }
    }
}

/// The option `if_tsresol`: a negative power of ten, or of two where its first bit is set.
fn units_per_second(resolution: u8) -> u64 {
    let exponent = u32::from(resolution & 0x7F);
    let base: u64 = if resolution & 0x80 == 0 { 10 } else { 2 };
    base.checked_pow(exponent).unwrap_or(u64::MAX)
}
