//! The life of an authorization, followed through the records of its account.
//!
//! Owns: where an authorization begins, what raises it, and that it stands where its records left it; what changes it
//! is measured by [`crate::invariants`]. Must never: take a step that the records do not have.

use super::course::Course;
use super::{Audit, AuditError, Rule};
use crate::authorization::{AuthorizationStatus, Decision, Presented, Refund, Standing};
use crate::books::BookStore;
use crate::books::rows::{Lead, MessageBody, StoredMessage};
use crate::identifiers::RecordId;

/// An authorization on its way.
pub(super) struct Life {
    pub(super) standing: Standing,
    /// Where the books say it stands.
    pub(super) stored: Standing,
    /// What clearings presented of it and refunds gave back.
    pub(super) presented: Presented,
    /// What the books say of that.
    pub(super) stored_presented: Presented,
    /// What it presented as a clearing, and of which authorization.
    pub(super) presents: Option<(RecordId, i64)>,
    /// The purchase that it refunds.
    refund: Option<Refund>,
    pub(super) last: RecordId,
}

impl Life {
    /// The purchase that it refunds, and how much more of that when so much of it is left as after in place of before.
    pub(super) fn refunded_by(&self, left: (i64, i64)) -> Option<(RecordId, i64)> {
        let refund = self.refund.as_ref()?;
        Some((refund.authorization, refund.more(&self.standing, left)))
    }
}

/// An authorization begins.
pub(super) fn begin(
    course: &mut Course,
    message: &StoredMessage,
    standing: Standing,
) -> Result<(), AuditError> {
    let Some(stored) = message.standing() else {
        let finding = format!("the books do not say where record {} stands", message.id);
        return Err(AuditError::violation(Rule::Lives, finding, [message.id]));
    };
    let life = Life {
        standing,
        stored: stored.clone(),
        presented: Presented::default(),
        stored_presented: message.presented,
        presents: presents(message),
        refund: message.refund().cloned(),
        last: message.id,
    };
    course.lives.insert(message.id, life);
    Ok(())
}

/// What a clearing presents of another authorization.
fn presents(message: &StoredMessage) -> Option<(RecordId, i64)> {
    let cleared = message.cleared()?;
    let change = cleared.change.as_ref()?;
    Some((change.authorization, cleared.presented_minor))
}

/// An increment raises an authorization that is pending.
pub(super) fn raise(
    course: &mut Course,
    message: &StoredMessage,
    of: RecordId,
) -> Result<(), AuditError> {
    let MessageBody::Authorization { decided, .. } = &message.body else {
        return Ok(());
    };
    let life = course.lives.get_mut(&of);
    let pending = life.filter(|life| life.standing.status == AuthorizationStatus::Pending);
    let (Some(life), Decision::Approved(approval)) = (pending, &decided.decision) else {
        let finding = format!(
            "record {} raises record {of}, which is not pending",
            message.id
        );
        return Err(AuditError::violation(
            Rule::Lives,
            finding,
            [of, message.id],
        ));
    };
    let part = approval.part(message.id);
    life.standing.raise(message.id, part, approval.expires);
    life.last = message.id;
    Ok(())
}

impl<S: BookStore> Audit<'_, '_, S> {
    /// Lets go of an authorization that no later record changes: it stands where its records left it, and is
    /// found when it is due.
    pub(super) fn settle(&mut self, course: &mut Course, id: RecordId) -> Result<(), AuditError> {
        let Some(life) = course.lives.get(&id) else {
            return Ok(());
        };
        if life.standing.reflects < life.stored.reflects {
            return Ok(());
        }
        if life.stored_presented != life.presented {
            let finding = format!(
                "the books have {} of record {id}, its records {}",
                told(life.stored_presented),
                told(life.presented)
            );
            return Err(AuditError::violation(Rule::Lives, finding, [id, life.last]));
        }
        if life.standing != life.stored {
            return Err(elsewhere(id, life));
        }
        let pending = life.stored.status == AuthorizationStatus::Pending;
        if let Some(due) = life.stored.expires.filter(|_| pending)
            && self.views.led_to(&Lead::Expiry(due, id))? != Some(id)
        {
            // It may have changed at this moment; then it is not pending there any more.
            let now = self.views.message(id)?;
            if now.as_ref().and_then(StoredMessage::standing) == Some(&life.stored) {
                let finding = format!("record {id} would not be found when it is due");
                return Err(AuditError::violation(Rule::Lives, finding, [id]));
            }
        }
        self.summary.authorizations = self.summary.authorizations.saturating_add(1);
        course.lives.remove(&id);
        Ok(())
    }
}

/// What was presented, undone and refunded.
fn told(presented: Presented) -> String {
    let Presented {
        in_force_minor,
        undone_minor,
        refunded_minor,
    } = presented;
    format!("{in_force_minor} presented, {undone_minor} undone and {refunded_minor} refunded")
}

/// An authorization does not stand where its records left it.
pub(super) fn elsewhere(id: RecordId, life: &Life) -> AuditError {
    let Life {
        standing,
        stored,
        last,
        ..
    } = life;
    let finding = format!(
        "the books have record {id} as {} with {} left, its records leave it {} with {}",
        stored.status.as_str(),
        stored.remaining_minor(),
        standing.status.as_str(),
        standing.remaining_minor()
    );
    AuditError::violation(Rule::Lives, finding, [id, *last])
}
