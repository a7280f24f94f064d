//! Binaries of other packages, which Cargo builds for their own package only.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use std::time::SystemTime;

use super::process::run;
use super::world::repository;

/// The simulator, built once per test process if it is missing or older than its sources.
pub(crate) fn simulator() -> Command {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    command(BUILT.get_or_init(|| build("simulator")))
}

/// The load test, built likewise.
pub(crate) fn loadtest() -> Command {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    command(BUILT.get_or_init(|| build("loadtest")))
}

fn command(binary: &Path) -> Command {
    let mut command = Command::new(binary);
    command.current_dir(repository());
    command
}

fn build(package: &str) -> PathBuf {
    let switch = Path::new(env!("CARGO_BIN_EXE_switch"));
    let directory = switch.parent().unwrap();
    let binary = directory.join(package);
    let built = modified(&binary);
    let sources = [
        &format!("{package}/src"),
        &format!("{package}/Cargo.toml"),
        "codec/src",
    ];
    let newest = sources.map(|source| newest(&repository().join(source)));
    if built.is_some() && newest.iter().all(|source| *source < built) {
        return binary;
    }
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo
        .args(["build", "-p", package, "--bin", package, "--target-dir"])
        .arg(directory.parent().unwrap())
        .current_dir(repository());
    match directory.file_name().unwrap().to_str().unwrap() {
        "debug" => {}
        profile => drop(cargo.args(["--profile", profile])),
    }
    let built = run(&mut cargo);
    built.expect_good();
    binary
}

fn modified(path: &Path) -> Option<SystemTime> {
    path.metadata().ok()?.modified().ok()
}

/// When a file, or any file of a directory, was last changed.
fn newest(path: &Path) -> Option<SystemTime> {
    let Ok(entries) = std::fs::read_dir(path) else {
        return modified(path);
    };
    entries.flatten().map(|entry| newest(&entry.path())).max()?
}
