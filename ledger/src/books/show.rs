//! How a record changes the rows that the views hold.
//!
//! Owns: what each kind of record means to accounts, cards, messages and what leads to them. The same
//! records in the same order give the same rows, also over rows that reflect some of them already. Must
//! never: decide.

use super::rows::{Lead, MessageBody, StoredMessage};
use super::store::{BookStore, StoreError};
use super::view::{ViewError, ViewWriter, Views};
use crate::authorization::{
    AccountMove, AuthorizationDecided, AuthorizationStatus, Change, Decision, FileActionDecided,
    HoldDropped, Lookup, Presented, Relation, ReversalDecided, ReversalResult, Standing,
};
use crate::controls::{ControlChange, Counting};
use crate::entities::{Account, CardFacts};
use crate::identifiers::{CardHash, RecordId, Timestamp};
use crate::operation::{Operation, OperationDone, OperationEffect};
use crate::record::Record;
use crate::state::{InvariantViolation, change_account, change_card, move_limits};
use crate::writer::ReplayError;

impl<S: BookStore> ViewWriter<S> {
    pub(super) fn show(
        &mut self,
        id: RecordId,
        time: Timestamp,
        record: Record,
    ) -> Result<(), ViewError> {
        self.dirty_rows = self.dirty_rows.saturating_add(1);
        let views = &self.views;
        match record {
            Record::CustomerCreated(customer) => {
                views.customers.put(customer.id, &customer)?;
            }
            Record::AccountOpened(account) => {
                // The books may already hold a later state of it.
                if views.account(account.id)?.is_none() {
                    let account = Account {
                        reflects: id,
                        ..*account
                    };
                    views.accounts.put(account.id, &account)?;
                }
            }
            Record::CardIssued(card) => {
                if views.card(&card.hash)?.is_none() {
                    views.cards.put(card.hash, &card)?;
                }
            }
            Record::AuthorizationDecided(decided) => self.show_authorization(id, time, decided)?,
            Record::ReversalDecided(decided) => self.show_reversal(id, time, decided)?,
            Record::HoldDropped(dropped) => self.show_drop(id, time, dropped)?,
            Record::FileActionDecided(decided) => self.show_file_action(id, time, decided)?,
            Record::OperationDone(done) => self.show_operation(id, time, done)?,
            Record::ClearingDecided(decided) => self.show_clearing(id, time, decided)?,
            Record::HistoryPurged(purged) => {
                // Each decision takes rows of its own with it.
                self.dirty_rows = self.dirty_rows.saturating_add(purged.messages.len());
                views.purge(&purged)?;
            }
            Record::ResponseAcknowledged(noted) => {
                views.change(noted.message, |message| {
                    if let MessageBody::Authorization { acknowledged, .. } = &mut message.body {
                        acknowledged.get_or_insert(time);
                    }
                    Ok(())
                })?;
            }
            Record::TransactionPosted(posted) => {
                views.transactions.put((posted.account, id), &posted)?;
            }
        }
        Ok(())
    }

    fn show_authorization(
        &self,
        id: RecordId,
        time: Timestamp,
        decided: Box<AuthorizationDecided>,
    ) -> Result<(), ViewError> {
        let views = &self.views;
        views.move_accounts(id, &decided.moves, None)?;
        match &decided.decision {
            Decision::Completed(change) => views.change_standing(id, change)?,
            Decision::Approved(approval) => {
                views.count(id, Counting::Reserved(&approval.reservations))?;
                match &approval.relation {
                    Relation::Alone => {}
                    Relation::Raises((_, original)) => views.change(*original, |message| {
                        let before = views.due_before(id, message)?;
                        if let Some(standing) = message.standing_mut() {
                            standing.raise(id, approval.part(id), approval.expires);
                        }
                        views.move_expiry(*original, before, message.standing());
                        Ok(())
                    })?,
                    Relation::Refunds(refund) => {
                        views.refund(id, refund.authorization, refund.minor)?;
                    }
                }
            }
            Decision::Declined(_) => {}
        }
        let standing = decided.standing(id);
        if decided.takes_match_key() {
            views.lead(Lookup::Key(decided.facts.key.into()), id);
        }
        if standing.is_some() {
            for reference in decided.references() {
                views.lead(Lookup::Reference(reference), id);
            }
        }
        let body = MessageBody::Authorization {
            decided,
            standing,
            acknowledged: None,
        };
        self.put(id, time, body)
    }

