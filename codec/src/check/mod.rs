//! Whether a decoded message makes sense: what must be there, dates and amounts, code lists.
//!
//! Owns the rules that hold at every network. Must never carry a value in a problem, nor be asked by the switch: what a
//! network demands is data of that network.

mod mandatory;
mod values;

use std::fmt;

use crate::decode_error::Undecodable;
use crate::dialect::Dialect;
use crate::element::Element;
use crate::message::Message;

/// Something that is not as it should be.
///
/// `Display`: `DE7 at byte 44: expected a date and time MMDDhhmmss, found another`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The element, or `None` for the message as a whole.
    pub element: Option<Element>,
    /// Byte of the message, from 0, where the element begins; `None` for one that is not there.
    pub offset: Option<usize>,
    /// What was expected and what was found.
    pub text: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.element {
            Some(element) => write!(f, "{element}")?,
            None => f.write_str("message")?,
        }
        if let Some(offset) = self.offset {
            write!(f, " at byte {offset}")?;
        }
        write!(f, ": {}", self.text)
    }
}

/// All problems of a decoded message, by place.
pub fn problems(dialect: &Dialect, message: &Message) -> Vec<Problem> {
    let mut problems = values::problems(dialect, message);
    problems.extend(mandatory::problems(dialect, message, None));
    problems
}

/// All problems of a message that could not be decoded: the reason, and those of what is readable. An element that
/// cannot be read is not called missing.
pub fn problems_of_undecodable(dialect: &Dialect, undecodable: &Undecodable) -> Vec<Problem> {
    let error = undecodable.error;
    let display = error.to_string();
    let (place, text) = display.split_once(": ").unwrap_or(("", &display));
    let part = place
        .split_once(" at byte ")
        .map_or(place, |(part, _)| part);
    let mut problems = vec![Problem {
        element: error.element,
        offset: Some(error.offset),
        text: match error.element {
            Some(_) => text.to_owned(),
            None => format!("{part}: {text}"),
        },
    }];
    // Behind an error of structure nothing is known, so that nothing can be called missing.
    if let Some(readable) = &undecodable.readable {
        problems.extend(values::problems(dialect, readable));
        if !error.kind.is_structure() {
            problems.extend(mandatory::problems(dialect, readable, error.element));
        }
    }
    problems
}
