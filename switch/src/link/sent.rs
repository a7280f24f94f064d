//! What a link has answered lately.
//!
//! Owns: a bounded window of responses by what names them, so that a rejection finds the one it is of. Must never: hold
//! anything of a card.

use std::collections::VecDeque;

use codec::{Element, Message, Mti, MtiClass, MtiFunction};
use ledger::identifiers::RecordId;
use rules::ResponseCode;

use super::Answered;

/// Responses that are remembered. A rejection comes within a round trip of what it rejects.
const KEPT: usize = 1024;

/// The last responses of a link, the oldest first.
#[derive(Debug, Default)]
pub(super) struct SentResponses(VecDeque<SentResponse>);

/// What a rejection needs to know of a response.
#[derive(Clone, Copy, Debug)]
pub(super) struct SentResponse {
    mti: Mti,
    stan: u32,
    transmission: Option<u64>,
    /// DE39.
    pub(super) response_code: ResponseCode,
    /// The record of the decision.
    pub(super) id: Option<RecordId>,
    /// Whether a hold or a posting stands behind it.
    pub(super) is_approval: bool,
}

impl SentResponses {
    /// The response to this request was sent.
    pub(super) fn add(&mut self, request: &Message, answered: &Answered) {
        let (Some(mti), Some(stan)) = (request.mti().response(), number(request, Element::STAN))
        else {
            return;
        };
        if self.0.len() >= KEPT {
            self.0.pop_front();
        }
        self.0.push_back(SentResponse {
            mti,
            stan,
            transmission: number(request, Element::TRANSMISSION_DATE_TIME),
            response_code: answered.response_code,
            id: answered.id,
            is_approval: answered.id.is_some()
                && answered.reason.is_none()
                && asks_for_money(request.mti()),
        });
    }

    /// Takes out the newest response of this name: a rejection finds it once.
    pub(super) fn take(
        &mut self,
        mti: Mti,
        stan: u32,
        transmission: Option<u64>,
    ) -> Option<SentResponse> {
        let is = |sent: &SentResponse| {
            let same_time = transmission.is_none() || transmission == sent.transmission;
            sent.mti == mti && sent.stan == stan && same_time
        };
        let index = self.0.iter().rposition(is)?;
        self.0.remove(index)
    }
}

/// The number in an element.
pub(super) fn number<N: std::str::FromStr>(message: &Message, element: Element) -> Option<N> {
    message.text(element)?.parse().ok()
}

fn asks_for_money(mti: Mti) -> bool {
    matches!(
        (mti.class(), mti.function()),
        (
            MtiClass::Authorization | MtiClass::Financial,
            MtiFunction::Request
        )
    )
}
