//! What misbehaving peers do to HTTP.

use std::io::{Read as _, Write as _};
use std::net::SocketAddr;

use super::rounds::{never_ends, never_reads};
use crate::connect;

pub(crate) const READY: &[u8] = b"GET /health/ready HTTP/1.1\r\nhost: switch\r\n\r\n";

/// The status of each answer to what was said, until the switch closes the connection; none where it was reset.
fn statuses(address: SocketAddr, said: &[u8]) -> Vec<u16> {
    let mut stream = connect(address);
    // It may be closed while there is more to say.
    drop(stream.write_all(said));
    let mut answers = Vec::new();
    drop(stream.read_to_end(&mut answers));
    let answers = String::from_utf8_lossy(&answers).into_owned();
    let heads = answers.split("HTTP/1.1 ").skip(1);
    heads
        .map(|head| head.split(' ').next().unwrap().parse().unwrap())
        .collect()
}

/// Requests that are refused, each by its status.
pub(crate) fn refused(address: SocketAddr) {
    let huge_head = [
        b"GET /health/ready HTTP/1.1\r\nhost: switch\r\nx-much: ".as_slice(),
        &vec![b'x'; 1 << 20],
        b"\r\n\r\n",
    ]
    .concat();
    let many_heads = [
        b"GET /health/ready HTTP/1.1\r\nhost: switch\r\n".to_vec(),
        b"x-more: 1\r\n".repeat(1_000),
        b"\r\n".to_vec(),
    ]
    .concat();
    let head = "POST /v1/clearings HTTP/1.1\r\nhost: switch\r\n";
    let much = [
        format!("{head}content-length: 999999999\r\n\r\n").into_bytes(),
        vec![b' '; 4 << 20],
    ]
    .concat();
    let chunk = [b"10000\r\n".to_vec(), vec![b' '; 1 << 16], b"\r\n".to_vec()].concat();
    let endless = [
        format!("{head}transfer-encoding: chunked\r\n\r\n").into_bytes(),
        chunk.repeat(64),
    ]
    .concat();
    let negative = format!("{head}content-length: -1\r\n\r\n").into_bytes();
    for (what, said, status) in [
        ("a head that is too long", huge_head, 431),
        ("too many headers", many_heads, 431),
        ("a body that is too long", much, 413),
        ("a body without an end", endless, 413),
        ("a length that is none", negative, 400),
        ("no HTTP", b"\x00\x32\x16\x01\r\n\r\n".to_vec(), 400),
    ] {
        let found = statuses(address, &said);
        // A reset overtakes an answer where the rest of the request was not read.
        assert!(
            found == [status] || found.is_empty(),
            "{what}: {found:?} and not {status}"
        );
    }
    for method in ["DELETE", "OPTIONS", "TRACE", "BREW"] {
        let said = format!("{method} /v1/links HTTP/1.1\r\nconnection: close\r\n\r\n");
        assert_eq!(statuses(address, said.as_bytes()), [405], "{method}");
    }
}

/// Many requests at once: each is answered.
pub(crate) fn pipelined(address: SocketAddr) {
    let last = b"GET /health/ready HTTP/1.1\r\nhost: switch\r\nconnection: close\r\n\r\n";
    let said = [READY.repeat(499), last.to_vec()].concat();
    let found = statuses(address, &said);
    assert_eq!(found.len(), 500);
    assert!(found.iter().all(|status| *status == 200), "{found:?}");
}

/// Requests that never end, and answers that are never read.
pub(crate) fn linger(address: SocketAddr) {
    let head = b"GET /health/ready HTTP/1.1\r\nx-slow: ";
    let body = b"POST /v1/clearings HTTP/1.1\r\ncontent-length: 1000000\r\n\r\n";
    let chunked = b"POST /v1/clearings HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n1";
    std::thread::scope(|scope| {
        scope.spawn(|| never_ends(address, b"", None));
        for (begun, next) in [
            (head.as_slice(), b'x'),
            (body.as_slice(), b' '),
            (chunked.as_slice(), b'0'),
        ] {
            scope.spawn(move || never_ends(address, begun, None));
            scope.spawn(move || never_ends(address, begun, Some(next)));
        }
        // Whoever has been answered once must ask again in time.
        scope.spawn(|| never_ends(address, READY, None));
        let metrics = b"GET /metrics HTTP/1.1\r\nhost: switch\r\n\r\n";
        scope.spawn(|| never_reads(address, metrics));
    });
}
