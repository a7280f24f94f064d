//! The shell around what keeps the journal's house.
//!
//! Owns: a thread behind the others that runs retention every so often, and when a pin has moved. Must never: hold up
//! the writer or the committer, or end the ledger: what fails here is logged, and tried again or left.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use super::Observer;
use super::clock::now;
use crate::books::{SledStore, Views};
use crate::journal::disk::Directory;
use crate::journal::readers::{Reader, Readers};
use crate::journal::retainer::{Retained, Retainer};
use crate::rank::Behind;

/// How often retention runs, at least.
const INTERVAL: Duration = Duration::from_secs(1);

pub(super) struct Housekeeping {
    pub(super) retainer: Retainer<Directory>,
    pub(super) readers: Readers,
    /// The pin of the books, moved as far as they are durable.
    pub(super) books: Reader,
    pub(super) views: Arc<Views<SledStore>>,
    pub(super) stopping: Arc<AtomicBool>,
    pub(super) observer: Arc<dyn Observer>,
}

impl Housekeeping {
    pub(super) fn run(mut self) {
        let _behind = Behind::step_back();
        let mut said = Said::default();
        while !self.stopping.load(Ordering::Acquire) {
            self.retain(&mut said);
            let _woken = self.readers.progress().wait(INTERVAL);
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
