//! A refusal is made from a reason, or for network management: nobody else says what it holds.

use switch::refusal::Refusal;

fn main() {
    let _ = Refusal(rules::ResponseCode::APPROVED);
}
