//! The store that the books live in.
//!
//! Owns: [`BookStore`], what the books need of a store, its sled implementation, and one in memory for
//! simulations. Must never: interpret a row.

use std::collections::BTreeMap;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use super::rows::{RowError, Table};

/// One row to write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// Its table.
    pub table: Table,
    /// Its key.
    pub key: Vec<u8>,
    /// Its bytes.
    pub value: Vec<u8>,
}

/// Key and bytes of a row as read.
pub type KeyValue = (Vec<u8>, Vec<u8>);

/// Why the store did not answer.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The store failed.
    #[error("the books: {0}")]
    Store(#[from] sled::Error),
    /// Its files could not be synced.
    #[error("the books: {path}: {source}")]
    Io {
        /// The file.
        path: PathBuf,
        /// What the file system answered.
        source: io::Error,
    },
    /// A row is not what its table says.
    #[error(transparent)]
    Row(#[from] RowError),
}

/// Tables of rows, sorted by key.
pub trait BookStore {
    /// The bytes of a row.
    ///
    /// # Errors
    /// [`StoreError`] when the store fails.
    fn get(&self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError>;

    /// Writes rows. Not durable before [`sync`](Self::sync).
    ///
    /// # Errors
    /// [`StoreError`] when the store fails; any of the rows may have been written.
    fn write(&self, rows: Vec<Row>) -> Result<(), StoreError>;

    /// Makes durable what was written.
    ///
    /// # Errors
    /// [`StoreError`] when the store fails; what was written is then unknown.
    fn sync(&self) -> Result<(), StoreError>;

    /// The rows of a table, the highest key first.
    fn newest_first(&self, table: Table) -> impl Iterator<Item = Result<KeyValue, StoreError>>;
}

/// Rows after which their file is synced while a checkpoint is written. One sync of everything at its end
/// would fill the device's queue, and the journal's next sync would wait behind it.
const ROWS_PER_SYNC: usize = 512;

/// The books in sled.
#[derive(Debug)]
pub struct SledStore {
    database: sled::Db,
    /// In the order of [`Table::ALL`].
    trees: [sled::Tree; Table::ALL.len()],
    /// sled's data file, synced by us: its own flush ends in `sync_file_range`.
    file: PathBuf,
}

impl SledStore {
    /// Opens or creates the books in a directory, with a page cache of `cache_bytes`.
    ///
    /// # Errors
    /// [`StoreError`] when sled cannot open them.
    pub fn open(directory: &Path, cache_bytes: u64) -> Result<Self, StoreError> {
        let database = sled::Config::new()
            .path(directory)
            .cache_capacity(cache_bytes)
            .flush_every_ms(None)
            .open()?;
        let tree = |table: Table| database.open_tree(table.name());
        let trees = [
            tree(Table::Customers)?,
            tree(Table::Accounts)?,
            tree(Table::Cards)?,
            tree(Table::Messages)?,
            tree(Table::Matches)?,
            tree(Table::Transactions)?,
            tree(Table::Progress)?,
        ];
        Ok(Self {
            database,
            trees,
            file: directory.join("db"),
        })
    }

    fn sync_file(&self) -> Result<(), StoreError> {
        let sync = || File::open(&self.file)?.sync_data();
        sync().map_err(|source| StoreError::Io {
            path: self.file.clone(),
            source,
        })
    }

    fn tree(&self, table: Table) -> &sled::Tree {
        let [
            customers,
            accounts,
            cards,
            messages,
            matches,
            transactions,
            progress,
        ] = &self.trees;
        match table {
            Table::Customers => customers,
            Table::Accounts => accounts,
            Table::Cards => cards,
            Table::Messages => messages,
            Table::Matches => matches,
            Table::Transactions => transactions,
            Table::Progress => progress,
        }
    }
}

impl BookStore for SledStore {
    fn get(&self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(self.tree(table).get(key)?.map(|value| value.to_vec()))
    }

    fn write(&self, rows: Vec<Row>) -> Result<(), StoreError> {
        for (number, Row { table, key, value }) in rows.into_iter().enumerate() {
            self.tree(table).insert(key, value)?;
            if number % ROWS_PER_SYNC == ROWS_PER_SYNC - 1 {
                self.sync_file()?;
            }
        }
        Ok(())
    }

    fn sync(&self) -> Result<(), StoreError> {
        self.database.flush()?;
        self.sync_file()
    }

    fn newest_first(&self, table: Table) -> impl Iterator<Item = Result<KeyValue, StoreError>> {
        self.tree(table).iter().rev().map(|row| {
            let (key, value) = row?;
            Ok((key.to_vec(), value.to_vec()))
        })
    }
}

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
                left.insert((row.table, row.key.clone()), row.value.clone());
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
            tables
                .current
                .insert((row.table, row.key.clone()), row.value.clone());
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
            tables.durable.insert((row.table, row.key), row.value);
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
