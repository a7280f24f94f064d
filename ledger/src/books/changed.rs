//! Rows that changed since the last checkpoint, as the bytes that it will write.
//!
//! Owns: how such a row is kept and read. A decided message takes several times its bytes once it is read, and there
//! may be a million of them before a checkpoint comes. Must never: hold a guard of a view after it returned.

use std::collections::BTreeSet;
use std::hash::Hash;

use dashmap::DashMap;
use rules::AccountId;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::rows::{self, RowError, StoredMessage, Table};
use super::store::Row;
use crate::authorization::TransactionPosted;
use crate::entities::{Account, Card, Customer};
use crate::identifiers::{CardHash, CustomerId, RecordId};

/// The key of a row, which says what the row is.
pub(super) trait RowKey: Clone + Eq + Hash {
    /// The table of the row.
    const TABLE: Table;

    /// What its bytes say.
    type Value: Serialize + DeserializeOwned;

    /// The bytes of the key.
    fn to_bytes(&self) -> Vec<u8>;
}

impl RowKey for CustomerId {
    const TABLE: Table = Table::Customers;
    type Value = Customer;

    fn to_bytes(&self) -> Vec<u8> {
        self.0.to_be_bytes().to_vec()
    }
}

impl RowKey for AccountId {
    const TABLE: Table = Table::Accounts;
    type Value = Account;

    fn to_bytes(&self) -> Vec<u8> {
        self.0.to_be_bytes().to_vec()
    }
}

impl RowKey for CardHash {
    const TABLE: Table = Table::Cards;
    type Value = Card;

    fn to_bytes(&self) -> Vec<u8> {
        self.0.to_vec()
    }
}

impl RowKey for RecordId {
    const TABLE: Table = Table::Messages;
    type Value = StoredMessage;

    fn to_bytes(&self) -> Vec<u8> {
        self.to_key().to_vec()
    }
}

impl RowKey for (AccountId, RecordId) {
    const TABLE: Table = Table::Transactions;
    type Value = TransactionPosted;

    fn to_bytes(&self) -> Vec<u8> {
        rows::transaction_key(self.0, self.1)
    }
}

/// The changed rows of one table; `None` where a row is taken away.
#[derive(Debug)]
pub(super) struct Changed<K: RowKey>(DashMap<K, Option<Box<[u8]>>>);

impl<K: RowKey> Default for Changed<K> {
    fn default() -> Self {
        Self(DashMap::default())
    }
}

impl<K: RowKey> Changed<K> {
    /// What a row says, or that it is taken away; `None` where it did not change.
    pub(super) fn get(&self, key: &K) -> Result<Option<Option<K::Value>>, RowError> {
        let Some(row) = self.0.get(key) else {
            return Ok(None);
        };
        let value = row.as_deref().map(|row| rows::decode(K::TABLE, row));
        Ok(Some(value.transpose()?))
    }

    pub(super) fn put(&self, key: K, value: &K::Value) -> Result<(), RowError> {
        let row = rows::encode(K::TABLE, value)?;
        self.0.insert(key, Some(row.into_boxed_slice()));
        Ok(())
    }

    pub(super) fn take_away(&self, key: K) {
        self.0.insert(key, None);
    }

    pub(super) fn clear(&self) {
        self.0.clear();
    }

    /// The bytes of every key.
    pub(super) fn keys(&self) -> BTreeSet<Vec<u8>> {
        self.0.iter().map(|row| row.key().to_bytes()).collect()
    }

    /// Every row, in no particular order.
    pub(super) fn rows(&self) -> impl Iterator<Item = Row> {
        self.0.iter().map(|row| Row {
            table: K::TABLE,
            key: row.key().to_bytes(),
            value: row.value().as_deref().map(<[u8]>::to_vec),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entities::CustomerKind;

    fn customer(name: &str) -> Customer {
        Customer {
            id: CustomerId(7),
            kind: CustomerKind::Person,
            name: name.to_owned(),
            document_number: "1".to_owned(),
            is_active: true,
            address: None,
        }
    }

    #[test]
    fn a_row_is_what_was_put_last_until_it_is_taken_away() {
        let (key, changed) = (CustomerId(7), Changed::default());
        assert_eq!(changed.get(&key).unwrap(), None);
        changed.put(key, &customer("one")).unwrap();
        changed.put(key, &customer("two")).unwrap();
        assert_eq!(changed.get(&key).unwrap(), Some(Some(customer("two"))));
        let row = |value| Row {
            table: Table::Customers,
            key: key.to_bytes(),
            value,
        };
        let bytes = rows::encode(Table::Customers, &customer("two")).unwrap();
        let written: Vec<_> = changed.rows().collect();
        assert_eq!(written, [row(Some(bytes))]);
        changed.take_away(key);
        assert_eq!(changed.get(&key).unwrap(), Some(None));
        assert_eq!(changed.rows().collect::<Vec<_>>(), [row(None)]);
        changed.clear();
        assert_eq!(changed.get(&key).unwrap(), None);
        assert_eq!(changed.keys().len(), 0);
    }
}
