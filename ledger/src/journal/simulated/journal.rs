//! The journal of a simulation, committed step by step.
//!
//! Owns: what was submitted and not yet committed. Must never: commit on its own.

use std::collections::VecDeque;
use std::io;

use super::disk::SimulatedDisk;
use crate::durable::Watermark;
use crate::journal::log::Log;
use crate::journal::{Batch, Journal, SubmitError};

/// The journal of a simulation: the shipped [`Log`] over a simulated disk, committed when the
/// simulation says so instead of by a thread.
#[derive(Debug)]
pub struct SimulatedJournal {
    log: Log<SimulatedDisk>,
    waiting: VecDeque<Batch>,
    next_sequence: u64,
    watermark: Watermark,
}

impl SimulatedJournal {
    /// A journal over an open log.
    #[must_use]
    pub fn new(log: Log<SimulatedDisk>) -> Self {
        let watermark = Watermark::at(log.durable());
        Self {
            next_sequence: log.next_sequence(),
            log,
            waiting: VecDeque::new(),
            watermark,
        }
    }

    /// How many batches wait to be committed.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.waiting.len()
    }

    /// Commits at most so many of the waiting batches with one sync, then raises the watermark.
    ///
    /// # Errors
    /// What the disk answers; the journal is then as dead as the process that owns it.
    pub fn commit(&mut self, batches: usize) -> io::Result<()> {
        let count = batches.min(self.waiting.len());
        let taken: Vec<_> = self.waiting.drain(..count).collect();
        let durable = self.log.append(&taken)?;
        self.watermark.raise(durable);
        Ok(())
    }
}

impl Journal for SimulatedJournal {
    fn submit(&mut self, batch: Batch, expected_sequence: u64) -> Result<u64, SubmitError> {
        if expected_sequence != self.next_sequence || batch.sequence != expected_sequence {
            let (next, submitted) = (self.next_sequence, batch.sequence);
            return Err(SubmitError::WrongSequence { next, submitted });
        }
        self.next_sequence = self.next_sequence.saturating_add(1);
        self.waiting.push_back(batch);
        Ok(expected_sequence)
    }
    fn watermark(&self) -> &Watermark {
        &self.watermark
    }
}
