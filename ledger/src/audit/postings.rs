//! The transactions.
//!
//! Owns: that what was decided is posted once, and that everything posted was decided. Must never: ask what an account
//! should have in all; that is [`super::cleared`]'s.

use super::entries::Side;
use super::walk::Walk;
use super::{Audit, AuditError, Rule, Step};
use crate::authorization::{Change, Clearing, Decision, PlannedPosting, TransactionPosted};
use crate::books::BookStore;
use crate::books::rows::{MessageBody, StoredMessage, Table};
use crate::identifiers::RecordId;

impl<S: BookStore> Audit<'_, '_, S> {
    /// The transactions that a message posted, as the books have them.
    pub(super) fn posted_by(
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
}
