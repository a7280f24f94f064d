//! Purging the history: decisions older than a line leave the books, in the order of their records.
//!
//! Owns: what may go, in which steps, and what stays behind of it. The books are purged through one record: what was
//! decided up to there is gone for every account, and each account's opening has moved forward by what went, so that
//! its limits stay its opening plus what is left. A line is ordered by an operation; steps follow until nothing is
//! older, or something still waits: a pending authorization, a clearing of the work list, an open transfer. A step is
//! a record with what it takes away and the openings that it leaves, as absolute values, so that a replay gives the
//! same. Must never: take what is younger than the line, or something out of the middle.

use std::collections::BTreeMap;

use rules::{AccountId, Deltas};
use serde::{Deserialize, Serialize};

use crate::authorization::moves::sum;
use crate::authorization::{AuthorizationStatus, Lookup, Standing};
use crate::books::rows::{Lead, StoredMessage, Table};
use crate::books::{BookStore, StoreError, Views};
use crate::identifiers::{RecordId, Timestamp};
use crate::recent::Recent;

/// Days of history that cannot be purged: what networks may still refer to.
pub const LEAST_DAYS: i64 = 31;

/// How far the books are purged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Purged {
    /// The newest line that was ordered: what is older is to go.
    pub line: Timestamp,
    /// The last record that went, a decision or what it posted; all before it did.
    pub through: RecordId,
    /// Decisions that went.
    pub messages: u64,
    /// Transactions that went with them.
    pub transactions: u64,
}

impl Purged {
    /// Whether what a record decided or posted is gone.
    #[must_use]
    pub fn includes(&self, id: RecordId) -> bool {
        self.messages > 0 && id <= self.through
    }
}

/// What a step is to take away.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PurgeStep {
    /// How far the books were purged when it was planned.
    pub after: RecordId,
    /// How far they are to be.
    pub through: RecordId,
    /// The last batch that was seen then.
    pub seen: u64,
    /// When the youngest of them was decided.
    pub newest: Timestamp,
    /// The decisions, the oldest first.
    pub messages: Vec<RecordId>,
    /// How many transactions they posted.
    pub transactions: u32,
    /// What is left of the accounts that they moved.
    pub accounts: Vec<PurgedAccount>,
}

/// The record of a step.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HistoryPurged {
    /// The line in force.
    pub line: Timestamp,
    /// How far the books were purged before.
    pub after: RecordId,
    /// How far they are.
    pub through: RecordId,
    /// The decisions that went, the oldest first.
    pub messages: Vec<RecordId>,
    /// How many transactions went with them.
    pub transactions: u32,
    /// What is left of the accounts that they moved.
    pub accounts: Vec<PurgedAccount>,
}

/// What purging leaves of an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PurgedAccount {
    /// The account.
    pub account: AccountId,
    /// Its opening from now on; `None` where it was not known.
    pub opening: Option<Deltas>,
    /// What of its pending sum the decisions that went add up to: later ones undo it.
    pub pending: Deltas,
}

/// Why something stays although it is older than the line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kept {
    /// It is pending.
    Pending,
    /// It waits in the work list.
    WorkList,
    /// It is a transfer on its way.
    Transfer,
}

/// What stays although it is older than the line, and why.
type HeldBack = Option<(RecordId, Kept)>;

impl StoredMessage {
    /// Everything that leads to it by name.
    pub(crate) fn names(&self) -> Vec<Lookup> {
        let mut names: Vec<Lookup> = Vec::new();
        for (key, recent) in Recent::of(self) {
            names.push(Lookup::Key(key));
            if let Recent::Message(message) = recent {
                let references = message.references.iter().copied();
                names.extend(references.map(Lookup::Reference));
            }
        }
        names
    }
}

impl<S: BookStore> Views<S> {
    /// Why a message stays in any case.
    ///
    /// # Errors
    /// [`StoreError`] when the store fails.
    pub fn kept(&self, message: &StoredMessage) -> Result<Option<Kept>, StoreError> {
        let pending = |standing: &Standing| standing.status == AuthorizationStatus::Pending;
        Ok(if message.standing().is_some_and(pending) {
            Some(Kept::Pending)
        } else if message.item().is_some() {
            Some(Kept::WorkList)
        } else if self.led_to(&Lead::Transfer(message.id))?.is_some() {
            Some(Kept::Transfer)
        } else {
            None
        })
    }

