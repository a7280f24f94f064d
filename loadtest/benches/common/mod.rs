//! What the benchmarks share: how they begin and end, the load of one part, and how figures look.
//!
//! Owns: the folder that paths are relative to, the runtime, and standard output. Must never: judge a figure.

use std::io::Write as _;
use std::path::Path;
use std::process::ExitCode;

use codec::Dialect;
use loadtest::mix::Mix;
use loadtest::plan::Plan;
use loadtest::run::{Options, Target};
use tokio::runtime::Runtime;

/// Why a benchmark ends early.
pub(crate) type Failure = Box<dyn std::error::Error>;

/// Runs a benchmark to its end. Paths are relative to the root of the repository: cargo starts benchmarks in the
/// folder of their crate.
pub(crate) fn finish(measure: impl FnOnce(&Runtime) -> Result<(), Failure>) -> ExitCode {
    let measured = || {
        std::env::set_current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))?;
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()?;
        measure(&runtime)
    };
    match measured() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // With stderr gone there is nowhere left to say it; the exit code still tells.
            drop(writeln!(std::io::stderr(), "{error}"));
            ExitCode::FAILURE
        }
    }
}

/// A load on a switch that listens, in the dialect of its mix.
pub(crate) fn load(
    target: &str,
    mix_file: &Path,
    plan: impl FnOnce(Mix) -> Plan,
) -> Result<Options, Failure> {
    let mix = Mix::load(mix_file)?;
    let dialect = Dialect::load(&mix.dialect_file(mix_file))?;
    Ok(Options {
        target: Target::Listens(target.to_owned()),
        plan: plan(mix),
        dialect,
        admin: None,
        disk_probe: None,
    })
}

/// Says a line.
pub(crate) fn say(line: &str) -> Result<(), Failure> {
    writeln!(std::io::stdout(), "{line}")?;
    Ok(())
}

/// Microseconds as milliseconds with three decimals; a dash for a figure that there is not.
pub(crate) fn ms(us: Option<u64>) -> String {
    us.map_or_else(none, |us| format!("{}.{:03}", us / 1000, us % 1000))
}

/// In the place of a figure that there is not.
pub(crate) fn none() -> String {
    "-".to_owned()
}

/// How many times the second figure the first one is.
pub(crate) fn ratio(of: Option<u64>, to: Option<u64>) -> String {
    match (of, to) {
        (Some(of), Some(to)) => format!("{:.2}", of as f64 / to.max(1) as f64),
        _ => none(),
    }
}
