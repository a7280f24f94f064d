//! The history of an account: what was decided on it, and what that posted.
//!
//! Owns: pages of it, the newest first, by the chain of its records, so that a page costs the same after a day
//! and after years. Must never: look through other accounts' records.

use rules::AccountId;

use super::rows::StoredMessage;
use super::store::{BookStore, StoreError};
use super::view::Views;
use crate::authorization::TransactionPosted;
use crate::identifiers::RecordId;

/// A decision on an account, with what it posted on any account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The decision.
    pub message: StoredMessage,
    /// The transactions, in the order of their records.
    pub transactions: Vec<(RecordId, TransactionPosted)>,
}

impl<S: BookStore> Views<S> {
    /// The newest decisions on an account, at most `limit`, the newest first; those before `cursor`, where it
    /// is given: the last decision of the page before.
    ///
    /// # Errors
    /// [`StoreError`] when the store fails.
    pub fn history(
        &self,
        account: AccountId,
        cursor: Option<RecordId>,
        limit: usize,
    ) -> Result<Vec<Entry>, StoreError> {
        let messages = self.messages_of(account, cursor, limit)?.into_iter();
        let entry = |message| {
            Ok(Entry {
                transactions: self.posted_by(&message)?,
                message,
            })
        };
        messages.map(entry).collect()
    }

    /// What a decision posted: its transactions are the records that follow its own.
    pub(crate) fn posted_by(
        &self,
        message: &StoredMessage,
    ) -> Result<Vec<(RecordId, TransactionPosted)>, StoreError> {
        let mut posted = Vec::new();
        let mut id = message.id;
        loop {
            id.index = id.index.saturating_add(1);
            let mut next = None;
            for moved in message.moves() {
                next = self.transaction(moved.account, id)?;
                if next.is_some() {
                    break;
                }
            }
            let of_it = |next: &TransactionPosted| {
                next.reversal.unwrap_or(next.authorization) == message.id
            };
            match next.filter(of_it) {
                Some(next) => posted.push((id, next)),
                None => return Ok(posted),
            }
        }
    }
}
