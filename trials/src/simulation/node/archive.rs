//! The whole journal, for the checkers.
//!
//! Owns: copies of closed segments, made before retention may remove them. Must never: be seen by the
//! switch.

use std::collections::BTreeMap;

use ledger::journal::disk::{Disk as _, DiskFile as _};
use ledger::journal::simulated::SimulatedDisk;

/// Closed segments by name.
#[derive(Clone, Debug, Default)]
pub struct Archive {
    closed: BTreeMap<String, Vec<u8>>,
}

impl Archive {
    /// Copies the closed segments of a journal that are not there yet.
    pub fn keep(&mut self, journal: &SimulatedDisk) {
        let mut segments = segments(journal);
        segments.pop();
        for name in segments {
            let entry = self.closed.entry(name);
            let name = entry.key().clone();
            entry.or_insert_with(|| read(journal, &name));
        }
    }

    /// A disk with every segment there ever was: those of the journal, and those it has let go.
    pub fn whole(&self, journal: &SimulatedDisk) -> SimulatedDisk {
        let whole = SimulatedDisk::default();
        let mut files = self.closed.clone();
        let there = segments(journal).into_iter();
        files.extend(there.map(|name| {
            let bytes = read(journal, &name);
            (name, bytes)
        }));
        for (name, bytes) in files {
            let mut file = whole.create(&name, bytes.len() as u64).unwrap();
            file.write_at(0, &bytes).unwrap();
            file.sync_data().unwrap();
        }
        whole
    }
}

/// The names of the segments, in order.
pub fn segments(journal: &SimulatedDisk) -> Vec<String> {
    let mut names = journal.list().unwrap_or_default();
    names.retain(|name| name.starts_with("segment-"));
    names
}

/// The bytes of a file.
pub fn read(disk: &SimulatedDisk, name: &str) -> Vec<u8> {
    let file = disk.open(name).unwrap();
    let mut bytes = vec![0; file.length().unwrap() as usize];
    file.read_at(0, &mut bytes).unwrap();
    bytes
}
