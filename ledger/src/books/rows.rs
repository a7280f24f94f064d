//! Rows: how the books are laid out in the store.
//!
//! Owns: the tables, their keys and the bytes of their rows. A row is written whole; rows of accounts say
//! up to which record they hold. Must never: be written before the journal holds what they reflect.

use serde::{Deserialize, Serialize, de::DeserializeOwned};

use super::Progress;
use crate::authorization::{AuthorizationDecided, MatchKey, ReversalDecided, TransactionPosted};
use crate::entities::{Account, Card, Customer};
use crate::identifiers::{RecordId, Timestamp};

/// A table of the books.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Table {
    /// `CustomerId` (8 bytes, big endian) to [`Customer`].
    Customers,
    /// `AccountId` (8 bytes, big endian) to [`Account`].
    Accounts,
    /// `CardHash` to [`Card`].
    Cards,
    /// [`RecordId::to_key`] to [`StoredMessage`].
    Messages,
    /// [`MatchKey`] to the [`RecordId`] of its message.
    Matches,
    /// `AccountId` and [`RecordId::to_key`] to [`TransactionPosted`].
    Transactions,
    /// [`APPLIED`] and [`INTENDED`] to [`Progress`].
    Progress,
}

impl Table {
    /// Every table.
    pub const ALL: [Self; 7] = [
        Self::Customers,
        Self::Accounts,
        Self::Cards,
        Self::Messages,
        Self::Matches,
        Self::Transactions,
        Self::Progress,
    ];

    /// Every table whose rows follow from the journal: all but [`Table::Progress`].
    pub const ROWS: [Self; 6] = [
        Self::Customers,
        Self::Accounts,
        Self::Cards,
        Self::Messages,
        Self::Matches,
        Self::Transactions,
    ];

    /// Its name in the store.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Customers => "customers",
            Self::Accounts => "accounts",
            Self::Cards => "cards",
            Self::Messages => "messages",
            Self::Matches => "matches",
            Self::Transactions => "transactions",
            Self::Progress => "progress",
        }
    }
}

/// Key of the row of [`Table::Progress`] that says up to which batch every row is in the store.
pub const APPLIED: &[u8] = b"applied";

/// Key of the row of [`Table::Progress`] that is written before the rows of a checkpoint, with where it
/// will have led: until it has, rows may reflect anything up to there.
pub const INTENDED: &[u8] = b"intended";

/// A decided message as the books hold it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredMessage {
    /// The record that decided it.
    pub id: RecordId,
    /// When.
    pub time: Timestamp,
    /// What it was.
    pub body: MessageBody,
}

/// What a stored message was.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum MessageBody {
    /// An authorization or inquiry.
    Authorization {
        /// The decision.
        decided: Box<AuthorizationDecided>,
        /// What of it remains authorized, minor units.
        remaining_minor: i64,
    },
    /// A reversal.
    Reversal(Box<ReversalDecided>),
}

/// A row that does not have the layout of its table.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a row of table {table} cannot be read: {reason}")]
pub struct RowError {
    /// The table.
    pub table: &'static str,
    /// What the decoder said.
    pub reason: String,
}

/// First byte of every row: the version of its layout.
const ROW_VERSION: u8 = 1;

/// The bytes of a row.
pub(crate) fn encode<T: Serialize>(table: Table, value: &T) -> Result<Vec<u8>, RowError> {
    postcard::to_extend(value, vec![ROW_VERSION]).map_err(|e| row_error(table, &e.to_string()))
}

/// The value of a row.
pub(crate) fn decode<T: DeserializeOwned>(table: Table, bytes: &[u8]) -> Result<T, RowError> {
    match bytes.split_first() {
        Some((&ROW_VERSION, body)) => {
            postcard::from_bytes(body).map_err(|error| row_error(table, &error.to_string()))
        }
        Some((version, _)) => Err(row_error(
            table,
            &format!("its layout version is {version}"),
        )),
        None => Err(row_error(table, "it is empty")),
    }
}

/// Whether the bytes of a row have the layout of its table.
///
/// # Errors
/// [`RowError`] when they have not.
pub(crate) fn check(table: Table, bytes: &[u8]) -> Result<(), RowError> {
    match table {
        Table::Customers => decode::<Customer>(table, bytes).map(drop),
        Table::Accounts => decode::<Account>(table, bytes).map(drop),
        Table::Cards => decode::<Card>(table, bytes).map(drop),
        Table::Messages => decode::<StoredMessage>(table, bytes).map(drop),
        Table::Matches => decode::<RecordId>(table, bytes).map(drop),
        Table::Transactions => decode::<TransactionPosted>(table, bytes).map(drop),
        Table::Progress => decode::<Progress>(table, bytes).map(drop),
    }
}

fn row_error(table: Table, reason: &str) -> RowError {
    RowError {
        table: table.name(),
        reason: reason.to_owned(),
    }
}

/// Key of a message's match row.
pub(crate) fn match_key(key: &MatchKey) -> Vec<u8> {
    use crate::authorization::MessageClass;
    let class = match key.class {
        MessageClass::Authorization => 1,
        MessageClass::Financial => 2,
        MessageClass::Reversal => 4,
    };
    let mut bytes = Vec::with_capacity(62);
    bytes.push(key.network.0);
    bytes.extend_from_slice(&key.card.0);
    bytes.push(class);
    bytes.extend_from_slice(&key.stan.to_be_bytes());
    bytes.extend_from_slice(&key.transmission.to_be_bytes());
    bytes.extend_from_slice(&key.acquirer.to_be_bytes());
    bytes.extend_from_slice(&key.terminal);
    bytes
}

/// Key of a transaction row: together they sort by account, then by time.
pub(crate) fn transaction_key(account: rules::AccountId, id: RecordId) -> Vec<u8> {
    [account.0.to_be_bytes().as_slice(), &id.to_key()].concat()
}
