//! The way into the ledger.
//!
//! Owns: handing commands to the writer, and refusing them when its queue is full or the books lag too far
//! behind. Must never: wait for room on behalf of a link.

use std::sync::Arc;

use crossbeam_channel::{Sender, TrySendError};
use rules::Reason;

use super::Ticket;
use super::clock::now;
use super::lag::Lag;
use super::pressure::Pressure;
use crate::books::{SledStore, Views};
use crate::command::{Submission, Undecided};
use crate::durable::Watermark;

/// A way to submit commands, for those who hold links.
#[derive(Debug)]
pub struct Submitter<T> {
    pub(super) submissions: Sender<Submission<T>>,
    pub(super) views: Arc<Views<SledStore>>,
    pub(super) watermark: Watermark,
    pub(super) lag: Arc<Lag>,
    pub(super) pressure: Arc<Pressure>,
}

impl<T> Clone for Submitter<T> {
    fn clone(&self) -> Self {
        Self {
            submissions: self.submissions.clone(),
            views: Arc::clone(&self.views),
            watermark: self.watermark.clone(),
            lag: Arc::clone(&self.lag),
            pressure: Arc::clone(&self.pressure),
        }
    }
}

impl<T: Ticket> Submitter<T> {
    /// Hands a command to the writer. When its queue is full, when what waits in it would take longer than the
    /// command has time, or when the views lag too far behind, the ticket hears [`Reason::Overloaded`].
    pub fn submit(&self, submission: Submission<T>) {
        let behind = self.watermark.sequence().saturating_sub(self.views.shown());
        let refused = if self.lag.is_exceeded(behind) || self.would_be_late(&submission) {
            submission
        } else {
            match self.submissions.try_send(submission) {
                Ok(()) => return,
                Err(TrySendError::Full(back) | TrySendError::Disconnected(back)) => back,
            }
        };
        refused.ticket.undecided(Undecided {
            reason: Reason::Overloaded,
        });
    }

    /// Whether the queue alone takes the command past its deadline. One that is past it already is left to the
    /// writer, which says so.
    fn would_be_late(&self, submission: &Submission<T>) -> bool {
        let wait_us = self.pressure.wait_us(self.submissions.len());
        let Some(deadline) = submission.deadline.filter(|_| wait_us > 0) else {
            return false;
        };
        let now = now();
        now < deadline && deadline < now.plus_us(wait_us)
    }

    /// Hands a command to the writer, waiting for room: for loading, never for a link.
    ///
    /// # Errors
    /// The command back, when the ledger has ended.
    pub fn submit_waiting(&self, submission: Submission<T>) -> Result<(), Box<Submission<T>>> {
        self.submissions
            .send(submission)
            .map_err(|back| Box::new(back.0))
    }

    /// Commands that wait for the writer.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.submissions.len()
    }

    /// Records that were decided and that the books do not hold yet.
    #[must_use]
    pub fn lag_records(&self) -> u64 {
        self.lag.records()
    }

    /// The views.
    #[must_use]
    pub fn views(&self) -> &Arc<Views<SledStore>> {
        &self.views
    }

    /// The durable watermark.
    #[must_use]
    pub fn watermark(&self) -> &Watermark {
        &self.watermark
    }
}
