//! Peers that misbehave: idle crowds, connections that come and go, bytes of chance, frames that are cut, trickled or
//! never read. The process lives, its memory stays flat, each bound keeps out only whom it is for, and a link that
//! behaves is answered correctly all the while.
//!
//! `ABUSE=full cargo test --release -p switch --test abuse -- --nocapture` does it at full size and prints what it did to
//! the latency of the link that behaves. The test itself then needs 6,000 open files (`ulimit -n`).

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that panics has failed"
)]

#[path = "abuse/dialects.rs"]
mod dialects;
#[path = "abuse/events.rs"]
mod events;
mod harness;
#[path = "abuse/hosts.rs"]
mod hosts;
#[path = "abuse/http.rs"]
mod http;
#[path = "abuse/rounds.rs"]
mod rounds;
#[path = "abuse/watch.rs"]
mod watch;

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use dialects::{Network, networks};
use harness::{
    Client, Fields, Random, SetOnDrop, World, eventually, generated_account, generated_pan, now,
    set,
};
use rounds::Size;
use watch::Watch;

const APPROVED: &str = "00";
const OPENING: i64 = 10_000_000;

/// The longest frame that the dialects accept.
const LONGEST_FRAME: u16 = 8_192;

fn connect(address: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(address).unwrap();
    let patience = Some(harness::PATIENCE);
    stream.set_read_timeout(patience).unwrap();
    stream.set_write_timeout(patience).unwrap();
    stream
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

/// The same purchase and echo test on another network, one after the other until told to stop: the golden answers.
fn behave_as(network: &Network, link: &mut TcpStream, over: &AtomicBool) {
    while !over.load(Ordering::Relaxed) {
        network.expect(link, &network.purchase);
        network.expect(link, &network.echo);
        harness::pause(Duration::from_millis(5));
    }
}

/// HTTP answers until told to stop.
fn ask(address: SocketAddr, over: &AtomicBool) {
    while !over.load(Ordering::Relaxed) {
        assert_eq!(harness::http_get(address, "/health/ready").status, 200);
        harness::pause(Duration::from_millis(20));
    }
}

fn p99_us(mut took_us: Vec<i64>) -> i64 {
    took_us.sort_unstable();
    took_us[took_us.len() * 99 / 100]
}

/// Every round on every port; what the process holds is looked at after each.
fn abuse(networks: &[Network], http: SocketAddr, size: Size, held: usize, watch: &mut Watch) {
    let mut random = Random::new(8583);
    let ports = networks.iter().map(|network| network.address);
    let ports: Vec<SocketAddr> = ports.chain([http]).collect();
    for port in &ports {
        rounds::come_and_go(*port, size);
    }
    watch.after("connections that come and go", held);
    rounds::chance(&ports, size, &mut random);
    watch.after("bytes of chance", held);
    for network in networks {
        rounds::beginnings(network.address, &network.purchase.request);
        rounds::cut_messages(network);
        rounds::too_long(network);
    }
    rounds::beginnings(http, http::READY);
    http::refused(http);
    http::pipelined(http);
    watch.after("messages that are cut or too long", held);
    std::thread::scope(|scope| {
        for network in networks {
            let (address, whole) = (network.address, &network.purchase.request);
            let longest = network.announced(LONGEST_FRAME);
            let half = &whole[..whole.len() / 2];
            scope.spawn(move || rounds::never_ends(address, &longest, None));
            scope.spawn(move || rounds::never_ends(address, half, None));
            scope.spawn(move || rounds::never_ends(address, &whole[..4], Some(0)));
            let longest = network.announced(LONGEST_FRAME);
            scope.spawn(move || rounds::never_ends(address, &longest, Some(0)));
            scope.spawn(move || rounds::never_reads(address, &network.echo.request));
        }
        scope.spawn(|| http::linger(http));
    });
    watch.after("messages that never end, answers that are never read", held);
}

#[test]
fn a_crowd_that_misbehaves_changes_nothing_for_links_that_behave() {
    let size = Size::of_this_run();
    let room = i64::try_from(5 * size.idle + 500).unwrap();
    let world = World::with(|settings| {
        for bound in [
            "links.maximum_connections",
            "links.connections_per_network",
            "links.connections_per_address",
            "http.maximum_connections",
        ] {
            set(settings, bound, room);
        }
        for time in [
            "links.frame_timeout_ms",
            "links.write_timeout_ms",
            "http.read_timeout_ms",
            "http.write_timeout_ms",
        ] {
            set(settings, time, 2_000);
        }
    });
    let mut switch = world.start();
    let networks = networks(&switch);
    let http = switch.http;
    let (mut client, over) = (switch.connect(), AtomicBool::new(false));
    let quiet = behave(&mut client, &AtomicBool::new(true));
    for network in &networks[1..] {
        behave_as(network, &mut network.connect(), &AtomicBool::new(true));
    }
    let mut watch = Watch::begin(&switch);
    let ports = networks.iter().map(|network| network.address);
    let idle: Vec<_> = ports
        .flat_map(|port| (0..size.idle).map(move |_| connect(port)))
        .collect();
    // Those of HTTP are closed when they have been idle for long enough.
    let idle_http: Vec<_> = (0..size.idle).map(|_| connect(http)).collect();
    watch.holding(idle.len() + idle_http.len());
    // Those that behave come to the ones that are idle, before the crowd takes all the room.
    let held = idle.len() + networks.len() + 1;
    let links: Vec<_> = networks[1..].iter().map(Network::connect).collect();
    let busy = std::thread::scope(|scope| {
        let (over, client) = (&over, &mut client);
        let other = scope.spawn(move || behave(client, over));
        for (network, mut link) in networks[1..].iter().zip(links) {
            scope.spawn(move || behave_as(network, &mut link, over));
        }
        scope.spawn(|| ask(http, over));
        let ending = SetOnDrop(over);
        for _ in 0..2 {
            abuse(&networks, http, size, held, &mut watch);
            watch.warm();
        }
        drop(ending);
        other.join().unwrap()
    });
    let behaved = i64::try_from(quiet.len() + busy.len()).unwrap();
    let (before_us, during_us) = (p99_us(quiet), p99_us(busy));
    println!(
        "p99 of the link that behaves: {before_us} us before, {during_us} us during, ratio {:.1}; {}",
        during_us as f64 / before_us as f64,
        watch.told()
    );
    assert!(switch.is_running());
    drop((idle, idle_http));
    eventually("only the link that behaves is left", || {
        (switch.metric("switch_links", "") < 1.5).then_some(())
    });
    watch.after("everybody has gone", 1);
    switch.settle();
    assert_eq!(switch.available(generated_account(7)), OPENING - behaved);
    let log = switch.stop();
    assert!(!log.text().contains("panic"), "{}", log.text());
    events::bounded(&world, size);
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

#[test]
fn connections_of_http_above_the_bound_are_closed_at_once_and_links_stay() {
    let world = World::with(|settings| set(settings, "http.maximum_connections", 3));
    let switch = world.start();
    let mut held: Vec<_> = (0..3).map(|_| connect(switch.http)).collect();
    for stream in &mut held {
        stream.write_all(http::READY).unwrap();
        assert!(stream.read(&mut [0; 1024]).unwrap() > 0);
    }
    let refused = connect(switch.http).read(&mut [0; 1]);
    assert!(!matches!(refused, Ok(1)), "it is closed");
    let purchase = Fields::purchase(&generated_pan(2), 5);
    assert_eq!(switch.connect().response_code(&purchase), APPROVED);
    drop(held);
    eventually("there is room again", || {
        let mut stream = connect(switch.http);
        drop(stream.write_all(http::READY));
        matches!(stream.read(&mut [0; 1024]), Ok(1..)).then_some(())
    });
    assert!(switch.metric("switch_http_connections_refused_total", "") > 0.5);
}
