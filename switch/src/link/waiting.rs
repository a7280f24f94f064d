//! A request that waits for the ledger.
//!
//! Owns: until when it is worth an answer, and the response once it is decided or refused; with them the frame, for
//! as long as that takes. Must never: say that something is approved which is not durable.

use std::sync::Arc;

use bytes::BytesMut;
use codec::{Element, MtiClass, MtiFunction};
use ledger::Durable;
use ledger::command::{Decided, Outcome, Undecided};
use ledger::identifiers::{RecordId, Timestamp};
use rules::{Reason, ResponseCode};

use super::{Anomaly, References, Surroundings};
use crate::adapter::{Incoming, response};
use crate::networks::NetworkPlan;
use crate::refusal::Refusal;

/// A request that waits for the ledger. Lives as long as its answer takes, and with it the frame.
#[derive(Debug)]
pub struct WaitingRequest {
    pub(super) incoming: Incoming,
    pub(super) plan: Arc<NetworkPlan>,
    /// When it was received.
    pub received: Timestamp,
}

/// What was answered, for logs and metrics.
#[derive(Clone, Copy, Debug)]
pub struct Answered {
    /// The record that holds the decision.
    pub id: Option<RecordId>,
    /// DE39.
    pub response_code: ResponseCode,
    /// Why it was declined or refused.
    pub reason: Option<Reason>,
    /// Whether it repeats an earlier answer.
    pub repeat: bool,
}

/// What becomes of an approval that is durable after its deadline.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Late {
    /// It is sent all the same.
    Sent,
    /// The network does not want it any more: it stands without an answer until it is reversed.
    Suppressed,
}

impl WaitingRequest {
    pub(super) fn of(incoming: Incoming, around: &Surroundings<'_>) -> Self {
        Self {
            incoming,
            plan: Arc::clone(around.plan),
            received: around.now,
        }
    }

    /// When it is too late to answer.
    #[must_use]
    pub fn deadline(&self) -> Timestamp {
        let deadline_us = i64::from(self.plan.network.deadline_ms).saturating_mul(1000);
        self.received.plus_us(deadline_us)
    }

    /// Whether a decision that became durable at this time is a late approval, and what becomes of it. Everything
    /// else is always sent: a late decline moves nothing, and a late answer to an advice ends its repeats.
    #[must_use]
    pub fn late(&self, decided: &Decided, durable: Timestamp) -> Option<Late> {
        let asked = matches!(
            (
                self.incoming.message.mti().class(),
                self.incoming.message.mti().function()
            ),
            (
                MtiClass::Authorization | MtiClass::Financial,
                MtiFunction::Request
            )
        );
        let in_time = durable <= self.deadline();
        if in_time || !asked || decided.reason.is_some() {
            return None;
        }
        Some(if self.plan.network.send_late_approvals {
            Late::Sent
        } else {
            Late::Suppressed
        })
    }

    /// Appends the response that says what the ledger decided.
    ///
    /// # Errors
    /// [`Anomaly::Unanswerable`] when it cannot be written; `out` is then unchanged.
    pub fn answer(
        &self,
        outcome: &Durable<Outcome>,
        out: &mut BytesMut,
    ) -> Result<Answered, Anomaly> {
        let response_code =
            response::decided(&self.plan, &self.incoming, outcome, out).map_err(|error| {
                Anomaly::Unanswerable(error, References::of(&self.incoming.message))
            })?;
        let decided = outcome.get().decided();
        Ok(Answered {
            id: decided.map(|decided| decided.id),
            response_code,
            reason: decided.and_then(|decided| decided.reason),
            repeat: decided.is_some_and(|decided| decided.repeat),
        })
    }

    /// Appends the response to a request that the ledger did not decide.
    ///
    /// # Errors
    /// [`Anomaly::Unanswerable`] when it cannot be written; `out` is then unchanged.
    pub fn refuse(&self, undecided: Undecided, out: &mut BytesMut) -> Result<Answered, Anomaly> {
        let refusal = Refusal::because(undecided.reason);
        let response_code =
            response::refused(&self.plan, &self.incoming, refusal, out).map_err(|error| {
                Anomaly::Unanswerable(error, References::of(&self.incoming.message))
            })?;
        let reason = Some(undecided.reason);
        Ok(Answered {
            id: None,
            response_code,
            reason,
            repeat: false,
        })
    }

    /// STAN and RRN, for the log.
    #[must_use]
    pub fn references(&self) -> References {
        References::of(&self.incoming.message)
    }

    /// The masked PAN, for the log; `None` when the card came in a track.
    #[must_use]
    pub fn masked_pan(&self) -> Option<codec::MaskedPan> {
        let pan = codec::Pan::parse(self.incoming.message.text(Element::PAN)?).ok()?;
        Some(pan.masked())
    }

    /// Why the network stood in, for the log; `None` unless the network decided itself.
    #[must_use]
    pub fn stand_in_reason(&self) -> Option<String> {
        let message = &self.incoming.message;
        let plan = &self.plan;
        let advice = message.mti().function() == MtiFunction::Advice;
        let reason = || plan.adapter.stand_in_reason(message, &plan.dialect);
        advice.then(reason).flatten()
    }

    /// The name of its network.
    #[must_use]
    pub fn network(&self) -> &str {
        &self.plan.network.name
    }

    /// The message type.
    #[must_use]
    pub fn mti(&self) -> codec::Mti {
        self.incoming.message.mti()
    }
}
