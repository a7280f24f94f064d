//! Walking a table from its lowest key to its highest while it may be written.
//!
//! Owns: pages of the store, and behind them the rows of the views that no checkpoint has written yet. Must
//! never: skip a row that was in the store when the walk began.

use std::collections::BTreeSet;

use super::{Audit, AuditError, Step};
use crate::books::BookStore;
use crate::books::rows::Table;

/// Rows of one page.
const PAGE_ROWS: usize = 256;

/// Key of a row, and its bytes where it is in the store.
type Found = (Vec<u8>, Option<Vec<u8>>);

/// A place in a table.
pub(super) struct Walk {
    table: Table,
    after: Option<Vec<u8>>,
    page: std::vec::IntoIter<Found>,
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

    /// The next row; those that are in the views alone come last, in order among themselves.
    pub(super) fn next<S: BookStore>(
        &mut self,
        audit: &mut Audit<'_, '_, S>,
        step: Step,
    ) -> Result<Option<Found>, AuditError> {
        audit.row(step)?;
        loop {
            if let Some(found) = self.page.next() {
                audit.walked();
                return Ok(Some(found));
            }
            if self.in_views {
                return Ok(None);
            }
            let store = audit.views.store();
            let page = store.page(self.table, self.after.as_deref(), PAGE_ROWS)?;
            if let Some((last, _)) = page.last() {
                self.after = Some(last.clone());
                let rows = page.into_iter().map(|(key, row)| (key, Some(row)));
                self.page = rows.collect::<Vec<_>>().into_iter();
            } else {
                self.in_views = true;
                self.page = self.keys_of_views(audit)?.into_iter();
            }
        }
    }

    fn keys_of_views<S: BookStore>(
        &self,
        audit: &Audit<'_, '_, S>,
    ) -> Result<Vec<Found>, AuditError> {
        let changed: BTreeSet<Vec<u8>> = audit.views.changed_keys(self.table);
        let mut keys = Vec::new();
        for key in changed {
            if audit.views.store().get(self.table, &key)?.is_none() {
                keys.push((key, None));
            }
        }
        Ok(keys)
    }
}
