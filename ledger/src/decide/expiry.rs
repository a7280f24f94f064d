//! Letting go of holds that nothing cleared in time.
//!
//! Owns: whether the time of a pending authorization has come. Driven by the time of the batch, like
//! everything else, so that a replay drops the same holds. Must never: drop what was cleared or undone.

use super::Context;
use crate::authorization::{AuthorizationStatus, HoldDropped, MessageKey};
use crate::command::Outcome;
use crate::recent::{Recent, Remembered};
use crate::record::Record;

pub(super) fn decide(context: Context<'_>, key: MessageKey) -> (Vec<Record>, Outcome) {
    let dropped = match context.state.recent(&key) {
        Some(Recent::Message(message)) => dropped(context, key, message),
        Some(Recent::ReversedBeforeArrival(_)) | None => None,
    };
    match dropped {
        Some(dropped) => (
            vec![Record::HoldDropped(Box::new(dropped))],
            Outcome::Dropped(true),
        ),
        None => (Vec::new(), Outcome::Dropped(false)),
    }
}

fn dropped(context: Context<'_>, key: MessageKey, message: &Remembered) -> Option<HoldDropped> {
    let standing = message.standing.as_ref()?;
    let expired = standing.expires.filter(|time| *time <= context.now)?;
    if standing.status != AuthorizationStatus::Pending {
        return None;
    }
    let nothing = standing.distribute(0);
    let status = AuthorizationStatus::Dropped;
    let change = standing.change((key, message.id), &nothing, status)?;
    let (moves, pending) = (change.moves()?, standing.pending(&change)?);
    Some(HoldDropped {
        account: standing.account,
        expired,
        moves: context.account_moves(Some(standing.account), &moves, &pending)?,
        change,
    })
}
