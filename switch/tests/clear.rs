//! `switch clear` on a running switch: the sample file, files that are not right, a switch that is killed in the middle.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that panics has failed"
)]

mod harness;

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use harness::{Ended, Fields, Switch, World, eventually, generated_pan, repository, run};
use serde_json::Value;

/// The credit card, its account, and what the account has.
const PAN: &str = "4000001200000016";
const ACCOUNT: u64 = 1;
const OPENING: i64 = 500_000;

fn command(running: &Switch, file: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_switch"));
    let http = running.http.to_string();
    command.arg("clear").arg(file).args(["--http", &http]);
    command
}

/// Takes a file; what was said has no card number in it.
fn clear(running: &Switch, file: &Path) -> (Option<i32>, Value) {
    let ended = run(command(running, file).arg("--json"));
    quiet(&ended);
    let said = serde_json::from_str(&ended.stdout).unwrap_or(Value::String(ended.stderr));
    (ended.code, said)
}

fn quiet(ended: &Ended) {
    for said in [&ended.stdout, &ended.stderr] {
        assert!(!said.contains("40000012000000"), "{said}");
    }
}

/// A file of these rows, with a trailer that agrees.
fn file(world: &World, id: &str, rows: &[String]) -> PathBuf {
    let path = world.config().join(format!("{id}.csv"));
    let amount = |row: &String| {
        row.split(',')
            .nth(5)
            .and_then(|text| text.parse::<i64>().ok())
    };
    let total: i64 = rows.iter().filter_map(amount).sum();
    let text = format!(
        "header,1,{id},1,2026-11-20\n{}\ntrailer,{},{total}\n",
        rows.join("\n"),
        rows.len()
    );
    std::fs::write(&path, text).unwrap();
    path
}

/// A presentment of a purchase.
fn row(number: usize, pan: &str, amount: &str, reference: &str) -> String {
    format!(
        "record,{number},presentment,{pan},003000,{amount},840,,,,5411,1,Y,,{reference},,,,SHOP"
    )
}

#[test]
fn the_sample_of_the_readme_is_taken_once() {
    let world = World::new();
    let running = world.start();
    let sample = repository().join("config/examples/clearing/day.csv");
    let items = world.config().join("items.jsonl");
    let ended = run(command(&running, &sample).arg("--items").arg(&items));
    quiet(&ended);
    assert_eq!(ended.code, Some(1), "{}{}", ended.stdout, ended.stderr);
    let first = ended.stdout.lines().next().unwrap();
    assert_eq!(
        first,
        "DEMO-2026-324 of 2026-11-20: 8 records, 6 posted, 1 held, 1 rejected, 0 not taken"
    );
    let items = std::fs::read_to_string(items).unwrap();
    assert_eq!(items.lines().count(), 2, "{items}");
    assert!(items.contains("400000******0016"), "{items}");
    running.settle();
    assert_eq!(running.available(ACCOUNT), OPENING - 12_500);

    // Taken again, nothing changes.
    let (code, again) = clear(&running, &sample);
    assert_eq!(code, Some(1));
    assert_eq!(
        (&again["posted"], &again["decided_before"]),
        (&6.into(), &8.into())
    );
    running.settle();
    assert_eq!(running.available(ACCOUNT), OPENING - 12_500);

    // What waits is shown, resolved, and gone.
    let list = running.json("/v1/work-list");
    assert_eq!(list["items"][0]["item"], "DEMO-2026-324:7", "{list}");
    assert_eq!(
        list["items"][0]["reasons"][0],
        "MCC_AUTHORIZATION_NOT_FOUND"
    );
    let operate = |id: &str, operation: &str| {
        let http = running.http.to_string();
        let arguments = ["operate", operation, "--item", "DEMO-2026-324:7"];
        let about = [
            "--tracking-id",
            id,
            "--description",
            "tested",
            "--http",
            &http,
        ];
        run(Command::new(env!("CARGO_BIN_EXE_switch"))
            .args(arguments)
            .args(about))
    };
    let done = operate("R1", "resolve-clearing");
    done.expect_good();
    let refused = operate("R2", "reject-clearing");
    assert!(
        refused.stderr.contains("resolved or rejected already"),
        "{}",
        refused.stderr
    );
    running.settle();
    assert_eq!(running.available(ACCOUNT), OPENING - 22_400);
    assert!(
        running.json("/v1/work-list")["items"]
            .as_array()
            .unwrap()
            .is_empty()
    );
}

#[test]
fn what_is_authorized_over_the_network_is_cleared_from_the_file() {
    let world = World::new();
    let running = world.start();
    let mut link = running.connect();
    let answer = link.ask(&Fields::purchase(PAN, 10_000));
    let approval = harness::text(&answer, 38).unwrap().to_owned();
    running.settle();
    assert_eq!(running.available(ACCOUNT), OPENING - 10_000);
    let mut columns: Vec<String> = row(1, PAN, "8000", "")
        .split(',')
        .map(str::to_owned)
        .collect();
    columns[15] = approval;
    let (code, said) = clear(&running, &file(&world, "DAY", &[columns.join(",")]));
    assert_eq!((code, &said["posted"]), (Some(0), &1.into()), "{said}");
    running.settle();
    assert_eq!(running.available(ACCOUNT), OPENING - 8_000);
    let messages = running.messages(ACCOUNT);
    assert_eq!(messages[0]["kind"], "clearing");
    assert_eq!(messages[0]["authorization_id"], messages[1]["id"]);
    assert_eq!(messages[1]["status"], "PROCESSED");
}

