//! Every message in the order of its record, every transaction, and the cards that changed.
//!
//! Owns: that the books have the records of the journal, that keys lead to their messages, that accounts
//! are linked record by record, that what was decided is posted once, and that cards have the status they
//! were last given. Must never: follow an authorization; that is [`super::accounts`]'s.

use std::collections::BTreeMap;

use rules::AccountId;

use super::counts::Counts;
use super::entries::Side;
use super::journal::Held;
use super::walk::Walk;
use super::{Audit, AuditError, Rule, Step, transfers};
use crate::authorization::{Change, Clearing, Decision, Lookup, PlannedPosting, TransactionPosted};
use crate::books::BookStore;
use crate::books::rows::{Lead, MessageBody, StoredMessage, Table};
use crate::entities::{CardFacts, CardStatus, SuspendedModes};
use crate::identifiers::{CardHash, CustomerId, RecordId};
use crate::journal::disk::Disk;
use crate::operation::OperationEffect;
use crate::purge::Purged;
use crate::record::Record;

/// What the messages made of cards, and the cards that the journal issued.
#[derive(Default)]
pub(super) struct Cards {
    changed: BTreeMap<CardHash, Changed>,
    pub(super) issued: BTreeMap<CardHash, (RecordId, CardFacts)>,
    /// Key of the last message looked at.
    seen: Option<Vec<u8>>,
}

/// What became of a card.
#[derive(Default)]
struct Changed {
    last: RecordId,
    status: Option<CardStatus>,
    suspended: Option<SuspendedModes>,
}

