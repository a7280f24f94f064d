//! How clearings change the rows that the views hold.
//!
//! Owns: what a clearing means to the authorization that it clears, and the rows by which the work list is found.
//! Must never: decide.

use super::rows::{Lead, MessageBody, StoredMessage};
use super::store::BookStore;
use super::view::{ViewError, ViewWriter, Views};
use crate::authorization::{
    Change, Cleared, ClearingDecided, ClearingResult, ClearingSettled, Lookup, MessageKey,
    Reference,
};
use crate::controls::Counting;
use crate::identifiers::{RecordId, Timestamp};

impl<S: BookStore> ViewWriter<S> {
    pub(super) fn show_clearing(
        &self,
        id: RecordId,
        time: Timestamp,
        decided: Box<ClearingDecided>,
    ) -> Result<(), ViewError> {
        let views = &self.views;
        views.move_accounts(id, &decided.moves, None)?;
        views.clear(id, decided.cleared(), decided.reference())?;
        let key = MessageKey::Clearing(decided.facts.key.clone());
        views.lead(Lookup::Key(key), id);
        // The books may already know that it was settled.
        let settled = views.message(id)?.and_then(|message| match message.body {
            MessageBody::Clearing { settled, .. } => settled,
            MessageBody::Authorization { .. }
            | MessageBody::Reversal { .. }
            | MessageBody::Dropped(_)
            | MessageBody::FileAction(_)
            | MessageBody::Operation { .. } => None,
        });
        if decided.result == ClearingResult::Held && settled.is_none() {
            views.waiting.insert(Lead::Item(id), Some(id));
        }
        let standing = decided
            .cleared()
            .and_then(|cleared| cleared.standing.clone());
        let body = MessageBody::Clearing {
            decided,
            standing,
            settled,
        };
        self.put(id, time, body)
    }
}

impl<S: BookStore> Views<S> {
    /// Takes a clearing out of the work list.
    pub(super) fn settle(&self, id: RecordId, settled: &ClearingSettled) -> Result<(), ViewError> {
        self.change(settled.item, |message| {
            if let MessageBody::Clearing { settled, .. } = &mut message.body {
                *settled = Some(id);
            }
            Ok(())
        })?;
        self.waiting.insert(Lead::Item(settled.item), None);
        self.clear(id, settled.cleared.as_ref(), settled.reference())
    }

    /// What a clearing makes of what it clears or undoes, and by what it is found.
    fn clear(
        &self,
        id: RecordId,
        cleared: Option<&Cleared>,
        reference: Option<Reference>,
    ) -> Result<(), ViewError> {
        if let Some(reference) = reference {
            self.lead(Lookup::Reference(reference), id);
        }
        let Some(cleared) = cleared else {
            return Ok(());
        };
        let (changed, reserved) = cleared.counts();
        self.count(id, Counting::Changed(&changed))?;
        self.count(id, Counting::Reserved(reserved))?;
        match &cleared.change {
            Some(change) => {
                if cleared.refunds() {
                    let refunded_minor = cleared.presented_minor.saturating_neg();
                    self.refund(id, change.authorization, refunded_minor)?;
                } else if cleared.presented_minor != 0 {
                    self.present(id, change, cleared.presented_minor)?;
                }
                self.take_change(id, change, cleared.left_minor(change))
            }
            None => Ok(()),
        }
    }

    /// Notes what is presented of an authorization: of the one that changes, or where a clearing is undone of the one
    /// that it cleared.
    fn present(
        &self,
        id: RecordId,
        change: &Change,
        presented_minor: i64,
    ) -> Result<(), ViewError> {
        let changed = self.message(change.authorization)?;
        let undone = changed
            .as_ref()
            .filter(|message| message.cleared().is_some());
        let refunds = |message: &StoredMessage| message.cleared().is_some_and(Cleared::refunds);
        let is_refund = undone.is_some_and(refunds);
        let undone = undone.and_then(StoredMessage::changed);
        if let Some(of) = undone.filter(|_| is_refund) {
            return self.refund(id, of, presented_minor.saturating_neg());
        }
        let mut refunded = None;
        self.change(undone.unwrap_or(change.authorization), |message| {
            refunded = message.refunded_by((0, presented_minor));
            let mut taken = message.presented;
            taken.take(presented_minor, change);
            if let Some(standing) = message.standing_mut()
                && standing.reflects < id
            {
                if undone.is_some() {
                    // Nothing else of it changes.
                    standing.reflects = id;
                }
                message.presented = taken;
            }
            Ok(())
        })?;
        // What is cleared anew was told with what it changes.
        self.refund_more(id, refunded.filter(|_| undone.is_some()))
    }
}
