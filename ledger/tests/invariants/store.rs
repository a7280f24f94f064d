//! A store whose power goes at a chosen write or sync.

use std::cell::Cell;
use std::io;
use std::path::PathBuf;

use ledger::books::rows::Table;
use ledger::books::store::{BookStore, KeyValue, MemoryStore, Row, StoreError};

/// Books in memory whose power goes at the n-th write or sync.
#[derive(Debug)]
pub(crate) struct PowerStore {
    /// What is left after the power went: see [`MemoryStore::crashed`].
    pub(crate) store: MemoryStore,
    left: Cell<u64>,
}

impl PowerStore {
    /// Power for so many operations.
    pub(crate) fn new(store: MemoryStore, operations: u64) -> Self {
        Self {
            store,
            left: Cell::new(operations),
        }
    }

    fn power(&self) -> Result<(), StoreError> {
        match self.left.get().checked_sub(1) {
            Some(left) => {
                self.left.set(left);
                Ok(())
            }
            None => Err(StoreError::Io {
                path: PathBuf::from("memory"),
                source: io::Error::other("the power is gone"),
            }),
        }
    }
}

impl BookStore for PowerStore {
    fn get(&self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        self.store.get(table, key)
    }

    /// Without power the rows are under way: any of them may be in the store.
    fn write(&self, rows: Vec<Row>) -> Result<(), StoreError> {
        self.store.write(rows)?;
        self.power()
    }

    fn sync(&self) -> Result<(), StoreError> {
        self.power()?;
        self.store.sync()
    }

    fn newest_first(&self, table: Table) -> impl Iterator<Item = Result<KeyValue, StoreError>> {
        self.store.newest_first(table)
    }
}
