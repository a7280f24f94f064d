//! Only the writer says which batch an outcome waits for.

use ledger::command::Outcome;
use ledger::writer::Pending;

fn forge(outcomes: Vec<(u32, Outcome)>) -> Pending<u32> {
    Pending { sequence: 0, outcomes }
}

fn main() {}
