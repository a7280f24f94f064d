//! The shell around the view-writer.
//!
//! Owns: following the journal behind the watermark, and when the books are written. Must never: show or
//! write what is not durable.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use super::clock::{elapsed_since, now};
use super::{LedgerFailure, Observer, step_back};
use crate::books::{SledStore, ViewWriter};
use crate::durable::Watermark;
use crate::journal::cursor::Cursor;
use crate::journal::disk::Directory;

pub(super) struct ViewShell {
    pub(super) view_writer: ViewWriter<SledStore>,
    pub(super) cursor: Cursor<Directory>,
    pub(super) watermark: Watermark,
    pub(super) stopping: Arc<AtomicBool>,
    pub(super) interval: Duration,
    pub(super) rows: usize,
    pub(super) observer: Arc<dyn Observer>,
}

impl ViewShell {
    pub(super) fn run(mut self) {
        step_back();
        let mut checkpointed = now();
        loop {
            let stopping = self.stopping.load(Ordering::Acquire);
            let next = self.cursor.seen().saturating_add(1);
            let quiet = !stopping && !self.watermark.wait_for(next, self.interval);
            let due = quiet || stopping || elapsed_since(checkpointed) >= self.interval;
            match self.follow(due) {
                Ok(true) => checkpointed = now(),
                Ok(false) => {}
                Err(failure) => {
                    self.observer.failed(failure);
                    return;
                }
            }
            if stopping {
                return;
            }
        }
    }

    /// Takes in what is durable; writes the books when it is time or enough has changed.
    fn follow(&mut self, due: bool) -> Result<bool, LedgerFailure> {
        while self.view_writer.dirty_rows() < self.rows {
            match self.cursor.next(self.watermark.sequence())? {
                Some(batch) => self.view_writer.apply(&batch)?,
                None => break,
            }
        }
        if !due && self.view_writer.dirty_rows() < self.rows {
            return Ok(false);
        }
        let begun = now();
        let rows = self.view_writer.checkpoint()?;
        if rows > 0 {
            self.observer.checkpointed(rows, elapsed_since(begun));
        }
        Ok(true)
    }
}
