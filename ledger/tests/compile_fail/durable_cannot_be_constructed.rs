//! An answer is built from `Durable`, which nobody outside the ledger can make: its field is private.

fn main() {
    let _: ledger::Durable<&str> = ledger::Durable { value: "approved" };
}
