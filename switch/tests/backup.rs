//! Backup and restore with real processes: what is restored is what was there, row by row; what cannot be
//! restored is refused, with a reason and an exit code, and leaves nothing that looks like it was.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that panics has failed"
)]

#[path = "backup/books.rs"]
mod books;
mod harness;

use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use harness::{
    Ended, Fields, Process, SetOnDrop, Switch, World, await_answer, copy, eventually,
    generated_account, generated_pan, run, set, text,
};
use serde_json::Value;

const CARDS: u64 = 20;

/// Purchases, every third of them reversed.
fn load(switch: &Switch, messages: u64) {
    let mut client = switch.connect();
    for number in 0..messages {
        let purchase = Fields::purchase(&generated_pan(number % CARDS), 100);
        assert_eq!(client.response_code(&purchase), "00");
        if number % 3 == 0 {
            assert_eq!(client.response_code(&reversal(&purchase)), "00");
        }
    }
}

/// A full reversal.
fn reversal(purchase: &Fields) -> Fields {
    let (stan, transmission) = purchase.key();
    let original = format!("0100{stan}{transmission}00000200003{}", "0".repeat(11));
    let fresh = Fields::new("0420").key();
    purchase
        .as_mti("0420")
        .with(11, &fresh.0)
        .with(7, &fresh.1)
        .with(90, &original)
}

fn backup(world: &World, to: &Path, switch: Option<&Switch>) -> Ended {
    let mut command = world.command();
    command.arg("backup").arg("--to").arg(to);
    if let Some(switch) = switch {
        command.arg("--http").arg(switch.http.to_string());
    }
    run(&mut command)
}

fn restore(world: &World, from: &Path) -> Ended {
    run(world.command().arg("restore").arg("--from").arg(from))
}

fn manifest(backup: &Path) -> Value {
    serde_json::from_slice(&std::fs::read(backup.join("MANIFEST")).unwrap()).unwrap()
}

/// A world whose switch has decided something and is stopped.
fn stopped_world() -> World {
    let world = World::new();
    let switch = world.start();
    load(&switch, 30);
    switch.stop();
    world
}

