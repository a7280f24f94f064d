//! The `loadtest` command: reads options, runs, prints, sets the exit code.
//!
//! Owns: the terminal and the exit codes: 0 a good run, 1 a run that is not good or could not take place,
//! 2 usage or a file that cannot be used.

use std::fs::File;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use clap::{Args, Parser, Subcommand};
use codec::Dialect;
use loadtest::mix::Mix;
use loadtest::plan::Plan;
use loadtest::report::{Judgement, Report};
use loadtest::run::{self, Options, Target};

const GOOD: u8 = 0;
const NOT_GOOD: u8 = 1;
const USAGE: u8 = 2;

/// Open-loop load for an ISO 8583 authorization switch.
#[derive(Debug, Parser)]
#[command(name = "loadtest", version)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Send messages at a fixed rate, measure and check the answers
    ///
    /// The rate never follows the answers. Latency runs from the time at which a message was due to its
    /// answer. The warm-up is counted and checked but not part of the percentiles.
    ///
    /// Exit codes: 0 when every message sent was answered in time by an answer of its own and, with --admin,
    /// the books equal the sum of the answers; 1 when not, or when the target cannot be reached; 2 for usage
    /// and files that cannot be used.
    Run(RunOptions),
}

#[derive(Debug, Args)]
struct RunOptions {
    /// The switch to load
    #[arg(long, value_name = "HOST:PORT", required_unless_present = "listen")]
    target: Option<String>,
    /// Wait there for the switch to connect, instead of connecting to it: with as many lines as there are connections
    #[arg(long, value_name = "HOST:PORT", conflicts_with = "target")]
    listen: Option<String>,
    /// Messages per second, over all connections
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=1_000_000))]
    rate: u64,
    /// Measured time, such as 30s, 500ms or 2m
    #[arg(long, value_name = "TIME", default_value = "30s", value_parser = positive_duration)]
    duration: Duration,
    /// Connections the messages are dealt to in turn
    #[arg(long, value_name = "C", default_value_t = 8,
        value_parser = clap::value_parser!(u64).range(1..=10_000))]
    connections: u64,
    /// What to send: default.toml for the generic network, visa.toml, mastercard.toml and elo.toml for the others
    #[arg(long, value_name = "FILE", default_value = "config/load/default.toml")]
    mix: PathBuf,
    /// Write the report as JSON
    #[arg(long, value_name = "OUT")]
    json: Option<PathBuf>,
    /// The same load before the measured time
    #[arg(long, value_name = "TIME", default_value = "3s", value_parser = duration)]
    warm_up: Duration,
    /// How long after it was due a message may be answered
    #[arg(long, value_name = "MS", default_value_t = 5000,
        value_parser = clap::value_parser!(u64).range(1..=60_000))]
    timeout_ms: u64,
    /// HTTP address of the switch: compare the available limit of every account that the run may move,
    /// before and after, with the sum of the answers. Nothing else may move them meanwhile
    #[arg(long, value_name = "HOST:PORT")]
    admin: Option<String>,
    /// Measure during the run how long 4 KiB written to this directory take to be durable
    #[arg(long, value_name = "DIR")]
    disk_probe: Option<PathBuf>,
    /// The dialect spoken on the link [default: that of the mix, else config/dialects/iso1987-ascii.toml]
    #[arg(long, value_name = "FILE")]
    dialect: Option<PathBuf>,
    /// Repeats the drawn kinds, cards, amounts and gaps. Which purchases are reversed and repeated depends
    /// on the answers too
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// Good even when messages stay unanswered or a connection is lost (the rest must hold)
    #[arg(long)]
    allow_timeouts: bool,
    /// Not good when an answer has another DE39 than its kind of message is meant to get
    #[arg(long)]
    strict: bool,
    /// Threads that send and receive
    #[arg(long, value_name = "N", default_value_t = 1,
        value_parser = clap::value_parser!(u64).range(1..=64))]
    workers: u64,
}

/// Why the command ends early: an exit code and what to say.
struct Stop {
    code: u8,
    message: String,
}

fn usage(error: impl ToString) -> Stop {
    Stop {
        code: USAGE,
        message: error.to_string(),
    }
}

fn not_good(error: impl ToString) -> Stop {
    Stop {
        code: NOT_GOOD,
        message: error.to_string(),
    }
}

