//! Answers that the ledger has no part in.
//!
//! Owns: [`Refusal`]. Must never: be able to approve. A response to what moves money is built from a durable outcome or
//! from a refusal, and from nothing else.

use codec::{Message, MtiClass};
use rules::{Network, Reason, ResponseCode};

/// Why a message is answered without the ledger.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refusal(Kind);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Because(Reason),
    Acknowledgement,
}

impl Refusal {
    /// Refuses for a reason; the network's table gives DE39.
    #[must_use]
    pub fn because(reason: Reason) -> Self {
        Self(Kind::Because(reason))
    }

    /// Acknowledges a message of network management or administration; `None` for any other class, which may move
    /// money.
    #[must_use]
    pub fn acknowledgement(message: &Message) -> Option<Self> {
        let moves_nothing = matches!(
            message.mti().class(),
            MtiClass::NetworkManagement | MtiClass::Administrative
        );
        moves_nothing.then_some(Self(Kind::Acknowledgement))
    }

    /// DE39.
    #[must_use]
    pub fn response_code(self, network: &Network) -> ResponseCode {
        match self.0 {
            Kind::Because(reason) => network.response_code(reason),
            Kind::Acknowledgement => ResponseCode::APPROVED,
        }
    }

    /// The reason, for logs and metrics.
    #[must_use]
    pub fn reason(self) -> Option<Reason> {
        match self.0 {
            Kind::Because(reason) => Some(reason),
            Kind::Acknowledgement => None,
        }
    }
}
