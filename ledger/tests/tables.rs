//! Runs the tables in `tables/*.txt`: what the ledger decides under the shipped rules, written so that
//! an auditor can read it. Every file is a world of its own; every line is a batch of its own.
//!
//! The words are told in `tables/README.md`. A difference is reported as `file:line`.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that panics has failed"
)]

#[path = "tables/audit.rs"]
mod audit;
#[path = "tables/clearings.rs"]
mod clearings;
#[path = "tables/controls.rs"]
mod controls;
#[path = "tables/coverage.rs"]
mod coverage;
#[path = "tables/entities.rs"]
mod entities;
#[path = "tables/later_messages.rs"]
mod later_messages;
#[path = "tables/line.rs"]
mod line;
#[path = "tables/messages.rs"]
mod messages;
#[path = "tables/operations.rs"]
mod operations;
#[path = "tables/purges.rs"]
mod purges;
#[path = "tables/rule_sets.rs"]
mod rule_sets;
#[path = "tables/shown.rs"]
mod shown;
mod support;
#[path = "tables/transfers.rs"]
mod transfers;
#[path = "tables/world.rs"]
mod world;

use std::collections::BTreeSet;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use coverage::{KINDS, Kind, STEPS, Step};
use rules::Reason;
use world::World;

/// What tables met.
#[derive(Debug, Default)]
struct Met {
    /// Reasons that were given.
    reasons: BTreeSet<Reason>,
    /// Steps that were taken, by kind of authorization.
    cells: BTreeSet<(Kind, Step)>,
    /// Decisions that the books at the end explain by themselves, of how many.
    recalled: (usize, usize),
}

/// Reasons that the ledger cannot give: they are found before it, or need what no rules and no command
/// can bring about.
const NOT_DECIDED_HERE: [Reason; 6] = [
    Reason::FormatError,
    Reason::NotPermitted,
    Reason::KeyExchangeRefused,
    Reason::SignOnRequired,
    Reason::Overloaded,
    Reason::SystemMalfunction,
];

fn tables() -> Vec<PathBuf> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/tables");
    let entries = std::fs::read_dir(directory).unwrap();
    let mut paths: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "txt"));
    paths.sort();
    paths
}

/// Runs one table; gives what it met.
fn run(file: &str, text: &str) -> Result<Met, String> {
    let mut world = World::new();
    for (number, text) in (1..).zip(text.lines()) {
        let at = |error: String| format!("{file}:{number}: {}\n{error}", text.trim());
        if let Some(line) = line::read(number, text).map_err(at)? {
            world.run(line).map_err(at)?;
        }
    }
    audit::check(&mut world).map_err(|error| format!("{file}: {error}"))?;
    support::rehearsed::every_decision(&world.batches, rule_sets::of_version)
        .map_err(|error| format!("{file}: {error}"))?;
    let recalled = support::rehearsed::from_the_books(&world.batches, rule_sets::of_version)
        .map_err(|error| format!("{file}: {error}"))?;
    Ok(Met {
        reasons: world.reasons,
        cells: world.coverage.cells,
        recalled,
    })
}

#[test]
fn every_table_holds() {
    let mut wrong = Vec::new();
    let mut met = Met::default();
    for path in tables() {
        let text = std::fs::read_to_string(&path).unwrap();
        match run(&path.file_name().unwrap().to_string_lossy(), &text) {
            Ok(Met {
                reasons,
                cells,
                recalled: (said, all),
            }) => {
                met.recalled = (met.recalled.0 + said, met.recalled.1 + all);
                met.reasons.extend(reasons);
                met.cells.extend(cells);
            }
            Err(error) => wrong.push(error),
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let mut expected = BTreeSet::from(Reason::ALL);
    expected.retain(|reason| !NOT_DECIDED_HERE.contains(reason));
    assert_eq!(
        met.reasons, expected,
        "the tables must meet every reason that the ledger gives"
    );
    every_cell_is_covered(&met.cells);
    let (said, all) = met.recalled;
    // The rest followed a change of a card or of an account's status, or was declined for its card.
    assert!(
        said * 4 >= all * 3,
        "the books explain {said} of {all} decisions"
    );
}

/// Every kind of authorization must go through every step of a life that means something to it.
fn every_cell_is_covered(covered: &BTreeSet<(Kind, Step)>) {
    let (matrix, count, cells) = coverage::matrix(covered);
    // Past the capture of the test run, which would show it only on failure.
    let shown = format!("\n{matrix}{count} of {cells} cells\n");
    std::io::stdout().write_all(shown.as_bytes()).unwrap();
    for kind in KINDS {
        for step in STEPS {
            let is_covered = covered.contains(&(kind, step));
            match coverage::not_meaningful(kind, step) {
                None => assert!(
                    is_covered,
                    "{matrix}no table has {kind:?} go through {step:?}"
                ),
                Some(why) => assert!(!is_covered, "{kind:?} went through {step:?}: but {why}"),
            }
        }
    }
    assert!(
        cells >= 342,
        "cells were taken out of the matrix: {cells} are left"
    );
}

const WORLD: &str = "at 2026-11-20T12:00:00Z\ncustomer 1\naccount 1 program 1 available 10.00\n";

#[test]
fn a_difference_says_where_and_what() {
    for (line, error) in [
        (
            "authorize stan 1 card A code 00 amount 1.00 -> 00",
            "expected: 00\n  found: 14 unknown_card",
        ),
        (
            "limits 1 available 11.00",
            "expected: available 11.00\n  found: available 10.00",
        ),
        (
            "customer 1 name Eve -> created",
            "expected: created\n  found: rejected taken",
        ),
        (
            "authorize stan 1 card A code 00",
            "nothing is expected: -> is missing",
        ),
        (
            "authorize stan 1 card A -> 00",
            "the word \"code\" is missing",
        ),
        (
            "authorize stan 1 card A code 00 colour red -> 00",
            "the word \"colour\" means nothing here",
        ),
        (
            "authorize stan 1 stan 2 -> 00",
            "the word \"stan\" stands twice",
        ),
        (
            "authorize stan 1 card A code 00 amount 1 -> 00",
            "cannot read amount \"1\"",
        ),
        ("limits 2 available 1.00", "there is no account 2"),
        ("limits 1 credit 1.00", "there is no limit \"credit\""),
        (
            "limits 1 available 10.00 -> 10.00",
            "nothing can be expected of this line",
        ),
        (
            "repeat stan 7 -> same answer",
            "nothing was sent under stan 7",
        ),
        (
            "recorded stan 7 -> reversed",
            "nothing was recorded for stan 7",
        ),
        ("pay 1.00", "the word \"1.00\" has no value"),
        ("pay 1.00 now", "the verb \"pay\" is unknown"),
    ] {
        let found = run("made-up.txt", &format!("{WORLD}{line}\n")).unwrap_err();
        assert_eq!(found, format!("made-up.txt:4: {line}\n{error}"));
    }
}

#[test]
fn amounts_have_two_decimals() {
    for (text, minor) in [("0.00", 0), ("12.34", 1234), ("-0.05", -5), ("+1.00", 100)] {
        assert_eq!(line::amount(text), Some(minor), "{text}");
        assert_eq!(line::show(minor), text.trim_start_matches('+'));
    }
    for text in ["", "1", "1.0", "1.000", ".50", "1.5x", "--1.00"] {
        assert_eq!(line::amount(text), None, "{text}");
    }
}
