//! Torture: a real switch, real clients, and `kill -9`.
//!
//! Owns: starting, killing and restarting the process (`node`), the clients (`link`) and what they
//! heard (`records`), and the audit of the books against it (`audit`). Must never: share decision code
//! with the switch.

mod accounts;
pub mod audit;
mod blow;
pub mod books;
mod campaign;
mod clock;
pub mod events;
mod link;
mod load;
mod log;
mod node;
pub mod records;
pub mod report;
mod traffic;
mod wire;

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context as _;
use clap::Args;
use codec::Dialect;

pub use accounts::{ACCOUNTS, AccountNumber};
use campaign::{Campaign, Plan};
use node::World;
use report::Report;

/// How many findings are printed.
const SHOWN_FINDINGS: usize = 20;

/// What to run.
#[derive(Clone, Debug, Args)]
pub struct Options {
    /// How many times the switch is loaded and killed; some of these kills come twice or more
    #[arg(long, default_value_t = 20)]
    pub cycles: u64,
    /// What chance follows from; the processes themselves do not
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// Links that load the switch
    #[arg(long, default_value_t = 4)]
    pub links: usize,
    /// Requests per second over all links
    #[arg(long, default_value_t = 1500)]
    pub rate: u64,
    /// Configuration directory of the switch
    #[arg(long, default_value = "config")]
    pub config: PathBuf,
    /// The switch; if not given, the one beside this program
    #[arg(long)]
    pub switch: Option<PathBuf>,
    /// Keep the data directory even when nothing was found
    #[arg(long)]
    pub keep: bool,
}

/// What kept a torture from being run: usage or configuration.
#[derive(Debug, thiserror::Error)]
#[error("{0:#}")]
pub struct Unusable(#[from] anyhow::Error);

/// The torture could not be brought to its end: the switch did not start, ended by itself, or said what
/// nobody understands.
#[derive(Debug, thiserror::Error)]
#[error("{failure:#}\nthe data is kept in {}", directory.display())]
pub struct Broken {
    /// What happened.
    pub failure: anyhow::Error,
    /// The data.
    pub directory: PathBuf,
}

/// Why there is no report.
#[derive(Debug, thiserror::Error)]
pub enum TortureError {
    /// Usage or configuration.
    #[error(transparent)]
    Unusable(#[from] Unusable),
    /// A failure of the switch.
    #[error(transparent)]
    Broken(#[from] Broken),
}

/// Runs the torture, prints its progress and counts.
#[must_use]
pub fn command(options: &Options) -> ExitCode {
    let mut print = |line: &str| {
        // Without standard output there is nobody to tell; the exit code still says it.
        writeln!(std::io::stdout().lock(), "{line}").unwrap_or_default();
    };
    match run(options, &mut print) {
        Ok(report) if report.counts.is_good() => ExitCode::SUCCESS,
        Ok(_) | Err(TortureError::Broken(_)) => ExitCode::from(1),
        Err(TortureError::Unusable(_)) => ExitCode::from(2),
    }
}

/// Runs the torture; `print` is given the progress, the counts and everything that was found.
///
/// # Errors
/// [`TortureError`]; it was printed as well.
pub fn run(options: &Options, print: &mut dyn FnMut(&str)) -> Result<Report, TortureError> {
    let ran = attempt(options, print);
    if let Err(error) = &ran {
        print(&format!("{error}\nseed {}", options.seed));
    }
    ran
}

fn attempt(options: &Options, print: &mut dyn FnMut(&str)) -> Result<Report, TortureError> {
    let program = program(options, print).map_err(Unusable)?;
    let dialect = options.config.join("dialects/iso1987-ascii.toml");
    let dialect = Dialect::load(&dialect).map_err(|error| Unusable(error.into()))?;
    let directory = tempfile::Builder::new().prefix("torture-").tempdir();
    let directory = directory.map_err(|error| Unusable(error.into()))?;
    let world = World::new(program, &options.config, directory.path()).map_err(Unusable)?;
    let plan = Plan {
        cycles: options.cycles.max(1),
        seed: options.seed,
        links: options.links.max(1),
        requests_per_second: options.rate.max(1),
    };
    let report = match Campaign::new(plan, world, dialect, print).run() {
        Ok(report) => report,
        Err(failure) => {
            let directory = directory.keep();
            return Err(Broken { failure, directory }.into());
        }
    };
    print(&report.counts.to_string());
    for finding in report.findings.iter().take(SHOWN_FINDINGS) {
        print(finding);
    }
    if options.keep || !report.counts.is_good() {
        let kept = directory.keep();
        print(&format!(
            "seed {}; the data is kept in {}",
            options.seed,
            kept.display()
        ));
    }
    Ok(report)
}

/// The switch to torture. One that is older than this program may not be made of the same sources.
fn program(options: &Options, print: &mut dyn FnMut(&str)) -> anyhow::Result<PathBuf> {
    let own = std::env::current_exe()?;
    let beside = || own.with_file_name("switch");
    let program = std::path::absolute(options.switch.clone().unwrap_or_else(beside))?;
    let changed = |path: &Path| -> anyhow::Result<_> {
        let metadata = path.metadata().with_context(|| path.display().to_string());
        Ok(metadata
            .context("the switch, which this command does not build")?
            .modified()?)
    };
    let older = changed(&program)? < changed(&own)?;
    let note = if older && options.switch.is_none() {
        " (older than this program: if its sources have changed, build it first)"
    } else {
        ""
    };
    print(&format!("switch: {}{note}", program.display()));
    Ok(program)
}
