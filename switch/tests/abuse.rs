//! Peers that misbehave: idle crowds, connections that come and go, bytes of chance, frames that are cut, trickled or
//! never read. The process lives, its memory stays flat, each bound keeps out only whom it is for, and a link that
//! behaves is answered correctly all the while.
//!
//! `ABUSE=full cargo test --release -p switch --test abuse -- --nocapture` does it at full size and prints what it did to
//! the latency of the link that behaves.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that panics has failed"
)]

mod harness;

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use harness::{
    Client, Fields, Random, SetOnDrop, Switch, World, eventually, generated_account, generated_pan,
    now, set,
};

const APPROVED: &str = "00";
const OPENING: i64 = 10_000_000;
/// Resident memory that rounds of abuse may add once the first is over: buffers that the allocator keeps.
const FLAT_KIB: u64 = 48 << 10;

/// How much of it.
struct Size {
    idle: usize,
    cycles: usize,
    random_links: usize,
}

fn size() -> Size {
    if std::env::var_os("ABUSE").is_some_and(|size| size == "full") {
        return Size {
            idle: 1_000,
            cycles: 10_000,
            random_links: 3_000,
        };
    }
    Size {
        idle: 200,
        cycles: 500,
        random_links: 100,
    }
}

fn connect(address: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(address).unwrap();
    let patience = Some(harness::PATIENCE);
    stream.set_read_timeout(patience).unwrap();
    stream.set_write_timeout(patience).unwrap();
    stream
}

/// Resident memory of the switch.
fn resident_kib(switch: &Switch) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", switch.id())).unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:"));
    let mut words = line.unwrap().split_whitespace();
    words.nth(1).unwrap().parse().unwrap()
}

/// Sends bytes, perhaps to a link that is being closed, and goes away without a word or after the answer.
fn throw(address: SocketAddr, bytes: &[u8], wait: bool) {
    let mut stream = connect(address);
    if stream.write_all(bytes).is_ok() && wait && stream.shutdown(Shutdown::Write).is_ok() {
        let mut answer = Vec::new();
        // A reset is an answer as well.
        drop(stream.read_to_end(&mut answer));
    }
}

/// One round of everything on one port.
fn abuse(address: SocketAddr, whole: &[u8], size: &Size, random: &mut Random) {
    for _ in 0..size.cycles {
        drop(connect(address));
    }
    for cut in 0..whole.len() {
        throw(address, &whole[..cut], cut % 16 == 0);
    }
    for _ in 0..size.random_links {
        let length = random.place(2_000);
        let wait = random.below(4) == 0;
        throw(address, &random.bytes(length), wait);
    }
}

/// Purchases one after the other until told to stop; how long each took, in microseconds.
fn behave(client: &mut Client, over: &AtomicBool) -> Vec<i64> {
    let mut took_us = Vec::new();
    while !over.load(Ordering::Relaxed) || took_us.len() < 200 {
        let purchase = Fields::purchase(&generated_pan(7), 1);
        let sent = now();
        assert_eq!(client.response_code(&purchase), APPROVED);
        took_us.push(now().0 - sent.0);
    }
    took_us
}

fn p99_us(mut took_us: Vec<i64>) -> i64 {
    took_us.sort_unstable();
    took_us[took_us.len() * 99 / 100]
}

