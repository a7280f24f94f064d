//! Networks that the switch connects to: the simulator and the load test wait for its lines.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that panics has failed"
)]

mod harness;

use std::net::TcpListener;

use harness::{Switch, World, loadtest, run, set, simulator};
use toml::Table;

/// An address that nobody listens at: a listener had it until now.
fn free_address() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().to_string()
}

/// A switch that keeps so many lines open to a network there, and tries again soon.
fn connecting(network: &str, address: &str, lines: i64) -> (World, Switch) {
    let world = World::with(|settings| {
        let mut connector = Table::new();
        set(&mut connector, "network", network);
        set(&mut connector, "connect", address);
        set(&mut connector, "lines", lines);
        set(&mut connector, "sign_on", true);
        set(&mut connector, "echo_idle_s", 1);
        set(settings, "connector", vec![toml::Value::Table(connector)]);
        set(settings, "sessions.reconnect_first_ms", 10);
        set(settings, "sessions.reconnect_limit_ms", 50);
    });
    let running = world.start();
    (world, running)
}

#[test]
fn the_simulator_plays_scenarios_to_a_switch_that_connects() {
    for (network, scenario) in [
        ("generic", "config/scenarios/reversal.toml"),
        ("visa", "config/scenarios/visa/purchase.toml"),
    ] {
        let address = free_address();
        let (_world, running) = connecting(network, &address, 1);
        let arguments = ["run", scenario, "--network", network, "--listen", &address];
        let played = run(simulator().args(arguments));
        played.expect_good();
        running.stop();
    }
}

#[test]
fn the_load_test_drives_a_switch_that_connects_and_the_books_agree() {
    for (network, mix) in [
        ("generic", "load/default.toml"),
        ("mastercard", "load/mastercard.toml"),
    ] {
        let address = free_address();
        let (world, running) = connecting(network, &address, 2);
        // As many accounts as there are here.
        world.edit(mix, |mix| set(mix, "accounts.count", 200));
        let mix = world.config().join(mix);
        let http = running.http.to_string();
        let arguments = [
            "run", "--listen", &address, "--admin", &http, "--rate", "100",
        ];
        let more = [
            "--duration",
            "2s",
            "--warm-up",
            "0s",
            "--connections",
            "2",
            "--mix",
        ];
        let ran = run(loadtest().args(arguments).args(more).arg(&mix));
        ran.expect_good();
        assert!(running.metric("switch_own_requests_total", "result=\"answered\"") >= 2.0);
        running.stop();
    }
}
