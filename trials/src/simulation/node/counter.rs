//! The daily totals of the simulated switch, and the place saved with them.
//!
//! Owns: the protocol of `switch::totals::TotalsReader` on simulated storage: totals are saved as a whole, behind what
//! they count; what retention let go of before it was counted leaves days incomplete. Must never: count; the shipped
//! `switch::totals::Totals` does.

use ledger::identifiers::Timestamp;
use ledger::journal::cursor::{Cursor, CursorError, oldest_held};
use ledger::journal::readers::{Reader, Readers};
use ledger::journal::simulated::SimulatedDisk;
use switch::totals::{DateOf, Totals};

use super::OPTIONS;

/// Follows the journal and counts.
pub struct Counter {
    disk: SimulatedDisk,
    cursor: Cursor<SimulatedDisk>,
    reader: Reader,
    pub totals: Totals,
    /// What a start goes on with.
    pub saved: Totals,
}

/// What a turn of the counter did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Counted {
    Batch,
    Gap,
    Nothing,
}

impl Counter {
    /// Goes on with what was saved.
    pub fn open(disk: SimulatedDisk, saved: Totals, readers: &Readers, now: Timestamp) -> Self {
        let sequence = saved.sequence();
        Self {
            cursor: Cursor::after(disk.clone(), sequence),
            reader: readers.detachable("totals", sequence, now),
            disk,
            totals: saved.clone(),
            saved,
        }
    }

    /// Counts the next batch.
    pub fn count(&mut self, watermark: u64, now: Timestamp, date_of: DateOf<'_>) -> Counted {
        if self.reader.is_detached() {
            self.cursor = Cursor::after(self.disk.clone(), self.totals.sequence());
            self.reader.attach(self.saved.sequence(), now);
        }
        match self.cursor.next(watermark) {
            Ok(Some(batch)) => {
                self.totals.take(OPTIONS.shard, &batch, date_of).unwrap();
                Counted::Batch
            }
            Ok(None) => Counted::Nothing,
            Err(CursorError::Gone { .. }) => {
                let last = oldest_held(&self.disk).unwrap().unwrap() - 1;
                self.totals.miss(last);
                self.reader.attach(last, now);
                self.cursor = Cursor::after(self.disk.clone(), last);
                Counted::Gap
            }
            Err(error) => panic!("totals cannot read the journal: {error}"),
        }
    }

    /// Saves the totals; the journal need not hold what they count any more.
    pub fn save(&mut self) {
        self.saved = self.totals.clone();
        self.reader.saw(self.saved.sequence());
    }
}
