//! What operators rely on: an orderly end under load, one switch per data directory, configuration
//! errors that name file and line, readiness, metrics, and overload as an answer.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that panics has failed"
)]

mod harness;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::sync_channel;

use harness::{
    Client, Fields, Process, SetOnDrop, Switch, World, eventually, generated_account,
    generated_pan, set, text,
};
use serde_json::Value;

const AMOUNT: i64 = 100;

/// What a client at full speed sent and heard.
#[derive(Debug, Default)]
struct Tally {
    /// STANs sent.
    sent: Vec<String>,
    /// DE39 by STAN.
    answered: BTreeMap<String, String>,
}

/// Sends purchases as fast as the window allows until told to stop or the link is closed, and reads
/// until the link is closed.
fn full_speed(
    client: Client,
    (card, window): (u64, usize),
    stop: &AtomicBool,
    answers: &AtomicU64,
) -> Tally {
    let (mut sender, mut receiver) = client.split();
    let (took, room) = sync_channel::<()>(window);
    std::thread::scope(|scope| {
        let sending = scope.spawn(move || {
            let mut sent = Vec::new();
            while !stop.load(Ordering::Relaxed) && took.send(()).is_ok() {
                let purchase = Fields::purchase(&generated_pan(card), AMOUNT);
                sent.push(purchase.get(11).unwrap().to_owned());
                if !sender.send(&purchase) {
                    break;
                }
            }
            sent
        });
        let mut answered = BTreeMap::new();
        while let Some(answer) = receiver.receive() {
            let name = |element| text(&answer, element).unwrap().to_owned();
            let twice = answered.insert(name(11), name(39));
            assert_eq!(twice, None, "answered twice: {}", name(11));
            room.recv().unwrap();
            answers.fetch_add(1, Ordering::Relaxed);
        }
        drop(room);
        Tally {
            sent: sending.join().unwrap(),
            answered,
        }
    })
}

/// Three clients at full speed, each with so many requests under way, and SIGTERM in the middle. They stop
/// when the switch drains, or never.
fn end_under_load(switch: &Switch, window: usize, stop_when_draining: bool) -> Vec<Tally> {
    let (stop, answers) = (AtomicBool::new(false), AtomicU64::new(0));
    std::thread::scope(|scope| {
        let clients: Vec<_> = (0..3)
            .map(|card| {
                let (client, stop, answers) = (switch.connect(), &stop, &answers);
                scope.spawn(move || full_speed(client, (card, window), stop, answers))
            })
            .collect();
        let load = SetOnDrop(&stop);
        eventually("the load is on", || {
            (answers.load(Ordering::Relaxed) > 300).then_some(())
        });
        switch.terminate();
        switch.log().wait_for_message("draining");
        if stop_when_draining {
            // Some come after the drain has begun.
            let so_far = answers.load(Ordering::Relaxed);
            eventually("the drain goes on answering", || {
                (answers.load(Ordering::Relaxed) > so_far + 50).then_some(())
            });
        } else {
            eventually("the links are closed although more keeps coming", || {
                clients
                    .iter()
                    .all(|client| client.is_finished())
                    .then_some(())
            });
        }
        drop(load);
        let tallies = clients.into_iter().map(|client| client.join().unwrap());
        tallies.collect()
    })
}

/// Accounts and messages of the cards in use, as HTTP shows them.
fn books(switch: &Switch) -> Vec<(Value, Vec<Value>)> {
    switch.settle();
    (0..3)
        .map(generated_account)
        .map(|account| (switch.account(account), switch.messages(account)))
        .collect()
}

/// Two lists of STANs hold the same, each once.
fn expect_same(one: &str, mut stans: Vec<String>, other: &str, others: &[String]) {
    stans.sort();
    let mut others = others.to_owned();
    others.sort();
    let missing = others
        .iter()
        .find(|stan| stans.binary_search(stan).is_err());
    let surplus = stans
        .iter()
        .find(|stan| others.binary_search(stan).is_err());
    let counts = (stans.len(), others.len());
    let what = format!("{one}, {other}: {counts:?}; missing {missing:?}, surplus {surplus:?}");
    assert!(stans == others, "{what}");
}

