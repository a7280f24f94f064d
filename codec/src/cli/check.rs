//! `iso8583 check`: is a dialect good, and what in it is unconfirmed; with `--dialect`, are messages good.
//!
//! Must never pass a dialect that a running switch would refuse: it loads it in the same way.

use std::path::{Path, PathBuf};

use anyhow::anyhow;
use bytes::Bytes;
use clap::Args;
use codec::check::{Problem, problems, problems_of_undecodable};
use codec::{Dialect, DialectErrorKind, Element};
use serde_json::json;

use super::dialects::Directory;
use super::source::{Place, Source};
use super::{Failure, Output, json, with_name};

#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// The dialect of the messages to check. Without it INPUT is a dialect document (TOML), or its name, and checked.
    #[arg(long, value_name = "FILE|NAME")]
    dialect: Option<PathBuf>,
    #[command(flatten)]
    directory: Directory,
    #[command(flatten)]
    source: Source,
    /// Print one JSON object in a line for each message.
    #[arg(long)]
    json: bool,
}

/// Checks a dialect or messages.
pub(crate) fn run(arguments: &Arguments) -> Result<(), Failure> {
    match (&arguments.dialect, &arguments.source.input.file) {
        (Some(dialect), _) => {
            let dialect = arguments.directory.load(dialect)?;
            check_messages(arguments, &dialect)
        }
        (None, Some(file)) => check_dialect(&arguments.directory.find(file)?),
        (None, None) => Err(anyhow!(
            "expected the dialect to check, or messages and their dialect: iso8583 check FILE, or \
             iso8583 check --dialect NAME --hex HEX"
        )
        .into()),
    }
}

/// Loads a dialect and prints what it is.
fn check_dialect(file: &Path) -> Result<(), Failure> {
    let dialect = Dialect::load(file).map_err(|error| match error.kind {
        // A file that is not there is a wrong command line, not a bad dialect.
        DialectErrorKind::Unreadable(_) => Failure::from(error),
        _ => Failure::Message(error.to_string()),
    })?;
    let elements: Vec<Element> = dialect.elements().collect();
    let mut output = Output::new();
    output.line(&format!(
        "{}: ISO 8583:{}, {} elements, frames of at most {} bytes",
        dialect.name(),
        dialect.version(),
        elements.len(),
        dialect.framing().maximum_frame_bytes,
    ))?;
    output.line(&format!("source: {}", dialect.source()))?;
    let unverified = dialect.unverified();
    output.line(&match unverified.len() {
        0 => "unverified: none".to_owned(),
        1 => "unverified: 1 element".to_owned(),
        count => format!("unverified: {count} elements"),
    })?;
    for element in unverified {
        let name = dialect.element_name(*element).unwrap_or_default();
        output.line(&format!("  {element} {name}"))?;
    }
    let parts: Vec<_> = dialect.unverified_parts().collect();
    if !parts.is_empty() {
        output.line(&format!(
            "unverified inside of elements: {} parts",
            parts.len()
        ))?;
    }
    for (element, path) in parts {
        output.line(&format!("  {element}.{path}"))?;
    }
    output.flush()
}

fn check_messages(arguments: &Arguments, dialect: &Dialect) -> Result<(), Failure> {
    let mut output = Output::new();
    let done = arguments.source.each(dialect, &mut |place, bytes| {
        let found = check(dialect, bytes);
        if arguments.json {
            output.line(&json(&object(dialect, place, &found))?)?;
        } else {
            let prefix = match place {
                Place::Only => String::new(),
                Place::Line(_) | Place::Frame(..) => format!("{place}: "),
            };
            for problem in &found {
                let text = with_name(dialect, problem.element, problem.to_string());
                output.line(&format!("{prefix}{text}"))?;
            }
            if found.is_empty() {
                output.line(&format!("{prefix}good"))?;
            }
        }
        if found.is_empty() {
            Ok(())
        } else {
            Err(Failure::Told)
        }
    });
    output.flush()?;
    done
}

fn check(dialect: &Dialect, bytes: Bytes) -> Vec<Problem> {
    match dialect.decode(bytes) {
        Ok(message) => problems(dialect, &message),
        Err(bad) => problems_of_undecodable(dialect, &bad),
    }
}

fn object(dialect: &Dialect, place: Place, problems: &[Problem]) -> serde_json::Value {
    let problems: Vec<serde_json::Value> = problems
        .iter()
        .map(|problem| {
            json!({
                "element": problem.element.map(Element::number),
                "name": problem.element.and_then(|element| dialect.element_name(element)),
                "offset": problem.offset,
                "problem": problem.text,
            })
        })
        .collect();
    json!({
        "place": place.to_string(),
        "good": problems.is_empty(),
        "problems": problems,
    })
}
