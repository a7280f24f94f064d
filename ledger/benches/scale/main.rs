//! Scale: what an account with its card costs, and how long a start takes, with many of them.
//!
//! Makes the books of so many accounts, with so many open holds each, and measures in processes of their own,
//! because memory that was used once stays with a process: the resident bytes of a started ledger (state, views,
//! page cache) per account, how long it takes to start from books, the same after an end without a checkpoint
//! with `--lag` records to replay, and how fast purchases are decided and applied beside a state with 1,000
//! accounts, in turns. No messages are recent: those of the match window are counted by themselves.
//!
//! `cargo bench -p ledger --bench scale -- --directory DIR`

mod measures;
#[path = "../common/world.rs"]
mod world;

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};

use clap::{Parser, ValueEnum};

/// Scale.
#[derive(Debug, Parser)]
pub(crate) struct Arguments {
    /// Where journal and books are made, in a directory of their own that is removed.
    #[arg(long, default_value = ".")]
    directory: PathBuf,
    /// Accounts, each with its customer and card.
    #[arg(long, default_value_t = 1_000_000)]
    accounts: u64,
    /// Open holds of each account in the second part.
    #[arg(long, default_value_t = 3)]
    holds: u64,
    /// Records that the killed run leaves beside the books.
    #[arg(long, default_value_t = 1_000_000)]
    lag: u64,
    /// Page cache of the books in bytes.
    #[arg(long, default_value_t = 256 * 1024 * 1024)]
    cache_bytes: u64,
    /// Given by `cargo bench`.
    #[arg(long, hide = true)]
    bench: bool,
    /// The process of one measurement, over the directory.
    #[arg(long, hide = true)]
    measure: Option<Measure>,
    /// What an inspection is told: the directory of the books and the bytes of its page cache.
    #[arg(hide = true)]
    inspected: Vec<String>,
}

/// One measurement.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Measure {
    /// A started ledger without accounts.
    Empty,
    /// Makes the accounts.
    Accounts,
    /// Makes the holds.
    Holds,
    /// Starts, and says how long that took and what is resident.
    Start,
    /// Makes records without a checkpoint, and ends.
    Lag,
    /// Decides and applies beside a small state.
    Rate,
    /// Reads books as a start has them read by a process of its own.
    Inspect,
}

type Failure = Box<dyn std::error::Error>;

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let ran = match arguments.measure {
        Some(measure) => measured(&arguments, measure),
        None => run(&arguments),
    };
    match ran {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            writeln!(std::io::stderr(), "scale: {failure}").unwrap_or_default();
            ExitCode::FAILURE
        }
    }
}

fn measured(arguments: &Arguments, measure: Measure) -> Result<(), Failure> {
    match measure {
        Measure::Empty | Measure::Start => measures::start(arguments),
        Measure::Accounts => measures::accounts(arguments),
        Measure::Holds => measures::holds(arguments),
        Measure::Lag => measures::lag(arguments),
        Measure::Rate => measures::rate(arguments),
        Measure::Inspect => measures::inspect(arguments),
    }
}

fn run(arguments: &Arguments) -> Result<(), Failure> {
    let directory = tempfile::tempdir_in(&arguments.directory)?;
    let empty = directory.path().join("empty");
    let full = directory.path().join("full");
    let begun = process(arguments, Measure::Empty, &empty)?;
    let empty_bytes = figure(&begun, "resident_bytes")?;
    say(&format!(
        "an empty ledger: {} MB resident",
        empty_bytes / 1_000_000
    ))?;
    process(arguments, Measure::Accounts, &full)?;
    let started = process(arguments, Measure::Start, &full)?;
    report(arguments, "0 open holds each", &started, empty_bytes)?;
    process(arguments, Measure::Holds, &full)?;
    let started = process(arguments, Measure::Start, &full)?;
    let holds = format!("{} open holds each", arguments.holds);
    report(arguments, &holds, &started, empty_bytes)?;
    process(arguments, Measure::Lag, &full)?;
    let started = process(arguments, Measure::Start, &full)?;
    let killed = format!("killed, {} records behind", arguments.lag);
    report(arguments, &killed, &started, empty_bytes)?;
    say(&process(arguments, Measure::Rate, &full)?)
}

/// Says what a start found.
fn report(
    arguments: &Arguments,
    what: &str,
    started: &str,
    empty_bytes: u64,
) -> Result<(), Failure> {
    let resident_bytes = figure(started, "resident_bytes")?;
    let of_all = resident_bytes.saturating_sub(empty_bytes);
    say(&format!(
        "{what}: {} MB resident, {} bytes per account and card (page cache up to {} bytes of them); start in {} ms, {} records replayed, {} messages in memory",
        resident_bytes / 1_000_000,
        of_all / arguments.accounts.max(1),
        arguments.cache_bytes / arguments.accounts.max(1),
        figure(started, "start_ms")?,
        figure(started, "replayed_records")?,
        figure(started, "messages")?
    ))
}

/// Runs a measurement in a process of its own; what it says.
fn process(arguments: &Arguments, measure: Measure, directory: &Path) -> Result<String, Failure> {
    let name = measure.to_possible_value().ok_or("no such measurement")?;
    let out = Command::new(std::env::current_exe()?)
        .args(["--measure", name.get_name()])
        .arg("--directory")
        .arg(directory)
        .args(["--accounts", &arguments.accounts.to_string()])
        .args(["--holds", &arguments.holds.to_string()])
        .args(["--lag", &arguments.lag.to_string()])
        .args(["--cache-bytes", &arguments.cache_bytes.to_string()])
        .stderr(Stdio::inherit())
        .output()?;
    if out.status.success() {
        Ok(String::from_utf8(out.stdout)?.trim_end().to_owned())
    } else {
        Err(format!("measurement {}: {}", name.get_name(), out.status).into())
    }
}

/// A figure of what a measurement said: `name value` pairs.
fn figure(said: &str, name: &str) -> Result<u64, Failure> {
    let mut words = said.split_ascii_whitespace();
    let found = words.find(|word| *word == name).and_then(|_| words.next());
    Ok(found.ok_or_else(|| format!("no {name}"))?.parse()?)
}

pub(crate) fn say(line: &str) -> Result<(), Failure> {
    writeln!(std::io::stdout(), "{line}")?;
    Ok(())
}
