//! Decisions made again, over books that are rebuilt record by record.
//!
//! Owns: the way to the books as they stood at any record that the journal still leads to ([`Rehearsal`]), why a
//! decision came out as it did ([`Explanation`]), the same in a moment from what the books still know
//! ([`Recollection`]), and what other rules would have decided ([`what_if`]). It uses
//! the functions that decide, so it cannot come to another result than they. Must never: write anything, or be
//! part of deciding.

mod explanation;
mod recollection;
pub mod what_if;

use std::collections::VecDeque;

use rules::Snapshot;

pub use explanation::{Check, Explanation, Finding, Part, Step};
pub use recollection::Recollection;

use crate::authorization::AuthorizationDecided;
use crate::books::store::MemoryStore;
use crate::books::{StoreError, load};
use crate::decide::{self, Context};
use crate::identifiers::{RecordId, ShardId, Timestamp};
use crate::journal::Batch;
use crate::journal::cursor::{Cursor, CursorError, oldest_held};
use crate::journal::disk::Disk;
use crate::journal::log::OpenError;
use crate::record::{Record, Unreadable, records_of};
use crate::snapshot::read::Snapshot as BooksSnapshot;
use crate::snapshot::{SnapshotError, files};
use crate::state::{InvariantViolation, State};

/// Why nothing can be rehearsed.
#[derive(Debug, thiserror::Error)]
pub enum RehearsalError {
    /// The journal cannot be read.
    #[error("the journal")]
    Cursor(#[from] CursorError),
    /// The journal's files cannot be listed.
    #[error("the journal")]
    Open(#[from] OpenError),
    /// A snapshot cannot be read.
    #[error("the snapshot")]
    Snapshot(#[from] SnapshotError),
    /// The rows of a snapshot cannot be read.
    #[error("the snapshot")]
    Store(#[from] StoreError),
    /// A record cannot be read.
    #[error(transparent)]
    Record(#[from] Unreadable),
    /// A record does not fit the books.
    #[error(transparent)]
    Invariant(#[from] InvariantViolation),
    /// Neither journal nor snapshots lead to the books as they stood there.
    #[error(
        "the journal begins with batch {oldest}, and no snapshot reaches back before batch {wanted}"
    )]
    OutOfReach {
        /// The first batch that is held.
        oldest: u64,
        /// The batch that is asked for.
        wanted: u64,
    },
    /// There is no such record.
    #[error("the journal holds no record {0}")]
    NoRecord(RecordId),
    /// The record is no decision on a request or an advice.
    #[error("record {0} is no decision on a request or an advice")]
    NoDecision(RecordId),
}

/// Books on their way through the journal.
#[derive(Debug)]
pub struct Rehearsal<D: Disk> {
    shard: ShardId,
    state: State,
    cursor: Cursor<D>,
    /// Batches up to this one are in the rows that it began with, whole or in part.
    fuzzy_until: u64,
    /// Records of the present batch that are not applied.
    ahead: VecDeque<(RecordId, Timestamp, Record)>,
}

impl<D: Disk + Clone> Rehearsal<D> {
    /// Begins before batch `wanted`: with the first batch if the journal holds it, else with the newest snapshot
    /// that ends before. `None` begins as early as possible.
    ///
    /// # Errors
    /// [`RehearsalError::OutOfReach`] when nothing leads there; others when something cannot be read.
    pub fn open(
        journal: D,
        snapshots: Option<&D>,
        shard: ShardId,
        wanted: Option<u64>,
    ) -> Result<Self, RehearsalError> {
        let oldest = oldest_held(&journal)?.unwrap_or(1);
        if oldest <= 1 {
            return Ok(Self {
                shard,
                state: State::default(),
                cursor: Cursor::after(journal, 0),
                fuzzy_until: 0,
                ahead: VecDeque::new(),
            });
        }
        let mut listed = snapshots.map_or_else(|| Ok(Vec::new()), |disk| files::list(disk))?;
        listed.sort_unstable();
        if wanted.is_some() {
            listed.reverse();
        }
        for (_, name) in listed {
            let Some(disk) = snapshots else { break };
            let Ok(snapshot) = BooksSnapshot::open(disk, &name) else {
                continue;
            };
            let (from, through) = (snapshot.header.from, snapshot.footer.through.sequence);
            let reaches = from.saturating_add(1) >= oldest;
            if reaches && wanted.is_none_or(|wanted| through < wanted) {
                let store = MemoryStore::default();
                snapshot.load_into(&store)?;
                return Ok(Self {
                    shard,
                    state: load::state(&store, Timestamp(i64::MIN))?,
                    cursor: Cursor::after(journal, from),
                    fuzzy_until: through,
                    ahead: VecDeque::new(),
                });
            }
        }
        Err(RehearsalError::OutOfReach {
            oldest,
            wanted: wanted.unwrap_or(oldest),
        })
    }

    /// Takes the books over to what other rules make of the batches from here on; what is left here is empty.
    pub fn fork(&mut self) -> what_if::WhatIf {
        what_if::WhatIf::over(self.shard, std::mem::take(&mut self.state))
    }

    /// The next batch whose decisions can be made again, not yet applied; `None` at the end of the journal.
    ///
    /// # Errors
    /// [`RehearsalError`] when a batch cannot be read or does not fit.
    pub fn next_batch(&mut self) -> Result<Option<Batch>, RehearsalError> {
        while let Some(batch) = self.cursor.next_held()? {
            if batch.sequence > self.fuzzy_until {
                return Ok(Some(batch));
            }
            self.apply(&batch)?;
        }
        Ok(None)
    }

    /// Applies a batch as it was recorded.
    ///
    /// # Errors
    /// [`RehearsalError`] when a record cannot be read or does not fit.
    pub fn apply(&mut self, batch: &Batch) -> Result<(), RehearsalError> {
        self.look_into(batch)?;
        while !self.ahead.is_empty() {
            self.apply_front()?;
        }
        Ok(())
    }

    /// Goes to a decision: the books are then as they were when it was made.
    ///
    /// # Errors
    /// [`RehearsalError`] when it is not there, lies behind, or is no decision on a request or an advice.
    pub fn go_to(
        &mut self,
        id: RecordId,
    ) -> Result<(Timestamp, Box<AuthorizationDecided>), RehearsalError> {
        loop {
            match self.ahead.front() {
                Some((found, _, _)) if *found > id => return Err(RehearsalError::NoRecord(id)),
                Some((found, time, record)) if *found == id => {
                    let decided = record.decided().ok_or(RehearsalError::NoDecision(id))?;
                    return Ok((*time, Box::new(decided.clone())));
                }
                Some(_) => self.apply_front()?,
                None => match self.next_batch()? {
                    Some(batch) => self.look_into(&batch)?,
                    None => return Err(RehearsalError::NoRecord(id)),
                },
            }
        }
    }

    fn look_into(&mut self, batch: &Batch) -> Result<(), RehearsalError> {
        for record in records_of(self.shard, batch) {
            let (id, record) = record?;
            self.ahead.push_back((id, batch.time, record));
        }
        Ok(())
    }

    fn apply_front(&mut self) -> Result<(), RehearsalError> {
        if let Some((id, time, record)) = self.ahead.pop_front() {
            self.state.apply(id, time, &record)?;
        }
        Ok(())
    }

    /// Explains how a decision comes out over the books as they stand, under these rules.
    pub fn explain(
        &self,
        (id, now): (RecordId, Timestamp),
        decided: &AuthorizationDecided,
        rules: &Snapshot,
    ) -> Explanation {
        let context = Context {
            state: &self.state,
            rules,
            now,
            id,
        };
        decide::explain(context, decided)
    }
}
