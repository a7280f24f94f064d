//! What a switch does beyond its capacity: goodput, refusals, a neighbour's p99, and how soon it is itself again.
//!
//! Against a running switch, in one run: a usual load; then more and more until the share that is decided in time falls,
//! which is its capacity; then `--factor` times that; then the usual load again. Another link, of another network
//! if so asked, keeps to a load of its own during every part. Goodput counts answers in time that are decisions: not
//! those with the code for overload. Not a test: it prints figures and ratios.
//!
//! The neighbour is sent by a process of its own (`neighbour.rs`), and its lag says how late that process was itself: a
//! p99 well above it is the switch's.
//!
//! Load generator and switch need cores of their own, else the flood takes the processor from what it floods:
//! `taskset -c 1 cargo bench -p loadtest --bench overload -- --target 127.0.0.1:8583 --neighbour 127.0.0.1:8586
//! --neighbour-mix config/load/elo.toml --pid $(pgrep -x switch)` with the switch on core 0. Where there is a third,
//! `--neighbour-processors 2` keeps the neighbour from waiting for the flood.

#[path = "../common/mod.rs"]
mod common;
mod neighbour;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use loadtest::plan::Plan;
use loadtest::report::Report;
use loadtest::run;
use tokio::runtime::Runtime;

use common::{Failure, ms, none, ratio, say};
use neighbour::{Load, Measured, Neighbour};

/// Goodput beyond capacity.
#[derive(Debug, Parser)]
struct Arguments {
    /// The link to flood.
    #[arg(long)]
    target: String,
    /// What to send on it.
    #[arg(long, default_value = "config/load/default.toml")]
    mix: PathBuf,
    /// The link that keeps to its load.
    #[arg(long)]
    neighbour: Option<String>,
    /// What to send on that one.
    #[arg(long, default_value = "config/load/default.toml")]
    neighbour_mix: PathBuf,
    /// The processors that the neighbour may use, such as 2 or 2,3 [default: those of the flood]
    #[arg(long)]
    neighbour_processors: Option<String>,
    /// The switch's process, whose memory is read.
    #[arg(long)]
    pid: Option<u32>,
    /// Usual messages per second, of the link and of its neighbour.
    #[arg(long, default_value_t = 500)]
    rate: u64,
    /// Messages per second that are known to be the capacity; found out if not said.
    #[arg(long)]
    capacity: Option<u64>,
    /// How many times the capacity is offered.
    #[arg(long, default_value_t = 3)]
    factor: u64,
    /// Seconds of each part.
    #[arg(long, default_value_t = 10)]
    seconds: u64,
    /// Connections of the flood.
    #[arg(long, default_value_t = 4)]
    connections: u64,
    /// How long an answer may take.
    #[arg(long, default_value_t = 2000)]
    timeout_ms: u64,
    /// DE39 of what was refused for overload.
    #[arg(long, default_value = "91")]
    refused: String,
    /// Given by `cargo bench`.
    #[arg(long, hide = true)]
    bench: bool,
}

impl Arguments {
    /// What the neighbour sends, if there is one.
    fn beside(&self) -> Option<Load<'_>> {
        Some(Load {
            target: self.neighbour.as_deref()?,
            mix: &self.neighbour_mix,
            rate: self.rate,
            seconds: self.seconds,
            connections: self.connections,
            timeout_ms: self.timeout_ms,
            processors: self.neighbour_processors.as_deref(),
        })
    }
}

/// Share of what is offered that a switch below its capacity decides in time.
const BELOW_CAPACITY: f64 = 0.98;

/// The most that is tried, messages per second.
const MOST: u64 = 500_000;

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    common::finish(|runtime| measure(&arguments, runtime))
}

fn measure(arguments: &Arguments, runtime: &Runtime) -> Result<(), Failure> {
    let part = |name: &str, rate: u64| -> Result<Part, Failure> {
        let part = runtime.block_on(Part::run(arguments, rate))?;
        say(&part.line(arguments, name))?;
        Ok(part)
    };
    say(
        "part          offered/s  decided/s  refused/s   unanswered   p99 ms   refusals p99 ms   neighbour p99 ms   its lag p99 ms   memory MB",
    )?;
    let usual = part("usual", arguments.rate)?;
    let capacity = match arguments.capacity {
        Some(capacity) => capacity as f64,
        None => capacity(arguments, |rate| part("more", rate))?,
    };
    let beyond = part("beyond", times(capacity, arguments.factor))?;
    let after = part("after", arguments.rate)?;
    say(&format!(
        "capacity {capacity:.0}/s; at {} times as much: goodput {:.2} of capacity, neighbour's p99 {} of the usual",
        arguments.factor,
        beyond.decided / capacity,
        ratio(beyond.neighbour_p99_us(), usual.neighbour_p99_us()),
    ))?;
    say(&match after.usual_from(&usual) {
        Some(second) => format!("p99 is as usual from second {second} after it"),
        None => format!(
            "p99 is not as usual within {} s after it",
            arguments.seconds
        ),
    })
}

