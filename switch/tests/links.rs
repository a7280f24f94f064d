//! Sessions of links through real sockets: lines that the switch opens, sign-on, echo, sign-off, lost lines, answers that
//! come late or belong to nothing.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that panics has failed"
)]

mod harness;

use std::collections::BTreeSet;
use std::net::{SocketAddr, TcpListener};

use codec::Message;
use harness::{Client, Fields, Switch, World, eventually, set, text};
use serde_json::{Value, json};
use toml::Table;

const PAN: &str = "4000001200000016";

/// A network that waits to be connected to.
struct Network(TcpListener);

impl Network {
    fn listen() -> Self {
        Self(TcpListener::bind("127.0.0.1:0").unwrap())
    }

    fn address(&self) -> SocketAddr {
        self.0.local_addr().unwrap()
    }

    /// The next line of a switch, signed on.
    fn signed_on(&self, running: &Switch) -> Client {
        let mut line = Client::over(running.opens_line_to(&self.0));
        asked(&mut line, "001");
        line
    }
}

/// The answer to a request of the switch.
fn answer(request: &Message) -> Fields {
    let copied = [7, 11, 70].into_iter();
    copied.fold(
        Fields::new("0810").with(39, "00"),
        |answer, element| match text(request, element) {
            Some(value) => answer.with(element, value),
            None => answer.without(element),
        },
    )
}

/// Takes a request of the switch with this code, without an answer.
fn heard(link: &mut Client, code: &str) -> Message {
    let request = link.receive().expect("a request of the switch");
    assert_eq!(request.mti().to_string(), "0800");
    assert_eq!(text(&request, 70), Some(code));
    request
}

/// Takes a request of the switch with this code, and answers it.
fn asked(link: &mut Client, code: &str) {
    let request = heard(link, code);
    link.send(&answer(&request));
}

/// The shipped world with a connector of so many lines, which are tried again soon.
fn connected_to(network: &Network, lines: i64) -> World {
    let address = network.address().to_string();
    World::with(|settings| {
        let mut connector = Table::new();
        set(&mut connector, "network", "generic");
        set(&mut connector, "connect", address);
        set(&mut connector, "lines", lines);
        set(&mut connector, "sign_on", true);
        set(settings, "connector", vec![toml::Value::Table(connector)]);
        set(settings, "sessions.reconnect_first_ms", 10);
        set(settings, "sessions.reconnect_limit_ms", 20);
    })
}

/// The links in which something holds, once there are so many.
fn links(running: &Switch, count: usize, holds: impl Fn(&Value) -> bool) -> Vec<Value> {
    eventually("the links stand as they should", || {
        let all = running.json("/v1/links");
        let links = all.as_array().unwrap();
        let found: Vec<Value> = links.iter().filter(|link| holds(link)).cloned().collect();
        (found.len() == count).then_some(found)
    })
}

fn state(link: &Value, state: &str) -> bool {
    link["side"] == "connects" && link["state"] == state
}

fn ask(running: &Switch, link: &Value, request: &str) -> u16 {
    running
        .post(&format!("/v1/links/{}/{request}", link["link"]))
        .status
}