/// The books hold exactly the purchases that were answered with 00.
fn expect_books(switch: &Switch, tallies: &[Tally]) {
    for ((account, messages), tally) in books(switch).iter().zip(tallies) {
        let stan = |message: &Value| message["stan"].as_str().unwrap().to_owned();
        let approved = messages.iter().filter(|one| one["response_code"] == "00");
        let in_books: Vec<String> = approved.map(stan).collect();
        let told = tally.answered.iter().filter(|(_, code)| *code == "00");
        let told: Vec<String> = told.map(|(stan, _)| stan.clone()).collect();
        expect_same("approvals in the books", in_books, "approvals heard", &told);
        let spent = AMOUNT * i64::try_from(told.len()).unwrap();
        let available = account["limits_minor"]["available_credit_limit"].as_i64();
        assert_eq!(available, Some(10_000_000 - spent));
    }
}

#[test]
fn sigterm_under_load_loses_no_answer_and_no_booking() {
    let world = World::with(|settings| {
        // A slow machine may take long; what is tested is that nothing is lost.
        set(settings, "links.drain_limit_ms", 30_000);
    });
    let switch = world.start();
    let tallies = end_under_load(&switch, 64, true);
    let log = switch.ends_well();
    assert!(!log.messages("ended").is_empty(), "{}", log.text());
    for tally in &tallies {
        let answered = tally.answered.keys().cloned().collect();
        expect_same("answered", answered, "sent", &tally.sent);
        assert!(tally.answered.values().all(|code| code == "00"));
    }
    let switch = world.start();
    expect_books(&switch, &tallies);
    let before = books(&switch);
    switch.stop();
    let switch = world.start();
    assert_eq!(books(&switch), before, "books after another restart");
    switch.stop();
}

#[test]
fn a_peer_that_never_stops_sending_does_not_hold_up_the_end() {
    let world = World::with(|settings| {
        set(settings, "links.drain_limit_ms", 500);
        // Never quiet for so long; and so long a slow machine has to read its last answers.
        set(settings, "links.drain_quiet_ms", 10_000);
    });
    let switch = world.start();
    let tallies = end_under_load(&switch, 20_000, false);
    switch.ends_well();
    let switch = world.start();
    // What was decided was answered, and the answer arrived although more was being sent.
    expect_books(&switch, &tallies);
    switch.stop();
}

#[test]
fn a_second_switch_on_the_same_data_is_refused() {
    let world = World::new();
    let mut first = world.start();
    let mut second = world.start_unready();
    assert_eq!(second.wait().code(), Some(1));
    let lock = world.data().join("lock");
    let said = second.log.text();
    assert!(said.contains(lock.to_str().unwrap()), "{said}");
    assert!(said.contains("another switch"), "{said}");
    assert!(second.log.messages("listening").is_empty(), "{said}");
    assert!(first.is_running());
    let purchase = Fields::purchase(&generated_pan(0), AMOUNT);
    assert_eq!(first.connect().response_code(&purchase), "00");
    first.stop();
}

/// Starts with a configuration in which a line was changed; returns what was said and where the line is.
fn refused_configuration(file: &str, line: &str, replacement: &str) -> (Process, String) {
    let world = World::new();
    let path = world.config().join(file);
    let text = std::fs::read_to_string(&path).unwrap();
    let number = 1 + text.lines().position(|one| one == line).unwrap();
    std::fs::write(&path, text.replacen(line, replacement, 1)).unwrap();
    let mut process = world.start_unready();
    assert_eq!(process.wait().code(), Some(2), "{}", process.log.text());
    assert!(!world.data().join("journal").exists(), "nothing was begun");
    (process, format!("{}:{number}:", path.display()))
}

#[test]
fn a_broken_configuration_is_refused_with_file_and_line() {
    for (file, line, replacement) in [
        (
            "switch.toml",
            "in_flight_per_link = 4096",
            "in_flight_per_linc = 4096",
        ),
        (
            "switch.toml",
            "in_flight_per_link = 4096",
            "in_flight_per_link = \"many\"",
        ),
        (
            "balance-configurations/tenant.toml",
            "consider = [\"AvailableCreditLimit\"]",
            "consider = [\"AvailableCreditLimits\"]",
        ),
        ("networks/generic.toml", "id = 1", "id = \"one\""),
        (
            "dialects/iso1987-ascii.toml",
            "version = \"1987\"",
            "version = \"1988\"",
        ),
    ] {
        let (process, place) = refused_configuration(file, line, replacement);
        let said = process.log.text();
        assert!(said.contains(&place), "{place} is not named: {said}");
        assert!(process.log.messages("listening").is_empty(), "{said}");
        assert!(process.log.messages("ready").is_empty(), "{said}");
    }
}

