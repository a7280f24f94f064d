//! Deciding what leaves the books.
//!
//! Owns: which line may be ordered, and whether a step fits the books as they are. Must never: purge what a line does
//! not name, or on a plan that did not see everything.

use super::operation::Carried;
use super::{Context, DAY_US};
use crate::command::Outcome;
use crate::identifiers::Timestamp;
use crate::operation::{OperationEffect, OperationError};
use crate::purge::{HistoryPurged, LEAST_DAYS, PurgeStep};
use crate::record::Record;

/// Orders a line.
pub(super) fn order(context: Context<'_>, before: Timestamp) -> Result<Carried, OperationError> {
    let kept_us = LEAST_DAYS.saturating_mul(DAY_US);
    if before > context.now.plus_us(kept_us.saturating_neg()) {
        return Err(OperationError::Retention);
    }
    if before <= context.state.purge().line {
        return Err(OperationError::NothingToDo);
    }
    Ok(Carried::changing(None, OperationEffect::PurgeOrdered))
}

/// Takes a step; nothing where it was planned on other books.
pub(super) fn step(context: Context<'_>, step: &PurgeStep) -> (Vec<Record>, Outcome) {
    match purged(context, step) {
        Some(purged) => (
            vec![Record::HistoryPurged(Box::new(purged))],
            Outcome::Purged(true),
        ),
        None => (Vec::new(), Outcome::Purged(false)),
    }
}

fn purged(context: Context<'_>, step: &PurgeStep) -> Option<HistoryPurged> {
    let purge = context.state.purge();
    let fits = step.after == purge.through
        && step.newest < purge.line
        && context.state.is_planned_on_all(step.seen)
        && !step.messages.is_empty()
        && step
            .accounts
            .iter()
            .all(|left| context.state.account(left.account).is_some());
    fits.then(|| HistoryPurged {
        line: purge.line,
        after: step.after,
        through: step.through,
        messages: step.messages.clone(),
        transactions: step.transactions,
        accounts: step.accounts.clone(),
    })
}