/// Does something while three links send purchases and reversals; what it is given waits for so many more.
fn under_load(switch: &Switch, during: impl FnOnce(&dyn Fn(u64))) {
    let sent = AtomicU64::new(0);
    let stop = AtomicBool::new(false);
    std::thread::scope(|scope| {
        for link in 0..3 {
            let (sent, stop) = (&sent, &stop);
            scope.spawn(move || {
                let mut client = switch.connect();
                let mut number = link;
                while !stop.load(Ordering::Relaxed) {
                    let purchase = Fields::purchase(&generated_pan(number % CARDS), 7);
                    client.response_code(&purchase);
                    if number % 5 == 0 {
                        client.response_code(&reversal(&purchase));
                    }
                    number += 3;
                    sent.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
        let _stopped = SetOnDrop(&stop);
        during(&|more| {
            let enough = sent.load(Ordering::Relaxed) + more;
            let sent = await_answer(|| (sent.load(Ordering::Relaxed) > enough).then_some(()));
            assert!(sent.is_some(), "the load goes on");
        });
    });
}

#[test]
fn a_backup_under_load_restores_every_row_of_its_last_batch() {
    let world = World::with(|settings| {
        set(settings, "ledger.segment_bytes", 64 << 10);
        set(settings, "ledger.checkpoint_interval_ms", 20);
    });
    let place = tempfile::tempdir().unwrap();
    let target = place.path().join("backup");
    let switch = world.start();
    load(&switch, 200);
    under_load(&switch, |wait_for_more| {
        wait_for_more(50);
        let done = backup(&world, &target, Some(&switch));
        done.expect_good();
        let said = &done.stdout;
        assert!(said.contains("keys are not in it"), "{said}");
        wait_for_more(10);
    });
    switch.stop();
    let manifest = manifest(&target);
    let number = |key: &str| manifest[key].as_u64().unwrap();
    let (from, last) = (number("from_sequence"), number("last_sequence"));
    assert!(from > 0 && from <= number("through_sequence"));
    assert!(number("through_sequence") <= last);

    let other = World::new();
    let restored = restore(&other, &target);
    restored.expect_good();
    let said = &restored.stdout;
    assert!(said.contains("put card-encryption.key and card-hash.key under"));
    let expected = books::replayed(&world.data(), last);
    let (found, rebuilt) = books::started(&other.data());
    assert!(!rebuilt, "the restore built the books");
    assert_eq!(found, expected);
    for (table, rows) in &expected {
        let counted = said.lines().find(|line| line.starts_with(table.name()));
        if let Some(line) = counted {
            assert!(line.ends_with(&format!(" {}", rows.len())), "{line}");
        }
    }
    goes_on(&other, &world.data().join("keys"));
}

/// A restored switch decides, and emits no event again.
fn goes_on(restored: &World, keys: &Path) {
    copy(keys, &restored.data().join("keys"));
    let switch = restored.start();
    let mut client = switch.connect();
    let answer = client.ask(&Fields::purchase(&generated_pan(1), 5));
    assert_eq!(text(&answer, 39), Some("00"));
    switch.settle();
    assert!(!switch.messages(generated_account(1)).is_empty());
    drop(client);
    switch.stop();
    let mut emitted = restored.events();
    emitted.retain(|event| !harness::is_notice(event));
    assert_eq!(emitted.len(), 1, "{emitted:?}");
}

#[test]
fn a_backup_of_a_stopped_switch_opens_the_data_itself() {
    let world = stopped_world();
    let place = tempfile::tempdir().unwrap();
    let target = place.path().join("backup");
    let done = backup(&world, &target, None);
    done.expect_good();
    let (expected, _) = books::started(&world.data());

    // The keys are there before the restore, and are the right ones.
    let other = World::new();
    copy(&world.data().join("keys"), &other.data().join("keys"));
    let restored = restore(&other, &target);
    restored.expect_good();
    assert!(
        restored.stdout.contains("are those of the backup"),
        "{}",
        restored.stdout
    );
    assert_eq!(books::started(&other.data()).0, expected);
    other.start().stop();
}

#[test]
fn a_backup_that_does_not_come_to_its_end_is_none() {
    let world = World::new();
    let place = tempfile::tempdir().unwrap();
    let target = place.path().join("backup");

    let nothing = backup(&world, &target, None);
    assert_eq!(nothing.code, Some(2), "{}", nothing.stderr);

    let switch = world.start();
    // Somebody who is not a switch listens there.
    let nobody = run(world
        .command()
        .args(["backup", "--http", "127.0.0.1:1", "--to"])
        .arg(&target));
    assert_eq!(nobody.code, Some(1), "{}", nobody.stderr);
    assert!(nobody.stderr.contains("127.0.0.1:1"), "{}", nobody.stderr);
    assert!(!target.join("MANIFEST").exists());
    let refused = restore(&World::new(), &target);
    assert_eq!(refused.code, Some(1));
    assert!(
        refused.stderr.contains("not a backup"),
        "{}",
        refused.stderr
    );

    std::fs::write(target.join("file"), "somebody's").unwrap();
    let occupied = backup(&world, &target, Some(&switch));
    assert_eq!(occupied.code, Some(2), "{}", occupied.stderr);
    assert!(
        occupied.stderr.contains("is not empty"),
        "{}",
        occupied.stderr
    );
    switch.stop();
}

#[test]
fn a_restore_that_cannot_be_whole_changes_nothing() {
    let world = stopped_world();
    let place = tempfile::tempdir().unwrap();
    let target = place.path().join("backup");
    assert_eq!(backup(&world, &target, None).code, Some(0));

    let occupied = restore(&world, &target);
    assert_eq!(occupied.code, Some(2), "{}", occupied.stderr);
    assert!(occupied.stderr.contains("books, "), "{}", occupied.stderr);

    // Every file matters.
    let names: Vec<_> = manifest(&target)["files"]
        .as_object()
        .unwrap()
        .keys()
        .cloned()
        .collect();
    assert!(
        names
            .iter()
            .any(|name| name.starts_with("journal/segment-")),
        "{names:?}"
    );
    assert!(
        names.iter().any(|name| name.starts_with("rules/")),
        "{names:?}"
    );
    assert!(
        names
            .iter()
            .any(|name| name.starts_with("snapshots/snapshot-")),
        "{names:?}"
    );
    for name in &names {
        let path = target.join(name);
        let good = std::fs::read(&path).unwrap();
        let mut bad = good.clone();
        let middle = bad.len() / 2;
        bad[middle] ^= 1;
        std::fs::write(&path, bad).unwrap();
        let other = World::new();
        let refused = restore(&other, &target);
        assert_eq!(refused.code, Some(1), "{name}");
        assert!(refused.stderr.contains(name.as_str()), "{}", refused.stderr);
        assert!(!other.data().exists(), "{name}: nothing was laid down");
        std::fs::write(&path, good).unwrap();
    }
}

#[test]
fn restored_data_is_opened_with_its_own_keys_only() {
    let world = stopped_world();
    let place = tempfile::tempdir().unwrap();
    let target = place.path().join("backup");
    assert_eq!(backup(&world, &target, None).code, Some(0));
    let other = World::new();
    other.start().stop();
    for entry in std::fs::read_dir(other.data()).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() && !path.ends_with("keys") {
            std::fs::remove_dir_all(path).unwrap();
        }
    }
    let refused = restore(&other, &target);
    assert_eq!(refused.code, Some(1), "{}", refused.stderr);
    assert!(
        refused.stderr.contains("card-hash.key"),
        "{}",
        refused.stderr
    );
    std::fs::remove_dir_all(other.data().join("keys")).unwrap();
    assert_eq!(restore(&other, &target).code, Some(0));

    // Without the right keys it does not start; half restored neither.
    let refused = run(&mut other.command());
    assert_eq!(refused.code, Some(1), "{}", refused.stderr);
    assert!(
        refused.stderr.contains("card-hash.key"),
        "{}",
        refused.stderr
    );
    assert!(
        !other.data().join("keys/card-hash.key").exists(),
        "no key was made"
    );
    copy(&world.data().join("keys"), &other.data().join("keys"));
    std::fs::write(other.data().join("restore.incomplete"), "").unwrap();
    let refused = run(&mut other.command());
    assert_eq!(refused.code, Some(1), "{}", refused.stderr);
    assert!(refused.stderr.contains("restore"), "{}", refused.stderr);
}

#[test]
fn a_snapshot_is_answered_with_where_it_is() {
    let world = World::with(|settings| set(settings, "ledger.checkpoint_interval_ms", 5));
    let switch = world.start();
    load(&switch, 5);
    eventually("the books are written", || {
        (switch.metric("switch_books_sequence", "") > 0.5).then_some(())
    });
    let agent: ureq::Agent = ureq::Agent::config_builder().build().into();
    let url = format!("http://{}/v1/snapshots", switch.http);
    let mut answer = agent.post(&url).send_empty().unwrap();
    let taken: Value = serde_json::from_str(&answer.body_mut().read_to_string().unwrap()).unwrap();
    let file = world
        .data()
        .join("snapshots")
        .join(taken["file"].as_str().unwrap());
    assert_eq!(
        file.metadata().unwrap().len(),
        taken["bytes"].as_u64().unwrap()
    );
    assert!(taken["rows"]["accounts"].as_u64().unwrap() >= 200);
    assert!(switch.metric("switch_snapshot_sequence", "") > 0.5);
    switch.stop();
}

/// What the command line of a restored backup begins with: its own configuration, and where its data goes.
fn beside(backup: &Path, data: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_switch"));
    command
        .arg("--config")
        .arg(backup.join("config/switch.toml"))
        .env("SWITCH_DATA_DIRECTORY", data)
        .current_dir(backup);
    command
}

#[test]
fn a_restored_backup_starts_with_nothing_else_but_its_keys() {
    let world = World::new();
    let switch = world.start();
    let mut link = switch.connect();
    for message in [
        Fields::new("0800").with(70, "201").with(15, "1121"),
        Fields::new("0800").with(70, "061"),
        Fields::purchase(&generated_pan(1), 500).as_mti("0200"),
    ] {
        assert_eq!(link.response_code(&message), "00");
    }
    let place = tempfile::tempdir().unwrap();
    let (target, data) = (place.path().join("backup"), place.path().join("data"));
    let done = backup(&world, &target, Some(&switch));
    done.expect_good();
    // What comes after the backup is not in it.
    let later = Fields::purchase(&generated_pan(1), 500).as_mti("0200");
    assert_eq!(link.response_code(&later), "00");
    drop(link);
    switch.stop();
    copy(&world.data().join("keys"), &data.join("keys"));
    drop(world);
    let restored = run(beside(&target, &data)
        .arg("restore")
        .arg("--from")
        .arg(&target));
    restored.expect_good();
    let switch = Switch::when_ready(Process::start(&mut beside(&target, &data)));
    let mut link = switch.connect();
    let answer = link.ask(&Fields::purchase(&generated_pan(1), 250).as_mti("0200"));
    assert_eq!(text(&answer, 39), Some("00"));
    assert_eq!(text(&answer, 15), Some("1121"), "the business day goes on");
    // The totals go on with the day under way, and are compared.
    let claim = Fields::new("0500")
        .with(15, "1121")
        .with(76, "0000000002")
        .with(88, "0000000000000750");
    let answer = link.ask(&claim);
    assert_eq!(
        (text(&answer, 39), text(&answer, 66)),
        (Some("00"), Some("1"))
    );
    drop(link);
    switch.stop();
    let states = std::fs::read_to_string(data.join("networks/states.json")).unwrap();
    let states: Value = serde_json::from_str(&states).unwrap();
    assert_eq!(states["generic"]["group_signed_on"], true);
}