    fn show_reversal(
        &self,
        id: RecordId,
        time: Timestamp,
        decided: Box<ReversalDecided>,
    ) -> Result<(), ViewError> {
        let views = &self.views;
        views.move_accounts(id, &decided.moves, None)?;
        if let Some(change) = &decided.change {
            views.change_standing(id, change)?;
        }
        if decided.result == ReversalResult::Restored
            && let Some(original) = decided.original
        {
            views.change(original, |message| {
                if let MessageBody::Reversal { restored, .. } = &mut message.body {
                    *restored = true;
                }
                Ok(())
            })?;
        }
        if let Some(original) = decided.overtaken() {
            views.lead(Lookup::Key(original.into()), id);
        }
        if decided.takes_match_key() {
            views.lead(Lookup::Key(decided.facts.key.into()), id);
        }
        let body = MessageBody::Reversal {
            decided,
            restored: false,
        };
        self.put(id, time, body)
    }

    fn show_drop(
        &self,
        id: RecordId,
        time: Timestamp,
        dropped: Box<HoldDropped>,
    ) -> Result<(), ViewError> {
        let views = &self.views;
        views.move_accounts(id, &dropped.moves, None)?;
        views.change_standing(id, &dropped.change)?;
        let body = MessageBody::Dropped(dropped);
        self.put(id, time, body)
    }

    fn show_file_action(
        &self,
        id: RecordId,
        time: Timestamp,
        decided: Box<FileActionDecided>,
    ) -> Result<(), ViewError> {
        let views = &self.views;
        if let Some(status) = decided.status {
            views.change_card(&decided.facts.key.card, |card| card.status = status)?;
        }
        if decided.takes_match_key() {
            views.lead(Lookup::Key(decided.facts.key.into()), id);
        }
        let body = MessageBody::FileAction(decided);
        self.put(id, time, body)
    }

    fn show_operation(
        &self,
        id: RecordId,
        time: Timestamp,
        done: Box<OperationDone>,
    ) -> Result<(), ViewError> {
        let views = &self.views;
        views.move_accounts(id, &done.moves, Some(&done.effect))?;
        let standing = done.effect.standing().cloned();
        match &done.effect {
            OperationEffect::CardStatus { card, .. } | OperationEffect::CardModes { card, .. } => {
                views.change_card(card, |card| change_card(card, &done.effect))?;
            }
            OperationEffect::Canceled(change) => views.change_standing(id, change)?,
            OperationEffect::TransferSent(_) => {
                views.waiting.insert(Lead::Transfer(id), Some(id));
            }
            OperationEffect::TransferSettled(settled) => {
                if let Some((_, change)) = &settled.returned {
                    views.change_standing(id, change)?;
                }
            }
            OperationEffect::ClearingSettled(settled) => views.settle(id, settled)?,
            OperationEffect::LimitRefunded {
                authorization,
                paid,
                ..
            } => views.change(*authorization, |message| {
                if let Some(standing) = message.standing_mut() {
                    standing.refund(id, *paid);
                }
                Ok(())
            })?,
            OperationEffect::Moved
            | OperationEffect::Forced(_)
            | OperationEffect::Granted { .. }
            | OperationEffect::AccountStatus { .. }
            | OperationEffect::Holder(_)
            | OperationEffect::Control { .. }
            | OperationEffect::AvailableLimit { .. }
            | OperationEffect::TransferReceived(_)
            | OperationEffect::TransferRefused(_) => {}
            OperationEffect::PurgeOrdered => {
                if let Operation::PurgeHistory { before } = done.request.operation {
                    views.order_purge(before)?;
                }
            }
        }
        views.change_controls(id, &done)?;
        let key = done.request.key();
        views.lead(Lookup::Key(key), id);
        let settled = done.effect.settles();
        let body = MessageBody::Operation { done, standing };
        self.put(id, time, body)?;
        // A transfer is told to be open until it can be told how it was settled.
        if let Some(sent) = settled {
            views.waiting.insert(Lead::Transfer(sent), None);
        }
        Ok(())
    }

    /// Shows a message, unless the books hold a later state of it.
    pub(super) fn put(
        &self,
        id: RecordId,
        time: Timestamp,
        body: MessageBody,
    ) -> Result<(), ViewError> {
        let views = &self.views;
        let later = match id.sequence > self.held() {
            true => None,
            false => views.message(id)?,
        };
        let later = later.filter(|later| {
            let reflects = later.standing().map(|standing| standing.reflects);
            reflects.is_some_and(|reflects| reflects > id)
        });
        let message = later.unwrap_or(StoredMessage {
            id,
            time,
            presented: Presented::default(),
            body,
        });
        views.move_expiry(id, None, message.standing());
        Ok(views.messages.put(id, &message)?)
    }
}

