//! A test double of a journal that lives elsewhere.
//!
//! Owns: a log that survives its clients ([`RemoteLog`]), and a client of it ([`RemoteJournal`]) whose
//! appends arrive late, are acknowledged later, and may have an unknown result. It is driven step by step
//! from a seed, so that the same seed gives the same run. Must never: be used outside simulations and
//! tests.
//!
//! An unknown result poisons the client: it takes nothing more, and its watermark never moves again, for
//! what was not acknowledged may or may not be in the log. Appends that are under way may still arrive
//! after that. Opening the log again fences the clients before: theirs arrive no more, and what is in the
//! log then is durable.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::{Batch, Journal, SubmitError};
use crate::durable::Watermark;

/// The log, as it stands elsewhere; clones share it.
#[derive(Clone, Debug, Default)]
pub struct RemoteLog {
    shared: Arc<Mutex<Shared>>,
}

#[derive(Debug, Default)]
struct Shared {
    batches: Vec<Batch>,
    /// Counts openings: only the client of the last one may append.
    epoch: u64,
}

impl RemoteLog {
    fn lock(&self) -> MutexGuard<'_, Shared> {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What the log holds, in order.
    #[must_use]
    pub fn batches(&self) -> Vec<Batch> {
        self.lock().batches.clone()
    }

    /// Last sequence in the log; 0 when it is empty.
    #[must_use]
    pub fn last_sequence(&self) -> u64 {
        last_sequence(&self.lock())
    }

    /// Opens the log: the clients before can append no more. What the new one does follows from the seed.
    #[must_use]
    pub fn open(&self, seed: u64) -> RemoteJournal {
        let mut shared = self.lock();
        shared.epoch = shared.epoch.saturating_add(1);
        let last = last_sequence(&shared);
        RemoteJournal {
            log: self.clone(),
            epoch: shared.epoch,
            under_way: VecDeque::new(),
            next_sequence: last.saturating_add(1),
            watermark: Watermark::at(last),
            poisoned: false,
            random: seed,
        }
    }
}

fn last_sequence(shared: &Shared) -> u64 {
    shared.batches.last().map_or(0, |batch| batch.sequence)
}

/// A client of a [`RemoteLog`].
#[derive(Debug)]
pub struct RemoteJournal {
    log: RemoteLog,
    epoch: u64,
    under_way: VecDeque<Batch>,
    next_sequence: u64,
    watermark: Watermark,
    poisoned: bool,
    random: u64,
}

/// What a step did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Nothing.
    Nothing,
    /// The oldest append under way reached the log: this sequence.
    Arrived(u64),
    /// The log acknowledged everything up to this sequence: the watermark was raised.
    Acknowledged(u64),
    /// The result of an append became unknown: the client is poisoned.
    Unknown,
    /// The oldest append under way was refused, because the log was opened by another client.
    Fenced,
}

impl RemoteJournal {
    /// Whether it takes nothing more.
    #[must_use]
    pub fn is_poisoned(&self) -> bool {
        self.poisoned
    }

    /// How many appends are under way.
    #[must_use]
    pub fn under_way(&self) -> usize {
        self.under_way.len()
    }

    /// The next thing that happens, as the seed has it.
    pub fn step(&mut self) -> Step {
        match self.next_random() % 16 {
            0..=6 => self.arrive(),
            7..=12 => self.acknowledge(),
            13 => self.lose_the_result(),
            _ => Step::Nothing,
        }
    }

    /// The oldest append under way reaches the log, in order, if the client is still the log's.
    pub fn arrive(&mut self) -> Step {
        let Some(batch) = self.under_way.pop_front() else {
            return Step::Nothing;
        };
        let mut shared = self.log.lock();
        if shared.epoch != self.epoch {
            drop(shared);
            self.poisoned = true;
            self.under_way.clear();
            return Step::Fenced;
        }
        let sequence = batch.sequence;
        shared.batches.push(batch);
        Step::Arrived(sequence)
    }

    /// The client hears that some of what arrived is in the log.
    pub fn acknowledge(&mut self) -> Step {
        let durable = self.watermark.sequence();
        let shared = self.log.lock();
        let arrived = if shared.epoch == self.epoch {
            last_sequence(&shared).saturating_sub(durable)
        } else {
            0
        };
        drop(shared);
        if self.poisoned || arrived == 0 {
            return Step::Nothing;
        }
        let some = self.next_random().checked_rem(arrived).unwrap_or(0);
        let acknowledged = durable.saturating_add(some).saturating_add(1);
        self.watermark.raise(acknowledged);
        Step::Acknowledged(acknowledged)
    }

    /// The connection breaks with appends unanswered: whether they are in the log, or will be, is unknown.
    pub fn lose_the_result(&mut self) -> Step {
        let unanswered = self.next_sequence.saturating_sub(1) > self.watermark.sequence();
        if self.poisoned || !unanswered {
            return Step::Nothing;
        }
        self.poisoned = true;
        // Of what is under way, the log may still receive the first ones, or none.
        let most = (self.under_way.len() as u64).saturating_add(1);
        let left = self.next_random().checked_rem(most).unwrap_or(0);
        self.under_way
            .truncate(usize::try_from(left).unwrap_or(usize::MAX));
        Step::Unknown
    }

    /// SplitMix64.
    fn next_random(&mut self) -> u64 {
        self.random = self.random.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.random;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }
}

impl Journal for RemoteJournal {
    fn submit(&mut self, batch: Batch, expected_sequence: u64) -> Result<u64, SubmitError> {
        if self.poisoned {
            return Err(SubmitError::Stopped);
        }
        if expected_sequence != self.next_sequence || batch.sequence != expected_sequence {
            let (next, submitted) = (self.next_sequence, batch.sequence);
            return Err(SubmitError::WrongSequence { next, submitted });
        }
        self.next_sequence = self.next_sequence.saturating_add(1);
        self.under_way.push_back(batch);
        Ok(expected_sequence)
    }

    fn watermark(&self) -> &Watermark {
        &self.watermark
    }
}
