//! The view-writer, and the views that readers see.
//!
//! Owns: how records become rows. The view-writer follows the journal behind the watermark and keeps the rows it
//! changed in the views until a checkpoint ([`super::checkpoint`]) writes them. Readers look into the views first and
//! then into the store. Must never: show or write what is not durable, decide, or hold a guard of the views while it
//! waits.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use dashmap::DashMap;
use rules::{AccountId, AccumulatorKey, ControlId, ControlTarget, Deltas, FlexControl};
use serde::de::DeserializeOwned;

use super::Progress;
use super::changed::{Changed, RowKey};
use super::contents::ContentsError;
use super::rows::{self, Lead, RowError, StoredMessage, Table};
use super::store::{BookStore, StoreError};
use crate::authorization::{
    AuthorizationStatus, Lookup, MatchKey, MessageKey, Standing, TrackingId, TransactionPosted,
};
use crate::controls::Counted;
use crate::entities::{Account, Card, Customer};
use crate::identifiers::{CardHash, CustomerId, RecordId, ShardId, Timestamp};
use crate::journal::Batch;
use crate::operation::ControlDocument;
use crate::over_limit::{Excursion, Watch, limits_before};
use crate::purge::Purged;
use crate::record::records_of;
use crate::writer::ReplayError;

/// What readers see: the rows changed since the last checkpoint over those in the store.
#[derive(Debug)]
pub struct Views<S> {
    pub(super) store: S,
    pub(super) customers: Changed<CustomerId>,
    pub(super) accounts: Changed<AccountId>,
    pub(super) cards: Changed<CardHash>,
    pub(super) messages: Changed<RecordId>,
    pub(super) transactions: Changed<(AccountId, RecordId)>,
    /// `None` where a row is taken away.
    pub(super) matches: DashMap<Lead, Option<RecordId>>,
    /// Those of what waits, by themselves: they are few, and somebody asks for all of them again and again. `None`
    /// where a row is taken away.
    pub(super) waiting: DashMap<Lead, Option<RecordId>>,
    pub(super) accumulators: DashMap<AccumulatorKey, Counted>,
    /// `None` where a row is taken away.
    pub(super) controls: DashMap<(ControlTarget, ControlId), Option<ControlDocument>>,
    /// What of pending sums was purged; `None` where a row is taken away.
    pub(super) purged_pending: DashMap<AccountId, Option<Deltas>>,
    /// How far the books are purged, since the last checkpoint.
    pub(super) purged: RwLock<Option<Purged>>,
    /// Held by who purges, and by who must not be purged meanwhile.
    purging: Mutex<()>,
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

impl<S> Views<S> {
    /// How far the books are purged, if that changed since the last checkpoint.
    pub(super) fn purged_since(&self) -> Option<Purged> {
        *self.purged.read().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn forget_purged(&self) {
        *self.purged.write().unwrap_or_else(PoisonError::into_inner) = None;
    }
}

impl<S: BookStore> Views<S> {
    fn over(store: S, progress: Progress) -> Self {
        Self {
            store,
            customers: Changed::default(),
            accounts: Changed::default(),
            cards: Changed::default(),
            messages: Changed::default(),
            transactions: Changed::default(),
            matches: DashMap::new(),
            waiting: DashMap::new(),
            accumulators: DashMap::new(),
            controls: DashMap::new(),
            purged_pending: DashMap::new(),
            purged: RwLock::default(),
            purging: Mutex::default(),
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
        self.newest(&self.accounts, &id)
    }

    /// A card.
    ///
    /// # Errors
    /// [`StoreError`] when the store fails.
    pub fn card(&self, hash: &CardHash) -> Result<Option<Card>, StoreError> {
        self.newest(&self.cards, hash)
    }

    /// A decided message.
    ///
    /// # Errors
    /// [`StoreError`] when the store fails.
    pub fn message(&self, id: RecordId) -> Result<Option<StoredMessage>, StoreError> {
        self.newest(&self.messages, &id)
    }

    /// A decided message whose row in the store was read already.
    ///
    /// # Errors
    /// [`StoreError`] when the row cannot be read.
    pub(crate) fn message_over(
        &self,
        id: RecordId,
        row: &[u8],
    ) -> Result<Option<StoredMessage>, StoreError> {
        match self.messages.get(&id)? {
            Some(message) => Ok(message),
            None => Ok(Some(rows::decode(Table::Messages, row)?)),
        }
    }

    /// A customer.
    ///
    /// # Errors
    /// [`StoreError`] when the store fails.
    pub fn customer(&self, id: CustomerId) -> Result<Option<Customer>, StoreError> {
        self.newest(&self.customers, &id)
    }

    /// The message that bears a match key, or the reversal that came in its place.
    ///
    /// # Errors
    /// [`StoreError`] when the store fails.
    pub fn matching(&self, key: &MatchKey) -> Result<Option<StoredMessage>, StoreError> {
        self.found(&Lookup::Key(MessageKey::Network(*key)))
    }

    /// The operation of a tracking id.
    ///
    /// # Errors
    /// [`StoreError`] when the store fails.
    pub fn operation(&self, id: &TrackingId) -> Result<Option<StoredMessage>, StoreError> {
        self.found(&Lookup::Key(MessageKey::Operator(id.clone())))
    }

    /// The message that a key or a reference leads to.
    ///
    /// # Errors
    /// [`StoreError`] when the store fails.
    pub fn found(&self, lookup: &Lookup) -> Result<Option<StoredMessage>, StoreError> {
        let id = self.led_to(&Lead::Lookup(lookup.clone()))?;
        id.map_or(Ok(None), |id| self.message(id))
    }

    /// The messages that several names lead to, the authorizations that those changed, and what the items of
    /// the work list among them need: what a command about them needs attached.
    ///
    /// # Errors
    /// [`StoreError`] when the store fails.
    pub fn related(
        &self,
        lookups: impl IntoIterator<Item = Lookup>,
    ) -> Result<Vec<StoredMessage>, StoreError> {
        let mut related: Vec<StoredMessage> = Vec::new();
        let mut lookups: VecDeque<Lookup> = lookups.into_iter().collect();
        while let Some(lookup) = lookups.pop_front() {
            let Some(message) = self.found(&lookup)? else {
                continue;
            };
            if related.iter().all(|other| other.id != message.id) {
                lookups.extend(message.leads());
            }
            let mut next = Some(message);
            while let Some(message) = next {
                let changed = message.changed();
                if related.iter().all(|other| other.id != message.id) {
                    related.push(message);
                }
                // What is cleared may be a refund, which leads on to what it refunds.
                next = changed.map_or(Ok(None), |id| self.message(id))?;
            }
        }
        Ok(related)
    }

    /// Pending authorizations whose time has come by `now`, the oldest first, at most `most`, as far as
    /// the store holds them.
    ///
    /// # Errors
    /// [`StoreError`] when the store fails.
    pub fn due(&self, now: Timestamp, most: usize) -> Result<Vec<StoredMessage>, StoreError> {
        let end = rows::expiries_until(now.plus_us(1));
        let mut after = rows::expiries_until(Timestamp(0));
        let mut due = Vec::new();
        while due.len() < most {
            let page = self.store.page(Table::Matches, Some(&after), most)?;
            let Some((last, _)) = page.last() else { break };
            after.clone_from(last);
            let ended = page.len() < most || after >= end;
            for (key, _) in page.into_iter().filter(|(key, _)| *key < end) {
                let Some(id) = rows::expiry_of(&key) else {
                    continue;
                };
                let message = self.message(id)?;
                // The row may be older than what has prolonged or ended the hold since.
                let is_due = |standing: &Standing| {
                    standing.status == AuthorizationStatus::Pending
                        && standing.expires.is_some_and(|time| time <= now)
                };
                due.extend(message.filter(|message| message.standing().is_some_and(is_due)));
            }
            if ended {
                break;
            }
        }
        due.truncate(most);
        Ok(due)
    }

    /// The newest messages about an account, at most `limit`, the newest first. Follows the chain of
    /// [`StoredMessage::previous`] from `before`, or from the account's latest.
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
            Some(id) => self
                .message(id)?
                .and_then(|message| message.previous(account)),
            None => self.account(account)?.and_then(|account| account.latest),
        };
        let mut messages = Vec::new();
        while let Some(id) = next.filter(|_| messages.len() < limit) {
            let Some(message) = self.message(id)? else {
                break;
            };
            next = message.previous(account);
            messages.push(message);
        }
        Ok(messages)
    }

