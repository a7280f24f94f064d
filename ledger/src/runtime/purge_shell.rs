//! The shell around purging.
//!
//! Owns: a thread of lower priority that orders a line once a day where the settings say how long history is kept,
//! and submits step after step until nothing older than the line is left. Must never: have two steps on their way,
//! or plan one while an audit reads.

use std::sync::Arc;
use std::time::Duration;

use super::Ticket;
use super::clock::now;
use super::queue::Entrance;
use crate::books::{SledStore, StoreError, Views};
use crate::command::Command;
use crate::identifiers::Timestamp;
use crate::journal::signal::Signal;
use crate::operation::{Operation, OperationRequest};
use crate::rank::Behind;

/// How often it is looked whether something is to go.
const INTERVAL: Duration = Duration::from_secs(1);
/// Pause between two steps: purging takes a small part of the writer's time.
const PAUSE: Duration = Duration::from_millis(20);
/// Decisions of one step.
const MOST: usize = 256;
/// How often it is looked whether a step is shown, and how many times: longer than it may wait for the writer.
const LOOKS: u32 = 1_500;
/// Characters of a date as instants begin with it.
const DATE_CHARACTERS: usize = 10;
/// Microseconds of a day.
const DAY_US: i64 = 86_400_000_000;

pub(super) struct PurgeShell<T> {
    pub(super) views: Arc<Views<SledStore>>,
    pub(super) submissions: Entrance<T>,
    /// How many days of history are kept; `None` for all.
    pub(super) history_days: Option<u32>,
    /// Raised when the end begins.
    pub(super) stop: Signal,
}

impl<T: Ticket> PurgeShell<T> {
    pub(super) fn run(self) {
        let _behind = Behind::step_back();
        let mut ordered = Timestamp::default();
        while !self.stop.wait(INTERVAL) {
            if let Some(line) = self.line().filter(|line| *line > ordered) {
                ordered = line;
                if let Some(order) = order(line) {
                    self.submit(order, now());
                }
            }
            if let Err(error) = self.purge() {
                tracing::error!(%error, "the history cannot be purged");
            }
        }
    }

    /// The line that the settings ask for today.
    fn line(&self) -> Option<Timestamp> {
        let kept_us = i64::from(self.history_days?).saturating_mul(DAY_US);
        let before = now().plus_us(kept_us.saturating_neg()).0;
        Some(Timestamp(before.saturating_sub(before.rem_euclid(DAY_US))))
    }

    /// Step after step, until nothing is to go.
    fn purge(&self) -> Result<(), StoreError> {
        loop {
            let Some(_alone) = self.views.hold_purging_if_free() else {
                return Ok(());
            };
            let looked = now();
            let Some(step) = self.views.purge_step(MOST)? else {
                return Ok(());
            };
            let before = step.after;
            if !self.submit(Command::Purge(Box::new(step)), looked) {
                return Ok(());
            }
            let mut looks = 0_u32;
            while self.views.purged()?.through == before {
                looks = looks.saturating_add(1);
                if looks > LOOKS || self.stop.wait(PAUSE) {
                    return Ok(());
                }
            }
        }
    }

    /// Whether the writer will hear of it.
    fn submit(&self, command: Command, looked: Timestamp) -> bool {
        self.submissions.try_unattended(command, looked).is_ok()
    }
}

/// The order of a day's line; the same again on the same day changes nothing.
fn order(line: Timestamp) -> Option<Command> {
    let date: String = line.to_string().chars().take(DATE_CHARACTERS).collect();
    let request = OperationRequest {
        tracking_id: format!("retention-{date}").parse().ok()?,
        operation: Operation::PurgeHistory { before: line },
        description: "the settings say how long history is kept".to_owned(),
        operator: None,
    };
    Some(Command::Operate {
        request: Box::new(request),
        stored: Vec::new(),
    })
}
