//! The switch as a stranger meets it: pyiso8583 and plain sockets, nothing of this project.
//!
//! Needs python3 with venv, and pip's registry once; without them it says so and is skipped.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that panics has failed"
)]

mod harness;

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::LazyLock;

use harness::{World, repository, run, skipped};

const REQUIREMENT: &str = "pyiso8583==4.0.1";

/// A Python that can import pyiso8583, or why there is none.
static PYTHON: LazyLock<Result<PathBuf, String>> = LazyLock::new(python);

/// Made once and kept with the build.
fn python() -> Result<PathBuf, String> {
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join("outside-client");
    let python = directory.join("bin/python");
    if attempt(Command::new(&python).args(["-c", "import iso8583"])).is_ok() {
        return Ok(python);
    }
    attempt(
        Command::new("python3")
            .args(["-m", "venv", "--clear"])
            .arg(&directory),
    )
    .map_err(|error| format!("no venv: {error}"))?;
    let pip = [
        "-m",
        "pip",
        "install",
        "--quiet",
        "--disable-pip-version-check",
    ];
    let patience = ["--retries", "1", "--timeout", "15"];
    let mut install = Command::new(&python);
    install.args(pip).args(patience).arg(REQUIREMENT);
    attempt(&mut install).map_err(|error| format!("pip cannot install {REQUIREMENT}: {error}"))?;
    Ok(python)
}

fn attempt(command: &mut Command) -> Result<(), String> {
    let output = command.stdin(Stdio::null()).output();
    let output = output.map_err(|error| error.to_string())?;
    if output.status.success() {
        return Ok(());
    }
    Err(String::from_utf8_lossy(&output.stderr).trim().to_owned())
}

#[test]
fn an_outside_client_finds_every_card_as_described() {
    let world = World::new();
    let switch = world.start();
    // Twice: it gives back what it takes.
    for _ in 0..2 {
        play(
            "outside_client.py",
            &[switch.iso.ip().to_string(), switch.iso.port().to_string()],
        );
    }
    switch.stop();
}

#[test]
fn an_outside_client_speaks_the_dialects_of_the_networks() {
    let world = World::new();
    let switch = world.start();
    let ports = [2, 3, 4].map(|network| switch.port(network).port().to_string());
    let [visa, mastercard, elo] = ports;
    let host = switch.iso.ip().to_string();
    play("outside_networks.py", &[host, visa, mastercard, elo]);
    switch.stop();
}

/// Runs a script of this directory to its good end, if there is a Python for it.
fn play(script: &str, arguments: &[String]) {
    let python = match &*PYTHON {
        Ok(python) => python,
        Err(why) => {
            skipped(&format!(
                "the outside client needs python3, venv and pip: {why}"
            ));
            return;
        }
    };
    let played = run(Command::new(python)
        .arg(repository().join("switch/tests").join(script))
        .args(arguments));
    played.expect_good();
    let last = played.stdout.lines().last().unwrap_or_default();
    assert!(last.ends_with("checks passed"), "{last}");
}
