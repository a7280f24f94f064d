//! Nor does the link that asked take a bare outcome.

use bytes::BytesMut;
use ledger::command::Outcome;
use switch::link::WaitingRequest;

fn answer(request: WaitingRequest, outcome: &Outcome, out: &mut BytesMut) {
    let _ = request.answer(outcome, out);
}

fn main() {}
