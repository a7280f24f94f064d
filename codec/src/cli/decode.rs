//! `iso8583 decode`: messages in, JSON out, one object in a line.
//!
//! Must never print a sensitive element in clear to anything but a terminal.

use clap::Args;
use codec::describe::Description;

use super::dialects::DialectOption;
use super::source::Source;
use super::{Failure, Output, json, shown, undecodable};

#[derive(Debug, Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    dialect: DialectOption,
    #[command(flatten)]
    source: Source,
    /// Show sensitive elements in clear; only when standard output is a terminal.
    #[arg(long)]
    reveal: bool,
    /// JSON is what `decode` prints anyway.
    #[arg(long)]
    json: bool,
}

/// Decodes messages and prints them.
pub(crate) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let shown = shown(arguments.reveal)?;
    let dialect = arguments.dialect.load()?;
    let mut output = Output::new();
    let done = arguments.source.each(&dialect, &mut |_place, bytes| {
        let message = dialect.decode(bytes);
        let message = message.map_err(|bad| Failure::Message(undecodable(&dialect, &bad)))?;
        output.line(&json(&Description::new(&dialect, &message, shown))?)
    });
    output.flush()?;
    done
}
