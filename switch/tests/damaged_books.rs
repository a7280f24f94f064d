//! Books that are deleted or damaged while the switch is stopped: a start has identical books in the end,
//! whatever sled makes of its files.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that panics has failed"
)]

#[path = "backup/books.rs"]
mod books;
mod harness;

use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use books::{SHARD, inspector, opened, started, within};
use harness::{Fields, Random, Switch, World, copy, generated_account, generated_pan, set, text};
use ledger::Record;
use ledger::books::inspection::Inspection;
use ledger::entities::{Customer, CustomerKind};
use ledger::identifiers::{CustomerId, Timestamp};
use ledger::journal::Batch;
use ledger::journal::disk::Directory;
use ledger::journal::log::{Log, LogOptions};

const CARDS: u64 = 50;
/// A start of one case that takes longer does not end.
const PATIENCE: Duration = Duration::from_secs(120);

fn load(switch: &Switch, messages: u64) {
    let mut client = switch.connect();
    for number in 0..messages {
        let purchase = Fields::purchase(&generated_pan(number % CARDS), 100);
        assert_eq!(client.response_code(&purchase), "00");
    }
    switch.settle();
}

/// A world whose books were written by many checkpoints and over several lives, so that sled has moved
/// pages about. The last life is cut off, so that sled has a log to recover when it opens: that is where it
/// takes a damaged piece for the end and goes on behind it.
fn written() -> World {
    let world = World::with(|settings| {
        set(settings, "ledger.checkpoint_interval_ms", 5);
        set(settings, "ledger.checkpoint_pause_percent", 0);
    });
    for kill in [false, true, true] {
        let mut switch = world.start();
        load(&switch, 150);
        if kill {
            switch.kill();
        } else {
            switch.stop();
        }
    }
    world
}

/// The rows of a world, from a copy: sled writes when it opens.
fn undamaged(world: &World) -> books::Rows {
    let place = tempfile::tempdir().unwrap();
    for directory in ["journal", "books"] {
        copy(&world.data().join(directory), &place.path().join(directory));
    }
    let (rows, rebuilt) = started(place.path());
    assert!(!rebuilt);
    rows
}

#[test]
fn deleted_books_lose_nothing() {
    let world = written();
    let before = undamaged(&world);
    std::fs::remove_dir_all(world.data().join("books")).unwrap();
    let switch = world.start();
    let open = switch.log().wait_for_message("ledger open");
    assert_eq!(open["rebuilt"], true, "{open}");
    assert!(open["replayed_batches"].as_u64().unwrap() > 100, "{open}");
    assert!(open["took_ms"].as_f64().unwrap() > 0.0, "{open}");
    let account = generated_account(7);
    switch.settle();
    assert_eq!(switch.available(account), 10_000_000 - 9 * 100);
    assert_eq!(switch.messages(account).len(), 9);
    // A repeat of what was answered before is recognised, and what follows is decided.
    let mut client = switch.connect();
    let answer = client.ask(&Fields::purchase(&generated_pan(7), 1));
    assert_eq!(text(&answer, 39), Some("00"));
    drop(client);
    switch.stop();
    assert_ne!(started(&world.data()).0, before, "one purchase more");
}

/// A run of the real switch over books that sled cannot open.
#[test]
fn a_start_over_damaged_books_says_so_and_goes_on() {
    let world = written();
    let before = undamaged(&world);
    let file = world.data().join("books/db");
    let bytes = std::fs::read(&file).unwrap();
    std::fs::write(&file, vec![0xFF; bytes.len()]).unwrap();
    let switch = world.start();
    let said = switch
        .log()
        .wait_for_message("the books are built anew; nothing is lost");
    let aside = PathBuf::from(said["set_aside"].as_str().unwrap());
    assert!(aside.join("db").exists(), "{said}");
    switch.stop();
    assert_eq!(started(&world.data()), (before, false));
    assert!(aside.exists(), "the newest damaged books are kept");
}

/// What is done to the files of sled.
fn damage(directory: &Path, random: &mut Random) -> String {
    let mut files: Vec<_> = std::fs::read_dir(directory)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_file())
        .collect();
    files.sort();
    let main = directory.join("db");
    let path = match random.below(4) {
        0 => files[random.place(files.len())].clone(),
        _ => main,
    };
    let file = std::fs::File::options()
        .read(true)
        .write(true)
        .open(&path)
        .unwrap();
    let length = file.metadata().unwrap().len();
    let mut done = format!("{}: ", path.file_name().unwrap().display());
    match random.below(8) {
        0 => {
            let left = random.below(length.max(1));
            file.set_len(left).unwrap();
            done.push_str(&format!("cut from {length} to {left} bytes"));
        }
        1 => {
            let count = 1 + random.below(8192);
            let at = random.below(length.max(1));
            let zeros = vec![0; usize::try_from(count.min(length - at)).unwrap()];
            file.write_all_at(&zeros, at).unwrap();
            done.push_str(&format!("{} zeros at {at} of {length}", zeros.len()));
        }
        _ => {
            // Where something was written: most of a preallocated segment is empty. Several bits, because much of
            // what was written is older than what counts.
            let bytes = std::fs::read(&path).unwrap();
            let used: Vec<_> = (0..bytes.len()).filter(|at| bytes[*at] != 0).collect();
            for _ in 0..=random.below(8) {
                let at = used[random.place(used.len())];
                let bit = random.below(8);
                file.write_all_at(&[bytes[at] ^ (1 << bit)], at as u64)
                    .unwrap();
                done.push_str(&format!("bit {bit} of byte {at} of {length}, "));
            }
        }
    }
    done
}

