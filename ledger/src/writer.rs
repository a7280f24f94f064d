//! The writer: turns commands into batches of records, one batch after the other.
//!
//! Owns: the state, the next sequence and the time of batches; the one place where a command is decided
//! and its records are applied. A machine without IO or clock: the shell hands it submissions, the rules
//! and a time, and carries the batch to the journal. Must never: answer. What it decided waits in
//! [`Pending`] until the watermark has passed it.

use rules::{Reason, Snapshot};
use smallvec::SmallVec;

use crate::books::StoreError;
use crate::books::rows::StoredMessage;
use crate::command::{Command, Outcome, Submission, Undecided};
use crate::decide::{self, Context};
use crate::dense::AHEAD;
use crate::durable::{Durable, Watermark};
use crate::identifiers::{RecordId, ShardId, Timestamp};
use crate::journal::Batch;
use crate::record::{AppendError, Unreadable, records_of};
use crate::state::{InvariantViolation, State};

/// Decides commands for one shard.
#[derive(Debug)]
pub struct Writer {
    shard: ShardId,
    state: State,
    sequence: u64,
    time: Timestamp,
    scratch: Vec<u8>,
}

/// What one call decided.
#[derive(Debug)]
pub struct DecidedBatch<T> {
    /// The records; `None` when the commands changed nothing.
    pub batch: Option<Batch>,
    /// Outcomes that wait for the journal.
    pub pending: Pending<T>,
    /// Commands that were not decided: their senders may be told at once.
    pub undecided: Vec<(T, Undecided)>,
}

/// Outcomes that must not leave before the journal holds what they rest on.
#[derive(Debug)]
pub struct Pending<T> {
    sequence: u64,
    outcomes: Vec<(T, Outcome)>,
}

impl<T> Pending<T> {
    /// The sequence the watermark must pass.
    #[must_use]
    pub fn sequence(&self) -> u64 {
        self.sequence
    }

    /// Whether nothing waits.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.outcomes.is_empty()
    }

    /// Releases the outcomes if the watermark has passed them; else gives them back.
    ///
    /// # Errors
    /// Itself, unchanged, when the journal is not that far.
    pub fn release(
        self,
        watermark: &Watermark,
    ) -> Result<impl Iterator<Item = (T, Durable<Outcome>)>, Self> {
        if watermark.sequence() < self.sequence {
            return Err(self);
        }
        let (watermark, sequence) = (watermark.clone(), self.sequence);
        Ok(self
            .outcomes
            .into_iter()
            .filter_map(move |(ticket, outcome)| {
                // Never fails: the watermark only rises, and it had passed above.
                Some((ticket, Durable::behind(&watermark, sequence, outcome).ok()?))
            }))
    }
}

