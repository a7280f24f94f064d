//! The simulator's binary, which Cargo builds for its own package only.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use std::time::SystemTime;

use super::process::run;
use super::world::repository;

/// The simulator, built once per test process if it is missing or older than its sources.
pub(crate) fn simulator() -> Command {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    let mut command = Command::new(BUILT.get_or_init(build));
    command.current_dir(repository());
    command
}

fn build() -> PathBuf {
    let switch = Path::new(env!("CARGO_BIN_EXE_switch"));
    let directory = switch.parent().unwrap();
    let binary = directory.join("simulator");
    let built = modified(&binary);
    let sources = ["simulator/src", "simulator/Cargo.toml", "codec/src"];
    let newest = sources.map(|source| newest(&repository().join(source)));
    if built.is_some() && newest.iter().all(|source| *source < built) {
        return binary;
    }
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo
        .args([
            "build",
            "-p",
            "simulator",
            "--bin",
            "simulator",
            "--target-dir",
        ])
        .arg(directory.parent().unwrap())
        .current_dir(repository());
    match directory.file_name().unwrap().to_str().unwrap() {
        "debug" => {}
        profile => drop(cargo.args(["--profile", profile])),
    }
    let built = run(&mut cargo);
    assert_eq!(built.code, Some(0), "{}", built.stderr);
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