#[test]
fn missing_files_are_a_configuration_error() {
    let world = World::new();
    std::fs::remove_file(world.config().join("networks/generic.toml")).unwrap();
    let mut process = world.start_unready();
    assert_eq!(process.wait().code(), Some(2), "{}", process.log.text());
    let mut process = Process::start(world.command().args(["--config", "nowhere.toml"]));
    assert_eq!(process.wait().code(), Some(2), "{}", process.log.text());
    assert!(!Path::new("nowhere.toml").exists());
}

#[test]
fn readiness_and_metrics_are_there() {
    let world = World::new();
    let switch = world.start();
    assert_eq!(switch.get("/health/ready").status, 200);
    assert_eq!(switch.get("/health/live").status, 200);
    assert_eq!(switch.get("/v1/accounts/999999999").status, 404);
    assert_eq!(switch.get("/v1/nothing").status, 404);
    assert_eq!(switch.get("/v1/messages/none").status, 400);

    let mut client = switch.connect();
    let pan = generated_pan(0);
    for amount in [AMOUNT, AMOUNT, 20_000_000] {
        client.ask(&Fields::purchase(&pan, amount));
    }
    let answered = |labels: &str| switch.metric("switch_responses_total", labels);
    assert!((answered("response_code=\"00\"") - 2.0).abs() < 0.5);
    assert!((answered("reason=\"insufficient_funds\"") - 1.0).abs() < 0.5);
    assert!((switch.metric("switch_links", "") - 1.0).abs() < 0.5);
    for (bound, expected) in [
        ("switch_writer_queue_commands_bound", 16_384.0),
        ("switch_view_lag_batches_bound", 100_000.0),
        ("switch_connections_bound", 2048.0),
    ] {
        let found = switch.metric(bound, "");
        assert!((found - expected).abs() < 0.5, "{bound}: {found}");
    }
    // Those of the journal are there once its housekeeping has had its first turn.
    let mut texts = (0..10_000).map(|_| switch.get("/metrics").body);
    let metrics = texts.find(|text| text.contains("switch_journal_bytes"));
    let metrics = metrics.unwrap();
    for name in [
        "switch_writer_queue_commands",
        "switch_journal_sequence",
        "switch_journal_bytes",
        "switch_journal_segments",
        "switch_journal_oldest_sequence",
        "switch_journal_held",
        "switch_journal_reader_lag_bytes{reader=\"events\"}",
        "switch_journal_reader_detached{reader=\"snapshot\"}",
        "switch_books_sequence",
        "switch_connections_free",
        "switch_request_duration_seconds_bucket",
        "switch_journal_sync_duration_seconds_bucket",
    ] {
        assert!(metrics.contains(name), "{name} is missing:\n{metrics}");
    }
    switch.stop();
}

#[test]
fn overload_is_an_answer() {
    const BURST: usize = 200;
    let world = World::with(|settings| set(settings, "links.in_flight_per_link", 1));
    let switch = world.start();
    let mut client = switch.connect();
    let pan = generated_pan(0);
    let burst: Vec<Fields> = (0..BURST).map(|_| Fields::purchase(&pan, AMOUNT)).collect();
    let bytes: Vec<u8> = burst.iter().flat_map(Fields::frame).collect();
    client.send_bytes(&bytes);
    let mut answered = BTreeMap::new();
    for _ in 0..BURST {
        let answer = client.receive().unwrap();
        let name = |element| text(&answer, element).unwrap().to_owned();
        assert_eq!(answered.insert(name(11), name(39)), None);
        // Only an approval carries an approval code.
        assert_eq!(text(&answer, 38).is_some(), name(39) == "00");
    }
    let stans: Vec<_> = burst.iter().map(|one| one.get(11).unwrap()).collect();
    assert_eq!(answered.keys().collect::<Vec<_>>(), stans);
    let count = |code: &str| answered.values().filter(|one| *one == code).count();
    let (approved, overloaded) = (count("00"), count("91"));
    assert_eq!(approved + overloaded, BURST, "{answered:?}");
    assert!(approved > 0 && overloaded > 0, "{answered:?}");
    let refused = switch.metric("switch_responses_total", "reason=\"overloaded\"");
    assert!((refused - f64::from(u32::try_from(overloaded).unwrap())).abs() < 0.5);
    switch.settle();
    let spent = AMOUNT * i64::try_from(approved).unwrap();
    assert_eq!(switch.available(generated_account(0)), 10_000_000 - spent);
    // What was refused left nothing behind: it can be sent again.
    let again = burst
        .iter()
        .find(|one| answered[one.get(11).unwrap()] == "91");
    assert_eq!(client.response_code(again.unwrap()), "00");
    switch.stop();
}
