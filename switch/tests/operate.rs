//! `switch operate` on a running switch: every operation, asked once and again, refused and not understood.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that panics has failed"
)]

mod harness;

use std::process::Command;

use harness::{Ended, Fields, Switch, World, run_with_input};
use serde_json::{Value, json};

const PAN: &str = "4000001200000016";
const COMBO: &str = "4000001200000099";
/// The credit account of the first card, and a debit account.
const CREDIT: &str = "1";
const DEBIT: &str = "7";

/// What the command said, and how it ended.
struct Said {
    code: Option<i32>,
    text: String,
}

/// `switch operate`, with what is needed to name and explain it.
fn operate(running: &Switch, id: &str, arguments: &[&str], input: &str) -> Said {
    let http = running.http.to_string();
    let (operation, rest) = arguments.split_first().unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_switch"));
    command
        .args(["operate", operation, "--http", &http, "--tracking-id", id])
        .args(["--description", "for the test", "--operator", "tester"])
        .args(rest);
    let Ended {
        code,
        stdout,
        stderr,
    } = run_with_input(&mut command, input);
    Said {
        code,
        text: stdout + &stderr,
    }
}

/// One that is carried out; the same again is told to be done, and changes nothing more.
fn done(running: &Switch, id: &str, arguments: &[&str], input: &str) {
    let first = operate(running, id, arguments, input);
    assert_eq!(first.code, Some(0), "{arguments:?}: {}", first.text);
    assert!(first.text.starts_with("done: record 0-"), "{}", first.text);
    let again = operate(running, id, &[arguments, &["--json"]].concat(), input);
    assert_eq!(again.code, Some(0), "{arguments:?}: {}", again.text);
    let again: Value = serde_json::from_str(&again.text).unwrap();
    assert_eq!(again["repeat"], true);
    assert!(first.text.trim().ends_with(again["id"].as_str().unwrap()));
    let again = operate(running, id, arguments, input);
    assert!(again.text.contains("not again"), "{}", again.text);
}

fn refused(running: &Switch, id: &str, arguments: &[&str], input: &str, code: i32, why: &str) {
    let said = operate(running, id, arguments, input);
    assert_eq!(said.code, Some(code), "{arguments:?}: {}", said.text);
    assert!(said.text.contains(why), "{arguments:?}: {}", said.text);
    assert!(!said.text.contains(PAN), "{}", said.text);
}

fn limit(running: &Switch, account: &str, name: &str) -> i64 {
    running.settle();
    let account = running.account(account.parse().unwrap());
    account["limits_minor"][name].as_i64().unwrap()
}

fn available(running: &Switch, account: &str) -> i64 {
    limit(running, account, "available_credit_limit")
}

#[test]
fn money_moves_once_for_each_tracking_id() {
    let world = World::new();
    let running = world.start();
    running.settle();
    let amount = ["--account", CREDIT, "--amount", "10.00", "--code"];
    done(
        &running,
        "adjust",
        &[&["adjust"], &amount[..], &["21"]].concat(),
        "",
    );
    assert_eq!(available(&running, CREDIT), 501_000);
    done(
        &running,
        "force",
        &[&["force"], &amount[..], &["00"]].concat(),
        "",
    );
    assert_eq!(available(&running, CREDIT), 500_000);
    done(&running, "undo", &["cancel-force", "--of", "force"], "");
    assert_eq!(available(&running, CREDIT), 501_000);

    // The fee comes on top, and is a transaction of its own.
    let fee = ["10", "--custom-amount", "transaction_fee=1.50"];
    let with_fee = [&["adjust"], &amount[..], &fee[..]].concat();
    done(&running, "fee", &with_fee, "");
    assert_eq!(available(&running, CREDIT), 499_850);
    let history = running.json(&format!("/v1/accounts/{CREDIT}/history?limit=1"));
    let posted = &history["entries"][0]["transactions"];
    assert_eq!(posted[0]["amount_key"], "PRINCIPAL");
    assert_eq!(posted[1]["amount_key"], "OTHER");
    assert_eq!(posted[1]["custom_key"], "transaction_fee");
    assert_eq!(posted[1]["amount_minor"], 150);
    let back = ["21", "--custom-amount", "tax=1.00"];
    let back = [&["adjust"], &amount[..], &back[..]].concat();
    refused(&running, "tax", &back, "", 1, "custom amount");
    let back = ["--account", CREDIT, "--amount", "11.50", "--code", "21"];
    done(&running, "back", &[&["adjust"], &back[..]].concat(), "");

    let funds = ["--account", DEBIT, "--amount", "30.00"];
    done(&running, "hold", &[&["hold"], &funds[..]].concat(), "");
    assert_eq!(available(&running, DEBIT), 17_000);
    assert_eq!(limit(&running, DEBIT, "held_funds"), 3_000);
    let part = ["--account", DEBIT, "--amount", "12.00"];
    done(&running, "release", &[&["release"], &part[..]].concat(), "");
    let rest = ["--account", DEBIT, "--amount", "18", "--code", "00"];
    done(
        &running,
        "transfer",
        &[&["transfer"], &rest[..]].concat(),
        "",
    );
    assert_eq!(limit(&running, DEBIT, "held_funds"), 0);
    assert_eq!(available(&running, DEBIT), 18_200);

    let limits = [
        "set-limits",
        "--account",
        CREDIT,
        "--total",
        "6000.00",
        "--cash",
        "1500.00",
    ];
    done(&running, "limits", &limits, "");
    assert_eq!(available(&running, CREDIT), 601_000);
    assert_eq!(
        limit(&running, CREDIT, "available_withdrawal_credit"),
        150_000
    );

    let messages = running.messages(1);
    assert_eq!(messages[0]["operation"], "change_limits");
    assert_eq!(messages[0]["description"], "for the test");
    assert_eq!(messages[0]["operator"], "tester");
    running.stop();
}

