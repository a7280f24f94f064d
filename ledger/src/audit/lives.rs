//! The life of an authorization, followed through the records of its account.
//!
//! Owns: which step follows which, and that each begins where the one before it ended. Must never: take a
//! step that the records do not have.

use super::accounts::Course;
use super::{AuditError, Rule};
use crate::authorization::{AuthorizationStatus, Change, Decision, PartChange, Standing};
use crate::books::rows::{MessageBody, StoredMessage};
use crate::identifiers::RecordId;

/// An authorization on its way.
pub(super) struct Life {
    pub(super) standing: Standing,
    /// Where the books say it stands.
    pub(super) stored: Standing,
    pub(super) last: RecordId,
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
        last: message.id,
    };
    course.lives.insert(message.id, life);
    Ok(())
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

/// Whether a change can be made of an authorization as it stands; if not, why.
pub(super) fn check_change(standing: &Standing, change: &Change) -> Result<(), String> {
    use AuthorizationStatus::{Canceled, Declined, Dropped, Pending, Processed};
    let before = change.parts.iter().map(|part| part.before_minor);
    let stands = standing.parts.iter().map(|part| part.remaining_minor);
    if change.status_before != standing.status || !before.eq(stands) {
        return Err(format!(
            "finds the authorization {}; the record before it left it {}, or with other amounts",
            change.status_before.as_str(),
            standing.status.as_str()
        ));
    }
    let allowed = match (standing.status, change.status) {
        (Declined, _) | (_, Declined) => false,
        // A hold is let go once, and only while it is one.
        (Processed | Canceled | Dropped, Dropped) => false,
        (Processed, Pending) | (Canceled, Canceled) => false,
        (Pending | Processed | Canceled | Dropped, _) => true,
    };
    if !allowed {
        let (from, to) = (standing.status.as_str(), change.status.as_str());
        return Err(format!("takes the authorization from {from} to {to}"));
    }
    let after: Vec<i64> = change.parts.iter().map(|part| part.after_minor).collect();
    if after.iter().any(|left| *left < 0) {
        return Err("leaves less than nothing".to_owned());
    }
    let name = (change.key.clone(), change.authorization);
    let computed = standing.change(name, &after, change.status);
    if !computed.is_some_and(|computed| same_moves(&computed, change)) {
        return Err("moves other shares than what is left of each part".to_owned());
    }
    Ok(())
}

/// Whether two changes move each part by the same.
fn same_moves(one: &Change, other: &Change) -> bool {
    // A part that does not move may name its accounts or not.
    let same = |(one, other): (&PartChange, &PartChange)| {
        let difference = one.moves.minus(&other.moves);
        difference.is_some_and(|difference| difference.is_none())
    };
    one.parts.len() == other.parts.len() && one.parts.iter().zip(&other.parts).all(same)
}
