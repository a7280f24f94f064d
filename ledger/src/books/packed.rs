//! Packed tables: many rows in one piece of the store.
//!
//! Owns: pages, each the rows of one stretch of keys in order, stored under the lowest key that the stretch
//! had when it was made. A row costs sled several microseconds and a node of its own whatever its size; rows
//! whose keys rise with time, put into pages, cost a small part of that. A page ends where the next one
//! begins: what a page still holds from there on is an older copy, left by a write that was cut off, and does
//! not count. Must never: interpret a row, or show readers a page that is being divided.

use std::collections::VecDeque;
use std::ops::Bound;
use std::sync::{PoisonError, RwLock, RwLockReadGuard};

use super::rows::{RowError, Table};
use super::store::{KeyValue, Row, StoreError};

/// Bytes of rows after which another page is begun. A change of one row writes its page again, so that a
/// page must not hold many rows that change by themselves.
const PAGE_BYTES: usize = 2048;

/// First byte of every page. No row begins with it, so that books whose tables are not packed are told by it.
const PAGE_MARK: u8 = 0xB1;

/// A table in pages.
pub(super) struct PackedTree {
    table: Table,
    tree: sled::Tree,
    /// Held to write while a page is changed or divided.
    dividing: RwLock<()>,
}

/// A page under the key that it is stored under.
type Stored = (sled::IVec, sled::IVec);

/// Key and bytes of a row within a page.
type Borrowed<'a> = (&'a [u8], &'a [u8]);

impl PackedTree {
    pub(super) fn new(table: Table, tree: sled::Tree) -> Self {
        Self {
            table,
            tree,
            dividing: RwLock::new(()),
        }
    }

