//! What a record must move.
//!
//! Owns: which step of a life a record is, and with it the moves and pending sums that follow from its decision alone.
//! Must never: take them from the record's own list of moves.

use rules::ResetLimit;

use super::course::Course;
use super::lives::{begin, raise};
use super::{Audit, AuditError, Rule, Step};
use crate::authorization::{Change, Cleared, Decision, MessageKey, Standing, presented};
use crate::books::BookStore;
use crate::books::rows::{MessageBody, StoredMessage};
use crate::identifiers::RecordId;
use crate::invariants::change::check_change;
use crate::invariants::effect::Expected;
use crate::operation::{OperationDone, OperationEffect};

impl<S: BookStore> Audit<'_, '_, S> {
    /// What a record must move; `None` where that is for another account of it to say.
    pub(super) fn expected(
        &mut self,
        course: &mut Course,
        message: &StoredMessage,
    ) -> Result<Option<Expected>, AuditError> {
        let listed = message.moves().first().map(|moved| moved.account);
        let own = listed == Some(course.account);
        match &message.body {
            MessageBody::Authorization { decided, .. } => match &decided.decision {
                Decision::Completed(change) => self.changed(course, message, change),
                Decision::Declined(_) => Ok(own.then(Expected::default)),
                Decision::Approved(_) if !own => Ok(None),
                Decision::Approved(approval) => {
                    self.approved(course, message, approval.increment_of())?;
                    Ok(Some(Expected::of_approval(
                        approval,
                        decided.facts.clearing,
                    )))
                }
            },
            MessageBody::Reversal { decided, .. } => match &decided.change {
                Some(change) => self.changed(course, message, change),
                None => Ok(own.then(Expected::default)),
            },
            MessageBody::Dropped(dropped) => self.changed(course, message, &dropped.change),
            MessageBody::FileAction(_) => Ok(own.then(Expected::default)),
            MessageBody::Operation { done, .. } => self.by_operation(course, message, done),
            MessageBody::Clearing { decided, .. } if own => {
                self.by_clearing(course, message, decided.cleared())
            }
            MessageBody::Clearing { .. } => Ok(None),
        }
    }

    /// An approval raises another, or is an authorization of its own, which may refund another.
    fn approved(
        &mut self,
        course: &mut Course,
        message: &StoredMessage,
        raised: Option<&(MessageKey, RecordId)>,
    ) -> Result<(), AuditError> {
        match (raised, own_standing(message)) {
            (Some((_, of)), _) if self.purged.includes(*of) => {}
            (Some((_, of)), _) => {
                raise(course, message, *of)?;
                self.settle(course, *of)?;
            }
            (None, Some(standing)) => {
                begin(course, message, standing)?;
                self.settle(course, message.id)?;
                if let Some(refund) = message.refund() {
                    self.refunds(course, message, (refund.authorization, refund.minor))?;
                }
            }
            (None, None) => {}
        }
        Ok(())
    }

