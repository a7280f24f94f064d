//! What is wrong in the rule documents: file, line, key, and what would be right.

use std::fmt;
use std::path::Path;

use super::ErrorCode;

/// One error in one document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuleError {
    /// The file, as it can be opened.
    pub file: String,
    /// Line from 1; 1 where the whole file is meant.
    pub line: u32,
    /// The key in its table, such as `configs[0].filters.mcc`; empty where the whole file is meant.
    pub key: String,
    /// What is wrong and what would be right.
    pub reason: String,
    /// The code under which an API client is told, where the API has one.
    pub code: Option<ErrorCode>,
}

impl RuleError {
    /// An error of a whole file.
    pub fn of_file(file: String, reason: String) -> Self {
        Self {
            file,
            line: 1,
            key: String::new(),
            reason,
            code: None,
        }
    }
}

impl fmt::Display for RuleError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: ", self.file, self.line)?;
        if !self.key.is_empty() {
            write!(f, "{}: ", self.key)?;
        }
        f.write_str(&self.reason)
    }
}

/// Every error of every document, by file and line. Shown as one `FILE:LINE: key: reason` per line.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct RuleErrors(pub Vec<RuleError>);

impl fmt::Display for RuleErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, error) in self.0.iter().enumerate() {
            let separator = if index == 0 { "" } else { "\n" };
            write!(f, "{separator}{error}")?;
        }
        Ok(())
    }
}

impl RuleErrors {
    /// The same errors with the files named from outside the directory.
    pub(super) fn under(mut self, directory: &Path) -> Self {
        for error in &mut self.0 {
            error.file = directory.join(&error.file).display().to_string();
        }
        self
    }
}
