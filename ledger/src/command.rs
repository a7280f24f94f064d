//! Commands: everything that the ledger can be asked to change.
//!
//! Owns: the commands and what is answered to each. A command carries all that deciding needs beside
//! the state, its deadline included. Must never: carry a message format or a card secret.

use rules::{ClearingAction, ClearingReason, Reason};

use crate::authorization::{
    AcknowledgementFacts, Answer, ClearingFacts, FileActionFacts, Lookup, MessageKey, RequestFacts,
    ReversalFacts,
};
use crate::books::rows::StoredMessage;
use crate::entities::{Account, Card, Customer};
use crate::identifiers::{BusinessDate, CardHash, RecordId, Timestamp};
use crate::operation::{OperationError, OperationRequest};
use crate::purge::PurgeStep;

/// One request to change the books.
#[derive(Clone, Debug)]
pub enum Command {
    /// Decide an authorization, an inquiry or an advice.
    Authorize {
        /// What is asked.
        facts: Box<RequestFacts>,
        /// Messages that the decision may need and that may be older than what the ledger keeps in
        /// memory, as the books hold them: the one of the same match key, the one it belongs to.
        stored: Vec<StoredMessage>,
    },
    /// Undo an authorization, or a reversal.
    Reverse {
        /// What is asked.
        facts: Box<ReversalFacts>,
        /// The same: the message of the reversal's own match key, its original, and that one's own.
        stored: Vec<StoredMessage>,
    },
    /// Note that the network has the response to a message.
    Acknowledge {
        /// Which.
        facts: AcknowledgementFacts,
        /// The message as the books hold it.
        stored: Vec<StoredMessage>,
    },
    /// Change or show the status of a card for the network.
    FileAction {
        /// What is asked.
        facts: FileActionFacts,
        /// The message of the same match key.
        stored: Vec<StoredMessage>,
    },
    /// Let go of the hold of an authorization that nothing cleared in time.
    DropExpired {
        /// Names it.
        key: MessageKey,
        /// It, as the books hold it.
        stored: Vec<StoredMessage>,
    },
    /// Take a record of a clearing file.
    Clear {
        /// What it says.
        facts: Box<ClearingFacts>,
        /// The clearing of the same file and number, the authorization that it clears, the clearing that it
        /// undoes.
        stored: Vec<StoredMessage>,
    },
    /// Carry out an operator's operation.
    Operate {
        /// What is asked.
        request: Box<OperationRequest>,
        /// The operation of the same tracking id, and the one that it undoes; the item of the work list that it
        /// settles, and what that needs.
        stored: Vec<StoredMessage>,
    },
    /// Take a step of purging what an operator ordered to go.
    Purge(Box<PurgeStep>),
    /// Create a customer.
    CreateCustomer(Customer),
    /// Open an account for an existing customer; `opening`, `pending`, `latest` and `reflects` are set by
    /// the ledger, `group` too where the account has a parent.
    OpenAccount(Box<Account>),
    /// Issue a card on existing accounts of one group.
    IssueCard(Card),
}

impl Command {
    /// What may lead to messages that the decision needs beside those in memory. Whoever submits the
    /// command looks these up in the books and attaches what is found.
    #[must_use]
    pub fn lookups(&self) -> Vec<Lookup> {
        match self {
            Self::Authorize { facts, .. } => {
                let own = Lookup::Key(facts.key.into());
                std::iter::once(own).chain(facts.relations()).collect()
            }
            Self::Reverse { facts, .. } => {
                let own = Lookup::Key(facts.key.into());
                std::iter::once(own).chain(facts.relations()).collect()
            }
            Self::Acknowledge { facts, .. } => vec![Lookup::Key(facts.original.into())],
            Self::FileAction { facts, .. } => vec![Lookup::Key(facts.key.into())],
            Self::Clear { facts, .. } => facts.lookups().collect(),
            Self::Operate { request, stored } => {
                let items = stored.iter().flat_map(StoredMessage::leads);
                request.lookups().into_iter().chain(items).collect()
            }
            Self::DropExpired { key, .. } => vec![Lookup::Key(key.clone())],
            Self::Purge(_)
            | Self::CreateCustomer(_)
            | Self::OpenAccount(_)
            | Self::IssueCard(_) => Vec::new(),
        }
    }

    /// Attaches messages that were found in the books.
    pub fn attach(&mut self, found: impl IntoIterator<Item = StoredMessage>) {
        match self {
            Self::Authorize { stored, .. }
            | Self::Reverse { stored, .. }
            | Self::Acknowledge { stored, .. }
            | Self::FileAction { stored, .. }
            | Self::Clear { stored, .. }
            | Self::Operate { stored, .. }
            | Self::DropExpired { stored, .. } => stored.extend(found),
            Self::Purge(_)
            | Self::CreateCustomer(_)
            | Self::OpenAccount(_)
            | Self::IssueCard(_) => {}
        }
    }

