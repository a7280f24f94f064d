//! Hosts that the switch connects to and that mean no good: its lines end, wait and are opened again, and what they held
//! is given back.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};

use toml::Table;

use super::dialects::{Network, networks};
use super::watch::Watch;
use crate::APPROVED;
use crate::harness::{
    Client, Fields, PATIENCE, Random, Switch, World, generated_pan, set, skipped,
};

/// Turns of each kind; a line comes again after each.
const TURNS: usize = 20;

/// The next line of the switch.
fn accept(host: &TcpListener, switch: &Switch) -> TcpStream {
    let line = switch.opens_line_to(host);
    line.set_read_timeout(Some(PATIENCE)).unwrap();
    line.set_write_timeout(Some(PATIENCE)).unwrap();
    line
}

/// Reads until the switch ends the line.
fn until_closed(mut line: TcpStream) {
    let mut buffer = [0; 4096];
    while !matches!(line.read(&mut buffer), Ok(0) | Err(_)) {}
}

/// What the host does with a line.
type Mischief = fn(&Network, &mut Random, TcpStream);

const MISCHIEF: [(&str, Mischief); 7] = [
    ("closes it", |_, _, line| drop(line)),
    ("says bytes of chance", |_, random, mut line| {
        // The line may end before all of them are sent.
        drop(line.write_all(&random.bytes(1_000)));
    }),
    ("announces too much", |network, _, mut line| {
        line.write_all(&network.announced(u16::MAX)).unwrap();
        until_closed(line);
    }),
    ("never ends a frame", |network, _, mut line| {
        line.write_all(&network.announced(8_192)).unwrap();
        until_closed(line);
    }),
    ("answers nothing", |_, _, line| until_closed(line)),
    ("answers what nobody asked", |network, _, mut line| {
        let answer = Fields::new("0810").with(39, "00").with(70, "301").frame();
        line.write_all(&answer.repeat(200)).unwrap();
        line.write_all(&network.announced(u16::MAX)).unwrap();
        until_closed(line);
    }),
    ("never reads", |network, _, mut line| {
        let burst = network.echo.request.repeat(200);
        while line.write_all(&burst).is_ok() {}
    }),
];

#[test]
fn a_host_that_misbehaves_costs_its_own_line_only() {
    let host = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = host.local_addr().unwrap().to_string();
    let world = World::with(|settings| {
        let mut connector = Table::new();
        set(&mut connector, "network", "generic");
        set(&mut connector, "connect", address);
        set(&mut connector, "lines", 1);
        set(&mut connector, "sign_on", true);
        set(settings, "connector", vec![toml::Value::Table(connector)]);
        set(settings, "sessions.reconnect_first_ms", 5);
        set(settings, "sessions.reconnect_limit_ms", 10);
        set(settings, "sessions.answer_wait_ms", 200);
        set(settings, "sessions.unanswered_limit", 1);
        set(settings, "links.frame_timeout_ms", 100);
        set(settings, "links.write_timeout_ms", 200);
    });
    let switch = world.start();
    let network = networks(&switch).remove(0);
    let mut good = switch.connect();
    let mut buys = || {
        let purchase = Fields::purchase(&generated_pan(3), 5);
        assert_eq!(good.response_code(&purchase), APPROVED);
    };
    buys();
    drop(accept(&host, &switch));
    let mut random = Random::new(8584);
    let mut watch = Watch::begin(&switch);
    for (what, mischief) in MISCHIEF {
        for _ in 0..TURNS {
            mischief(&network, &mut random, accept(&host, &switch));
            buys();
        }
        watch.after(what, 1);
        watch.warm();
    }
    // A line that behaves is as good as any.
    let mut line = Client::over(accept(&host, &switch));
    assert!(line.receive().is_some(), "its sign-on");
    let purchase = Fields::purchase(&generated_pan(3), 5);
    assert_eq!(line.response_code(&purchase), APPROVED);
    switch.stop();
}

/// Ends a connection without a word to the other side: the system forgets the socket (TCP_REPAIR).
const VANISH: &str = "import socket, sys
link = socket.create_connection((sys.argv[1], int(sys.argv[2])))
link.sendall(bytes.fromhex(sys.argv[3]))
assert link.recv(4096)
link.setsockopt(socket.IPPROTO_TCP, 19, 1)
link.close()";

#[test]
fn a_peer_that_is_gone_without_a_word_is_noticed() {
    let world = World::with(|settings| set(settings, "links.keepalive_s", 1));
    let switch = world.start();
    let echo = Fields::echo_test().frame();
    let echo: String = echo.iter().map(|byte| format!("{byte:02x}")).collect();
    let (address, port) = (switch.iso.ip().to_string(), switch.iso.port().to_string());
    let mut python = std::process::Command::new("python3");
    let vanished = python
        .args(["-c", VANISH, &address, &port, &echo])
        .output()
        .map(|output| output.status.success());
    if !matches!(vanished, Ok(true)) {
        skipped("no python3 that may forget a socket (CAP_NET_ADMIN)");
        return;
    }
    switch
        .log()
        .wait_for("the link of a peer that is gone", |line| {
            line.contains("link closed") && line.contains("read failed")
        });
    switch.stop();
}
