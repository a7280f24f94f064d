//! What a record must move.
//!
//! Owns: the moves and pending sums that follow from a decision alone, and that the record says the same of
//! every account. Must never: take them from the record's own list of moves.

use super::accounts::Course;
use super::lives::{begin, check_change, raise};
use super::{Audit, AuditError, Rule};
use crate::authorization::{Change, Clearing, Decision, Moves};
use crate::books::BookStore;
use crate::books::rows::{MessageBody, StoredMessage};
use crate::operation::{OperationDone, OperationEffect};

/// What a record must move.
#[derive(Default)]
pub(super) struct Expected {
    moves: Moves,
    pending: Moves,
}

impl<S: BookStore> Audit<'_, '_, S> {
    /// What a record must move; `None` where that is for another account of it to say.
    pub(super) fn expected(
        &mut self,
        course: &mut Course,
        message: &StoredMessage,
    ) -> Result<Option<Expected>, AuditError> {
        let listed = message.moves().first().map(|moved| moved.account);
        let own = listed == Some(course.account.id);
        match &message.body {
            MessageBody::Authorization { decided, .. } => match &decided.decision {
                Decision::Completed(change) => self.changed(course, message, change),
                Decision::Declined(_) => Ok(own.then(Expected::default)),
                Decision::Approved(_) if !own => Ok(None),
                Decision::Approved(approval) => {
                    let pending = match decided.facts.clearing {
                        Clearing::Offline => approval.moves.clone(),
                        Clearing::Online => Moves::default(),
                    };
                    match (&approval.increment_of, decided.standing(message.id)) {
                        (Some((_, of)), _) => raise(course, message, *of)?,
                        (None, Some(standing)) => begin(course, message, standing)?,
                        (None, None) => {}
                    }
                    Ok(Some(Expected {
                        moves: approval.moves.clone(),
                        pending,
                    }))
                }
            },
            MessageBody::Reversal { decided, .. } => match &decided.change {
                Some(change) => self.changed(course, message, change),
                None => Ok(own.then(Expected::default)),
            },
            MessageBody::Dropped(dropped) => self.changed(course, message, &dropped.change),
            MessageBody::FileAction(_) => Ok(own.then(Expected::default)),
            MessageBody::Operation { done, .. } => self.by_operation(course, message, done),
        }
    }

    fn by_operation(
        &mut self,
        course: &mut Course,
        message: &StoredMessage,
        done: &OperationDone,
    ) -> Result<Option<Expected>, AuditError> {
        let own = done.account == Some(course.account.id);
        match &done.effect {
            OperationEffect::Canceled(change) => self.changed(course, message, change),
            OperationEffect::Forced(standing) if own => {
                begin(course, message, (**standing).clone())?;
                let moves = standing.held().ok_or_else(|| leaves_range(message))?;
                Ok(Some(Expected {
                    moves,
                    pending: Moves::default(),
                }))
            }
            OperationEffect::Granted { before, granted } if own => {
                let deltas = granted
                    .deltas(before)
                    .ok_or_else(|| leaves_range(message))?;
                Ok(Some(Expected {
                    moves: Moves::of(course.account.id, deltas),
                    pending: Moves::default(),
                }))
            }
            // What an operator moves is what was asked.
            OperationEffect::Moved
            | OperationEffect::Forced(_)
            | OperationEffect::Granted { .. } => Ok(None),
            OperationEffect::AccountStatus { .. }
            | OperationEffect::Holder(_)
            | OperationEffect::CardStatus { .. }
            | OperationEffect::CardModes { .. } => Ok(own.then(Expected::default)),
        }
    }

    /// A record that changes an authorization.
    fn changed(
        &mut self,
        course: &mut Course,
        message: &StoredMessage,
        change: &Change,
    ) -> Result<Option<Expected>, AuditError> {
        let records = [change.authorization, message.id];
        let Some(life) = course.lives.get_mut(&change.authorization) else {
            self.row()?;
            let authorization = self.views.message(change.authorization)?;
            let standing = authorization.as_ref().and_then(StoredMessage::standing);
            // A card with several accounts may bring an advice under another one of them.
            if standing.is_some_and(|standing| standing.account != course.account.id) {
                return Ok(None);
            }
            let finding = format!(
                "record {} changes what was not authorized before",
                message.id
            );
            return Err(AuditError::violation(Rule::Lives, finding, records));
        };
        let standing = &life.standing;
        check_change(standing, change).map_err(|finding| {
            let records = [change.authorization, life.last, message.id];
            AuditError::violation(
                Rule::Lives,
                format!("record {} {finding}", message.id),
                records,
            )
        })?;
        let expected = change.moves().zip(standing.pending(change));
        let (moves, pending) = expected.ok_or_else(|| leaves_range(message))?;
        if !life.standing.take(message.id, change) {
            return Err(leaves_range(message));
        }
        life.last = message.id;
        Ok(Some(Expected { moves, pending }))
    }
}

/// A record moves what it must, on every account of it and on no other.
pub(super) fn check_moves(message: &StoredMessage, expected: &Expected) -> Result<(), AuditError> {
    let recorded = message.moves();
    let as_recorded = recorded.iter().all(|moved| {
        moved.deltas == expected.moves.deltas(moved.account)
            && moved.pending == expected.pending.deltas(moved.account)
    });
    let planned = expected.moves.iter().chain(expected.pending.iter());
    let all_recorded = planned.into_iter().all(|(account, deltas)| {
        deltas.is_none() || recorded.iter().any(|moved| moved.account == account)
    });
    if as_recorded && all_recorded {
        return Ok(());
    }
    let finding = format!(
        "record {} moves {recorded:?}; its decision says {:?}, pending {:?}",
        message.id, expected.moves, expected.pending
    );
    Err(AuditError::violation(Rule::Moves, finding, [message.id]))
}

fn leaves_range(message: &StoredMessage) -> AuditError {
    let finding = format!("what record {} moves leaves its range", message.id);
    AuditError::violation(Rule::Moves, finding, [message.id])
}
