//! The seeded simulation: links, pipeline, ledger, journal, books, emitters and peers, one world per seed.
//!
//! The shipped machines run on a simulated network, disk, store and clock. Each seed first draws which
//! faults, message kinds, sizes and timings exist at all (`plan`), then lets them happen in any order
//! (`world`), then stops the faults and expects everything to come to rest (`settle`). What must hold is
//! told by `checkers` alone. A failure names its checker and how to run its seed again.
//!
//! Owns: the command. Must never: share decision code with the switch.

#![allow(
    unreachable_pub,
    missing_debug_implementations,
    clippy::unwrap_used,
    clippy::panic,
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    clippy::cast_sign_loss,
    reason = "a world that panics has failed; its numbers are small; its parts are seen here only"
)]

mod accounts;
mod ageing;
mod checkers;
mod damage;
mod faults;
mod links;
mod marks;
mod network_talk;
mod node;
mod office;
mod peers;
mod plan;
mod rulebook;
mod run;
mod seeds;
mod sessions;
mod settle;
mod traffic;
mod wire;
mod world;

pub use checkers::Checker;
pub use marks::{Mark, Marks};
pub use seeds::{Report, Seeds, journal_hash};

use std::io::{self, Write};
use std::process::ExitCode;

use clap::Args;

/// What to run.
#[derive(Clone, Debug, Args)]
pub struct Options {
    /// How many seeds are run
    #[arg(long, default_value_t = 500)]
    pub seeds: u64,
    /// The first of them
    #[arg(long, default_value_t = 0)]
    pub first: u64,
    /// Runs the world of one seed alone
    #[arg(long, conflicts_with_all = ["seeds", "first"])]
    pub seed: Option<u64>,
    /// Prints the steps of the world
    #[arg(long, requires = "seed")]
    pub trace: bool,
    /// Threads; as many as there are cores if not given
    #[arg(long)]
    pub jobs: Option<usize>,
}

/// Runs the worlds and prints counts. Succeeds when every invariant held in every world.
#[must_use]
pub fn command(options: &Options) -> ExitCode {
    let seeds = match options.seed {
        Some(seed) => Seeds {
            range: seed..seed + 1,
            jobs: 1,
            traced: options.trace,
        },
        None => Seeds {
            range: options.first..options.first + options.seeds,
            jobs: options.jobs.unwrap_or_else(cores),
            traced: false,
        },
    };
    let report = seeds.run(&|done, failed| {
        // Progress is for people: nobody misses it when they have gone.
        drop(writeln!(
            io::stderr().lock(),
            "{done} seeds, {failed} failed"
        ));
    });
    let report = match report {
        Ok(report) => report,
        Err(error) => {
            drop(writeln!(io::stderr().lock(), "error: {error:#}"));
            return ExitCode::from(2);
        }
    };
    // A closed pipe changes nothing about the result.
    drop(report.print(&mut io::stdout().lock()));
    if report.failures.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}
