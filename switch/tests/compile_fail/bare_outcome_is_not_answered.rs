//! What the ledger decided is answered once it is durable, not before.

use bytes::BytesMut;
use ledger::command::Outcome;
use switch::adapter::{Incoming, response};
use switch::networks::NetworkPlan;

fn answer(plan: &NetworkPlan, request: &Incoming, outcome: &Outcome, out: &mut BytesMut) {
    let _ = response::decided(plan, request, outcome, out);
}

fn main() {}