#[test]
fn lines_are_opened_signed_on_used_lost_opened_again_and_signed_off() {
    let network = Network::listen();
    let world = connected_to(&network, 2);
    let running = world.start();
    let (mut first, mut second) = (network.signed_on(&running), network.signed_on(&running));
    links(&running, 2, |link| state(link, "signed_on"));
    // Traffic goes the other way than the connection was made.
    assert_eq!(first.response_code(&Fields::purchase(PAN, 100)), "00");
    assert_eq!(second.response_code(&Fields::purchase(PAN, 200)), "00");
    // One is lost: the other goes on, and the lost one comes again.
    drop(first);
    let mut again = network.signed_on(&running);
    links(&running, 2, |link| state(link, "signed_on"));
    assert_eq!(second.response_code(&Fields::purchase(PAN, 300)), "00");
    assert_eq!(again.response_code(&Fields::purchase(PAN, 400)), "00");
    assert!(running.metric("switch_lines_lost_total", "generic") >= 1.0);
    assert!(running.metric("switch_link_transitions_total", "to=\"signed_on\"") >= 3.0);
    running.terminate();
    asked(&mut second, "002");
    asked(&mut again, "002");
    assert!(second.receive().is_none() && again.receive().is_none());
    running.ends_well();
    let told = world.notices();
    let of = |link: u64| -> Vec<&str> {
        let subject = format!("networks/generic/links/{link}");
        let events = told.iter().filter(|event| event["subject"] == subject);
        events
            .map(|event| event["type"].as_str().unwrap())
            .collect()
    };
    let (began, changed, ended) = ("link.connected", "link.state_changed", "link.closed");
    // Signed on by and by, then lost; the others were signed off as well.
    let lost = [began, changed, changed, ended];
    let drained = [began, changed, changed, changed, changed, ended];
    let numbers: BTreeSet<u64> = told.iter().filter_map(number_of_link).collect();
    let count = |life: &[&str]| numbers.iter().filter(|link| of(**link) == life).count();
    assert_eq!((count(&lost), count(&drained)), (1, 2), "{told:#?}");
    let again = told
        .iter()
        .find(|event| event["type"] == "link.reconnecting");
    assert_eq!(again.unwrap()["data"]["reason"], "closed by the peer");
    let ids: BTreeSet<_> = told
        .iter()
        .map(|event| event["id"].as_str().unwrap())
        .collect();
    assert_eq!(ids.len(), told.len(), "ids are unique");
}

fn number_of_link(event: &Value) -> Option<u64> {
    let (_, number) = event["subject"].as_str()?.rsplit_once('/')?;
    number.parse().ok()
}

#[test]
fn a_line_that_cannot_be_opened_is_shown_and_holds_up_nothing() {
    // Bound and then given up: nobody listens there.
    let network = Network::listen();
    let world = connected_to(&network, 1);
    drop(network);
    let running = world.start();
    eventually("the line was tried more than once", || {
        (running.metric("switch_lines_lost_total", "generic") >= 2.0).then_some(())
    });
    let shown = |link: &Value| state(link, "waiting") || state(link, "connecting");
    let line = links(&running, 1, shown).remove(0);
    let asked = ask(&running, &line, "echo");
    assert!(asked == 409 || asked == 404, "{asked}");
    let mut link = running.connect();
    assert_eq!(link.response_code(&Fields::purchase(PAN, 100)), "00");
    running.stop();
}

#[test]
fn answers_are_told_apart_from_those_that_are_late_or_belong_to_nothing() {
    let world = World::with(|settings| {
        set(settings, "sessions.answer_wait_ms", 300);
        set(settings, "sessions.unanswered_limit", 0);
    });
    let running = world.start();
    let mut network = running.connect();
    let link = links(&running, 1, |link| link["side"] == "listens").remove(0);
    assert_eq!(ask(&running, &link, "sign-on"), 202);
    asked(&mut network, "001");
    let result =
        |name: &'static str, count: u64| move |link: &Value| link["own_requests"][name] == count;
    links(&running, 1, result("answered", 1));
    links(&running, 1, |link| link["state"] == "signed_on");
    // Answered under another time.
    assert_eq!(ask(&running, &link, "echo"), 202);
    let request = heard(&mut network, "301");
    network.send(&answer(&request).with(7, "0101000000"));
    let told = links(&running, 1, result("unmatched", 1)).remove(0);
    let complaint = told["complaints"][0]["text"].as_str().unwrap();
    assert_eq!(complaint, "echo: an answer came, it differs in DE7");
    // And then rightly, but too late.
    links(&running, 1, result("unanswered", 1));
    network.send(&answer(&request));
    links(&running, 1, result("late", 1));
    network.send(&Fields::new("0810").with(39, "00").with(70, "301"));
    let told = links(&running, 1, result("unmatched", 2)).remove(0);
    let complaints = told["complaints"].as_array().unwrap();
    assert_eq!(
        complaints.last().unwrap()["text"],
        "an answer came that nothing was asked for"
    );
    // Nothing of it stands in the way of traffic.
    assert_eq!(network.response_code(&Fields::purchase(PAN, 100)), "00");
    assert_eq!(ask(&running, &link, "coffee"), 404);
    assert_eq!(running.post("/v1/links/99/echo").status, 404);
    running.stop();
}

