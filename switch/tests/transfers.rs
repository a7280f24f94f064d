//! Transfers between accounts on a running switch: carried on by itself, shown, and killed between any two steps.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that panics has failed"
)]

mod harness;

use std::collections::BTreeMap;
use std::process::Command;

use harness::{Ended, Switch, World, eventually, run};
use serde_json::{Value, json};

/// A credit account, a debit account, and one that nobody opened.
const CREDIT: u64 = 1;
const DEBIT: u64 = 7;
const NOBODY: u64 = 999;
/// What they have, minor units.
const CREDIT_OPENING: i64 = 500_000;
const DEBIT_OPENING: i64 = 20_000;

fn command(running: &Switch, arguments: &[&str]) -> Ended {
    let http = running.http.to_string();
    let mut command = Command::new(env!("CARGO_BIN_EXE_switch"));
    run(command.args(arguments).args(["--http", &http]))
}

fn post(running: &Switch, operation: &Value, tracking_id: &str) -> (u16, Value) {
    let body = json!({
        "tracking_id": tracking_id,
        "operation": operation,
        "description": "for the test",
    });
    let config = ureq::Agent::config_builder().http_status_as_error(false);
    let agent: ureq::Agent = config.build().into();
    let url = format!("http://{}/v1/operations", running.http);
    let posted = agent.post(url).send(body.to_string());
    let mut answer = posted.unwrap();
    let text = answer.body_mut().read_to_string().unwrap();
    (
        answer.status().as_u16(),
        serde_json::from_str(&text).unwrap(),
    )
}

/// Sends an amount from the debit account; gives the record that took it.
fn send(running: &Switch, tracking_id: &str, counterpart: u64, amount_minor: i64) -> String {
    let transfer = json!({
        "account": DEBIT, "counterpart": counterpart, "amount_minor": amount_minor,
        "processing_code": "10", "counterpart_code": "26",
    });
    let (status, said) = post(running, &json!({ "send_transfer": transfer }), tracking_id);
    assert_eq!(status, 200, "{said}");
    said["id"].as_str().unwrap().to_owned()
}

fn whereabouts(running: &Switch, id: &str) -> String {
    let shown = running.json(&format!("/v1/messages/{id}"));
    let status = shown["transfer"]["status"].as_str().unwrap();
    status.to_owned()
}

fn none_on_its_way(running: &Switch) {
    eventually("every transfer is settled", || {
        running.settle();
        let open = running.json("/v1/transfers");
        open["transfers"]
            .as_array()
            .unwrap()
            .is_empty()
            .then_some(())
    });
}

fn audited(running: &Switch) -> Value {
    let ended = command(running, &["audit", "--json"]);
    ended.expect_good();
    serde_json::from_str(&ended.stdout).unwrap()
}

#[test]
fn what_is_sent_reaches_the_other_account_or_comes_back() {
    let world = World::new();
    let running = world.start();
    running.settle();
    let arguments = [
        "operate",
        "send",
        "--account",
        "7",
        "--counterpart",
        "1",
        "--amount",
        "25.00",
        "--code",
        "10",
        "--counterpart-code",
        "26",
        "--tracking-id",
        "gift",
        "--description",
        "for the test",
        "--json",
    ];
    let said = command(&running, &arguments);
    said.expect_good();
    let said: Value = serde_json::from_str(&said.stdout).unwrap();
    let gift = said["id"].as_str().unwrap().to_owned();
    let lost = send(&running, "lost", NOBODY, 700);
    none_on_its_way(&running);
    assert_eq!(running.available(DEBIT), DEBIT_OPENING - 2_500);
    assert_eq!(running.available(CREDIT), CREDIT_OPENING + 2_500);
    assert_eq!(whereabouts(&running, &gift), "COMPLETED");
    assert_eq!(whereabouts(&running, &lost), "RETURNED");
    let shown = running.json(&format!("/v1/messages/{lost}"));
    assert_eq!(shown["transfer"]["refused"], "unknown_account");
    assert_eq!(shown["status"], "CANCELED");
    let received = &running.messages(CREDIT)[0];
    assert_eq!(received["operation"], "receive_transfer");
    assert_eq!(received["tracking_id"], "gift");
    assert_eq!(received["transfer"]["id"], json!(gift));
    let text = command(&running, &["show", "transfers"]);
    text.expect_good();
    let report = audited(&running);
    assert_eq!(report["looked_at"]["transfers_completed"], 1);
    assert_eq!(report["looked_at"]["transfers_returned"], 1);
    assert_eq!(report["looked_at"]["transfers_in_flight"], 0);
    running.stop();
}