impl Cards {
    /// Takes in what a message did to a card; each change begins where the one before it ended.
    fn take(&mut self, message: &StoredMessage) -> Result<(), AuditError> {
        self.seen = Some(message.id.to_key().to_vec());
        let (card, before, status, suspended) = match &message.body {
            MessageBody::FileAction(decided) => {
                let Some(status) = decided.status else {
                    return Ok(());
                };
                let card = decided.facts.key.card;
                (card, decided.status_before, Some(status), None)
            }
            MessageBody::Operation { done, .. } => match &done.effect {
                OperationEffect::CardStatus {
                    card,
                    before,
                    status,
                } => (*card, Some(*before), Some(*status), None),
                OperationEffect::CardModes {
                    card, suspended, ..
                } => (*card, None, None, Some(*suspended)),
                OperationEffect::Moved
                | OperationEffect::Forced(_)
                | OperationEffect::Canceled(_)
                | OperationEffect::Granted { .. }
                | OperationEffect::AccountStatus { .. }
                | OperationEffect::Holder(_)
                | OperationEffect::Control { .. }
                | OperationEffect::AvailableLimit { .. }
                | OperationEffect::ClearingSettled(_)
                | OperationEffect::LimitRefunded { .. }
                | OperationEffect::TransferSent(_)
                | OperationEffect::TransferReceived(_)
                | OperationEffect::TransferRefused(_)
                | OperationEffect::TransferSettled(_)
                | OperationEffect::PurgeOrdered => return Ok(()),
            },
            MessageBody::Authorization { .. }
            | MessageBody::Reversal { .. }
            | MessageBody::Dropped(_)
            | MessageBody::Clearing { .. } => return Ok(()),
        };
        let changed = self.changed.entry(card).or_default();
        if let (Some(known), Some(before)) = (changed.status, before)
            && known != before
        {
            let finding = format!("the card was {known:?}, the next change found it {before:?}");
            let records = [changed.last, message.id];
            return Err(AuditError::violation(Rule::Statuses, finding, records));
        }
        changed.last = message.id;
        changed.status = status.or(changed.status);
        changed.suspended = suspended.or(changed.suspended);
        Ok(())
    }
}

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

    /// The transactions that a message posted, as the books have them.
    fn posted_by(
        &mut self,
        message: &StoredMessage,
    ) -> Result<Vec<(RecordId, TransactionPosted)>, AuditError> {
        let Some(planned) = self.postings_of(message)? else {
            return Ok(self.views.posted_by(message)?);
        };
        let mut posted = Vec::with_capacity(planned.len());
        for (number, planned) in (1_u32..).zip(&planned) {
            self.row(Step::Messages)?;
            let id = RecordId {
                index: message.id.index.saturating_add(number),
                ..message.id
            };
            let found = self.views.transaction(planned.account, id)?;
            let good = found.as_ref().filter(|found| {
                found.posting == planned.posting
                    && found.reversal.unwrap_or(found.authorization) == message.id
            });
            let Some(good) = good else {
                let finding = format!(
                    "record {} posts {:?} on account {}; the books have {found:?} as record {id}",
                    message.id, planned.posting, planned.account
                );
                return Err(AuditError::violation(Rule::Postings, finding, [message.id]));
            };
            posted.push((id, good.clone()));
        }
        Ok(posted)
    }

    /// What a message posts; `None` where only an authorization that was purged would say.
    fn postings_of(
        &mut self,
        message: &StoredMessage,
    ) -> Result<Option<Vec<PlannedPosting>>, AuditError> {
        let change: &Change = match &message.body {
            MessageBody::Authorization { decided, .. } => match &decided.decision {
                Decision::Approved(approval) if decided.facts.clearing == Clearing::Online => {
                    return Ok(Some(approval.postings.clone()));
                }
                Decision::Completed(change) => change,
                Decision::Approved(_) | Decision::Declined(_) => return Ok(Some(Vec::new())),
            },
            MessageBody::Reversal { decided, .. } => match &decided.change {
                Some(change) => change,
                None => return Ok(Some(Vec::new())),
            },
            MessageBody::Clearing { decided, .. } => {
                let Some(cleared) = decided.cleared() else {
                    return Ok(Some(Vec::new()));
                };
                match (&cleared.standing, &cleared.change) {
                    (Some(standing), _) => {
                        let parts = standing.parts.iter();
                        let postings = parts.flat_map(|part| part.postings.clone());
                        return Ok(Some(postings.collect()));
                    }
                    (None, Some(change)) => change,
                    (None, None) => return Ok(Some(Vec::new())),
                }
            }
            MessageBody::Operation { done, .. } => return Ok(Some(done.postings.clone())),
            MessageBody::Dropped(_) | MessageBody::FileAction(_) => return Ok(Some(Vec::new())),
        };
        if self.purged.includes(change.authorization) {
            return Ok(None);
        }
        self.row(Step::Messages)?;
        let authorization = self.views.message(change.authorization)?;
        let standing = authorization.as_ref().and_then(StoredMessage::standing);
        let Some(standing) = standing else {
            let finding = format!(
                "record {} changes record {}, which is no authorization of the books",
                message.id, change.authorization
            );
            return Err(AuditError::violation(Rule::Lives, finding, [message.id]));
        };
        Ok(Some(standing.postings(change)))
    }

    /// Every transaction was posted by a message of the books.
    pub(super) fn transactions(&mut self) -> Result<(), AuditError> {
        let mut walk = Walk::of(Table::Transactions);
        while let Some((key, row)) = walk.next(self, Step::Transactions)? {
            let Some((id, posted)) = self.transaction_of(&key, row.as_deref())? else {
                continue;
            };
            self.summary.transactions = self.summary.transactions.saturating_add(1);
            let cause = posted.reversal.unwrap_or(posted.authorization);
            let message = self.views.message(cause)?;
            if let Some(message) = &message {
                self.ledger.posted(Side::of(message), id, &posted);
            }
            let planned = match &message {
                Some(message) => self.postings_of(message)?,
                None => Some(Vec::new()),
            };
            let Some(planned) = planned else { continue };
            let number = id
                .index
                .checked_sub(cause.index)
                .filter(|_| cause.sequence == id.sequence);
            let place = number.and_then(|number| usize::try_from(number.checked_sub(1)?).ok());
            let planned = place.and_then(|place| planned.get(place));
            if planned.is_none_or(|planned| planned.posting != posted.posting) {
                let finding = format!(
                    "transaction {id} of account {} was not decided",
                    posted.account
                );
                return Err(AuditError::violation(Rule::Postings, finding, [cause]));
            }
        }
        Ok(())
    }

    /// Every card that changed is what its last change made of it.
    pub(super) fn cards(&mut self, mut cards: Cards) -> Result<(), AuditError> {
        self.summary.cards_changed = u64::try_from(cards.changed.len()).unwrap_or(u64::MAX);
        loop {
            let Err(error) = self.check_cards(&cards) else {
                return Ok(());
            };
            // It may have changed since its messages were read.
            let mut walk = Walk::behind(Table::Messages, cards.seen.clone());
            let mut news = false;
            while let Some((key, _)) = walk.next(self, Step::Cards)? {
                let id = RecordId::from_key(&key);
                let message = id.map_or(Ok(None), |id| self.views.message(id))?;
                if let Some(message) = message {
                    news |= cards.seen.as_deref() < Some(key.as_slice());
                    cards.take(&message)?;
                }
            }
            if !news {
                return Err(error);
            }
        }
    }

    fn check_cards(&mut self, cards: &Cards) -> Result<(), AuditError> {
        for (hash, changed) in &cards.changed {
            self.row(Step::Cards)?;
            let card = self.views.card(hash)?.map(|card| card.facts);
            let good = card.is_some_and(|card| {
                changed.status.is_none_or(|status| card.status == status)
                    && changed
                        .suspended
                        .is_none_or(|suspended| card.suspended == suspended)
            });
            if !good {
                let finding = format!("card {hash} is not what its last change made of it");
                return Err(AuditError::violation(
                    Rule::Statuses,
                    finding,
                    [changed.last],
                ));
            }
        }
        for (hash, (id, issued)) in &cards.issued {
            self.row(Step::Cards)?;
            let changed = cards.changed.get(hash);
            let status = changed.and_then(|changed| changed.status);
            let suspended = changed.and_then(|changed| changed.suspended);
            let expected = CardFacts {
                status: status.unwrap_or(issued.status),
                suspended: suspended.unwrap_or(issued.suspended),
                ..*issued
            };
            if self.views.card(hash)?.map(|card| card.facts) != Some(expected) {
                let finding = format!("card {hash} is not the one that was issued");
                return Err(AuditError::violation(Rule::Journal, finding, [*id]));
            }
        }
        Ok(())
    }

    /// Whether an account or a customer is the one that the journal opened.
    pub(super) fn check_entity(&mut self, id: RecordId, record: &Record) -> Result<(), AuditError> {
        let good = match record {
            Record::AccountOpened(opened) => self.views.account(opened.id)?.is_some_and(|found| {
                found.program == opened.program
                    && found.owner == opened.owner
                    && found.parent == opened.parent
                    && found.group == opened.group
                    && found.currency == opened.currency
                    && (found.opening.is_none()
                        || found.opening == opened.opening
                        || self.purged.messages > 0)
                    && found.holders.starts_with(&opened.holders)
            }),
            Record::CustomerCreated(created) => {
                let customer: CustomerId = created.id;
                self.views.customer(customer)?.as_ref() == Some(created)
            }
            Record::CardIssued(_)
            | Record::AuthorizationDecided(_)
            | Record::ReversalDecided(_)
            | Record::HoldDropped(_)
            | Record::ResponseAcknowledged(_)
            | Record::FileActionDecided(_)
            | Record::TransactionPosted(_)
            | Record::OperationDone(_)
            | Record::ClearingDecided(_)
            | Record::HistoryPurged(_) => true,
        };
        if good {
            return Ok(());
        }
        let finding = format!("the books do not hold what record {id} of the journal created");
        Err(AuditError::violation(Rule::Journal, finding, [id]))
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
