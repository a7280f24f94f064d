//! The `switch` command.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use switch::serve::{self, Configuration};

/// An issuer-side ISO 8583 authorization switch.
#[derive(Debug, Parser)]
#[command(version)]
struct Arguments {
    /// Settings file; rules, networks and dialects are read from its directory.
    #[arg(long, global = true, default_value = "config/switch.toml")]
    config: PathBuf,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the switch (the default).
    Serve,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let Command::Serve = arguments.command.unwrap_or(Command::Serve);
    let configuration = match Configuration::load(&arguments.config) {
        Ok(configuration) => configuration,
        Err(error) => return fail(&error.to_string(), 2),
    };
    match serve::run(configuration) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => fail(&format!("{error:#}"), 1),
    }
}

fn fail(message: &str, code: u8) -> ExitCode {
    use std::io::Write as _;
    // Without standard error there is nobody to tell; the exit code still says it.
    writeln!(std::io::stderr(), "switch: {message}").unwrap_or_default();
    ExitCode::from(code)
}