#[test]
fn a_peer_that_answers_no_echo_loses_its_link() {
    let world = World::with(|settings| {
        let listeners = settings["listener"].as_array_mut().unwrap();
        let listener = listeners[0].as_table_mut().unwrap();
        set(listener, "echo_idle_s", 1);
        set(settings, "sessions.answer_wait_ms", 50);
        set(settings, "sessions.unanswered_limit", 2);
    });
    let running = world.start();
    let mut silent = running.connect();
    heard(&mut silent, "301");
    heard(&mut silent, "301");
    assert!(silent.receive().is_none(), "the link should be closed");
    let closed = running.log().wait_for_message("link closed");
    assert_eq!(closed["reason"], "the peer does not answer");
    running.stop();
    let told = world.notices();
    let failed = told.iter().filter(|event| {
        event["type"] == "link.request_failed"
            && event["data"] == json!({ "request": "echo", "result": "unanswered" })
    });
    assert_eq!(failed.count(), 2, "{told:#?}");
    let closed = told.iter().find(|event| event["type"] == "link.closed");
    assert_eq!(
        closed.unwrap()["data"]["reason"],
        "the peer does not answer"
    );
}

#[test]
fn a_cut_over_gives_the_date_of_every_answer_until_the_next_one() {
    let world = World::new();
    let running = world.start();
    let (mut one, mut other) = (running.connect(), running.connect());
    let management = |code: &str| Fields::new("0800").with(70, code);
    assert_eq!(text(&one.ask(&Fields::purchase(PAN, 100)), 15), None);
    assert_eq!(one.response_code(&management("201").with(15, "1231")), "00");
    for link in [&mut one, &mut other] {
        let answer = link.ask(&Fields::purchase(PAN, 100));
        assert_eq!(
            (text(&answer, 39), text(&answer, 15)),
            (Some("00"), Some("1231"))
        );
    }
    // What is no date, or none, is refused and changes nothing, and so does a reload.
    assert_eq!(one.response_code(&management("201").with(15, "1332")), "30");
    assert_eq!(one.response_code(&management("201")), "30");
    assert_eq!(running.post("/v1/rules/reload").status, 200);
    let answer = other.ask(&Fields::purchase(PAN, 100));
    assert_eq!(text(&answer, 15), Some("1231"));
    assert_eq!(
        other.response_code(&management("201").with(15, "0101")),
        "00"
    );
    let answer = one.ask(&Fields::purchase(PAN, 100));
    assert_eq!(text(&answer, 15), Some("0101"));
    running.stop();
    let told = world.notices();
    let dates = told
        .iter()
        .filter(|event| event["type"] == "network.cut_over")
        .map(|event| event["data"]["business_date"].as_str().unwrap());
    assert_eq!(dates.collect::<Vec<_>>(), ["1231", "0101"]);
}

#[test]
fn a_business_date_outlives_the_process_however_it_ends() {
    let world = World::new();
    for date in ["1130", "1201"] {
        let mut running = world.start();
        let mut link = running.connect();
        let cut_over = Fields::new("0800").with(70, "201").with(15, date);
        assert_eq!(link.response_code(&cut_over), "00");
        running.kill();
        drop(running);
        let running = world.start();
        let answer = running.connect().ask(&Fields::purchase(PAN, 100));
        assert_eq!(text(&answer, 15), Some(date));
        // What the echo list names is the request's own; of the generic network it does not.
        let answer = running
            .connect()
            .ask(&Fields::purchase(PAN, 100).with(15, "0505"));
        assert_eq!(text(&answer, 15), Some(date));
        running.stop();
    }
    world.edit("networks/generic.toml", |network| {
        let echo = network["echo"].as_array_mut().unwrap();
        echo.push(toml::Value::Integer(15));
    });
    let running = world.start();
    let mut link = running.connect();
    let answer = link.ask(&Fields::purchase(PAN, 100).with(15, "0505"));
    assert_eq!(text(&answer, 15), Some("0505"));
    let answer = link.ask(&Fields::purchase(PAN, 100));
    assert_eq!(text(&answer, 15), Some("1201"));
    running.stop();
}

