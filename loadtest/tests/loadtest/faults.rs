//! Every fault is counted exactly as often as it happened, and judged.

use crate::command::{Ran, against};
use crate::stub::{Fault, Stub};

/// A run of 500 messages against an issuer that has a fault every so many messages.
fn run(fault: Fault, every: u64, further: &[&str]) -> (Ran, u64) {
    let stub = Stub::start(fault, every);
    let ran = against(&stub, further);
    (ran, stub.faults())
}

#[track_caller]
fn assert_counts(ran: &Ran, expected: &[(&str, u64)]) {
    for (key, count) in expected {
        assert_eq!(ran.count(key), *count, "{key}\n{}{}", ran.text, ran.errors);
    }
    assert_eq!(
        ran.count("sent"),
        ran.count("answered") + ran.count("timed_out")
    );
    assert_eq!(
        ran.count("answered"),
        ran.count("approved") + ran.count("declined")
    );
}

#[test]
fn a_faultless_issuer_is_good() {
    let (ran, _) = run(Fault::None, 1, &["--strict"]);
    assert_eq!(ran.code, 0, "{}{}", ran.text, ran.errors);
    let none = [
        ("timed_out", 0),
        ("mismatched", 0),
        ("late", 0),
        ("unsent", 0),
        ("unexpected", 0),
    ];
    assert_counts(&ran, &none);
    assert_counts(&ran, &[("sent", 500), ("answered", 500)]);
    assert!(
        ran.count("approved") >= 450,
        "at least 90 of 100 are approved\n{}",
        ran.text
    );
    assert_eq!(ran.json["books"]["differing"], 0);
    assert!(ran.json["books"]["accounts"].as_u64().unwrap() > 400);
    assert!(ran.text.contains("verdict     good"));
}

#[test]
fn dropped_messages_time_out() {
    let (ran, faults) = run(Fault::Drop, 20, &[]);
    assert_eq!((ran.code, faults), (1, 25));
    assert_counts(&ran, &[("sent", 500), ("timed_out", 25), ("mismatched", 0)]);
    assert!(ran.text.contains("25 messages timed out"), "{}", ran.text);
    // The issuer moved the money of what it did not answer: either is right, so the books do not differ.
    assert_eq!(ran.json["books"]["differing"], 0, "{}", ran.text);
    assert!(ran.json["books"]["accounts_with_range"].as_u64().unwrap() > 0);
    let (ran, _) = run(Fault::Drop, 20, &["--allow-timeouts"]);
    assert_eq!(ran.code, 0, "{}", ran.text);
}

#[test]
fn late_answers_are_told_from_timeouts_and_count_in_the_books() {
    // Message 160 is due at 1.59 s, given up at 2.59 s and answered at 2.79 s, while the run goes on.
    let further = [
        "--allow-timeouts",
        "--timeout-ms",
        "1000",
        "--rate",
        "100",
        "--duration",
        "3s",
    ];
    let (ran, faults) = run(Fault::Late(1200), 160, &further);
    assert_eq!((ran.code, faults), (0, 1), "{}", ran.text);
    assert_counts(
        &ran,
        &[
            ("sent", 300),
            ("timed_out", 1),
            ("late", 1),
            ("mismatched", 0),
        ],
    );
    assert_eq!(ran.json["books"]["differing"], 0, "{}", ran.text);
    assert_eq!(ran.json["books"]["accounts_with_range"], 0, "{}", ran.text);
}

#[test]
fn a_second_answer_is_mismatched() {
    let (ran, faults) = run(Fault::Twice, 50, &[]);
    assert_eq!((ran.code, faults), (1, 10));
    assert_counts(
        &ran,
        &[("answered", 500), ("mismatched", 10), ("timed_out", 0)],
    );
    assert!(
        ran.text.contains("10 answers are mismatched"),
        "{}",
        ran.text
    );
    assert_eq!(ran.json["books"]["differing"], 0);
}

