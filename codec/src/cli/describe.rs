//! `iso8583 describe`: messages in, tables out.
//!
//! Must never print a sensitive value in clear to anything but a terminal.

use clap::Args;
use codec::describe::Description;

use super::dialects::DialectOption;
use super::source::{Place, Source};
use super::{Failure, Output, json, shown, table, undecodable};

#[derive(Debug, Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    dialect: DialectOption,
    #[command(flatten)]
    source: Source,
    /// Show sensitive values in clear; only when standard output is a terminal.
    #[arg(long)]
    reveal: bool,
    /// Print JSON like `decode`, one object in a line.
    #[arg(long)]
    json: bool,
}

/// Describes messages.
pub(crate) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let shown = shown(arguments.reveal)?;
    let dialect = arguments.dialect.load()?;
    let mut output = Output::new();
    let done = arguments.source.each(&dialect, &mut |place, bytes| {
        let decoded = dialect.decode(bytes);
        let (message, bad) = match decoded {
            Ok(message) => (Some(message), None),
            Err(bad) => {
                let text = undecodable(&dialect, &bad);
                // A script must not take what is readable for the message.
                let readable = bad.readable.filter(|_| !arguments.json);
                (readable, Some(Failure::Message(text)))
            }
        };
        if let Some(message) = message {
            let description = Description::new(&dialect, &message, shown);
            if arguments.json {
                output.line(&json(&description)?)?;
            } else {
                if place != Place::Only {
                    output.line(&format!("# {place}"))?;
                }
                table::print(&mut output, &description)?;
            }
        }
        // What is wrong stands below what was readable.
        output.flush()?;
        bad.map_or(Ok(()), Err)
    });
    output.flush()?;
    done
}
