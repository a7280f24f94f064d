//! Each framing as a dialect writes it down: its bytes, however the stream is cut, and each way to lose it.
#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    reason = "a failed expectation fails the test"
)]
#![allow(clippy::too_many_lines, reason = "a table is as long as its rows")]

mod common;

use bytes::{Bytes, BytesMut};
use codec::{Dialect, Frame, FrameReader, FrameTooLong, Framing, FramingLost, VisaHeader};
use common::{from_hex, to_hex};

fn framing(keys: &str) -> Framing {
    let text = format!(
        r#"
name = "test"
source = "made up"
version = "1987"
framing = {{ {keys}, maximum_frame_bytes = 90 }}
encoding = {{ mti = "ascii", values = "ascii", lengths = "ascii" }}
bitmap = {{ encoding = "binary", second = "none" }}
fields = {{ 2 = {{ name = "Test", format = "n", length = 2 }} }}
"#
    );
    Dialect::from_toml("test.toml", &text).unwrap().framing()
}

fn put(body: &'static [u8]) -> impl FnOnce(&mut BytesMut) -> Result<(), FrameTooLong> {
    move |out| {
        out.extend_from_slice(body);
        Ok(())
    }
}

fn write(framing: Framing, body: &'static [u8]) -> BytesMut {
    let mut out = BytesMut::new();
    framing.write(&mut out, put(body)).unwrap();
    out
}

/// All frames of a stream that comes in pieces of a size.
fn read(framing: Framing, stream: &[u8], piece: usize) -> Result<Vec<Frame>, FramingLost> {
    let mut reader = FrameReader::new(framing);
    let mut frames = Vec::new();
    for piece in stream.chunks(piece) {
        reader.spare()[..piece.len()].copy_from_slice(piece);
        reader.filled(piece.len());
        while let Some(frame) = reader.next_whole_frame()? {
            frames.push(frame);
        }
    }
    assert!(!reader.has_partial_frame());
    Ok(frames)
}