#[test]
fn an_answer_that_contradicts_its_request_is_mismatched() {
    for fault in [Fault::OtherReference, Fault::NoResponseCode, Fault::Garbage] {
        let (ran, faults) = run(fault, 50, &[]);
        assert_eq!((ran.code, faults), (1, 10), "{fault:?}");
        assert_counts(
            &ran,
            &[("answered", 500), ("timed_out", 0), ("mismatched", 10)],
        );
        let without_code = u64::from(fault == Fault::NoResponseCode) * 10;
        let counted = ran.json["response_codes"]["none"].as_u64().unwrap_or(0);
        assert_eq!(counted, without_code);
    }
}

#[test]
fn an_answer_to_another_terminal_answers_nothing() {
    let (ran, faults) = run(Fault::OtherTerminal, 50, &["--allow-timeouts"]);
    assert_eq!((ran.code, faults), (1, 10));
    assert_counts(
        &ran,
        &[("answered", 490), ("mismatched", 10), ("timed_out", 10)],
    );
}

#[test]
fn declines_are_good_unless_asked_to_be_strict() {
    let (ran, _) = run(Fault::Decline, 1, &[]);
    assert_eq!(ran.code, 0, "{}", ran.text);
    assert_counts(
        &ran,
        &[("approved", 0), ("declined", 500), ("mismatched", 0)],
    );
    assert_eq!(ran.json["response_codes"]["05"], 500);
    let (ran, _) = run(Fault::Decline, 1, &["--strict"]);
    assert_eq!(ran.code, 1);
    assert!(
        ran.text.contains("another response code than was meant"),
        "{}",
        ran.text
    );
}

#[test]
fn overload_is_a_decline_and_no_contradiction() {
    let (ran, faults) = run(Fault::Overload, 4, &[]);
    assert_eq!((ran.code, faults), (0, 125), "{}", ran.text);
    assert_counts(&ran, &[("mismatched", 0), ("unexpected", 125)]);
    assert_eq!(ran.json["response_codes"]["91"], 125);
    assert_eq!(ran.json["books"]["differing"], 0, "{}", ran.text);
}

#[test]
fn a_repeat_that_is_decided_anew_is_mismatched() {
    let further = ["--rate", "2000"];
    let (ran, faults) = run(Fault::DecideRepeats, 1, &further);
    assert_eq!(ran.code, 1);
    assert!(faults > 10, "{faults}");
    assert_counts(&ran, &[("mismatched", faults), ("timed_out", 0)]);
}

#[test]
fn money_that_the_books_forget_is_found() {
    let (ran, faults) = run(Fault::ForgetMoney, 100, &[]);
    assert_eq!(ran.code, 1);
    assert!((1..=5).contains(&faults), "{faults}");
    assert_counts(&ran, &[("mismatched", 0), ("timed_out", 0)]);
    let books = &ran.json["books"];
    assert_eq!(books["differing"].as_u64(), Some(faults), "{}", ran.text);
    let example = &books["examples"][0];
    assert_ne!(example["after_minor"], example["expected_lowest_minor"]);
    assert!(ran.text.contains("accounts differ"), "{}", ran.text);
}

#[test]
fn a_lost_connection_is_opened_again() {
    let (ran, faults) = run(Fault::Close, 100, &[]);
    assert_eq!((ran.code, faults), (1, 1));
    assert_counts(&ran, &[("connections_lost", 1), ("mismatched", 0)]);
    // 500 were due; what was due without a connection was not sent, and the rest went on.
    assert_eq!(ran.count("sent") + ran.count("unsent"), 500);
    assert!(ran.count("timed_out") >= 1);
    assert!(ran.count("answered") > 350, "{}", ran.text);
    let (ran, _) = run(Fault::Close, 100, &["--allow-timeouts"]);
    assert_eq!(ran.code, 0, "{}", ran.text);
}
