//! Why no order explains a history, for people.
//!
//! Owns: the longest explained beginning that was found, and what could not follow it. Must never: name a
//! card.

use std::fmt;

use super::{Answer, Limits, Operation};

/// How many of the explained operations are shown.
const SHOWN: usize = 12;

/// No order was found that explains a history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// The longest explained beginning, in order.
    pub explained: Vec<Operation>,
    /// The limits after it.
    pub limits: Limits,
    /// What had to come next.
    pub blocked: Vec<Blocked>,
    /// How many answered operations were left, those in `blocked` included.
    pub left: usize,
    /// Whether the search was given up before every order was tried.
    pub gave_up: bool,
}

/// Something that had to come next and cannot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Blocked {
    /// An operation with another answer than the account would have given, or one after which nothing
    /// else can follow.
    Operation {
        /// The operation.
        operation: Operation,
        /// What the account would have answered.
        expected: Answer,
    },
    /// The limits that were read at the end.
    Closing(Limits),
}

impl std::error::Error for Violation {}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            explained, limits, ..
        } = self;
        let verdict = if self.gave_up {
            "no order was found before the search was given up"
        } else {
            "no order explains the answers"
        };
        writeln!(f, "{verdict}")?;
        let skipped = explained.len().saturating_sub(SHOWN);
        writeln!(
            f,
            "  explained: {} operations; the last of them:",
            explained.len()
        )?;
        for operation in explained.iter().skip(skipped) {
            writeln!(f, "    {}", Line(operation))?;
        }
        writeln!(f, "  then: {}", Shown(limits))?;
        writeln!(f, "  left: {}; one of these had to come next:", self.left)?;
        for blocked in &self.blocked {
            match blocked {
                Blocked::Operation {
                    operation,
                    expected,
                } => writeln!(
                    f,
                    "    {}; the account would answer {expected:?}",
                    Line(operation)
                )?,
                Blocked::Closing(limits) => writeln!(f, "    the books: {}", Shown(limits))?,
            }
        }
        Ok(())
    }
}

struct Shown<'a>(&'a Limits);

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Limits {
            available_minor,
            floor_minor,
            cash_minor,
            ledger_minor,
        } = self.0;
        write!(
            f,
            "available {available_minor} (floor {floor_minor}), cash {cash_minor}, ledger {ledger_minor}"
        )
    }
}

struct Line<'a>(&'a Operation);

impl fmt::Display for Line<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Operation {
            message,
            request,
            called,
            returned,
        } = self.0;
        write!(f, "message {}: {request:?}, called {called}, ", message.0)?;
        match returned {
            Some((at, answer)) => write!(f, "returned {at}: {answer:?}"),
            None => write!(f, "never answered"),
        }
    }
}