fn main() -> ExitCode {
    let Cli {
        command: Command::Run(options),
    } = Cli::parse();
    match execute(options) {
        Ok(code) => ExitCode::from(code),
        Err(stop) => {
            // With stderr gone there is nowhere left to say it; the exit code still tells.
            drop(writeln!(io::stderr().lock(), "{}", stop.message));
            ExitCode::from(stop.code)
        }
    }
}

fn execute(options: RunOptions) -> Result<u8, Stop> {
    let mix = Mix::load(&options.mix).map_err(usage)?;
    let dialect = match &options.dialect {
        Some(file) => file.clone(),
        None => mix.dialect_file(&options.mix),
    };
    let dialect = Dialect::load(&dialect).map_err(usage)?;
    // Opened before the run: a report that cannot be kept must not cost a run.
    let json = options.json.as_deref().map(create).transpose()?;
    let judgement = Judgement {
        allow_timeouts: options.allow_timeouts,
        strict: options.strict,
    };
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(usize::try_from(options.workers).unwrap_or(1))
        .enable_all()
        .build()
        .map_err(not_good)?;
    let plan = Plan {
        rate: options.rate,
        connections: options.connections,
        warm_up: options.warm_up,
        duration: options.duration,
        timeout: Duration::from_millis(options.timeout_ms),
        seed: options.seed,
        mix,
    };
    let RunOptions {
        target,
        listen,
        admin,
        disk_probe,
        ..
    } = options;
    let target = match listen {
        Some(address) => Target::Connects(address),
        None => Target::Listens(target.unwrap_or_default()),
    };
    let options = Options {
        target,
        plan,
        dialect,
        admin,
        disk_probe,
    };
    let ran = runtime.block_on(run::run(options));
    let mut report = ran.map_err(|error| match error.is_configuration() {
        true => usage(error),
        false => not_good(error),
    })?;
    report.judge(judgement);
    if let Some(json) = json {
        write_json(&json, &report).map_err(not_good)?;
    }
    write!(io::stdout().lock(), "{report}").map_err(not_good)?;
    Ok(if report.verdict.good { GOOD } else { NOT_GOOD })
}

fn create(path: &Path) -> Result<File, Stop> {
    File::create(path).map_err(|error| usage(format!("{}: {error}", path.display())))
}

fn write_json(mut file: &File, report: &Report) -> io::Result<()> {
    serde_json::to_writer_pretty(io::BufWriter::new(file), report)?;
    writeln!(file)
}

/// A whole number and a unit: ms, s, m or h; seconds without one.
fn duration(text: &str) -> Result<Duration, String> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = text.split_at_checked(digits).unwrap_or_default();
    let milliseconds_each = match unit {
        "ms" => 1,
        "s" | "" => 1000,
        "m" => 60_000,
        "h" => 3_600_000,
        _ => return Err("expected a time such as 30s, 500ms or 2m".to_owned()),
    };
    let number: u64 = number
        .parse()
        .map_err(|_not_a_number| "expected a whole number and a unit".to_owned())?;
    let milliseconds = number
        .checked_mul(milliseconds_each)
        .filter(|ms| *ms <= 7 * 86_400_000);
    milliseconds
        .map(Duration::from_millis)
        .ok_or_else(|| "expected at most 7 days".to_owned())
}

fn positive_duration(text: &str) -> Result<Duration, String> {
    duration(text).and_then(|time| match time.is_zero() {
        true => Err("expected more than 0".to_owned()),
        false => Ok(time),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_have_units() {
        for (text, milliseconds) in [
            ("30s", 30_000),
            ("500ms", 500),
            ("2m", 120_000),
            ("7", 7000),
        ] {
            assert_eq!(duration(text), Ok(Duration::from_millis(milliseconds)));
        }
        for text in [
            "",
            "s",
            "-1s",
            "1d",
            "1.5s",
            "99999999h",
            "18446744073709551615h",
        ] {
            assert!(duration(text).is_err(), "{text}");
        }
        assert!(positive_duration("0s").is_err());
    }

    #[test]
    fn the_command_line_is_consistent() {
        use clap::CommandFactory as _;
        Cli::command().debug_assert();
    }
}
