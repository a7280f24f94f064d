//! The store that the books live in.
//!
//! Owns: [`BookStore`], what the books need of a store, and its sled implementation. Must never: interpret
//! a row.

use std::collections::VecDeque;
use std::fs::File;
use std::io;
use std::ops::Bound;
use std::path::{Path, PathBuf};
use std::time::Duration;

pub use super::memory::MemoryStore;
use super::packed::PackedTree;
use super::rows::{RowError, Table};
use crate::journal::disk::make_directory;

/// One row to write, or to take away.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// Its table.
    pub table: Table,
    /// Its key.
    pub key: Vec<u8>,
    /// Its bytes; `None` takes it away.
    pub value: Option<Vec<u8>>,
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

    /// Writes rows, and takes away those without bytes; best in the order of tables and keys. Not durable before
    /// [`sync`](Self::sync).
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

    /// The first rows of a table, or those that follow a key, the lowest key first, at most so many. Other
    /// rows may be written between two calls: each call sees what the store holds then.
    ///
    /// # Errors
    /// [`StoreError`] when the store fails.
    fn page(
        &self,
        table: Table,
        after: Option<&[u8]>,
        most: usize,
    ) -> Result<Vec<KeyValue>, StoreError> {
        let mut rows = self.newest_first(table).collect::<Result<Vec<_>, _>>()?;
        rows.retain(|(key, _)| after.is_none_or(|after| key.as_slice() > after));
        rows.reverse();
        rows.truncate(most);
        Ok(rows)
    }
}

/// The books in sled.
pub struct SledStore {
    database: sled::Db,
    customers: sled::Tree,
    accounts: sled::Tree,
    cards: sled::Tree,
    messages: PackedTree,
    matches: PackedTree,
    references: sled::Tree,
    transactions: PackedTree,
    accumulators: sled::Tree,
    controls: sled::Tree,
    purges: sled::Tree,
    progress: sled::Tree,
    /// sled's data file, synced by us: its own flush ends in `sync_file_range`.
    file: PathBuf,
}

impl std::fmt::Debug for SledStore {
    /// Without the rows, which sled would print.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("SledStore").field(&self.file).finish()
    }
}

impl SledStore {
    /// Opens or creates the books in a directory, with a page cache of `cache_bytes`.
    ///
    /// # Errors
    /// [`StoreError`] when sled cannot open them.
    pub fn open(directory: &Path, cache_bytes: u64) -> Result<Self, StoreError> {
        make_directory(directory).map_err(io_error(directory))?;
        let database = sled::Config::new()
            .path(directory)
            .cache_capacity(cache_bytes)
            .flush_every_ms(None);
        let database = open_patiently(&database)?;
        // sled syncs neither its parameters nor the directory: without this a power cut may take the
        // names of its files, or leave parameters that it refuses.
        for unsynced in [directory.join("conf"), directory.to_owned()] {
            let synced = File::open(&unsynced).and_then(|file| file.sync_all());
            synced.map_err(io_error(&unsynced))?;
        }
        let tree = |table: Table| database.open_tree(table.name());
        let packed = |table| Ok::<_, StoreError>(PackedTree::new(table, tree(table)?));
        Ok(Self {
            customers: tree(Table::Customers)?,
            accounts: tree(Table::Accounts)?,
            cards: tree(Table::Cards)?,
            messages: packed(Table::Messages)?,
            matches: packed(Table::Matches)?,
            references: tree(Table::References)?,
            transactions: packed(Table::Transactions)?,
            accumulators: tree(Table::Accumulators)?,
            controls: tree(Table::Controls)?,
            purges: tree(Table::Purges)?,
            progress: tree(Table::Progress)?,
            database,
            file: directory.join("db"),
        })
    }

    /// Gives the device what sled has written to its file so far, so that the sync at the end of a
    /// checkpoint finds little to do. Not a promise: sled may still hold rows back.
    ///
    /// # Errors
    /// [`StoreError`] when the file cannot be synced; what was written is then unknown.
    pub fn sync_file(&self) -> Result<(), StoreError> {
        let sync = || File::open(&self.file)?.sync_data();
        sync().map_err(io_error(&self.file))
    }

