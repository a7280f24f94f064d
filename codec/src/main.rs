//! The `iso8583` command.
//!
//! Owns its options, its exit codes and what it prints. Must never show a card secret in clear unless a person at a
//! terminal asked for it. Exit codes: 0 good, 1 the message, or the dialect
//! to check, is not good, 2 usage or configuration error.

mod cli;

use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};

use cli::Failure;

/// Decodes and encodes ISO 8583 messages by a dialect, and checks dialects.
#[derive(Debug, Parser)]
#[command(name = "iso8583", version)]
struct Command {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Read one message in hexadecimal and print it as JSON, sensitive elements masked.
    Decode(DecodeArguments),
    /// Read the JSON that `decode` prints from standard input and print the message in hexadecimal.
    Encode(EncodeArguments),
    /// Load a dialect and print what it is, and which of its elements are unverified.
    Check(CheckArguments),
}

#[derive(Debug, Args)]
struct DecodeArguments {
    /// The dialect document (TOML).
    #[arg(long, value_name = "FILE")]
    dialect: PathBuf,
    /// The message; read from standard input when not given. Other users of the machine may see it in the list of
    /// processes: prefer standard input for real cards.
    #[arg(long, value_name = "HEX")]
    hex: Option<String>,
    /// The message begins with the dialect's length and header, and ends with its trailer. Byte positions in errors do
    /// not count them.
    #[arg(long)]
    framed: bool,
    /// Show sensitive elements in clear; only when standard output is a terminal.
    #[arg(long)]
    reveal: bool,
}

#[derive(Debug, Args)]
struct CheckArguments {
    /// The dialect document (TOML).
    #[arg(value_name = "FILE")]
    dialect: PathBuf,
}

#[derive(Debug, Args)]
struct EncodeArguments {
    /// The dialect document (TOML).
    #[arg(long, value_name = "FILE")]
    dialect: PathBuf,
    /// Print the dialect's length and header in front, and its trailer behind.
    #[arg(long)]
    framed: bool,
}

fn main() -> ExitCode {
    let done = match Command::parse().action {
        Action::Decode(arguments) => cli::decode::run(arguments),
        Action::Encode(arguments) => cli::encode::run(&arguments),
        Action::Check(arguments) => cli::check::run(&arguments.dialect),
    };
    let (text, code) = match done {
        Ok(()) => return ExitCode::SUCCESS,
        Err(Failure::Message(text)) => (text, 1),
        Err(Failure::Usage(error)) => (format!("{error:#}"), 2),
    };
    // Nothing is left to tell it to when standard error is closed: the exit code says it.
    drop(writeln!(std::io::stderr().lock(), "iso8583: {text}"));
    ExitCode::from(code)
}
