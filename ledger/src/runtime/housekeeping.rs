//! The shell around what keeps the journal's house.
//!
//! Owns: a thread of lower priority that prepares the next segment piece by piece and runs retention
//! every so often, and when a pin has moved. Must never: hold up the writer or the committer, or end the
//! ledger: what fails here is logged, and tried again or left.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use super::clock::{elapsed_since, now};
use super::{Observer, step_back};
use crate::books::{SledStore, Views};
use crate::journal::disk::Directory;
use crate::journal::readers::{Reader, Readers};
use crate::journal::retainer::{Retained, Retainer};
use crate::journal::signal::Signal;
use crate::journal::{Prepared, Preparer};

/// How much of the next segment is written and synced at a time: little, so that a commit's sync that
/// comes meanwhile does not wait behind much.
pub(super) const PIECE_BYTES: usize = 256 * 1024;
/// How often retention runs, at least.
const INTERVAL: Duration = Duration::from_secs(1);
/// A piece takes the device at most one part in this many of the time.
const SHARE_OF_TIME: u32 = 3;

pub(super) struct Housekeeping {
    pub(super) preparer: Preparer<Directory>,
    pub(super) retainer: Retainer<Directory>,
    pub(super) readers: Readers,
    /// The pin of the books, moved as far as they are durable.
    pub(super) books: Reader,
    pub(super) views: Arc<Views<SledStore>>,
    pub(super) stopping: Arc<AtomicBool>,
    /// Raised when the end begins.
    pub(super) stop: Signal,
    pub(super) observer: Arc<dyn Observer>,
}

impl Housekeeping {
    pub(super) fn run(mut self) {
        step_back();
        let mut said = Said::default();
        while !self.stopping.load(Ordering::Acquire) {
            self.retain(&mut said);
            self.prepare(&mut said);
            let _woken = self.readers.progress().wait(INTERVAL);
        }
    }

    /// Prepares the next segment, if one is wanted.
    fn prepare(&mut self, said: &mut Said) {
        loop {
            let begun = now();
            match self.preparer.step() {
                Ok(Prepared::Idle) => return,
                Ok(Prepared::Ready) => {
                    said.preparation = None;
                    return;
                }
                Ok(Prepared::Piece) => {}
                Err(error) => {
                    let error = error.to_string();
                    if said.preparation.as_ref() != Some(&error) {
                        tracing::warn!(
                            error,
                            "the next segment of the journal could not be prepared"
                        );
                    }
                    said.preparation = Some(error);
                    return;
                }
            }
            let pause = elapsed_since(begun).saturating_mul(SHARE_OF_TIME.saturating_sub(1));
            if self.stop.wait(pause.min(INTERVAL)) {
                return;
            }
        }
    }

    /// Lets go of what nobody needs any more.
    fn retain(&mut self, said: &mut Said) {
        self.books.saw(self.views.in_books());
        match self.retainer.run(now()) {
            Ok(retained) => {
                said.of(&retained);
                self.observer.journal(&retained);
            }
            Err(error) => {
                let error = error.to_string();
                if said.retention.as_ref() != Some(&error) {
                    tracing::error!(error, "nothing is removed from the journal");
                }
                said.retention = Some(error);
            }
        }
    }
}

/// What was logged last, so that what lasts is not logged again.
#[derive(Default)]
struct Said {
    preparation: Option<String>,
    retention: Option<String>,
    held_by: Vec<String>,
}

impl Said {
    fn of(&mut self, retained: &Retained) {
        let oldest_sequence = retained.oldest_sequence;
        for reader in &retained.detached {
            tracing::error!(
                reader,
                oldest_sequence,
                "a reader of the journal was too far behind and is detached; it has to resynchronize"
            );
        }
        if retained.removed > 0 {
            let segments = retained.removed;
            tracing::info!(segments, oldest_sequence, "removed from the journal");
        }
        if retained.held_by != self.held_by {
            if retained.held_by.is_empty() {
                tracing::info!("the journal is within its size, or nothing holds it any more");
            } else {
                tracing::error!(
                    pins = retained.held_by.join(", "),
                    bytes = retained.bytes,
                    "the journal is larger than it should be and cannot be cut: a rebuild needs it"
                );
            }
            self.held_by.clone_from(&retained.held_by);
        }
    }
}
