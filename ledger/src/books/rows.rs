//! Rows: how the books are laid out in the store.
//!
//! Owns: the tables, their keys and the bytes of their rows. A row is written whole; rows of accounts say
//! up to which record they hold. Must never: be written before the journal holds what they reflect.

use rules::{AccumulatorKey, AccumulatorOwner, ControlId, ControlTarget};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use crate::authorization::{
    AccountMove, AuthorizationDecided, Cleared, ClearingDecided, ClearingResult, Decision,
    FileActionDecided, HoldDropped, Lookup, MatchKey, MessageClass, MessageKey, Presented,
    Reference, ReferenceKind, Refund, Relation, ReversalDecided, Standing,
};
use crate::encoding;
use crate::identifiers::{CardHash, RecordId, Timestamp};
use crate::operation::OperationDone;
use crate::transfer::TransferStep;

/// A table of the books.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Table {
    /// `CustomerId` (8 bytes, big endian) to [`Customer`](crate::entities::Customer).
    Customers,
    /// `AccountId` (8 bytes, big endian) to [`Account`](crate::entities::Account).
    Accounts,
    /// `CardHash` to [`Card`](crate::entities::Card).
    Cards,
    /// [`RecordId::to_key`] to [`StoredMessage`].
    Messages,
    /// What leads to a message ([`Lead`]) to the [`RecordId`] of it, but for references.
    Matches,
    /// References of authorizations to the [`RecordId`] of each.
    References,
    /// [`RecordId::to_key`] and `AccountId` to [`TransactionPosted`](crate::authorization::TransactionPosted).
    Transactions,
    /// Owner and control ([`accumulator_key`]) to [`Counted`](crate::controls::Counted).
    Accumulators,
    /// Target and control ([`control_key`]) to the [`ControlDocument`](crate::operation::ControlDocument) of a control
    /// made at run time.
    Controls,
    /// [`PURGED`] to [`Purged`](crate::purge::Purged), and `AccountId` to what of its pending sum was purged.
    Purges,
    /// [`APPLIED`] and [`INTENDED`] to [`Progress`](super::Progress).
    Progress,
}

impl Table {
    /// Every table.
    pub const ALL: [Self; 11] = [
        Self::Customers,
        Self::Accounts,
        Self::Cards,
        Self::Messages,
        Self::Matches,
        Self::References,
        Self::Transactions,
        Self::Accumulators,
        Self::Controls,
        Self::Purges,
        Self::Progress,
    ];

    /// Every table whose rows follow from the journal: all but [`Table::Progress`].
    pub const ROWS: [Self; 10] = [
        Self::Customers,
        Self::Accounts,
        Self::Cards,
        Self::Messages,
        Self::Matches,
        Self::References,
        Self::Transactions,
        Self::Accumulators,
        Self::Controls,
        Self::Purges,
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
            Self::References => "references",
            Self::Transactions => "transactions",
            Self::Accumulators => "accumulators",
            Self::Controls => "controls",
            Self::Purges => "purges",
            Self::Progress => "progress",
        }
    }
}

/// Key of the row of [`Table::Progress`] that says up to which batch every row is in the store.
pub const APPLIED: &[u8] = b"applied";

/// Key of the row of [`Table::Purges`] that says how far the books are purged: shorter than an account's.
pub const PURGED: &[u8] = b"purged";

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
    /// What clearings presented of it and refunds gave back.
    pub presented: Presented,
    /// What it was.
    pub body: MessageBody,
}

/// What a stored message was.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum MessageBody {
    /// An authorization, inquiry or advice.
    Authorization {
        /// The decision.
        decided: Box<AuthorizationDecided>,
        /// What it stands for by now, where it approved something of its own.
        standing: Option<Standing>,
        /// When the network said that it has the response.
        acknowledged: Option<Timestamp>,
    },
    /// A reversal.
    Reversal {
        /// The decision.
        decided: Box<ReversalDecided>,
        /// Whether it was undone in its turn.
        restored: bool,
    },
    /// A hold that was let go.
    Dropped(Box<HoldDropped>),
    /// A file action.
    FileAction(Box<FileActionDecided>),
    /// An operation.
    Operation {
        /// What was done.
        done: Box<OperationDone>,
        /// What it stands for by now, where it was forced or resolved a clearing.
        standing: Option<Standing>,
    },
    /// A clearing.
    Clearing {
        /// The decision.
        decided: Box<ClearingDecided>,
        /// What it stands for by now, where it posted something of its own.
        standing: Option<Standing>,
        /// The operation that took it out of the work list.
        settled: Option<RecordId>,
    },
}

