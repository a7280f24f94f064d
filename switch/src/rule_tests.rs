//! `switch check --tests`: running the tests that operators write for their rules.
//!
//! Owns: how their results are printed. What a test is and how it comes out is the business of `rules`.

use std::path::Path;

use rules::{RuleError, Snapshot, TestedTransaction};
use serde_json::{Value, json};

use crate::check::error_json;

/// How the tests of a directory came out.
#[derive(Debug)]
pub struct TestRun {
    /// What cannot be run.
    errors: Vec<RuleError>,
    files: Vec<TestedFile>,
}

#[derive(Debug)]
struct TestedFile {
    file: String,
    transactions: Vec<TestedTransaction>,
}

/// Runs `rule-tests/*.toml` of a directory whose rules are these.
#[must_use]
pub fn run(directory: &Path, rules: &Snapshot) -> TestRun {
    match rules::load_tests(directory, rules) {
        Ok(tests) => TestRun {
            errors: Vec::new(),
            files: tests
                .iter()
                .map(|test| TestedFile {
                    file: test.file().to_owned(),
                    transactions: test.run(rules),
                })
                .collect(),
        },
        Err(errors) => TestRun {
            errors: errors.0,
            files: Vec::new(),
        },
    }
}

impl TestedFile {
    fn failed(&self) -> impl Iterator<Item = &TestedTransaction> {
        self.transactions
            .iter()
            .filter(|tested| !tested.is_as_expected())
    }
}

impl TestRun {
    /// Whether every test could be run and came out as expected.
    #[must_use]
    pub fn is_good(&self) -> bool {
        self.errors.is_empty() && self.failed() == 0
    }

    fn failed(&self) -> usize {
        self.files.iter().map(|file| file.failed().count()).sum()
    }

    fn transactions(&self) -> usize {
        let counts = self.files.iter().map(|file| file.transactions.len());
        counts.sum()
    }

    /// The results for people: errors, then each file with what is not as expected, then the sums.
    #[must_use]
    pub fn to_text(&self) -> String {
        let mut text = String::new();
        for error in &self.errors {
            text.push_str(&format!("{error}\n"));
        }
        for tested in &self.files {
            let failed = tested.failed().count();
            let how = match failed {
                0 => "all as expected".to_owned(),
                failed => format!("{failed} not as expected"),
            };
            let count = tested.transactions.len();
            text.push_str(&format!("{}: {count} transactions, {how}\n", tested.file));
            for TestedTransaction {
                file,
                line,
                name,
                expected,
                got,
            } in tested.failed()
            {
                text.push_str(&format!(
                    "{file}:{line}: {name:?}\n  expected: {expected}\n  got:      {got}\n"
                ));
            }
        }
        let (files, count, failed) = (self.files.len(), self.transactions(), self.failed());
        if self.errors.is_empty() {
            text.push_str(&format!(
                "{files} files of tests, {count} transactions, {failed} not as expected\n"
            ));
        }
        text
    }

    /// The results for machines.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let errors = self.errors.iter().map(error_json);
        let failed = self
            .files
            .iter()
            .flat_map(TestedFile::failed)
            .map(|tested| {
                json!({
                    "file": tested.file,
                    "line": tested.line,
                    "name": tested.name,
                    "expected": tested.expected,
                    "got": tested.got,
                })
            });
        json!({
            "good": self.is_good(),
            "files": self.files.iter().map(|file| &file.file).collect::<Vec<_>>(),
            "transactions": self.transactions(),
            "errors": errors.collect::<Vec<_>>(),
            "failed": failed.collect::<Vec<_>>(),
        })
    }
}