    /// The oldest decisions of the books that are older than the line, at most `most`, and where something of them
    /// stays, what it is: nothing behind it goes before it.
    ///
    /// # Errors
    /// [`StoreError`] when the store fails.
    fn due_to_go(
        &self,
        purged: &Purged,
        most: usize,
    ) -> Result<(Vec<StoredMessage>, HeldBack), StoreError> {
        let mut due = Vec::new();
        let after = purged.through.to_key();
        // Behind this the store may hold some rows of a checkpoint under way, and not the older ones among them.
        let in_books = self.in_books();
        for (key, _) in self.store().page(Table::Messages, Some(&after), most)? {
            let id = RecordId::from_key(&key);
            let Some(message) = id.map_or(Ok(None), |id| self.message(id))? else {
                continue;
            };
            if message.time >= purged.line || message.id.sequence > in_books {
                break;
            }
            if let Some(kept) = self.kept(&message)? {
                return Ok((due, Some((message.id, kept))));
            }
            due.push(message);
        }
        Ok((due, None))
    }

    /// The first decision older than the line that stays, and why.
    ///
    /// # Errors
    /// [`StoreError`] when the store fails.
    pub fn kept_from_purging(&self) -> Result<Option<(RecordId, Kept)>, StoreError> {
        Ok(self.due_to_go(&self.purged()?, 1)?.1)
    }

    /// The next step of purging, of at most `most` decisions; `None` where nothing is to go.
    ///
    /// # Errors
    /// [`StoreError`] when the store fails.
    pub fn purge_step(&self, most: usize) -> Result<Option<PurgeStep>, StoreError> {
        let seen = self.shown();
        let purged = self.purged()?;
        let (due, _) = self.due_to_go(&purged, most)?;
        let Some(newest) = due.last().map(|message| message.time) else {
            return Ok(None);
        };
        let mut accounts: BTreeMap<AccountId, (Deltas, Deltas)> = BTreeMap::new();
        let (mut transactions, mut through) = (0_u32, purged.through);
        for message in &due {
            let posted = self.posted_by(message)?;
            through = posted.last().map_or(message.id, |(id, _)| *id);
            let posted = u32::try_from(posted.len()).unwrap_or(u32::MAX);
            transactions = transactions.saturating_add(posted);
            for moved in message.moves() {
                let (deltas, pending) = accounts.entry(moved.account).or_default();
                let sums = sum(deltas, &moved.deltas).zip(sum(pending, &moved.pending));
                // Limits hold what their records add up to.
                let Some(sums) = sums else { return Ok(None) };
                (*deltas, *pending) = sums;
            }
        }
        let Some(accounts) = self.left_of(accounts)? else {
            return Ok(None);
        };
        Ok(Some(PurgeStep {
            after: purged.through,
            through,
            seen,
            newest,
            messages: due.iter().map(|message| message.id).collect(),
            transactions,
            accounts,
        }))
    }

    /// What such moves leave of accounts when they go; `None` where one leaves its range.
    fn left_of(
        &self,
        moved: BTreeMap<AccountId, (Deltas, Deltas)>,
    ) -> Result<Option<Vec<PurgedAccount>>, StoreError> {
        let mut left = Vec::with_capacity(moved.len());
        for (id, (deltas, pending)) in moved {
            let account = self.account(id)?;
            let opening = account.and_then(|account| account.opening);
            let after = opening.as_ref().map(|opening| sum(opening, &deltas));
            let pending = sum(&self.purged_pending(id)?, &pending);
            let (Some(pending), false) = (pending, after == Some(None)) else {
                return Ok(None);
            };
            left.push(PurgedAccount {
                account: id,
                opening: after.flatten(),
                pending,
            });
        }
        Ok(Some(left))
    }
}
