//! Loading the state from the books at the start.
//!
//! Owns: what of the books goes into memory: customers, accounts, cards, controls, accumulators, and the
//! messages of the match window; and what all their tables contain. Must never: change the books.

use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use serde::de::DeserializeOwned;

use super::contents::TableContents;
use super::rows::{self, APPLIED, INTENDED, RowError, StoredMessage, Table};
use super::store::{BookStore, StoreError};
use super::{Contents, Progress};
use crate::controls::Counted;
use crate::identifiers::Timestamp;
use crate::operation::ControlDocument;
use crate::purge::Purged;
use crate::state::State;
use crate::state::entities::{Accounts, Cards, Customers};

/// How far the books are; nothing for new books.
///
/// # Errors
/// [`StoreError`] when the store fails or the row cannot be read.
pub fn progress(store: &impl BookStore) -> Result<Progress, StoreError> {
    said(store, APPLIED)
}

/// What the rows of the books may reflect at most, when that is more than [`progress`] says: a checkpoint
/// did not come to its end. Once everything up to there is replayed, the tables contain what this says.
///
/// # Errors
/// [`StoreError`] when the store fails or the row cannot be read.
pub fn intended(store: &impl BookStore) -> Result<Option<Progress>, StoreError> {
    let (applied, intended) = (said(store, APPLIED)?, said(store, INTENDED)?);
    Ok(Some(intended).filter(|intended| intended.sequence > applied.sequence))
}

fn said(store: &impl BookStore, key: &[u8]) -> Result<Progress, StoreError> {
    match store.get(Table::Progress, key)? {
        Some(row) => Ok(rows::decode(Table::Progress, &row)?),
        None => Ok(Progress::default()),
    }
}

/// Rows after which a thread says that it got further.
const ROWS_PER_STEP: u64 = 1000;

/// What the tables contain, found by reading every row, each table in a thread of its own; `seen` hears how many rows
/// all of them have read, now and then. That a row can be read needs no look of its own: the sums say whether it
/// is what this layout's build wrote.
///
/// # Errors
/// [`StoreError`] when the store fails or a row has another layout version.
pub fn contents(
    store: &(impl BookStore + Sync),
    seen: impl Fn(u64) + Sync,
) -> Result<Contents, StoreError> {
    let all = AtomicU64::new(0);
    let of_table = |table| -> Result<TableContents, StoreError> {
        let mut contents = Contents::default();
        let mut count = 0_u64;
        for row in store.newest_first(table) {
            let (key, value) = row?;
            rows::body(table, &value)?;
            contents.add(table, &key, &value);
            count = count.saturating_add(1);
            if count.is_multiple_of(ROWS_PER_STEP) {
                let before = all.fetch_add(ROWS_PER_STEP, Ordering::Relaxed);
                seen(before.saturating_add(ROWS_PER_STEP));
            }
        }
        Ok(contents.of(table))
    };
    let read = thread::scope(|scope| {
        let of_table = &of_table;
        let threads = Table::ROWS.map(|table| (table, scope.spawn(move || of_table(table))));
        threads.map(|(table, thread)| (table, joined(thread)))
    });
    let mut contents = Contents::default();
    for (table, of_table) in read {
        contents.set(table, of_table?);
    }
    Ok(contents)
}

/// What a thread returned; its panic is the caller's.
fn joined<T>(thread: thread::ScopedJoinHandle<'_, T>) -> T {
    match thread.join() {
        Ok(value) => value,
        Err(panic) => std::panic::resume_unwind(panic),
    }
}

/// The state that the books hold, with the messages decided at or after `since`. Rows may be newer than
/// [`progress`] says; a replay from there leaves those alone. One thread reads it all:
/// what another would allocate beside it stays with the process.
///
/// # Errors
/// [`StoreError`] when the store fails or a row cannot be read.
pub fn state(store: &impl BookStore, since: Timestamp) -> Result<State, StoreError> {
    let mut state = State::default();
    state.hold(
        entities(store, Table::Customers, |all: &mut Customers, customer| {
            all.load(&customer);
        })?,
        entities(store, Table::Accounts, Accounts::load)?,
        entities(store, Table::Cards, |all: &mut Cards, card| all.load(&card))?,
    );
    load_controls(store, &mut state)?;
    load_messages(store, since, &mut state)?;
    if let Some(row) = store.get(Table::Purges, rows::PURGED)? {
        let purged: Purged = rows::decode(Table::Purges, &row)?;
        state.load_purged(purged.line, purged.through);
    }
    Ok(state)
}

/// Every entity of a table.
fn entities<T: Default, R: DeserializeOwned>(
    store: &impl BookStore,
    table: Table,
    load: impl Fn(&mut T, R),
) -> Result<T, StoreError> {
    let mut all = T::default();
    for row in store.newest_first(table) {
        load(&mut all, rows::decode(table, &row?.1)?);
    }
    Ok(all)
}

/// The controls made at run time, and what limits have counted.
fn load_controls(store: &impl BookStore, state: &mut State) -> Result<(), StoreError> {
    for row in store.newest_first(Table::Accumulators) {
        let (key, row) = row?;
        let counted: Counted = rows::decode(Table::Accumulators, &row)?;
        if let Some(key) = rows::accumulator_of(&key) {
            state.controls_mut().load_counted(key, counted);
        }
    }
    for row in store.newest_first(Table::Controls) {
        let document: ControlDocument = rows::decode(Table::Controls, &row?.1)?;
        load_control(state, &document)?;
    }
    Ok(())
}

/// The messages decided at or after a time, the oldest first.
fn load_messages(
    store: &impl BookStore,
    since: Timestamp,
    state: &mut State,
) -> Result<(), StoreError> {
    let mut recent = Vec::new();
    for row in store.newest_first(Table::Messages) {
        let message: StoredMessage = rows::decode(Table::Messages, &row?.1)?;
        if message.time < since {
            break;
        }
        recent.push(message);
    }
    for message in recent.iter().rev() {
        state.load_message(message);
    }
    Ok(())
}
fn load_control(state: &mut State, document: &ControlDocument) -> Result<(), RowError> {
    let unreadable = |_unreadable| RowError {
        table: Table::Controls.name(),
        reason: "a flex control cannot be read".to_owned(),
    };
    state.controls_mut().put(document).map_err(unreadable)
}