    pub(super) fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        let _whole = self.whole();
        let Some((_, page)) = self.page_of(key)? else {
            return Ok(None);
        };
        for row in self.rows(&page)? {
            let (found, value) = row?;
            if found == key {
                return Ok(Some(value.to_vec()));
            }
        }
        Ok(None)
    }

    /// Writes rows; those of one page together, where they follow each other.
    pub(super) fn write(&self, rows: Vec<Row>) -> Result<(), StoreError> {
        let mut rows = VecDeque::from(rows);
        while let Some(first) = rows.front() {
            let _alone = self
                .dividing
                .write()
                .unwrap_or_else(PoisonError::into_inner);
            let (low, mut held) = match self.page_of(&first.key)? {
                Some((low, page)) => {
                    let held = self.rows(&page)?;
                    let held =
                        held.map(|row| row.map(|(key, value)| (key.to_vec(), value.to_vec())));
                    (low, held.collect::<Result<Vec<KeyValue>, _>>()?)
                }
                None => (sled::IVec::from(first.key.as_slice()), Vec::new()),
            };
            let end = self.page_behind(&low)?;
            let within = |key: &[u8]| *low <= *key && end.as_ref().is_none_or(|end| *key < **end);
            held.retain(|(key, _)| within(key));
            while let Some(row) = rows.pop_front_if(|row| within(&row.key)) {
                put(&mut held, row);
            }
            self.put_pages(&low, &held)?;
        }
        Ok(())
    }

    /// Divides the rows into pages and writes them, the last page first: until the first is written, its
    /// older copy has every row that the others have.
    fn put_pages(&self, low: &sled::IVec, rows: &[KeyValue]) -> Result<(), StoreError> {
        if rows.is_empty() {
            self.tree.remove(low)?;
            return Ok(());
        }
        let mut pages: Vec<Vec<u8>> = Vec::new();
        let mut lows: Vec<&[u8]> = Vec::new();
        for (key, value) in rows {
            if pages.last().is_none_or(|page| page.len() >= PAGE_BYTES) {
                pages.push(vec![PAGE_MARK]);
                lows.push(if lows.is_empty() { low } else { key });
            }
            if let Some(page) = pages.last_mut() {
                append(page, key, value).ok_or_else(|| self.error("a row is too large"))?;
            }
        }
        for (low, page) in lows.into_iter().zip(pages).rev() {
            self.tree.insert(low, page)?;
        }
        Ok(())
    }

    /// The rows, the highest key first.
    pub(super) fn newest_first(&self) -> impl Iterator<Item = Result<KeyValue, StoreError>> {
        let mut end: Option<sled::IVec> = None;
        let mut page: Vec<KeyValue> = Vec::new();
        std::iter::from_fn(move || {
            loop {
                if let Some(row) = page.pop() {
                    return Some(Ok(row));
                }
                match self.page_before(end.take()) {
                    Ok(Some((low, rows))) => (end, page) = (Some(low), rows),
                    Ok(None) => return None,
                    Err(error) => return Some(Err(error)),
                }
            }
        })
    }

    /// The last page before a key, and its rows before that key in order.
    fn page_before(
        &self,
        end: Option<sled::IVec>,
    ) -> Result<Option<(sled::IVec, Vec<KeyValue>)>, StoreError> {
        let _whole = self.whole();
        let before = end.as_ref().map_or(Bound::Unbounded, Bound::Excluded);
        let mut pages = self
            .tree
            .range::<&sled::IVec, _>((Bound::Unbounded, before));
        let Some((low, page)) = pages.next_back().transpose()? else {
            return Ok(None);
        };
        let mut rows = Vec::new();
        for row in self.rows(&page)? {
            let (key, value) = row?;
            if end.as_ref().is_none_or(|end| *key < **end) {
                rows.push((key.to_vec(), value.to_vec()));
            }
        }
        Ok(Some((low, rows)))
    }

    /// The first rows, or those that follow a key, at most so many.
    pub(super) fn page(
        &self,
        after: Option<&[u8]>,
        most: usize,
    ) -> Result<Vec<KeyValue>, StoreError> {
        let _whole = self.whole();
        let first = after.map_or(Ok(None), |after| self.page_of(after))?;
        let low = first.as_ref().map_or(&[] as &[u8], |(low, _)| low);
        let mut pages = self.tree.range(low..);
        let mut next = pages.next().transpose()?;
        let mut found = Vec::new();
        while let Some((_, page)) = next {
            next = pages.next().transpose()?;
            for row in self.rows(&page)? {
                let (key, value) = row?;
                if next.as_ref().is_some_and(|(end, _)| *key >= **end) {
                    break;
                }
                if after.is_none_or(|after| key > after) {
                    found.push((key.to_vec(), value.to_vec()));
                }
                if found.len() >= most {
                    return Ok(found);
                }
            }
        }
        Ok(found)
    }

    /// No page is divided while this is held.
    fn whole(&self) -> RwLockReadGuard<'_, ()> {
        self.dividing.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// The page that a key belongs to.
    fn page_of(&self, key: &[u8]) -> Result<Option<Stored>, StoreError> {
        Ok(self.tree.range(..=key).next_back().transpose()?)
    }

    /// Where the page behind one begins.
    fn page_behind(&self, low: &sled::IVec) -> Result<Option<sled::IVec>, StoreError> {
        let behind = (Bound::Excluded(low), Bound::Unbounded);
        let next = self.tree.range::<&sled::IVec, _>(behind).next();
        Ok(next.transpose()?.map(|(low, _)| low))
    }

    fn rows<'a>(
        &self,
        page: &'a [u8],
    ) -> Result<impl Iterator<Item = Result<Borrowed<'a>, RowError>>, RowError> {
        let Some((&PAGE_MARK, mut rest)) = page.split_first() else {
            return Err(self.error("it is not in pages"));
        };
        let table = self.table;
        Ok(std::iter::from_fn(move || {
            if rest.is_empty() {
                return None;
            }
            let Some((key, value, after)) = read(rest) else {
                rest = &[];
                return Some(Err(error(table, "a page ends within a row")));
            };
            rest = after;
            Some(Ok((key, value)))
        }))
    }

    fn error(&self, reason: &str) -> RowError {
        error(self.table, reason)
    }
}

fn error(table: Table, reason: &str) -> RowError {
    RowError {
        table: table.name(),
        reason: reason.to_owned(),
    }
}

/// Puts a row among those of a page, which are in order.
fn put(held: &mut Vec<KeyValue>, Row { key, value, .. }: Row) {
    // Most rows come behind all others.
    let place = match held.last() {
        Some((last, _)) if *last < key => Err(held.len()),
        Some(_) | None => held.binary_search_by(|(held, _)| held.cmp(&key)),
    };
    match (place, value) {
        (Ok(place), Some(value)) => {
            if let Some((_, held)) = held.get_mut(place) {
                *held = value;
            }
        }
        (Ok(place), None) => {
            held.remove(place);
        }
        (Err(place), Some(value)) => held.insert(place, (key, value)),
        (Err(_), None) => {}
    }
}

/// Appends a row: length of the key u8, length of the value u32, little endian, key, value.
fn append(page: &mut Vec<u8>, key: &[u8], value: &[u8]) -> Option<()> {
    page.push(u8::try_from(key.len()).ok()?);
    page.extend_from_slice(&u32::try_from(value.len()).ok()?.to_le_bytes());
    page.extend_from_slice(key);
    page.extend_from_slice(value);
    Some(())
}

