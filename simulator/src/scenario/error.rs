//! What is wrong with a scenario file, and where. Must never show card data.

use std::fmt;

use thiserror::Error;

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{file}:{line}: {reason}")]
pub struct ScenarioError {
    /// The file as it was named.
    pub file: String,
    /// Line from 1.
    pub line: usize,
    /// What is wrong and what would be right.
    pub reason: String,
}

/// Everything that is wrong with one file; never empty.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub struct ScenarioErrors(pub Vec<ScenarioError>);

impl fmt::Display for ScenarioErrors {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, error) in self.0.iter().enumerate() {
            if at > 0 {
                writeln!(formatter)?;
            }
            write!(formatter, "{error}")?;
        }
        Ok(())
    }
}
