//! The shell around what makes the next segment.
//!
//! Owns: the thread that prepares it, and its pace: piece by piece with pauses, so that a commit's sync meets an idle
//! device; without them once the segment in use is filling up faster than that. A rotation that finds no segment ready
//! makes one while every answer waits. Must never: end the ledger: what fails here is logged, and tried again.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use super::clock::{elapsed_since, now};
use super::spawn;
use crate::journal::disk::Directory;
use crate::journal::log::Log;
use crate::journal::signal::Signal;
use crate::journal::{Prepared, Preparer};
use crate::rank;

/// How much of the next segment is written and synced at a time: little, so that a commit's sync that
/// comes meanwhile does not wait behind much.
const PIECE_BYTES: usize = 256 * 1024;
/// How often it looks whether there is something to prepare, at least.
const INTERVAL: Duration = Duration::from_secs(1);
/// A piece takes the device at most one part in this many of the time, unless there is haste.
const SHARE_OF_TIME: u32 = 3;

pub(super) struct Preparation {
    preparer: Preparer<Directory>,
    /// Raised when a segment will be needed, and at the end.
    wanted: Signal,
    stopping: Arc<AtomicBool>,
    /// What was logged last, so that what lasts is not logged again.
    said: Option<String>,
}

impl Preparation {
    pub(super) fn of(log: &Log<Directory>, stopping: Arc<AtomicBool>) -> Self {
        let wanted = Signal::default();
        Self {
            preparer: log.preparer(PIECE_BYTES, &wanted),
            wanted,
            stopping,
            said: None,
        }
    }

    /// Starts the thread; what wakes it comes back with it.
    pub(super) fn start(self) -> io::Result<(JoinHandle<()>, Signal)> {
        let wanted = self.wanted.clone();
        Ok((spawn("preparation", move || self.run())?, wanted))
    }

    fn run(mut self) {
        rank::go_first();
        while !self.is_stopping() {
            self.prepare();
            let _woken = self.wanted.wait(INTERVAL);
        }
    }

    fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::Acquire)
    }

    /// Prepares the next segment, if one is wanted.
    fn prepare(&mut self) {
        while !self.is_stopping() {
            let begun = now();
            let pause = match self.preparer.step() {
                Ok(Prepared::Idle) => return,
                Ok(Prepared::Ready) => {
                    self.said = None;
                    return;
                }
                Ok(Prepared::Piece { in_haste: true }) => Duration::ZERO,
                Ok(Prepared::Piece { in_haste: false }) => {
                    elapsed_since(begun).saturating_mul(SHARE_OF_TIME.saturating_sub(1))
                }
                Err(error) => {
                    self.say(&error);
                    return;
                }
            };
            // Woken early it only hurries, or ends.
            let _woken = self.wanted.wait(pause.min(INTERVAL));
        }
    }

    fn say(&mut self, error: &io::Error) {
        let error = error.to_string();
        if self.said.as_ref() != Some(&error) {
            tracing::warn!(
                error,
                "the next segment of the journal could not be prepared"
            );
        }
        self.said = Some(error);
    }
}
