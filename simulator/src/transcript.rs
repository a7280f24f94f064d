//! What a running scenario remembers: the messages sent, the answers got and the balances saved,
//! by step name. Owns the resolving of references; its `Debug` never shows a value.

use std::collections::BTreeMap;
use std::fmt;

use codec::{Element, Frame, Message, Mti};
use thiserror::Error;

use crate::generate::Fresh;
use crate::reference::{Part, Template};

/// Values of a message by element. `Debug` prints the element numbers only.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Fields(pub BTreeMap<Element, String>);

impl Fields {
    /// All elements and values of a decoded message.
    #[must_use]
    pub fn of(message: &Message) -> Self {
        let value = |element| Some((element, message.text(element)?.to_owned()));
        Self(message.elements().filter_map(value).collect())
    }

    /// The value of an element.
    #[must_use]
    pub fn get(&self, element: Element) -> Option<&str> {
        self.0.get(&element).map(String::as_str)
    }
}

impl fmt::Debug for Fields {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_set().entries(self.0.keys()).finish()
    }
}

/// A message that a step sent (or made and lost on purpose).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sent {
    /// Its message type; `None` for a hand-written body.
    pub mti: Option<Mti>,
    /// Its elements; for a hand-written body the generated values in it.
    pub fields: Fields,
}

/// The memory of one run of one scenario.
#[derive(Clone, Debug, Default)]
pub struct Transcript {
    /// Messages sent, by step name.
    pub sent: BTreeMap<String, Sent>,
    /// Answers got, by step name.
    pub answers: BTreeMap<String, Fields>,
    /// The same as they came.
    pub frames: BTreeMap<String, Frame>,
    /// Balances saved, in minor units.
    pub saved: BTreeMap<String, i64>,
}

/// A reference whose message or element is not there (an earlier step failed).
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Unresolved {
    /// The step has sent nothing, or not this element.
    #[error("step {step:?} has sent no {element}")]
    NotSent {
        /// Name of the step.
        step: String,
        /// The element wanted.
        element: Element,
    },
    /// The step has no answer, or one without this element.
    #[error("step {step:?} has no answer with {element}")]
    NotAnswered {
        /// Name of the step.
        step: String,
        /// The element wanted.
        element: Element,
    },
    /// The answer that is to be rejected has not come.
    #[error("step {0:?} has no answer")]
    NoAnswer(String),
    /// A whole message that is to be repeated or reversed was never made.
    #[error("step {0:?} has sent no message")]
    NoMessage(String),
}

impl Transcript {
    /// The text of a value, its references replaced.
    ///
    /// # Errors
    /// [`Unresolved`] when a referred message or element is missing.
    pub fn resolve(&self, template: &Template, fresh: &Fresh) -> Result<String, Unresolved> {
        template
            .parts()
            .iter()
            .map(|part| self.part(part, fresh))
            .collect()
    }

    fn part<'a>(&'a self, part: &'a Part, fresh: &'a Fresh) -> Result<&'a str, Unresolved> {
        match part {
            Part::Literal(text) => Ok(text),
            Part::Sent { step, element } => self
                .sent
                .get(step)
                .and_then(|sent| sent.fields.get(*element))
                .ok_or_else(|| Unresolved::NotSent {
                    step: step.clone(),
                    element: *element,
                }),
            Part::Answered { step, element } => self
                .answers
                .get(step)
                .and_then(|answer| answer.get(*element))
                .ok_or_else(|| Unresolved::NotAnswered {
                    step: step.clone(),
                    element: *element,
                }),
            // The grammar admits generated elements only, and every message has them all.
            Part::Fresh(element) => Ok(fresh.get(element).map_or("", String::as_str)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_find_their_values() {
        let fields = |value: &str| Fields(BTreeMap::from([(Element::STAN, value.to_owned())]));
        let mut transcript = Transcript::default();
        let sent = Sent {
            mti: None,
            fields: fields("000007"),
        };
        transcript.sent.insert("a".to_owned(), sent);
        transcript.answers.insert("a".to_owned(), fields("000008"));
        let fresh = Fresh::from([(Element::STAN, "000009".to_owned())]);
        let resolve = |text: &str| transcript.resolve(&Template::parse(text).unwrap(), &fresh);

        assert_eq!(
            resolve("x${a.11}${a.answer.11}${new.11}").unwrap(),
            "x000007000008000009"
        );
        assert_eq!(
            resolve("${a.answer.38}").unwrap_err().to_string(),
            "step \"a\" has no answer with DE38"
        );
        assert_eq!(
            resolve("${b.11}").unwrap_err().to_string(),
            "step \"b\" has sent no DE11"
        );
    }

    #[test]
    fn debug_shows_no_value() {
        let canary = BTreeMap::from([(Element::PAN, "4000001200000016".to_owned())]);
        assert_eq!(format!("{:?}", Fields(canary)), "{DE2}");
    }
}
