//! Captures made for the tests.

use etherparse::{IpNumber, Ipv4Header, PacketBuilder};

/// Link layers that are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Link {
    Ethernet,
    Raw,
    Cooked,
    Cooked2,
    Loopback,
}

impl Link {
    pub(crate) const ALL: [Self; 5] = [
        Self::Ethernet,
        Self::Raw,
        Self::Cooked,
        Self::Cooked2,
        Self::Loopback,
    ];

    fn number(self) -> u32 {
        match self {
            Self::Ethernet => 1,
            Self::Raw => 101,
            Self::Cooked => 113,
            Self::Cooked2 => 276,
            Self::Loopback => 0,
        }
    }

    fn header(self, ipv6: bool) -> Vec<u8> {
        let ether_type: [u8; 2] = if ipv6 { [0x86, 0xDD] } else { [0x08, 0x00] };
        match self {
            Self::Ethernet => [&[0; 12], ether_type.as_slice()].concat(),
            Self::Raw => Vec::new(),
            Self::Cooked => [&[0; 14], ether_type.as_slice()].concat(),
            Self::Cooked2 => [ether_type.as_slice(), &[0; 18]].concat(),
            Self::Loopback => vec![2, 0, 0, 0],
        }
    }
}

/// A packet from the client to the server, or back.
#[derive(Clone, Debug)]
pub(crate) struct Packet {
    pub(crate) sequence: u32,
    pub(crate) payload: Vec<u8>,
    pub(crate) port: u16,
    pub(crate) reply: bool,
    pub(crate) syn: bool,
    pub(crate) fin: bool,
    pub(crate) rst: bool,
    pub(crate) ipv6: bool,
    pub(crate) udp: bool,
    pub(crate) fragment: bool,
    /// Bytes of it that were captured.
    pub(crate) captured: Option<usize>,
}

impl Packet {
    pub(crate) fn new(sequence: u32, payload: &[u8]) -> Self {
        Self {
            sequence,
            payload: payload.to_vec(),
            port: 40_000,
            reply: false,
            syn: false,
            fin: false,
            rst: false,
            ipv6: false,
            udp: false,
            fragment: false,
            captured: None,
        }
    }

    fn bytes(&self, link: Link) -> Vec<u8> {
        let (from, to) = if self.reply {
            (8583, self.port)
        } else {
            (self.port, 8583)
        };
        let mut bytes = link.header(self.ipv6);
        let (client, server) = if self.reply { (2, 1) } else { (1, 2) };
        let ip = if self.ipv6 {
            let address = |last| [0xFD, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, last];
            PacketBuilder::ipv6(address(client), address(server), 64)
        } else {
            PacketBuilder::ipv4([10, 0, 0, client], [10, 0, 0, server], 64)
        };
        if self.udp {
            ip.udp(from, to).write(&mut bytes, &self.payload).unwrap();
            return bytes;
        }
        if self.fragment {
            let mut header =
                Ipv4Header::new(8, 64, IpNumber::TCP, [10, 0, 0, 1], [10, 0, 0, 2]).unwrap();
            header.more_fragments = true;
            header.write(&mut bytes).unwrap();
            bytes.extend_from_slice(&[0; 8]);
            return bytes;
        }
        let mut tcp = ip.tcp(from, to, self.sequence, 1000);
        if self.syn {
            tcp = tcp.syn();
        }
        if self.fin {
            tcp = tcp.fin();
        }
        if self.rst {
            tcp = tcp.rst();
        }
        tcp.write(&mut bytes, &self.payload).unwrap();
        bytes
    }
}

fn count(length: usize) -> [u8; 4] {
    u32::try_from(length).unwrap().to_le_bytes()
}

/// A pcap file.
pub(crate) fn pcap(link: Link, packets: &[Packet]) -> Vec<u8> {
    legacy(link.number(), link, packets)
}

/// A pcap file of a link layer that is not read.
pub(crate) fn unknown_link(packets: &[Packet]) -> Vec<u8> {
    legacy(147, Link::Ethernet, packets)
}

fn legacy(number: u32, link: Link, packets: &[Packet]) -> Vec<u8> {
    let mut file = vec![0xD4, 0xC3, 0xB2, 0xA1, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    file.extend(count(65_535));
    file.extend(number.to_le_bytes());
    for packet in packets {
        let bytes = packet.bytes(link);
        let captured = packet.captured.unwrap_or(bytes.len());
        file.extend([1, 0, 0, 0, 2, 0, 0, 0]);
        file.extend(count(captured));
        file.extend(count(bytes.len()));
        file.extend_from_slice(&bytes[..captured]);
    }
    file
}

/// A pcapng file.
pub(crate) fn pcapng(link: Link, packets: &[Packet]) -> Vec<u8> {
    let mut file = Vec::new();
    let mut block = |kind: u32, body: &[u8]| {
        let padding = body.len().next_multiple_of(4) - body.len();
        let length = count(body.len() + padding + 12);
        file.extend(kind.to_le_bytes());
        file.extend(length);
        file.extend_from_slice(body);
        file.extend(std::iter::repeat_n(0, padding));
        file.extend(length);
    };
    let section = [&[0x4D, 0x3C, 0x2B, 0x1A, 1, 0, 0, 0][..], &[0xFF; 8]].concat();
    block(0x0A0D_0D0A, &section);
    let number = u16::try_from(link.number()).unwrap().to_le_bytes();
    block(1, &[number[0], number[1], 0, 0, 0, 0, 0, 0]);
    for packet in packets {
        let bytes = packet.bytes(link);
        let captured = packet.captured.unwrap_or(bytes.len());
        let mut body = vec![0; 12];
        body.extend(count(captured));
        body.extend(count(bytes.len()));
        body.extend_from_slice(&bytes[..captured]);
        block(6, &body);
    }
    file
}
