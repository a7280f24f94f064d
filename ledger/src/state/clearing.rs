//! What a clearing makes of the state.
//!
//! Owns: the moves of a clearing, what it takes from the authorization that it clears, and the work list in
//! memory. Must never: apply one twice.

use super::{InvariantViolation, State};
use crate::authorization::{Change, Cleared, ClearingDecided, ClearingSettled, MessageKey};
use crate::controls::Counting;
use crate::identifiers::{RecordId, Timestamp};
use crate::recent::{Link, Recent, Remembered};

impl State {
    pub(super) fn apply_clearing(
        &mut self,
        id: RecordId,
        time: Timestamp,
        decided: &ClearingDecided,
    ) -> Result<(), InvariantViolation> {
        self.move_accounts(id, &decided.moves)?;
        if let Some(cleared) = decided.cleared() {
            self.clear(id, cleared)?;
        }
        let key = MessageKey::Clearing(decided.facts.key.clone());
        self.remember(key, Remembered::clearing((id, time), decided), time);
        Ok(())
    }

    /// Takes a clearing out of the work list.
    pub(super) fn settle(
        &mut self,
        id: RecordId,
        settled: &ClearingSettled,
    ) -> Result<(), InvariantViolation> {
        let key = MessageKey::Clearing(settled.facts.key.clone());
        if let Some(Recent::Message(item)) = self.recent.get_mut(&key) {
            item.touched = item.touched.max(id);
            item.settle(Some(id));
        }
        match &settled.cleared {
            Some(cleared) => self.clear(id, cleared),
            None => Ok(()),
        }
    }

    /// What a clearing makes of what it clears or undoes.
    fn clear(&mut self, id: RecordId, cleared: &Cleared) -> Result<(), InvariantViolation> {
        let (changed, reserved) = cleared.counts();
        self.controls.count(id, Counting::Changed(&changed));
        self.controls.count(id, Counting::Reserved(reserved));
        let Some(change) = &cleared.change else {
            return Ok(());
        };
        let name = (&change.key, change.authorization);
        self.refunded_by(id, name, cleared.left_minor(change));
        if cleared.refunds() {
            self.refund(id, name, cleared.presented_minor.saturating_neg());
        } else if cleared.presented_minor != 0 {
            self.present(id, change, cleared.presented_minor);
        }
        self.change_standing(id, change)
    }

    /// Notes what is presented of an authorization: of the one that changes, or where a clearing is undone of the one
    /// that it cleared.
    fn present(&mut self, id: RecordId, change: &Change, presented_minor: i64) {
        let name = (&change.key, change.authorization);
        let message = self.recent.message(name.0, name.1);
        let undone = match message.and_then(|message| message.link.as_ref()) {
            Some(Link::Clearing(clearing)) => {
                let is_refund = clearing.presented_minor < 0;
                clearing.changed.clone().map(|of| (of, is_refund))
            }
            Some(_) | None => None,
        };
        let of = match &undone {
            Some(((of, authorization), true)) => {
                let less_minor = presented_minor.saturating_neg();
                return self.refund(id, (of, *authorization), less_minor);
            }
            Some(((of, authorization), false)) => {
                self.refunded_by(id, (of, *authorization), (0, presented_minor));
                (of, *authorization)
            }
            None => name,
        };
        let Some(message) = self.recent.message_mut(of.0, of.1) else {
            return;
        };
        let Some(standing) = message.standing.as_mut() else {
            return;
        };
        if standing.reflects >= id {
            return;
        }
        message.presented.take(presented_minor, change);
        if undone.is_some() {
            // Nothing else of it changes.
            standing.reflects = id;
            message.touched = message.touched.max(id);
        }
    }
}
