//! Outcomes leave `Pending` by `release` only: nobody else reads them.

use ledger::command::Outcome;
use ledger::writer::Pending;

fn steal(pending: Pending<u32>) -> Vec<(u32, Outcome)> {
    pending.outcomes
}

fn main() {}
