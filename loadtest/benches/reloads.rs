//! What reloading the rules costs: p99 with and without reloads, in interleaved windows.
//!
//! Against a running switch: windows without reloads (A) and with a SIGHUP every so often (B) take turns,
//! A B A B ..., so that a disk or neighbour that changes its pace meets both alike. Prints each window and
//! the ratio of the medians of p99. Not a test: it judges only that every window was answered in full.
//!
//! `cargo bench -p loadtest --bench reloads -- --target 127.0.0.1:8583 --pid $(pgrep -x switch)`

use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Command, ExitCode};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use clap::Parser;
use codec::Dialect;
use loadtest::mix::Mix;
use loadtest::plan::Plan;
use loadtest::report::{Judgement, Report};
use loadtest::run::{self, Options, Target};

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
    /// The dialect of the link.
    #[arg(long, default_value = "config/dialects/iso1987-ascii.toml")]
    dialect: PathBuf,
    /// Directory to measure synced writes in, in every window.
    #[arg(long)]
    disk_probe: Option<PathBuf>,
    /// Given by `cargo bench`.
    #[arg(long, hide = true)]
    bench: bool,
}

type Failure = Box<dyn std::error::Error>;

fn main() -> ExitCode {
    match measure(&Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // With stderr gone there is nowhere left to say it; the exit code still tells.
            drop(writeln!(std::io::stderr(), "{error}"));
            ExitCode::FAILURE
        }
    }
}

fn measure(arguments: &Arguments) -> Result<(), Failure> {
    // cargo starts benchmarks in the folder of their crate.
    std::env::set_current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()?;
    let (mut without, mut with) = (Vec::new(), Vec::new());
    let mut out = std::io::stdout().lock();
    writeln!(
        out,
        "window   reloads     p50 ms     p99 ms     max ms   disk p99 ms"
    )?;
    for window in 0..arguments.pairs.saturating_mul(2) {
        let reloading = window % 2 == 1;
        let (report, reloads) = runtime.block_on(one_window(arguments, window, reloading))?;
        let disk = report.disk_sync_us.as_ref().map(|disk| ms(disk.p99));
        writeln!(
            out,
            "{window:>6} {reloads:>9} {:>10} {:>10} {:>10} {:>13}",
            ms(report.latency_us.p50),
            ms(report.latency_us.p99),
            ms(report.latency_us.max),
            disk.unwrap_or_else(|| "-".to_owned()),
        )?;
        if !report.verdict.good {
            return Err(format!("window {window} was not answered in full:\n{report}").into());
        }
        let kind = if reloading { &mut with } else { &mut without };
        kind.push(report.latency_us.p99);
    }
    let (without, with) = (median(&mut without), median(&mut with));
    let permille = with.saturating_mul(1000).checked_div(without).unwrap_or(0);
    writeln!(
        out,
        "median p99: {} ms without, {} ms with reloads, ratio {}.{:03}",
        ms(without),
        ms(with),
        permille / 1000,
        permille % 1000
    )?;
    Ok(())
}

/// Loads the switch for one window; returns the report and how many reloads were asked for.
async fn one_window(
    arguments: &Arguments,
    window: u64,
    reloading: bool,
) -> Result<(Report, u64), Failure> {
    let options = Options {
        target: Target::Listens(arguments.target.clone()),
        plan: Plan {
            rate: arguments.rate,
            connections: 4,
            warm_up: Duration::from_secs(1),
            duration: Duration::from_secs(arguments.window_s),
            timeout: Duration::from_secs(5),
            seed: window.saturating_add(1),
            mix: Mix::load(&arguments.mix)?,
        },
        dialect: Dialect::load(&arguments.dialect)?,
        admin: None,
        disk_probe: arguments.disk_probe.clone(),
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

fn median(values: &mut [u64]) -> u64 {
    values.sort_unstable();
    values.get(values.len() / 2).copied().unwrap_or(0)
}

/// Microseconds as milliseconds with three decimals.
fn ms(us: u64) -> String {
    format!("{}.{:03}", us / 1000, us % 1000)
}
