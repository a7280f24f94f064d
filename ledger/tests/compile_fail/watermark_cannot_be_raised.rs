//! Only a journal that has synced may raise the watermark.

fn main() {
    ledger::Watermark::at(0).raise(1);
}
