//! `switch audit` over the real process: while traffic goes on, over what a switch left, and over damage.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that panics has failed"
)]

mod harness;

use std::path::Path;
use std::process::{Command, Output};
use std::sync::atomic::{AtomicBool, Ordering};

use harness::{Fields, SetOnDrop, Switch, World, copy};
use ledger::Record;
use ledger::books::rows::Table;
use ledger::books::store::Row;
use ledger::books::{BookStore as _, SledStore};
use ledger::entities::Account;
use ledger::identifiers::ShardId;
use ledger::journal::cursor::Cursor;
use ledger::journal::disk::Directory;
use ledger::record::records_of;
use serde_json::{Value, json};

const PAN: &str = "4000001200000016";

fn audit(world: &World, arguments: &[&str]) -> (Option<i32>, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_switch"));
    let config = world.config().join("switch.toml");
    command
        .arg("--config")
        .arg(config)
        .arg("audit")
        .args(arguments);
    let Output {
        status,
        stdout,
        stderr,
    } = command.output().unwrap();
    let said = String::from_utf8_lossy(&stdout).into_owned() + &String::from_utf8_lossy(&stderr);
    (status.code(), said)
}

fn over(world: &World, data: &Path) -> (Option<i32>, String) {
    audit(world, &["--data", data.to_str().unwrap()])
}

/// Approvals, a decline, a reversal, a single message and a repeat.
fn traffic(switch: &Switch) {
    let mut client = switch.connect();
    for amount in [1250, 700, 9_999_999] {
        client.ask(&Fields::purchase(PAN, amount));
    }
    let purchase = Fields::purchase(PAN, 300);
    client.ask(&purchase);
    client.ask(&purchase.as_mti("0101"));
    client.ask(&reversal(&purchase));
    client.ask(&Fields::purchase(PAN, 410).as_mti("0200"));
}

fn reversal(of: &Fields) -> Fields {
    let (stan, transmission) = of.key();
    let original = format!("0100{stan}{transmission}{:011}{:011}", 200_003, 0);
    Fields::purchase(PAN, 300)
        .as_mti("0400")
        .with(90, &original)
}

#[test]
fn a_running_switch_is_audited_while_it_answers() {
    let world = World::new();
    let switch = world.start();
    traffic(&switch);
    switch.settle();
    let http = switch.http.to_string();
    let stop = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !stop.load(Ordering::Acquire) {
                traffic(&switch);
            }
        });
        let _stop = SetOnDrop(&stop);
        for _ in 0..3 {
            let (code, said) = audit(&world, &["--http", &http, "--json"]);
            assert_eq!(code, Some(0), "{said}");
            let report: Value = serde_json::from_str(&said).unwrap();
            let looked_at = &report["looked_at"];
            assert!(looked_at["accounts"].as_u64().unwrap() >= 12, "{said}");
            assert!(looked_at["messages"].as_u64().unwrap() >= 6, "{said}");
            assert!(looked_at["floors"].as_u64().unwrap() >= 3, "{said}");
            assert_eq!(looked_at["floors_not_measured"], 0, "{said}");
            assert_eq!(looked_at["journal_from_sequence"], 1, "{said}");
            assert!(report["events"]["compared"].as_u64().is_some(), "{said}");
            let figures = &looked_at["currencies"][0];
            let networks = &figures["counter_entries"][0];
            assert!(figures["debits_minor"].as_i64().unwrap() >= 410, "{said}");
            assert_eq!(figures["debits_minor"], networks["credits_minor"], "{said}");
            assert_eq!(figures["credits_minor"], networks["debits_minor"], "{said}");
        }
    });
    let (code, said) = audit(&world, &["--http", &http]);
    assert_eq!(code, Some(0), "{said}");
    assert!(said.starts_with("good up to batch "), "{said}");
    assert!(said.contains("balanced: accounts are debited "), "{said}");
    // Its data is in use.
    let (code, said) = over(&world, &world.data());
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("a switch uses it"), "{said}");
    switch.stop();
}

