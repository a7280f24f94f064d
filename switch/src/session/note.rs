//! What became of requests of our own.
//!
//! Owns: how it is counted and how an operator is told. Must never: carry a value of a message.

use codec::Element;

use super::request::Purpose;

/// Something to count and to tell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Note {
    /// A request was answered with 00.
    Answered(Purpose),
    /// A request was answered otherwise.
    Refused {
        /// What it was for.
        purpose: Purpose,
        /// DE39.
        response_code: Option<String>,
    },
    /// A request came back rejected.
    Rejected {
        /// What it was for.
        purpose: Purpose,
        /// Why, as the network says it.
        code: String,
    },
    /// No answer came in time.
    Unanswered(Purpose),
    /// An answer came after its time.
    Late {
        /// What it answers.
        purpose: Purpose,
        /// How late it was.
        late_ms: i64,
    },
    /// An answer belongs to no request.
    Unmatched(Option<Near>),
    /// A request was not sent: too many wait.
    TooMany(Purpose),
}

/// The request that an answer is nearest to, and what keeps them apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Near {
    /// What the request was for.
    pub purpose: Purpose,
    /// The elements of the key that differ.
    pub differs: Vec<Element>,
}

impl Note {
    /// What became of a request, by name.
    #[must_use]
    pub fn result(&self) -> &'static str {
        match self {
            Self::Answered(_) => "answered",
            Self::Refused { .. } => "refused",
            Self::Rejected { .. } => "rejected",
            Self::Unanswered(_) => "unanswered",
            Self::Late { .. } => "late",
            Self::Unmatched(_) => "unmatched",
            Self::TooMany(_) => "not_sent",
        }
    }

    /// What the request was for, where there was one.
    #[must_use]
    pub fn purpose(&self) -> Option<Purpose> {
        match self {
            Self::Answered(purpose)
            | Self::Refused { purpose, .. }
            | Self::Rejected { purpose, .. }
            | Self::Unanswered(purpose)
            | Self::Late { purpose, .. }
            | Self::TooMany(purpose) => Some(*purpose),
            Self::Unmatched(near) => near.as_ref().map(|near| near.purpose),
        }
    }

    /// What an operator is told; `None` for what is as it should be.
    #[must_use]
    pub fn complaint(&self) -> Option<String> {
        Some(match self {
            Self::Answered(_) => return None,
            Self::Refused {
                purpose,
                response_code,
            } => {
                let code = response_code.as_deref().unwrap_or("nothing");
                format!("{}: answered with {code}", purpose.as_str())
            }
            Self::Rejected { purpose, code } => {
                format!("{}: rejected by the network with {code}", purpose.as_str())
            }
            Self::Unanswered(purpose) => format!("{}: no answer came", purpose.as_str()),
            Self::Late { purpose, late_ms } => {
                format!("{}: its answer came {late_ms} ms late", purpose.as_str())
            }
            Self::Unmatched(None) => "an answer came that nothing was asked for".to_owned(),
            Self::Unmatched(Some(Near { purpose, differs })) => {
                let differs: Vec<String> = differs.iter().map(ToString::to_string).collect();
                let differs = differs.join(", ");
                format!(
                    "{}: an answer came, it differs in {differs}",
                    purpose.as_str()
                )
            }
            Self::TooMany(purpose) => {
                format!("{}: not sent, too many wait for answers", purpose.as_str())
            }
        })
    }
}
