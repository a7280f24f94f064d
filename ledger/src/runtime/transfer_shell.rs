//! The shell around transfers.
//!
//! Owns: a thread of lower priority that looks every so often which transfers are on their way, and submits the step
//! that each lacks, after a crash as before. Must never: decide one, or submit a step that may be old by the time it
//! is decided.

use std::sync::Arc;
use std::time::Duration;

use super::Ticket;
use super::clock::now;
use super::queue::Entrance;
use crate::books::{SledStore, Views};
use crate::journal::signal::Signal;
use crate::rank::Behind;

/// How often transfers are looked for.
const INTERVAL: Duration = Duration::from_millis(500);
/// How many steps are submitted at a time.
const MOST: usize = 256;

pub(super) struct TransferShell<T> {
    pub(super) views: Arc<Views<SledStore>>,
    pub(super) submissions: Entrance<T>,
    /// Raised when the end begins.
    pub(super) stop: Signal,
}

impl<T: Ticket> TransferShell<T> {
    pub(super) fn run(self) {
        let _behind = Behind::step_back();
        while !self.stop.wait(INTERVAL) {
            let looked = now();
            match self.views.missing_steps(MOST) {
                // What is not decided in time, or finds the queue full, is submitted again the next time.
                Ok(steps) => {
                    if !self.submissions.offer(steps, looked) {
                        return;
                    }
                }
                Err(error) => tracing::error!(%error, "open transfers cannot be looked for"),
            }
        }
    }
}
