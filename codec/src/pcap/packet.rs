//! From a captured packet to its TCP segment.
//!
//! Owns link layers and what a packet that was cut still says. Must never trust a length beyond the bytes that are there.

use std::net::SocketAddr;

use etherparse::{EtherType, LaxNetSlice, LaxSlicedPacket, TransportSlice, ip_number};
use pcap_parser::Linktype;

/// A TCP segment: a view of the packet.
#[derive(Clone, Copy)]
pub(super) struct Segment<'a> {
    pub(super) source: SocketAddr,
    pub(super) destination: SocketAddr,
    /// Sequence number of the segment, that of SYN included.
    pub(super) sequence: u32,
    pub(super) syn: bool,
    pub(super) fin: bool,
    pub(super) rst: bool,
    pub(super) payload: &'a [u8],
    /// Bytes of the payload that were sent and not captured.
    pub(super) missing_tail: u32,
}

/// Why a packet is passed over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Skip {
    Link,
    NotTcp,
    Fragment,
    HeaderCut,
}

/// Bytes in front of the IP header on a loopback interface.
const LOOPBACK_HEADER: usize = 4;
/// Header of the Linux cooked capture, version 1; the protocol is in its last two bytes.
const COOKED_HEADER: usize = 16;
/// The same of version 2; the protocol is in its first two bytes.
const COOKED_2_HEADER: usize = 20;

/// Link layers by their numbers in the file format.
const NULL: Linktype = Linktype(0);
const ETHERNET: Linktype = Linktype(1);
const RAW_BSD: Linktype = Linktype(12);
const RAW_OPENBSD: Linktype = Linktype(14);
const RAW: Linktype = Linktype(101);
const LOOP: Linktype = Linktype(108);
const LINUX_COOKED: Linktype = Linktype(113);
const IPV4: Linktype = Linktype(228);
const IPV6: Linktype = Linktype(229);
const LINUX_COOKED_2: Linktype = Linktype(276);

/// The TCP segment of a packet.
pub(super) fn segment(link: Linktype, data: &[u8]) -> Result<Segment<'_>, Skip> {
    let packet = packet(link, data)?;
    let (addresses, ip_payload, claimed) = match &packet.net {
        Some(LaxNetSlice::Ipv4(ip)) => {
            let header = ip.header();
            let addresses = (
                header.source_addr().into(),
                header.destination_addr().into(),
            );
            let length = usize::from(header.total_len());
            (
                addresses,
                ip.payload(),
                length.saturating_sub(header.slice().len()),
            )
        }
        Some(LaxNetSlice::Ipv6(ip)) => {
            let header = ip.header();
            let addresses = (
                header.source_addr().into(),
                header.destination_addr().into(),
            );
            let length = usize::from(header.payload_length());
            let extensions = ip.extensions().slice().len();
            (addresses, ip.payload(), length.saturating_sub(extensions))
        }
        Some(LaxNetSlice::Arp(_)) | None => return Err(Skip::NotTcp),
    };
    if ip_payload.ip_number != ip_number::TCP {
        return Err(Skip::NotTcp);
    }
    if ip_payload.fragmented {
        return Err(Skip::Fragment);
    }
    let Some(TransportSlice::Tcp(tcp)) = &packet.transport else {
        return Err(Skip::HeaderCut);
    };
    let missing = if ip_payload.incomplete {
        claimed.saturating_sub(ip_payload.payload.len())
    } else {
        0
    };
    Ok(Segment {
        source: SocketAddr::new(addresses.0, tcp.source_port()),
        destination: SocketAddr::new(addresses.1, tcp.destination_port()),
        sequence: tcp.sequence_number(),
        syn: tcp.syn(),
        fin: tcp.fin(),
        rst: tcp.rst(),
        payload: tcp.payload(),
        missing_tail: u32::try_from(missing).unwrap_or(u32::MAX),
    })
}

fn packet(link: Linktype, data: &[u8]) -> Result<LaxSlicedPacket<'_>, Skip> {
    let from_ip = |data| LaxSlicedPacket::from_ip(data).map_err(|_error| Skip::NotTcp);
    match link {
        ETHERNET => LaxSlicedPacket::from_ethernet(data).map_err(|_error| Skip::NotTcp),
        RAW | RAW_BSD | RAW_OPENBSD | IPV4 | IPV6 => from_ip(data),
        NULL | LOOP => from_ip(data.get(LOOPBACK_HEADER..).ok_or(Skip::NotTcp)?),
        LINUX_COOKED => {
            let (header, payload) = data
                .split_first_chunk::<COOKED_HEADER>()
                .ok_or(Skip::NotTcp)?;
            let [.., high, low] = *header;
            Ok(LaxSlicedPacket::from_ether_type(
                ether_type(high, low),
                payload,
            ))
        }
        LINUX_COOKED_2 => {
            let split = data.split_first_chunk::<COOKED_2_HEADER>();
            let (header, payload) = split.ok_or(Skip::NotTcp)?;
            let [high, low, ..] = *header;
            Ok(LaxSlicedPacket::from_ether_type(
                ether_type(high, low),
                payload,
            ))
        }
        _ => Err(Skip::Link),
    }
}

fn ether_type(high: u8, low: u8) -> EtherType {
    EtherType(u16::from_be_bytes([high, low]))
}
