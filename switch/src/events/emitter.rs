//! The reader of the journal that writes its events.
//!
//! Owns: the place in the journal, the registration as the detachable reader `events`, and what happens
//! when retention has passed it: one event `journal.gap` in place of those that are lost. Must never:
//! leave batches out without saying so.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use ledger::Watermark;
use ledger::identifiers::{ShardId, Timestamp};
use ledger::journal::Batch;
use ledger::journal::cursor::{Cursor, CursorError, oldest_held};
use ledger::journal::disk::{Directory, Disk};
use ledger::journal::readers::{Reader, Readers};
use ledger::runtime::{Follower, now};

use super::files::io_error;
use super::{EventError, EventFiles, WaitingNotices, gap, lines};
use crate::settings;

/// Its name among the readers of the journal.
const READER: &str = "events";

/// Brings the events of the journal into their files.
#[derive(Debug)]
pub struct Emitter<D: Disk> {
    disk: D,
    cursor: Cursor<D>,
    files: EventFiles,
    reader: Reader,
    shard: ShardId,
    text: Vec<u8>,
}

impl Emitter<Directory> {
    /// Opens the event files of a directory, and registers as a reader of the journal from where they end.
    ///
    /// # Errors
    /// [`EventError`] when a file cannot be used.
    pub fn open(
        directory: &Path,
        journal: &Path,
        shard: ShardId,
        settings: settings::Events,
        readers: &Readers,
    ) -> Result<Self, EventError> {
        let files = EventFiles::open(directory, settings.file_bytes)?;
        let disk = Directory::open(journal).map_err(|source| io_error(journal, source))?;
        Ok(Self::over(disk, files, shard, readers))
    }
}

impl<D: Disk + Clone> Emitter<D> {
    /// Over event files and the journal of a disk.
    pub fn over(disk: D, files: EventFiles, shard: ShardId, readers: &Readers) -> Self {
        let seen = files.sequence();
        Self {
            cursor: Cursor::after(disk.clone(), seen),
            disk,
            files,
            reader: readers.detachable(READER, seen, now()),
            shard,
            text: Vec::new(),
        }
    }

    /// The last batch whose events are written.
    #[must_use]
    pub fn sequence(&self) -> u64 {
        self.files.sequence()
    }

    /// Writes the events of the next batch that the watermark has passed; `false` when there is none.
    ///
    /// # Errors
    /// [`EventError`]: the journal cannot be read, or the files not be written.
    pub fn emit(&mut self, watermark: u64) -> Result<bool, EventError> {
        if self.reader.is_detached() {
            // What stands after its place may be gone, even where an open file still shows it.
            self.cursor = Cursor::after(self.disk.clone(), self.sequence());
            self.reader.attach(self.files.saved_sequence(), now());
        }
        let batch = match self.cursor.next(watermark) {
            Ok(Some(batch)) => batch,
            Ok(None) => return Ok(false),
            Err(CursorError::Gone { .. }) => return self.skip(watermark),
            Err(error) => return Err(error.into()),
        };
        self.append(&batch)?;
        Ok(true)
    }

    fn append(&mut self, batch: &Batch) -> Result<(), EventError> {
        self.text.clear();
        lines(self.shard, batch, &mut self.text)?;
        self.files.append(batch.sequence, &self.text)
    }

    /// Says which batches are lost, and goes on with the oldest that the journal holds.
    fn skip(&mut self, watermark: u64) -> Result<bool, EventError> {
        let first = self.sequence().saturating_add(1);
        let oldest = oldest_held(&self.disk).map_err(CursorError::from)?;
        let Some(last) = oldest.map(|oldest| oldest.saturating_sub(1)) else {
            return Err(CursorError::Gone { sequence: first }.into());
        };
        self.reader.attach(last, now());
        let mut cursor = Cursor::after(self.disk.clone(), last);
        let batch = match cursor.next(watermark) {
            Ok(Some(batch)) => batch,
            // Removed in the meantime as well, or not durable yet: the next turn looks again.
            Ok(None) | Err(CursorError::Gone { .. }) => return Ok(false),
            Err(error) => return Err(error.into()),
        };
        tracing::error!(
            first_sequence = first,
            last_sequence = last,
            "events are lost: the journal had to let go of batches that were not read; \
             consumers must resynchronize"
        );
        let mut text = gap(self.shard, first, last, batch.time)
            .to_string()
            .into_bytes();
        text.push(b'\n');
        self.files.append(last, &text)?;
        self.cursor = cursor;
        self.append(&batch)?;
        self.save()?;
        Ok(true)
    }

    /// Writes the notices that wait, behind the events of the last batch.
    ///
    /// # Errors
    /// [`EventError`] when the files cannot be written.
    pub fn tell(
        &mut self,
        waiting: &WaitingNotices,
        now: Timestamp,
        ending: bool,
    ) -> Result<(), EventError> {
        self.text.clear();
        waiting.write(self.shard, now, ending, &mut self.text);
        if self.text.is_empty() {
            return Ok(());
        }
        self.files.append(self.files.sequence(), &self.text)
    }

    /// Makes durable what is written; the journal need not hold it any more.
    ///
    /// # Errors
    /// [`EventError`]; the place is then the last one saved.
    pub fn save(&mut self) -> Result<(), EventError> {
        self.files.save()?;
        self.reader.saw(self.files.saved_sequence());
        Ok(())
    }
}

/// How late events may be before they take their share of a busy processor.
const PATIENCE: Duration = Duration::from_secs(60);

/// Follows the journal and writes events until told to stop: the shell of [`Emitter`].
///
/// # Errors
/// [`EventError`]: no more events are emitted then; authorizations go on.
pub fn follow(
    mut emitter: Emitter<Directory>,
    watermark: &Watermark,
    settings: settings::Events,
    notices: &WaitingNotices,
    stop: &Arc<AtomicBool>,
) -> Result<(), EventError> {
    let mut rank = Follower::step_back(PATIENCE);
    let interval = Duration::from_millis(settings.save_interval_ms);
    let mut saved = now();
    loop {
        let stopping = stop.load(Ordering::Acquire);
        let next = emitter.sequence().saturating_add(1);
        let quiet = stopping || !watermark.wait_for(next, interval);
        while emitter.emit(watermark.sequence())? {
            rank.press(stopping);
        }
        rank.caught_up();
        let waited_us = now().0.saturating_sub(saved.0);
        if quiet || u128::try_from(waited_us).unwrap_or(0) >= interval.as_micros() {
            emitter.tell(notices, now(), stopping)?;
            emitter.save()?;
            saved = now();
        }
        metrics::gauge!("switch_events_sequence").set(emitter.sequence() as f64);
        if stopping {
            return Ok(());
        }
    }
}

#[cfg(test)]
#[path = "emitter_tests.rs"]
mod tests;
