//! What waits: clearings of the work list until somebody resolves or rejects them, transfers until they are settled.
//!
//! Owns: how they are found in their order, a page at a time. Must never: hold a list of its own; each waits by its
//! own row.

use std::collections::BTreeSet;

use super::rows::{self, Lead, StoredMessage, Table};
use super::store::{BookStore, StoreError};
use super::view::Views;
use crate::identifiers::RecordId;

impl<S: BookStore> Views<S> {
    /// The clearings of the work list, the oldest first, at most `limit`, those after the record `after`.
    ///
    /// # Errors
    /// [`StoreError`] when the store fails.
    pub fn work_list(
        &self,
        after: Option<RecordId>,
        limit: usize,
    ) -> Result<Vec<StoredMessage>, StoreError> {
        self.waiting(Lead::Item, after, limit)
    }

    /// What waits by rows of one kind, which `lead` makes of a record.
    pub(crate) fn waiting(
        &self,
        lead: fn(RecordId) -> Lead,
        after: Option<RecordId>,
        limit: usize,
    ) -> Result<Vec<StoredMessage>, StoreError> {
        let rows_per_page = limit.max(1);
        let mut from = lead(after.unwrap_or_default()).to_key();
        let mut waiting: BTreeSet<RecordId> = self.since_the_checkpoint(lead, after).collect();
        let mut listed = Vec::new();
        loop {
            let page = self
                .store
                .page(Table::Matches, Some(&from), rows_per_page)?;
            let items: Vec<_> = page
                .iter()
                .map_while(|(key, _)| waits_by(lead, rows::waiting_of(key).as_ref()))
                .collect();
            let last = page.last().filter(|_| items.len() == rows_per_page);
            let seen = last.and_then(|_| items.last().copied());
            waiting.extend(items);
            // What waits behind the last row of the page may have others of the store before it.
            while let Some(id) = waiting.first().copied()
                && seen.is_none_or(|seen| id <= seen)
                && listed.len() < limit
            {
                waiting.pop_first();
                // What was settled since the checkpoint is still among the rows of the store.
                if self.led_to(&lead(id))?.is_some() {
                    listed.extend(self.message(id)?);
                }
            }
            match last {
                Some((key, _)) if listed.len() < limit => from.clone_from(key),
                Some(_) | None => return Ok(listed),
            }
        }
    }

    /// Those whose rows are not in the store yet.
    fn since_the_checkpoint(
        &self,
        lead: fn(RecordId) -> Lead,
        after: Option<RecordId>,
    ) -> impl Iterator<Item = RecordId> {
        let items = self.waiting.iter().filter_map(move |row| {
            let id = waits_by(lead, Some(row.key()))?;
            row.value().map(|_| id)
        });
        items.filter(move |id| after.is_none_or(|after| *id > after))
    }
}

/// The record of a row, if it is one of the kind that `lead` makes.
fn waits_by(lead: fn(RecordId) -> Lead, row: Option<&Lead>) -> Option<RecordId> {
    let id = match row? {
        Lead::Item(id) | Lead::Transfer(id) => *id,
        Lead::Lookup(_) | Lead::Expiry(..) => return None,
    };
    (lead(id) == *row?).then_some(id)
}
