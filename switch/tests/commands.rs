//! The commands around the running switch: `switch check` and `switch show`.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that panics has failed"
)]

mod harness;

use std::process::Command;

use harness::{Ended, Fields, Switch, World, run, run_with_input, text};
use serde_json::Value;

const PAN: &str = "4000001200000016";

fn switch(arguments: &[&str], input: &str) -> Ended {
    let mut command = Command::new(env!("CARGO_BIN_EXE_switch"));
    run_with_input(command.args(arguments), input)
}

fn said(ended: &Ended) -> String {
    format!("{}{}", ended.stdout, ended.stderr)
}

#[test]
fn check_says_what_is_good_and_where_it_is_not() {
    let world = World::new();
    let directory = world.config();
    let directory = directory.to_str().unwrap();
    let good = switch(&["check", directory], "");
    good.expect_good();
    assert!(
        said(&good).starts_with("good: 13 documents, 3 programs, 4 networks"),
        "{}",
        said(&good)
    );

    let codes = world.config().join("processing-codes.toml");
    let shipped = std::fs::read_to_string(&codes).unwrap();
    std::fs::write(&codes, shipped.replacen("credit = false", "credit = 7", 1)).unwrap();
    let line = 1 + shipped
        .lines()
        .position(|line| line == "credit = false")
        .unwrap();
    let broken = switch(&["check", directory], "");
    assert_eq!(broken.code, Some(1));
    let place = format!("processing-codes.toml:{line}:");
    assert!(said(&broken).contains(&place), "{}", said(&broken));

    let broken = switch(&["check", directory, "--json"], "");
    assert_eq!(broken.code, Some(1));
    let findings: Value = serde_json::from_str(&broken.stdout).unwrap();
    assert_eq!(findings["good"], false);
    assert_eq!(findings["errors"][0]["line"], line);
    assert!(
        findings["errors"][0]["file"]
            .as_str()
            .unwrap()
            .ends_with("processing-codes.toml")
    );
}

#[test]
fn check_runs_the_tests_of_the_rules() {
    let world = World::new();
    let directory = world.config();
    let directory = directory.to_str().unwrap();
    let good = switch(&["check", directory, "--tests"], "");
    good.expect_good();
    let tests = world.config().join("rule-tests/demo.toml");
    let shipped = std::fs::read_to_string(&tests).unwrap();
    let wrong = shipped.replacen("\"-1200.00\"", "\"-1200.01\"", 1);
    let line = 1 + wrong
        .lines()
        .position(|line| line == "[[transactions]]")
        .unwrap();
    std::fs::write(&tests, wrong).unwrap();
    assert_eq!(switch(&["check", directory], "").code, Some(0));
    let bad = switch(&["check", directory, "--tests"], "");
    assert_eq!(bad.code, Some(1), "{}", said(&bad));
    let text = format!(
        "demo.toml:{line}: \"a purchase\"\n  \
         expected: approved; account 1 AvailableCreditLimit -1200.01; by \"Credit: purchase\"; scenario 1\n  \
         got:      approved; account 1 AvailableCreditLimit -1200.00; by \"Credit: purchase\"; scenario 1\n"
    );
    assert!(said(&bad).contains(&text), "{}", said(&bad));
    let bad = switch(&["check", directory, "--tests", "--json"], "");
    let findings: Value = serde_json::from_str(&bad.stdout).unwrap();
    assert_eq!(findings["good"], false);
    assert_eq!(findings["tests"]["failed"][0]["line"], line);
}

/// `switch show ... --json` against a running switch.
fn show(running: &Switch, question: &[&str], input: &str) -> Value {
    let http = running.http.to_string();
    let arguments = [&["show"], question, &["--json", "--http", &http]].concat();
    let output = switch(&arguments, input);
    assert_eq!(output.code, Some(0), "{question:?}: {}", said(&output));
    serde_json::from_str(&output.stdout).unwrap()
}

#[test]
fn show_tells_accounts_cards_decisions_links_and_rules() {
    let world = World::new();
    let running = world.start();
    let mut client = running.connect();
    let answer = client.ask(&Fields::purchase(PAN, 1250));
    running.settle();

    let account = show(&running, &["account", "1"], "");
    assert_eq!(
        account["limits_minor"]["available_credit_limit"],
        500_000 - 1250
    );
    let messages = show(&running, &["messages", "1"], "");
    let latest = &messages["items"][0];
    assert_eq!(latest["approval_code"].as_str(), text(&answer, 38));
    let id = latest["id"].as_str().unwrap();
    let decision = show(&running, &["authorization", id], "");
    assert_eq!(decision["amount_minor"], 1250);
    assert_eq!(
        decision["limits_before_minor"]["available_credit_limit"],
        500_000
    );
    let card = show(&running, &["card"], &format!("{PAN}\n"));
    assert_eq!(card["pan"], "400000******0016");
    assert_eq!(card["accounts"][0]["account_id"], 1);
    let links = show(&running, &["links"], "");
    assert_eq!(
        (&links[0]["network"], &links[0]["answered"]),
        (&"generic".into(), &1.into())
    );
    let rules = show(&running, &["rules"], "");
    assert_eq!(rules["version"], decision["rules_version"]);

    let http = running.http.to_string();
    let people = said(&switch(&["show", "account", "1", "--http", &http], ""));
    assert!(
        people.contains("available_balance_minor  498750"),
        "{people}"
    );
    let unknown = switch(&["show", "account", "77", "--http", &http], "");
    assert_eq!(unknown.code, Some(1));
    assert_eq!(said(&unknown), "switch: the books do not hold it\n");
    running.stop();
}