/// A framing, the bytes of the body `0800`, and the bytes of the header in front of the body.
const TABLE: [(&str, &str, &str); 21] = [
    (r#"length_header = "binary-2""#, "0004 30383030", ""),
    (
        r#"length_header = "binary-2", byte_order = "little""#,
        "0400 30383030",
        "",
    ),
    (
        r#"length_header = "binary-2", length_counts_itself = true"#,
        "0006 30383030",
        "",
    ),
    (r#"length_header = "binary-3""#, "000004 30383030", ""),
    (r#"length_header = "binary-4""#, "00000004 30383030", ""),
    (
        r#"length_header = "binary-4", byte_order = "little", length_counts_itself = true"#,
        "08000000 30383030",
        "",
    ),
    (r#"length_header = "ascii-2""#, "3034 30383030", ""),
    (r#"length_header = "ascii-3""#, "303034 30383030", ""),
    (r#"length_header = "ascii-4""#, "30303034 30383030", ""),
    (
        r#"length_header = "ascii-4", length_counts_itself = true"#,
        "30303038 30383030",
        "",
    ),
    (r#"length_header = "ascii-6""#, "303030303034 30383030", ""),
    (r#"length_header = "bcd-2""#, "0004 30383030", ""),
    (r#"length_header = "bcd-3""#, "000004 30383030", ""),
    (r#"length_header = "hex-4""#, "30303034 30383030", ""),
    (
        r#"length_header = "binary-2", control_bytes_before = 2"#,
        "0000 0004 30383030",
        "",
    ),
    (
        r#"length_header = "binary-2", control_bytes_after = 2, header = "visa""#,
        "001A 0000 160102 001A 0000000000000000000000000000000000 30383030",
        "160102 001A 0000000000000000000000000000000000",
    ),
    (
        r#"length_header = "binary-2", header = "tpdu", header_template = "6000010002""#,
        "0009 6000010002 30383030",
        "6000010002",
    ),
    (
        r#"length_header = "binary-2", header = "base24", header_template = "49534F303136303030303130", trailer = "etx""#,
        "0011 49534F303136303030303130 30383030 03",
        "49534F303136303030303130",
    ),
    (
        r#"length_header = "ascii-5", header = "fixed", header_template = "484F5354""#,
        "3030303038 484F5354 30383030",
        "484F5354",
    ),
    (
        r#"length_header = "none", trailer = "etx""#,
        "30383030 03",
        "",
    ),
    (
        r#"length_header = "binary-2", trailer = "etx""#,
        "0005 30383030 03",
        "",
    ),
];

#[test]
fn each_framing_has_its_bytes_and_is_read_however_the_stream_is_cut() {
    for (keys, wire, header) in TABLE {
        let framing = framing(keys);
        let wire = from_hex(wire);
        assert_eq!(to_hex(&write(framing, b"0800")), to_hex(&wire), "{keys}");
        let expected = Frame {
            header: Bytes::from(from_hex(header)),
            body: Bytes::from_static(b"0800"),
            control: 0,
        };
        let stream = wire.repeat(3);
        for piece in 1..=stream.len() {
            let frames = read(framing, &stream, piece);
            assert_eq!(frames, Ok(vec![expected.clone(); 3]), "{keys}");
        }
    }
}

#[test]
fn a_poll_is_an_empty_frame() {
    for (keys, poll) in [
        (r#"length_header = "binary-2""#, "0000"),
        (
            r#"length_header = "binary-2", length_counts_itself = true"#,
            "0002",
        ),
        (r#"length_header = "binary-3""#, "000000"),
        (r#"length_header = "ascii-4""#, "30303030"),
        (r#"length_header = "binary-2", header = "tpdu""#, "0000"),
        (
            r#"length_header = "binary-2", control_bytes_after = 2, header = "visa""#,
            "00000000",
        ),
        (r#"length_header = "none", trailer = "etx""#, "03"),
        (r#"length_header = "binary-2", trailer = "etx""#, "0000"),
        (r#"length_header = "binary-2", trailer = "etx""#, "000103"),
    ] {
        let poll = from_hex(poll);
        let frames = read(framing(keys), &poll, 1).unwrap();
        assert_eq!(frames.len(), 1, "{keys}");
        assert!(
            frames[0].header.is_empty() && frames[0].body.is_empty(),
            "{keys}"
        );
    }
}

#[test]
fn a_frame_of_control_is_never_a_message() {
    let visa = framing(r#"length_header = "binary-2", control_bytes_after = 2, header = "visa""#);
    let stream = from_hex("0002 0001 ABCD");
    let frames = read(visa, &stream, 1).unwrap();
    assert_eq!(
        (frames[0].control, &frames[0].body[..]),
        (1, &[0xAB, 0xCD][..])
    );
    let mut reader = FrameReader::new(visa);
    reader.spare()[..stream.len()].copy_from_slice(&stream);
    reader.filled(stream.len());
    assert_eq!(reader.next_frame(), Ok(Some(Bytes::new())));
}

#[test]
fn each_way_to_lose_the_framing_is_told() {
    let tpdu = r#"length_header = "binary-2", header = "tpdu""#;
    let etx = r#"length_header = "binary-2", trailer = "etx""#;
    let base24 = r#"length_header = "binary-2", header = "base24", header_template = "49534F303136303030303130""#;
    let visa = r#"length_header = "binary-2", control_bytes_after = 2, header = "visa""#;
    for (keys, stream, expected) in [
        (
            r#"length_header = "binary-2""#,
            "005B",
            "a frame of 91 bytes is announced, at most 90 are accepted",
        ),
        // The maximum is checked before the frame is there, so that no length can ask for memory.
        (
            r#"length_header = "binary-4""#,
            "FFFFFFFF",
            "a frame of 4294967295 bytes is announced, at most 90 are accepted",
        ),
        (
            r#"length_header = "ascii-4""#,
            "30307830",
            "the length of a frame is not a number",
        ),
        (
            r#"length_header = "bcd-2""#,
            "000A",
            "the length of a frame is not a number",
        ),
        (
            r#"length_header = "hex-4""#,
            "3030304730",
            "the length of a frame is not a number",
        ),
        (
            r#"length_header = "binary-2", length_counts_itself = true"#,
            "0001",
            "a length of 1 bytes is announced, which counts 2 bytes of its own",
        ),
        (
            tpdu,
            "0004 60000000",
            "a frame does not begin with the header of the network",
        ),
        (
            base24,
            "0010 49535830313630303030313030383030",
            "a frame does not begin with the header of the network",
        ),
        (
            visa,
            "0003 0000 160102",
            "a frame does not begin with the header of the network",
        ),
        (
            visa,
            "0001 0000 15",
            "a frame does not begin with the header of the network",
        ),
        (
            etx,
            "0005 3038303000",
            "a frame does not end with the trailer of the network",
        ),
    ] {
        let lost = read(framing(keys), &from_hex(stream), 1).unwrap_err();
        assert_eq!(lost.to_string(), expected, "{keys}");
    }
    let endless = framing(r#"length_header = "none", trailer = "etx""#);
    let lost = read(endless, &[b'0'; 90], 1).unwrap_err();
    assert_eq!(
        lost,
        FramingLost::TooLong {
            declared: 91,
            maximum: 90
        }
    );
    assert!(read(endless, &[&[b'0'; 89][..], b"\x03"].concat(), 1).is_ok());
}

#[test]
fn a_reply_mirrors_the_header_of_its_request() {
    let tpdu = framing(r#"length_header = "binary-2", header = "tpdu""#);
    let mut out = BytesMut::new();
    tpdu.write_reply(&mut out, &from_hex("6000010002"), put(b"0810"))
        .unwrap();
    assert_eq!(to_hex(&out), "0009600002000130383130");

    let visa = framing(r#"length_header = "binary-2", control_bytes_after = 2, header = "visa""#);
    let request = from_hex(
        "001A0000 16010200 1A 000000 123456 07 0000000000000000000000 30383030"
            .replace(' ', "")
            .as_str(),
    );
    let frame = read(visa, &request[..30], 7).unwrap().remove(0);
    let header = VisaHeader::parse(&frame.header).unwrap();
    assert_eq!(
        (header.source, header.round_trip, header.reject_code),
        ([0x12, 0x34, 0x56], 7, None)
    );
    out.clear();
    visa.write_reply(&mut out, &frame.header, put(b"081000"))
        .unwrap();
    let reply = read(visa, &out, 5).unwrap().remove(0);
    let mirrored = VisaHeader::parse(&reply.header).unwrap();
    assert_eq!(
        (mirrored.destination, mirrored.source),
        ([0x12, 0x34, 0x56], [0; 3])
    );
    assert_eq!(mirrored.round_trip, 7);
    // The total length in the header is that of the reply.
    assert_eq!(reply.header[3..5], [0, 28]);
}

#[test]
fn a_rejection_carries_both_headers_and_the_original_message() {
    let visa = framing(r#"length_header = "binary-2", control_bytes_after = 2, header = "visa""#);
    let mut content = from_hex("1A0102");
    content.resize(24, 0);
    content.extend([0x04, 0x97]);
    content.extend(from_hex("16010200000000001234560700000000000000000000"));
    content.extend(b"0100");
    let mut stream = vec![0, u8::try_from(content.len()).unwrap(), 0, 0];
    stream.extend(&content);
    let frame = read(visa, &stream, 3).unwrap().remove(0);
    assert_eq!(frame.header.len(), 48);
    assert_eq!(&frame.body[..], b"0100");
    let header = VisaHeader::parse(&frame.header).unwrap();
    assert_eq!(header.reject_code, Some(0x0497));
}

#[test]
fn a_message_is_given_back_behind_the_header_it_came_with() {
    let visa = framing(r#"length_header = "binary-2", control_bytes_after = 2, header = "visa""#);
    let header = from_hex("16010200000000001234560700000000000000000000");
    let mut out = BytesMut::from(&b"before"[..]);
    assert_eq!(
        visa.write_rejection(&mut out, 0x0497, &header, b"0110"),
        Ok(true)
    );
    let frame = read(visa, &out[6..], 3).unwrap().remove(0);
    assert_eq!(&frame.body[..], b"0110");
    assert_eq!(&frame.header[26..], header);
    let read = VisaHeader::parse(&frame.header).unwrap();
    assert_eq!((read.reject_code, read.round_trip), (Some(0x0497), 7));
    // The total length in the reject header is that of everything.
    assert_eq!(frame.header[3..5], [0, 52]);

    let tpdu = framing(r#"length_header = "binary-2", header = "tpdu""#);
    let mut out = BytesMut::new();
    assert_eq!(tpdu.write_rejection(&mut out, 1, &[], b"0110"), Ok(false));
    assert!(out.is_empty());
    let too_long = visa.write_rejection(&mut out, 1, &header, &[0; 1 << 16]);
    assert!(too_long.is_err() && out.is_empty());
}

#[test]
fn no_frame_is_written_beyond_the_maximum() {
    let body: &'static [u8] = &[b'0'; 91];
    for (keys, _, header) in TABLE {
        let framing = framing(keys);
        let mut out = BytesMut::from(&b"before"[..]);
        let error = framing.write(&mut out, put(body)).unwrap_err();
        assert_eq!(error.maximum, 90, "{keys}");
        assert!(
            error.found >= 91 + header.replace(' ', "").len() / 2,
            "{keys}"
        );
        assert_eq!(&out[..], b"before");
    }
}
