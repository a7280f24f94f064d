//! The way into the ledger.
//!
//! Owns: handing commands to the writer, and refusing them when its queue is full or the books lag too far
//! behind. Must never: wait for room on behalf of a link.

use std::sync::Arc;
use std::time::Duration;

use crossbeam_channel::TrySendError;
use rules::Reason;

use super::Ticket;
use super::clock::now;
use super::lag::Lag;
use super::pressure::Pressure;
use super::queue::{Entrance, Lane};
use crate::books::{SledStore, Views};
use crate::command::{Submission, Undecided};
use crate::durable::Watermark;

/// How long a bulk waits for the books at a time, and how often at most: books that stand still are no reason to stand
/// still for ever.
const LAG_PAUSE: Duration = Duration::from_millis(2);
const LAG_PAUSES: usize = 5_000;

/// A way to submit commands, for those who hold links.
#[derive(Debug)]
pub struct Submitter<T> {
    pub(super) submissions: Entrance<T>,
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
    /// Hands a command to the writer. When its lane is full, when what waits before it would take longer than the
    /// command has time, or when the views lag too far behind, the ticket hears [`Reason::Overloaded`].
    pub fn submit(&self, submission: Submission<T>, lane: Lane) {
        let refused = if self.lag.is_exceeded(self.behind()) || self.is_late(&submission, lane) {
            submission
        } else {
            match self.submissions.try_send(submission, lane) {
                Ok(()) => return,
                Err(TrySendError::Full(back) | TrySendError::Disconnected(back)) => back,
            }
        };
        refused.ticket.undecided(Undecided {
            reason: Reason::Overloaded,
        });
    }

    /// Whether a link that has much under way may send more, as far as the books go: the nearer they are to the bound of
    /// their lag, the fewer requests of such links come in. To be asked once for each.
    #[must_use]
    pub fn lets_in_more(&self) -> bool {
        self.lag.lets_in_more(self.behind())
    }

    /// Batches by which the views are behind.
    fn behind(&self) -> u64 {
        let durable = self.watermark.sequence();
        durable.saturating_sub(self.views.shown())
    }

    /// Whether the queue alone takes the command past its deadline. One that is past it already is left to the
    /// writer, which says so.
    fn is_late(&self, submission: &Submission<T>, lane: Lane) -> bool {
        let wait_us = self.pressure.wait_us(self.submissions.waiting_before(lane));
        let Some(deadline) = submission.deadline.filter(|_| wait_us > 0) else {
            return false;
        };
        let now = now();
        now < deadline && deadline < now.plus_us(wait_us)
    }

    /// Waits while the books are far behind: what comes in bulk must not bring about that links are refused. To be
    /// called before anything is looked up for a command. Never for a link.
    pub fn wait_for_books(&self) {
        for _ in 0..LAG_PAUSES {
            if !self.lag.is_near(self.behind()) {
                return;
            }
            std::thread::park_timeout(LAG_PAUSE);
        }
    }

    /// Hands a command to the writer behind all others, waiting for room: for loading, never for a link.
    ///
    /// # Errors
    /// The command back, when the ledger has ended.
    pub fn submit_waiting(&self, submission: Submission<T>) -> Result<(), Box<Submission<T>>> {
        self.submissions.send(submission)
    }

    /// Commands that wait for the writer.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.submissions.waiting()
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
