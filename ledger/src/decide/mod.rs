//! Deciding: a command, the state, the rules and a time give records and an outcome.
//!
//! Owns: the order in which things are looked at. Pure and deterministic: no clock, no randomness, no
//! iteration in random order. Must never: change the state, or answer before the journal.

mod authorization;
mod entity;
mod reversal;

use rules::{NetworkId, Reason, ResponseCode, Snapshot};

use crate::command::{Command, Outcome};
use crate::identifiers::{RecordId, Timestamp};
use crate::record::Record;
use crate::state::State;

/// What deciding looks at beside the command.
#[derive(Clone, Copy)]
pub(crate) struct Context<'a> {
    /// The books.
    pub(crate) state: &'a State,
    /// The rules, the same for the whole batch.
    pub(crate) rules: &'a Snapshot,
    /// The time of the batch.
    pub(crate) now: Timestamp,
    /// The identifier that the first record will have.
    pub(crate) id: RecordId,
}

/// Decides one command: the records to append, in order, and the outcome.
pub(crate) fn decide(context: Context<'_>, command: Command) -> (Vec<Record>, Outcome) {
    match command {
        Command::Authorize { facts, .. } => authorization::decide(context, *facts),
        Command::Reverse { facts, .. } => reversal::decide(context, *facts),
        Command::CreateCustomer(customer) => entity::create_customer(context, &customer),
        Command::OpenAccount(account) => entity::open_account(context, &account),
        Command::IssueCard(card) => entity::issue_card(context, &card),
    }
}

/// DE39 of the network for a reason; 96 for a network that the rules do not have.
fn response_code(rules: &Snapshot, network: NetworkId, reason: Option<Reason>) -> ResponseCode {
    let Some(reason) = reason else {
        return ResponseCode::APPROVED;
    };
    rules
        .network(network)
        .map_or(ResponseCode::SYSTEM_MALFUNCTION, |n| {
            n.response_code(reason)
        })
}
