//! The view-writer, and the views that readers see.
//!
//! Owns: how records become rows. The view-writer follows the journal behind the watermark and keeps the
//! rows it changed in the views until a checkpoint ([`super::checkpoint`]) writes them. Readers look into the views first and then into the store. Must never: show or
//! write what is not durable, decide, or hold a guard of the views while it waits.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use dashmap::DashMap;
use rules::AccountId;
use serde::de::DeserializeOwned;

use super::Progress;
use super::contents::ContentsError;
use super::rows::{self, MessageBody, RowError, StoredMessage, Table};
use super::store::{BookStore, StoreError};
use crate::authorization::{
    AuthorizationDecided, Decision, MatchKey, ReversalDecided, ReversalResult, TransactionPosted,
};
use crate::entities::{Account, Card, Customer};
use crate::identifiers::{CardHash, CustomerId, RecordId, ShardId, Timestamp};
use crate::journal::Batch;
use crate::record::{Record, records_of};
use crate::state::{effect_of, effect_of_reversal, move_limits, takes_match_key};
use crate::writer::ReplayError;

/// What readers see: the rows changed since the last checkpoint over those in the store.
#[derive(Debug)]
pub struct Views<S> {
    pub(super) store: S,
    pub(super) customers: DashMap<CustomerId, Customer>,
    pub(super) accounts: DashMap<AccountId, Account>,
    pub(super) cards: DashMap<CardHash, Card>,
    pub(super) messages: DashMap<RecordId, StoredMessage>,
    pub(super) matches: DashMap<MatchKey, RecordId>,
    pub(super) transactions: DashMap<(AccountId, RecordId), TransactionPosted>,
    shown: AtomicU64,
    pub(super) in_books: AtomicU64,
}

