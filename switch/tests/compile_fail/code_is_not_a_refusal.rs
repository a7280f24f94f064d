//! A refusal takes a reason, never a code: an approving one least of all.

use bytes::BytesMut;
use rules::ResponseCode;
use switch::adapter::{Incoming, response};
use switch::networks::NetworkPlan;

fn answer(plan: &NetworkPlan, request: &Incoming, out: &mut BytesMut) {
    let _ = response::refused(plan, request, ResponseCode::APPROVED, out);
}

fn main() {}
