//! Every message in the order of its record.
//!
//! Owns: that the books have the records of the journal, that keys lead to their messages, and that accounts
//! are linked record by record. Must never: follow an authorization; that is [`super::accounts`]'s.

use std::collections::BTreeMap;

use rules::AccountId;

use super::cards::Cards;
use super::counts::Counts;
use super::journal::Held;
use super::walk::Walk;
use super::{Audit, AuditError, Rule, Step, transfers};
use crate::authorization::Lookup;
use crate::books::BookStore;
use crate::books::rows::{Lead, MessageBody, StoredMessage, Table};
use crate::identifiers::RecordId;
use crate::journal::disk::Disk;
use crate::purge::Purged;
use crate::record::Record;

impl<S: BookStore> Audit<'_, '_, S> {
    /// Every message, beside the journal as far as it is held.
    pub(super) fn messages<D: Disk + Clone>(
        &mut self,
        mut held: Option<Held<D>>,
    ) -> Result<(Cards, Counts), AuditError> {
        let (mut cards, mut counts) = (Cards::default(), Counts::default());
        let (mut latest, mut transfers) = (BTreeMap::new(), transfers::Open::new());
        let mut walk = Walk::of(Table::Messages);
        while let Some((key, row)) = walk.next(self, Step::Messages)? {
            let Some(message) = self.message_of(&key, row.as_deref())? else {
                continue;
            };
            self.summary.messages = self.summary.messages.saturating_add(1);
            if let Some(held) = &mut held {
                self.compare_until(held, Some(&message), &mut cards)?;
            }
            self.check_key(&message)?;
            link(&mut latest, &message, &self.purged)?;
            cards.take(&message)?;
            counts.take(&message);
            self.transfer(&mut transfers, &message)?;
            let posted = self.posted_by(&message)?;
            self.witness(message.id, message.time, &record_of(&message))?;
            for (id, posted) in posted {
                self.witness(id, message.time, &Record::TransactionPosted(posted))?;
            }
        }
        if let Some(mut held) = held {
            self.compare_until(&mut held, None, &mut cards)?;
            self.summary.journal_from_sequence = held.from();
            self.summary.journal_records = held.compared();
        }
        self.check_ends(&latest)?;
        self.in_flight(&transfers)?;
        Ok((cards, counts))
    }

    /// The key of a message leads to it, and to no other of the same key.
    fn check_key(&mut self, message: &StoredMessage) -> Result<(), AuditError> {
        let Some(key) = message.key() else {
            return Ok(());
        };
        if let MessageBody::Clearing { .. } = &message.body {
            self.check_item(message)?;
        }
        self.row(Step::Messages)?;
        let found = self.views.led_to(&Lead::Lookup(Lookup::Key(key)))?;
        if found == Some(message.id) {
            return Ok(());
        }
        let finding = match found {
            Some(other) => format!("the key of record {} leads to record {other}", message.id),
            None => format!("the key of record {} leads nowhere", message.id),
        };
        let records = std::iter::once(message.id).chain(found);
        Err(AuditError::violation(Rule::Keys, finding, records))
    }

    /// What waits in the work list is found there, and nothing else.
    fn check_item(&mut self, message: &StoredMessage) -> Result<(), AuditError> {
        self.row(Step::Messages)?;
        let listed = self.views.led_to(&Lead::Item(message.id))?;
        // It may have been settled at this moment.
        let now = self.views.message(message.id)?;
        let waits = now.is_some_and(|now| now.item().is_some());
        if listed.is_some() == message.item().is_some() || listed.is_some() == waits {
            return Ok(());
        }
        let finding = match listed {
            Some(_) => "a clearing that was settled is in the work list",
            None => "a clearing that waits is not in the work list",
        };
        Err(AuditError::violation(Rule::Keys, finding, [message.id]))
    }

    /// The newest record of each account is the last that was found for it.
    fn check_ends(&mut self, latest: &BTreeMap<AccountId, RecordId>) -> Result<(), AuditError> {
        for (account, last) in latest {
            self.row(Step::Messages)?;
            let known = self.views.account(*account)?;
            let reaches = known.and_then(|account| account.latest);
            if reaches.is_none_or(|latest| latest < *last) {
                let finding = format!("account {account} does not lead to record {last}");
                return Err(AuditError::violation(Rule::Chain, finding, [*last]));
            }
        }
        Ok(())
    }
}

/// A record follows the one before it on each account that it is about.
fn link(
    latest: &mut BTreeMap<AccountId, RecordId>,
    message: &StoredMessage,
    purged: &Purged,
) -> Result<(), AuditError> {
    for moved in message.moves() {
        let before = latest.insert(moved.account, message.id);
        let previous = moved.previous.filter(|id| !purged.includes(*id));
        if before != previous {
            let name = |id: Option<RecordId>| match id {
                Some(id) => format!("record {id}"),
                None => "none".to_owned(),
            };
            let finding = format!(
                "record {} of account {} follows {}; the one before it is {}",
                message.id,
                moved.account,
                name(moved.previous),
                name(before)
            );
            let records = std::iter::once(message.id).chain(before);
            return Err(AuditError::violation(Rule::Chain, finding, records));
        }
    }
    Ok(())
}

/// The record that a message was decided by.
pub(super) fn record_of(message: &StoredMessage) -> Record {
    match &message.body {
        MessageBody::Authorization { decided, .. } => Record::AuthorizationDecided(decided.clone()),
        MessageBody::Reversal { decided, .. } => Record::ReversalDecided(decided.clone()),
        MessageBody::Dropped(dropped) => Record::HoldDropped(dropped.clone()),
        MessageBody::FileAction(decided) => Record::FileActionDecided(decided.clone()),
        MessageBody::Operation { done, .. } => Record::OperationDone(done.clone()),
        MessageBody::Clearing { decided, .. } => Record::ClearingDecided(decided.clone()),
    }
}