#[test]
fn statuses_change_and_messages_see_it() {
    let world = World::new();
    let running = world.start();
    running.settle();
    let mut client = running.connect();
    let mut answer = |pan: &str| client.response_code(&Fields::purchase(pan, 100));
    let account = ["--account", CREDIT];
    let block = [&["account-status", "--status", "BLOCKED"], &account[..]].concat();
    done(&running, "block", &block, "");
    assert_eq!(answer(PAN), "62");
    done(
        &running,
        "open",
        &[&["roll-back-account"], &account[..]].concat(),
        "",
    );
    assert_eq!(answer(PAN), "00");
    let holder = ["add-holder", "--account", CREDIT, "--customer", "2"];
    done(&running, "holder", &holder, "");

    let file = world.data().with_file_name("card");
    std::fs::write(&file, format!("{PAN}\n")).unwrap();
    let from_file = ["--card-file", file.to_str().unwrap()];
    let lost = [&["card-status", "--status", "BLOCKED"], &from_file[..]].concat();
    done(&running, "lost", &lost, "");
    assert_eq!(answer(PAN), "62");
    done(
        &running,
        "found",
        &["card-status", "--status", "NORMAL"],
        PAN,
    );
    assert_eq!(answer(PAN), "00");
    done(
        &running,
        "modes",
        &["card-modes", "--suspend", "credit"],
        COMBO,
    );
    assert_eq!(answer(COMBO), "57");
    done(&running, "all-modes", &["card-modes"], COMBO);
    assert_eq!(answer(COMBO), "00");
    refused(
        &running,
        "active",
        &["activate-card"],
        PAN,
        1,
        "nothing would change",
    );
    running.stop();
}

/// A control of a day, in a file.
fn control(world: &World, id: &str, max_limit: u32) -> String {
    let file = world
        .data()
        .with_file_name(format!("{id}-{max_limit}.json"));
    let control = json!({
        "id": id,
        "type": "spending_limit",
        "name": "A day",
        "max_limit": max_limit,
        "limit_duration": "P1D",
        "deny_code": "ERR_MAX_SPENDING_LIMIT",
        "response_code": "65",
    });
    std::fs::write(&file, control.to_string()).unwrap();
    file.to_str().unwrap().to_owned()
}

/// The control of this id among those that an answer lists.
fn listed<'a>(controls: &'a Value, id: &str) -> &'a Value {
    let mut controls = controls.as_array().unwrap().iter();
    controls
        .find(|control| control["control_id"] == id)
        .unwrap_or_else(|| panic!("no control {id}"))
}