/// The row at the start of some bytes, and what follows it.
fn read(bytes: &[u8]) -> Option<(&[u8], &[u8], &[u8])> {
    let (key_length, rest) = bytes.split_first()?;
    let (value_length, rest) = rest.split_first_chunk()?;
    let value_length = usize::try_from(u32::from_le_bytes(*value_length)).ok()?;
    let (key, rest) = rest.split_at_checked(usize::from(*key_length))?;
    let (value, rest) = rest.split_at_checked(value_length)?;
    Some((key, value, rest))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    fn packed() -> PackedTree {
        let database = sled::Config::new().temporary(true).open().unwrap();
        PackedTree::new(Table::Messages, database.open_tree("packed").unwrap())
    }

    fn row(key: u16, value: Option<Vec<u8>>) -> Row {
        Row {
            table: Table::Messages,
            key: key.to_be_bytes().to_vec(),
            value,
        }
    }

    fn all(packed: &PackedTree) -> Vec<KeyValue> {
        packed.page(None, usize::MAX).unwrap()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn a_packed_table_is_a_map(
            steps in prop::collection::vec(
                prop::collection::vec((0..400_u16, prop::option::weighted(0.8, 0..700_usize)), 1..60),
                1..12,
            ),
        ) {
            let (packed, mut map) = (packed(), BTreeMap::new());
            for (number, step) in (0_u8..).zip(steps) {
                let rows = step.iter().map(|(key, length)| row(*key, length.map(|length| vec![number; length])));
                for Row { key, value, .. } in rows.clone() {
                    match value {
                        Some(value) => map.insert(key, value),
                        None => map.remove(&key),
                    };
                }
                packed.write(rows.collect()).unwrap();
            }
            let expected: Vec<KeyValue> = map.clone().into_iter().collect();
            prop_assert_eq!(&all(&packed), &expected);
            let mut newest: Vec<_> = packed.newest_first().collect::<Result<_, _>>().unwrap();
            newest.reverse();
            prop_assert_eq!(&newest, &expected);
            for key in 0..400_u16 {
                let key = key.to_be_bytes();
                prop_assert_eq!(packed.get(&key).unwrap(), map.get(key.as_slice()).cloned());
                let page = packed.page(Some(&key), 3).unwrap();
                let following: Vec<KeyValue> = expected.iter().filter(|(of, _)| of.as_slice() > key.as_slice()).take(3).cloned().collect();
                prop_assert_eq!(page, following);
            }
        }
    }

    #[test]
    fn rows_in_order_fill_their_pages() {
        let packed = packed();
        for step in 0..50_u16 {
            let rows = (0..20).map(|number| row(step * 20 + number, Some(vec![7; 100])));
            packed.write(rows.collect()).unwrap();
        }
        assert_eq!(all(&packed).len(), 1000);
        // 19 rows of 107 bytes fill a page.
        assert!(
            packed.tree.len() <= 1000 / 19 + 1,
            "{} pages",
            packed.tree.len()
        );
    }

    /// A division that is cut off leaves rows twice; the copies that count are those of the later page.
    #[test]
    fn copies_that_a_cut_off_division_leaves_do_not_count() {
        let packed = packed();
        packed
            .write((0..30).map(|key| row(key, Some(vec![1; 50]))).collect())
            .unwrap();
        let (low, page) = packed.tree.first().unwrap().unwrap();
        let mut later = vec![PAGE_MARK];
        append(&mut later, &10_u16.to_be_bytes(), &[2; 50]).unwrap();
        packed.tree.insert(10_u16.to_be_bytes(), later).unwrap();
        let found = all(&packed);
        assert_eq!(found.len(), 11);
        assert_eq!(found[10].1, [2; 50]);
        assert_eq!(packed.newest_first().count(), 11);
        assert_eq!(packed.get(&11_u16.to_be_bytes()).unwrap(), None);
        assert_eq!(packed.tree.get(low).unwrap(), Some(page));
        // The next change of the page leaves them out.
        packed.write(vec![row(3, Some(vec![3; 50]))]).unwrap();
        assert_eq!(all(&packed).len(), 11);
    }

    #[test]
    fn what_is_not_a_page_is_an_error() {
        for bytes in [
            vec![],
            vec![2, 1],
            vec![PAGE_MARK, 1],
            vec![PAGE_MARK, 1, 9, 0, 0, 0, 5],
        ] {
            let packed = packed();
            packed.tree.insert([0, 1], bytes.clone()).unwrap();
            assert!(packed.get(&[0, 5]).is_err(), "{bytes:?}");
            assert!(packed.page(None, 1).is_err(), "{bytes:?}");
            assert!(packed.newest_first().next().unwrap().is_err(), "{bytes:?}");
            assert!(packed.write(vec![row(5, None)]).is_err(), "{bytes:?}");
        }
    }
}
