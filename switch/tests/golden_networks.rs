//! Bytes in, bytes out: messages that pyiso8583 wrote for each network, and what the switch must answer.
//!
//! `golden/networks.txt` is made by `outside_networks.py --golden` against a fresh switch; it is then read by
//! people. Bytes of the approval code are not compared.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::string_slice,
    reason = "a test that panics has failed"
)]

mod harness;

use std::collections::BTreeMap;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use harness::{PATIENCE, World, repository};

/// Numbers of the networks by their names in the file.
const NETWORKS: [(&str, u64); 3] = [("visa", 2), ("mastercard", 3), ("elo", 4)];

/// Bytes of hexadecimal digits; `None` for `..`.
fn bytes(text: &str) -> Vec<Option<u8>> {
    let pairs = (0..text.len()).step_by(2).map(|at| &text[at..at + 2]);
    let byte = |pair: &str| (pair != "..").then(|| u8::from_str_radix(pair, 16).unwrap());
    pairs.map(byte).collect()
}

#[test]
fn every_network_answers_the_golden_bytes() {
    let world = World::new();
    let switch = world.start();
    let mut links: BTreeMap<&str, TcpStream> = NETWORKS
        .iter()
        .map(|(name, number)| {
            let stream = TcpStream::connect(switch.port(*number)).unwrap();
            stream.set_read_timeout(Some(PATIENCE)).unwrap();
            (*name, stream)
        })
        .collect();
    let golden = repository().join("switch/tests/golden/networks.txt");
    let golden = std::fs::read_to_string(golden).unwrap();
    let (mut what, mut answers) = ("", 0);
    for line in golden.lines() {
        if let Some(name) = line.strip_prefix("# ") {
            what = name;
        } else if let Some((network, request)) = line.split_once(" > ") {
            let request: Option<Vec<u8>> = bytes(request).into_iter().collect();
            let link = links.get_mut(network).unwrap();
            link.write_all(&request.unwrap()).unwrap();
        } else if let Some((network, expected)) = line.split_once(" < ") {
            let expected = bytes(expected);
            let mut answer = vec![0; expected.len()];
            let link = links.get_mut(network).unwrap();
            link.read_exact(&mut answer)
                .unwrap_or_else(|error| panic!("{network}: {what}: {error}"));
            let differing = expected
                .iter()
                .zip(&answer)
                .position(|(expected, found)| expected.is_some_and(|byte| byte != *found));
            assert_eq!(
                differing, None,
                "{network}: {what}: first byte that differs"
            );
            answers += 1;
        }
    }
    assert!(answers > 60, "{answers} golden answers");
    switch.stop();
}
