//! Taking acknowledgements: the network has our response.
//!
//! Owns: nothing of an authorization changes by it; it is noted, so that operators see which answers
//! never arrived; the books keep the first time. Must never: answer.

use super::Context;
use crate::authorization::{AcknowledgementFacts, ResponseAcknowledged};
use crate::command::Outcome;
use crate::recent::Recent;
use crate::record::Record;

pub(super) fn decide(context: Context<'_>, facts: AcknowledgementFacts) -> (Vec<Record>, Outcome) {
    match context.state.recent(&facts.original.into()) {
        Some(Recent::Message(message)) => {
            let noted = ResponseAcknowledged {
                key: facts.original,
                message: message.id,
            };
            (
                vec![Record::ResponseAcknowledged(noted)],
                Outcome::Acknowledged(true),
            )
        }
        Some(Recent::ReversedBeforeArrival(_)) | None => (Vec::new(), Outcome::Acknowledged(false)),
    }
}
