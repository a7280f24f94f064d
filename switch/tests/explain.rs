//! `switch explain` and `switch replay` over the real process: every decision comes out again as it was
//! recorded, after a restart and without the rule files too; other rules change what they should.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that panics has failed"
)]

mod harness;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use harness::{Fields, Switch, World, eventually, set, text};
use serde_json::{Value, json};

const CREDIT: &str = "4000001200000016";
const DEBIT: &str = "4000001200000073";
const BLOCKED: &str = "4000001200000040";

fn switch(world: &World, arguments: &[&str]) -> (Option<i32>, String, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_switch"))
        .arg("--config")
        .arg(world.config().join("switch.toml"))
        .args(arguments)
        .output()
        .unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (
        output.status.code(),
        text(&output.stdout),
        text(&output.stderr),
    )
}

fn good(world: &World, arguments: &[&str]) -> String {
    let (code, out, error) = switch(world, arguments);
    assert_eq!(code, Some(0), "{arguments:?}\n{out}\n{error}");
    out
}

/// Purchases above and below what there is, cash, cashback, a reversal, cards that are refused.
fn traffic(switch: &Switch) {
    let mut client = switch.connect();
    for pan in [CREDIT, DEBIT, BLOCKED] {
        for (code, amount) in [("003000", 1_250), ("003000", 9_999_999), ("013000", 700)] {
            client.ask(&Fields::purchase(pan, amount).with(3, code));
        }
        let with_cash = Fields::purchase(pan, 2_000).with(3, "093000");
        client.ask(&with_cash.with(54, "3040840D000000000500"));
        client.ask(&Fields::purchase(pan, 0).with(3, "313000"));
    }
    client.ask(&Fields::purchase(CREDIT, 410).as_mti("0200"));
}

/// Waits until readers see everything that was answered, and the events tell of it.
fn settle(switch: &Switch) {
    switch.settle();
    eventually("the events come after", || {
        let written = switch.metric("switch_events_sequence", "");
        (written >= switch.metric("switch_journal_sequence", "")).then_some(())
    });
}

/// The ids of the authorizations and of the reversals in the events.
fn ids(world: &World, kind: &str) -> Vec<String> {
    let mut found = Vec::new();
    for entry in fs::read_dir(world.data().join("events")).unwrap() {
        let path = entry.unwrap().path();
        if path
            .extension()
            .is_none_or(|extension| extension != "jsonl")
        {
            continue;
        }
        for line in fs::read_to_string(path).unwrap().lines() {
            let event: Value = serde_json::from_str(line).unwrap();
            if event["type"] == kind {
                found.push(event["id"].as_str().unwrap().to_owned());
            }
        }
    }
    found
}

#[test]
fn every_decision_comes_out_again() {
    let world = World::new();
    let mut running = world.start();
    traffic(&running);
    settle(&running);
    let decisions = ids(&world, "authorization.decided");
    assert!(decisions.len() >= 16, "{decisions:?}");
    for id in &decisions {
        let said = good(&world, &["explain", id, "--json"]);
        let said: Value = serde_json::from_str(&said).unwrap();
        let explanation = &said["explanation"];
        assert_eq!(explanation["as_recorded"], true, "{said}");
        assert_eq!(explanation["steps"].as_array().unwrap().len(), 12, "{said}");
    }
    // The books of the running switch say the same as the journal, and most of it.
    let (http, data) = (running.http.to_string(), world.data());
    let data = data.to_str().unwrap();
    let mut from_books = 0;
    for id in &decisions {
        for form in [&[][..], &["--json"]] {
            let asked = |of: [&str; 2]| good(&world, &[&["explain", id][..], &of, form].concat());
            assert_eq!(asked(["--http", &http]), asked(["--data", data]), "{id}");
        }
        let path = format!("/v1/messages/{id}/explanation");
        from_books += usize::from(running.get(&path).status == 200);
    }
    assert!(
        from_books * 3 >= decisions.len() * 2,
        "{from_books} of {decisions:?}"
    );
    running.kill();
    drop(running);
    // The archive has the rules; the files that they came from are not needed.
    fs::remove_dir_all(world.config().join("balance-configurations")).unwrap();
    for id in &decisions {
        good(&world, &["explain", id]);
    }
    let unknown = switch(&world, &["explain", "0-999999-0"]);
    assert_eq!(unknown.0, Some(1));
    assert!(
        unknown.2.contains("holds no record 0-999999-0"),
        "{}",
        unknown.2
    );
}