/// What `switch show` prints.
fn show(switch: &Switch, arguments: &[&str]) -> (Option<i32>, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_switch"));
    let http = switch.http.to_string();
    command.arg("show").args(arguments).args(["--http", &http]);
    let Output { status, stdout, .. } = command.output().unwrap();
    (status.code(), String::from_utf8(stdout).unwrap())
}

#[test]
fn the_history_of_an_account_is_shown_page_by_page() {
    let world = World::new();
    let switch = world.start();
    traffic(&switch);
    switch.settle();
    let account = switch.json("/v1/accounts/1")["account_id"].to_string();
    let whole = switch.messages(1);
    let (mut entries, mut cursor) = (Vec::new(), None::<String>);
    loop {
        let mut asked = vec!["account", &account, "--history", "--limit", "2", "--json"];
        if let Some(cursor) = &cursor {
            asked.extend(["--cursor", cursor]);
        }
        let (code, said) = show(&switch, &asked);
        assert_eq!(code, Some(0), "{said}");
        let page: Value = serde_json::from_str(&said).unwrap();
        entries.extend_from_slice(page["entries"].as_array().unwrap());
        match page["next_cursor"].as_str() {
            Some(next) => cursor = Some(next.to_owned()),
            None => break,
        }
    }
    let ids = |of: &[Value]| of.iter().map(|of| of["id"].clone()).collect::<Vec<_>>();
    assert_eq!(ids(&entries), ids(&whole));
    // The single message came last, and only it posted.
    assert_eq!(entries[0]["transactions"][0]["amount_minor"], 410);
    assert!(
        entries[1..]
            .iter()
            .all(|entry| entry["transactions"] == json!([]))
    );
    let (code, said) = show(&switch, &["account", &account, "--history"]);
    assert_eq!(code, Some(0), "{said}");
    assert!(
        said.contains("posted ") && said.ends_with("no more\n"),
        "{said}"
    );
    assert_eq!(show(&switch, &["account", "999", "--history"]).0, Some(1));
    switch.stop();
}

#[test]
fn what_a_switch_left_is_audited_and_not_changed() {
    let world = World::new();
    let mut switch = world.start();
    traffic(&switch);
    switch.settle();
    switch.kill();
    drop(switch);
    for _ in 0..2 {
        let (code, said) = over(&world, &world.data());
        assert_eq!(code, Some(0), "{said}");
        assert!(said.starts_with("good up to batch "), "{said}");
    }
    let switch = world.start();
    traffic(&switch);
    switch.stop();
    let (code, said) = over(&world, &world.data());
    assert_eq!(code, Some(0), "{said}");
    let nothing = world.data().join("nothing");
    let (code, said) = over(&world, &nothing);
    assert_eq!(code, Some(2), "{said}");
    assert!(said.contains("holds no journal"), "{said}");
}

/// Finds damage that is planted in a copy of what a switch left; says what must be said of it.
fn find(world: &World, plant: impl FnOnce(&Path), says: &str) {
    let copied = world.data().with_file_name("copy");
    if copied.exists() {
        std::fs::remove_dir_all(&copied).unwrap();
    }
    copy(&world.data(), &copied);
    plant(&copied);
    let (code, said) = over(world, &copied);
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains(says), "expected {says:?}: {said}");
    assert!(!said.contains(PAN), "{said}");
}

/// Whether a line tells of a link or a network: such stand between the events of records.
fn is_notice(line: &str) -> bool {
    harness::is_notice(&serde_json::from_str(line).unwrap())
}

/// The events of records in the files of a data directory, changed.
fn events(data: &Path, change: impl FnOnce(&mut Vec<String>)) {
    let path = data.join("events/events-000000.jsonl");
    let text = std::fs::read_to_string(&path).unwrap();
    let lines = text.lines().filter(|line| !is_notice(line));
    let mut lines: Vec<String> = lines.map(str::to_owned).collect();
    change(&mut lines);
    std::fs::write(&path, lines.join("\n") + "\n").unwrap();
}

