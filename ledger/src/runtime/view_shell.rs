//! The shell around the view-writer.
//!
//! Owns: following the journal behind the watermark, and when the books are written. Must never: show or
//! write what is not durable.

use std::time::Duration;

use super::clock::{elapsed_since, now};
use super::pace::Pace;
use super::{LedgerFailure, Observer};
use crate::books::{SledStore, ViewWriter};
use crate::journal::cursor::Cursor;
use crate::journal::disk::Directory;
use crate::rank::Follower;

/// How often it looks whether the ledger is ending, when nothing happens.
const LOOK: Duration = Duration::from_millis(200);

/// How late readers may be before the view-writer takes its share of a busy processor.
const PATIENCE: Duration = Duration::from_secs(5);

pub(super) struct ViewShell {
    pub(super) view_writer: ViewWriter<SledStore>,
    pub(super) cursor: Cursor<Directory>,
    pub(super) pace: Pace,
    pub(super) interval: Duration,
    pub(super) rows: usize,
    /// Records taken in that the books do not hold yet.
    pub(super) unwritten_records: u64,
    pub(super) observer: std::sync::Arc<dyn Observer>,
}

impl ViewShell {
    pub(super) fn run(mut self) {
        let mut rank = Follower::step_back(PATIENCE);
        let (mut checkpointed, mut quiet) = (now(), Duration::ZERO);
        let look = self.interval.min(LOOK);
        loop {
            let stopping = self.pace.is_stopping();
            let next = self.cursor.seen().saturating_add(1);
            // Counted beside the clock, which may be set back.
            if stopping || self.pace.watermark.wait_for(next, look) {
                quiet = Duration::ZERO;
            } else {
                quiet = quiet.saturating_add(look);
            }
            let due =
                stopping || quiet >= self.interval || elapsed_since(checkpointed) >= self.interval;
            match self.follow(due, &mut rank) {
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

    /// Takes in what is durable; writes the books when it is time, or enough has changed, or the lag nears
    /// its bound: what is not written is refused soon.
    fn follow(&mut self, due: bool, rank: &mut Follower) -> Result<bool, LedgerFailure> {
        while self.view_writer.dirty_rows() < self.rows {
            rank.press(self.pace.must_hurry());
            match self.cursor.next(self.pace.watermark.sequence())? {
                Some(batch) => {
                    self.view_writer.apply(&batch)?;
                    let records = u64::from(batch.count());
                    self.unwritten_records = self.unwritten_records.saturating_add(records);
                }
                None => {
                    rank.caught_up();
                    break;
                }
            }
        }
        let enough = self.view_writer.dirty_rows() >= self.rows || self.pace.is_pressed();
        if !due && !enough {
            return Ok(false);
        }
        let begun = now();
        let pace = &self.pace;
        let rows = self.view_writer.checkpoint_paced(&mut |store| {
            let begun = now();
            store.sync_file()?;
            rank.press(pace.must_hurry());
            pace.checkpoint(elapsed_since(begun));
            Ok(())
        })?;
        pace.lag
            .in_books(std::mem::take(&mut self.unwritten_records));
        if rows > 0 {
            self.observer.checkpointed(rows, elapsed_since(begun));
        }
        Ok(true)
    }
}
