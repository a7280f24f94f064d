//! `iso8583 completions`: a script for a shell.

use clap::{Args, CommandFactory as _};
use clap_complete::Shell;

use super::{Failure, Output};

#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// The shell.
    #[arg(value_name = "SHELL")]
    shell: Shell,
}

/// Prints the script.
pub(crate) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let mut script = Vec::new();
    let mut command = crate::Command::command();
    clap_complete::generate(arguments.shell, &mut command, "iso8583", &mut script);
    let mut output = Output::new();
    output.bytes(&script)?;
    output.flush()
}