impl StoredMessage {
    /// What it did to accounts.
    #[must_use]
    pub fn moves(&self) -> &[AccountMove] {
        match &self.body {
            MessageBody::Authorization { decided, .. } => &decided.moves,
            MessageBody::Reversal { decided, .. } => &decided.moves,
            MessageBody::Dropped(dropped) => &dropped.moves,
            MessageBody::Operation { done, .. } => &done.moves,
            MessageBody::Clearing { decided, .. } => &decided.moves,
            MessageBody::FileAction(_) => &[],
        }
    }

    /// The record before this one about an account.
    #[must_use]
    pub fn previous(&self, account: rules::AccountId) -> Option<RecordId> {
        let moved = self.moves().iter().find(|moved| moved.account == account);
        moved?.previous
    }

    /// When what it approved was to be dropped, as its own record says.
    pub(crate) fn expires(&self) -> Option<Timestamp> {
        let MessageBody::Authorization { decided, .. } = &self.body else {
            return None;
        };
        match &decided.decision {
            Decision::Approved(approval) => approval.expires,
            Decision::Declined(_) | Decision::Completed(_) => None,
        }
    }

    /// What it stands for by now, where it approved something of its own.
    #[must_use]
    pub fn standing(&self) -> Option<&Standing> {
        match &self.body {
            MessageBody::Authorization { standing, .. }
            | MessageBody::Operation { standing, .. }
            | MessageBody::Clearing { standing, .. } => standing.as_ref(),
            MessageBody::Reversal { .. } | MessageBody::Dropped(_) | MessageBody::FileAction(_) => {
                None
            }
        }
    }

    /// The same, to change it.
    pub(crate) fn standing_mut(&mut self) -> Option<&mut Standing> {
        match &mut self.body {
            MessageBody::Authorization { standing, .. }
            | MessageBody::Operation { standing, .. }
            | MessageBody::Clearing { standing, .. } => standing.as_mut(),
            MessageBody::Reversal { .. } | MessageBody::Dropped(_) | MessageBody::FileAction(_) => {
                None
            }
        }
    }

    /// The authorization that it changed or refunds, which a decision about it needs as well.
    #[must_use]
    pub fn changed(&self) -> Option<RecordId> {
        use crate::authorization::Decision;
        match &self.body {
            MessageBody::Authorization { decided, .. } => match &decided.decision {
                Decision::Approved(approval) => match &approval.relation {
                    Relation::Alone => None,
                    Relation::Raises((_, authorization)) => Some(*authorization),
                    Relation::Refunds(refund) => Some(refund.authorization),
                },
                Decision::Completed(change) => Some(change.authorization),
                Decision::Declined(_) => None,
            },
            MessageBody::Reversal { decided, .. } => {
                decided.change.as_ref().map(|change| change.authorization)
            }
            MessageBody::Dropped(dropped) => Some(dropped.change.authorization),
            MessageBody::Clearing { .. } | MessageBody::Operation { .. } => self
                .cleared()?
                .change
                .as_ref()
                .map(|change| change.authorization),
            MessageBody::FileAction(_) => None,
        }
    }

    /// The purchase that it refunds, as a request or an advice that names one.
    #[must_use]
    pub fn refund(&self) -> Option<&Refund> {
        match &self.body {
            MessageBody::Authorization { decided, .. } => match &decided.decision {
                Decision::Approved(approval) => approval.refund(),
                Decision::Declined(_) | Decision::Completed(_) => None,
            },
            MessageBody::Reversal { .. }
            | MessageBody::Dropped(_)
            | MessageBody::FileAction(_)
            | MessageBody::Operation { .. }
            | MessageBody::Clearing { .. } => None,
        }
    }

    /// What it cleared: as a clearing, or as the operation that resolved one.
    #[must_use]
    pub fn cleared(&self) -> Option<&Cleared> {
        match &self.body {
            MessageBody::Clearing { decided, .. } => decided.cleared(),
            MessageBody::Operation { done, .. } => done.effect.cleared(),
            MessageBody::Authorization { .. }
            | MessageBody::Reversal { .. }
            | MessageBody::Dropped(_)
            | MessageBody::FileAction(_) => None,
        }
    }

