//! `switch check`: whether a configuration directory is good, without running it.
//!
//! Owns: what is checked and how the result is printed. Must never: put anything in force or write.

use std::path::Path;

use rules::RuleError;
use serde_json::json;

use crate::rulebook;
use crate::settings::Settings;

/// What a check found.
#[derive(Debug)]
pub struct Findings {
    /// What is in the directory, when it is good.
    summary: Option<Summary>,
    errors: Vec<RuleError>,
}

#[derive(Debug)]
struct Summary {
    version: String,
    programs: usize,
    networks: usize,
    processing_codes: usize,
    configurations: usize,
    documents: usize,
}

/// Checks a configuration directory: its settings file, if it has one, then rules, networks, dialects.
#[must_use]
pub fn check(directory: &Path) -> Findings {
    let mut errors = Vec::new();
    let mut listening = Vec::new();
    let settings = directory.join("switch.toml");
    if settings.exists() {
        match Settings::load(&settings, std::iter::empty()) {
            Ok(settings) => {
                listening.extend(
                    settings
                        .listener
                        .into_iter()
                        .map(|listener| listener.network),
                );
            }
            Err(error) => errors.push(plain(error.to_string())),
        }
    }
    let mut summary = None;
    match rulebook::check(directory, &listening) {
        Ok((rules, _)) => {
            summary = Some(Summary {
                version: rules.version().to_string(),
                programs: rules.programs().count(),
                networks: rules.networks().count(),
                processing_codes: rules.processing_codes().count(),
                configurations: rules.configurations().len(),
                documents: rules.documents().len(),
            });
        }
        Err(error) => errors.extend(error.items()),
    }
    Findings {
        summary: summary.filter(|_| errors.is_empty()),
        errors,
    }
}

/// An error whose text names its place already.
fn plain(reason: String) -> RuleError {
    RuleError {
        file: String::new(),
        line: 0,
        key: String::new(),
        reason,
    }
}

impl Findings {
    /// Whether everything is good.
    #[must_use]
    pub fn is_good(&self) -> bool {
        self.errors.is_empty()
    }

    /// The findings for people: a summary, or one `FILE:LINE: key: reason` per line.
    #[must_use]
    pub fn to_text(&self) -> String {
        if let Some(summary) = &self.summary {
            return format!(
                "good: {} documents, {} programs, {} networks, {} processing codes, \
                 {} balance configurations\nversion {}\n",
                summary.documents,
                summary.programs,
                summary.networks,
                summary.processing_codes,
                summary.configurations,
                summary.version,
            );
        }
        let lines = self.errors.iter().map(|error| match error.file.as_str() {
            "" => format!("{}\n", error.reason),
            _ => format!("{error}\n"),
        });
        lines.collect()
    }

    /// The findings for machines.
    #[must_use]
    pub fn to_json(&self) -> serde_json::Value {
        let errors = self.errors.iter().map(|error| {
            json!({ "file": error.file, "line": error.line, "key": error.key, "reason": error.reason })
        });
        json!({
            "good": self.is_good(),
            "version": self.summary.as_ref().map(|summary| &summary.version),
            "errors": errors.collect::<Vec<_>>(),
        })
    }
}
