//! What a network says on a link beside its traffic.
//!
//! Owns: how it is named, counted and told. Must never: carry anything of a card.

use codec::Mti;
use ledger::identifiers::{BusinessDate, RecordId};
use rules::ResponseCode;
use serde_json::{Value, json};

use crate::adapter::reconciliation::Reconciliation;
use crate::key_exchange::KeysRefused;
use crate::session::Purpose;

/// What was said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Told {
    /// A message of ours was not taken.
    Rejected(Rejection),
    /// All links of the network are signed on, or are not any more.
    GroupSignOn(bool),
    /// A new business day has begun.
    CutOver(BusinessDate),
    /// The network begins, or ends, to send the advices that it has kept.
    Advices(bool),
    /// The network had totals compared.
    Totals(Reconciliation),
    /// The network brought keys.
    KeyExchange {
        /// DE70.
        code: &'static str,
        /// Why they were not taken.
        refused: Option<KeysRefused>,
    },
}

/// A message of ours that the network did not take.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rejection {
    /// The type of the message, where it could be read.
    pub mti: Option<Mti>,
    /// Why: the code of the header in hexadecimal, or what the administrative message says.
    pub code: String,
    /// What it was.
    pub of: Rejected,
}

/// What a rejection is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rejected {
    /// A request of our own.
    OwnRequest(Purpose),
    /// An approval: what it moved stands until the network reverses it.
    Approval {
        /// DE39.
        response_code: ResponseCode,
        /// The record of the decision.
        id: Option<RecordId>,
    },
    /// Another response.
    Response {
        /// DE39.
        response_code: ResponseCode,
        /// The record of the decision, where there is one.
        id: Option<RecordId>,
    },
    /// Nothing that this link has sent lately.
    Unmatched,
}

impl Rejected {
    /// Every name that [`as_str`](Self::as_str) gives.
    pub const NAMES: [&'static str; 4] = ["own_request", "approval", "response", "unmatched"];

    /// The name in logs, metrics and events.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        let [own_request, approval, response, unmatched] = Self::NAMES;
        match self {
            Self::OwnRequest(_) => own_request,
            Self::Approval { .. } => approval,
            Self::Response { .. } => response,
            Self::Unmatched => unmatched,
        }
    }

    fn response(self) -> Option<(ResponseCode, Option<RecordId>)> {
        match self {
            Self::Approval { response_code, id } | Self::Response { response_code, id } => {
                Some((response_code, id))
            }
            Self::OwnRequest(_) | Self::Unmatched => None,
        }
    }
}

impl Told {
    /// The type of its event.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Rejected(_) => "message.rejected",
            Self::GroupSignOn(_) => "network.group_sign_on",
            Self::CutOver(_) => "network.cut_over",
            Self::Advices(_) => "network.advices",
            Self::Totals(_) => "network.totals",
            Self::KeyExchange { .. } => "network.key_exchange",
        }
    }

    /// Whether it must be kept before the network hears that it was understood.
    #[must_use]
    pub fn is_kept(&self) -> bool {
        matches!(self, Self::GroupSignOn(_) | Self::CutOver(_))
    }

    /// The data of its event.
    #[must_use]
    pub fn data(&self) -> Value {
        match self {
            Self::Rejected(Rejection { mti, code, of }) => {
                let response = of.response();
                let (response_code, id) = response.unzip();
                let purpose = match of {
                    Rejected::OwnRequest(purpose) => Some(purpose.as_str()),
                    Rejected::Approval { .. } | Rejected::Response { .. } | Rejected::Unmatched => {
                        None
                    }
                };
                json!({
                    "of": of.as_str(),
                    "reject_code": code,
                    "message_type": mti.map(|mti| mti.to_string()),
                    "request": purpose,
                    "response_code": response_code.map(|code| code.as_str().to_owned()),
                    "message_id": id.flatten().map(|id| id.to_string()),
                })
            }
            Self::GroupSignOn(signed_on) => json!({ "signed_on": signed_on }),
            Self::CutOver(date) => json!({ "business_date": date.to_string() }),
            Self::Advices(sent) => json!({ "sent": sent }),
            Self::Totals(reconciliation) => reconciliation.data(),
            Self::KeyExchange { code, refused } => json!({
                "code": code,
                "accepted": refused.is_none(),
                "refused_because": refused.map(|refused| refused.0),
            }),
        }
    }

    /// What an operator is told; `None` for what is as it should be, and for what the session tells.
    #[must_use]
    pub fn complaint(&self) -> Option<String> {
        match self {
            Self::Rejected(rejection) => rejection.complaint(),
            Self::KeyExchange { code, refused } => {
                let refused = refused.as_ref()?;
                Some(format!("key exchange {code}: {refused}"))
            }
            Self::Totals(reconciliation) => reconciliation.complaint(),
            Self::GroupSignOn(_) | Self::CutOver(_) | Self::Advices(_) => None,
        }
    }
}

impl Rejection {
    fn complaint(&self) -> Option<String> {
        let Self { mti, code, of } = self;
        let message = mti.map_or_else(|| "a message".to_owned(), |mti| mti.to_string());
        match of {
            Rejected::OwnRequest(_) => None,
            Rejected::Approval { id, .. } => {
                let id = id.map(|id| id.to_string()).unwrap_or_default();
                Some(format!(
                    "{message}: the network rejected the approval {id} with {code}; it stands until it is reversed"
                ))
            }
            Rejected::Response { response_code, .. } => {
                let answered = response_code.as_str();
                Some(format!(
                    "{message}: the network rejected the response {answered} with {code}"
                ))
            }
            Rejected::Unmatched => Some(format!(
                "{message}: the network rejected with {code} what was not sent here lately"
            )),
        }
    }
}
