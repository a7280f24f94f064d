//! The event emitter of the simulated switch: a file of events and a place saved behind it.
//!
//! Owns: the protocol of `switch::events` on simulated bytes: append, make durable, then save the place; a
//! start cuts what was written past the saved place and writes it again; batches that retention let go
//! before they were read leave a gap that is told. Must never: make events; the shipped
//! `switch::events::lines` does.

use ledger::identifiers::Timestamp;
use ledger::journal::cursor::{Cursor, CursorError, oldest_held};
use ledger::journal::readers::{Reader, Readers};
use ledger::journal::simulated::SimulatedDisk;
use switch::events;

use super::OPTIONS;

/// The file of events and the saved place, as they are on disk.
#[derive(Clone, Debug, Default)]
pub struct EventFile {
    pub text: Vec<u8>,
    durable_bytes: usize,
    saved: Place,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Place {
    sequence: u64,
    bytes: usize,
}

impl EventFile {
    /// What a power cut leaves: what was synced, and of the rest the first so many bytes.
    pub fn crashed(mut self, kept: usize) -> Self {
        let rest = self.text.len() - self.durable_bytes;
        self.text.truncate(self.durable_bytes + kept.min(rest));
        self.durable_bytes = self.text.len();
        self
    }

    /// The last batch whose events are durable.
    pub fn saved_sequence(&self) -> u64 {
        self.saved.sequence
    }
}

/// Follows the journal and writes events.
pub struct Emitter {
    disk: SimulatedDisk,
    cursor: Cursor<SimulatedDisk>,
    reader: Reader,
    sequence: u64,
    pub file: EventFile,
}

/// What a turn of the emitter did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Emitted {
    Batch,
    Gap,
    Nothing,
}

impl Emitter {
    /// Goes on where the file says; returns with it how many bytes were cut.
    pub fn open(
        disk: SimulatedDisk,
        mut file: EventFile,
        readers: &Readers,
        now: Timestamp,
    ) -> (Self, usize) {
        let cut = file.text.len() - file.saved.bytes;
        file.text.truncate(file.saved.bytes);
        file.durable_bytes = file.durable_bytes.min(file.text.len());
        let sequence = file.saved.sequence;
        let emitter = Self {
            cursor: Cursor::after(disk.clone(), sequence),
            reader: readers.detachable("events", sequence, now),
            disk,
            sequence,
            file,
        };
        (emitter, cut)
    }

    /// The last batch whose events are written.
    pub fn sequence(&self) -> u64 {
        self.sequence
    }

    /// Batches written since the place was saved.
    pub fn unsaved(&self) -> u64 {
        self.sequence - self.file.saved.sequence
    }

    /// Writes the events of the next batch.
    pub fn emit(&mut self, watermark: u64, now: Timestamp) -> Emitted {
        if self.reader.is_detached() {
            // What stands after its place may be gone, even where an open file still shows it.
            self.cursor = Cursor::after(self.disk.clone(), self.sequence);
            self.reader.attach(self.file.saved.sequence, now);
        }
        let batch = match self.cursor.next(watermark) {
            Ok(Some(batch)) => batch,
            Ok(None) => return Emitted::Nothing,
            Err(CursorError::Gone { .. }) => return self.skip(now),
            Err(error) => panic!("the emitter cannot read the journal: {error}"),
        };
        events::lines(OPTIONS.shard, &batch, &mut self.file.text).unwrap();
        self.sequence = batch.sequence;
        Emitted::Batch
    }

    /// Says which batches are lost, and goes on with the oldest that the journal holds.
    fn skip(&mut self, now: Timestamp) -> Emitted {
        let oldest = oldest_held(&self.disk).unwrap().unwrap();
        let (first, last) = (self.sequence + 1, oldest - 1);
        self.reader.attach(last, now);
        let gap = serde_json::json!({ "type": "journal.gap", "first": first, "last": last });
        self.file.text.extend_from_slice(gap.to_string().as_bytes());
        self.file.text.push(b'\n');
        self.cursor = Cursor::after(self.disk.clone(), last);
        self.sequence = last;
        self.save();
        Emitted::Gap
    }

    /// Makes the events durable.
    pub fn sync(&mut self) {
        self.file.durable_bytes = self.file.text.len();
    }

    /// Saves the place behind the events that are durable; the journal need not hold them any more.
    pub fn save(&mut self) {
        self.sync();
        self.file.saved = Place {
            sequence: self.sequence,
            bytes: self.file.durable_bytes,
        };
        self.reader.saw(self.file.saved_sequence());
    }
}
