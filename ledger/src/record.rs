//! Records: what the journal holds of a decision.
//!
//! Owns: the kinds of records, their numbers and versions, and their bytes. Every kind and version ever
//! written stays readable; a layout changes by a new version. An unknown kind or version stops the
//! start: it was written by a newer build. Must never: carry card secrets.

use serde::{Deserialize, Serialize};

pub(crate) mod version_1;
pub(crate) mod version_2;
pub(crate) mod version_3;
pub(crate) mod version_4;

use crate::authorization::{
    AuthorizationDecided, ClearingDecided, FileActionDecided, HoldDropped, ResponseAcknowledged,
    ReversalDecided, TransactionPosted,
};
use crate::entities::{Account, Card, Customer};
use crate::identifiers::{RecordId, ShardId};
use crate::journal::batch::{Batch, BatchFull, RawRecord};
use crate::operation::OperationDone;
use crate::purge::HistoryPurged;

/// One change of the books.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Record {
    /// A customer was created.
    CustomerCreated(Customer),
    /// An account was opened; the state it was opened with.
    AccountOpened(Box<Account>),
    /// A card was issued.
    CardIssued(Card),
    /// An authorization, inquiry or advice was decided.
    AuthorizationDecided(Box<AuthorizationDecided>),
    /// A reversal was decided.
    ReversalDecided(Box<ReversalDecided>),
    /// A hold was let go.
    HoldDropped(Box<HoldDropped>),
    /// The network has a response.
    ResponseAcknowledged(ResponseAcknowledged),
    /// A file action was decided.
    FileActionDecided(Box<FileActionDecided>),
    /// A transaction was posted.
    TransactionPosted(TransactionPosted),
    /// An operation was carried out.
    OperationDone(Box<OperationDone>),
    /// A record of a clearing file was decided.
    ClearingDecided(Box<ClearingDecided>),
    /// Decisions left the books.
    HistoryPurged(Box<HistoryPurged>),
}

/// Kind and version of a layout, as stored.
type Layout = (u8, u8);

