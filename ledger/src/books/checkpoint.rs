//! Checkpoints: how changed rows get from the views into the store.
//!
//! Owns: the order of a checkpoint, which makes it safe to die at any point of it. First the row
//! [`INTENDED`] says, durably, where the checkpoint will lead and what the tables will contain there. Then
//! the changed rows are written, once each however many records moved them, in groups. When they are
//! durable, the row [`APPLIED`] says that the books are there. A start that finds the second behind the
//! first replays exactly up to the place that was intended, and the tables must then contain what was
//! intended. Must never: write what is not durable in the journal, or say that it is done before it is.

use std::hash::Hash;
use std::sync::atomic::Ordering;

use dashmap::DashMap;
use serde::Serialize;

use super::Progress;
use super::rows::{self, APPLIED, INTENDED, Lead, RowError, Table};
use super::store::{BookStore, Row, StoreError};
use super::view::{ViewError, ViewWriter, Views};

/// Rows of one group. Between groups the checkpoint gives way to those who wait for the device: one sync of
/// everything at its end would fill the device's queue, and the journal's next sync would wait behind it.
pub const GROUP_ROWS: usize = 512;

impl<S: BookStore> ViewWriter<S> {
    /// Writes what changed since the last checkpoint to the store, makes it durable, and only then says
    /// how far the books are. Returns how many rows were written.
    ///
    /// # Errors
    /// [`ViewError`]: the books are then as far as the last checkpoint that succeeded, or further.
    pub fn checkpoint(&mut self) -> Result<usize, ViewError> {
        self.checkpoint_paced(&mut |_| Ok(()))
    }

    /// The same, calling `between` after each group of [`GROUP_ROWS`].
    ///
    /// # Errors
    /// [`ViewError`]: the books are then as far as the last checkpoint that succeeded, or further.
    pub fn checkpoint_paced(
        &mut self,
        between: &mut dyn FnMut(&S) -> Result<(), StoreError>,
    ) -> Result<usize, ViewError> {
        let views = std::sync::Arc::clone(&self.views);
        if self.progress.sequence == views.in_books() {
            return Ok(0);
        }
        let store = views.store();
        let (rows, reached) = reached(store, changed_rows(&views)?, self.progress)?;
        match self.expected {
            Some(expected) if expected.sequence == reached.sequence => {
                reached.contents.expect(&expected.contents)?;
                self.expected = None;
            }
            // The row that stands says more than one of this checkpoint would.
            Some(_) => {}
            None => say(store, INTENDED, &reached)?,
        }
        let written = rows.len();
        for group in rows.chunks(GROUP_ROWS) {
            store.write(group.to_vec())?;
            between(store)?;
        }
        store.sync()?;
        say(store, APPLIED, &reached)?;
        // The rows are in the store now, so a reader that misses them here finds them there.
        views.customers.clear();
        views.accounts.clear();
        views.cards.clear();
        views.messages.clear();
        views.matches.clear();
        views.transactions.clear();
        views.accumulators.clear();
        views.controls.clear();
        (self.dirty_rows, self.progress) = (0, reached);
        views.in_books.store(reached.sequence, Ordering::Release);
        Ok(written)
    }
}

/// Those of the rows that differ from the store's, and where the store will be once they are written.
fn reached(
    store: &impl BookStore,
    mut rows: Vec<Row>,
    progress: Progress,
) -> Result<(Vec<Row>, Progress), StoreError> {
    let mut contents = progress.contents;
    let mut failed = None;
    rows.retain(
        |Row { table, key, value }| match (store.get(*table, key), value) {
            (Ok(old), value) if old == *value => false,
            (Ok(Some(old)), Some(value)) => {
                contents.replace(*table, key, &old, value);
                true
            }
            (Ok(None), Some(value)) => {
                contents.add(*table, key, value);
                true
            }
            (Ok(Some(old)), None) => {
                contents.remove(*table, key, &old);
                true
            }
            (Ok(None), None) => false,
            (Err(error), _) => {
                failed.get_or_insert(error);
                true
            }
        },
    );
    match failed {
        Some(error) => Err(error),
        None => Ok((
            rows,
            Progress {
                contents,
                ..progress
            },
        )),
    }
}

/// Writes a row of [`Table::Progress`], durably.
pub(crate) fn say(
    store: &impl BookStore,
    key: &[u8],
    progress: &Progress,
) -> Result<(), StoreError> {
    let value = rows::encode(Table::Progress, progress)?;
    store.write(vec![Row {
        table: Table::Progress,
        key: key.to_vec(),
        value: Some(value),
    }])?;
    store.sync()
}

/// Every row that the views hold over the store.
fn changed_rows<S>(views: &Views<S>) -> Result<Vec<Row>, RowError> {
    let mut all = changed(Table::Customers, &views.customers, written, |id| {
        id.0.to_be_bytes().into()
    })?;
    all.extend(changed(Table::Accounts, &views.accounts, written, |id| {
        id.0.to_be_bytes().into()
    })?);
    all.extend(changed(Table::Cards, &views.cards, written, |hash| {
        hash.0.to_vec()
    })?);
    all.extend(changed(Table::Messages, &views.messages, written, |id| {
        id.to_key().to_vec()
    })?);
    all.extend(changed(
        Table::Matches,
        &views.matches,
        Option::as_ref,
        Lead::to_key,
    )?);
    all.extend(changed(
        Table::Transactions,
        &views.transactions,
        written,
        |(account, id)| rows::transaction_key(*account, *id),
    )?);
    all.extend(changed(
        Table::Accumulators,
        &views.accumulators,
        written,
        rows::accumulator_key,
    )?);
    all.extend(changed(
        Table::Controls,
        &views.controls,
        Option::as_ref,
        |(target, control)| rows::control_key(*target, *control),
    )?);
    Ok(all)
}

/// For tables whose rows are only written.
fn written<V>(value: &V) -> Option<&V> {
    Some(value)
}

/// The changed rows of one table, encoded, sorted by key. Where `value` gives none, the row is taken away.
fn changed<K, V, R>(
    table: Table,
    view: &DashMap<K, V>,
    value: impl Fn(&V) -> Option<&R>,
    key: impl Fn(&K) -> Vec<u8>,
) -> Result<Vec<Row>, RowError>
where
    K: Eq + Hash,
    R: Serialize,
{
    let mut changed = Vec::with_capacity(view.len());
    for entry in view {
        let value = value(entry.value());
        let value = value.map(|value| rows::encode(table, value)).transpose()?;
        changed.push(Row {
            table,
            key: key(entry.key()),
            value,
        });
    }
    changed.sort_unstable_by(|left, right| left.key.cmp(&right.key));
    Ok(changed)
}