/// Why the view-writer cannot go on.
#[derive(Debug, thiserror::Error)]
pub enum ViewError {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A record cannot be read or does not fit.
    #[error(transparent)]
    Record(#[from] ReplayError),
    /// The rows are not those that were written.
    #[error("the books: {0}")]
    Contents(#[from] ContentsError),
}

impl From<RowError> for ViewError {
    fn from(error: RowError) -> Self {
        Self::Store(error.into())
    }
}

impl<S: BookStore> Views<S> {
    fn over(store: S, progress: Progress) -> Self {
        Self {
            store,
            customers: DashMap::new(),
            accounts: DashMap::new(),
            cards: DashMap::new(),
            messages: DashMap::new(),
            matches: DashMap::new(),
            transactions: DashMap::new(),
            shown: AtomicU64::new(progress.sequence),
            in_books: AtomicU64::new(progress.sequence),
        }
    }

    /// The store under the views.
    pub fn store(&self) -> &S {
        &self.store
    }

    /// The last batch that readers see.
    pub fn shown(&self) -> u64 {
        self.shown.load(Ordering::Acquire)
    }

    /// The last batch whose rows are durable in the store.
    pub fn in_books(&self) -> u64 {
        self.in_books.load(Ordering::Acquire)
    }

    /// An account.
    ///
    /// # Errors
    /// [`StoreError`] when the store fails.
    pub fn account(&self, id: AccountId) -> Result<Option<Account>, StoreError> {
        if let Some(account) = self.accounts.get(&id) {
            return Ok(Some(account.clone()));
        }
        self.row(Table::Accounts, &id.0.to_be_bytes())
    }

    /// A card.
    ///
    /// # Errors
    /// [`StoreError`] when the store fails.
    pub fn card(&self, hash: &CardHash) -> Result<Option<Card>, StoreError> {
        if let Some(card) = self.cards.get(hash) {
            return Ok(Some(card.clone()));
        }
        self.row(Table::Cards, &hash.0)
    }

    /// A decided message.
    ///
    /// # Errors
    /// [`StoreError`] when the store fails.
    pub fn message(&self, id: RecordId) -> Result<Option<StoredMessage>, StoreError> {
        if let Some(message) = self.messages.get(&id) {
            return Ok(Some(message.clone()));
        }
        self.row(Table::Messages, &id.to_key())
    }

    /// The message that bears a match key, or the reversal that came in its place.
    ///
    /// # Errors
    /// [`StoreError`] when the store fails.
    pub fn matching(&self, key: &MatchKey) -> Result<Option<StoredMessage>, StoreError> {
        let shown = self.matches.get(key).map(|id| *id);
        let id = match shown {
            Some(id) => Some(id),
            None => self.row(Table::Matches, &rows::match_key(key))?,
        };
        id.map_or(Ok(None), |id| self.message(id))
    }

    /// The newest messages decided on an account, at most `limit`, the newest first. Follows the chain
    /// of [`AuthorizationDecided::previous`] from `before`, or from the account's latest.
    ///
    /// # Errors
    /// [`StoreError`] when the store fails.
    pub fn messages_of(
        &self,
        account: AccountId,
        before: Option<RecordId>,
        limit: usize,
    ) -> Result<Vec<StoredMessage>, StoreError> {
        let mut next = match before {
            Some(id) => self.message(id)?.and_then(|message| message.previous()),
            None => self.account(account)?.and_then(|account| account.latest),
        };
        let mut messages = Vec::new();
        while let Some(id) = next.filter(|_| messages.len() < limit) {
            let Some(message) = self.message(id)? else {
                break;
            };
            next = message.previous();
            messages.push(message);
        }
        Ok(messages)
    }

    fn row<T: DeserializeOwned>(&self, table: Table, key: &[u8]) -> Result<Option<T>, StoreError> {
        match self.store.get(table, key)? {
            Some(row) => Ok(Some(rows::decode(table, &row)?)),
            None => Ok(None),
        }
    }
}

impl StoredMessage {
    /// The message decided before this one on the same account.
    #[must_use]
    pub fn previous(&self) -> Option<RecordId> {
        match &self.body {
            MessageBody::Authorization { decided, .. } => decided.previous,
            MessageBody::Reversal(decided) => decided.previous,
        }
    }
}

/// Follows the journal and writes the books.
#[derive(Debug)]
pub struct ViewWriter<S> {
    shard: ShardId,
    pub(super) views: Arc<Views<S>>,
    pub(super) progress: Progress,
    /// Where the rows came from that may be newer than `progress`: once there, the tables must contain
    /// exactly this.
    pub(super) expected: Option<Progress>,
    pub(super) dirty_rows: usize,
}

impl<S: BookStore> ViewWriter<S> {
    /// A view-writer over books that are as far as `progress` says.
    pub fn new(shard: ShardId, store: S, progress: Progress) -> Self {
        Self {
            shard,
            views: Arc::new(Views::over(store, progress)),
            progress,
            expected: None,
            dirty_rows: 0,
        }
    }

    /// Rows may reflect what comes after [`Progress::sequence`], up to this place, where the tables must
    /// contain what it says. A checkpoint must be made exactly there.
    #[must_use]
    pub fn expecting(mut self, expected: Progress) -> Self {
        self.expected = Some(expected);
        self
    }

    /// How far it has come, and what the tables contained at the last checkpoint.
    #[must_use]
    pub fn progress(&self) -> Progress {
        self.progress
    }

    /// The views it writes.
    pub fn views(&self) -> &Arc<Views<S>> {
        &self.views
    }

    /// Rows that the next checkpoint will write, at most.
    pub fn dirty_rows(&self) -> usize {
        self.dirty_rows
    }

    /// Takes in the next durable batch.
    ///
    /// # Errors
    /// [`ViewError`]: the views may show part of the batch; the process must stop.
    pub fn apply(&mut self, batch: &Batch) -> Result<(), ViewError> {
        for record in records_of(self.shard, batch) {
            let (id, record) = record.map_err(ReplayError::from)?;
            self.show(id, batch.time, record)?;
        }
        self.progress = Progress {
            sequence: batch.sequence,
            time: batch.time,
            ..self.progress
        };
        self.views.shown.store(batch.sequence, Ordering::Release);
        Ok(())
    }

    fn show(&mut self, id: RecordId, time: Timestamp, record: Record) -> Result<(), ViewError> {
        self.dirty_rows = self.dirty_rows.saturating_add(1);
        let views = &self.views;
        match record {
            Record::CustomerCreated(customer) => {
                views.customers.insert(customer.id, customer);
            }
            Record::AccountOpened(account) => {
                // The books may already hold a later state of it.
                if views.account(account.id)?.is_none() {
                    views.accounts.insert(
                        account.id,
                        Account {
                            reflects: id,
                            ..account
                        },
                    );
                }
            }
            Record::CardIssued(card) => {
                views.cards.insert(card.hash, card);
            }
            Record::AuthorizationDecided(decided) => self.show_authorization(id, time, decided)?,
            Record::ReversalDecided(decided) => self.show_reversal(id, time, decided)?,
            Record::TransactionPosted(posted) => {
                views.transactions.insert((posted.account, id), posted);
            }
        }
        Ok(())
    }

    fn show_authorization(
        &self,
        id: RecordId,
        time: Timestamp,
        decided: Box<AuthorizationDecided>,
    ) -> Result<(), ViewError> {
        let (deltas, pending) = effect_of(&decided);
        self.move_account(id, decided.account, &deltas, &pending)?;
        if takes_match_key(&decided) {
            self.views.matches.insert(decided.facts.key, id);
        }
        let remaining_minor = match &decided.decision {
            Decision::Approved(approval) => approval.amount_minor,
            Decision::Declined(_) => 0,
        };
        let body = MessageBody::Authorization {
            decided,
            remaining_minor,
        };
        self.views
            .messages
            .insert(id, StoredMessage { id, time, body });
        Ok(())
    }

    fn show_reversal(
        &self,
        id: RecordId,
        time: Timestamp,
        decided: Box<ReversalDecided>,
    ) -> Result<(), ViewError> {
        let (deltas, pending) = effect_of_reversal(&decided);
        self.move_account(id, decided.account, &deltas, &pending)?;
        if decided.result == ReversalResult::Reversed
            && let Some(original) = decided.original
            && let Some(mut message) = self.views.message(original)?
        {
            if let MessageBody::Authorization {
                remaining_minor, ..
            } = &mut message.body
            {
                *remaining_minor = decided.remaining_minor;
            }
            self.views.messages.insert(original, message);
        }
        if decided.result == ReversalResult::UnknownOriginal {
            self.views.matches.insert(decided.facts.original, id);
        }
        if decided.result != ReversalResult::MatchConflict {
            self.views.matches.insert(decided.facts.key, id);
        }
        let body = MessageBody::Reversal(decided);
        self.views
            .messages
            .insert(id, StoredMessage { id, time, body });
        Ok(())
    }

    fn move_account(
        &self,
        id: RecordId,
        account: Option<AccountId>,
        deltas: &rules::Deltas,
        pending: &rules::Deltas,
    ) -> Result<(), ViewError> {
        let Some(account) = account else {
            return Ok(());
        };
        let Some(mut account) = self.views.account(account)? else {
            return Ok(());
        };
        if move_limits(&mut account, id, deltas, pending).map_err(ReplayError::from)? {
            self.views.accounts.insert(account.id, account);
        }
        Ok(())
    }
}
