//! Streams that are longer than the memory the command may have.

use std::io::{Read as _, Write as _};
use std::process::{Command, Stdio};

use super::build::{Link, Packet, pcap};
use super::run::{dialects, echo, hex};

/// Address space in KiB: that of the command and its buffers, far less than the streams.
const ADDRESS_SPACE_KIB: u32 = 49_152;
/// Bytes of a stream.
const STREAM_BYTES: usize = 80_000_000;

/// Runs the command in that space. Gives the bytes and the last line of its output.
fn bounded(
    arguments: &[&str],
    pieces: impl Iterator<Item = Vec<u8>> + Send + 'static,
) -> (usize, String) {
    let limit = format!("ulimit -v {ADDRESS_SPACE_KIB} && exec \"$0\" \"$@\"");
    let mut child = Command::new("sh")
        .args(["-c", &limit, env!("CARGO_BIN_EXE_iso8583")])
        .args(arguments)
        .env("ISO8583_DIALECTS", dialects())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = child.stdin.take().unwrap();
    let writer = std::thread::spawn(move || {
        for piece in pieces {
            input.write_all(&piece).unwrap();
        }
    });
    let mut output = child.stdout.take().unwrap();
    let mut buffer = vec![0; 1 << 16];
    let mut tail = Vec::new();
    let mut total = 0;
    loop {
        let count = output.read(&mut buffer).unwrap();
        if count == 0 {
            break;
        }
        total += count;
        tail.extend_from_slice(&buffer[..count]);
        let surplus = tail.len().saturating_sub(4096);
        tail.drain(..surplus);
    }
    writer.join().unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(0), "{arguments:?}");
    let tail = String::from_utf8(tail).unwrap();
    (total, tail.lines().last().unwrap_or_default().to_owned())
}

/// Long frames, of much that is masked.
fn frames() -> impl Iterator<Item = Vec<u8>> + Send {
    let long = format!("999{}", "x".repeat(999)).repeat(7);
    let message = format!("0100{}{long}", "8000000000000000000000000000FE00");
    let length = u16::try_from(message.len()).unwrap();
    let frame = [&length.to_be_bytes()[..], message.as_bytes()].concat();
    let count = STREAM_BYTES / frame.len();
    let last = [&[0, 55][..], echo(1).as_bytes()].concat();
    std::iter::repeat_n(frame, count).chain([last])
}

#[test]
fn frames_lines_and_captures_take_constant_memory() {
    let (bytes, last) = bounded(
        &[
            "decode",
            "--dialect",
            "iso1987-ascii",
            "--framed",
            "--raw",
            "-",
        ],
        frames(),
    );
    assert!(
        bytes > STREAM_BYTES && last.contains("\"70\":\"301\""),
        "{last}"
    );

    let line = format!("{}{}\n", hex(echo(1)), " ".repeat(500_000)).into_bytes();
    let lines = std::iter::repeat_n(line, STREAM_BYTES / 500_000);
    let (bytes, last) = bounded(&["decode", "--dialect", "iso1987-ascii", "--lines"], lines);
    assert!(bytes > 10_000 && last.contains("\"70\":\"301\""), "{last}");

    // One connection whose packets follow each other: what was delivered is not kept.
    let payload = [&[0, 55][..], echo(1).as_bytes(), &[0xFF; 60_000]].concat();
    let packets = (0..STREAM_BYTES / payload.len()).map(move |index| {
        let position = u32::try_from(index * payload.len()).unwrap();
        let file = pcap(Link::Ethernet, &[Packet::new(100 + position, &payload)]);
        // The header of the file stands in front of the first packet only.
        file[if index == 0 { 0 } else { 24 }..].to_vec()
    });
    let (bytes, last) = bounded(
        &["pcap", "--dialect", "iso1987-ascii", "--json", "-"],
        packets,
    );
    assert!(bytes > 10_000 && last.contains("\"70\":\"301\""), "{last}");
}

/// A line or a message without end is refused before it fills the memory.
#[test]
fn a_message_without_end_is_refused() {
    for arguments in [
        &["decode", "--dialect", "iso1987-ascii"][..],
        &["decode", "--dialect", "iso1987-ascii", "--lines"],
        &["decode", "--dialect", "iso1987-ascii", "--raw", "-"],
    ] {
        let ran = super::run::run(arguments, "30".repeat(4_000_000));
        assert_eq!(ran.code, Some(1), "{arguments:?}");
        assert!(ran.err.contains("at most"), "{}", ran.err);
    }
}