#[test]
fn a_crowd_that_misbehaves_changes_nothing_for_a_link_that_behaves() {
    let world = World::with(|settings| {
        set(settings, "links.connections_per_address", 2_000);
    });
    let mut switch = world.start();
    let (size, over) = (size(), AtomicBool::new(false));
    let mut client = switch.connect();
    let quiet = behave(&mut client, &AtomicBool::new(true));
    let mut behaved = quiet.len();
    let idle: Vec<_> = (0..size.idle).map(|_| connect(switch.iso)).collect();
    let ports = [
        (switch.iso, Fields::purchase(&generated_pan(6), 1).frame()),
        (
            switch.http,
            b"GET /health/ready HTTP/1.1\r\nhost: switch\r\n\r\n".to_vec(),
        ),
    ];
    let mut random = Random::new(8583);
    let mut resident = Vec::new();
    let busy = std::thread::scope(|scope| {
        let (over, client) = (&over, &mut client);
        let other = scope.spawn(move || behave(client, over));
        let ending = SetOnDrop(over);
        for _ in 0..3 {
            for (address, whole) in &ports {
                abuse(*address, whole, &size, &mut random);
            }
            resident.push(resident_kib(&switch));
        }
        drop(ending);
        other.join().unwrap()
    });
    behaved += busy.len();
    let (before_us, during_us) = (p99_us(quiet), p99_us(busy));
    println!(
        "p99 of the link that behaves: {before_us} us before, {during_us} us during, ratio {:.1}; resident {resident:?} KiB",
        during_us as f64 / before_us as f64
    );
    assert!(
        resident[2] < resident[0] + FLAT_KIB,
        "resident memory grows: {resident:?} KiB"
    );
    assert!(switch.is_running());
    drop(idle);
    eventually("only the link that behaves is left", || {
        (switch.metric("switch_links", "") < 1.5).then_some(())
    });
    switch.settle();
    let available = switch.available(generated_account(7));
    assert_eq!(available, OPENING - i64::try_from(behaved).unwrap());
    let log = switch.stop();
    assert!(!log.text().contains("panic"), "{}", log.text());
}

#[test]
fn a_frame_that_never_ends_loses_its_link_and_what_came_before_it_is_answered() {
    let world = World::with(|settings| set(settings, "links.frame_timeout_ms", 300));
    let switch = world.start();
    let (mut slow, mut other) = (switch.connect(), switch.connect());
    let (whole, begun) = (
        Fields::purchase(&generated_pan(1), 5).frame(),
        Fields::purchase(&generated_pan(1), 5).frame(),
    );
    slow.send_bytes(&whole);
    assert!(slow.receive().is_some());
    // Trickled: each byte is news, but the frame began long ago.
    for byte in &begun[..begun.len() - 1] {
        if !slow.try_send_bytes(&[*byte]) {
            break;
        }
        harness::pause(Duration::from_millis(10));
    }
    assert!(slow.receive().is_none(), "the link is closed");
    switch.log().wait_for("why it was closed", |line| {
        line.contains("a frame did not end in time")
    });
    assert_eq!(other.response_code(&Fields::echo_test()), APPROVED);
    switch.settle();
    assert_eq!(switch.available(generated_account(1)), OPENING - 5);
}

#[test]
fn a_peer_that_never_reads_loses_its_link_and_no_answer_is_lost_to_others() {
    let world = World::with(|settings| set(settings, "links.write_timeout_ms", 200));
    let switch = world.start();
    let mut other = switch.connect();
    let (mut deaf, _ears) = switch.connect().split();
    let echo = Fields::echo_test().frame();
    let burst = echo.repeat(1_000);
    let mut sent = 0_u64;
    while deaf.send_bytes(&burst) {
        sent += 1_000;
        assert!(sent < 10_000_000, "it is never closed");
        assert_eq!(other.response_code(&Fields::echo_test()), APPROVED);
    }
    switch.log().wait_for("why it was closed", |line| {
        line.contains("the peer does not read")
    });
    assert_eq!(
        other.response_code(&Fields::purchase(&generated_pan(2), 5)),
        APPROVED
    );
}

#[test]
fn connections_above_a_bound_are_closed_at_once_and_others_stay() {
    for (bound, label) in [
        ("links.connections_per_address", "connections_per_address"),
        ("links.connections_per_network", "connections_per_network"),
        ("links.maximum_connections", "maximum_connections"),
    ] {
        let world = World::with(|settings| set(settings, bound, 3));
        let switch = world.start();
        let mut held: Vec<_> = (0..3).map(|_| switch.connect()).collect();
        for client in &mut held {
            assert_eq!(client.response_code(&Fields::echo_test()), APPROVED);
        }
        assert!(switch.connect().receive().is_none(), "{label}");
        let refused = switch.metric(
            "switch_connections_refused_total",
            &format!("bound=\"{label}\""),
        );
        assert!((refused - 1.0).abs() < 0.5, "{label}: {refused}");
        for client in &mut held {
            assert_eq!(client.response_code(&Fields::echo_test()), APPROVED);
        }
        drop(held);
        eventually("there is room again", || {
            let mut client = switch.connect();
            client.try_send_bytes(&Fields::echo_test().frame());
            client.receive().map(drop)
        });
    }
}