    fn by_operation(
        &mut self,
        course: &mut Course,
        message: &StoredMessage,
        done: &OperationDone,
    ) -> Result<Option<Expected>, AuditError> {
        let own = done.account == Some(course.account);
        match &done.effect {
            OperationEffect::Canceled(change) => self.changed(course, message, change),
            OperationEffect::TransferSettled(settled) => match &settled.returned {
                Some((_, change)) => self.changed(course, message, change),
                None => Ok(own.then(Expected::default)),
            },
            OperationEffect::LimitRefunded {
                authorization,
                paid,
                ..
            } if own && !self.purged.includes(*authorization) => {
                let expected = refunded(course, message, (*authorization, *paid))?;
                self.settle(course, *authorization)?;
                Ok(Some(expected))
            }
            OperationEffect::TransferSent(_)
            | OperationEffect::TransferReceived(_)
            | OperationEffect::Forced(_)
                if own =>
            {
                let standing = done.effect.standing();
                let standing = standing.ok_or_else(|| leaves_range(message))?;
                begin(course, message, standing.clone())?;
                self.settle(course, message.id)?;
                let expected = Expected::of_forced(standing);
                Ok(Some(expected.ok_or_else(|| leaves_range(message))?))
            }
            OperationEffect::Granted { before, granted } if own => {
                let expected = Expected::of_grant(course.account, before, granted);
                Ok(Some(expected.ok_or_else(|| leaves_range(message))?))
            }
            OperationEffect::ClearingSettled(settled) if own => {
                self.by_clearing(course, message, settled.cleared.as_ref())
            }
            // What an operator moves is what was asked.
            OperationEffect::Moved
            | OperationEffect::Forced(_)
            | OperationEffect::TransferSent(_)
            | OperationEffect::TransferReceived(_)
            | OperationEffect::Granted { .. }
            | OperationEffect::ClearingSettled(_)
            | OperationEffect::LimitRefunded { .. } => Ok(None),
            OperationEffect::AccountStatus { .. }
            | OperationEffect::Holder(_)
            | OperationEffect::CardStatus { .. }
            | OperationEffect::CardModes { .. }
            | OperationEffect::Control { .. }
            | OperationEffect::AvailableLimit { .. }
            | OperationEffect::TransferRefused(_)
            | OperationEffect::PurgeOrdered => Ok(own.then(Expected::default)),
        }
    }

    /// A clearing: what it takes from the authorization that it clears, and what it stands for by itself.
    fn by_clearing(
        &mut self,
        course: &mut Course,
        message: &StoredMessage,
        cleared: Option<&Cleared>,
    ) -> Result<Option<Expected>, AuditError> {
        let mut expected = Expected::default();
        let Some(cleared) = cleared else {
            return Ok(Some(expected));
        };
        let mut known = true;
        if let Some(change) = &cleared.change {
            match self.presented(course, message, change, Some(cleared))? {
                Some(changed) => expected = changed,
                // It still stands for what it cleared.
                None => known = false,
            }
        }
        if let Some(standing) = &cleared.standing {
            begin(course, message, standing.clone())?;
            self.settle(course, message.id)?;
            expected = expected
                .with(standing)
                .ok_or_else(|| leaves_range(message))?;
        }
        Ok(known.then_some(expected))
    }

    /// A record that changes an authorization.
    fn changed(
        &mut self,
        course: &mut Course,
        message: &StoredMessage,
        change: &Change,
    ) -> Result<Option<Expected>, AuditError> {
        self.presented(course, message, change, None)
    }

