//! Why a network decided in the switch's stead, from its advice through a socket to everything that tells of it.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that panics has failed"
)]

mod harness;

use std::process::Command;

use harness::{World, eventually, run, simulator};
use serde_json::Value;

/// The networks, their ports, where their advices are, and the reason that the approved one names.
const NETWORKS: [(&str, u64, &str, Option<&str>); 4] = [
    ("generic", 1, "advice.toml", None),
    ("visa", 2, "visa/advice.toml", Some("9020")),
    ("mastercard", 3, "mastercard/advice.toml", Some("200")),
    ("elo", 4, "elo/advice.toml", None),
];

#[test]
fn the_reason_of_a_network_that_stood_in_is_told_wherever_its_advice_is() {
    for (network, port, scenario, reason) in NETWORKS {
        let world = World::new();
        let switch = world.start();
        let played = run(simulator()
            .arg("run")
            .arg(format!("config/scenarios/{scenario}"))
            .args(["--network", network])
            .args(["--target", &switch.port(port).to_string()]));
        played.expect_good();
        switch.settle();
        // The event of the approved advice: the declined one names none.
        let event = eventually("the event of the advice", || {
            let mut events = world.events();
            events.retain(|event| {
                event["type"] == "authorization.decided" && event["data"]["amount_minor"] == 1_250
            });
            events.pop()
        });
        let reason = Value::from(reason);
        assert_eq!(event["data"]["stand_in_reason"], reason, "{network}");
        let id = event["id"].as_str().unwrap();
        let message = switch.json(&format!("/v1/messages/{id}"));
        assert_eq!(message["stand_in_reason"], reason, "{network}");
        let http = switch.http.to_string();
        let told = |arguments: &[&str]| {
            let mut command = Command::new(env!("CARGO_BIN_EXE_switch"));
            command
                .arg("--config")
                .arg(world.config().join("switch.toml"));
            let told = run(command.args(arguments).args(["--http", &http]));
            assert_eq!(told.code, Some(0), "{network}: {}", told.stderr);
            told.stdout
        };
        for arguments in [
            &["show", "authorization", id][..],
            &["show", "authorization", id, "--json"],
            &["explain", id],
        ] {
            let told = told(arguments);
            let names = reason.as_str().is_some_and(|reason| told.contains(reason));
            assert_eq!(names, !reason.is_null(), "{arguments:?}: {told}");
        }
        let explained = switch.json(&format!("/v1/messages/{id}/explanation"));
        let said = format!("\"stand_in_reason\":{reason}");
        assert!(
            explained.to_string().contains(&said),
            "{network}: {explained}"
        );
        switch.stop();
    }
}
