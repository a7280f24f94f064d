//! What reloading the rules costs: p99 with and without reloads, in interleaved windows.
//!
//! Against a running switch: windows without reloads (A) and with a SIGHUP every so often (B) take turns,
//! A B A B ..., so that a disk or neighbour that changes its pace meets both alike. Prints each window and
//! the ratio of the medians of p99. Not a test: it judges only that every window was answered in full.
//!
//! `cargo bench -p loadtest --bench reloads -- --target 127.0.0.1:8583 --pid $(pgrep -x switch)`

mod common;

use std::path::PathBuf;
use std::process::{Command, ExitCode};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use clap::Parser;
use loadtest::plan::Plan;
use loadtest::report::{Judgement, Report};
use loadtest::run::{self, Options};
use tokio::runtime::Runtime;

use common::{Failure, ms, ratio, say};

/// p99 with and without reloads.
#[derive(Debug, Parser)]
struct Arguments {
    /// The switch to load.
    #[arg(long)]
    target: String,
    /// Its process, which is sent SIGHUP.
    #[arg(long)]
    pid: u32,
    /// Messages per second.
    #[arg(long, default_value_t = 2000)]
    rate: u64,
    /// Seconds of each window.
    #[arg(long, default_value_t = 10)]
    window_s: u64,
    /// Windows of each kind.
    #[arg(long, default_value_t = 5)]
    pairs: u64,
    /// Milliseconds between two reloads.
    #[arg(long, default_value_t = 200)]
    every_ms: u64,
    /// What to send.
    #[arg(long, default_value = "config/load/default.toml")]
    mix: PathBuf,
    /// Directory to measure synced writes in, in every window.
    #[arg(long)]
    disk_probe: Option<PathBuf>,
    /// Given by `cargo bench`.
    #[arg(long, hide = true)]
    bench: bool,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    common::finish(|runtime| measure(&arguments, runtime))
}

fn measure(arguments: &Arguments, runtime: &Runtime) -> Result<(), Failure> {
    let (mut without, mut with) = (Vec::new(), Vec::new());
    say("window   reloads     p50 ms     p99 ms     max ms   disk p99 ms")?;
    for window in 0..arguments.pairs.saturating_mul(2) {
        let reloading = window % 2 == 1;
        let (report, reloads) = runtime.block_on(one_window(arguments, window, reloading))?;
        let latency = &report.latency_us;
        say(&format!(
            "{window:>6} {reloads:>9} {:>10} {:>10} {:>10} {:>13}",
            ms(Some(latency.p50)),
            ms(Some(latency.p99)),
            ms(Some(latency.max)),
            ms(report.disk_sync_us.as_ref().map(|disk| disk.p99)),
        ))?;
        if !report.verdict.good {
            return Err(format!("window {window} was not answered in full:\n{report}").into());
        }
        let kind = if reloading { &mut with } else { &mut without };
        kind.push(report.latency_us.p99);
    }
    let (without, with) = (median(&mut without), median(&mut with));
    say(&format!(
        "median p99: {} ms without, {} ms with reloads, ratio {}",
        ms(without),
        ms(with),
        ratio(with, without),
    ))
}

/// Loads the switch for one window; returns the report and how many reloads were asked for.
async fn one_window(
    arguments: &Arguments,
    window: u64,
    reloading: bool,
) -> Result<(Report, u64), Failure> {
    let load = common::load(&arguments.target, &arguments.mix, |mix| Plan {
        rate: arguments.rate,
        connections: 4,
        warm_up: Duration::from_secs(1),
        duration: Duration::from_secs(arguments.window_s),
        timeout: Duration::from_secs(5),
        seed: window.saturating_add(1),
        mix,
    })?;
    let options = Options {
        disk_probe: arguments.disk_probe.clone(),
        ..load
    };
    let over = Arc::new(AtomicBool::new(!reloading));
    let reloads = tokio::task::spawn_blocking({
        let (over, pid, every_ms) = (Arc::clone(&over), arguments.pid, arguments.every_ms);
        move || reload_until(&over, pid, every_ms)
    });
    let ran = run::run(options).await;
    over.store(true, Ordering::Relaxed);
    let reloads = reloads.await??;
    let mut report = ran?;
    report.judge(Judgement {
        allow_timeouts: false,
        strict: false,
    });
    Ok((report, reloads))
}

/// Sends SIGHUP to a process every so often until told that it is over.
fn reload_until(over: &AtomicBool, pid: u32, every_ms: u64) -> std::io::Result<u64> {
    let mut reloads = 0_u64;
    while !over.load(Ordering::Relaxed) {
        let sent = Command::new("kill")
            .args(["-HUP", &pid.to_string()])
            .status()?;
        if !sent.success() {
            return Err(std::io::Error::other(format!(
                "process {pid} takes no SIGHUP"
            )));
        }
        reloads = reloads.saturating_add(1);
        #[expect(
            clippy::disallowed_methods,
            reason = "a benchmark paces its own signals"
        )]
        std::thread::sleep(Duration::from_millis(every_ms));
    }
    Ok(reloads)
}

fn median(values: &mut [u64]) -> Option<u64> {
    values.sort_unstable();
    values.get(values.len() / 2).copied()
}
