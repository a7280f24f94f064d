//! Loading the state from the books at the start.
//!
//! Owns: what of the books goes into memory: customers, accounts, cards, controls, accumulators, and the
//! messages of the match window; and what all their tables contain. Must never: change the books.

use super::rows::{self, APPLIED, INTENDED, RowError, StoredMessage, Table};
use super::store::{BookStore, StoreError};
use super::{Contents, Progress};
use crate::controls::Counted;
use crate::entities::{Account, Card, Customer};
use crate::identifiers::Timestamp;
use crate::operation::ControlDocument;
use crate::state::State;

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

/// What the tables contain, found by reading every row. That a row can be read needs no look of its own: the sums
/// say whether it is what this layout's build wrote.
///
/// # Errors
/// [`StoreError`] when the store fails or a row has another layout version.
pub fn contents(store: &impl BookStore, mut seen: impl FnMut(u64)) -> Result<Contents, StoreError> {
    let mut contents = Contents::default();
    let mut count = 0_u64;
    for table in Table::ROWS {
        for row in store.newest_first(table) {
            let (key, value) = row?;
            rows::body(table, &value)?;
            contents.add(table, &key, &value);
            count = count.saturating_add(1);
            seen(count);
        }
    }
    Ok(contents)
}

/// The state that the books hold, with the messages decided at or after `since`. Rows may be newer than
/// [`progress`] says; a replay from there leaves those alone.
///
/// # Errors
/// [`StoreError`] when the store fails or a row cannot be read.
pub fn state(store: &impl BookStore, since: Timestamp) -> Result<State, StoreError> {
    let mut state = State::default();
    for row in store.newest_first(Table::Customers) {
        state.load_customer(&rows::decode::<Customer>(Table::Customers, &row?.1)?);
    }
    for row in store.newest_first(Table::Accounts) {
        state.load_account(rows::decode::<Account>(Table::Accounts, &row?.1)?);
    }
    for row in store.newest_first(Table::Cards) {
        state.load_card(&rows::decode::<Card>(Table::Cards, &row?.1)?);
    }
    for row in store.newest_first(Table::Accumulators) {
        let (key, row) = row?;
        let counted: Counted = rows::decode(Table::Accumulators, &row)?;
        if let Some(key) = rows::accumulator_of(&key) {
            state.controls_mut().load_counted(key, counted);
        }
    }
    for row in store.newest_first(Table::Controls) {
        let document: ControlDocument = rows::decode(Table::Controls, &row?.1)?;
        load_control(&mut state, &document)?;
    }
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
    Ok(state)
}

fn load_control(state: &mut State, document: &ControlDocument) -> Result<(), RowError> {
    let unreadable = |_unreadable| RowError {
        table: Table::Controls.name(),
        reason: "a flex control cannot be read".to_owned(),
    };
    state.controls_mut().put(document).map_err(unreadable)
}