/// Why the writer cannot go on. The process must stop: what was decided cannot be recorded.
#[derive(Debug, thiserror::Error)]
pub enum WriterError {
    /// A decision does not fit the books.
    #[error(transparent)]
    Invariant(#[from] InvariantViolation),
    /// A record cannot be written into the batch.
    #[error(transparent)]
    Append(#[from] AppendError),
}

impl Writer {
    /// A writer over the state that recovery rebuilt, which reflects every batch up to `sequence`, the
    /// last of them stamped `time`.
    #[must_use]
    pub fn new(shard: ShardId, state: State, sequence: u64, time: Timestamp) -> Self {
        Self {
            shard,
            state,
            sequence,
            time,
            scratch: Vec::new(),
        }
    }

    /// The state.
    #[must_use]
    pub fn state(&self) -> &State {
        &self.state
    }

    /// Sequence of the last batch that was decided.
    #[must_use]
    pub fn sequence(&self) -> u64 {
        self.sequence
    }

    /// Decides submissions in order under one snapshot and one time. `now` is raised to the time of the
    /// last batch if the clock went back.
    ///
    /// # Errors
    /// [`WriterError`]: the state may then hold what no journal does; the process must stop.
    pub fn decide<T>(
        &mut self,
        submissions: impl IntoIterator<Item = Submission<T>>,
        rules: &Snapshot,
        now: Timestamp,
    ) -> Result<DecidedBatch<T>, WriterError> {
        // Deadlines are of the clock: one that went back must not make them all look passed.
        let (clock, now) = (now, now.max(self.time));
        let sequence = self.sequence.saturating_add(1);
        let mut batch = Batch::new(sequence, now);
        let mut decided = DecidedBatch {
            batch: None,
            pending: Pending {
                sequence: self.sequence,
                outcomes: Vec::new(),
            },
            undecided: Vec::new(),
        };
        let mut submissions = submissions.into_iter();
        loop {
            let together: SmallVec<[_; AHEAD]> = submissions.by_ref().take(AHEAD).collect();
            if together.is_empty() {
                break;
            }
            let cards = together.iter().map(|submission| &submission.command);
            self.state.read_ahead(cards.filter_map(Command::card));
            for Submission {
                command,
                deadline,
                ticket,
            } in together
            {
                if deadline.is_some_and(|deadline| deadline < clock) {
                    let reason = Reason::DeadlinePassed;
                    decided.undecided.push((ticket, Undecided { reason }));
                    continue;
                }
                let outcome = self.decide_one(command, rules, &mut batch)?;
                decided.pending.outcomes.push((ticket, outcome));
            }
        }
        if !batch.is_empty() {
            (self.sequence, self.time) = (sequence, now);
            decided.pending.sequence = sequence;
            decided.batch = Some(batch);
        }
        Ok(decided)
    }

    fn decide_one(
        &mut self,
        command: Command,
        rules: &Snapshot,
        batch: &mut Batch,
    ) -> Result<Outcome, WriterError> {
        let now = batch.time;
        self.recall(&command, now);
        let id = RecordId {
            shard: self.shard,
            sequence: batch.sequence,
            index: batch.count(),
        };
        let context = Context {
            state: &self.state,
            rules,
            now,
            id,
        };
        let (records, outcome) = decide::decide(context, command);
        for record in &records {
            let id = RecordId {
                index: batch.count(),
                ..id
            };
            self.state.admits(rules, id, record)?;
            record.append_to(batch, &mut self.scratch)?;
            self.state.apply(id, now, record)?;
        }
        Ok(outcome)
    }

    /// Puts the messages that were fetched for a command beside those in memory.
    fn recall(&mut self, command: &Command, now: Timestamp) {
        let stored = command.stored();
        if !stored.is_empty() {
            self.state.recall(stored, &command.lookups(), now);
        }
    }

    /// Forgets messages older than `window_us` microseconds that the books hold, up to batch `in_books`: the one up to
    /// which nothing was missed by what was looked up for commands that are still to come ([`crate::settled`]).
    pub fn forget(&mut self, window_us: i64, in_books: u64) {
        self.state
            .forget(self.time.plus_us(window_us.saturating_neg()), in_books);
    }

    /// Applies a batch of the journal: the start replays what the books do not reflect yet. `stored` gives a message of
    /// the books, for those that the batch changes and that are not in memory; none where all are there, or where the
    /// views take in everything before a command is decided.
    ///
    /// # Errors
    /// [`ReplayError`]: the batch or the books cannot be read, or do not fit; the start must stop.
    pub fn replay(
        &mut self,
        batch: &Batch,
        mut stored: impl FnMut(RecordId) -> Result<Option<StoredMessage>, StoreError>,
    ) -> Result<(), ReplayError> {
        for record in records_of(self.shard, batch) {
            let (id, record) = record?;
            self.state
                .recall_changed(&record, batch.time, &mut stored)?;
            self.state.apply(id, batch.time, &record)?;
        }
        (self.sequence, self.time) = (batch.sequence, batch.time.max(self.time));
        Ok(())
    }
}

/// Why a batch of the journal cannot be replayed.
#[derive(Debug, thiserror::Error)]
pub enum ReplayError {
    /// A record cannot be read.
    #[error(transparent)]
    Record(#[from] Unreadable),
    /// A record does not fit the books.
    #[error(transparent)]
    Invariant(#[from] InvariantViolation),
    /// The books cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
}
