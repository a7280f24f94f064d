//! Acknowledgements (0180, 0280) of a network that sends them: noted once, never answered.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that panics has failed"
)]

mod harness;

use harness::{Client, Fields, Switch, World, eventually, set, text};
use serde_json::Value;

const PAN: &str = "4000001200000016";

/// Sends what must not be answered: the next answer on the link is that of an echo test.
fn send_unanswered(client: &mut Client, message: &Fields) {
    client.send(message);
    let echo = Fields::echo_test();
    let answer = client.ask(&echo);
    assert_eq!(text(&answer, 70), Some("301"));
}

/// When the newest message of account 1 was acknowledged.
fn acknowledged(switch: &Switch) -> Value {
    switch.settle();
    switch.messages(1)[0]["acknowledged"].clone()
}

#[test]
fn a_network_that_acknowledges_is_heard_and_not_answered() {
    let world = World::new();
    world.edit("networks/generic.toml", |network| {
        set(network, "acknowledgements", true)
    });
    let switch = world.start();
    let mut client = switch.connect();
    for (request, acknowledgement) in [("0100", "0180"), ("0200", "0280")] {
        let purchase = Fields::purchase(PAN, 100).as_mti(request);
        assert_eq!(client.response_code(&purchase), "00");
        assert_eq!(acknowledged(&switch), Value::Null);
        send_unanswered(&mut client, &purchase.as_mti(acknowledgement));
        eventually("the acknowledgement is noted", || {
            acknowledged(&switch).is_string().then_some(())
        });
        let first = acknowledged(&switch);
        send_unanswered(&mut client, &purchase.as_mti(acknowledgement));
        assert_eq!(acknowledged(&switch), first, "a second one changes nothing");
    }
    // Of nothing, and without a card: neither is answered, and the link goes on.
    let never_sent = Fields::purchase(PAN, 100);
    send_unanswered(&mut client, &never_sent.as_mti("0180"));
    send_unanswered(&mut client, &never_sent.without(2).as_mti("0180"));
    assert_eq!(client.response_code(&Fields::purchase(PAN, 100)), "00");
    switch.stop();
    let data = world.data();
    let audited = harness::run(world.command().args(["audit", "--data"]).arg(data));
    audited.expect_good();
}

#[test]
fn a_network_that_does_not_acknowledge_is_not_heard() {
    let world = World::new();
    let switch = world.start();
    let mut client = switch.connect();
    let purchase = Fields::purchase(PAN, 100);
    assert_eq!(client.response_code(&purchase), "00");
    send_unanswered(&mut client, &purchase.as_mti("0180"));
    assert_eq!(acknowledged(&switch), Value::Null);
    assert!(switch.metric("switch_frames_ignored_total", "not a request") > 0.5);
    switch.stop();
}