#[test]
fn show_fails_clearly_and_repeats_no_card_number() {
    let nobody = switch(&["show", "links", "--http", "127.0.0.1:1"], "");
    assert_eq!(nobody.code, Some(1));
    assert!(
        said(&nobody).contains("no switch answers at 127.0.0.1:1"),
        "{}",
        said(&nobody)
    );
    let wrong = switch(&["show", "card"], "40000012000000161234567890");
    assert_eq!(wrong.code, Some(2));
    assert!(!said(&wrong).contains("4000001200"), "{}", said(&wrong));
    assert_eq!(switch(&["show", "everything"], "").code, Some(2));
}

#[test]
fn settings_and_demo_files_that_cannot_be_used_end_with_2() {
    for (file, from, to, said_so) in [
        ("switch.toml", "\"info\"", "\"info=loud\"", "log.filter"),
        (
            "demo/cards.toml",
            "\"2912\"",
            "\"2913\"",
            "expiry is not YYMM",
        ),
        (
            "demo/cards.toml",
            "owner = 7",
            "owner = \"seven\"",
            "cards.toml:",
        ),
    ] {
        let world = World::new();
        let path = world.config().join(file);
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(text.contains(from), "{file} has no {from}");
        std::fs::write(&path, text.replacen(from, to, 1)).unwrap();
        let ended = run(&mut world.command());
        assert_eq!(ended.code, Some(2), "{to}: {}", said(&ended));
        assert!(said(&ended).contains(said_so), "{}", said(&ended));
    }
}

#[test]
fn a_limit_that_the_settings_exceed_is_told_once_and_ends_with_2() {
    let world = World::new();
    let mut limited = Command::new("sh");
    limited.args(["-c", "ulimit -n 200; exec \"$0\" \"$@\""]);
    let command = world.command();
    limited.arg(command.get_program()).args(command.get_args());
    if let Some(directory) = command.get_current_dir() {
        limited.current_dir(directory);
    }
    let ended = run(&mut limited);
    assert_eq!(ended.code, Some(2), "{}", said(&ended));
    let told = said(&ended);
    assert_eq!(told.matches("raise the limit").count(), 1, "{told}");
}

#[test]
fn config_tells_which_rules_were_in_force_when() {
    let world = World::new();
    let settings = world.config().join("switch.toml");
    let config = |arguments: &[&str]| {
        let settings = ["--config", settings.to_str().unwrap(), "config"];
        switch(&[&settings, arguments].concat(), "")
    };
    let history = || {
        let history = config(&["history", "--json"]);
        history.expect_good();
        serde_json::from_str::<Value>(&history.stdout).unwrap()
    };
    let nothing = config(&["show"]);
    assert_eq!(nothing.code, Some(1));
    assert!(
        said(&nothing).contains("no rules were in force"),
        "{}",
        said(&nothing)
    );

    let first = world.start();
    let version = show(&first, &["rules"], "")["version"].clone();
    first.stop();
    // The same rules again are no activation.
    world.start().stop();
    assert_eq!(history().as_array().unwrap().len(), 1);
    let codes = world.config().join("processing-codes.toml");
    let shipped = std::fs::read_to_string(&codes).unwrap();
    std::fs::write(&codes, format!("{shipped}# second\n")).unwrap();
    world.start().stop();

    let entries = history();
    assert_eq!(entries.as_array().unwrap().len(), 2);
    assert_eq!(entries[0]["version"], version);
    let people = said(&config(&["history"]));
    let line = |entry: &Value| {
        let text = |key: &str| entry[key].as_str().unwrap().to_owned();
        format!("{}  {}\n", text("time"), text("version"))
    };
    assert_eq!(people, line(&entries[0]) + &line(&entries[1]));

    let (start, at) = (version.as_str().unwrap(), entries[0]["time"].as_str());
    let start = start.get(..12).unwrap();
    for question in [["show", start, "--json"], ["show", "--at", at.unwrap()]] {
        let shown = said(&config(&question));
        assert!(
            shown.contains(version.as_str().unwrap()) && !shown.contains("# second"),
            "{question:?}"
        );
    }
    assert!(said(&config(&["show"])).contains("# second"));
    assert_eq!(config(&["show", "--at", "yesterday"]).code, Some(2));
    assert_eq!(config(&["show", "0000"]).code, Some(1));
}
