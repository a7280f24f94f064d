//! The journal beside the books.
//!
//! Owns: reading the batches that are still held, and that each record is in the books as it was decided.
//! Messages are met in the order of their records on both sides, so one that is missing on either is noticed
//! where it is missing. Must never: read past the last batch of the audit.

use std::collections::VecDeque;

use super::cards::Cards;
use super::messages::record_of;
use super::{Audit, AuditError, Rule, Step};
use crate::books::BookStore;
use crate::books::rows::{MessageBody, StoredMessage};
use crate::identifiers::{RecordId, ShardId, Timestamp};
use crate::journal::cursor::{Cursor, CursorError, oldest_held};
use crate::journal::disk::Disk;
use crate::record::{Record, records_of};

/// The part of the journal that is held, and how far it was read.
pub(super) struct Held<D: Disk> {
    disk: D,
    shard: ShardId,
    cursor: Cursor<D>,
    last: u64,
    from: u64,
    compared: u64,
    read: VecDeque<(RecordId, Timestamp, Record)>,
}

impl<D: Disk + Clone> Held<D> {
    pub(super) fn open(disk: D, shard: ShardId, last: u64) -> Result<Self, AuditError> {
        let mut held = Self {
            cursor: Cursor::after(disk.clone(), last),
            disk,
            shard,
            last,
            from: 0,
            compared: 0,
            read: VecDeque::new(),
        };
        held.begin()?;
        Ok(held)
    }

    /// Stands at the oldest batch that is held.
    fn begin(&mut self) -> Result<(), AuditError> {
        let oldest = oldest_held(&self.disk).map_err(CursorError::from)?;
        if let Some(oldest) = oldest {
            self.cursor = Cursor::after(self.disk.clone(), oldest.saturating_sub(1));
            self.from = oldest;
        }
        Ok(())
    }

    /// The first batch that is compared; 0 for none.
    pub(super) fn from(&self) -> u64 {
        self.from
    }

    pub(super) fn compared(&self) -> u64 {
        self.compared
    }

    /// The next record, without taking it.
    fn peek(&mut self) -> Result<Option<&(RecordId, Timestamp, Record)>, AuditError> {
        while self.read.is_empty() {
            match self.cursor.next(self.last) {
                Ok(Some(batch)) => {
                    for record in records_of(self.shard, &batch) {
                        let (id, record) = record?;
                        self.read.push_back((id, batch.time, record));
                    }
                }
                Ok(None) => break,
                // Retention took it away meanwhile: what is left is compared.
                Err(CursorError::Gone { .. }) => self.begin()?,
                Err(error) => return Err(error.into()),
            }
        }
        Ok(self.read.front())
    }
}

impl<S: BookStore> Audit<'_, '_, S> {
    /// Compares the records of the journal up to that of a message, that one included, or all the rest.
    pub(super) fn compare_until<D: Disk + Clone>(
        &mut self,
        held: &mut Held<D>,
        message: Option<&StoredMessage>,
        cards: &mut Cards,
    ) -> Result<(), AuditError> {
        if message.is_some_and(|message| message.id.sequence < held.from) {
            return Ok(());
        }
        loop {
            let before = held.from;
            let next = held.peek()?.map(|(id, _, _)| *id);
            if held.from != before {
                // The journal goes on further up than this message.
                return self.compare_until(held, message, cards);
            }
            let reached = message.is_some_and(|message| next.is_none_or(|next| next > message.id));
            if let Some(message) = message.filter(|_| reached) {
                let finding = format!("the journal does not hold record {}", message.id);
                return Err(AuditError::violation(Rule::Journal, finding, [message.id]));
            }
            let Some((id, time, record)) = held.read.pop_front() else {
                return Ok(());
            };
            self.row(Step::Messages)?;
            held.compared = held.compared.saturating_add(1);
            if let Some(message) = message.filter(|message| message.id == id) {
                return same(message, time, &record);
            }
            self.compare(id, time, &record, cards)?;
        }
    }

    /// Compares a record of the journal with what the books have of it; a message should have been met.
    fn compare(
        &mut self,
        id: RecordId,
        time: Timestamp,
        record: &Record,
        cards: &mut Cards,
    ) -> Result<(), AuditError> {
        let good = match record {
            Record::CustomerCreated(_) | Record::AccountOpened(_) => {
                return self.check_entity(id, record);
            }
            Record::HistoryPurged(_) => true,
            Record::CardIssued(_)
            | Record::TransactionPosted(_)
            | Record::AuthorizationDecided(_)
            | Record::ReversalDecided(_)
            | Record::HoldDropped(_)
            | Record::FileActionDecided(_)
            | Record::OperationDone(_)
            | Record::ClearingDecided(_)
                if self.purged.includes(id) =>
            {
                true
            }
            Record::CardIssued(card) => {
                cards.issued.insert(card.hash, (id, card.facts));
                true
            }
            Record::ResponseAcknowledged(noted) => {
                self.witness(id, time, record)?;
                let message = self.views.message(noted.message)?;
                self.purged.includes(noted.message)
                    || message.is_some_and(|message| match message.body {
                        MessageBody::Authorization { acknowledged, .. } => {
                            acknowledged.is_some_and(|at| at <= time)
                        }
                        MessageBody::Reversal { .. }
                        | MessageBody::Dropped(_)
                        | MessageBody::FileAction(_)
                        | MessageBody::Operation { .. }
                        | MessageBody::Clearing { .. } => true,
                    })
            }
            Record::TransactionPosted(posted) => {
                self.views.transaction(posted.account, id)?.as_ref() == Some(posted)
            }
            Record::AuthorizationDecided(_)
            | Record::ReversalDecided(_)
            | Record::HoldDropped(_)
            | Record::FileActionDecided(_)
            | Record::OperationDone(_)
            | Record::ClearingDecided(_) => false,
        };
        if good {
            return Ok(());
        }
        let finding = format!("the books do not hold record {id} of the journal");
        Err(AuditError::violation(Rule::Journal, finding, [id]))
    }

    /// Whether an account or a customer is the one that the journal opened.
    fn check_entity(&mut self, id: RecordId, record: &Record) -> Result<(), AuditError> {
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
                self.views.customer(created.id)?.as_ref() == Some(created)
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

/// Whether a message is what its record decided.
fn same(message: &StoredMessage, time: Timestamp, record: &Record) -> Result<(), AuditError> {
    if message.time == time && record_of(message) == *record {
        return Ok(());
    }
    let finding = format!(
        "the books hold another record {} than the journal",
        message.id
    );
    Err(AuditError::violation(Rule::Journal, finding, [message.id]))
}
