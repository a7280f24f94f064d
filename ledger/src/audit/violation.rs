//! What must hold, and what is said of it when it does not.
//!
//! Owns: the names of the rules, and why an audit did not come to a good end. Must never: check anything.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::books::StoreError;
use crate::identifiers::RecordId;
use crate::journal::cursor::CursorError;
use crate::record::Unreadable;

/// What must hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Rule {
    /// The records of an account follow one another without a gap.
    Chain,
    /// Limits are what they were opened with plus the deltas of the account's records, and what is pending
    /// is the sum of what its records made pending.
    Sums,
    /// A record moves exactly what its decision says, and a decline nothing.
    Moves,
    /// An authorization goes from one status to the next as its records say; a hold is resolved once.
    Lives,
    /// No approval of the switch's own takes a limit below its floor where floors count.
    Floors,
    /// One message has one effect: its key leads to it.
    Keys,
    /// What is posted is what was decided, once each.
    Postings,
    /// What is posted on an account is what its records clear, authorization by authorization.
    Cleared,
    /// What is posted in a currency has its counter entries, and what was sent was received, came back or is on its
    /// way.
    DoubleEntry,
    /// What left one account for another reached it once, came back, or is on its way.
    Transfers,
    /// A card or account has the status that its last change gave it.
    Statuses,
    /// What a limit has counted is the sum of what its records count.
    Counts,
    /// The books hold what the journal holds.
    Journal,
    /// Every record that must be told has its event, and every event its record.
    Events,
}

impl Rule {
    /// The name, as answers write it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Chain => "chain",
            Self::Sums => "sums",
            Self::Moves => "moves",
            Self::Lives => "lives",
            Self::Floors => "floors",
            Self::Keys => "keys",
            Self::Postings => "postings",
            Self::Cleared => "cleared",
            Self::DoubleEntry => "double_entry",
            Self::Transfers => "transfers",
            Self::Statuses => "statuses",
            Self::Counts => "counts",
            Self::Journal => "journal",
            Self::Events => "events",
        }
    }
}

/// Something that is not as it must be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Violation {
    /// What is broken.
    pub rule: Rule,
    /// What was found and what should have been.
    pub finding: String,
    /// The records that show it.
    pub records: Vec<RecordId>,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.rule.as_str(), self.finding)
    }
}

/// Why an audit did not come to a good end.
#[derive(Debug, thiserror::Error)]
pub enum AuditError {
    /// Something is not as it must be.
    #[error("{0}")]
    Violation(Box<Violation>),
    /// The books cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The journal cannot be read.
    #[error("journal: {0}")]
    Journal(#[from] CursorError),
    /// A record cannot be read.
    #[error(transparent)]
    Record(#[from] Unreadable),
    /// Whoever asked does not want to know any more.
    #[error("the audit was given up")]
    GivenUp,
}

impl AuditError {
    pub(crate) fn violation(
        rule: Rule,
        finding: impl Into<String>,
        records: impl IntoIterator<Item = RecordId>,
    ) -> Self {
        Self::Violation(Box::new(Violation {
            rule,
            finding: finding.into(),
            records: records.into_iter().collect(),
        }))
    }
}
