//! The audit that operators run, on the books of a world that has come to rest.
//!
//! Owns: asking for it. Must never: measure anything itself.

use ledger::audit::{Books, Helpers};

use super::super::node::OPTIONS;
use super::{Checker, Evidence, Verdict, Violation};

/// The audit finds nothing: not on the rows, not beside the journal that is still held.
pub fn audit_agrees(evidence: &Evidence<'_>) -> Verdict {
    let books = Books {
        views: evidence.node.view_writer.views(),
        shard: OPTIONS.shard,
        journal: Some(evidence.node.disk().clone()),
        still: true,
    };
    let helpers = Helpers {
        pace: &mut |_| true,
        // Floors are measured elsewhere.
        rules: &mut |_| None,
        witness: &mut |_, _, _| Ok(()),
    };
    let audited = ledger::audit::run(books, helpers);
    let failed =
        |error: ledger::audit::AuditError| Violation::new(Checker::AuditAgrees, error.to_string());
    audited.map(drop).map_err(failed)
}