#[test]
fn flex_controls_are_made_on_the_running_switch_and_outlive_it() {
    let world = World::new();
    let mut running = world.start();
    running.settle();
    let day = control(&world, "day", 1_000);
    let create = ["create-control", "--account", CREDIT, "--control", &day];
    done(&running, "create", &create, "");
    refused(&running, "create-2", &create, "", 1, "of this id exists");
    let answer = |running: &Switch, pan: &str, minor: i64| {
        let mut client = running.connect();
        client.response_code(&Fields::purchase(pan, minor))
    };
    assert_eq!(answer(&running, PAN, 600), "00");
    assert_eq!(answer(&running, PAN, 401), "65");

    // The same after a crash, from journal and books.
    running.settle();
    running.kill();
    drop(running);
    let running = world.start();
    assert_eq!(answer(&running, PAN, 401), "65");
    running.settle();
    let shown = running.json("/v1/accounts/1/flex-controls");
    let day = listed(&shown, "day");
    assert_eq!(
        (&day["used_minor"], &day["available"]),
        (&json!(600), &json!(400))
    );
    let denied = &running.messages(1)[0];
    assert_eq!(denied["reason"], "control_denied");
    assert_eq!(denied["control"]["control_id"], "day");
    assert_eq!(denied["control"]["deny_code"], "ERR_MAX_SPENDING_LIMIT");
    let explained = Command::new(env!("CARGO_BIN_EXE_switch"))
        .arg("--config")
        .arg(world.config().join("switch.toml"))
        .args(["explain", denied["id"].as_str().unwrap()])
        .output()
        .unwrap();
    let explained = String::from_utf8_lossy(&explained.stdout).into_owned();
    for words in ["day denies, 1 asked", "counted before: amount 600 of 1000"] {
        assert!(explained.contains(words), "{explained}");
    }

    let left = ["set-available", "--control", "day", "--account", CREDIT];
    let left = [&left[..], &["--available", "1000"]].concat();
    done(&running, "left", &left, "");
    assert_eq!(answer(&running, PAN, 401), "00");
    let wide = control(&world, "day", 100_000);
    let change = ["change-control", "--account", CREDIT, "--control", &wide];
    done(&running, "change", &change, "");
    assert_eq!(answer(&running, PAN, 5_000), "00");

    // Of a card, whose number is no argument.
    let card = control(&world, "card", 100);
    let of_card = ["create-control", "--card", "--control", &card];
    done(&running, "card", &of_card, COMBO);
    assert_eq!(answer(&running, COMBO, 101), "65");
    let delete = ["delete-control", "--control", "card"];
    done(&running, "delete", &delete, "");
    assert_eq!(answer(&running, COMBO, 101), "00");
    let nothing = control(&world, "nothing", 0);
    let wrong = ["create-control", "--account", CREDIT, "--control", &nothing];
    refused(&running, "wrong", &wrong, "", 1, "max_limit");
    running.stop();
}

#[test]
fn what_is_refused_or_not_understood_says_why_and_changes_nothing() {
    let world = World::new();
    let running = world.start();
    running.settle();
    let adjust = |account, amount, code| {
        [
            "adjust",
            "--account",
            account,
            "--amount",
            amount,
            "--code",
            code,
        ]
    };
    done(&running, "taken", &adjust(CREDIT, "1.00", "21"), "");
    let cases: [(&str, &[&str], &str, i32, &str); 9] = [
        (
            "taken",
            &adjust(CREDIT, "2.00", "21"),
            "",
            1,
            "names an operation with other content",
        ),
        (
            "a",
            &adjust("77777", "1.00", "21"),
            "",
            1,
            "the books do not hold it",
        ),
        ("b", &adjust(CREDIT, "1.001", "21"), "", 2, "decimal"),
        ("c", &adjust(CREDIT, "1.00", "77"), "", 1, "processing code"),
        (
            "d",
            &["release", "--account", DEBIT, "--amount", "1"],
            "",
            1,
            "the funds are not there",
        ),
        (
            "e",
            &["card-status", "--status", "LOST"],
            "40000012000x0016",
            2,
            "standard input: ",
        ),
        (
            "f",
            &["card-status", "--status", "LOST"],
            "4000001200000123",
            1,
            "the card does not exist",
        ),
        ("g", &["card-status", "--status", "GONE"], PAN, 2, "GONE"),
        (
            "white space",
            &["cancel-force", "--of", "x"],
            "",
            2,
            "tracking id",
        ),
    ];
    for (id, arguments, input, code, why) in cases {
        refused(&running, id, arguments, input, code, why);
    }
    assert_eq!(available(&running, CREDIT), 500_100);
    running.stop();
}

