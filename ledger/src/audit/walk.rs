//! Walking a table from its lowest key to its highest while it may be written.
//!
//! Owns: pages of the store, and behind them the rows of the views that no checkpoint has written yet. Must
//! never: skip a row that was in the store when the walk began.

use std::collections::BTreeSet;

use super::{Audit, AuditError};
use crate::books::BookStore;
use crate::books::rows::Table;

/// Keys of one page.
const PAGE_ROWS: usize = 256;

/// A place in a table.
pub(super) struct Walk {
    table: Table,
    after: Option<Vec<u8>>,
    page: std::vec::IntoIter<Vec<u8>>,
    in_views: bool,
}

impl Walk {
    pub(super) fn of(table: Table) -> Self {
        Self::behind(table, None)
    }

    /// Of the rows whose keys follow `after`.
    pub(super) fn behind(table: Table, after: Option<Vec<u8>>) -> Self {
        Self {
            table,
            after,
            page: Vec::new().into_iter(),
            in_views: false,
        }
    }

    /// The next key; those of rows that are in the views alone come last, in order among themselves.
    pub(super) fn next<S: BookStore>(
        &mut self,
        audit: &mut Audit<'_, '_, S>,
    ) -> Result<Option<Vec<u8>>, AuditError> {
        audit.row()?;
        loop {
            if let Some(key) = self.page.next() {
                self.after = Some(key.clone());
                return Ok(Some(key));
            }
            if self.in_views {
                return Ok(None);
            }
            let store = audit.views.store();
            let page = store.page(self.table, self.after.as_deref(), PAGE_ROWS)?;
            let mut keys: Vec<Vec<u8>> = page.into_iter().map(|(key, _)| key).collect();
            if keys.is_empty() {
                self.in_views = true;
                keys = self.keys_of_views(audit)?;
            }
            self.page = keys.into_iter();
        }
    }

    fn keys_of_views<S: BookStore>(
        &self,
        audit: &Audit<'_, '_, S>,
    ) -> Result<Vec<Vec<u8>>, AuditError> {
        let changed: BTreeSet<Vec<u8>> = audit.views.changed_keys(self.table);
        let mut keys = Vec::new();
        for key in changed {
            if audit.views.store().get(self.table, &key)?.is_none() {
                keys.push(key);
            }
        }
        Ok(keys)
    }
}
