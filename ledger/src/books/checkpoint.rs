//! Checkpoints: how changed rows get from the views into the store.
//!
//! Owns: the order of a checkpoint, which makes it safe to die at any point of it. First the row
//! [`INTENDED`] says, durably, where the checkpoint will lead and what the tables will contain there. Then
//! the changed rows are written, once each however many records moved them, in groups. When they are
//! durable, the row [`APPLIED`] says that the books are there. A start that finds the second behind the
//! first replays exactly up to the place that was intended, and the tables must then contain what was
//! intended. Must never: write what is not durable in the journal, or say that it is done before it is.

use std::cmp::Ordering;
use std::hash::Hash;
use std::sync::atomic;

use dashmap::DashMap;
use serde::Serialize;

use super::Progress;
use super::rows::{self, APPLIED, INTENDED, RowError, Table};
use super::store::{BookStore, Row, StoreError};
use super::view::{ViewError, ViewWriter, Views};

/// Rows of one group. Between groups the checkpoint gives way to those who wait for the device: one sync of
/// everything at its end would fill the device's queue, and the journal's next sync would wait behind it.
pub const GROUP_ROWS: usize = 1024;

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
        let (rows, reached) = reached(store, changed_rows(&views)?, self.progress, self.held())?;
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
        let mut rows = rows.into_iter();
        while !rows.as_slice().is_empty() {
            store.write(rows.by_ref().take(GROUP_ROWS).collect())?;
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
        views.waiting.clear();
        views.transactions.clear();
        views.accumulators.clear();
        views.controls.clear();
        views.purged_pending.clear();
        views.forget_purged();
        (self.dirty_rows, self.progress) = (0, reached);
        views
            .in_books
            .store(reached.sequence, atomic::Ordering::Release);
        Ok(written)
    }
}

/// Those of the rows that differ from the store's, and where the store will be once they are written. The
/// store is asked only for rows that may be in it: those of records that it holds up to batch `held`, and
/// those that are not of one record.
fn reached(
    store: &impl BookStore,
    mut rows: Vec<Row>,
    progress: Progress,
    held: u64,
) -> Result<(Vec<Row>, Progress), StoreError> {
    let mut contents = progress.contents;
    let mut failed = None;
    let old = |table, key: &[u8]| match rows::record_of(table, key) {
        Some(id) if id.sequence > held => Ok(None),
        Some(_) | None => store.get(table, key),
    };
    rows.retain(
        |Row { table, key, value }| match (old(*table, key), value) {
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

/// Every row that the views hold over the store, in the order in which they are written.
fn changed_rows<S>(views: &Views<S>) -> Result<Vec<Row>, RowError> {
    let mut all: Vec<Row> = (views.customers.rows())
        .chain(views.accounts.rows())
        .chain(views.cards.rows())
        .chain(views.messages.rows())
        .chain(views.transactions.rows())
        .collect();
    for leads in [&views.matches, &views.waiting] {
        changed(&mut all, leads, Option::as_ref, |lead| {
            (lead.table(), lead.to_key())
        })?;
    }
    changed(&mut all, &views.accumulators, written, |key| {
        (Table::Accumulators, rows::accumulator_key(key))
    })?;
    changed(
        &mut all,
        &views.controls,
        Option::as_ref,
        |(target, control)| (Table::Controls, rows::control_key(*target, *control)),
    )?;
    changed(&mut all, &views.purged_pending, Option::as_ref, |id| {
        (Table::Purges, id.0.to_be_bytes().to_vec())
    })?;
    if let Some(purged) = views.purged_since() {
        all.push(Row {
            table: Table::Purges,
            key: rows::PURGED.to_vec(),
            value: Some(rows::encode(Table::Purges, &purged)?),
        });
    }
    all.sort_unstable_by(in_order);
    Ok(all)
}

/// The order in which rows are written: that of tables and keys, and behind it what goes. When a cut-off checkpoint is
/// made again, a message that goes is found while anything of it is left: its transactions go first, the last of them
/// before those that lead to it.
fn in_order(left: &Row, right: &Row) -> Ordering {
    let part = |row: &Row| match row.table {
        Table::Transactions if row.value.is_none() => 1,
        Table::Messages if row.value.is_none() => 2,
        Table::Customers
        | Table::Accounts
        | Table::Cards
        | Table::Messages
        | Table::Matches
        | Table::References
        | Table::Transactions
        | Table::Accumulators
        | Table::Controls
        | Table::Purges
        | Table::Progress => 0,
    };
    part(left).cmp(&part(right)).then_with(|| match part(left) {
        1 => right.key.cmp(&left.key),
        _ => (left.table, &left.key).cmp(&(right.table, &right.key)),
    })
}

/// For tables whose rows are only written.
fn written<V>(value: &V) -> Option<&V> {
    Some(value)
}

/// Adds the changed rows of one view, encoded. Where `value` gives none, the row is taken away.
fn changed<K, V, R>(
    all: &mut Vec<Row>,
    view: &DashMap<K, V>,
    value: impl Fn(&V) -> Option<&R>,
    place: impl Fn(&K) -> (Table, Vec<u8>),
) -> Result<(), RowError>
where
    K: Eq + Hash,
    R: Serialize,
{
    all.reserve(view.len());
    for entry in view {
        let (table, key) = place(entry.key());
        let value = value(entry.value());
        let value = value.map(|value| rows::encode(table, value)).transpose()?;
        all.push(Row { table, key, value });
    }
    Ok(())
}
