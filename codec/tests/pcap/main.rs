//! Captures: what comes out of packets in order, out of order, repeated, cut and missing.
#![allow(
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::too_many_lines,
    clippy::unwrap_used,
    reason = "a failed expectation fails the test; a table is as long as it is"
)]

mod build;

use codec::pcap::{
    CaptureEnd, CaptureError, CaptureEvent, CaptureLimits, CaptureReport, read_capture,
};
use proptest::prelude::*;

use build::{Link, Packet, pcap, pcapng};

/// Events of a capture, in words.
fn events(capture: &[u8]) -> (Vec<String>, CaptureReport) {
    limited(capture, CaptureLimits::default())
}

fn limited(capture: &[u8], limits: CaptureLimits) -> (Vec<String>, CaptureReport) {
    let mut events = Vec::new();
    let report = read_capture(capture, limits, |event| {
        events.push(match event {
            CaptureEvent::Started { stream, whole } => {
                let (from, to) = (stream.source.port(), stream.destination.port());
                format!(
                    "{} {from}>{to}{}",
                    stream.number,
                    if whole { "" } else { " midway" }
                )
            }
            CaptureEvent::Data { stream, bytes, .. } => {
                format!("{} {}", stream.number, String::from_utf8_lossy(bytes))
            }
            CaptureEvent::Missing { stream, bytes } => format!("{} missing {bytes}", stream.number),
            CaptureEvent::Ended { stream } => format!("{} ended", stream.number),
        });
    });
    (events, report.unwrap())
}

fn data(sequence: u32, payload: &str) -> Packet {
    Packet::new(sequence, payload.as_bytes())
}

#[test]
fn both_directions_in_every_link_layer() {
    for link in Link::ALL {
        for ipv6 in [false, true] {
            let packets = [
                Packet {
                    syn: true,
                    ..data(99, "")
                },
                Packet {
                    syn: true,
                    reply: true,
                    ..data(499, "")
                },
                data(100, "request"),
                Packet {
                    reply: true,
                    ..data(500, "response")
                },
                Packet {
                    fin: true,
                    ..data(107, "")
                },
                Packet {
                    fin: true,
                    reply: true,
                    ..data(508, "")
                },
            ]
            .map(|packet| Packet { ipv6, ..packet });
            let expected = [
                "1 40000>8583",
                "2 8583>40000",
                "1 request",
                "2 response",
                "1 ended",
                "2 ended",
            ];
            for capture in [pcap(link, &packets), pcapng(link, &packets)] {
                let (found, report) = events(&capture);
                assert_eq!(found, expected, "{link:?} {ipv6}");
                assert_eq!((report.packets, report.segments), (6, 6));
                assert_eq!(
                    (report.missing_bytes, report.end),
                    (0, CaptureEnd::Complete)
                );
            }
        }
    }
}

#[test]
fn segments_out_of_order_and_repeated() {
    let packets = [
        Packet {
            syn: true,
            ..data(9, "")
        },
        Packet {
            syn: true,
            ..data(9, "")
        },
        data(13, "d"),
        data(11, "bc"),
        data(10, "ab"),
        data(10, "abcd"),
        data(12, "cdef"),
        // Keeping alive: one byte before the next.
        data(15, "x"),
        Packet {
            fin: true,
            ..data(16, "g")
        },
        data(10, "abcd"),
    ];
    let (found, report) = events(&pcap(Link::Ethernet, &packets));
    assert_eq!(
        found,
        [
            "1 40000>8583",
            "1 ab",
            "1 c",
            "1 d",
            "1 ef",
            "1 g",
            "1 ended"
        ]
    );
    assert_eq!(report.missing_bytes, 0);
}

#[test]
fn sequence_numbers_wrap() {
    let packets = [
        data(u32::MAX - 1, "ab"),
        data(1, "de"),
        data(0, "c"),
        data(3, "f"),
    ];
    let (found, _) = events(&pcap(Link::Ethernet, &packets));
    assert_eq!(
        found,
        [
            "1 40000>8583 midway",
            "1 ab",
            "1 c",
            "1 de",
            "1 f",
            "1 ended"
        ]
    );
}