    /// The excursions over its limit among the newest `most` records of an account, the oldest first.
    ///
    /// # Errors
    /// [`StoreError`] when the store fails.
    pub fn excursions_of(
        &self,
        account: &Account,
        most: usize,
    ) -> Result<Vec<Excursion>, StoreError> {
        let mut steps = Vec::new();
        let mut limits = account.limits;
        let mut next = account.latest;
        while let Some(id) = next.filter(|_| steps.len() < most) {
            let Some(message) = self.message(id)? else {
                break;
            };
            let mut moves = message.moves().iter();
            let moved = moves.find(|moved| moved.account == account.id).copied();
            let before = moved.and_then(|moved| limits_before(&message, &moved, &limits));
            let (Some(moved), Some(before)) = (moved, before) else {
                break;
            };
            next = moved.previous;
            steps.push((message, moved, limits));
            limits = before;
        }
        let mut watch = Watch::from(&limits);
        for (message, moved, after) in steps.iter().rev() {
            watch.step(message, moved, after);
        }
        Ok(watch.excursions())
    }

    /// A posted transaction.
    ///
    /// # Errors
    /// [`StoreError`] when the store fails.
    pub fn transaction(
        &self,
        account: AccountId,
        id: RecordId,
    ) -> Result<Option<TransactionPosted>, StoreError> {
        self.newest(&self.transactions, &(account, id))
    }

