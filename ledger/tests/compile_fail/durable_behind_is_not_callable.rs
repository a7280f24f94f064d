//! The gate itself belongs to the ledger.

fn main() {
    let _ = ledger::Durable::behind(&ledger::Watermark::at(1), 1, "approved");
}