#[test]
fn nobody_but_the_switch_asks_for_the_later_steps() {
    let world = World::new();
    let running = world.start();
    let transfer = json!({
        "account": DEBIT, "counterpart": CREDIT, "amount_minor": 100,
        "processing_code": "10", "counterpart_code": "26",
    });
    let id = json!({ "shard": 0, "sequence": 1, "index": 0 });
    let receive = json!({ "id": id, "transfer": transfer, "currency": "840" });
    for operation in [
        json!({ "receive_transfer": receive }),
        json!({ "settle_transfer": { "id": id, "refused": "unknown_account" } }),
    ] {
        let (status, said) = post(&running, &operation, "made-up");
        let detail = said["detail"].as_str().unwrap();
        assert_eq!(status, 400, "{said}");
        assert!(detail.contains("asked by the switch itself"), "{detail}");
    }
    running.settle();
    assert_eq!(running.available(CREDIT), CREDIT_OPENING);
    running.stop();
}

/// When a round kills the switch.
#[derive(Clone, Copy, Debug)]
enum Killed {
    AfterTheAnswer,
    Once(&'static str),
}

#[test]
fn a_switch_that_is_killed_between_the_steps_completes_each_once() {
    let world = World::new();
    let rounds = [
        Killed::AfterTheAnswer,
        Killed::Once("RECEIVED"),
        Killed::AfterTheAnswer,
        Killed::Once("RECEIVED"),
        Killed::Once("COMPLETED"),
    ];
    let (mut credited, mut sent) = (0, 0);
    for (number, round) in (1_i64..).zip(rounds) {
        let mut running = world.start();
        running.settle();
        // What the round before left on its way is carried on beside what this one sends.
        let gift = send(&running, &format!("gift-{number}"), CREDIT, 100 * number);
        send(&running, &format!("lost-{number}"), NOBODY, 10 * number);
        (credited, sent) = (credited + 100 * number, sent + 2);
        if let Killed::Once(status) = round {
            eventually("the transfer has come so far", || {
                running.settle();
                let found = whereabouts(&running, &gift);
                (found == status || found == "COMPLETED").then_some(())
            });
        }
        running.kill();
    }
    let running = world.start();
    none_on_its_way(&running);
    running.settle();
    assert_eq!(running.available(CREDIT), CREDIT_OPENING + credited);
    assert_eq!(running.available(DEBIT), DEBIT_OPENING - credited);
    let report = audited(&running);
    assert_eq!(report["looked_at"]["transfers_completed"], sent / 2);
    assert_eq!(report["looked_at"]["transfers_returned"], sent / 2);
    assert_eq!(report["looked_at"]["transfers_in_flight"], 0);
    running.stop();
    let told = steps_told(&world);
    assert_eq!(told.len(), 3 * sent, "{told:?}");
    assert!(told.values().all(|count| *count == 1), "{told:?}");
}

/// How often the events tell each step of each transfer.
fn steps_told(world: &World) -> BTreeMap<(String, String), u32> {
    let mut told = BTreeMap::new();
    let events = world.data().join("events/events-000000.jsonl");
    for line in std::fs::read_to_string(events).unwrap().lines() {
        let event: Value = serde_json::from_str(line).unwrap();
        let data = &event["data"];
        if data["transfer"].is_object() {
            let text = |key: &str| data[key].as_str().unwrap().to_owned();
            *told
                .entry((text("tracking_id"), text("operation")))
                .or_default() += 1;
        }
    }
    told
}
