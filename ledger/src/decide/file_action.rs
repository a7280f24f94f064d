//! Deciding file actions: the network changes or asks for the status of a card.
//!
//! Owns: DE91 on the file of card statuses (reference iso8583 5.2). Must never: take a card to a status that
//! its own does not lead to.

use rules::{Reason, ResponseCode};

use super::{Context, response_code};
use crate::authorization::{Answer, FileAction, FileActionDecided, FileActionFacts};
use crate::command::{Decided, Outcome};
use crate::entities::CardStatus;
use crate::recent::{Content, Recent};
use crate::record::Record;

pub(super) fn decide(context: Context<'_>, facts: FileActionFacts) -> (Vec<Record>, Outcome) {
    let before = context.state.card(&facts.key.card).map(|card| card.status);
    let status = match context.state.recent(&facts.key.into()) {
        Some(Recent::Message(earlier)) if earlier.content == Content::Operation(facts.hash()) => {
            return earlier.again();
        }
        Some(Recent::Message(_)) => Err(Reason::MatchConflict),
        Some(Recent::ReversedBeforeArrival(_)) | None => next(&facts, before),
    };
    let reason = status.err();
    let code: ResponseCode = response_code(context.rules, facts.key.network, reason);
    let shown = matches!(facts.action, Some(FileAction::Inquire)) && reason.is_none();
    let decided = FileActionDecided {
        facts,
        status_before: before,
        status: status.ok().flatten(),
        reason,
        rules: context.rules.version(),
        answer: Answer {
            card_status: before.filter(|_| shown),
            ..Answer::code(code)
        },
    };
    let outcome = Outcome::Decided(Decided {
        id: context.id,
        answer: decided.answer,
        reason,
        repeat: false,
        business_date: decided.facts.business_date,
    });
    (vec![Record::FileActionDecided(Box::new(decided))], outcome)
}

/// The status that the card gets; `None` when it keeps its own.
fn next(facts: &FileActionFacts, before: Option<CardStatus>) -> Result<Option<CardStatus>, Reason> {
    let action = facts.action.ok_or(Reason::FileActionNotSupported)?;
    let before = before.ok_or(Reason::FileRecordNotFound)?;
    let next = match action {
        FileAction::Inquire => return Ok(None),
        FileAction::Set(status) => status,
        FileAction::Delete => CardStatus::Normal,
    };
    if next == before {
        return Ok(None);
    }
    if before.may_become(next, false) {
        Ok(Some(next))
    } else {
        Err(Reason::FileActionRefused)
    }
}