    /// The transaction of a row that was read from the store.
    ///
    /// # Errors
    /// [`StoreError`] when the row cannot be read.
    pub(crate) fn transaction_over(&self, row: &[u8]) -> Result<TransactionPosted, StoreError> {
        Ok(rows::decode(Table::Transactions, row)?)
    }

    /// How far the books are purged.
    ///
    /// # Errors
    /// [`StoreError`] when the store fails.
    pub fn purged(&self) -> Result<Purged, StoreError> {
        match self.purged_since() {
            Some(purged) => Ok(purged),
            None => Ok(self.row(Table::Purges, rows::PURGED)?.unwrap_or_default()),
        }
    }

    pub(super) fn say_purged(&self, purged: Purged) {
        *self.purged.write().unwrap_or_else(PoisonError::into_inner) = Some(purged);
    }

    /// What of an account's pending sum was purged.
    ///
    /// # Errors
    /// [`StoreError`] when the store fails.
    pub fn purged_pending(&self, account: AccountId) -> Result<Deltas, StoreError> {
        let pending = match self.purged_pending.get(&account) {
            Some(pending) => *pending,
            None => self.row(Table::Purges, &account.0.to_be_bytes())?,
        };
        Ok(pending.unwrap_or(Deltas::NONE))
    }

    /// Keeps the books from being purged, waiting for a step that is on its way.
    pub fn hold_purging(&self) -> MutexGuard<'_, ()> {
        self.purging.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The same, unless somebody does already.
    pub(crate) fn hold_purging_if_free(&self) -> Option<MutexGuard<'_, ()>> {
        self.purging.try_lock().ok()
    }

    /// What a limit has counted.
    ///
    /// # Errors
    /// [`StoreError`] when the store fails.
    pub fn accumulator(&self, key: &AccumulatorKey) -> Result<Option<Counted>, StoreError> {
        if let Some(counted) = self.accumulators.get(key) {
            return Ok(Some(*counted));
        }
        self.row(Table::Accumulators, &rows::accumulator_key(key))
    }

    /// A control that was made at run time.
    ///
    /// # Errors
    /// [`StoreError`] when the store fails.
    pub fn control(
        &self,
        target: ControlTarget,
        control: ControlId,
    ) -> Result<Option<ControlDocument>, StoreError> {
        match self.controls.get(&(target, control)) {
            Some(document) => Ok(document.clone()),
            None => self.row(Table::Controls, &rows::control_key(target, control)),
        }
    }

