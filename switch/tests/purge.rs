//! Purging on a running switch: an old history leaves the books step by step, through a kill and a rebuild.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that panics has failed"
)]

mod harness;

use std::path::Path;
use std::process::Command;

use harness::{
    Ended, Fields, Switch, World, eventually, generated_account, generated_pan, run, set,
};
use ledger::identifiers::ShardId;
use ledger::journal::cursor::Cursor;
use ledger::journal::disk::Directory;
use ledger::journal::log::{Log, LogOptions};
use serde_json::Value;

const DAY_US: i64 = 86_400_000_000;
/// How old the history is made.
const AGE_DAYS: i64 = 100;
const CARDS: u64 = 20;
const PURCHASES: u64 = 1_000;
const OPENING: i64 = 10_000_000;

fn command(running: &Switch, arguments: &[&str]) -> Ended {
    let http = running.http.to_string();
    let mut command = Command::new(env!("CARGO_BIN_EXE_switch"));
    run(command.args(arguments).args(["--http", &http]))
}

/// A date so many days before today.
fn days_ago(days: i64) -> String {
    let now = ledger::runtime::now().plus_us(-days * DAY_US);
    now.to_string().chars().take(10).collect()
}

/// Writes the journal again with every batch so much older, and takes away what follows from it.
fn age(data: &Path) {
    let journal = data.join("journal");
    let mut cursor = Cursor::after(Directory::open(&journal).unwrap(), 0);
    let mut batches = Vec::new();
    while let Some(mut batch) = cursor.next_held().unwrap() {
        batch.time = batch.time.plus_us(-AGE_DAYS * DAY_US);
        batches.push(batch);
    }
    for gone in ["journal", "books", "snapshots", "events"] {
        drop(std::fs::remove_dir_all(data.join(gone)));
    }
    std::fs::create_dir(&journal).unwrap();
    let options = LogOptions {
        shard: ShardId(0),
        segment_bytes: 1 << 20,
    };
    let (mut log, _) = Log::open(Directory::open(&journal).unwrap(), options, 0).unwrap();
    for batch in batches {
        log.append(&[batch]).unwrap();
    }
    log.close().unwrap();
}

/// Purchases of 1.00 on each card in turn, posted at once; gives the record of the first.
fn purchases(running: &Switch, count: u64) -> String {
    let mut client = running.connect();
    for number in 0..count {
        let pan = generated_pan(number % CARDS + 1);
        let purchase = Fields::purchase(&pan, 100).as_mti("0200");
        assert_eq!(client.response_code(&purchase), "00");
    }
    running.settle();
    let oldest = running.messages(generated_account(1));
    oldest.last().unwrap()["id"].as_str().unwrap().to_owned()
}

fn purge(running: &Switch, id: &str, before: &str) -> Ended {
    let about = ["--tracking-id", id, "--description", "for the test"];
    let arguments = ["operate", "purge", "--before", before];
    command(running, &[&arguments[..], &about].concat())
}

fn purged(running: &Switch) -> Value {
    running.json("/v1/purges")
}

/// The history is gone, the limits are what they were, and the audit adds them up.
fn good(running: &Switch, decisions: u64, first: &str) {
    running.settle();
    let told = purged(running);
    assert_eq!(told["decisions"], decisions, "{told}");
    assert_eq!(told["held_back_by"], Value::Null, "{told}");
    let spent = i64::try_from(PURCHASES / CARDS + 1).unwrap() * 100;
    for number in 1..=CARDS {
        let account = generated_account(number);
        assert_eq!(running.available(account), OPENING - spent, "{account}");
        assert_eq!(running.messages(account).len(), 1);
    }
    let account = generated_account(1).to_string();
    let history = command(running, &["show", "account", &account, "--history"]);
    let said = &history.stdout;
    assert!(said.contains("older decisions were purged"), "{said}");
    let shown = running.get(&format!("/v1/messages/{first}"));
    assert_eq!(shown.status, 410, "{}", shown.body);
    let audited = command(running, &["audit", "--json"]);
    audited.expect_good();
    let report: Value = serde_json::from_str(&audited.stdout).unwrap();
    assert_eq!(report["purged"]["decisions"], decisions, "{report}");
    assert_eq!(report["looked_at"]["purged_messages"], decisions);
}

#[test]
fn an_old_history_leaves_the_books_through_a_kill_and_a_rebuild() {
    let world = World::new();
    let running = world.start();
    let first = purchases(&running, PURCHASES);
    running.stop();
    age(&world.data());

    let mut running = world.start();
    running.settle();
    let mut client = running.connect();
    for number in 1..=CARDS {
        let answer = client.response_code(&Fields::purchase(&generated_pan(number), 100));
        assert_eq!(answer, "00");
    }
    let refused = purge(&running, "too-young", &days_ago(30));
    assert_eq!(refused.code, Some(1), "{}", refused.stdout);
    assert!(
        refused.stderr.contains("cannot be purged"),
        "{}",
        refused.stderr
    );
    let ordered = purge(&running, "spring", &days_ago(AGE_DAYS / 2));
    ordered.expect_good();
    eventually("some of the history is gone", || {
        let told = purged(&running);
        (told["decisions"].as_u64().unwrap() > 0).then_some(())
    });
    running.kill();
    drop(running);

    let running = world.start();
    all_gone(&running);
    good(&running, PURCHASES, &first);
    let explained = command(&running, &["explain", &first]);
    assert_ne!(explained.code, Some(0), "{}", explained.stdout);
    running.stop();

    // Books that are made from the whole journal anew are purged as far.
    for gone in ["books", "snapshots"] {
        drop(std::fs::remove_dir_all(world.data().join(gone)));
    }
    let running = world.start();
    good(&running, PURCHASES, &first);
    running.stop();
}

fn all_gone(running: &Switch) {
    eventually("the history is gone", || {
        let told = purged(running);
        (told["decisions"].as_u64().unwrap() >= PURCHASES).then_some(())
    });
}

#[test]
fn the_settings_order_a_line_every_day() {
    let world = World::with(|settings| set(settings, "ledger.history_days", 50));
    let running = world.start();
    let mut client = running.connect();
    let answer = client.response_code(&Fields::purchase(&generated_pan(1), 100));
    assert_eq!(answer, "00");
    eventually("a line is ordered", || {
        purged(&running)["ordered_before"].is_string().then_some(())
    });
    let told = purged(&running);
    let line = told["ordered_before"].as_str().unwrap();
    assert!(line.starts_with(&days_ago(50)), "{told}");
    assert_eq!(told["decisions"], 0, "{told}");
    running.stop();
}
