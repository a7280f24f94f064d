//! The commit path beside the disk: the running ledger against a loop that only appends and syncs.
//!
//! Both write the same bytes, in the same run, in windows that take turns, so that a disk or neighbour
//! that changes its pace meets both alike. Two questions: how many durable authorizations a second with
//! a fixed number under way, and how long one waits at a given rate (open loop, from the time it was
//! due). Prints each window and the ratio of the medians. Judges nothing but that everything was decided.
//!
//! `cargo bench -p ledger --bench commit_path -- --directory DIR`

mod ledger_load;
mod raw;
#[path = "../common/world.rs"]
mod world;

use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use hdrhistogram::Histogram;

use ledger_load::Running;
use raw::RawLog;

/// The commit path beside a raw append-and-sync loop.
#[derive(Debug, Parser)]
struct Arguments {
    /// Where journal, books and the raw file are made, in a directory of their own that is removed.
    #[arg(long, default_value = ".")]
    directory: PathBuf,
    /// Authorizations under way in the first part.
    #[arg(long, default_value_t = 256)]
    in_flight: usize,
    /// Rates of the second part, per second.
    #[arg(long, value_delimiter = ',', default_values_t = [2000, 5000, 10_000])]
    rates: Vec<u64>,
    /// Seconds of each window.
    #[arg(long, default_value_t = 5)]
    window_s: u64,
    /// Windows of each kind.
    #[arg(long, default_value_t = 3)]
    pairs: usize,
    /// Accounts that are used.
    #[arg(long, default_value_t = 10_000)]
    accounts: u64,
    /// Milliseconds between checkpoints of the books; 0 leaves the books out.
    #[arg(long, default_value_t = 1000)]
    checkpoint_interval_ms: u64,
    /// Given by `cargo bench`.
    #[arg(long, hide = true)]
    bench: bool,
}

type Failure = Box<dyn std::error::Error>;

fn main() -> ExitCode {
    match run(&Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            writeln!(std::io::stderr(), "commit_path: {failure}").unwrap_or_default();
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &Arguments) -> Result<(), Failure> {
    let directory = tempfile::tempdir_in(&arguments.directory)?;
    let record_bytes = raw::record_bytes()?;
    let mut raw = RawLog::create(&directory.path().join("raw"))?;
    let mut running = Running::start(
        &directory.path().join("ledger"),
        arguments.accounts,
        arguments.checkpoint_interval_ms,
    )?;
    let window = Duration::from_secs(arguments.window_s);
    say(&format!(
        "{record_bytes} bytes a record; windows of {} s",
        arguments.window_s
    ))?;
    throughput(arguments, window, record_bytes, &mut raw, &mut running)?;
    for rate in &arguments.rates {
        latency(
            arguments,
            window,
            *rate,
            record_bytes,
            &mut raw,
            &mut running,
        )?;
    }
    running.stop()
}

fn throughput(
    arguments: &Arguments,
    window: Duration,
    record_bytes: usize,
    raw: &mut RawLog,
    running: &mut Running,
) -> Result<(), Failure> {
    let (mut of_raw, mut of_ledger) = (Vec::new(), Vec::new());
    for _ in 0..arguments.pairs {
        of_raw.push(raw.throughput(arguments.in_flight, record_bytes, window)?);
        of_ledger.push(running.throughput(arguments.in_flight, window)?);
        say(&format!(
            "{} under way: raw {:>9} records/s, ledger {:>9} authorizations/s",
            arguments.in_flight,
            of_raw.last().copied().unwrap_or(0),
            of_ledger.last().copied().unwrap_or(0)
        ))?;
        running.catch_up();
    }
    let (raw, ledger) = (median(of_raw), median(of_ledger));
    say(&format!(
        "{} under way: medians {raw} and {ledger}; ledger / raw = {:.2}",
        arguments.in_flight,
        ledger as f64 / raw.max(1) as f64
    ))
}

fn latency(
    arguments: &Arguments,
    window: Duration,
    rate: u64,
    record_bytes: usize,
    raw: &mut RawLog,
    running: &mut Running,
) -> Result<(), Failure> {
    let mut figures: [[Vec<u64>; 2]; 2] = Default::default();
    for _ in 0..arguments.pairs {
        let of_raw = raw.latency(rate, record_bytes, window)?;
        let of_ledger = running.latency(rate, window)?;
        say(&format!(
            "{rate}/s: raw {}, ledger {}",
            shown(&of_raw),
            shown(&of_ledger)
        ))?;
        let [raw_figures, ledger_figures] = &mut figures;
        for (kept, histogram) in [(raw_figures, of_raw), (ledger_figures, of_ledger)] {
            let [p50, p99] = kept;
            p50.push(histogram.value_at_quantile(0.50));
            p99.push(histogram.value_at_quantile(0.99));
        }
    }
    let [[raw_p50, raw_p99], [ledger_p50, ledger_p99]] = figures.map(|kept| kept.map(median));
    say(&format!(
        "{rate}/s: medians; ledger / raw: p50 {:.2}, p99 {:.2}",
        ledger_p50 as f64 / raw_p50.max(1) as f64,
        ledger_p99 as f64 / raw_p99.max(1) as f64
    ))
}

/// p50, p99 and maximum in milliseconds.
fn shown(histogram: &Histogram<u64>) -> String {
    let ms = |us: u64| us as f64 / 1000.0;
    format!(
        "p50/p99/max {:.2}/{:.2}/{:.1} ms of {}",
        ms(histogram.value_at_quantile(0.50)),
        ms(histogram.value_at_quantile(0.99)),
        ms(histogram.max()),
        histogram.len()
    )
}

fn median(mut values: Vec<u64>) -> u64 {
    values.sort_unstable();
    values.get(values.len() / 2).copied().unwrap_or(0)
}

fn say(line: &str) -> Result<(), Failure> {
    writeln!(std::io::stdout(), "{line}")?;
    Ok(())
}

/// The monotonic clock.
fn clock() -> std::time::Instant {
    #[expect(clippy::disallowed_methods, reason = "a benchmark measures time")]
    std::time::Instant::now()
}

/// How long until `due` after `begun`; nothing once it has passed.
fn until(begun: std::time::Instant, due: Duration) -> Option<Duration> {
    due.checked_sub(begun.elapsed())
        .filter(|left| !left.is_zero())
}

/// Lets time pass.
fn pause(duration: Duration) {
    #[expect(
        clippy::disallowed_methods,
        reason = "an open loop waits until the next one is due"
    )]
    std::thread::sleep(duration);
}

/// How many a second.
fn per_second(count: u64, took: Duration) -> u64 {
    let rate = u128::from(count) * 1_000_000 / took.as_micros().max(1);
    u64::try_from(rate).unwrap_or(u64::MAX)
}
