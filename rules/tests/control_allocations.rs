//! Evaluating flex controls allocates nothing, with as many as an account may have.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that panics has failed"
)]

mod support;

use rules::{CONTROLS_MAX, ControlOutcome, OwnControls, Reservation};
use support::controls::{Books, compile_with, facts};

#[global_allocator]
static ALLOCATOR: dhat::Alloc = dhat::Alloc;

#[test]
fn evaluation_allocates_nothing() {
    let mut text = "level = \"account\"\naccount_id = 1\n".to_owned();
    for number in 0..CONTROLS_MAX - 1 {
        text.push_str(&format!(
            "[[controls]]\nid = \"c{number}\"\nname = \"C{number}\"\ntype = \"spending_limit\"\n\
             deny_code = \"D\"\nmax_limit = 1000\nlimit_duration = \"P{}D\"\n\
             time_zone = \"America/Sao_Paulo\"\noverride_controls = [\"z\"]\n\
             conditions = [\n\
             {{ attribute = \"merchant_id\", operator = \"in_group\", value = \"g\" }},\n\
             {{ attribute = \"time_now\", operator = \"bt\", value = \"10:59PM-06:59PM\" }},\n]\n",
            number % 7 + 1
        ));
    }
    text.push_str(
        "[[controls]]\nid = \"z\"\nname = \"Z\"\ntype = \"usage_limit\"\ndeny_code = \"D\"\nmax_limit = 1\n",
    );
    let group = "id = \"g\"\ndescription = \"G\"\ntype = \"merchant_id\"\nvalues = [\"SHOP\"]\n";
    let rules = compile_with(&[("a", &text)], &[("g", group)]);
    let asked = [
        facts(&rules, "00 5 merchant=SHOP"),
        facts(&rules, "00 1001 merchant=SHOP"),
        facts(&rules, "00 5 merchant=OTHER"),
        facts(&rules, "00 5 account=2"),
    ];
    let own = OwnControls::NONE;
    let mut books = Books::default();
    let mut reservations: Vec<Reservation> = Vec::with_capacity(CONTROLS_MAX);
    let passed = rules.evaluate_controls(&asked[0], &own, &books, &mut reservations);
    assert_eq!(
        (passed, reservations.len()),
        (ControlOutcome::Passed, CONTROLS_MAX - 1)
    );
    let nothing_counted = Books::default();
    books.reserve(&reservations);

    let profiler = dhat::Profiler::builder().testing().build();
    let before = dhat::HeapStats::get();
    for facts in &asked {
        for books in [&books, &nothing_counted] {
            let outcome = rules.evaluate_controls(facts, &own, books, &mut reservations);
            std::hint::black_box(outcome);
        }
    }
    let after = dhat::HeapStats::get();
    assert_eq!(after.total_blocks, before.total_blocks);
    // What does allocate is seen here.
    std::hint::black_box(rules.trace_controls(&asked[0], &own, &books));
    assert!(dhat::HeapStats::get().total_blocks > after.total_blocks);
    drop(profiler);
}
