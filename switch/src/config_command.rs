//! `switch config`: which rules were in force when, and what they said.
//!
//! Owns: the question and how the answer is printed. Reads the archive alone, so it works while the switch
//! runs and while it does not. Must never: write.

use std::path::Path;

use ledger::identifiers::Timestamp;
use rules::RulesVersion;
use serde_json::json;

use crate::rule_history::{self, HistoryError};

/// Which rules are asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Which {
    /// Those whose version begins like this.
    Version(String),
    /// Those that were in force then.
    At(Timestamp),
    /// Those that came into force last.
    Newest,
}

/// Every activation, oldest first.
///
/// # Errors
/// [`HistoryError`] when the archive cannot be read.
pub fn history(archive: &Path, json: bool) -> Result<String, HistoryError> {
    let activations = rule_history::activations(archive)?;
    if json {
        let entries = activations.iter().map(
            |entry| json!({ "time": entry.time.to_string(), "version": entry.version.to_string() }),
        );
        return Ok(format!("{}\n", entries.collect::<serde_json::Value>()));
    }
    let lines = activations.iter();
    let lines = lines.map(|entry| format!("{}  {}\n", entry.time, entry.version));
    Ok(lines.collect())
}

/// The documents of one version.
///
/// # Errors
/// [`HistoryError`] when there is no such version, or its documents are not what was stored.
pub fn show(archive: &Path, which: &Which, json: bool) -> Result<String, HistoryError> {
    let version = version(archive, which)?;
    let documents = rule_history::documents(archive, version)?;
    if json {
        let documents = documents
            .iter()
            .map(|document| json!({ "path": document.path, "content": document.content }));
        let documents: serde_json::Value = documents.collect();
        let answer = json!({ "version": version.to_string(), "documents": documents });
        return Ok(format!("{answer}\n"));
    }
    let mut text = format!("version {version}\n");
    for document in documents {
        text.push_str(&format!("\n# ---- {}\n{}", document.path, document.content));
    }
    Ok(text)
}

fn version(archive: &Path, which: &Which) -> Result<RulesVersion, HistoryError> {
    match which {
        Which::Version(start) => rule_history::find(archive, start),
        Which::At(time) => Ok(rule_history::in_force_at(archive, *time)?.version),
        Which::Newest => Ok(rule_history::in_force_at(archive, Timestamp(i64::MAX))?.version),
    }
}