    fn tree(&self, table: Table) -> Tree<'_> {
        match table {
            Table::Customers => Tree::Plain(&self.customers),
            Table::Accounts => Tree::Plain(&self.accounts),
            Table::Cards => Tree::Plain(&self.cards),
            Table::Messages => Tree::Packed(&self.messages),
            Table::Matches => Tree::Packed(&self.matches),
            Table::References => Tree::Plain(&self.references),
            Table::Transactions => Tree::Packed(&self.transactions),
            Table::Accumulators => Tree::Plain(&self.accumulators),
            Table::Controls => Tree::Plain(&self.controls),
            Table::Purges => Tree::Plain(&self.purges),
            Table::Progress => Tree::Plain(&self.progress),
        }
    }
}

/// Where the rows of a table are: one by one, or where their keys rise with time, in pages.
enum Tree<'a> {
    Plain(&'a sled::Tree),
    Packed(&'a PackedTree),
}

/// How often, and after how long each time, a database is tried whose lock is held.
const LOCK_TRIES: usize = 200;
const LOCK_PAUSE: Duration = Duration::from_millis(10);

/// Opens a database. sled's own threads may hold the lock of one that this process has closed for a moment
/// longer.
fn open_patiently(config: &sled::Config) -> sled::Result<sled::Db> {
    for _ in 0..LOCK_TRIES {
        match config.open() {
            Err(error) if is_locked(&error) => std::thread::park_timeout(LOCK_PAUSE),
            opened => return opened,
        }
    }
    config.open()
}

/// Whether a database could not be opened because somebody else has it. sled gives that no kind of its own.
pub(super) fn is_locked(error: &sled::Error) -> bool {
    matches!(error, sled::Error::Io(source) if source.to_string().contains("could not acquire lock"))
}

fn io_error(path: &Path) -> impl FnOnce(io::Error) -> StoreError {
    let path = path.to_owned();
    |source| StoreError::Io { path, source }
}

impl BookStore for SledStore {
    fn get(&self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        match self.tree(table) {
            Tree::Plain(tree) => Ok(tree.get(key)?.map(|value| value.to_vec())),
            Tree::Packed(tree) => tree.get(key),
        }
    }

    fn write(&self, rows: Vec<Row>) -> Result<(), StoreError> {
        let mut rows = VecDeque::from(rows);
        while let Some(Row { table, .. }) = rows.front() {
            let table = *table;
            let of_one = std::iter::from_fn(|| rows.pop_front_if(|row| row.table == table));
            match self.tree(table) {
                Tree::Plain(tree) => {
                    for Row { key, value, .. } in of_one {
                        match value {
                            Some(value) => tree.insert(key, value)?,
                            None => tree.remove(key)?,
                        };
                    }
                }
                Tree::Packed(tree) => tree.write(of_one.collect())?,
            }
        }
        Ok(())
    }

    fn sync(&self) -> Result<(), StoreError> {
        self.database.flush()?;
        self.sync_file()
    }

    fn newest_first(&self, table: Table) -> impl Iterator<Item = Result<KeyValue, StoreError>> {
        let (plain, packed) = match self.tree(table) {
            Tree::Plain(tree) => (Some(tree), None),
            Tree::Packed(tree) => (None, Some(tree)),
        };
        let plain = plain
            .into_iter()
            .flat_map(|tree| tree.iter().rev())
            .map(key_value);
        plain.chain(packed.into_iter().flat_map(PackedTree::newest_first))
    }

    fn page(
        &self,
        table: Table,
        after: Option<&[u8]>,
        most: usize,
    ) -> Result<Vec<KeyValue>, StoreError> {
        match self.tree(table) {
            Tree::Plain(tree) => {
                let from = after.map_or(Bound::Unbounded, Bound::Excluded);
                let rows = tree.range::<&[u8], _>((from, Bound::Unbounded));
                rows.take(most).map(key_value).collect()
            }
            Tree::Packed(tree) => tree.page(after, most),
        }
    }
}

fn key_value(row: sled::Result<(sled::IVec, sled::IVec)>) -> Result<KeyValue, StoreError> {
    let (key, value) = row?;
    Ok((key.to_vec(), value.to_vec()))
}
