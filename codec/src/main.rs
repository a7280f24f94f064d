//! The `iso8583` command.
//!
//! Owns its options, its exit codes and what it prints. Must never show a card secret in clear unless a person at a
//! terminal asked for it. Exit codes: 0 good, 1 what was looked at is not good (a message, a dialect to check, two
//! messages that differ), 2 usage or configuration error.

mod cli;

use std::io::Write as _;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use cli::Failure;

/// Reads, writes and explains ISO 8583 messages by a dialect.
#[derive(Debug, Parser)]
#[command(name = "iso8583", version)]
struct Command {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Print messages as JSON, sensitive values masked.
    Decode(cli::decode::Arguments),
    /// Read the JSON that `decode` prints and print the messages in hexadecimal.
    Encode(cli::encode::Arguments),
    /// Print messages as tables: names, values, what codes mean, what is inside of elements.
    Describe(cli::describe::Arguments),
    /// Print in what two messages differ.
    Diff(cli::diff::Arguments),
    /// Check a dialect, or with --dialect messages: what must be there, dates, codes.
    Check(cli::check::Arguments),
    /// Find out which dialect and framing bytes are of.
    Detect(cli::detect::Arguments),
    /// Make a dialect from a specification of jPOS or moov.
    Import(cli::import::Arguments),
    /// Show the dialects that there are.
    Dialects(cli::dialects::Arguments),
    /// Print the messages in a capture of network traffic (pcap, pcapng).
    Pcap(cli::pcap::Arguments),
    /// Print a script that completes this command in a shell.
    Completions(cli::completions::Arguments),
}

fn main() -> ExitCode {
    let done = match Command::parse().action {
        Action::Decode(arguments) => cli::decode::run(&arguments),
        Action::Encode(arguments) => cli::encode::run(&arguments),
        Action::Describe(arguments) => cli::describe::run(&arguments),
        Action::Diff(arguments) => cli::diff::run(&arguments),
        Action::Check(arguments) => cli::check::run(&arguments),
        Action::Detect(arguments) => cli::detect::run(&arguments),
        Action::Import(arguments) => cli::import::run(&arguments),
        Action::Dialects(arguments) => cli::dialects::run(&arguments),
        Action::Pcap(arguments) => cli::pcap::run(&arguments),
        Action::Completions(arguments) => cli::completions::run(&arguments),
    };
    let (text, code) = match done {
        // A reader that has seen enough is no failure.
        Ok(()) | Err(Failure::OutputClosed) => return ExitCode::SUCCESS,
        Err(Failure::Told) => return ExitCode::from(1),
        Err(Failure::Message(text)) => (text, 1),
        Err(Failure::Usage(error)) => (format!("{error:#}"), 2),
    };
    // Nothing is left to tell it to when standard error is closed: the exit code says it.
    drop(writeln!(std::io::stderr().lock(), "iso8583: {text}"));
    ExitCode::from(code)
}
