//! The one function that writes an answer belongs to the two above it.

use bytes::BytesMut;
use ledger::authorization::Answer;
use switch::adapter::{Incoming, response};
use switch::networks::NetworkPlan;

fn approve(plan: &NetworkPlan, request: &Incoming, answer: &Answer, out: &mut BytesMut) {
    let _ = response::write(plan, request, answer, (None, &[]), out);
}

fn main() {}
