//! The shipped switch and the shipped simulator, each as its own process: every scenario, before and
//! after a restart, and books that end as the demo data began (DESIGN section 10).

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that panics has failed"
)]

mod harness;

use std::path::PathBuf;

use harness::{Fields, Switch, World, generated_pan, repository, run, simulator, text};

/// What each account of the demo data has at the start, in minor units: available, cash, instalments.
const OPENING: [(u64, [i64; 3]); 12] = [
    (1, [500_000, 100_000, 300_000]),
    (2, [1_000, 1_000, 0]),
    (3, [500_000, 0, 0]),
    (4, [500_000, 0, 0]),
    (5, [500_000, 0, 0]),
    (6, [500_000, 0, 0]),
    (7, [20_000, 0, 0]),
    (8, [10_000, 0, 0]),
    (9, [200_000, 0, 0]),
    (10, [30_000, 0, 0]),
    (11, [500_000, 0, 0]),
    (12, [500_000, 0, 0]),
];

/// The networks: number, name, and where its scenarios are.
const NETWORKS: [(u64, &str, &str); 4] = [
    (1, "generic", "config/scenarios"),
    (2, "visa", "config/scenarios/visa"),
    (3, "mastercard", "config/scenarios/mastercard"),
    (4, "elo", "config/scenarios/elo"),
];

fn scenarios(directory: &str) -> Vec<PathBuf> {
    let directory = repository().join(directory);
    let mut files: Vec<PathBuf> = std::fs::read_dir(directory)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| {
            path.extension()
                .is_some_and(|extension| extension == "toml")
        })
        .collect();
    files.sort();
    assert!(files.len() >= 8, "the shipped scenarios: {files:?}");
    files
}

fn play_scenarios(switch: &Switch) {
    for network in NETWORKS {
        play(switch, network, &[]);
    }
}

/// Plays the scenarios of a network, with other cards than those of the files.
fn play(switch: &Switch, (number, name, directory): (u64, &str, &str), cards: &[String]) {
    let played = run(simulator()
        .arg("run")
        .args(scenarios(directory))
        .args(["--network", name])
        .args(["--target", &switch.port(number).to_string()])
        .args(["--timeout-ms", "30000"])
        .args(cards.iter().flat_map(|card| ["--card", card])));
    assert_eq!(
        played.code,
        Some(0),
        "{name}: {}{}",
        played.stdout,
        played.stderr
    );
}

fn expect_opening_books(switch: &Switch) {
    switch.settle();
    for (id, expected) in OPENING {
        let account = switch.account(id);
        let names = [
            "available_credit_limit",
            "available_withdrawal_credit",
            "available_total_installment_credit",
        ];
        let limits = names.map(|name| account["limits_minor"][name].as_i64().unwrap());
        assert_eq!(limits, expected, "account {id}: {names:?}");
    }
    // What overdraft adds can be spent and is not a balance.
    let debit = switch.account(7);
    assert_eq!(debit["available_balance_minor"], 25_000);
    assert_eq!(debit["ledger_balance_minor"], 20_000);
}

#[test]
fn every_scenario_holds_before_and_after_a_restart_and_leaves_the_books_as_they_were() {
    let world = World::new();
    let switch = world.start();
    expect_opening_books(&switch);
    play_scenarios(&switch);
    expect_opening_books(&switch);
    switch.stop();

    let switch = world.start();
    expect_opening_books(&switch);
    play_scenarios(&switch);
    expect_opening_books(&switch);
    switch.stop();

    let data = world.data();
    let audited = run(world.command().args(["audit", "--data"]).arg(data));
    audited.expect_good();
}