#[test]
fn what_is_missing_is_reported() {
    let packets = [
        Packet {
            syn: true,
            ..data(9, "")
        },
        data(10, "ab"),
        data(15, "fg"),
        Packet {
            fin: true,
            ..data(20, "")
        },
    ];
    let (found, report) = events(&pcap(Link::Ethernet, &packets));
    let expected = [
        "1 40000>8583",
        "1 ab",
        "1 missing 3",
        "1 fg",
        "1 missing 3",
        "1 ended",
    ];
    assert_eq!(found, expected);
    assert_eq!(report.missing_bytes, 6);
    // A reset ends the stream as it is.
    let packets = [
        data(10, "ab"),
        data(15, "fg"),
        Packet {
            rst: true,
            ..data(17, "")
        },
        data(17, "h"),
    ];
    let (found, _) = events(&pcap(Link::Ethernet, &packets));
    assert_eq!(
        found,
        [
            "1 40000>8583 midway",
            "1 ab",
            "1 missing 3",
            "1 fg",
            "1 ended"
        ]
    );
}

#[test]
fn packets_that_were_cut() {
    let packets = [
        Packet {
            captured: Some(54 + 2),
            ..data(10, "abcd")
        },
        data(14, "ef"),
        Packet {
            captured: Some(40),
            ..data(16, "gh")
        },
        data(18, "ij"),
    ];
    for capture in [
        pcap(Link::Ethernet, &packets),
        pcapng(Link::Ethernet, &packets),
    ] {
        let (found, report) = events(&capture);
        let expected = [
            "1 40000>8583 midway",
            "1 ab",
            "1 missing 2",
            "1 ef",
            "1 missing 2",
            "1 ij",
            "1 ended",
        ];
        assert_eq!(found, expected);
        assert_eq!((report.payloads_cut, report.headers_cut), (1, 1));
    }
}

#[test]
fn the_same_ports_again_are_another_stream() {
    let packets = [
        Packet {
            syn: true,
            ..data(9, "")
        },
        data(10, "ab"),
        Packet {
            syn: true,
            ..data(999, "")
        },
        data(1000, "cd"),
    ];
    let (found, _) = events(&pcap(Link::Ethernet, &packets));
    assert_eq!(
        found,
        [
            "1 40000>8583",
            "1 ab",
            "1 ended",
            "2 40000>8583",
            "2 cd",
            "2 ended"
        ]
    );
}

#[test]
fn a_file_that_is_cut_gives_what_is_there() {
    let packets = [data(10, "ab"), data(12, "cd")];
    for capture in [
        pcap(Link::Ethernet, &packets),
        pcapng(Link::Ethernet, &packets),
    ] {
        for end in capture.len() - 40..capture.len() {
            let (found, report) = events(&capture[..end]);
            assert_eq!(found, ["1 40000>8583 midway", "1 ab", "1 ended"], "{end}");
            assert_eq!(report.end, CaptureEnd::Cut, "{end}");
        }
    }
    for capture in [&b""[..], b"PK", &[0; 100], b"\xD4\xC3\xB2\xA1"] {
        let result = read_capture(capture, CaptureLimits::default(), |_| {});
        assert!(matches!(result, Err(CaptureError::NotACapture)));
    }
}

#[test]
fn what_is_not_tcp_is_counted() {
    let other = [
        Packet {
            udp: true,
            ..data(1, "ab")
        },
        data(10, "cd"),
        Packet {
            fragment: true,
            ..data(12, "ef")
        },
    ];
    let (found, report) = events(&pcap(Link::Ethernet, &other));
    assert_eq!(found, ["1 40000>8583 midway", "1 cd", "1 ended"]);
    assert_eq!(
        (report.packets, report.not_tcp, report.fragments),
        (3, 1, 1)
    );
    let (found, report) = events(&build::unknown_link(&other));
    assert!(found.is_empty());
    assert_eq!(report.other_links, 3);
}

