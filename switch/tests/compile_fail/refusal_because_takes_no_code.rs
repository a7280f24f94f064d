//! There is no reason that approves, so a refusal cannot be asked to.

use switch::refusal::Refusal;

fn main() {
    let _ = Refusal::because(rules::ResponseCode::APPROVED);
}
