//! What the network does not take, through real sockets: frames that come back with a reject header, and 0620.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::string_slice,
    reason = "a test that panics has failed"
)]

mod harness;

use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use harness::{Fields, PATIENCE, Switch, World, eventually, repository, run, set, simulator, text};
use serde_json::{Value, json};

const PAN: &str = "4000001200000016";

/// The one link, once something holds of it.
fn link(running: &Switch, holds: impl Fn(&Value) -> bool) -> Value {
    eventually("the link shows what became of it", || {
        let links = running.json("/v1/links");
        let link = links.as_array().unwrap().first().cloned();
        link.filter(|link| holds(link))
    })
}

/// What a link has counted by what was rejected: own requests, approvals, other responses, what is not known.
fn rejected(counts: [u64; 4]) -> impl Fn(&Value) -> bool {
    let [own_request, approval, response, unmatched] = counts;
    let expected = json!({
        "own_request": own_request,
        "approval": approval,
        "response": response,
        "unmatched": unmatched,
    });
    move |link| link["rejected"] == expected
}

fn last_complaint(link: &Value) -> &str {
    link["complaints"].as_array().unwrap().last().unwrap()["text"]
        .as_str()
        .unwrap()
}

/// A 0620 that rejects the answer to a request, with this reason.
fn rejection(request: &Fields, answered: &str, reason: &str) -> Fields {
    let (stan, transmission) = request.key();
    let institutions = "0".repeat(22);
    Fields::new("0620")
        .with(39, reason)
        .with(90, &format!("{answered}{stan}{transmission}{institutions}"))
}

/// What events tell of rejections, once the switch has ended.
fn told(world: &World) -> Vec<Value> {
    let mut events = world.notices();
    events.retain(|event| event["type"] == "message.rejected");
    events
        .into_iter()
        .map(|event| event["data"].clone())
        .collect()
}

#[test]
fn administrative_messages_are_told_by_what_they_reject_and_never_begin_a_loop() {
    let world = World::new();
    let running = world.start();
    let mut network = running.connect();
    running.settle();
    let before = running.available(1);
    let purchase = Fields::purchase(PAN, 700);
    assert_eq!(network.response_code(&purchase), "00");
    let answer = network.ask(&rejection(&purchase, "0110", "12"));
    assert_eq!(answer.mti().to_string(), "0630");
    assert_eq!(text(&answer, 39), Some("00"));
    assert!(text(&answer, 90).unwrap().starts_with("0110"));
    let shown = link(&running, rejected([0, 1, 0, 0]));
    running.settle();
    let id = running.messages(1)[0]["id"].as_str().unwrap().to_owned();
    assert_eq!(
        last_complaint(&shown),
        format!(
            "0110: the network rejected the approval {id} with 12; it stands until it is reversed"
        )
    );
    // The hold stands until it is reversed.
    assert_eq!(running.available(1), before - 700);
    // The same again is of nothing that is known any more.
    assert_eq!(
        network.response_code(&rejection(&purchase, "0110", "12")),
        "00"
    );
    link(&running, rejected([0, 1, 0, 1]));
    // A declined purchase, and a message that was refused without the ledger.
    let declined = Fields::purchase(PAN, 99_999_999);
    assert_eq!(network.response_code(&declined), "51");
    assert_eq!(
        network.response_code(&rejection(&declined, "0110", "30")),
        "00"
    );
    let refused = Fields::purchase(PAN, 1).without(4);
    assert_eq!(network.response_code(&refused), "30");
    assert_eq!(
        network.response_code(&rejection(&refused, "0110", "30")),
        "00"
    );
    link(&running, rejected([0, 1, 2, 1]));
    let of_nothing = Fields::new("0620").with(90, &"0".repeat(42));
    assert_eq!(network.response_code(&of_nothing), "00");
    // Rejections of what acknowledged one, and those that cannot be read, are not answered.
    network.send(&rejection(&refused, "0630", "30"));
    let body = rejection(&refused, "0110", "30").body();
    network.send_body(&body[..body.len() - 10]);
    assert_eq!(network.response_code(&Fields::echo_test()), "00");
    link(&running, rejected([0, 1, 2, 3]));
    // One that rejects nothing is like any other message that is not supported.
    assert_eq!(network.response_code(&Fields::new("0620")), "57");
    assert!(running.metric("switch_rejects_total", "of=\"approval\"") >= 1.0);
    running.stop();
    let told = told(&world);
    assert_eq!(told.len(), 6);
    assert_eq!(told[0]["of"], "approval");
    assert_eq!(told[0]["message_id"], id);
    assert_eq!(told[0]["reject_code"], "12");
    assert_eq!(told[0]["response_code"], "00");
}

#[test]
fn the_answer_to_a_frame_that_cannot_be_decoded_is_known_when_it_is_rejected() {
    let world = World::new();
    let running = world.start();
    let mut network = running.connect();
    let purchase = Fields::purchase(PAN, 700);
    let mut body = purchase.body();
    body.extend_from_slice(b"more");
    network.send_body(&body);
    let answer = network.receive().unwrap();
    assert_eq!(text(&answer, 39), Some("30"));
    assert_eq!(
        network.response_code(&rejection(&purchase, "0110", "12")),
        "00"
    );
    link(&running, rejected([0, 0, 1, 0]));
    running.stop();
    let told = told(&world);
    assert_eq!(told.len(), 1);
    assert_eq!(told[0]["of"], "response");
    assert_eq!(told[0]["response_code"], "30");
}