#[test]
fn a_group_sign_on_counts_for_every_link_of_the_network() {
    let world = World::new();
    world.edit("networks/generic.toml", |network| {
        set(network, "sign_on_required", true);
    });
    let running = world.start();
    let (mut one, mut other) = (running.connect(), running.connect());
    let purchase = || Fields::purchase(PAN, 100);
    let management = |code: &str| Fields::new("0800").with(70, code);
    assert_eq!(one.response_code(&purchase()), "91");
    assert_eq!(one.response_code(&management("061")), "00");
    assert_eq!(other.response_code(&purchase()), "00");
    assert_eq!(running.connect().response_code(&purchase()), "00");
    // It outlives the process.
    running.stop();
    let running = world.start();
    let (mut one, mut other) = (running.connect(), running.connect());
    assert_eq!(one.response_code(&purchase()), "00");
    assert_eq!(other.response_code(&management("062")), "00");
    assert_eq!(one.response_code(&purchase()), "91");
    // A link of its own.
    assert_eq!(one.response_code(&management("001")), "00");
    assert_eq!(one.response_code(&purchase()), "00");
    assert_eq!(other.response_code(&purchase()), "91");
    running.stop();
    let told = world.notices();
    let signed = told
        .iter()
        .filter(|event| event["type"] == "network.group_sign_on")
        .map(|event| event["data"]["signed_on"].as_bool().unwrap());
    assert_eq!(signed.collect::<Vec<_>>(), [true, false]);
}

#[test]
fn a_flood_of_strangers_is_counted_and_hides_no_link_of_the_network() {
    let world = World::new();
    let running = world.start();
    let flood = || {
        for _ in 0..40 {
            drop(std::net::TcpStream::connect(running.iso).unwrap());
        }
    };
    flood();
    let mut link = running.connect();
    flood();
    assert_eq!(link.response_code(&Fields::purchase(PAN, 100)), "00");
    let open = running.json("/v1/links");
    let mut open = open.as_array().unwrap().iter();
    let shown = open.find(|link| link["received"] == 1).unwrap();
    let number = shown["link"].clone();
    flood();
    drop(link);
    running.log().wait_for_messages("link closed", 121);
    running.stop();
    let told = world.notices();
    let of = |kind: &str| told.iter().filter(|event| event["type"] == kind).count();
    // Of the strangers twenty in all, in whichever order. The link came as one of them, so that its beginning may be among
    // the twenty; else it is told when the link is known. Its end is told in any case.
    let all = of("link.connected") + of("link.closed");
    assert!(matches!(all, 21 | 22), "{all}");
    let link = format!("networks/generic/links/{number}");
    let life = told.iter().filter(|event| event["subject"] == link);
    let life: Vec<_> = life.map(|event| event["type"].as_str().unwrap()).collect();
    assert_eq!(life, ["link.connected", "link.closed"]);
    let omitted: Vec<_> = told
        .iter()
        .filter(|event| event["type"] == "link.events_omitted")
        .collect();
    let [omitted] = omitted.as_slice() else {
        panic!("{omitted:#?}");
    };
    assert_eq!(omitted["subject"], "networks/generic");
    assert_eq!(omitted["data"]["peer"], "127.0.0.1");
    assert_eq!(omitted["data"]["known"], false);
    let kinds = omitted["data"]["omitted"].as_object().unwrap();
    let all: u64 = kinds.values().map(|count| count.as_u64().unwrap()).sum();
    // The link came as a stranger.
    assert_eq!(all, 3 * 80 - 20 + 1);
}

#[test]
fn a_connection_too_many_is_told() {
    let world = World::with(|settings| set(settings, "links.connections_per_network", 1));
    let running = world.start();
    let mut one = running.connect();
    assert_eq!(one.response_code(&Fields::echo_test()), "00");
    assert!(running.connect().receive().is_none());
    running.stop();
    let told = world.notices();
    let refused = told.iter().find(|event| event["type"] == "link.refused");
    let refused = refused.unwrap();
    assert_eq!(refused["subject"], "networks/generic");
    assert_eq!(refused["data"]["bound"], "connections_per_network");
}