const CUSTOMER_CREATED_1: Layout = (1, 1);
const CUSTOMER_CREATED: Layout = (1, 2);
const ACCOUNT_OPENED_1: Layout = (2, 1);
const ACCOUNT_OPENED: Layout = (2, 2);
const CARD_ISSUED_1: Layout = (3, 1);
const CARD_ISSUED: Layout = (3, 2);
const AUTHORIZATION_DECIDED_1: Layout = (10, 1);
const AUTHORIZATION_DECIDED_2: Layout = (10, 2);
const AUTHORIZATION_DECIDED_3: Layout = (10, 3);
const AUTHORIZATION_DECIDED_4: Layout = (10, 4);
const AUTHORIZATION_DECIDED: Layout = (10, 5);
const REVERSAL_DECIDED_1: Layout = (11, 1);
const REVERSAL_DECIDED_2: Layout = (11, 2);
const REVERSAL_DECIDED_3: Layout = (11, 3);
const REVERSAL_DECIDED: Layout = (11, 4);
const HOLD_DROPPED_1: Layout = (12, 1);
const HOLD_DROPPED: Layout = (12, 2);
const RESPONSE_ACKNOWLEDGED: Layout = (13, 1);
const FILE_ACTION_DECIDED_1: Layout = (14, 1);
const FILE_ACTION_DECIDED: Layout = (14, 2);
const CLEARING_DECIDED_1: Layout = (15, 1);
const CLEARING_DECIDED: Layout = (15, 2);
const TRANSACTION_POSTED_1: Layout = (20, 1);
const TRANSACTION_POSTED: Layout = (20, 2);
const OPERATION_DONE_1: Layout = (30, 1);
const OPERATION_DONE_2: Layout = (30, 2);
const OPERATION_DONE: Layout = (30, 3);
const HISTORY_PURGED: Layout = (31, 1);

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
    /// The decision on a request or an advice, if it is one.
    #[must_use]
    pub fn decided(&self) -> Option<&AuthorizationDecided> {
        match self {
            Self::AuthorizationDecided(decided) => Some(decided),
            Self::CustomerCreated(_)
            | Self::AccountOpened(_)
            | Self::CardIssued(_)
            | Self::ReversalDecided(_)
            | Self::HoldDropped(_)
            | Self::ResponseAcknowledged(_)
            | Self::FileActionDecided(_)
            | Self::TransactionPosted(_)
            | Self::OperationDone(_)
            | Self::ClearingDecided(_)
            | Self::HistoryPurged(_) => None,
        }
    }

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
            Self::HoldDropped(dropped) => encode(HOLD_DROPPED, dropped, scratch),
            Self::ResponseAcknowledged(noted) => encode(RESPONSE_ACKNOWLEDGED, noted, scratch),
            Self::FileActionDecided(decided) => encode(FILE_ACTION_DECIDED, decided, scratch),
            Self::TransactionPosted(posted) => encode(TRANSACTION_POSTED, posted, scratch),
            Self::OperationDone(done) => encode(OPERATION_DONE, done, scratch),
            Self::ClearingDecided(decided) => encode(CLEARING_DECIDED, decided, scratch),
            Self::HistoryPurged(purged) => encode(HISTORY_PURGED, purged, scratch),
        }?;
        Ok(batch.push(kind, version, scratch)?)
    }

    /// Reads a stored record.
    ///
    /// # Errors
    /// [`RecordError`] for an unknown kind or version, or a payload of another layout.
    pub fn decode(raw: &RawRecord<'_>) -> Result<Self, RecordError> {
        let boxed = |decided| Self::AuthorizationDecided(Box::new(decided));
        let boxed_reversal = |decided| Self::ReversalDecided(Box::new(decided));
        match (raw.kind, raw.version) {
            CUSTOMER_CREATED => decode(raw).map(Self::CustomerCreated),
            CUSTOMER_CREATED_1 => {
                decode::<version_1::Customer>(raw).map(|old| Self::CustomerCreated(old.into()))
            }
            ACCOUNT_OPENED => decode(raw).map(|account| Self::AccountOpened(Box::new(account))),
            ACCOUNT_OPENED_1 => decode::<version_1::Account>(raw)
                .map(|old| Self::AccountOpened(Box::new(old.opened()))),
            CARD_ISSUED => decode(raw).map(Self::CardIssued),
            CARD_ISSUED_1 => decode::<version_1::Card>(raw).map(|old| Self::CardIssued(old.into())),
            AUTHORIZATION_DECIDED => decode(raw).map(boxed),
            AUTHORIZATION_DECIDED_1 => {
                decode::<version_1::AuthorizationDecided>(raw).map(|old| boxed(old.into()))
            }
            AUTHORIZATION_DECIDED_2 => {
                decode::<version_2::AuthorizationDecided>(raw).map(|old| boxed(old.into()))
            }
            AUTHORIZATION_DECIDED_3 => {
                decode::<version_3::AuthorizationDecided>(raw).map(|old| boxed(old.into()))
            }
            AUTHORIZATION_DECIDED_4 => {
                decode::<version_4::AuthorizationDecided>(raw).map(|old| boxed(old.into()))
            }
            REVERSAL_DECIDED => decode(raw).map(boxed_reversal),
            REVERSAL_DECIDED_1 => {
                decode::<version_1::ReversalDecided>(raw).map(|old| boxed_reversal(old.into()))
            }
            REVERSAL_DECIDED_2 => {
                decode::<version_2::ReversalDecided>(raw).map(|old| boxed_reversal(old.into()))
            }
            REVERSAL_DECIDED_3 => {
                decode::<version_4::ReversalDecided>(raw).map(|old| boxed_reversal(old.into()))
            }
            HOLD_DROPPED => decode(raw).map(|dropped| Self::HoldDropped(Box::new(dropped))),
            HOLD_DROPPED_1 => decode::<version_2::HoldDropped>(raw)
                .map(|old| Self::HoldDropped(Box::new(old.into()))),
            RESPONSE_ACKNOWLEDGED => decode(raw).map(Self::ResponseAcknowledged),
            FILE_ACTION_DECIDED => {
                decode(raw).map(|decided| Self::FileActionDecided(Box::new(decided)))
            }
            FILE_ACTION_DECIDED_1 => decode::<version_4::FileActionDecided>(raw)
                .map(|old| Self::FileActionDecided(Box::new(old.into()))),
            TRANSACTION_POSTED => decode(raw).map(Self::TransactionPosted),
            TRANSACTION_POSTED_1 => decode::<version_3::TransactionPosted>(raw)
                .map(|old| Self::TransactionPosted(old.into())),
            OPERATION_DONE => decode(raw).map(|done| Self::OperationDone(Box::new(done))),
            OPERATION_DONE_1 => decode::<version_2::OperationDone>(raw)
                .map(|old| Self::OperationDone(Box::new(old.into()))),
            OPERATION_DONE_2 => decode::<version_3::operations::OperationDone>(raw)
                .map(|old| Self::OperationDone(Box::new(old.into()))),
            HISTORY_PURGED => decode(raw).map(|purged| Self::HistoryPurged(Box::new(purged))),
            CLEARING_DECIDED => decode(raw).map(|decided| Self::ClearingDecided(Box::new(decided))),
            CLEARING_DECIDED_1 => decode::<version_3::ClearingDecided>(raw)
                .map(|old| Self::ClearingDecided(Box::new(old.into()))),
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
