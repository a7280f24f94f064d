//! `pcap`.

use super::build::{Link, Packet, pcap, pcapng};
use super::run::{PAN, echo, file, purchase, run};

fn frame(text: &str) -> Vec<u8> {
    let length = u16::try_from(text.len()).unwrap();
    [&length.to_be_bytes()[..], text.as_bytes()].concat()
}

/// A request in two packets that come in the wrong order, a reply, a message of another port.
fn packets() -> Vec<Packet> {
    let request = frame(&purchase());
    let (first, second) = request.split_at(20);
    let reply = Packet {
        reply: true,
        ..Packet::new(500, &frame(&echo(7)))
    };
    let syn = Packet {
        syn: true,
        ..Packet::new(99, b"")
    };
    vec![
        syn,
        Packet::new(120, second),
        Packet::new(100, first),
        reply,
    ]
}

#[test]
fn messages_of_both_directions_are_printed_in_order() {
    for (name, capture) in [
        ("a.pcap", pcap(Link::Ethernet, &packets())),
        ("a.pcapng", pcapng(Link::Ethernet, &packets())),
    ] {
        let path = file(name, capture);
        let ran = run(&["pcap", "--dialect", "iso1987-ascii", "--json", &path], "");
        assert_eq!(ran.code, Some(0), "{}", ran.err);
        let objects: Vec<serde_json::Value> = ran
            .out
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect();
        assert_eq!(objects.len(), 2);
        assert_eq!(objects[0]["source"], "10.0.0.1:40000");
        assert_eq!(objects[0]["destination"], "10.0.0.2:8583");
        assert_eq!(objects[0]["mti"], "0100");
        assert_eq!(objects[0]["fields"]["2"], "400000******0016");
        assert_eq!(objects[1]["source"], "10.0.0.2:8583");
        assert_eq!(objects[1]["fields"]["11"], "400007");
        assert_eq!(
            ran.err,
            format!("iso8583: {path}: 4 packets, 4 TCP segments, 2 messages\n")
        );
        assert!(!ran.out.contains(PAN));
    }
}

#[test]
fn tables_say_when_and_between_whom() {
    let path = file("tables.pcap", pcap(Link::Ethernet, &packets()));
    let ran = run(&["pcap", "--dialect", "iso1987-ascii", &path], "");
    let first = ran.out.lines().next();
    assert_eq!(
        first,
        Some("# 1970-01-01T00:00:01.000002Z 10.0.0.1:40000 > 10.0.0.2:8583 (stream 1)")
    );
    assert!(
        ran.out
            .contains("DE2   Primary account number (PAN)      16  400000******0016")
    );
    assert!(!ran.out.contains(PAN) && !ran.err.contains(PAN));
}

#[test]
fn ports_and_framings_are_chosen() {
    let other = Packet {
        port: 41_000,
        ..Packet::new(1, format!("0055{}", echo(9)).as_bytes())
    };
    let path = file(
        "ports.pcap",
        pcap(Link::Raw, &[packets(), vec![other]].concat()),
    );
    let run = |more: &[&str]| {
        run(
            &[
                &["pcap", "--dialect", "iso1987-ascii", "--json", &path],
                more,
            ]
            .concat(),
            "",
        )
    };
    assert_eq!(run(&["--port", "40000"]).out.lines().count(), 2);
    assert_eq!(run(&["--port", "1"]).out, "");
    let ascii = run(&["--port", "41000", "--framing", "ascii-4"]);
    assert_eq!(ascii.out.lines().count(), 1, "{}", ascii.err);
    assert!(ascii.out.contains("\"11\":\"400009\""), "{}", ascii.out);
}

#[test]
fn what_is_missing_or_no_frame_is_counted_and_the_stream_goes_on() {
    let first = frame(&echo(1));
    let second = frame(&echo(2));
    let next = 100 + u32::try_from(first.len()).unwrap();
    let garbage = [0xFF; 30];
    let packets = [
        Packet::new(100, &first),
        // The middle of something, where a frame should begin.
        Packet::new(next, &garbage),
        Packet::new(next + 30, &second),
        // 10 bytes are not in the capture.
        Packet::new(next + 97, &first),
        Packet {
            fin: true,
            ..Packet::new(next + 154, &second[..20])
        },
    ];
    let path = file("gaps.pcap", pcap(Link::Cooked, &packets));
    let ran = run(&["pcap", "--dialect", "iso1987-ascii", "--json", &path], "");
    assert_eq!(
        (ran.code, ran.out.lines().count()),
        (Some(0), 3),
        "{}",
        ran.err
    );
    assert!(
        ran.err
            .contains("passed over 10 bytes that the capture does not hold"),
        "{}",
        ran.err
    );
    assert!(
        ran.err
            .contains("passed over 50 bytes that belong to no frame"),
        "{}",
        ran.err
    );
}

#[test]
fn a_message_that_is_not_good_is_told_with_its_place() {
    let bad = purchase().replace("000000012345", "00000001234X");
    let packets = [Packet::new(1, &frame(&bad)), Packet::new(1, &[])];
    let path = file("bad.pcap", pcap(Link::Ethernet, &packets));
    let ran = run(&["pcap", "--dialect", "iso1987-ascii", "--json", &path], "");
    assert_eq!((ran.code, ran.out.as_str()), (Some(1), ""));
    assert!(
        ran.err.starts_with(
            "iso8583: 1970-01-01T00:00:01.000002Z 10.0.0.1:40000 > 10.0.0.2:8583 (stream 1): DE4 at byte 44: "
        ),
        "{}",
        ran.err
    );
    assert!(!ran.err.contains(PAN));
}

#[test]
fn what_is_no_capture_is_1_and_a_file_that_is_not_there_2() {
    let path = file("no.pcap", "this is no capture at all");
    let ran = run(&["pcap", "--dialect", "iso1987-ascii", &path], "");
    assert_eq!(ran.code, Some(1));
    assert_eq!(
        ran.err,
        format!("iso8583: {path}: not a capture: expected the header of a pcap or pcapng file\n")
    );
    let ran = run(&["pcap", "--dialect", "iso1987-ascii", "no/such.pcap"], "");
    assert_eq!(ran.code, Some(2));
    let cut = pcap(Link::Ethernet, &packets());
    let path = file("cut.pcap", &cut[..cut.len() - 5]);
    let ran = run(&["pcap", "--dialect", "iso1987-ascii", "--json", &path], "");
    assert_eq!(ran.code, Some(0));
    assert!(
        ran.err.contains("the capture ends inside of a packet"),
        "{}",
        ran.err
    );
}