impl<S: BookStore> Views<S> {
    pub(super) fn lead(&self, lookup: Lookup, id: RecordId) {
        self.matches.insert(Lead::Lookup(lookup), Some(id));
    }

    /// Changes a message that was decided before.
    pub(super) fn change(
        &self,
        id: RecordId,
        change: impl FnOnce(&mut StoredMessage) -> Result<(), ViewError>,
    ) -> Result<(), ViewError> {
        if let Some(mut message) = self.message(id)? {
            change(&mut message)?;
            self.messages.put(id, &message)?;
        }
        Ok(())
    }

    fn change_standing(&self, id: RecordId, change: &Change) -> Result<(), ViewError> {
        self.count(id, Counting::Changed(&change.counts))?;
        self.take_change(id, change, change.left_minor())
    }

    /// Makes a change of an authorization whose counts were counted. So much is left of it as after in place of before,
    /// together with what stands in its place: where it is a refund, its purchase follows.
    pub(super) fn take_change(
        &self,
        id: RecordId,
        change: &Change,
        left: (i64, i64),
    ) -> Result<(), ViewError> {
        let mut refunded = None;
        self.change(change.authorization, |message| {
            refunded = message.refunded_by(left);
            let before = message.standing().and_then(|standing| standing.expires);
            if let Some(standing) = message.standing_mut()
                && !standing.take(id, change)
            {
                return Err(ReplayError::from(InvariantViolation::of_standing(id)).into());
            }
            self.move_expiry(change.authorization, before, message.standing());
            Ok(())
        })?;
        self.refund_more(id, refunded)
    }

    /// When an authorization was due before this increment of it. A row that a cut-off checkpoint wrote may include the
    /// increment already; then the messages of the parts before it say so.
    fn due_before(
        &self,
        increment: RecordId,
        message: &StoredMessage,
    ) -> Result<Option<Timestamp>, ViewError> {
        let Some(standing) = message.standing() else {
            return Ok(None);
        };
        if standing.reflects < increment {
            return Ok(standing.expires);
        }
        let mut due = None;
        for part in standing.parts.iter().filter(|part| part.record < increment) {
            let message = self.message(part.record)?;
            due = due.max(message.as_ref().and_then(StoredMessage::expires));
        }
        Ok(due)
    }

    /// Keeps the row by which a pending authorization is found when its time has come.
    fn move_expiry(&self, id: RecordId, before: Option<Timestamp>, standing: Option<&Standing>) {
        let pending = standing.filter(|standing| standing.status == AuthorizationStatus::Pending);
        let after = pending.and_then(|standing| standing.expires);
        if let Some(before) = before.filter(|before| Some(*before) != after) {
            self.matches.insert(Lead::Expiry(before, id), None);
        }
        if let Some(after) = after {
            self.matches.insert(Lead::Expiry(after, id), Some(id));
        }
    }

    /// Does what a record does to accumulators.
    pub(super) fn count(&self, id: RecordId, counting: Counting<'_>) -> Result<(), StoreError> {
        counting.each(id, |key, after| {
            if let Some(after) = after(self.accumulator(&key)?) {
                self.accumulators.insert(key, after);
            }
            Ok(())
        })
    }

    fn change_controls(&self, id: RecordId, done: &OperationDone) -> Result<(), StoreError> {
        match done.control_change() {
            Some(ControlChange::Put(target, control, document)) => {
                let document = Some(document.clone());
                self.controls.insert((target, control), document);
            }
            Some(ControlChange::TakenAway(target, control)) => {
                self.controls.insert((target, control), None);
            }
            Some(ControlChange::Counted(counting)) => self.count(id, counting)?,
            None => {}
        }
        Ok(())
    }

    fn change_card(
        &self,
        card: &CardHash,
        change: impl FnOnce(&mut CardFacts),
    ) -> Result<(), StoreError> {
        if let Some(mut card) = self.card(card)? {
            change(&mut card.facts);
            self.cards.put(card.hash, &card)?;
        }
        Ok(())
    }

    pub(super) fn move_accounts(
        &self,
        id: RecordId,
        moves: &[AccountMove],
        effect: Option<&OperationEffect>,
    ) -> Result<(), ViewError> {
        for moved in moves {
            let Some(mut account) = self.account(moved.account)? else {
                continue;
            };
            if let Some(effect) = effect {
                change_account(&mut account, id, effect);
            }
            if move_limits(&mut account, id, moved).map_err(ReplayError::from)? {
                self.accounts.put(account.id, &account)?;
            }
        }
        Ok(())
    }
}
