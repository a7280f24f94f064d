//! A durable outcome is answered once: it is neither copied nor made by default.

fn twice(outcome: ledger::Durable<u32>) -> (ledger::Durable<u32>, ledger::Durable<u32>) {
    (outcome.clone(), outcome)
}

fn main() {
    let _: ledger::Durable<u32> = Default::default();
}