    /// The clearing that waits in the work list, if it is one.
    #[must_use]
    pub fn item(&self) -> Option<&ClearingDecided> {
        match &self.body {
            MessageBody::Clearing {
                decided,
                settled: None,
                ..
            } if decided.result == ClearingResult::Held => Some(decided),
            MessageBody::Clearing { .. }
            | MessageBody::Authorization { .. }
            | MessageBody::Reversal { .. }
            | MessageBody::Dropped(_)
            | MessageBody::FileAction(_)
            | MessageBody::Operation { .. } => None,
        }
    }

    /// The key that leads to it; `None` where another message of the same key does, and for a hold that was let go.
    #[must_use]
    pub fn key(&self) -> Option<MessageKey> {
        let of_network = match &self.body {
            MessageBody::Authorization { decided, .. } => {
                decided.takes_match_key().then_some(decided.facts.key)
            }
            MessageBody::Reversal { decided, .. } => {
                decided.takes_match_key().then_some(decided.facts.key)
            }
            MessageBody::FileAction(decided) => {
                decided.takes_match_key().then_some(decided.facts.key)
            }
            MessageBody::Operation { done, .. } => {
                return Some(done.request.key());
            }
            MessageBody::Clearing { decided, .. } => {
                return Some(MessageKey::Clearing(decided.facts.key.clone()));
            }
            MessageBody::Dropped(_) => None,
        };
        of_network.map(MessageKey::Network)
    }

    /// What may lead to messages that settling it needs, where it waits in the work list.
    pub fn leads(&self) -> impl Iterator<Item = Lookup> {
        let item = self.item().into_iter();
        item.flat_map(|decided| decided.facts.lookups())
    }
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

/// First byte of every row: the version of its layout. Rows of another layout are not read: the books are
/// built anew from the journal, whose records stay readable.
const ROW_VERSION: u8 = 9;

/// The bytes of a row.
pub(crate) fn encode<T: Serialize>(table: Table, value: &T) -> Result<Vec<u8>, RowError> {
    encoding::encode(&[ROW_VERSION], value).map_err(|e| row_error(table, &e.to_string()))
}

/// The value of a row.
pub(crate) fn decode<T: DeserializeOwned>(table: Table, bytes: &[u8]) -> Result<T, RowError> {
    let body = body(table, bytes)?;
    postcard::from_bytes(body).map_err(|error| row_error(table, &error.to_string()))
}

/// The bytes of a row behind the version of its layout, which must be this build's.
pub(crate) fn body(table: Table, bytes: &[u8]) -> Result<&[u8], RowError> {
    match bytes.split_first() {
        Some((&ROW_VERSION, body)) => Ok(body),
        Some((version, _)) => Err(row_error(
            table,
            &format!("its layout version is {version}"),
        )),
        None => Err(row_error(table, "it is empty")),
    }
}

pub(crate) fn row_error(table: Table, reason: &str) -> RowError {
    RowError {
        table: table.name(),
        reason: reason.to_owned(),
    }
}

/// What leads to a message: the key of a row of [`Table::Matches`] or [`Table::References`].
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Lead {
    /// A key or another name of it.
    Lookup(Lookup),
    /// The instant at which it is dropped if it is still pending, and its record.
    Expiry(Timestamp, RecordId),
    /// The record of a clearing that waits in the work list.
    Item(RecordId),
    /// The record of a transfer whose intent is open.
    Transfer(RecordId),
}

/// First byte of keys that are no match key: no network has this number.
const NO_NETWORK: u8 = 0;
/// Second byte of those.
const OPERATION: u8 = 2;
const EXPIRY: u8 = 3;
const CLEARING: u8 = 4;
const ITEM: u8 = 5;
const STEP: u8 = 6;
const TRANSFER: u8 = 7;

impl Lead {
    /// The table of its row. Match keys and expiries rise with time, references do not.
    #[must_use]
    pub fn table(&self) -> Table {
        match self {
            Self::Lookup(Lookup::Reference(_)) => Table::References,
            Self::Lookup(Lookup::Key(_)) | Self::Expiry(..) | Self::Item(_) | Self::Transfer(_) => {
                Table::Matches
            }
        }
    }

