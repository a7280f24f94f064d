//! Records: what the journal holds of a decision.
//!
//! Owns: the kinds of records, their numbers and versions, and their bytes. Every kind and version ever
//! written stays readable; a layout changes by a new version. An unknown kind or version stops the
//! start: it was written by a newer build. Must never: carry card secrets.

use serde::{Deserialize, Serialize};

use crate::authorization::{AuthorizationDecided, ReversalDecided, TransactionPosted};
use crate::entities::{Account, Card, Customer};
use crate::identifiers::{RecordId, ShardId};
use crate::journal::batch::{Batch, BatchFull, RawRecord};

/// One change of the books.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Record {
    /// A customer was created.
    CustomerCreated(Customer),
    /// An account was opened; the state it was opened with.
    AccountOpened(Account),
    /// A card was issued.
    CardIssued(Card),
    /// An authorization or inquiry was decided.
    AuthorizationDecided(Box<AuthorizationDecided>),
    /// A reversal was decided.
    ReversalDecided(Box<ReversalDecided>),
    /// A transaction was posted.
    TransactionPosted(TransactionPosted),
}

/// Kind and version of a layout, as stored.
type Layout = (u8, u8);

const CUSTOMER_CREATED: Layout = (1, 1);
const ACCOUNT_OPENED: Layout = (2, 1);
const CARD_ISSUED: Layout = (3, 1);
const AUTHORIZATION_DECIDED: Layout = (10, 1);
const REVERSAL_DECIDED: Layout = (11, 1);
const TRANSACTION_POSTED: Layout = (20, 1);

/// Why a stored record cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RecordError {
    /// Written by a build that knows more kinds or versions.
    #[error("record kind {kind} version {version} is unknown to this build")]
    Unknown {
        /// The kind.
        kind: u8,
        /// Its version.
        version: u8,
    },
    /// The payload does not have the layout of its kind and version.
    #[error("record kind {kind} version {version}: {reason}")]
    Layout {
        /// The kind.
        kind: u8,
        /// Its version.
        version: u8,
        /// What the decoder said.
        reason: String,
    },
}

/// Why a record cannot be added to a batch.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AppendError {
    /// The batch is full.
    #[error(transparent)]
    Full(#[from] BatchFull),
    /// The record cannot be encoded.
    #[error("a record cannot be encoded: {0}")]
    Encode(String),
}

impl Record {
    /// Appends the record to a batch, using `scratch` for its bytes; returns its index.
    ///
    /// # Errors
    /// [`AppendError`]; the batch is then unchanged.
    pub fn append_to(&self, batch: &mut Batch, scratch: &mut Vec<u8>) -> Result<u32, AppendError> {
        scratch.clear();
        let (kind, version) = match self {
            Self::CustomerCreated(customer) => encode(CUSTOMER_CREATED, customer, scratch),
            Self::AccountOpened(account) => encode(ACCOUNT_OPENED, account, scratch),
            Self::CardIssued(card) => encode(CARD_ISSUED, card, scratch),
            Self::AuthorizationDecided(decided) => encode(AUTHORIZATION_DECIDED, decided, scratch),
            Self::ReversalDecided(decided) => encode(REVERSAL_DECIDED, decided, scratch),
            Self::TransactionPosted(posted) => encode(TRANSACTION_POSTED, posted, scratch),
        }?;
        Ok(batch.push(kind, version, scratch)?)
    }

    /// Reads a stored record.
    ///
    /// # Errors
    /// [`RecordError`] for an unknown kind or version, or a payload of another layout.
    pub fn decode(raw: &RawRecord<'_>) -> Result<Self, RecordError> {
        match (raw.kind, raw.version) {
            CUSTOMER_CREATED => decode(raw).map(Self::CustomerCreated),
            ACCOUNT_OPENED => decode(raw).map(Self::AccountOpened),
            CARD_ISSUED => decode(raw).map(Self::CardIssued),
            AUTHORIZATION_DECIDED => decode(raw).map(|d| Self::AuthorizationDecided(Box::new(d))),
            REVERSAL_DECIDED => decode(raw).map(|d| Self::ReversalDecided(Box::new(d))),
            TRANSACTION_POSTED => decode(raw).map(Self::TransactionPosted),
            (kind, version) => Err(RecordError::Unknown { kind, version }),
        }
    }
}

/// A record of a batch that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("record {id}: {source}")]
pub struct Unreadable {
    /// The record.
    pub id: RecordId,
    /// Why.
    pub source: RecordError,
}

/// The records of a shard's batch in order, each with its identifier.
pub fn records_of(
    shard: ShardId,
    batch: &Batch,
) -> impl Iterator<Item = Result<(RecordId, Record), Unreadable>> {
    batch.records().map(move |raw| {
        let id = RecordId {
            shard,
            sequence: batch.sequence,
            index: raw.index,
        };
        let record = Record::decode(&raw).map_err(|source| Unreadable { id, source })?;
        Ok((id, record))
    })
}

fn encode<T: Serialize>(
    layout: Layout,
    value: &T,
    scratch: &mut Vec<u8>,
) -> Result<Layout, AppendError> {
    let taken = std::mem::take(scratch);
    *scratch = postcard::to_extend(value, taken).map_err(|e| AppendError::Encode(e.to_string()))?;
    Ok(layout)
}

fn decode<'a, T: Deserialize<'a>>(raw: &RawRecord<'a>) -> Result<T, RecordError> {
    let layout = |reason: String| RecordError::Layout {
        kind: raw.kind,
        version: raw.version,
        reason,
    };
    let (value, rest) =
        postcard::take_from_bytes(raw.payload).map_err(|error| layout(error.to_string()))?;
    if rest.is_empty() {
        Ok(value)
    } else {
        Err(layout("bytes are left over".to_owned()))
    }
}