#[test]
fn without_a_switch_nothing_is_done() {
    let nobody = Command::new(env!("CARGO_BIN_EXE_switch"))
        .args(["operate", "cancel-force", "--of", "x", "--tracking-id", "y"])
        .args(["--description", "z", "--http", "127.0.0.1:1"])
        .output()
        .unwrap();
    assert_eq!(nobody.status.code(), Some(1));
    let said = String::from_utf8_lossy(&nobody.stderr).into_owned();
    assert!(said.contains("no switch answers at 127.0.0.1:1"), "{said}");
}

#[test]
fn an_excursion_over_the_limit_is_shown_and_told() {
    let world = World::new();
    let running = world.start();
    running.settle();
    // Account 2 has 10.00. A forced operation asks no limit.
    let force = |id, amount, code| {
        let arguments = [
            "force",
            "--account",
            "2",
            "--amount",
            amount,
            "--code",
            code,
        ];
        done(&running, id, &arguments, "");
    };
    force("above", "30.00", "00");
    // Granted afterwards, so that it counts from then on.
    let percentage = ["--over-limit-percentage", "10.00"];
    let grant = [&["set-limits", "--account", "2"], &percentage[..]].concat();
    done(&running, "allow", &grant, "");
    let mut link = running.connect();
    let refund = Fields::purchase("4000001200000024", 2_500).with(3, "200000");
    assert_eq!(link.response_code(&refund), "00");
    running.settle();
    let account = running.account(2);
    let shown = &account["over_limit"];
    assert_eq!(shown["used_minor"], 0, "{account}");
    let excursion = &shown["excursions"][0];
    assert_eq!(excursion["entered"]["used_minor"], 2_000, "{account}");
    assert_eq!(excursion["entered"]["moved_minor"], -3_000, "{account}");
    assert_eq!(excursion["entered"]["allowance_minor"], 0, "{account}");
    assert_eq!(excursion["most_used_minor"], 2_000, "{account}");
    assert_eq!(excursion["left"]["available_minor"], 500, "{account}");
    let by = excursion["left"]["authorization_id"].as_str().unwrap();
    let data = world.data();
    running.stop();
    let events = std::fs::read_to_string(data.join("events/events-000000.jsonl")).unwrap();
    let mut events = events
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap());
    let told = events.find(|event| event["id"] == by).unwrap();
    let over_limit = &told["data"]["over_limit"];
    assert_eq!(over_limit["used_before_minor"], 2_000, "{told}");
    assert_eq!(over_limit["used_minor"], 0, "{told}");
    let maximum = account["limits_minor"]["max_credit_limit"]
        .as_i64()
        .unwrap();
    assert_eq!(over_limit["allowance_minor"], maximum / 10, "{told}");
}

#[test]
fn what_an_instalment_purchase_took_comes_back_after_the_last_one() {
    let world = World::new();
    let running = world.start();
    let before = limit(&running, CREDIT, "available_total_installment_credit");
    let purchase = Fields::purchase(PAN, 60_000).as_mti("0200").with(67, "03");
    assert_eq!(running.connect().response_code(&purchase), "00");
    let taken = limit(&running, CREDIT, "available_total_installment_credit");
    assert_eq!(taken, before - 60_000);
    let messages = running.messages(CREDIT.parse().unwrap());
    let id = messages[0]["id"].as_str().unwrap();
    let refund = |paid| ["refund-limit", "--authorization", id, "--paid", paid];
    let why = "took no limit that comes back at this payment";
    refused(&running, "refund-1", &refund("payment"), "", 1, why);
    done(&running, "refund-2", &refund("last-installment"), "");
    let after = limit(&running, CREDIT, "available_total_installment_credit");
    assert_eq!(after, before);
    refused(
        &running,
        "refund-3",
        &refund("last-installment"),
        "",
        1,
        why,
    );
    let nothing = [
        "refund-limit",
        "--authorization",
        "0-999999-0",
        "--paid",
        "payment",
    ];
    refused(
        &running,
        "refund-4",
        &nothing,
        "",
        2,
        "there is no record 0-999999-0",
    );
    running.stop();
}
