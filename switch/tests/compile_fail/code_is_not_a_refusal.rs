//! A refusal takes a reason, never a code: an approving one least of all.

use bytes::BytesMut;
use codec::Message;
use rules::ResponseCode;
use switch::adapter::response;
use switch::networks::NetworkPlan;

fn answer(plan: &NetworkPlan, request: &Message, out: &mut BytesMut) {
    let _ = response::refused(plan, request, ResponseCode::APPROVED, out);
}

fn main() {}
