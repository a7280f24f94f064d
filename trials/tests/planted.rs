//! Planted bugs: for every checker a patch that breaks what it guards, and the proof that it notices.
//!
//! `cargo test -p trials --test planted -- --ignored` builds the simulation once per patch and runs it.

#[path = "../../ledger/tests/support/planting.rs"]
mod planting;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use planting::{copy_sources, git_apply, workspace};
use trials::simulation::Checker;

/// Seeds that are run against each bug.
const SEEDS: &str = "200";

fn patch_of(checker: Checker) -> PathBuf {
    let planted = Path::new(env!("CARGO_MANIFEST_DIR")).join("planted");
    planted.join(format!("{}.patch", checker.name()))
}

#[test]
fn every_checker_has_a_bug_that_can_be_planted() {
    let mut expected: Vec<_> = Checker::ALL.map(patch_of).to_vec();
    for patch in &expected {
        assert!(patch.exists(), "{} is missing", patch.display());
        git_apply(&workspace(), &["--check"], patch);
    }
    let planted = Path::new(env!("CARGO_MANIFEST_DIR")).join("planted");
    let mut found: Vec<_> = fs::read_dir(planted)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    expected.sort();
    found.sort();
    assert_eq!(found, expected, "a patch guards nothing");
}

#[test]
#[ignore = "builds the workspace once per checker"]
fn every_checker_notices_its_planted_bug() {
    let home = tempfile::tempdir().unwrap();
    let copy = home.path().join("workspace");
    copy_sources(&workspace(), &copy).unwrap();
    let mut silent = Vec::new();
    for checker in Checker::ALL {
        let patch = patch_of(checker);
        git_apply(&copy, &[], &patch);
        let said = simulate(&copy, &home.path().join("target"));
        let named = format!("failed: {}:", checker.name());
        println!(
            "{}: {} failures",
            checker.name(),
            said.matches(&named).count()
        );
        if !said.contains(&named) {
            silent.push(checker.name());
        }
        git_apply(&copy, &["--reverse"], &patch);
    }
    assert!(silent.is_empty(), "did not notice their bugs: {silent:?}");
}

/// What the simulation of a workspace says.
fn simulate(workspace: &Path, target: &Path) -> String {
    let built = Command::new(env!("CARGO"))
        .args(["build", "--quiet", "--locked", "-p", "trials"])
        .current_dir(workspace)
        .env("CARGO_TARGET_DIR", target)
        .output()
        .expect("cargo runs");
    let said = String::from_utf8_lossy(&built.stderr);
    assert!(
        built.status.success(),
        "the planted bug does not compile: {said}"
    );
    let output = Command::new(target.join("debug/trials"))
        .args(["simulate", "--seeds", SEEDS])
        .output()
        .expect("the simulation runs");
    String::from_utf8_lossy(&output.stdout).into_owned()
}
