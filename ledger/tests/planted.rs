//! Planted bugs: patches that break the ledger, and the proof that the tables or the naive ledger notice.
//!
//! `cargo test -p ledger --test planted -- --ignored --nocapture` builds both once per patch, runs them
//! and prints which of them noticed.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that panics has failed"
)]

#[path = "support/planting.rs"]
mod planting;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use planting::{copy_sources, git_apply, workspace};

/// Fewest bugs that are planted.
const BUGS: usize = 20;

/// Histories of each test of the naive ledger that are run against a bug.
const HISTORIES: &str = "500";

/// The tests that must notice.
const TESTS: [&str; 2] = ["tables", "naive"];

/// Every patch, in order of their names.
fn patches() -> Vec<PathBuf> {
    let planted = Path::new(env!("CARGO_MANIFEST_DIR")).join("planted");
    let entries = fs::read_dir(planted).unwrap();
    let mut patches: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    patches.sort();
    patches
}

#[test]
fn every_bug_can_be_planted() {
    let patches = patches();
    assert!(patches.len() >= BUGS, "only {} bugs", patches.len());
    for patch in patches {
        git_apply(&workspace(), &["--check"], &patch);
    }
}

#[test]
#[ignore = "builds the ledger and its tests once per bug"]
fn every_planted_bug_is_noticed() {
    let home = tempfile::tempdir().unwrap();
    let copy = home.path().join("workspace");
    copy_sources(&workspace(), &copy).unwrap();
    let target = home.path().join("target");
    assert_eq!(failing(&copy, &target), [""; 0], "without any bug");
    let mut silent = Vec::new();
    for patch in patches() {
        let bug = patch.file_stem().unwrap().to_string_lossy().into_owned();
        git_apply(&copy, &[], &patch);
        let noticed = failing(&copy, &target);
        println!("{bug}: {}", noticed.join(", "));
        if noticed.is_empty() {
            silent.push(bug);
        }
        git_apply(&copy, &["--reverse"], &patch);
    }
    assert!(silent.is_empty(), "nothing noticed: {silent:?}");
}

/// The tests that fail in a workspace. Those that cannot be built prove nothing.
fn failing(workspace: &Path, target: &Path) -> Vec<&'static str> {
    let cargo = |options: &[&str]| {
        Command::new(env!("CARGO"))
            .args(["test", "--quiet", "--locked", "-p", "ledger"])
            .args(options)
            .current_dir(workspace)
            .env("CARGO_TARGET_DIR", target)
            .env("NAIVE_HISTORIES", HISTORIES)
            // That a history fails is enough; it need not be a short one.
            .env("PROPTEST_MAX_SHRINK_ITERS", "0")
            .output()
            .expect("cargo runs")
    };
    let tests = TESTS.map(|test| ["--test", test]);
    let built = cargo(&[&["--no-run"], tests.as_flattened()].concat());
    let said = String::from_utf8_lossy(&built.stderr);
    assert!(
        built.status.success(),
        "the planted bug does not compile: {said}"
    );
    let fails = |test: &&str| !cargo(&["--test", test]).status.success();
    TESTS.into_iter().filter(fails).collect()
}