/// Each network plays over cards of its own; those of the generic one are the demo's.
#[test]
fn the_four_networks_at_once() {
    // What the scenarios of the networks move: the account with everything, the prepaid one.
    const MOVED: [(&str, i64); 2] = [("4000001200000016", 1), ("4000001200000081", 8)];
    let number = |network: u64, account: i64| 9_000_000 + network * 100 + account.cast_unsigned();
    let world = World::new();
    world.edit("demo/cards.toml", |demo| {
        for (network, _, _) in &NETWORKS[1..] {
            for (_, account) in MOVED {
                let number = number(*network, account);
                let copied = |table: &toml::Value| table["id"].as_integer() == Some(account);
                let accounts = demo["account"].as_array_mut().unwrap();
                let mut copy = accounts.iter().find(|table| copied(table)).unwrap().clone();
                copy["id"] = i64::try_from(number).unwrap().into();
                accounts.push(copy);
                let cards = demo["card"].as_array_mut().unwrap();
                let of = |table: &&toml::Value| table["account"].as_integer() == Some(account);
                let mut copy = cards.iter().find(of).unwrap().clone();
                copy["pan"] = generated_pan(number).into();
                copy["account"] = i64::try_from(number).unwrap().into();
                cards.push(copy);
            }
        }
    });
    let switch = world.start();
    std::thread::scope(|scope| {
        for network in NETWORKS {
            let switch = &switch;
            let other = move |(card, account): (&str, i64)| {
                format!("{card}={}", generated_pan(number(network.0, account)))
            };
            let cards: Vec<String> = match network.0 {
                1 => Vec::new(),
                _ => MOVED.map(other).to_vec(),
            };
            scope.spawn(move || play(switch, network, &cards));
        }
    });
    expect_opening_books(&switch);
    switch.stop();
}

#[test]
fn a_first_message_is_approved_and_said_in_words() {
    let world = World::new();
    let switch = world.start();
    let target = switch.iso.to_string();
    let send = |pan: &str| {
        run(simulator().args([
            "send", "--target", &target, "--pan", pan, "--amount", "12.50",
        ]))
    };
    let approved = send("4000001200000016");
    approved.expect_good();
    assert!(approved.stdout.contains("APPROVED"), "{}", approved.stdout);
    assert!(
        !approved.stdout.contains("4000001200000016"),
        "a PAN is shown masked"
    );
    switch.settle();
    assert_eq!(switch.available(1), 500_000 - 1_250);

    let declined = send("4000001200000057");
    declined.expect_good();
    assert!(!declined.stdout.contains("APPROVED"), "{}", declined.stdout);
    assert!(declined.stdout.contains("41"), "{}", declined.stdout);

    let echo = run(simulator().args(["echo", "--target", &target]));
    echo.expect_good();
    switch.stop();
}

#[test]
fn message_types_of_1993_are_decided_and_answered_as_such() {
    const PAN: &str = "4000001200000016";
    let world = World::new();
    let switch = world.start();
    let mut client = switch.connect();
    switch.settle();
    let before = switch.available(1);
    let purchase = Fields::purchase(PAN, 1_250);
    for (mti, answer) in [("1100", "1110"), ("1101", "1110")] {
        let response = client.ask(&purchase.as_mti(mti));
        assert_eq!(response.mti().to_string(), answer);
        assert_eq!(text(&response, 39), Some("00"));
    }
    let single = client.ask(&Fields::purchase(PAN, 700).as_mti("1200"));
    assert_eq!(single.mti().to_string(), "1210");
    let advice = Fields::purchase(PAN, 50).with(39, "00").with(38, "NET001");
    assert_eq!(client.response_code(&advice.as_mti("1120")), "00");
    let (stan, transmission) = purchase.key();
    let original = format!("1100{stan}{transmission}{:011}{:011}", 200_003, 0);
    let reversal = Fields::purchase(PAN, 1_250).with(90, &original);
    let reversed = client.ask(&reversal.as_mti("1400"));
    assert_eq!(reversed.mti().to_string(), "1410");
    assert_eq!(text(&reversed, 39), Some("00"));
    switch.settle();
    assert_eq!(switch.available(1), before - 750);
    switch.stop();
}
