//! Loading the state from the books at the start.
//!
//! Owns: what of the books goes into memory: customers, accounts, cards, controls, accumulators, and the
//! messages of the match window; and what all their tables contain. Must never: change the books.

use std::thread;

use super::contents::TableContents;
use super::rows::{self, APPLIED, INTENDED, RowError, StoredMessage, Table};
use super::store::{BookStore, KeyValue, StoreError};
use super::{Contents, Progress};
use crate::controls::{Controls, Counted};
use crate::identifiers::{RecordId, Timestamp};
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

/// Rows that are told at once.
const ROWS_PER_PIECE: usize = 1000;

/// What the tables contain, found by reading every row, each table in a thread of its own; `read` hears the rows, piece
/// by piece. That a row can be read needs no look of its own: the sums say whether it is what this layout's build
/// wrote.
///
/// # Errors
/// [`StoreError`] of `read`, or when the store fails or a row has another layout version.
pub fn contents(
    store: &(impl BookStore + Sync),
    read: impl Fn(Table, &[KeyValue]) -> Result<(), StoreError> + Sync,
) -> Result<Contents, StoreError> {
    let of_table = |table| -> Result<TableContents, StoreError> {
        let mut contents = Contents::default();
        let mut piece = Vec::with_capacity(ROWS_PER_PIECE);
        for row in store.newest_first(table) {
            let (key, value) = row?;
            rows::body(table, &value)?;
            contents.add(table, &key, &value);
            piece.push((key, value));
            if piece.len() == ROWS_PER_PIECE {
                read(table, &piece)?;
                piece.clear();
            }
        }
        read(table, &piece)?;
        Ok(contents.of(table))
    };
    let found = thread::scope(|scope| {
        let of_table = &of_table;
        let threads = Table::ROWS.map(|table| (table, scope.spawn(move || of_table(table))));
        threads.map(|(table, thread)| (table, joined(thread)))
    });
    let mut contents = Contents::default();
    for (table, of_table) in found {
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

/// What of the books is in memory for good: customers, accounts, cards, controls and accumulators.
#[derive(Debug, Default)]
pub struct Entities {
    customers: Customers,
    accounts: Accounts,
    cards: Cards,
    controls: Controls,
}

/// Rows of a table that room is made for before they come, at most: what says how many may be damaged.
const EXPECTED_ROWS: u64 = 16 * 1024 * 1024;

impl Entities {
    /// The tables whose rows it takes.
    pub(crate) const TABLES: [Table; 5] = [
        Table::Customers,
        Table::Accounts,
        Table::Cards,
        Table::Accumulators,
        Table::Controls,
    ];

    /// With room for the rows that tables are said to contain.
    pub(crate) fn expecting(contents: &Contents) -> Self {
        let rows = |table| {
            let rows = contents.of(table).rows.min(EXPECTED_ROWS);
            usize::try_from(rows).unwrap_or_default()
        };
        Self {
            customers: Customers::with_room(rows(Table::Customers)),
            accounts: Accounts::with_room(rows(Table::Accounts)),
            cards: Cards::with_room(rows(Table::Cards)),
            controls: Controls::default(),
        }
    }

    /// Those of a store.
    fn of(store: &impl BookStore) -> Result<Self, StoreError> {
        let mut entities = Self::default();
        for table in Self::TABLES {
            for row in store.newest_first(table) {
                let (key, value) = row?;
                entities.take(table, &key, &value)?;
            }
        }
        Ok(entities)
    }

    /// Takes a row in; one of another table is left.
    pub(crate) fn take(&mut self, table: Table, key: &[u8], row: &[u8]) -> Result<(), RowError> {
        match table {
            Table::Customers => self.customers.load(&rows::decode(table, row)?),
            Table::Accounts => self.accounts.load(rows::decode(table, row)?),
            Table::Cards => self.cards.load(&rows::decode(table, row)?),
            Table::Accumulators => {
                let counted: Counted = rows::decode(table, row)?;
                if let Some(key) = rows::accumulator_of(key) {
                    self.controls.load_counted(key, counted);
                }
            }
            Table::Controls => {
                let document: ControlDocument = rows::decode(table, row)?;
                let put = self.controls.put(&document);
                put.map_err(|_unreadable| rows::row_error(table, "a control cannot be read"))?;
            }
            Table::Messages
            | Table::Matches
            | Table::References
            | Table::Transactions
            | Table::Purges
            | Table::Progress => {}
        }
        Ok(())
    }
}

/// What reading every row of books has told.
#[derive(Debug, Default)]
pub struct Known {
    /// What the tables contain.
    pub contents: Contents,
    /// What belongs in memory, if that was kept.
    pub entities: Option<Entities>,
}

impl Known {
    /// Nothing but what the tables contain.
    #[must_use]
    pub fn of(contents: Contents) -> Self {
        Self {
            contents,
            entities: None,
        }
    }
}

/// The state that the books hold, with the messages decided at or after `since`. Rows may be newer than
/// [`progress`] says; a replay from there leaves those alone.
///
/// # Errors
/// [`StoreError`] when the store fails or a row cannot be read.
pub fn state(store: &impl BookStore, since: Timestamp) -> Result<State, StoreError> {
    state_of(store, Entities::of(store)?, since)
}

/// The same over entities that were read before.
///
/// # Errors
/// [`StoreError`] when the store fails or a row cannot be read.
pub(crate) fn state_of(
    store: &impl BookStore,
    entities: Entities,
    since: Timestamp,
) -> Result<State, StoreError> {
    let Entities {
        customers,
        accounts,
        cards,
        controls,
    } = entities;
    let mut state = State::of_books(customers, accounts, cards, controls);
    load_messages(store, since, &mut state)?;
    if let Some(row) = store.get(Table::Purges, rows::PURGED)? {
        let purged: Purged = rows::decode(Table::Purges, &row)?;
        state.load_purged(purged.line, purged.through);
    }
    Ok(state)
}

/// The message of a record.
///
/// # Errors
/// [`StoreError`] when the store fails or the row cannot be read.
pub(crate) fn message(
    store: &impl BookStore,
    id: RecordId,
) -> Result<Option<StoredMessage>, StoreError> {
    let row = store.get(Table::Messages, &id.to_key())?;
    let message = row.map(|row| rows::decode(Table::Messages, &row));
    Ok(message.transpose()?)
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
