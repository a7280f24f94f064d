//! How purging changes the rows that the views hold.
//!
//! Owns: which rows go with a decision: its own, what leads to it alone, and what it posted. Must never: take a row
//! that leads to another.

use super::rows::Lead;
use super::store::{BookStore, StoreError};
use super::view::{ViewError, Views};
use crate::identifiers::{RecordId, Timestamp};
use crate::purge::{HistoryPurged, Purged, PurgedAccount};

impl<S: BookStore> Views<S> {
    /// A line was ordered.
    pub(super) fn order_purge(&self, line: Timestamp) -> Result<(), ViewError> {
        let mut purged = self.purged()?;
        purged.line = purged.line.max(line);
        self.say_purged(purged);
        Ok(())
    }

    pub(super) fn purge(&self, purged: &HistoryPurged) -> Result<(), ViewError> {
        for PurgedAccount {
            account,
            opening,
            pending,
        } in &purged.accounts
        {
            let pending = Some(*pending).filter(|pending| !pending.is_none());
            self.purged_pending.insert(*account, pending);
            if let Some(mut account) = self.account(*account)? {
                account.opening = opening.map(Box::new);
                self.accounts.put(account.id, &account)?;
            }
        }
        for id in &purged.messages {
            self.take_away(*id)?;
        }
        let so_far = self.purged()?;
        // The books may hold a later state. The next step is planned when this is said: all of it is shown.
        if so_far.through < purged.through {
            let messages = u64::try_from(purged.messages.len()).unwrap_or(u64::MAX);
            let transactions = so_far.transactions;
            self.say_purged(Purged {
                line: so_far.line,
                through: purged.through,
                messages: so_far.messages.saturating_add(messages),
                transactions: transactions.saturating_add(purged.transactions.into()),
            });
        }
        Ok(())
    }

    /// Takes a decision away with all that is of it alone.
    fn take_away(&self, id: RecordId) -> Result<(), StoreError> {
        let Some(message) = self.message(id)? else {
            return Ok(());
        };
        for name in message.names() {
            let lead = Lead::Lookup(name);
            if self.led_to(&lead)? == Some(id) {
                self.matches.insert(lead, None);
            }
        }
        for (posted_id, posted) in self.posted_by(&message)? {
            self.transactions.take_away((posted.account, posted_id));
        }
        self.messages.take_away(id);
        Ok(())
    }
}
