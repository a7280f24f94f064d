//! The `trials` command: runs a simulation or a torture, prints counts, sets the exit code.

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Tries to break the promise that an acknowledged approval is never lost and never doubled.
///
/// Exit codes: 0 the promise held, 1 it did not, 2 usage or configuration error.
#[derive(Debug, Parser)]
#[command(version)]
struct Arguments {
    #[command(subcommand)]
    trial: Trial,
}

#[derive(Debug, Subcommand)]
enum Trial {
    /// Simulate links, pipeline, ledger, journal, books, emitters and peers, one world per seed
    Simulate(trials::simulation::Options),
    /// Kill a real switch under real load again and again, and audit its books against what was answered
    Torture(trials::torture::Options),
}

fn main() -> ExitCode {
    match Arguments::parse().trial {
        Trial::Simulate(options) => trials::simulation::command(&options),
        Trial::Torture(options) => trials::torture::command(&options),
    }
}
