//! Commands: everything that the ledger can be asked to change.
//!
//! Owns: the commands and what is answered to each. A command carries all that deciding needs beside
//! the state, its deadline included. Must never: carry a message format or a card secret.

use rules::Reason;

use crate::authorization::{Answer, RequestFacts, ReversalFacts};
use crate::books::rows::StoredMessage;
use crate::entities::{Account, Card, Customer};
use crate::identifiers::{RecordId, Timestamp};

/// One request to change the books.
#[derive(Clone, Debug)]
pub enum Command {
    /// Decide an authorization or an inquiry.
    Authorize {
        /// What is asked.
        facts: Box<RequestFacts>,
        /// The message of the same match key as the books hold it, fetched when it may be older than
        /// what the ledger keeps in memory.
        stored: Option<Box<StoredMessage>>,
    },
    /// Undo an authorization.
    Reverse {
        /// What is asked.
        facts: Box<ReversalFacts>,
        /// The message of the reversal's own match key, as the books hold it.
        stored: Option<Box<StoredMessage>>,
        /// The original, as the books hold it.
        stored_original: Option<Box<StoredMessage>>,
    },
    /// Create a customer.
    CreateCustomer(Customer),
    /// Open an account for an existing customer; `pending`, `latest` and `reflects` are set by the ledger.
    OpenAccount(Account),
    /// Issue a card on existing accounts of one group.
    IssueCard(Card),
}

/// What was decided; answered only as [`Durable`](crate::Durable).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// An authorization, inquiry or reversal was decided.
    Decided(Decided),
    /// An entity was created, or existed with the same content.
    Created,
    /// An entity was refused.
    Rejected(EntityError),
}

/// The answer to a network message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Decided {
    /// The record that holds the decision.
    pub id: RecordId,
    /// What to answer.
    pub answer: Answer,
    /// Why it was declined.
    pub reason: Option<Reason>,
    /// Whether the answer is that of an earlier message that this one repeats.
    pub repeat: bool,
}

/// Why an entity was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EntityError {
    /// The identifier names another entity already.
    #[error("the identifier is taken by an entity with other content")]
    Taken,
    /// The owner or holder does not exist.
    #[error("the customer does not exist")]
    UnknownCustomer,
    /// The program does not exist.
    #[error("the program does not exist")]
    UnknownProgram,
    /// An account of the card does not exist.
    #[error("an account of the card does not exist")]
    UnknownAccount,
    /// A combo card would join two account groups.
    #[error("the accounts of the card belong to different groups")]
    AcrossGroups,
    /// The limits break their ordering (reference authorization-api 2.2): total above maximum. An
    /// available limit may be above its total: a refund can leave it so.
    #[error("the limits break their ordering: the total is above the maximum")]
    LimitOrder,
}

/// A command without an outcome: it was never decided, so nothing was recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Undecided {
    /// [`Reason::DeadlinePassed`] or [`Reason::Overloaded`].
    pub reason: Reason,
}

/// A command on its way to the writer, with what the sender needs to answer it.
#[derive(Debug)]
pub struct Submission<T> {
    /// The command.
    pub command: Command,
    /// When it is too late to decide it; `None` for never.
    pub deadline: Option<Timestamp>,
    /// Handed back with the outcome.
    pub ticket: T,
}
