//! The figures: names, units, sums, and a stall that they must not hide.

use serde_json::Value;

use crate::command::{Ran, against};
use crate::stub::{Fault, Stub};

fn keys(value: &Value) -> Vec<&str> {
    value
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect()
}

#[track_caller]
fn assert_holds(value: &Value, expected: &str) {
    let keys = keys(value);
    for key in expected.split(' ') {
        assert!(keys.contains(&key), "{key} is missing in {keys:?}");
    }
}

fn sum<'a>(values: impl IntoIterator<Item = &'a Value>, key: &str) -> u64 {
    values
        .into_iter()
        .map(|value| value[key].as_u64().unwrap())
        .sum()
}

#[test]
fn the_json_has_the_names_that_scripts_hold_on_to() {
    let stub = Stub::start(Fault::None, 1);
    let directory = tempfile::tempdir().unwrap();
    let probe = directory.path().to_str().unwrap();
    let further = ["--disk-probe", probe, "--warm-up", "1s", "--rate", "1000"];
    let Ran {
        code,
        json,
        text,
        errors,
    } = against(&stub, &further);
    assert_eq!(code, 0, "{text}{errors}");
    assert_holds(
        &json,
        "offered_rate achieved_rate sent answered approved declined timed_out mismatched latency_us \
         by_kind per_second response_codes disk_sync_us machine books verdict setting send_lag_us",
    );
    assert_holds(&json["latency_us"], "p50 p90 p99 p999 max mean");
    assert_holds(&json["disk_sync_us"], "p50 p99 max");
    assert_holds(&json["machine"], "cpus model_name kernel memory_bytes");
    assert_holds(
        &json["per_second"][0],
        "second warm_up sent answered latency_us",
    );
    assert_holds(&json["per_second"][0]["latency_us"], "p50 p99 max");
    let every_kind =
        "purchase single_message_purchase reversal repeat inquiry unknown_card over_limit";
    assert_holds(&json["by_kind"], every_kind);
    assert_holds(
        &json["by_kind"]["purchase"],
        "sent answered approved declined timed_out latency_us",
    );
    assert_eq!(json["verdict"]["good"], true);
    assert_eq!(json["offered_rate"], 1000.0);
    let achieved = json["achieved_rate"].as_f64().unwrap();
    assert!(achieved > 0.0 && achieved <= 1000.0, "{achieved}");

    // 1 s of warm-up and 1 s measured.
    assert_eq!(json["sent"], 2000);
    let kinds: Vec<&Value> = json["by_kind"].as_object().unwrap().values().collect();
    let seconds = json["per_second"].as_array().unwrap();
    for key in ["sent", "answered"] {
        assert_eq!(sum(kinds.iter().copied(), key), 2000);
        assert_eq!(sum(seconds, key), 2000);
    }
    let warm_up: Vec<bool> = seconds
        .iter()
        .filter_map(|one| one["warm_up"].as_bool())
        .collect();
    assert_eq!(warm_up, [true, false]);
    let codes = json["response_codes"].as_object().unwrap();
    assert_eq!(
        codes
            .values()
            .map(|count| count.as_u64().unwrap())
            .sum::<u64>(),
        2000
    );
    // The probe leaves nothing behind.
    assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 0);
}

#[test]
fn a_stall_shows_in_the_percentiles() {
    let stub = Stub::start(Fault::Stall(300), 100);
    let further = [
        "--connections",
        "1",
        "--rate",
        "200",
        "--timeout-ms",
        "5000",
    ];
    let ran = against(&stub, &further);
    assert_eq!(ran.code, 0, "{}{}", ran.text, ran.errors);
    assert_eq!(ran.count("answered"), 200);
    // 60 of 200 messages were due in the stall and waited for its end: 20 of them for 200 ms or longer.
    // A test that waits for answers before it goes on would have seen one slow message.
    let latency = |key: &str| ran.json["latency_us"][key].as_u64().unwrap();
    assert!(latency("p90") >= 195_000, "{}", ran.text);
    assert!(latency("p99") >= 285_000, "{}", ran.text);
    assert!(latency("max") >= 299_000, "{}", ran.text);
}

#[test]
fn a_seed_repeats_the_messages_of_a_run() {
    let sent = |seed: &str| {
        let stub = Stub::start(Fault::None, 1);
        let ran = against(&stub, &["--seed", seed]);
        let kind = |name: &str| ran.json["by_kind"][name]["sent"].clone();
        // Kinds that depend on no answer.
        [
            "inquiry",
            "unknown_card",
            "over_limit",
            "single_message_purchase",
        ]
        .map(kind)
    };
    assert_eq!(sent("11"), sent("11"));
    assert_ne!(sent("11"), sent("12"));
}