/// Flipped bits, zeros and cuts anywhere in sled's files, over books that were closed in order or killed.
#[test]
fn whatever_is_damaged_the_books_are_identical_or_built_anew() {
    const CASES: u64 = 30;
    let world = written();
    let data = world.data();
    let expected = undamaged(&world);
    let place = tempfile::tempdir().unwrap();
    let mut rebuilt_cases = 0;
    for case in 0..CASES {
        let mut random = Random::new(case);
        let damaged = place.path().join(case.to_string());
        copy(&data.join("journal"), &damaged.join("journal"));
        copy(&data.join("books"), &damaged.join("books"));
        let done = damage(&damaged.join("books"), &mut random);
        let directory = damaged.clone();
        let (found, rebuilt) = within(PATIENCE, move || started(&directory));
        assert!(found == expected, "case {case}: {done}: other rows");
        rebuilt_cases += u64::from(rebuilt);
        std::fs::remove_dir_all(damaged).unwrap();
    }
    println!("{rebuilt_cases} of {CASES} damaged books were built anew");
    assert!(rebuilt_cases > CASES / 4, "{rebuilt_cases} of {CASES}");
}

/// Batches that write the same rows again and again, each time with another name.
fn renaming(batches: u64) -> Vec<Batch> {
    const ROWS: u64 = 2_000;
    let mut scratch = Vec::new();
    let batch = |sequence| {
        let mut batch = Batch::new(sequence, Timestamp(0));
        for row in 0..ROWS {
            let record = Record::CustomerCreated(Customer {
                id: CustomerId((sequence * 7 + row * row) % 5_003),
                kind: CustomerKind::Person,
                name: format!("{sequence} ").repeat(60),
                document_number: row.to_string(),
                is_active: true,
                address: None,
            });
            record.append_to(&mut batch, &mut scratch).unwrap();
        }
        batch
    };
    (1..=batches).map(batch).collect()
}

/// One flipped bit in a store of several segments that was not closed: every few times sled says nothing and
/// gives back rows as they once were. Only what the books know of their contents shows it.
#[test]
fn rows_that_come_back_as_they_once_were_are_noticed() {
    /// Until that has happened so often; about every fifth case does.
    const SILENT_CASES: u64 = 2;
    const CASES: u64 = 100;
    let place = tempfile::tempdir().unwrap();
    let (data, killed) = (place.path().join("data"), place.path().join("killed"));
    {
        let disk = Directory::open(&data.join("journal")).unwrap();
        let options = LogOptions {
            shard: SHARD,
            segment_bytes: 1 << 20,
        };
        let (mut log, _) = Log::open(disk, options, 0).unwrap();
        let batches = renaming(40);
        log.append(&batches).unwrap();
        drop(log);
        let mut opened = opened(&data, 1_500).unwrap();
        opened.recovery.view_writer.checkpoint().unwrap();
        // As it is while sled runs: what a kill leaves.
        copy(&data, &killed);
    }
    let (expected, _) = started(&data);
    let mut silent = 0;
    for case in 0..CASES {
        let mut random = Random::new(case);
        let damaged = place.path().join(case.to_string());
        copy(&killed, &damaged);
        let path = damaged.join("books/db");
        let mut bytes = std::fs::read(&path).unwrap();
        let used: Vec<_> = (0..bytes.len()).filter(|at| bytes[*at] != 0).collect();
        let at = used[random.place(used.len())];
        bytes[at] ^= 1 << random.below(8);
        std::fs::write(&path, bytes).unwrap();
        let twin = place.path().join("twin");
        copy(&damaged.join("books"), &twin);
        if let Inspection::Damaged(reason) = inspector().inspect(&twin, 16 << 20).unwrap()
            && reason.contains("does not contain what was written")
        {
            silent += 1;
        }
        std::fs::remove_dir_all(twin).unwrap();
        let directory = damaged.clone();
        let (found, _) = within(PATIENCE, move || started(&directory));
        assert!(found == expected, "case {case}: byte {at}: other rows");
        std::fs::remove_dir_all(damaged).unwrap();
        if silent == SILENT_CASES {
            return;
        }
    }
    panic!("the store passed over {silent} of {CASES} flipped bits");
}