#[test]
fn an_explanation_names_the_check_that_decided_and_what_it_saw() {
    let world = World::new();
    let running = world.start();
    let mut client = running.connect();
    for (pan, amount) in [(BLOCKED, 100), (DEBIT, 25_001), (CREDIT, 100)] {
        client.ask(&Fields::purchase(pan, amount));
    }
    settle(&running);
    let decisions = ids(&world, "authorization.decided");
    for (id, expected) in decisions.iter().zip([
        "  NO  card status           BLOCKED -> card_blocked\n   -  card expiry\n",
        "considers AvailableCreditLimit 20000 + TotalOverdraftLimit 5000 + AvailableSavingsAccountLimit 0 = 25000, \
         must cover 25001",
        "\napproved, DE39 00\n",
    ]) {
        let said = good(&world, &["explain", id]);
        assert!(said.contains(expected), "{said}");
        assert!(!said.contains("400000"), "a card number: {said}");
    }
    running.stop();
}

#[test]
fn the_business_day_of_a_message_is_told_wherever_the_message_is() {
    let world = World::new();
    let running = world.start();
    let mut client = running.connect();
    let purchase = || Fields::purchase(CREDIT, 100).as_mti("0200");
    assert_eq!(client.response_code(&purchase()), "00");
    let cut_over = Fields::new("0800").with(70, "201").with(15, "1121");
    assert_eq!(client.response_code(&cut_over), "00");
    let second = purchase();
    assert_eq!(client.response_code(&second), "00");
    let cut_over = Fields::new("0800").with(70, "201").with(15, "1122");
    assert_eq!(client.response_code(&cut_over), "00");
    let (stan, transmission) = second.key();
    let original = format!("0200{stan}{transmission}00000200003{:011}", 0);
    let reversal = second.as_mti("0420").with(11, "999999").with(90, &original);
    assert_eq!(client.response_code(&reversal), "00");
    settle(&running);
    let events = world.events();
    let told = |kind: &str| {
        let of_kind = events.iter().filter(|event| event["type"] == kind);
        let dates = of_kind.map(|event| event["data"]["business_date"].clone());
        dates.collect::<Vec<_>>()
    };
    let (none, first, next) = (Value::Null, json!("1121"), json!("1122"));
    let decided = [none.clone(), first.clone()];
    assert_eq!(told("authorization.decided"), decided);
    assert_eq!(told("reversal.decided"), std::slice::from_ref(&next));
    assert_eq!(told("transaction.posted"), [none, first, next]);
    for (id, date) in ids(&world, "authorization.decided").iter().zip(decided) {
        let message = running.json(&format!("/v1/messages/{id}"));
        assert_eq!(message["business_date"], date, "{message}");
        let said = good(&world, &["explain", id, "--json"]);
        let said: Value = serde_json::from_str(&said).unwrap();
        assert_eq!(said["explanation"]["business_date"], date, "{said}");
        let said = good(&world, &["explain", id]);
        let names = said.contains("business day 1121 of the network");
        assert_eq!(names, !date.is_null(), "{said}");
    }
    running.stop();
}

#[test]
fn other_rules_change_what_they_should_and_nothing_is_written() {
    let world = World::new();
    let running = world.start();
    traffic(&running);
    settle(&running);
    running.stop();
    let config = world.config();
    let own = config.to_str().unwrap();
    let report: Value =
        serde_json::from_str(&good(&world, &["replay", "--rules", own, "--json"])).unwrap();
    assert_eq!(report["changed"], 0, "{report}");
    assert_eq!(report["decisions"], 16, "{report}");

    let other = world.data().with_file_name("other-rules");
    harness::copy(&config, &other);
    deny(&other);
    let other = other.to_str().unwrap();
    let before = bytes_of(&world.data().join("journal"));
    let said = good(&world, &["replay", "--rules", other, "--json"]);
    let report: Value = serde_json::from_str(&said).unwrap();
    let changes = report["by_decision"].as_array().unwrap();
    let of = |name: &str| {
        let change = changes.iter().find(|change| change["name"] == name);
        change.map_or(0, |change| change["count"].as_u64().unwrap())
    };
    assert_eq!(of("approved -> declined no_configuration"), 2, "{report}");
    assert_eq!(
        of("declined insufficient_funds -> declined no_configuration"),
        1,
        "{report}"
    );
    let sample = changes[0]["samples"][0].as_str().unwrap();
    let said = good(&world, &["explain", sample, "--with", other]);
    assert!(said.contains("-> no_configuration"), "{said}");
    assert_eq!(before, bytes_of(&world.data().join("journal")));

    let wrong = switch(&world, &["replay", "--rules", "/nowhere"]);
    assert_eq!(wrong.0, Some(2), "{}", wrong.2);
}

/// Takes the purchases out of what the credit program covers.
fn deny(config: &Path) {
    let path = config.join("balance-configurations/credit-program.toml");
    let text = fs::read_to_string(&path).unwrap();
    let codes = "processing_codes = [\"00\", \"09\"]\nmax_installments = 1";
    assert!(text.contains(codes));
    let text = text.replace(codes, &codes.replace("\"00\", ", ""));
    fs::write(path, text).unwrap();
}

