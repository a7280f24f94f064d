//! What a change may make of an authorization.
//!
//! Owns: which status follows which, that a change begins where the one before it ended, and that it moves and
//! counts the shares of what is left. Must never: ask how the change came about.

use crate::authorization::{AuthorizationStatus, Change, PartChange, Standing};

/// Whether a change can be made of an authorization as it stands; if not, why.
pub(crate) fn check_change(standing: &Standing, change: &Change) -> Result<(), String> {
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
        return Err("moves or counts other shares than what is left of each part".to_owned());
    }
    Ok(())
}

/// Whether two changes move each part by the same, and count the same.
fn same_moves(one: &Change, other: &Change) -> bool {
    // A part that does not move may name its accounts or not.
    let same = |(one, other): (&PartChange, &PartChange)| {
        let difference = one.moves.minus(&other.moves);
        difference.is_some_and(|difference| difference.is_none())
    };
    one.parts.len() == other.parts.len()
        && one.counts == other.counts
        && one.parts.iter().zip(&other.parts).all(same)
}
