//! The one function that writes an answer belongs to the two above it.

use bytes::BytesMut;
use codec::Message;
use ledger::authorization::Answer;
use switch::adapter::response;
use switch::networks::NetworkPlan;

fn approve(plan: &NetworkPlan, request: &Message, answer: &Answer, out: &mut BytesMut) {
    let _ = response::write(plan, request, answer, out);
}

fn main() {}
