//! What a message asks the ledger for.
//!
//! Owns: the command of each message type, and which older messages are looked up in the books for it. Must never:
//! judge what is asked.

use codec::{Message, MtiClass, MtiFunction};
use ledger::authorization::{Lookup, MessageKey};
use ledger::books::StoreError;
use ledger::command::Command;
use ledger::identifiers::Timestamp;
use rules::Reason;

use super::Surroundings;
use crate::adapter::{FormatError, address, request};

/// Why a message does not become a command.
#[derive(Debug, thiserror::Error)]
pub(super) enum Problem {
    #[error(transparent)]
    Format(#[from] FormatError),
    #[error(transparent)]
    Lookup(#[from] StoreError),
}

/// The function digit of acknowledgements (x18x, x28x), which the standard keeps back.
pub(super) const ACKNOWLEDGEMENT: MtiFunction = MtiFunction::Reserved(8);

/// The command that notes an acknowledgement; `None` for one of a class that has none.
pub(super) fn acknowledgement(
    message: &Message,
    around: &Surroundings<'_>,
) -> Result<Option<Command>, Problem> {
    if !matches!(
        message.mti().class(),
        MtiClass::Authorization | MtiClass::Financial
    ) {
        return Ok(None);
    }
    let card = around.vault.hash(&request::pan(message)?);
    let facts = request::acknowledgement(message, around.plan.network.id, card)?;
    let mut command = Command::Acknowledge {
        facts,
        stored: Vec::new(),
    };
    if !is_recent(facts.original.transmission, around) {
        command.attach((around.books)(command.lookups())?);
    }
    Ok(Some(command))
}

/// The command that a message asks for, with what the books hold about it; `None` for a message type that
/// is not supported.
pub(super) fn command(
    message: &Message,
    around: &Surroundings<'_>,
) -> Result<Option<Command>, Problem> {
    let Some(mut command) = asked(message, around)? else {
        return Ok(None);
    };
    let lookups = lookups(message, &command, around);
    if !lookups.is_empty() {
        command.attach((around.books)(lookups)?);
    }
    Ok(Some(command))
}

fn asked(message: &Message, around: &Surroundings<'_>) -> Result<Option<Command>, Problem> {
    let network = &around.plan.network;
    let stored = Vec::new();
    let card = || request::pan(message).map(|pan| around.vault.hash(&pan));
    Ok(match (message.mti().class(), message.mti().function()) {
        (
            MtiClass::Authorization | MtiClass::Financial,
            MtiFunction::Request | MtiFunction::Advice,
        ) => {
            let card = card()?;
            let mut facts = request::authorization(message, around.plan, card, around.rules)?;
            let plan = around.plan;
            if let Some(given) = plan.adapter.address(message, &plan.dialect)? {
                let holder = (around.holder)(&card)?;
                let known = holder.and_then(|holder| holder.address);
                facts.address_result = Some(address::compare(&given, known.as_ref()));
            }
            let facts = Box::new(facts);
            Some(Command::Authorize { facts, stored })
        }
        (MtiClass::Reversal, MtiFunction::Request | MtiFunction::Advice) => {
            let facts = Box::new(request::reversal(message, around.plan, card()?)?);
            Some(Command::Reverse { facts, stored })
        }
        (MtiClass::FileAction, MtiFunction::Request) if network.file_actions => {
            let facts = request::file_action(message, around.plan, card()?)?;
            Some(Command::FileAction { facts, stored })
        }
        _ => None,
    })
}

/// Why a message type is not served.
pub(super) fn not_served(message: &Message) -> Reason {
    match message.mti().class() {
        MtiClass::FileAction => Reason::FileActionNotSupported,
        _ => Reason::NotPermitted,
    }
}

/// What must be looked up in the books: the message that this one belongs to, and the one of its own key
/// when it may be older than what the ledger remembers, a repeat or one whose DE7 lies outside the window.
fn lookups(message: &Message, command: &Command, around: &Surroundings<'_>) -> Vec<Lookup> {
    let own = match command {
        Command::Authorize { facts, .. } => facts.key,
        Command::Reverse { facts, .. } => facts.key,
        Command::FileAction { facts, .. } => facts.key,
        Command::Acknowledge { .. }
        | Command::DropExpired { .. }
        | Command::Purge(_)
        | Command::Operate { .. }
        | Command::Clear { .. }
        | Command::CreateCustomer(_)
        | Command::OpenAccount(_)
        | Command::IssueCard(_) => return command.lookups(),
    };
    let recent = is_recent(own.transmission, around);
    let mut lookups = command.lookups();
    if recent && !message.mti().is_repeat() {
        let own = Lookup::Key(MessageKey::Network(own));
        lookups.retain(|lookup| *lookup != own);
    }
    lookups
}

/// Whether a message with this DE7 is still in memory for certain.
fn is_recent(transmission: u64, around: &Surroundings<'_>) -> bool {
    let window_us = i64::from(around.plan.network.match_window_minutes).saturating_mul(60_000_000);
    is_within(transmission, around.now, window_us / 2)
}

/// Whether DE7 (MMDDhhmmss, UTC) names an instant within `distance_us` of now; its year is not told.
fn is_within(transmission: u64, now: Timestamp, distance_us: i64) -> bool {
    let earliest = now
        .plus_us(distance_us.saturating_neg())
        .transmission_date_time();
    let latest = now.plus_us(distance_us).transmission_date_time();
    // Over New Year the numbers wrap; then it counts as outside, which only costs a look.
    earliest
        .zip(latest)
        .is_some_and(|(earliest, latest)| earliest <= transmission && transmission <= latest)
}