    /// A record that changes an authorization, and as a clearing presents or refunds something of it.
    fn presented(
        &mut self,
        course: &mut Course,
        message: &StoredMessage,
        change: &Change,
        cleared: Option<&Cleared>,
    ) -> Result<Option<Expected>, AuditError> {
        if self.purged.includes(change.authorization) {
            return Ok(None);
        }
        let records = [change.authorization, message.id];
        let Some(life) = course.lives.get_mut(&change.authorization) else {
            self.row(Step::Accounts)?;
            let authorization = self.views.message(change.authorization)?;
            let standing = authorization.as_ref().and_then(StoredMessage::standing);
            // A card with several accounts may bring an advice under another one of them.
            if standing.is_some_and(|standing| standing.account != course.account) {
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
        let expected =
            Expected::of_change(standing, change).ok_or_else(|| leaves_range(message))?;
        if !life.standing.take(message.id, change) {
            return Err(leaves_range(message));
        }
        life.last = message.id;
        let left =
            cleared.map_or_else(|| change.left_minor(), |cleared| cleared.left_minor(change));
        let refunded = life.refunded_by(left);
        let presented_minor = cleared.map_or(0, |cleared| cleared.presented_minor);
        match life.presents {
            Some(presents) if presented_minor != 0 => {
                self.presented_less(course, message, (change, presented_minor), presents)?;
            }
            Some(_) => {}
            None if cleared.is_some_and(Cleared::refunds) => {
                life.presented.refund(presented_minor.saturating_neg());
            }
            None if presented_minor != 0 => life.presented.take(presented_minor, change),
            None => {}
        }
        self.settle(course, change.authorization)?;
        if let Some(refunded) = refunded {
            self.refunds(course, message, refunded)?;
        }
        Ok(Some(expected))
    }

    /// A clearing is undone: as much less is presented of the authorization that it cleared.
    fn presented_less(
        &mut self,
        course: &mut Course,
        message: &StoredMessage,
        (change, presented_minor): (&Change, i64),
        (of, whole_minor): (RecordId, i64),
    ) -> Result<(), AuditError> {
        if self.purged.includes(of) {
            return Ok(());
        }
        let cleared = course.lives.get(&change.authorization);
        let parts = cleared.map(|life| &life.standing.parts);
        let of_minor = parts
            .and_then(|parts| parts.first())
            .map_or(0, |part| part.transaction_minor);
        let share = presented::difference(whole_minor, change.left_minor(), of_minor);
        let life = course.lives.get_mut(&of);
        let Some(life) = life.filter(|_| share == Some(presented_minor)) else {
            let finding = format!(
                "record {} undoes {presented_minor} of what was presented of record {of}; its share is {}",
                message.id,
                share.unwrap_or_default()
            );
            return Err(AuditError::violation(
                Rule::Lives,
                finding,
                [of, message.id],
            ));
        };
        if whole_minor < 0 {
            // It was a refund.
            life.presented.refund(presented_minor.saturating_neg());
        } else {
            life.presented.take(presented_minor, change);
        }
        let refunded = life.refunded_by((0, presented_minor));
        life.standing.reflects = message.id;
        life.last = message.id;
        self.settle(course, of)?;
        match refunded {
            Some(refunded) => self.refunds(course, message, refunded),
            None => Ok(()),
        }
    }

    /// So much more of a purchase is refunded, or less.
    fn refunds(
        &mut self,
        course: &mut Course,
        message: &StoredMessage,
        (of, more_minor): (RecordId, i64),
    ) -> Result<(), AuditError> {
        if more_minor == 0 || self.purged.includes(of) {
            return Ok(());
        }
        let Some(life) = course.lives.get_mut(&of) else {
            let finding = format!("record {} refunds what was not authorized", message.id);
            return Err(AuditError::violation(
                Rule::Lives,
                finding,
                [of, message.id],
            ));
        };
        life.presented.refund(more_minor);
        life.standing.reflects = message.id;
        life.last = message.id;
        self.settle(course, of)
    }
}

/// What an approval stands for by itself.
fn own_standing(message: &StoredMessage) -> Option<Standing> {
    match &message.body {
        MessageBody::Authorization { decided, .. } => decided.standing(message.id),
        MessageBody::Reversal { .. }
        | MessageBody::Dropped(_)
        | MessageBody::FileAction(_)
        | MessageBody::Operation { .. }
        | MessageBody::Clearing { .. } => None,
    }
}

/// A record that gives limits of an authorization back.
fn refunded(
    course: &mut Course,
    message: &StoredMessage,
    (authorization, paid): (RecordId, ResetLimit),
) -> Result<Expected, AuditError> {
    let Some(life) = course.lives.get_mut(&authorization) else {
        let finding = format!("record {} gives back what nothing took", message.id);
        let records = [authorization, message.id];
        return Err(AuditError::violation(Rule::Lives, finding, records));
    };
    let expected = Expected::of_refund(&life.standing, paid);
    life.standing.refund(message.id, paid);
    life.last = message.id;
    expected.ok_or_else(|| leaves_range(message))
}

/// A record moves what it must, on every account of it and on no other.
pub(super) fn check_moves(message: &StoredMessage, expected: &Expected) -> Result<(), AuditError> {
    let recorded = message.moves();
    if expected.is_recorded_as(recorded) {
        return Ok(());
    }
    let finding = format!(
        "record {} moves {recorded:?}; its decision says {:?}, pending {:?}",
        message.id,
        expected.moves(),
        expected.pending()
    );
    Err(AuditError::violation(Rule::Moves, finding, [message.id]))
}

fn leaves_range(message: &StoredMessage) -> AuditError {
    let finding = format!("what record {} moves leaves its range", message.id);
    AuditError::violation(Rule::Moves, finding, [message.id])
}
