//! `iso8583 detect`: which dialect and framing bytes are of.
//!
//! Must never print a value: why a dialect was refused is places and kinds only.

use bytes::Bytes;
use clap::Args;
use codec::Dialect;
use codec::detect::{Candidate, detect};
use serde_json::json;

use super::dialects::Directory;
use super::source::Input;
use super::{Failure, Output, json, table, tell};

/// A score from which on all messages were decoded.
const DECODED: u32 = 60;

#[derive(Debug, Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    directory: Directory,
    #[command(flatten)]
    input: Input,
    /// List every framing of every dialect, not only the best one.
    #[arg(long)]
    all: bool,
    /// Print one JSON object in a line for each candidate.
    #[arg(long)]
    json: bool,
}

/// Ranks dialects and framings.
pub(crate) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let mut names = Vec::new();
    let mut dialects = Vec::new();
    for file in arguments.directory.files()? {
        match Dialect::load(&file) {
            Ok(dialect) => {
                names.push(
                    file.file_stem()
                        .unwrap_or_default()
                        .to_string_lossy()
                        .into_owned(),
                );
                dialects.push(dialect);
            }
            Err(error) => tell(&format!("passed over: {error}")),
        }
    }
    let (bytes, whole) = arguments.input.beginning()?;
    let mut candidates = detect(&dialects, &bytes, whole);
    if !arguments.all {
        candidates = best_of_each(candidates, dialects.len());
    }
    let mut output = Output::new();
    print(&mut output, arguments, &names, &candidates, &bytes)?;
    output.flush()?;
    match candidates.first() {
        Some(best) if best.score >= DECODED => Ok(()),
        _ => Err(Failure::Message(
            "no dialect decodes these bytes; the list says how far each came".to_owned(),
        )),
    }
}

fn best_of_each(candidates: Vec<Candidate>, dialects: usize) -> Vec<Candidate> {
    let mut seen = vec![false; dialects];
    let first = |candidate: &Candidate| {
        let seen = seen.get_mut(candidate.dialect);
        seen.is_some_and(|seen| !std::mem::replace(seen, true))
    };
    candidates.into_iter().filter(first).collect()
}

fn print(
    output: &mut Output,
    arguments: &Arguments,
    names: &[String],
    candidates: &[Candidate],
    bytes: &Bytes,
) -> Result<(), Failure> {
    let name = |candidate: &Candidate| names.get(candidate.dialect).cloned().unwrap_or_default();
    if arguments.json {
        for candidate in candidates {
            output.line(&json(&json!({
                "score": candidate.score,
                "dialect": name(candidate),
                "framing": candidate.framing,
                "messages": candidate.messages,
                "decoded": candidate.score >= DECODED,
                "against": candidate.against,
            }))?)?;
        }
        return Ok(());
    }
    let titles = ["SCORE", "DIALECT", "FRAMING", "MESSAGES", "AGAINST"];
    let mut rows = vec![titles.map(str::to_owned).to_vec()];
    rows.extend(candidates.iter().map(|candidate| {
        vec![
            candidate.score.to_string(),
            name(candidate),
            candidate.framing.to_owned(),
            candidate.messages.to_string(),
            candidate.against.clone().unwrap_or_default(),
        ]
    }));
    let widths = table::widths(&rows, &[9, 40, 40, 9, 0]);
    for row in &rows {
        output.line(table::row(row, &widths).trim_end())?;
    }
    output.line(&format!("{} bytes looked at", bytes.len()))
}
