//! Outcomes leave `Pending` by `release` only: nobody else takes it apart.

use ledger::command::Outcome;
use ledger::writer::Pending;

fn steal(pending: Pending<u32>) -> Vec<(u32, Outcome)> {
    let Pending { outcomes, .. } = pending;
    outcomes
}

fn main() {}
