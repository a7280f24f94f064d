//! What purging makes of the state.
//!
//! Owns: how far the books are purged. Openings are the books' alone. Must never: bring back what is gone.

use super::State;
use crate::identifiers::{RecordId, Timestamp};

/// How far the books are purged.
#[derive(Debug, Default)]
pub(crate) struct PurgeState {
    /// What was decided before is to go.
    pub(crate) line: Timestamp,
    /// The last record that went.
    pub(crate) through: RecordId,
    /// The last record that made something pending again that was not.
    pub(super) restored: RecordId,
}

impl State {
    pub(crate) fn purge(&self) -> &PurgeState {
        &self.purge
    }

    /// Whether a plan that saw the books up to this batch saw everything that is pending.
    pub(crate) fn is_planned_on_all(&self, seen: u64) -> bool {
        self.purge.restored.sequence <= seen
    }

    pub(super) fn order_purge(&mut self, line: Timestamp) {
        self.purge.line = self.purge.line.max(line);
    }

    pub(super) fn apply_purge(&mut self, through: RecordId) {
        self.purge.through = self.purge.through.max(through);
    }

    /// Takes how far the books are purged from the books.
    pub(crate) fn load_purged(&mut self, line: Timestamp, through: RecordId) {
        (self.purge.line, self.purge.through) = (line, through);
    }
}