#[test]
fn memory_is_bounded() {
    let limits = CaptureLimits {
        streams: 4,
        stream_bytes: 1000,
        total_bytes: 3000,
    };
    // A byte that never comes, then more than may wait.
    let mut packets = vec![data(10, "a")];
    let chunk = "x".repeat(100);
    for index in 0..100 {
        packets.push(data(12 + index * 100, &chunk));
    }
    let (found, report) = limited(&pcap(Link::Ethernet, &packets), limits);
    assert_eq!(report.missing_bytes, 1);
    assert_eq!(
        found.iter().filter(|event| event.ends_with(&chunk)).count(),
        100
    );
    // Ten thousand connections.
    let packets: Vec<Packet> = (1..=10_000)
        .map(|port| Packet {
            port,
            ..data(1, "a")
        })
        .collect();
    let (found, _) = limited(&pcap(Link::Ethernet, &packets), limits);
    assert_eq!(
        found
            .iter()
            .filter(|event| event.ends_with("ended"))
            .count(),
        10_000
    );
}

#[test]
fn events_are_printed_without_their_bytes() {
    let capture = pcap(Link::Ethernet, &[data(10, "4000001200000016")]);
    let mut printed = String::new();
    read_capture(capture.as_slice(), CaptureLimits::default(), |event| {
        printed.push_str(&format!("{event:?};"));
    })
    .unwrap();
    assert_eq!(printed, "1 started, whole false;1 data [16];1 ended;");
}

proptest! {
    /// No bytes make reading panic.
    #[test]
    fn any_bytes_are_read_or_refused(mut bytes in prop::collection::vec(any::<u8>(), 0..600), form in 0..3) {
        let packets = [data(10, "ab"), data(12, "cd")];
        let whole = match form {
            0 => pcap(Link::Ethernet, &packets),
            1 => pcapng(Link::Ethernet, &packets),
            _ => Vec::new(),
        };
        // The head of a good file, then anything.
        let head = whole.len() / 2;
        bytes.splice(0..0, whole[..head].iter().copied());
        if let Ok(report) = read_capture(bytes.as_slice(), CaptureLimits::default(), |_| {}) {
            prop_assert!(report.segments <= report.packets);
        }
    }

    /// A good file with a few changed bytes does not panic either.
    #[test]
    fn changed_files_are_read_or_refused(changes in prop::collection::vec((0_usize..600, any::<u8>()), 1..8), ng: bool) {
        let packets = [data(10, "ab"), Packet { ipv6: true, ..data(12, "cd") }, Packet { fin: true, ..data(12, "cd") }];
        let mut bytes = if ng { pcapng(Link::Ethernet, &packets) } else { pcap(Link::Ethernet, &packets) };
        for (at, byte) in changes {
            let at = at % bytes.len();
            bytes[at] = byte;
        }
        if let Ok(report) = read_capture(bytes.as_slice(), CaptureLimits::default(), |_| {}) {
            prop_assert!(report.segments <= report.packets);
        }
    }

    /// Whatever the order of the segments, with repeats, the bytes come out in theirs.
    #[test]
    fn any_order_gives_the_bytes_in_theirs(
        order in Just((0_usize..40).collect::<Vec<_>>()).prop_shuffle(),
        repeats in prop::collection::vec(0_usize..40, 0..20),
        start: u32,
    ) {
        let text: String = (0..40).map(|index| format!("{index:03}")).collect();
        let piece = |index: usize| {
            let sequence = start.wrapping_add(u32::try_from(index * 3).unwrap());
            // Pieces overlap by one byte.
            let end = (index * 3 + 4).min(text.len());
            data(sequence, &text[index * 3..end])
        };
        let mut packets = vec![Packet { syn: true, ..data(start.wrapping_sub(1), "") }];
        packets.extend(order.into_iter().chain(repeats).map(piece));
        let capture = pcap(Link::Raw, &packets);
        let mut found = Vec::new();
        read_capture(capture.as_slice(), CaptureLimits::default(), |event| {
            if let CaptureEvent::Data { bytes, .. } = event {
                found.extend_from_slice(bytes);
            }
        })
        .unwrap();
        prop_assert_eq!(String::from_utf8(found).unwrap(), text);
    }
}
