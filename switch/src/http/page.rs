//! Pages of lists.
//!
//! Owns: how a page is asked for, and how large it may be. Must never: read rows.

use ledger::identifiers::RecordId;
use serde::Deserialize;

/// Most entries of a page.
const MAXIMUM_LIMIT: usize = 1000;

/// Entries of a page when nothing is said.
pub(crate) fn default_limit() -> usize {
    100
}

/// A page of a list whose oldest entry comes first.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PageAfter {
    /// Only those after this record.
    after: Option<String>,
    /// At most so many, up to 1000.
    #[serde(default = "default_limit")]
    limit: usize,
}

impl PageAfter {
    /// The record before the page, and the most entries of it.
    ///
    /// # Errors
    /// What is wrong, for whoever asked.
    pub(crate) fn asked(self) -> Result<(Option<RecordId>, usize), String> {
        asked("after", self.after, self.limit)
    }
}

/// The record that a page begins beside, given as this parameter, and the most entries of it.
///
/// # Errors
/// What is wrong, for whoever asked.
pub(crate) fn asked(
    parameter: &str,
    beside: Option<String>,
    limit: usize,
) -> Result<(Option<RecordId>, usize), String> {
    let beside = beside.map(|beside| beside.parse::<RecordId>()).transpose();
    let beside = beside.map_err(|error| format!("parameter {parameter}: {error}"))?;
    if !(1..=MAXIMUM_LIMIT).contains(&limit) {
        return Err(format!("parameter limit: expected 1 to {MAXIMUM_LIMIT}"));
    }
    Ok((beside, limit))
}