    /// The controls that were made at run time for an account, a customer or a card, by their ids.
    ///
    /// # Errors
    /// [`StoreError`] when the store fails or a control cannot be read.
    pub fn controls_of(&self, target: ControlTarget) -> Result<Vec<FlexControl>, StoreError> {
        let prefix = rows::target_prefix(target);
        let mut documents = self.rows_from(Table::Controls, &prefix)?;
        for row in &self.controls {
            let key = rows::control_key(row.key().0, row.key().1);
            if key.starts_with(&prefix) {
                match row.value() {
                    Some(document) => documents.insert(key, document.clone()),
                    None => documents.remove(&key),
                };
            }
        }
        let compiled = documents.into_values().map(|document: ControlDocument| {
            FlexControl::compile(document.target, &document.json)
                .map_err(|errors| rows::row_error(Table::Controls, &errors.to_string()).into())
        });
        compiled.collect()
    }

    /// The rows of a table in the store whose keys begin so.
    fn rows_from<T: DeserializeOwned>(
        &self,
        table: Table,
        prefix: &[u8],
    ) -> Result<BTreeMap<Vec<u8>, T>, StoreError> {
        const PAGE_ROWS: usize = 256;
        let mut found = BTreeMap::new();
        let mut after = prefix.to_vec();
        loop {
            let page = self.store.page(table, Some(&after), PAGE_ROWS)?;
            let ended = page.len() < PAGE_ROWS;
            for (key, row) in page {
                if !key.starts_with(prefix) {
                    return Ok(found);
                }
                after.clone_from(&key);
                found.insert(key, rows::decode(table, &row)?);
            }
            if ended {
                return Ok(found);
            }
        }
    }

    /// The view that a lead is in, if it changed since the last checkpoint.
    pub(super) fn changed_leads(&self, lead: &Lead) -> &DashMap<Lead, Option<RecordId>> {
        match lead {
            Lead::Lookup(_) | Lead::Expiry(..) => &self.matches,
            Lead::Item(_) | Lead::Transfer(_) => &self.waiting,
        }
    }

    /// The message that a lead leads to.
    pub(crate) fn led_to(&self, lead: &Lead) -> Result<Option<RecordId>, StoreError> {
        match self.changed_leads(lead).get(lead) {
            Some(id) => Ok(*id),
            None => self.row(lead.table(), &lead.to_key()),
        }
    }

    /// Keys of the rows that changed since the last checkpoint; those of tables whose rows may be
    /// taken away are not told.
    pub(crate) fn changed_keys(&self, table: Table) -> BTreeSet<Vec<u8>> {
        match table {
            Table::Customers => self.customers.keys(),
            Table::Accounts => self.accounts.keys(),
            Table::Cards => self.cards.keys(),
            Table::Messages => self.messages.keys(),
            Table::Transactions => self.transactions.keys(),
            Table::Accumulators => {
                let accumulators = self.accumulators.iter();
                accumulators
                    .map(|row| rows::accumulator_key(row.key()))
                    .collect()
            }
            Table::Matches
            | Table::References
            | Table::Controls
            | Table::Purges
            | Table::Progress => BTreeSet::new(),
        }
    }

    /// A row as it changed last, or as the store holds it.
    fn newest<K: RowKey>(
        &self,
        changed: &Changed<K>,
        key: &K,
    ) -> Result<Option<K::Value>, StoreError> {
        match changed.get(key)? {
            Some(value) => Ok(value),
            None => self.row(K::TABLE, &key.to_bytes()),
        }
    }

    fn row<T: DeserializeOwned>(&self, table: Table, key: &[u8]) -> Result<Option<T>, StoreError> {
        match self.store.get(table, key)? {
            Some(row) => Ok(Some(rows::decode(table, &row)?)),
            None => Ok(None),
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

    /// The last batch of which the store may hold rows.
    pub(super) fn held(&self) -> u64 {
        let expected = self.expected.map_or(0, |expected| expected.sequence);
        expected.max(self.views.in_books())
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
}
