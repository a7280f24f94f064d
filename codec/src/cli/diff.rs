//! `iso8583 diff`: in what two messages differ.
//!
//! Must never print a sensitive value: of values that differ where they are masked only that is said.

use std::io::BufReader;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use clap::Args;
use codec::diff::{Difference, Side, diff};
use codec::{Dialect, Framing, Message};
use serde_json::json;
use zeroize::Zeroizing;

use super::dialects::DialectOption;
use super::frames::unframe;
use super::source::{Frames, open, read_at_most};
use super::text::{self, Form};
use super::{Failure, Output, json, shown, table, undecodable};

/// Longest operand, in bytes.
const LONGEST: usize = 1 << 20;

#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// The first message: a file, `-` for standard input, or hexadecimal or base64 text.
    #[arg(value_name = "A")]
    left: String,
    /// The second message.
    #[arg(value_name = "B")]
    right: String,
    #[command(flatten)]
    dialect: DialectOption,
    /// The dialect of the second message, when it is another.
    #[arg(long, value_name = "FILE|NAME")]
    other_dialect: Option<PathBuf>,
    #[command(flatten)]
    frames: Frames,
    /// Show sensitive values in clear; only when standard output is a terminal.
    #[arg(long)]
    reveal: bool,
    /// Print one JSON object in a line for each difference.
    #[arg(long)]
    json: bool,
}

/// Compares two messages; a difference is a failure.
pub(crate) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let shown = shown(arguments.reveal)?;
    let dialect = arguments.dialect.load()?;
    let other = match &arguments.other_dialect {
        Some(named) => Some(arguments.dialect.directory().load(named)?),
        None => None,
    };
    let other = other.as_ref().unwrap_or(&dialect);
    let left_bytes = operand("A", &arguments.left, arguments.frames.of(&dialect))?;
    let right_bytes = operand("B", &arguments.right, arguments.frames.of(other))?;
    let left = decode("A", &dialect, left_bytes.clone())?;
    let right = decode("B", other, right_bytes.clone())?;
    let differences = diff(
        Side {
            dialect: &dialect,
            message: &left,
        },
        Side {
            dialect: other,
            message: &right,
        },
        shown,
    );
    let mut output = Output::new();
    if arguments.json {
        for difference in &differences {
            output.line(&json(&object(difference))?)?;
        }
    } else {
        print(&mut output, &differences)?;
    }
    output.flush()?;
    if !differences.is_empty() {
        return Err(Failure::Told);
    }
    if arguments.other_dialect.is_none() && left_bytes != right_bytes {
        let pairs = left_bytes.iter().zip(&right_bytes);
        let same = pairs.take_while(|(a, b)| a == b).count();
        return Err(Failure::Message(format!(
            "no value differs, but the bytes do from byte {same} on: lengths, pads or bitmaps are written in two ways"
        )));
    }
    Ok(())
}

/// The bytes of one message.
fn operand(side: &str, text: &str, framing: Option<Framing>) -> Result<Bytes, Failure> {
    let named = |failure| match failure {
        Failure::Message(text) => Failure::Message(format!("{side}: {text}")),
        other => other,
    };
    let path = Path::new(text);
    // Pipes are files too.
    let content = if text == "-" || path.exists() && !path.is_dir() {
        let mut reader = BufReader::new(open(path)?);
        read_at_most(&mut reader, LONGEST)?
    } else {
        Some(Zeroizing::new(text.as_bytes().to_vec()))
    };
    let content: Zeroizing<Vec<u8>> = content.ok_or_else(|| {
        named(Failure::Message(format!(
            "expected one message, found more than {LONGEST} bytes"
        )))
    })?;
    let form = text::form(&content, true)
        .map_err(Failure::Message)
        .map_err(named)?;
    let bytes = match form {
        Form::Raw => content,
        Form::Hex | Form::Base64 => text::bytes(form, &content)
            .map_err(Failure::Message)
            .map_err(named)?,
    };
    match framing {
        Some(framing) => unframe(framing, &bytes).map_err(named),
        None => Ok(Bytes::from_owner(bytes)),
    }
}

fn decode(side: &str, dialect: &Dialect, bytes: Bytes) -> Result<Message, Failure> {
    dialect
        .decode(bytes)
        .map_err(|bad| Failure::Message(format!("{side}: {}", undecodable(dialect, &bad))))
}

fn print(output: &mut Output, differences: &[Difference]) -> Result<(), Failure> {
    let value = |value: &Option<Zeroizing<String>>| {
        value
            .as_ref()
            .map_or_else(|| "(absent)".to_owned(), |value| table::plain(value))
    };
    let rows: Vec<Vec<String>> = differences
        .iter()
        .map(|difference| {
            let hidden = difference.left == difference.right;
            vec![
                difference.path.clone(),
                table::plain(&difference.name),
                value(&difference.left),
                value(&difference.right),
                if hidden { "(differ where masked)" } else { "" }.to_owned(),
            ]
        })
        .collect();
    let widths = table::widths(&rows, &[usize::MAX, 44, 40, 40, 0]);
    for row in &rows {
        output.line(table::row(row, &widths).trim_end())?;
    }
    Ok(())
}

fn object(difference: &Difference) -> serde_json::Value {
    let value = |value: &Option<Zeroizing<String>>| value.as_ref().map(|value| value.to_string());
    json!({
        "path": difference.path,
        "name": difference.name,
        "a": value(&difference.left),
        "b": value(&difference.right),
        "differ_where_masked": difference.left == difference.right,
    })
}
