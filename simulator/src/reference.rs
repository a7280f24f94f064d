//! Values of a scenario file that may refer to earlier messages: `"${purchase.11}"`. Owns the
//! grammar of references; must never look into a message itself (the transcript does that).

use std::fmt;

use codec::Element;
use thiserror::Error;

/// One piece of a value. `Debug` shows the length of a literal, never its text: it may be card data.
#[derive(Clone, PartialEq, Eq)]
pub enum Part {
    /// Text as it stands in the file.
    Literal(String),
    /// `${step.N}`: element N of the message that a step sent.
    Sent {
        /// Name of the step.
        step: String,
        /// The element referred to.
        element: Element,
    },
    /// `${step.answer.N}`: element N of the answer that a step got.
    Answered {
        /// Name of the step.
        step: String,
        /// The element referred to.
        element: Element,
    },
    /// `${new.N}`: a freshly generated DE7, DE11, DE12, DE13 or DE37.
    Fresh(Element),
}

impl fmt::Debug for Part {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Literal(text) => write!(formatter, "{} characters", text.len()),
            Self::Sent { step, element } => write!(formatter, "${{{step}.{element}}}"),
            Self::Answered { step, element } => write!(formatter, "${{{step}.answer.{element}}}"),
            Self::Fresh(element) => write!(formatter, "${{new.{element}}}"),
        }
    }
}

/// A value with its references, not yet resolved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template {
    parts: Vec<Part>,
}

/// Why a value's references cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum InvalidReference {
    /// `${` without `}`.
    #[error("a reference opens with ${{ and is not closed with }}")]
    NotClosed,
    /// What stands between the braces is none of the three forms.
    #[error("${{{0}}} is not ${{step.N}}, ${{step.answer.N}} or ${{new.N}} with N from 2 to 192")]
    Form(String),
    /// `${new.N}` for an element that is not generated.
    #[error("${{new.{0}}}: only 7, 11, 12, 13 and 37 are generated")]
    NotGenerated(u8),
}

/// Elements that `${new.N}` can name.
pub const GENERATED: [Element; 5] = [
    Element::TRANSMISSION_DATE_TIME,
    Element::STAN,
    Element::LOCAL_TIME,
    Element::LOCAL_DATE,
    Element::RETRIEVAL_REFERENCE_NUMBER,
];

impl Template {
    /// Reads a value of a scenario file.
    ///
    /// # Errors
    /// [`InvalidReference`] when a `${…}` is not closed or has another form than the three known.
    pub fn parse(text: &str) -> Result<Self, InvalidReference> {
        let mut parts = Vec::new();
        let mut rest = text;
        while let Some((literal, after)) = rest.split_once("${") {
            let (inner, tail) = after.split_once('}').ok_or(InvalidReference::NotClosed)?;
            if !literal.is_empty() {
                parts.push(Part::Literal(literal.to_owned()));
            }
            parts.push(reference(inner)?);
            rest = tail;
        }
        if !rest.is_empty() || parts.is_empty() {
            parts.push(Part::Literal(rest.to_owned()));
        }
        Ok(Self { parts })
    }

    /// A value without references.
    #[must_use]
    pub fn of_literal(text: String) -> Self {
        Self {
            parts: vec![Part::Literal(text)],
        }
    }

    /// The pieces in order.
    #[must_use]
    pub fn parts(&self) -> &[Part] {
        &self.parts
    }

    /// The text when the value has no reference.
    #[must_use]
    pub fn literal(&self) -> Option<&str> {
        match self.parts.as_slice() {
            [Part::Literal(text)] => Some(text),
            _ => None,
        }
    }
}

fn reference(inner: &str) -> Result<Part, InvalidReference> {
    let form = || InvalidReference::Form(inner.to_owned());
    let (path, number) = inner.rsplit_once('.').ok_or_else(form)?;
    let element = number
        .parse()
        .ok()
        .and_then(Element::new)
        .ok_or_else(form)?;
    if path == "new" {
        if !GENERATED.contains(&element) {
            return Err(InvalidReference::NotGenerated(element.number()));
        }
        return Ok(Part::Fresh(element));
    }
    let (step, answered) = match path.strip_suffix(".answer") {
        Some(step) => (step, true),
        None => (path, false),
    };
    if step.is_empty() {
        return Err(form());
    }
    let step = step.to_owned();
    Ok(if answered {
        Part::Answered { step, element }
    } else {
        Part::Sent { step, element }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_three_forms() {
        let template = Template::parse("a${first purchase.11}b${x.answer.38}${new.7}").unwrap();
        let step = |name: &str| name.to_owned();
        assert_eq!(
            template.parts(),
            [
                Part::Literal("a".to_owned()),
                Part::Sent {
                    step: step("first purchase"),
                    element: Element::STAN
                },
                Part::Literal("b".to_owned()),
                Part::Answered {
                    step: step("x"),
                    element: Element::AUTHORIZATION_ID_RESPONSE
                },
                Part::Fresh(Element::TRANSMISSION_DATE_TIME),
            ]
        );
        assert_eq!(template.literal(), None);
        assert_eq!(Template::parse("840").unwrap().literal(), Some("840"));
        assert_eq!(Template::parse("").unwrap().literal(), Some(""));
    }

    #[test]
    fn what_is_refused() {
        assert_eq!(Template::parse("${a.11"), Err(InvalidReference::NotClosed));
        for inner in ["a", "a.1", "a.193", ".11", ".answer.38", "a.x"] {
            let text = format!("${{{inner}}}");
            assert_eq!(
                Template::parse(&text),
                Err(InvalidReference::Form(inner.to_owned()))
            );
        }
        assert_eq!(
            Template::parse("${new.4}"),
            Err(InvalidReference::NotGenerated(4))
        );
    }
}
