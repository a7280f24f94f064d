//! What a step puts on the wire. Owns making it from the step and what came before; must never send it.

use codec::Element;
use jiff::Timestamp;

use super::Player;
use crate::compose;
use crate::generate::Fresh;
use crate::reference::{Part, Template};
use crate::rejection::{self, Rejection};
use crate::scenario::{Action, Body};
use crate::transcript::{Sent, Unresolved};

/// What a step puts on the wire.
pub(super) struct Outgoing {
    pub(super) sent: Sent,
    pub(super) bytes: Vec<u8>,
    pub(super) framed: bool,
}

/// Why a step has nothing to put on the wire.
pub(super) enum Unprepared {
    Unresolved(Unresolved),
    Unwritable(String),
}

impl From<Unresolved> for Unprepared {
    fn from(unresolved: Unresolved) -> Self {
        Self::Unresolved(unresolved)
    }
}

impl Player<'_> {
    /// What an action puts on the wire; `None` for one that puts nothing there.
    pub(super) fn prepare(&mut self, action: &Action) -> Result<Option<Outgoing>, Unprepared> {
        let fresh = self.generator.fresh(Timestamp::now());
        match action {
            Action::Send(request) => {
                let sent = compose::compose(request, self.scenario, &self.transcript, &fresh)?;
                let body = compose::encode(self.settings.dialect, request.mti, &sent.fields)
                    .map_err(|error| Unprepared::Unwritable(format!("cannot be sent: {error}")))?;
                Ok(Some(Outgoing {
                    sent,
                    bytes: body.to_vec(),
                    framed: true,
                }))
            }
            Action::Body { content, framed } => {
                let mut sent = Sent::default();
                let bytes = match content {
                    Body::Bytes(bytes) => bytes.clone(),
                    Body::Text(pieces) => {
                        let part = |piece| self.transcript.resolve(piece, &fresh);
                        let text: Result<String, Unresolved> = pieces.iter().map(part).collect();
                        for element in generated(pieces) {
                            if let Some(value) = fresh.get(&element) {
                                sent.fields.0.insert(element, value.clone());
                            }
                        }
                        text?.into_bytes()
                    }
                };
                Ok(Some(Outgoing {
                    sent,
                    bytes,
                    framed: *framed,
                }))
            }
            Action::Reject {
                answer_of,
                rejection,
            } => self.rejection(answer_of, rejection, &fresh).map(Some),
            Action::Wait | Action::Close | Action::Reconnect => Ok(None),
        }
    }

    fn rejection(
        &self,
        answer_of: &str,
        rejection: &Rejection,
        fresh: &Fresh,
    ) -> Result<Outgoing, Unprepared> {
        let dialect = self.settings.dialect;
        let frame = self.transcript.frames.get(answer_of);
        let frame = frame.ok_or_else(|| Unresolved::NoAnswer(answer_of.to_owned()))?;
        let unwritable = |error: String| Unprepared::Unwritable(format!("cannot be sent: {error}"));
        match rejection {
            Rejection::Header(code) => Ok(Outgoing {
                sent: Sent::default(),
                bytes: rejection::given_back(dialect, *code, frame)
                    .map_err(|error| unwritable(error.to_string()))?
                    .to_vec(),
                framed: false,
            }),
            Rejection::Message(code) => {
                let rejected = dialect.decode(frame.body.clone());
                let rejected = rejected.map_err(|error| unwritable(error.to_string()))?;
                let sent = rejection::advice(&rejected, code, fresh);
                let mti = sent
                    .mti
                    .ok_or_else(|| unwritable("no message type".to_owned()))?;
                let body = compose::encode(dialect, mti, &sent.fields)
                    .map_err(|error| unwritable(error.to_string()))?;
                Ok(Outgoing {
                    sent,
                    bytes: body.to_vec(),
                    framed: true,
                })
            }
        }
    }
}

/// The generated elements that a hand-written body uses.
fn generated(pieces: &[Template]) -> impl Iterator<Item = Element> {
    pieces
        .iter()
        .flat_map(Template::parts)
        .filter_map(|part| match part {
            Part::Fresh(element) => Some(*element),
            Part::Literal(_) | Part::Sent { .. } | Part::Answered { .. } => None,
        })
}
