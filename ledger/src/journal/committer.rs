//! The committing thread of the file journal.
//!
//! Owns: the thread that gathers submitted batches, appends them with one sync and raises the watermark, and closes the
//! log at the end; a shell around [`Log`]. While it syncs, the writer decides the next batches, which it then finds
//! waiting: a lone batch is synced at once, and under load the sync itself gathers. Must never: raise the watermark
//! before the sync returned, or go on after one failed.

use std::io;
use std::thread::JoinHandle;
use std::time::Duration;

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, bounded};

use super::disk::Disk;
use super::log::Log;
use super::{Batch, Journal, SubmitError};
use crate::durable::Watermark;
use crate::rank;

/// How the committer gathers.
#[derive(Clone, Copy, Debug)]
pub struct CommitOptions {
    /// Batches that may wait for the committer; the writer waits when there are more.
    pub queue_batches: usize,
    /// Most batches of one commit.
    pub gather_batches: usize,
    /// How long to gather for more when the commit before this one carried several batches.
    pub gather_us: u64,
    /// A commit of so many records does not wait for more.
    pub gather_records: u64,
}

/// The file journal as the writer sees it. Dropping it ends the thread after what was submitted is
/// durable.
#[derive(Debug)]
pub struct FileJournal {
    batches: Option<Sender<Batch>>,
    next_sequence: u64,
    watermark: Watermark,
    thread: Option<JoinHandle<()>>,
}

/// What the committer tells the shell around it.
#[derive(Debug)]
pub enum Committed {
    /// The watermark was raised to this sequence.
    Durable {
        /// The sequence.
        sequence: u64,
        /// How many batches this commit carried.
        batches: usize,
        /// How long write and sync took.
        sync: Duration,
    },
    /// A write or sync failed: nothing more will be durable. The process must stop.
    Failed(io::Error),
}

impl FileJournal {
    /// Starts the thread over an open log. `tell` runs on it after every commit.
    ///
    /// # Errors
    /// What the system answers when it cannot start a thread.
    pub fn start<D>(
        log: Log<D>,
        options: CommitOptions,
        watermark: Watermark,
        tell: impl FnMut(Committed) + Send + 'static,
    ) -> io::Result<Self>
    where
        D: Disk + Send + 'static,
        D::File: Send,
    {
        let (sender, receiver) = bounded(options.queue_batches.max(1));
        let next_sequence = log.next_sequence();
        let raised = watermark.clone();
        let thread = std::thread::Builder::new()
            .name("committer".to_owned())
            .spawn(move || commit(log, &receiver, options, &raised, tell))?;
        Ok(Self {
            batches: Some(sender),
            next_sequence,
            watermark,
            thread: Some(thread),
        })
    }

    /// How many batches wait to be committed.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.batches.as_ref().map_or(0, Sender::len)
    }
}

impl Journal for FileJournal {
    fn submit(&mut self, batch: Batch, expected_sequence: u64) -> Result<u64, SubmitError> {
        if expected_sequence != self.next_sequence || batch.sequence != expected_sequence {
            let (next, submitted) = (self.next_sequence, batch.sequence);
            return Err(SubmitError::WrongSequence { next, submitted });
        }
        let sender = self.batches.as_ref().ok_or(SubmitError::Stopped)?;
        sender.send(batch).or(Err(SubmitError::Stopped))?;
        self.next_sequence = self.next_sequence.saturating_add(1);
        Ok(expected_sequence)
    }

    fn watermark(&self) -> &Watermark {
        &self.watermark
    }
}

impl Drop for FileJournal {
    fn drop(&mut self) {
        self.batches = None;
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the committer ended by a panic");
        }
    }
}

fn commit<D: Disk>(
    mut log: Log<D>,
    waiting: &Receiver<Batch>,
    options: CommitOptions,
    watermark: &Watermark,
    mut tell: impl FnMut(Committed),
) {
    rank::go_first();
    let mut several = false;
    while let Ok(first) = waiting.recv() {
        let mut batches = vec![first];
        gather(waiting, options, several, &mut batches);
        several = batches.len() > 1;
        #[expect(
            clippy::disallowed_methods,
            reason = "a shell measures how long the device takes"
        )]
        let begun = std::time::Instant::now();
        match log.append(&batches) {
            Ok(sequence) => {
                watermark.raise(sequence);
                tell(Committed::Durable {
                    sequence,
                    batches: batches.len(),
                    sync: begun.elapsed(),
                });
            }
            Err(error) => {
                tell(Committed::Failed(error));
                return;
            }
        }
    }
    // Nothing is lost without the mark; the next start only knows less.
    if let Err(error) = log.close() {
        tracing::warn!(%error, "the end of the journal is not marked");
    }
}

/// Takes what waits; after a commit of several batches also waits a little for more.
fn gather(
    waiting: &Receiver<Batch>,
    options: CommitOptions,
    several: bool,
    batches: &mut Vec<Batch>,
) {
    #[expect(
        clippy::disallowed_methods,
        reason = "a shell waits at most for the configured time"
    )]
    let begun = std::time::Instant::now();
    let patience = Duration::from_micros(if several { options.gather_us } else { 0 });
    let mut records: u64 = batches.iter().map(|batch| u64::from(batch.count())).sum();
    while batches.len() < options.gather_batches {
        // What is many already would on a busy processor wait for its turn, not for the little time it asked for.
        let left = if records < options.gather_records {
            patience.saturating_sub(begun.elapsed())
        } else {
            Duration::ZERO
        };
        match waiting.recv_timeout(left) {
            Ok(batch) => {
                records = records.saturating_add(u64::from(batch.count()));
                batches.push(batch);
            }
            Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => return,
        }
    }
}
