//! Loading the state from the books at the start.
//!
//! Owns: what of the books goes into memory: customers, accounts, cards, and the messages of the match
//! window. Must never: change the books.

use super::Progress;
use super::rows::{self, APPLIED, StoredMessage, Table};
use super::store::{BookStore, StoreError};
use crate::entities::{Account, Card, Customer};
use crate::identifiers::Timestamp;
use crate::state::State;

/// How far the books are; nothing for new books.
///
/// # Errors
/// [`StoreError`] when the store fails or the row cannot be read.
pub fn progress(store: &impl BookStore) -> Result<Progress, StoreError> {
    match store.get(Table::Progress, APPLIED)? {
        Some(row) => Ok(rows::decode(Table::Progress, &row)?),
        None => Ok(Progress::default()),
    }
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
