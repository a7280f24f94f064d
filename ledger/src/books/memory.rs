//! Books in memory, for simulations and tests.
//!
//! Owns: a store that can lose what was not synced, and fail on demand. Must never: be used outside
//! simulations and tests.

use std::collections::BTreeMap;
use std::io;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use super::rows::Table;
use super::store::{BookStore, KeyValue, Row, StoreError};

/// Books in memory that can lose what was not synced: for simulations.
#[derive(Debug, Default)]
pub struct MemoryStore {
    tables: Mutex<Tables>,
}

type Rows = BTreeMap<(Table, Vec<u8>), Vec<u8>>;

#[derive(Debug, Default)]
struct Tables {
    failing: bool,
    durable: Rows,
    unsynced: Vec<Row>,
    current: Rows,
}

fn put(rows: &mut Rows, Row { table, key, value }: Row) {
    match value {
        Some(value) => rows.insert((table, key), value),
        None => rows.remove(&(table, key)),
    };
}

impl MemoryStore {
    fn tables(&self) -> std::sync::MutexGuard<'_, Tables> {
        self.tables.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// From now on every sync fails, or none does.
    pub fn set_failing(&self, failing: bool) {
        self.tables().failing = failing;
    }

    /// What a crash leaves: everything that was synced, and of the writes since those for which
    /// `survives`, asked in order, says so.
    #[must_use]
    pub fn crashed(&self, mut survives: impl FnMut() -> bool) -> Self {
        let tables = self.tables();
        let mut left = tables.durable.clone();
        for row in &tables.unsynced {
            if survives() {
                put(&mut left, row.clone());
            }
        }
        let tables = Tables {
            durable: left.clone(),
            current: left,
            ..Tables::default()
        };
        Self {
            tables: Mutex::new(tables),
        }
    }
}

impl BookStore for MemoryStore {
    fn get(&self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(self.tables().current.get(&(table, key.to_vec())).cloned())
    }

    fn write(&self, rows: Vec<Row>) -> Result<(), StoreError> {
        let mut tables = self.tables();
        for row in rows {
            put(&mut tables.current, row.clone());
            tables.unsynced.push(row);
        }
        Ok(())
    }

    fn sync(&self) -> Result<(), StoreError> {
        let mut tables = self.tables();
        if tables.failing {
            let source = io::Error::other("the simulated store fails");
            return Err(StoreError::Io {
                path: PathBuf::from("memory"),
                source,
            });
        }
        for row in std::mem::take(&mut tables.unsynced) {
            put(&mut tables.durable, row);
        }
        Ok(())
    }

    fn newest_first(&self, table: Table) -> impl Iterator<Item = Result<KeyValue, StoreError>> {
        let tables = self.tables();
        let rows: Vec<_> = tables
            .current
            .iter()
            .rev()
            .filter(|((of, _), _)| *of == table)
            .map(|((_, key), value)| Ok((key.clone(), value.clone())))
            .collect();
        rows.into_iter()
    }
}