#[test]
fn a_request_of_our_own_that_is_rejected_ends_at_once() {
    let world = World::new();
    let running = world.start();
    let mut network = running.connect();
    let number = link(&running, |_| true)["link"].clone();
    assert_eq!(
        running.post(&format!("/v1/links/{number}/echo")).status,
        202
    );
    let request = network.receive().unwrap();
    let (stan, transmission) = (text(&request, 11).unwrap(), text(&request, 7).unwrap());
    let institutions = "0".repeat(22);
    let rejection = Fields::new("0620")
        .with(39, "57")
        .with(90, &format!("0800{stan}{transmission}{institutions}"));
    assert_eq!(network.response_code(&rejection), "00");
    let shown = link(&running, rejected([1, 0, 0, 0]));
    assert_eq!(shown["own_requests"]["rejected"], 1);
    assert_eq!(
        last_complaint(&shown),
        "echo: rejected by the network with 57"
    );
    running.stop();
}

/// A scenario that only waits, on a link of a network that rejects what the switch asks of its own.
const NOTHING_IS_TAKEN: &str = r#"
name = "nothing is taken"
description = "Echoes of the switch are rejected."
reject_own_requests = "CODE"

[[step]]
name = "wait"
send.mti = "0800"
send.fields = { 70 = "301" }
expect.fields = { 39 = "00" }

[[step]]
name = "echoes come"
expect_no_answer_ms = 1500
"#;

#[test]
fn the_simulator_rejects_requests_of_the_switch_in_both_forms() {
    let world = World::with(|settings| {
        for listener in settings["listener"].as_array_mut().unwrap() {
            set(listener.as_table_mut().unwrap(), "echo_idle_s", 1);
        }
    });
    let running = world.start();
    for (number, network, code) in [(1, "generic", "12"), (2, "visa", "0497")] {
        let file = world.data().join("rejecting.toml");
        std::fs::write(&file, NOTHING_IS_TAKEN.replace("CODE", code)).unwrap();
        let target = running.port(number).to_string();
        let arguments = ["run", "--network", network, "--target", &target];
        let played = run(simulator().args(arguments).arg(&file));
        played.expect_good();
        let note = "rejected 0800 301 of the switch";
        assert!(played.stdout.contains(note), "{}", played.stdout);
        let labels = format!("network=\"{network}\",code=\"{code}\",of=\"own_request\"");
        assert!(running.metric("switch_rejects_total", &labels) >= 1.0);
    }
    running.stop();
}

/// The frame behind a name of the golden file.
fn golden(name: &str) -> Vec<u8> {
    let path = repository().join("switch/tests/golden/networks.txt");
    let text = std::fs::read_to_string(path).unwrap();
    let mut lines = text.lines().skip_while(|line| *line != format!("# {name}"));
    let line = lines.nth(1).unwrap();
    let hex = line.strip_prefix("visa > ").unwrap();
    let byte = |at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap();
    (0..hex.len()).step_by(2).map(byte).collect()
}

/// Two bytes of length, two zeros, then header and body.
const PREFIX: usize = 4;

/// A frame of the Visa-like network.
fn frame(stream: &mut TcpStream) -> Vec<u8> {
    let mut prefix = [0; PREFIX];
    stream.read_exact(&mut prefix).unwrap();
    let mut rest = vec![0; usize::from(u16::from_be_bytes([prefix[0], prefix[1]]))];
    stream.read_exact(&mut rest).unwrap();
    [&prefix[..], &rest].concat()
}

/// The same frame behind a reject header with this code.
fn given_back(frame: &[u8], code: u16) -> Vec<u8> {
    let mut header = vec![0x1A, 1, 2];
    header.resize(24, 0);
    header.extend(code.to_be_bytes());
    let length = u16::try_from(frame.len() - PREFIX + header.len()).unwrap();
    [
        &length.to_be_bytes()[..],
        &[0, 0],
        &header,
        &frame[PREFIX..],
    ]
    .concat()
}

#[test]
fn frames_that_come_back_are_told_by_what_they_were_and_not_decided_again() {
    let world = World::new();
    let running = world.start();
    let mut network = TcpStream::connect(running.port(2)).unwrap();
    network.set_read_timeout(Some(PATIENCE)).unwrap();
    let ask = |network: &mut TcpStream, name: &str| {
        network.write_all(&golden(name)).unwrap();
        frame(network)
    };
    ask(&mut network, "sign-on");
    let approval = ask(&mut network, "purchase");
    let decline = ask(&mut network, "above the limit");
    network.write_all(&given_back(&approval, 0x0497)).unwrap();
    let shown = link(&running, rejected([0, 1, 0, 0]));
    assert!(last_complaint(&shown).contains("with 0497"), "{shown}");
    network.write_all(&given_back(&decline, 0x0012)).unwrap();
    link(&running, rejected([0, 1, 1, 0]));
    // Not what was sent here: a request, and bytes that are no message.
    network
        .write_all(&given_back(&golden("purchase"), 9))
        .unwrap();
    link(&running, rejected([0, 1, 1, 1]));
    network.write_all(&given_back(&approval[..40], 9)).unwrap();
    let number = shown["link"].clone();
    assert_eq!(
        running.post(&format!("/v1/links/{number}/echo")).status,
        202
    );
    let echo = frame(&mut network);
    network.write_all(&given_back(&echo, 0x0497)).unwrap();
    let shown = link(&running, rejected([1, 1, 1, 1]));
    assert_eq!(shown["own_requests"]["rejected"], 1);
    // The link goes on.
    ask(&mut network, "echo test");
    assert!(running.metric("switch_rejects_total", "code=\"0497\"") >= 2.0);
    drop(network);
    running.stop();
    assert_eq!(told(&world).len(), 4);
}
