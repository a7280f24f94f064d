//! Making books of a snapshot.
//!
//! Owns: how its rows and what it says about them become a store that a recovery can go on with: one that
//! looks as if a checkpoint from `from` to `through` had been cut off. Must never: be given a store that
//! holds anything.

use super::SnapshotError;
use super::read::Snapshot;
use crate::books::checkpoint::say;
use crate::books::rows::{APPLIED, INTENDED};
use crate::books::store::Row;
use crate::books::{BookStore, Contents, Progress};
use crate::journal::disk::DiskFile;

/// Rows handed to the store at once.
const ROWS: usize = 4096;

impl<F: DiskFile> Snapshot<F> {
    /// Writes everything into an empty store, durably. Returns what the store then contains.
    ///
    /// # Errors
    /// [`SnapshotError`] when the store fails, or when the rows are not those that the snapshot was to
    /// have.
    pub fn load_into(&self, store: &impl BookStore) -> Result<Contents, SnapshotError> {
        let (mut contents, mut waiting) = (Contents::default(), Vec::new());
        self.rows(&mut |table, key, value| {
            contents.add(table, key, value);
            waiting.push(Row {
                table,
                key: key.to_vec(),
                value: Some(value.to_vec()),
            });
            if waiting.len() >= ROWS {
                store.write(std::mem::take(&mut waiting))?;
            }
            Ok(())
        })?;
        store.write(waiting)?;
        let through = self.footer.through;
        let applied = Progress {
            sequence: self.header.from,
            time: self.header.from_time,
            contents,
        };
        if through.sequence > applied.sequence {
            say(store, INTENDED, &through)?;
        } else if let Err(error) = contents.expect(&through.contents) {
            return Err(SnapshotError::Damaged {
                file: self.file().to_owned(),
                offset: self.bytes,
                reason: error.to_string(),
            });
        }
        say(store, APPLIED, &applied)?;
        Ok(contents)
    }
}
