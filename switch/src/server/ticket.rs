//! The way back from the ledger.
//!
//! Owns: who hears of a command, and how a link does. Must never: wait for who hears of it.

use ledger::Durable;
use ledger::command::{Outcome, Undecided};
use ledger::identifiers::Timestamp;
use ledger::runtime::{Ticket, Timing};
use tokio::sync::mpsc;

use crate::demo::LoadTicket;
use crate::link::WaitingRequest;
use crate::operations::OperatorTicket;
use crate::telemetry;

/// Who hears of a command.
#[derive(Debug)]
pub enum SwitchTicket {
    /// A link that has a request waiting.
    Link(Box<LinkTicket>),
    /// A load.
    Load(LoadTicket),
    /// An operator.
    Operator(OperatorTicket),
    /// Nobody.
    Unattended,
}

/// A request that waits for the ledger, and the way back to its link.
#[derive(Debug)]
pub struct LinkTicket {
    pub(super) request: WaitingRequest,
    pub(super) submitted: Timestamp,
    pub(super) replies: mpsc::Sender<Reply>,
}

/// What a link hears of one of its requests.
#[derive(Debug)]
pub(super) enum Reply {
    /// The ledger has decided it, or has not.
    Decided {
        request: WaitingRequest,
        submitted: Timestamp,
        result: Result<(Durable<Outcome>, Timing), Undecided>,
    },
    /// The totals have everything that was answered before it, or have not in time.
    Counted {
        request: WaitingRequest,
        in_time: bool,
    },
}

impl From<LoadTicket> for SwitchTicket {
    fn from(ticket: LoadTicket) -> Self {
        Self::Load(ticket)
    }
}

impl Ticket for SwitchTicket {
    fn unattended() -> Self {
        Self::Unattended
    }

    fn decided(self, outcome: Durable<Outcome>, timing: Timing) {
        match self {
            Self::Link(ticket) => ticket.reply(Ok((outcome, timing))),
            Self::Load(ticket) => ticket.decided(outcome, timing),
            Self::Operator(ticket) => ticket.decided(outcome, timing),
            Self::Unattended => {}
        }
    }

    fn undecided(self, undecided: Undecided) {
        match self {
            Self::Link(ticket) => ticket.reply(Err(undecided)),
            Self::Load(ticket) => ticket.undecided(undecided),
            Self::Operator(ticket) => ticket.undecided(undecided),
            Self::Unattended => {}
        }
    }
}

impl LinkTicket {
    fn reply(self, result: Result<(Durable<Outcome>, Timing), Undecided>) {
        let Self {
            request,
            submitted,
            replies,
        } = self;
        // There is room: a link submits no more than the queue holds. A link that has gone takes no
        // answer; the network will repeat and get the stored one.
        let reply = Reply::Decided {
            request,
            submitted,
            result,
        };
        if replies.try_send(reply).is_err() {
            telemetry::answer_without_link();
        }
    }
}