/// Account 1 as the journal opened it in the books: what its records did since is gone.
fn account_as_opened(data: &Path) {
    let disk = Directory::open(&data.join("journal")).unwrap();
    let mut cursor = Cursor::after(disk, 0);
    let opened = loop {
        let batch = cursor.next(u64::MAX).unwrap().unwrap();
        let opened = records_of(ShardId(0), &batch).find_map(|record| match record.unwrap() {
            (id, Record::AccountOpened(account)) if account.id.0 == 1 => Some(Account {
                reflects: id,
                ..*account
            }),
            _ => None,
        });
        if let Some(opened) = opened {
            break opened;
        }
    };
    let store = SledStore::open(&data.join("books"), 16 << 20).unwrap();
    let key = 1_u64.to_be_bytes();
    let row = store.get(Table::Accounts, &key).unwrap().unwrap();
    let value = postcard::to_extend(&opened, vec![row[0]]).unwrap();
    store
        .write(vec![Row {
            table: Table::Accounts,
            key: key.to_vec(),
            value: Some(value),
        }])
        .unwrap();
    store.sync().unwrap();
}

#[test]
fn damage_is_found_and_shown_with_its_records() {
    let world = World::new();
    let switch = world.start();
    traffic(&switch);
    switch.stop();
    find(
        &world,
        account_as_opened,
        "the books cannot be used: the books: table accounts",
    );
    let gone = |lines: &mut Vec<String>| drop(lines.remove(2));
    find(
        &world,
        |data| events(data, gone),
        "not good: events: record 0-",
    );
    let twice = |lines: &mut Vec<String>| lines.insert(2, lines[1].clone());
    find(&world, |data| events(data, twice), "has no record");
    let other = |lines: &mut Vec<String>| {
        lines[0] = lines[0].replacen("\"amount_minor\":1250", "\"amount_minor\":1251", 1);
    };
    find(&world, |data| events(data, other), "says something else");
    // The records of a finding are shown as `switch show` shows them.
    find(
        &world,
        |data| events(data, other),
        "retrieval_reference_number",
    );
    let invented = |lines: &mut Vec<String>| {
        let last = lines
            .last()
            .unwrap()
            .replacen("\"id\":\"0-", "\"id\":\"0-0", 1);
        lines.push(last);
    };
    find(&world, |data| events(data, invented), "events: ");
}

/// The batch that an event is of.
fn batch_of(line: &str) -> u64 {
    let event: Value = serde_json::from_str(line).unwrap();
    let id = event["id"].as_str().unwrap();
    id.split('-').nth(1).unwrap().parse().unwrap()
}

#[test]
fn events_that_were_lost_and_told_or_taken_away_are_no_damage() {
    let world = World::new();
    world.edit("switch.toml", |settings| {
        harness::set(settings, "events.file_bytes", 1);
    });
    let switch = world.start();
    traffic(&switch);
    traffic(&switch);
    switch.stop();
    let events = world.data().join("events");
    let first = events.join("events-000000.jsonl");
    let text = std::fs::read_to_string(&first).unwrap();
    let of_records = || text.lines().filter(|line| !is_notice(line));
    let lost = batch_of(of_records().next().unwrap());
    let gap = format!(
        "{{\"id\":\"0-{lost}-{lost}-gap\",\"type\":\"journal.gap\",\
         \"data\":{{\"first_sequence\":{lost},\"last_sequence\":{lost}}}}}\n"
    );
    let kept = of_records().filter(|line| batch_of(line) != lost);
    let kept: String = kept.map(|line| format!("{line}\n")).collect();
    std::fs::write(&first, gap + &kept).unwrap();
    let (code, said) = over(&world, &world.data());
    assert_eq!(code, Some(0), "{said}");
    // A consumer may take the oldest files away.
    std::fs::remove_file(&first).unwrap();
    let (code, said) = over(&world, &world.data());
    assert_eq!(code, Some(0), "{said}");
    let mut lines = (1..).flat_map(|number| {
        let next = events.join(format!("events-{number:06}.jsonl"));
        let text = std::fs::read_to_string(next).unwrap();
        text.lines().map(str::to_owned).collect::<Vec<_>>()
    });
    let oldest = batch_of(&lines.find(|line| !is_notice(line)).unwrap());
    assert!(
        said.contains(&format!("from_sequence     {oldest}\n")),
        "{said}"
    );
}
