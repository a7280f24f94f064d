//! What the tables of the books contain, as sums that do not depend on the order of the rows.
//!
//! Owns: the count of rows of each table and the sum of their hashes. The sums follow every change of a
//! row, are kept with the place the books have reached, and are compared with the rows at the start. sled
//! checks every piece of its log that it reads, but when it opens it takes a piece that does not match its
//! checksum for the end of what is there and goes on behind it: rows then come back as they once were,
//! without any error. A checksum inside a row cannot show that; these sums do. Must never: depend on
//! anything but tables, keys and bytes of rows.

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::rows::Table;

/// What one table contains.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TableContents {
    /// How many rows.
    pub rows: u64,
    /// Sum of the hashes of key and bytes of every row.
    pub sum: u128,
}

/// What every table but [`Table::Progress`] contains.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Contents {
    tables: [TableContents; Table::ROWS.len()],
}

/// A table does not contain what was written to it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "table {table} does not contain what was written: {found} rows found, {written} rows written{}",
    if found == written { ", not the same ones" } else { "" }
)]
pub struct ContentsError {
    /// The table.
    pub table: &'static str,
    /// Rows it has.
    pub found: u64,
    /// Rows it should have.
    pub written: u64,
}

impl Contents {
    /// What a table contains; nothing for [`Table::Progress`].
    #[must_use]
    pub fn of(&self, table: Table) -> TableContents {
        let place = Table::ROWS.iter().position(|of| *of == table);
        let contents = place.and_then(|place| self.tables.get(place));
        contents.copied().unwrap_or_default()
    }

    /// Puts the contents of a table in their place.
    pub(crate) fn set(&mut self, table: Table, contents: TableContents) {
        let place = Table::ROWS.iter().position(|of| *of == table);
        if let Some(place) = place.and_then(|place| self.tables.get_mut(place)) {
            *place = contents;
        }
    }

    /// A row that was not there was written.
    pub fn add(&mut self, table: Table, key: &[u8], value: &[u8]) {
        let TableContents { rows, sum } = self.of(table);
        let (rows, sum) = (
            rows.saturating_add(1),
            sum.wrapping_add(hash(table, key, value)),
        );
        self.set(table, TableContents { rows, sum });
    }

    /// A row was written over another of the same key.
    pub(crate) fn replace(&mut self, table: Table, key: &[u8], old: &[u8], new: &[u8]) {
        let TableContents { rows, sum } = self.of(table);
        let sum = sum
            .wrapping_sub(hash(table, key, old))
            .wrapping_add(hash(table, key, new));
        self.set(table, TableContents { rows, sum });
    }

    /// A row that was there was taken away.
    pub(crate) fn remove(&mut self, table: Table, key: &[u8], value: &[u8]) {
        let TableContents { rows, sum } = self.of(table);
        let (rows, sum) = (
            rows.saturating_sub(1),
            sum.wrapping_sub(hash(table, key, value)),
        );
        self.set(table, TableContents { rows, sum });
    }

    /// Whether these are the contents that were written.
    ///
    /// # Errors
    /// [`ContentsError`] for the first table whose are not.
    pub fn expect(&self, written: &Self) -> Result<(), ContentsError> {
        let other = |table: &&Table| self.of(**table) != written.of(**table);
        match Table::ROWS.iter().find(other) {
            Some(table) => Err(ContentsError {
                table: table.name(),
                found: self.of(*table).rows,
                written: written.of(*table).rows,
            }),
            None => Ok(()),
        }
    }
}

/// The first half of SHA-256 over table, length of the key, key and bytes: good enough for a sum, because
/// nobody who can write the books could be kept from writing the sums.
fn hash(table: Table, key: &[u8], value: &[u8]) -> u128 {
    let mut hash = Sha256::new();
    hash.update(table.name());
    hash.update((key.len() as u64).to_le_bytes());
    hash.update(key);
    hash.update(value);
    let digest: [u8; 32] = hash.finalize().into();
    let (half, _) = digest.split_first_chunk::<16>().unwrap_or((&[0; 16], &[]));
    u128::from_le_bytes(*half)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_order_of_changes_does_not_matter_and_the_last_value_counts() {
        let mut straight = Contents::default();
        straight.add(Table::Cards, b"a", b"new");
        straight.add(Table::Cards, b"b", b"2");
        straight.add(Table::Accounts, b"b", b"2");
        let mut changed = Contents::default();
        changed.add(Table::Accounts, b"b", b"2");
        changed.add(Table::Cards, b"b", b"2");
        changed.add(Table::Cards, b"a", b"old");
        assert_ne!(straight, changed);
        changed.replace(Table::Cards, b"a", b"old", b"new");
        assert_eq!(straight, changed);
        assert_eq!(changed.expect(&straight), Ok(()));
        changed.add(Table::Cards, b"c", b"3");
        changed.remove(Table::Cards, b"c", b"3");
        assert_eq!(straight, changed);
    }

    #[test]
    fn a_row_that_is_missing_moved_or_older_is_noticed() {
        let rows = |rows: &[(Table, &[u8], &[u8])]| {
            let mut contents = Contents::default();
            for (table, key, value) in rows {
                contents.add(*table, key, value);
            }
            contents
        };
        let written = rows(&[(Table::Cards, b"a", b"1"), (Table::Cards, b"b", b"2")]);
        for found in [
            rows(&[(Table::Cards, b"a", b"1")]),
            rows(&[(Table::Cards, b"a", b"2"), (Table::Cards, b"b", b"1")]),
            rows(&[(Table::Cards, b"a1", b""), (Table::Cards, b"b", b"2")]),
            rows(&[(Table::Cards, b"a", b"0"), (Table::Cards, b"b", b"2")]),
            rows(&[(Table::Matches, b"a", b"1"), (Table::Cards, b"b", b"2")]),
        ] {
            assert_eq!(found.expect(&written).unwrap_err().table, "cards");
        }
    }
}