/// Offers more and more until not everything is decided in time: the most that was.
fn capacity(
    arguments: &Arguments,
    part: impl Fn(u64) -> Result<Part, Failure>,
) -> Result<f64, Failure> {
    let (mut most, mut rate) = (0.0_f64, arguments.rate * 2);
    while rate <= MOST {
        let tried = part(rate)?;
        most = most.max(tried.decided);
        if tried.decided < rate as f64 * BELOW_CAPACITY {
            break;
        }
        rate += rate / 2;
    }
    Ok(most)
}

/// One part of the run.
struct Part {
    flood: Report,
    neighbour: Option<Measured>,
    /// Decisions in time per second, until the last of them.
    decided: f64,
    /// Refusals likewise.
    refused: f64,
    /// Memory of the switch at its end, resident.
    memory_bytes: Option<u64>,
}

impl Part {
    async fn run(arguments: &Arguments, rate: u64) -> Result<Self, Failure> {
        let flood = common::load(&arguments.target, &arguments.mix, |mix| Plan {
            rate,
            connections: arguments.connections,
            warm_up: Duration::ZERO,
            duration: Duration::from_secs(arguments.seconds),
            timeout: Duration::from_millis(arguments.timeout_ms),
            seed: rate,
            mix,
        })?;
        let neighbour = arguments.beside().as_ref().map(Neighbour::start);
        let neighbour = neighbour.transpose()?;
        let flood = run::run(flood).await?;
        let neighbour = neighbour.map(Neighbour::finish).transpose()?;
        let refused = flood.response_codes.get(&arguments.refused);
        let refused = refused.copied().unwrap_or(0);
        // What is achieved counts until the last answer.
        let share = |count: u64| count as f64 / flood.answered.max(1) as f64;
        Ok(Self {
            decided: share(flood.answered - refused) * flood.achieved_rate,
            refused: share(refused) * flood.achieved_rate,
            neighbour,
            memory_bytes: arguments.pid.map(resident_bytes).transpose()?,
            flood,
        })
    }

    fn neighbour_p99_us(&self) -> Option<u64> {
        Some(self.neighbour.as_ref()?.latency_us.p99)
    }

    /// The second from which on no p99 is above the worst of a usual part.
    fn usual_from(&self, usual: &Self) -> Option<usize> {
        let p99s = |part: &Self| -> Vec<u64> {
            let seconds = part.flood.per_second.iter();
            seconds.map(|second| second.latency_us.p99).collect()
        };
        let worst = p99s(usual).into_iter().max()?;
        let after = p99s(self);
        let above = after.iter().rposition(|p99| *p99 > worst);
        let from = above.map_or(0, |second| second + 1);
        (from < after.len()).then_some(from)
    }

    fn line(&self, arguments: &Arguments, name: &str) -> String {
        let code = &arguments.refused;
        let refusals = self.flood.latency_by_response_code_us.get(code);
        format!(
            "{name:<12} {:>10.0} {:>10.0} {:>10.0} {:>12} {:>8} {:>17} {:>18} {:>16} {:>11}",
            self.flood.offered_rate,
            self.decided,
            self.refused,
            self.flood.timed_out + self.flood.unsent,
            ms(Some(self.flood.latency_us.p99)),
            ms(refusals.map(|latency| latency.p99)),
            ms(self.neighbour_p99_us()),
            ms(self
                .neighbour
                .as_ref()
                .map(|neighbour| neighbour.send_lag_us.p99)),
            self.memory_bytes
                .map_or_else(none, |bytes| (bytes / 1_000_000).to_string()),
        )
    }
}

/// A rate so many times, in whole messages per second.
fn times(rate: f64, factor: u64) -> u64 {
    let whole = Duration::try_from_secs_f64(rate).unwrap_or_default();
    whole.as_secs() * factor
}

/// Memory of a process that is resident.
fn resident_bytes(pid: u32) -> Result<u64, Failure> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kibibytes = line.and_then(|line| line.split_ascii_whitespace().next());
    Ok(kibibytes.ok_or("no VmRSS")?.parse::<u64>()? * 1024)
}
