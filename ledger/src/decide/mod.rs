//! Deciding: a command, the state, the rules and a time give records and an outcome.
//!
//! Owns: the order in which things are looked at. Pure and deterministic: no clock, no randomness, no
//! iteration in random order. Must never: change the state, or answer before the journal.

mod acknowledgement;
mod advice;
mod amounts;
mod authorization;
mod clearing;
mod clearing_reversal;
mod clearing_shares;
mod conclusion;
mod control_operations;
mod controls;
mod entity;
mod evaluation;
mod expiry;
mod explain;
mod file_action;
mod funds;
mod limits;
mod locate;
mod operation;
mod postings;
mod presentment;
mod purchase_refund;
mod purge;
mod refund;
mod reversal;
mod status;
mod transfer;

pub(crate) use explain::explain;
use rules::{AccountId, NetworkId, Reason, ResponseCode, Snapshot};

use crate::authorization::{
    AccountMove, Lookup, MessageKey, Moves, PlannedPosting, TransactionPosted,
};
use crate::command::{Command, Outcome};
use crate::identifiers::{RecordId, Timestamp};
use crate::recent::{Link, Recent, Remembered};
use crate::record::Record;
use crate::state::State;

/// Microseconds of a day.
const DAY_US: i64 = 86_400_000_000;

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
        Command::Acknowledge { facts, .. } => acknowledgement::decide(context, facts),
        Command::FileAction { facts, .. } => file_action::decide(context, facts),
        Command::DropExpired { key, .. } => expiry::decide(context, key),
        Command::Clear { facts, .. } => clearing::decide(context, *facts),
        Command::Operate { request, .. } => operation::decide(context, *request),
        Command::Purge(step) => purge::step(context, &step),
        Command::CreateCustomer(customer) => entity::create_customer(context, &customer),
        Command::OpenAccount(account) => entity::open_account(context, &account),
        Command::IssueCard(card) => entity::issue_card(context, &card),
    }
}

/// DE39 for a reason on a network; `00` without one.
fn response_code(rules: &Snapshot, network: NetworkId, reason: Option<Reason>) -> ResponseCode {
    match (rules.network(network), reason) {
        (Some(network), Some(reason)) => network.response_code(reason),
        (Some(network), None) => network.approval_codes.approved,
        // A message reaches the ledger only over a network of the rules.
        (None, Some(_)) => ResponseCode::SYSTEM_MALFUNCTION,
        (None, None) => ResponseCode::APPROVED,
    }
}

/// An authorization that a message is about.
struct Target<'a> {
    /// Its key.
    key: MessageKey,
    message: &'a Remembered,
    /// Its part that the message named, when it named an increment of it.
    increment: Option<RecordId>,
}

impl<'a> Context<'a> {
    /// The message that one of several names leads to, the first that does.
    fn find(self, mut lookups: impl Iterator<Item = Lookup>) -> Option<(MessageKey, &'a Recent)> {
        lookups.find_map(|lookup| self.state.find(&lookup))
    }

    /// The authorization behind a message: itself, or the one that it raised or completed.
    fn target(self, key: MessageKey, message: &'a Remembered) -> Option<Target<'a>> {
        let (of, increment) = match &message.link {
            None | Some(Link::Refund(_)) => {
                return Some(Target {
                    key,
                    message,
                    increment: None,
                });
            }
            Some(Link::Increment { of, authorization }) => ((of, authorization), Some(message.id)),
            Some(Link::Completion { of, authorization }) => ((of, authorization), None),
            // What a clearing stands for is changed by clearings alone, a side of a transfer by its settlement.
            Some(Link::Reversal(_) | Link::Clearing(_) | Link::Transfer) => return None,
        };
        let message = self.state.message(of.0, *of.1)?;
        Some(Target {
            key: of.0.clone(),
            message,
            increment,
        })
    }

    /// What a record does to accounts: to the one it is listed under first, even where nothing moves.
    /// `None` when a limit would leave its range, or an account does not exist.
    fn account_moves(
        self,
        listed: Option<AccountId>,
        moves: &Moves,
        pending: &Moves,
    ) -> Option<Vec<AccountMove>> {
        let others = moves
            .iter()
            .chain(pending.iter())
            .map(|(account, _)| account);
        let mut planned: Vec<AccountMove> = Vec::with_capacity(1);
        for account in listed.into_iter().chain(others) {
            if planned.iter().any(|planned| planned.account == account) {
                continue;
            }
            let books = self.state.account(account)?;
            let deltas = moves.deltas(account);
            books.limits.checked_apply(&deltas)?;
            crate::authorization::moves::sum(&books.pending, &pending.deltas(account))?;
            planned.push(AccountMove {
                account,
                deltas,
                pending: pending.deltas(account),
                previous: books.latest,
            });
        }
        Some(planned)
    }

    /// The records of what is posted: for an amount of the record `authorization`, because of this one.
    fn transactions(
        self,
        postings: &[PlannedPosting],
        authorization: RecordId,
    ) -> impl Iterator<Item = Record> {
        let cause = (authorization != self.id).then_some(self.id);
        postings.iter().filter_map(move |planned| {
            let account = self.state.account(planned.account)?;
            Some(Record::TransactionPosted(TransactionPosted {
                account: account.id,
                authorization,
                reversal: cause,
                processing_code: planned.processing_code,
                currency: account.currency,
                posting: planned.posting.clone(),
            }))
        })
    }
}