    /// The bytes of the key. Those of expiries sort by time.
    #[must_use]
    pub fn to_key(&self) -> Vec<u8> {
        match self {
            Self::Lookup(Lookup::Key(MessageKey::Network(key))) => match_key(key),
            Self::Lookup(Lookup::Key(MessageKey::Operator(id))) => {
                [&[NO_NETWORK, OPERATION], id.as_str().as_bytes()].concat()
            }
            Self::Lookup(Lookup::Key(MessageKey::Clearing(key))) => {
                // The number has a fixed length: no file's id with a number is another's with another.
                let record = key.record.to_be_bytes();
                [
                    &[NO_NETWORK, CLEARING],
                    key.file.as_str().as_bytes(),
                    &record,
                ]
                .concat()
            }
            Self::Lookup(Lookup::Key(MessageKey::Transfer(id, step))) => {
                let step = match step {
                    TransferStep::Received => 1,
                    TransferStep::Settled => 2,
                };
                [&[NO_NETWORK, STEP, step], id.to_key().as_slice()].concat()
            }
            Self::Lookup(Lookup::Reference(reference)) => reference_key(reference),
            Self::Expiry(time, id) => {
                let mut key = expiries_until(*time);
                key.extend_from_slice(&id.to_key());
                key
            }
            Self::Item(id) => [&[NO_NETWORK, ITEM], id.to_key().as_slice()].concat(),
            Self::Transfer(id) => [&[NO_NETWORK, TRANSFER], id.to_key().as_slice()].concat(),
        }
    }
}

/// The item of the work list or the open transfer that a row is of, from its key; `None` for other keys.
#[must_use]
pub fn waiting_of(key: &[u8]) -> Option<Lead> {
    let (kind, id) = key.strip_prefix(&[NO_NETWORK])?.split_first()?;
    let id = RecordId::from_key(id)?;
    match *kind {
        ITEM => Some(Lead::Item(id)),
        TRANSFER => Some(Lead::Transfer(id)),
        _ => None,
    }
}

/// The start of the keys of expiries at an instant: those before it sort below.
#[must_use]
pub fn expiries_until(time: Timestamp) -> Vec<u8> {
    // Times before 1970 do not occur; as unsigned numbers the others sort by themselves.
    let time = u64::try_from(time.0).unwrap_or(0).to_be_bytes();
    [&[NO_NETWORK, EXPIRY], time.as_slice()].concat()
}

/// The record of an expiry, from its key; `None` for other keys.
#[must_use]
pub fn expiry_of(key: &[u8]) -> Option<RecordId> {
    let rest = key.strip_prefix(&[NO_NETWORK, EXPIRY])?;
    RecordId::from_key(rest.get(8..)?)
}

/// Bytes of a card's hash in keys: half of a keyed hash, which no two cards share.
const CARD_BYTES: usize = 16;

fn card_in_key(card: &CardHash) -> &[u8] {
    card.0.split_at(CARD_BYTES).0
}

/// Key of a message's match row. What rises with time comes first, so that the rows of one checkpoint lie
/// beside each other in the store: a row somewhere costs several times as much to write.
fn match_key(key: &MatchKey) -> Vec<u8> {
    let class = match key.class {
        MessageClass::Authorization => 1,
        MessageClass::Financial => 2,
        MessageClass::FileAction => 3,
        MessageClass::Reversal => 4,
    };
    let mut bytes = Vec::with_capacity(46);
    bytes.push(key.network.0);
    bytes.extend_from_slice(&key.transmission.to_be_bytes());
    bytes.extend_from_slice(&key.stan.to_be_bytes());
    bytes.push(class);
    bytes.extend_from_slice(card_in_key(&key.card));
    bytes.extend_from_slice(&key.acquirer.to_be_bytes());
    bytes.extend_from_slice(&key.terminal);
    bytes
}

/// Key of a reference's row: the references of a card lie beside each other.
fn reference_key(reference: &Reference) -> Vec<u8> {
    let text = reference.text.trim_ascii_end();
    let (kind, bytes_of_it): (u8, &[u8]) = match reference.kind {
        ReferenceKind::Network => (1, text),
        ReferenceKind::ApprovalCode => (2, text),
        // A number: what looks like a blank at its end tells it from the next one.
        ReferenceKind::Acquirer => (3, &reference.text),
    };
    let mut bytes = vec![reference.network.0];
    bytes.extend_from_slice(card_in_key(&reference.card));
    bytes.push(kind);
    bytes.extend_from_slice(bytes_of_it);
    bytes
}

/// Key of an accumulator row: those of one owner are together.
#[must_use]
pub fn accumulator_key(key: &AccumulatorKey) -> Vec<u8> {
    let mut bytes = owner_prefix(key.owner);
    bytes.extend_from_slice(key.control.as_str().as_bytes());
    bytes
}

/// The accumulator of a row, from its key; `None` for other keys.
#[must_use]
pub fn accumulator_of(key: &[u8]) -> Option<AccumulatorKey> {
    let (kind, rest) = key.split_first()?;
    let number = || {
        let (id, rest) = rest.split_first_chunk::<8>()?;
        Some((u64::from_be_bytes(*id), rest))
    };
    let (owner, control) = match *kind {
        OF_ACCOUNT => {
            let (id, rest) = number()?;
            (AccumulatorOwner::Account(rules::AccountId(id)), rest)
        }
        OF_CUSTOMER => {
            let (id, rest) = number()?;
            (AccumulatorOwner::Customer(rules::CustomerId(id)), rest)
        }
        OF_CARD => {
            let (hash, rest) = rest.split_first_chunk::<32>()?;
            (AccumulatorOwner::Card(rules::CardHash(*hash)), rest)
        }
        _ => return None,
    };
    let control: ControlId = std::str::from_utf8(control).ok()?.parse().ok()?;
    Some(AccumulatorKey { control, owner })
}

/// The start of the keys of an owner's accumulators.
#[must_use]
pub fn owner_prefix(owner: AccumulatorOwner) -> Vec<u8> {
    match owner {
        AccumulatorOwner::Account(account) => prefix(OF_ACCOUNT, &account.0.to_be_bytes()),
        AccumulatorOwner::Customer(customer) => prefix(OF_CUSTOMER, &customer.0.to_be_bytes()),
        AccumulatorOwner::Card(card) => prefix(OF_CARD, &card.0),
    }
}

/// Key of a row of a control: those of one account, customer or card are together.
#[must_use]
pub fn control_key(target: ControlTarget, control: ControlId) -> Vec<u8> {
    let mut bytes = target_prefix(target);
    bytes.extend_from_slice(control.as_str().as_bytes());
    bytes
}

/// The start of the keys of the controls made for a target; those of a customer for any account.
#[must_use]
pub fn target_prefix(target: ControlTarget) -> Vec<u8> {
    match target {
        ControlTarget::Program(program) => prefix(OF_PROGRAM, &program.0.to_be_bytes()),
        ControlTarget::Account(account) => prefix(OF_ACCOUNT, &account.0.to_be_bytes()),
        ControlTarget::Customer { customer, .. } => prefix(OF_CUSTOMER, &customer.0.to_be_bytes()),
        ControlTarget::Card(card) => prefix(OF_CARD, &card.0),
    }
}

/// First byte of keys by whom they are of.
const OF_ACCOUNT: u8 = 1;
const OF_CUSTOMER: u8 = 2;
const OF_CARD: u8 = 3;
const OF_PROGRAM: u8 = 4;

fn prefix(kind: u8, id: &[u8]) -> Vec<u8> {
    [&[kind], id].concat()
}

/// Key of a transaction row.
pub(crate) fn transaction_key(account: rules::AccountId, id: RecordId) -> Vec<u8> {
    [id.to_key().as_slice(), &account.0.to_be_bytes()].concat()
}

/// Account and record of a transaction, from its key; `None` for other keys.
pub(crate) fn transaction_of(key: &[u8]) -> Option<(rules::AccountId, RecordId)> {
    let (id, account) = key.split_at_checked(14)?;
    let account = account.try_into().map(u64::from_be_bytes).ok()?;
    Some((rules::AccountId(account), RecordId::from_key(id)?))
}

/// The record that a row is of, from its key; `None` in tables whose rows outlive their records.
pub(crate) fn record_of(table: Table, key: &[u8]) -> Option<RecordId> {
    match table {
        Table::Messages => RecordId::from_key(key),
        Table::Transactions => Some(transaction_of(key)?.1),
        Table::Customers
        | Table::Accounts
        | Table::Cards
        | Table::Matches
        | Table::References
        | Table::Accumulators
        | Table::Controls
        | Table::Purges
        | Table::Progress => None,
    }
}

#[cfg(test)]
mod tests {
    use rules::NetworkId;

    use super::*;
    use crate::authorization::AcquirerReference;

    #[test]
    fn every_acquirer_reference_has_a_row_of_its_own() {
        let key = |number: u32| {
            let number = AcquirerReference::new(&format!("{number:023}")).unwrap();
            let of_card = (NetworkId(1), CardHash([7; 32]));
            let reference = Reference::of_acquirer(of_card, number);
            Lead::Lookup(Lookup::Reference(reference)).to_key()
        };
        // Bytes that are blanks in a text are digits here.
        let keys: std::collections::BTreeSet<_> = (0..600).map(key).collect();
        assert_eq!(keys.len(), 600);
    }
}
