//! Histories: what was asked and what was answered, per account, and whether one order explains it.
//!
//! Owns: the record of calls and returns of one account ([`History`]), a naive account that answers one
//! request at a time ([`Account`]), and the search for an order of the operations in which that account
//! would have answered alike ([`check`]): linearizability. An operation takes its place between its call
//! and its return; one whose answer never came may have happened once or not at all, at any time after
//! its call. Must never: look into the switch's own books, or share code with its decisions.

mod account;
mod search;
mod steps;
mod sums;
mod violation;

pub(crate) use account::share;
pub use account::{Account, Limits};
pub use search::{MOST_CONFIGURATIONS, check, check_within};
pub use violation::{Blocked, Violation};

/// Names a message: the same for a message and its repeats, another for every other message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MessageId(pub u32);

/// What moves money.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Takes from the available limit.
    Purchase,
    /// Takes from the cash limit and from the available limit.
    Cash,
    /// Takes the whole amount from the available limit, and what of it is cash from the cash limit.
    Cashback {
        /// What of the amount is cash.
        cash_minor: i64,
    },
    /// Adds to the available limit.
    Refund,
}

/// What was asked. Two requests under one [`MessageId`] that are not equal are in conflict: the first
/// that is decided counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Request {
    /// Moves an amount.
    Authorization {
        /// In which direction, and on which limits.
        kind: Kind,
        /// How much, above 0.
        amount_minor: i64,
        /// Whether it is posted at once (x2xx): the ledger balance then moves with it.
        cleared: bool,
    },
    /// Asks for the balances.
    Inquiry,
    /// Undoes an authorization, in full or in part.
    Reversal {
        /// The message to undo.
        original: MessageId,
        /// The amount that it says the original had.
        claimed_minor: i64,
        /// What is to remain authorized; `None` undoes all.
        replacement_minor: Option<i64>,
        /// Whether it must be accepted (x42x).
        advice: bool,
    },
}

/// What was answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Answer {
    /// Approved or accepted.
    Approved,
    /// An inquiry was approved, with these balances.
    Balances {
        /// Balance without what is only authorized.
        ledger_minor: i64,
        /// What can be spent.
        available_minor: i64,
    },
    /// Declined or refused.
    Declined(Decline),
}

/// Why something was declined.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Decline {
    /// The available limit does not cover it.
    InsufficientFunds,
    /// The cash limit does not cover it.
    CashLimit,
    /// The goods are covered, the cash that is to go with them is not.
    Cashback,
    /// Its reversal came first.
    ReversedBeforeArrival,
    /// Another request bears its name.
    Conflict,
    /// There is nothing under the name of the original.
    UnknownOriginal,
    /// The amounts do not agree with the original.
    AmountMismatch,
}

/// One request and what came of it. A request that was refused undecided (overload, a deadline) is no
/// operation: leaving it out says that it moved nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Operation {
    /// The message.
    pub message: MessageId,
    /// What it asks.
    pub request: Request,
    /// When it was called, on a clock of the recorder's choice that only rises.
    pub called: u64,
    /// When it returned, after `called`, and the answer; `None` when no answer ever came.
    pub returned: Option<(u64, Answer)>,
}

/// Everything that happened to one account while it was watched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct History {
    /// The limits before; no message of the history had arrived then.
    pub opening: Limits,
    /// What was asked, in any order.
    pub operations: Vec<Operation>,
    /// The limits as they were read after everything, if they were.
    pub closing: Option<Limits>,
}
