//! The store of the simulated books: it loses what was not synced, stops in the middle, and can be unreadable.
//!
//! Owns: faults in front of the ledger's store in memory. Must never: interpret a row.

use std::io::ErrorKind;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use ledger::books::store::{BookStore, KeyValue, MemoryStore, Row, StoreError};

use ledger::books::rows::Table;

/// Books in memory with faults; clones share them.
#[derive(Clone, Debug)]
pub struct Store {
    memory: Arc<MemoryStore>,
    unreadable: Arc<AtomicBool>,
    /// Writes and syncs that still succeed.
    left: Arc<AtomicU64>,
}

impl Store {
    /// Empty books.
    pub fn empty() -> Self {
        Self::over(MemoryStore::default())
    }

    fn over(memory: MemoryStore) -> Self {
        Self {
            memory: Arc::new(memory),
            unreadable: Arc::default(),
            left: Arc::new(AtomicU64::new(u64::MAX)),
        }
    }

    /// What a power cut leaves.
    pub fn crashed(&self, survives: impl FnMut() -> bool) -> Self {
        Self::over(self.memory.crashed(survives))
    }

    /// After so many more rows and syncs, everything fails.
    pub fn fail_after(&self, operations: u64) {
        self.left.store(operations, Ordering::Relaxed);
    }

    /// Nothing fails any more.
    pub fn repair(&self) {
        self.fail_after(u64::MAX);
        self.unreadable.store(false, Ordering::Relaxed);
    }

    /// Reads fail from now on.
    pub fn make_unreadable(&self) {
        self.unreadable.store(true, Ordering::Relaxed);
    }

    fn spend(&self) -> Result<(), StoreError> {
        let less = |left: u64| match left {
            u64::MAX => Some(u64::MAX),
            left => left.checked_sub(1),
        };
        self.left
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, less)
            .map(drop)
            .map_err(|_nothing_left| failure(ErrorKind::StorageFull, "cannot be written"))
    }

    fn readable(&self) -> Result<(), StoreError> {
        if self.unreadable.load(Ordering::Relaxed) {
            return Err(failure(ErrorKind::InvalidData, "cannot be read"));
        }
        Ok(())
    }
}

fn failure(kind: ErrorKind, what: &str) -> StoreError {
    StoreError::Io {
        path: PathBuf::from("simulated books"),
        source: std::io::Error::new(kind, what.to_owned()),
    }
}

impl BookStore for Store {
    fn get(&self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        self.readable()?;
        self.memory.get(table, key)
    }

    fn write(&self, rows: Vec<Row>) -> Result<(), StoreError> {
        for row in rows {
            self.spend()?;
            self.memory.write(vec![row])?;
        }
        Ok(())
    }

    fn sync(&self) -> Result<(), StoreError> {
        self.spend()?;
        self.memory.sync()
    }

    fn newest_first(&self, table: Table) -> impl Iterator<Item = Result<KeyValue, StoreError>> {
        let refused = self.readable().err().map(Err);
        refused.into_iter().chain(self.memory.newest_first(table))
    }
}