/// A control of other rules counts from decision to decision what they approve, not what was approved, and what is
/// undone counts no more.
#[test]
fn a_control_of_other_rules_counts_what_they_approve() {
    let world = World::new();
    let running = world.start();
    let mut client = running.connect();
    let purchases: Vec<_> = (0..4).map(|_| Fields::purchase(CREDIT, 100)).collect();
    for purchase in &purchases {
        assert_eq!(text(&client.ask(purchase), 39), Some("00"));
    }
    let (stan, transmission) = purchases[1].key();
    let original = format!("0100{stan}{transmission}00000200003{:011}", 0);
    let reversal = Fields::purchase(CREDIT, 100).as_mti("0420");
    let reversed = client.ask(&reversal.with(90, &original));
    assert_eq!(text(&reversed, 39), Some("00"));
    client.ask(&Fields::purchase(CREDIT, 100));
    settle(&running);
    running.stop();
    let other = world.data().with_file_name("other-rules");
    harness::copy(&world.config(), &other);
    let controls = other.join("flex-controls");
    fs::create_dir_all(&controls).unwrap();
    fs::write(controls.join("two-a-year.toml"), TWO_A_YEAR).unwrap();
    let said = good(
        &world,
        &["replay", "--rules", other.to_str().unwrap(), "--json"],
    );
    let report: Value = serde_json::from_str(&said).unwrap();
    let change = &report["by_decision"][0];
    assert_eq!(
        change["name"], "approved -> declined control_denied",
        "{report}"
    );
    // The third and the fourth purchase: the fifth finds room, since the second was undone.
    assert_eq!(
        (&report["changed"], &change["count"]),
        (&json!(2), &json!(2)),
        "{report}"
    );
}

/// Two purchases of a card in a year.
const TWO_A_YEAR: &str = r#"
level = "program"
program_id = 1

[[controls]]
id = "two-a-year"
type = "usage_limit"
name = "Two a year"
counted_per = "card"
max_limit = 2
limit_duration = "P1Y"
deny_code = "TWO"
"#;

fn bytes_of(directory: &Path) -> u64 {
    let files = fs::read_dir(directory).unwrap();
    files
        .map(|file| {
            let bytes = fs::read(file.unwrap().path()).unwrap();
            bytes.iter().map(|byte| u64::from(*byte)).sum::<u64>()
        })
        .sum()
}

#[test]
fn decisions_behind_a_snapshot_come_out_again_without_the_journal_before_it() {
    let world = World::with(|settings| {
        set(settings, "ledger.segment_bytes", 32 << 10);
        set(settings, "ledger.checkpoint_interval_ms", 20);
    });
    let running = world.start();
    for _ in 0..15 {
        traffic(&running);
    }
    settle(&running);
    let before = ids(&world, "authorization.decided");
    running.take_snapshot();
    traffic(&running);
    settle(&running);
    running.stop();
    let all = ids(&world, "authorization.decided");
    let behind = all.get(before.len()..).unwrap();
    assert_eq!(behind.len(), 16);
    assert!(forget_journal_before_the_snapshot(&world.data()) > 0);
    for id in behind {
        good(&world, &["explain", id]);
    }
    let (code, _, said) = switch(&world, &["explain", &before[0]]);
    assert_eq!(code, Some(1));
    assert!(
        said.contains("no snapshot reaches back before batch"),
        "{said}"
    );
    let own = world.config();
    let report = good(
        &world,
        &["replay", "--rules", own.to_str().unwrap(), "--json"],
    );
    let report: Value = serde_json::from_str(&report).unwrap();
    assert_eq!(report["changed"], 0, "{report}");
    // A snapshot ends with a checkpoint, which may be a few batches back.
    let decisions = report["decisions"].as_u64().unwrap();
    let decisions = usize::try_from(decisions).unwrap();
    assert!((behind.len()..all.len()).contains(&decisions), "{report}");
}

/// Removes the segments that hold nothing that the newest snapshot needs; says how many.
fn forget_journal_before_the_snapshot(data: &Path) -> usize {
    let snapshot = *numbered(&data.join("snapshots"))
        .last_key_value()
        .unwrap()
        .0;
    let segments = numbered(&data.join("journal"));
    let firsts: Vec<u64> = segments.keys().copied().collect();
    let needed = firsts.partition_point(|first| *first <= snapshot + 1) - 1;
    for first in &firsts[..needed] {
        fs::remove_file(&segments[first]).unwrap();
    }
    needed
}

/// The files of a directory that bear a number.
fn numbered(directory: &Path) -> BTreeMap<u64, PathBuf> {
    let files = fs::read_dir(directory).unwrap();
    let files = files.map(|file| file.unwrap().path());
    let with_number = files.filter_map(|path| {
        let name = path.file_stem()?.to_str()?;
        let (_, number) = name.rsplit_once('-')?;
        Some((number.parse().ok()?, path))
    });
    with_number.collect()
}
