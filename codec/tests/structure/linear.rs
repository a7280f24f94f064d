//! Twice the bytes cost twice the work, counted in instructions.
//!
//! The counts need valgrind: without it the test says so and skips. `cargo bench -p codec --bench structures -- --doubling`
//! prints them.

use std::process::Command;

use crate::growing::{GROWING, run};

/// What a run under valgrind is to do: `name*units`.
const WORK: &str = "STRUCTURE_WORK";

/// Instructions of a run of this very test program, or `None` without valgrind.
fn instructions(name: &str, units: usize) -> Option<u64> {
    let ran = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", "linear::one_element", "--test-threads=1"])
        .env(WORK, format!("{name}*{units}"))
        .output()
        .ok()?;
    let text = String::from_utf8_lossy(&ran.stderr);
    let collected = text.lines().find_map(|line| line.split_once("Collected :"));
    let (_, count) = collected.expect(&text);
    assert!(ran.status.success(), "{text}");
    Some(count.trim().parse().unwrap())
}

/// The work of one run; nothing when the tests run by themselves.
#[test]
fn one_element() {
    if let Ok(work) = std::env::var(WORK) {
        let (name, units) = work.split_once('*').unwrap();
        run(name, units.parse().unwrap()).unwrap();
    }
}

#[test]
fn twice_the_size_costs_twice_the_instructions() {
    for (name, ..) in GROWING {
        let [Some(none), Some(once), Some(twice)] =
            [0, 200, 400].map(|units| instructions(name, units))
        else {
            println!("skipped: valgrind is not there");
            return;
        };
        let (once, twice) = (once.saturating_sub(none), twice.saturating_sub(none));
        println!("{name}: {once} instructions, {twice} for twice the size");
        // A quadratic step would cost four times as much. What a run does once varies a little.
        assert!(
            2 * twice <= 5 * once + 50_000,
            "{name}: {once}, then {twice}"
        );
    }
}