#[test]
fn a_file_that_is_not_right_clears_nothing() {
    let world = World::new();
    let running = world.start();
    let good = row(1, PAN, "100", "");
    let path = world.config().join("wrong.csv");
    for (text, why) in [
        (
            format!("{good}\ntrailer,1,100\n"),
            "line 1: expected header",
        ),
        (
            format!("header,1,W,1,2026-11-20\n{good}\n"),
            "the file was cut off",
        ),
        (
            format!("header,1,W,1,2026-11-20\n{good}\ntrailer,2,100\n"),
            "line 3: the trailer says 2 records; there are 1",
        ),
        (
            format!("header,1,W,1,2026-11-20\n{good}\ntrailer,1,101\n"),
            "line 3: the trailer says a total of 101; the amounts add up to 100",
        ),
        (
            format!("header,1,W,1,2026-11-20\n{good}\ntrailer,1,100\n{good}\n"),
            "rows follow the trailer",
        ),
        (
            format!("header,2,W,1,2026-11-20\n{good}\ntrailer,1,100\n"),
            "line 1: expected header",
        ),
    ] {
        std::fs::write(&path, &text).unwrap();
        let (code, said) = clear(&running, &path);
        assert_eq!(code, Some(1), "{text}");
        assert!(said.as_str().unwrap().contains(why), "{said}\n{why}");
    }
    let (code, said) = clear(&running, &world.config().join("none.csv"));
    assert_eq!(code, Some(2), "{said}");
    running.settle();
    assert_eq!(running.available(ACCOUNT), OPENING);
}

#[test]
fn a_bad_row_stops_only_itself() {
    let world = World::new();
    let running = world.start();
    let short = "record,3,presentment".to_owned();
    let rows = [
        row(1, PAN, "100", ""),
        row(2, "4000", "200", ""),
        short,
        row(4, PAN, "many", ""),
        row(4, PAN, "300", "a reference that is too long"),
        row(4, PAN, "400", ""),
        row(4, PAN, "500", ""),
    ];
    let (code, said) = clear(&running, &file(&world, "BAD", &rows));
    assert_eq!(code, Some(1));
    assert_eq!(
        (&said["posted"], &said["not_taken"]),
        (&2.into(), &5.into()),
        "{said}"
    );
    let errors: Vec<String> = said["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| format!("{} {}", item["line"], item["error"].as_str().unwrap()))
        .collect();
    assert_eq!(
        errors,
        [
            "3 column pan: expected 12 to 19 digits",
            "4 column type: 3 columns, expected 19",
            "5 column amount: expected minor units, at least 0",
            "6 column network_reference: expected 1 to 16 characters",
            "8 column number: expected a number above that of the record before",
        ]
    );
    running.settle();
    assert_eq!(running.available(ACCOUNT), OPENING - 500);
}

/// Rows of the file that is cut off.
const ROWS: usize = 3_000;

#[test]
fn a_switch_that_is_killed_in_the_middle_clears_each_record_once() {
    let world = World::new();
    let mut running = world.start();
    let rows: Vec<_> = (1..=ROWS)
        .map(|number| row(number, &generated_pan(number as u64 % 50 + 1), "100", ""))
        .collect();
    let path = file(&world, "LONG", &rows);
    let before = running.metric("switch_journal_sequence", "");
    let mut taking: Child = command(&running, &path)
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    eventually("some records are durable", || {
        let durable = running.metric("switch_journal_sequence", "");
        (durable > before).then_some(())
    });
    running.kill();
    let ended = taking.wait().unwrap();
    drop(running);

    let running = world.start();
    let (code, said) = clear(&running, &path);
    assert_eq!(code, Some(0), "{said}");
    assert_eq!(said["posted"], ROWS, "{said}");
    let before = said["decided_before"].as_u64().unwrap();
    if !ended.success() {
        assert!(before < ROWS as u64, "{said}");
    }
    running.settle();
    let mut sum = 0;
    let mut wrong = String::new();
    for number in 1..=50_u64 {
        let account = harness::generated_account(number);
        let spent = 10_000_000 - running.available(account);
        sum += spent;
        if spent != 6_000 {
            let _written = writeln!(wrong, "account {account} spent {spent}");
        }
    }
    assert_eq!(sum, 100 * ROWS as i64, "{wrong}");
    let audited = run(Command::new(env!("CARGO_BIN_EXE_switch")).args([
        "audit",
        "--http",
        &running.http.to_string(),
    ]));
    audited.expect_good();
}
