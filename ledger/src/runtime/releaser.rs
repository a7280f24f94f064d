//! Outcomes that wait for the journal.
//!
//! Owns: the queue of decided batches in the order of their sequences, and their release to the senders
//! once the watermark has passed them. Must never: open an outcome but through [`Pending::release`].

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::clock::now;
use super::{Ticket, Timing};
use crate::durable::Watermark;
use crate::identifiers::Timestamp;
use crate::writer::Pending;

/// Outcomes in the order of their sequences, until the watermark passes them.
pub(super) struct Releaser<T> {
    waiting: Mutex<VecDeque<Waiting<T>>>,
    watermark: Watermark,
}

/// The outcomes of one batch, with the times it was taken and decided at.
pub(super) struct Waiting<T> {
    pub(super) pending: Pending<T>,
    pub(super) taken: Timestamp,
    pub(super) decided: Timestamp,
}

impl<T: Ticket> Releaser<T> {
    pub(super) fn behind(watermark: Watermark) -> Self {
        Self {
            waiting: Mutex::default(),
            watermark,
        }
    }

    pub(super) fn wait(&self, waiting: Waiting<T>) {
        if !waiting.pending.is_empty() {
            self.lock().push_back(waiting);
        }
    }

    /// Sends what the watermark has passed. Called after the watermark moved and after something was
    /// added, so that whichever comes last sees the other.
    pub(super) fn release(&self) {
        let durable = now();
        loop {
            let mut queue = self.lock();
            let Some(Waiting {
                pending,
                taken,
                decided,
            }) = queue.pop_front()
            else {
                return;
            };
            match pending.release(&self.watermark) {
                Ok(outcomes) => {
                    drop(queue);
                    let timing = Timing {
                        taken,
                        decided,
                        durable,
                    };
                    outcomes.for_each(|(ticket, outcome)| ticket.decided(outcome, timing));
                }
                Err(pending) => {
                    queue.push_front(Waiting {
                        pending,
                        taken,
                        decided,
                    });
                    return;
                }
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, VecDeque<Waiting<T>>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
