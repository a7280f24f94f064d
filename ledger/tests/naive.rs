//! The ledger against a second, naive one: random histories of everything that can be sent, compared after
//! every message. The naive ledger shares the rules with the ledger and nothing that decides: it keeps
//! what is in force and adds limits up anew each time, where the ledger records what moves. Messages, operations,
//! clearing files with their work list, transfers step by step, and purges; at the end a replay gives the same accounts and the
//! audit finds nothing.
//!
//! A failing history is shrunk and printed with its seed. `NAIVE_SEED=7 NAIVE_HISTORIES=100000` runs others.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that panics has failed"
)]

#[path = "naive/advices.rs"]
mod advices;
#[path = "naive/books.rs"]
mod books;
#[path = "naive/clearings.rs"]
mod clearings;
#[path = "naive/controls.rs"]
mod controls;
#[path = "naive/draw.rs"]
mod draw;
#[path = "naive/files.rs"]
mod files;
#[path = "naive/histories.rs"]
mod histories;
#[path = "naive/later.rs"]
mod later;
#[path = "naive/operations.rs"]
mod operations;
#[path = "naive/plans.rs"]
mod plans;
#[path = "naive/presentments.rs"]
mod presentments;
#[path = "naive/purges.rs"]
mod purges;
#[path = "naive/refunds.rs"]
mod refunds;
#[path = "naive/requests.rs"]
mod requests;
#[path = "tables/rule_sets.rs"]
mod rule_sets;
#[path = "naive/run.rs"]
mod run;
#[path = "naive/said.rs"]
mod said;
mod support;
#[path = "naive/transfers.rs"]
mod transfers;

use histories::{Act, Bytes, History};
use proptest::prelude::*;
use proptest::test_runner::{RngSeed, TestError, TestRunner};
use run::Run;

/// Histories that each of the tests below runs.
const HISTORIES: u32 = 5_000;

/// Steps of one history, at most.
const STEPS: usize = 24;

fn of_environment<T: std::str::FromStr>(name: &str) -> Option<T> {
    std::env::var(name).ok()?.parse().ok()
}

/// Both ledgers say the same to one history, and come to the same books.
fn agree(steps: &[Bytes]) -> Result<(), String> {
    let (mut history, mut run) = (History::default(), Run::new());
    let mut acts = Vec::new();
    let of = |acts: &[Act], error: &str| {
        let acts: Vec<_> = acts.iter().map(|act| format!("{act:?}")).collect();
        Err(format!("{}\n{error}", acts.join("\n")))
    };
    for bytes in steps {
        let act = history.act(bytes);
        acts.push(act.clone());
        match run.act(act) {
            Ok(true) => history.note_approval(),
            Ok(false) => {}
            Err(error) => return of(&acts, &error),
        }
    }
    support::rehearsed::every_decision(&run.batches, rule_sets::of_version)
        .and_then(|()| run.end())
        .or_else(|error| of(&acts, &error))
}

fn histories_agree(seed: u64) {
    let seed = of_environment("NAIVE_SEED").unwrap_or(0) + seed;
    let config = ProptestConfig {
        cases: of_environment("NAIVE_HISTORIES").unwrap_or(HISTORIES),
        failure_persistence: None,
        rng_seed: RngSeed::Fixed(seed),
        ..ProptestConfig::default()
    };
    let steps = prop::collection::vec(any::<Bytes>(), 1..STEPS);
    let result =
        TestRunner::new(config).run(&steps, |steps| agree(&steps).map_err(TestCaseError::fail));
    match result {
        Ok(()) => {}
        Err(TestError::Fail(how, _)) => panic!("seed {seed}: {how}"),
        Err(error) => panic!("seed {seed}: {error}"),
    }
}

// Two tests, so that two threads share them.

#[test]
fn the_ledger_and_a_naive_one_agree() {
    histories_agree(1);
}

#[test]
fn the_ledger_and_a_naive_one_agree_again() {
    histories_agree(2);
}
