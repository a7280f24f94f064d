//! Instruction counts, shared by the benchmarks.
//!
//! Owns the runs under valgrind. Must never count what a run does once: two runs of different lengths are compared.

use std::process::Command;

use anyhow::{Context as _, bail};

/// Instructions of one repetition: the difference between a run of twice as many and one of this many.
#[expect(
    clippy::float_arithmetic,
    reason = "a benchmark divides what it counted"
)]
pub(crate) fn instructions(name: &str, count: u32) -> anyhow::Result<f64> {
    let short = collected(name, count)?;
    let long = collected(name, count.saturating_mul(2))?;
    Ok((long - short) / f64::from(count))
}

/// Instructions of one run of this benchmark with `--run NAME COUNT`.
fn collected(name: &str, count: u32) -> anyhow::Result<f64> {
    let ran = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .arg(std::env::current_exe()?)
        .args(["--run", name, &count.to_string()])
        .output()
        .context("valgrind")?;
    let text = String::from_utf8_lossy(&ran.stderr);
    let collected = text.lines().find_map(|line| line.split_once("Collected :"));
    match collected {
        Some((_, number)) if ran.status.success() => Ok(number.trim().parse()?),
        _ => bail!("valgrind: {text}"),
    }
}

/// The name and the count of `--run NAME COUNT`.
pub(crate) fn run_of(arguments: &[String]) -> anyhow::Result<Option<(&str, u32)>> {
    let Some(at) = arguments.iter().position(|argument| argument == "--run") else {
        return Ok(None);
    };
    let rest = arguments.get(at.saturating_add(1)..).unwrap_or_default();
    let [name, count, ..] = rest else {
        bail!("--run NAME COUNT");
    };
    Ok(Some((name, count.parse()?)))
}