    /// The card that it is about, where it names one.
    pub(crate) fn card(&self) -> Option<&CardHash> {
        match self {
            Self::Authorize { facts, .. } => Some(&facts.key.card),
            Self::Reverse { facts, .. } => Some(&facts.key.card),
            Self::FileAction { facts, .. } => Some(&facts.key.card),
            Self::Clear { .. }
            | Self::Acknowledge { .. }
            | Self::DropExpired { .. }
            | Self::Operate { .. }
            | Self::Purge(_)
            | Self::CreateCustomer(_)
            | Self::OpenAccount(_)
            | Self::IssueCard(_) => None,
        }
    }

    /// The messages that are attached.
    pub(crate) fn stored(&self) -> &[StoredMessage] {
        match self {
            Self::Authorize { stored, .. }
            | Self::Reverse { stored, .. }
            | Self::Acknowledge { stored, .. }
            | Self::FileAction { stored, .. }
            | Self::Clear { stored, .. }
            | Self::Operate { stored, .. }
            | Self::DropExpired { stored, .. } => stored,
            Self::Purge(_)
            | Self::CreateCustomer(_)
            | Self::OpenAccount(_)
            | Self::IssueCard(_) => &[],
        }
    }
}

/// What was decided; answered only as [`Durable`](crate::Durable).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// A message of a network was decided.
    Decided(Decided),
    /// An acknowledgement was taken; nothing is answered. Whether its message is known.
    Acknowledged(bool),
    /// Whether the hold was let go: it may have been cleared or undone meanwhile.
    Dropped(bool),
    /// A clearing was decided.
    Cleared(ClearedAs),
    /// A clearing was not taken: its file and number name another one.
    OtherClearing,
    /// An operation was carried out.
    Done(Done),
    /// An operation was refused.
    Refused(OperationError),
    /// Whether a step of purging was taken: the books may have changed since it was planned.
    Purged(bool),
    /// An entity was created, or existed with the same content.
    Created,
    /// An entity was refused.
    Rejected(EntityError),
}

impl Outcome {
    /// The decision, where a message of a network was decided.
    #[must_use]
    pub fn decided(&self) -> Option<&Decided> {
        if let Self::Decided(decided) = self {
            Some(decided)
        } else {
            None
        }
    }
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
    /// The business day that the decision belongs to: of a repeat, that of the first.
    pub business_date: Option<BusinessDate>,
}

/// What became of a clearing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClearedAs {
    /// The record that holds it.
    pub id: RecordId,
    /// What was decided of it.
    pub verdict: ClearingAction,
    /// Why it is not as it should be.
    pub reasons: Vec<ClearingReason>,
    /// Whether it was decided earlier, under the same file and number.
    pub repeat: bool,
}

/// An operation that was carried out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Done {
    /// The record that holds it.
    pub id: RecordId,
    /// Whether it was carried out earlier, under the same tracking id.
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
    /// An inactive customer cannot become an owner.
    #[error("the owner is inactive")]
    InactiveOwner,
    /// The program does not exist.
    #[error("the program does not exist")]
    UnknownProgram,
    /// An account of the card, or the parent of the account, does not exist.
    #[error("an account does not exist")]
    UnknownAccount,
    /// A combo card would join two account groups.
    #[error("the accounts of the card belong to different groups")]
    AcrossGroups,
    /// The status is not defined by the organization, or not in use.
    #[error("the status is not defined by the organization, or not in use")]
    UnknownStatus,
    /// The limits break their ordering (reference authorization-api 2.2): total above maximum, or outside
    /// what the program allows. An available limit may be above its total: a refund can leave it so.
    #[error(
        "the limits break their ordering: total above maximum, or outside what the program allows"
    )]
    LimitOrder,
    /// The limits of all accounts of the program would be more than the program's.
    #[error("the limits of all accounts would be more than the program's limit")]
    ProgramLimit,
}

/// A command without an outcome: it was never decided, so nothing was recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Undecided {
    /// [`Reason::DeadlinePassed`] or [`Reason::Overloaded`].
    pub reason: Reason,
}

/// How long what was looked up for a command may be decided on, microseconds. Memory forgets what the books hold once it
/// is older than the match window, which is a minute at least; a command that waited longer, because the process or its
/// clock did not run on, could rest on rows that have changed since.
pub const LOOKUP_GOOD_US: i64 = 10_000_000;

/// A command on its way to the writer, with what the sender needs to answer it.
#[derive(Debug)]
pub struct Submission<T> {
    /// The command.
    pub command: Command,
    /// When it is too late to decide it; `None` for never, which is for commands that look nothing up.
    pub deadline: Option<Timestamp>,
    /// Handed back with the outcome.
    pub ticket: T,
}
