//! What a power cut leaves of a simulated disk.
//!
//! Owns: the images of a disk after a crash: everything that was synced, and any part of what was not.
//! A file keeps or loses whole sectors; the directory whole changes. Must never: change the disk itself.

use std::collections::BTreeMap;

use super::disk::{Pending, Shared, SimulatedDisk, put};

/// What a crash keeps or loses of a file as a whole.
const SECTOR_BYTES: usize = 512;

/// The image while it is made.
struct Image {
    names: BTreeMap<String, u64>,
    files: BTreeMap<u64, Vec<u8>>,
}

impl Image {
    fn durable(shared: &Shared) -> Self {
        let files = shared.files.iter();
        Self {
            names: shared.durable_names.clone(),
            files: files
                .map(|(file, contents)| (*file, contents.durable.clone()))
                .collect(),
        }
    }

    /// Applies what survives of a change; asks for each sector of a write, and once for anything else.
    fn apply(&mut self, pending: &Pending, mut survives: impl FnMut() -> bool) {
        let (file, offset, bytes) = match pending {
            Pending::Names(change) => {
                if survives() {
                    change.apply(&mut self.names);
                }
                return;
            }
            Pending::Write {
                file,
                offset,
                bytes,
            } => (*file, *offset, bytes),
        };
        let left = self.files.entry(file).or_default();
        let (mut at, mut rest) = (offset, bytes.as_slice());
        while !rest.is_empty() {
            let into = at.checked_rem(SECTOR_BYTES).unwrap_or(0);
            let to_boundary = SECTOR_BYTES.saturating_sub(into);
            let (sector, after) = rest.split_at(to_boundary.min(rest.len()));
            if survives() {
                put(left, at, sector);
            }
            at = at.saturating_add(sector.len());
            rest = after;
        }
    }

    fn disk(self) -> SimulatedDisk {
        let Self { names, mut files } = self;
        SimulatedDisk::holding(
            names
                .into_iter()
                .filter_map(|(name, file)| Some((name, files.remove(&file)?))),
        )
    }
}

impl SimulatedDisk {
    /// What a power cut leaves: all that was synced, and of what was done since, in order, those sectors
    /// and changes of the directory for which `survives` says so.
    #[must_use]
    pub fn crashed(&self, mut survives: impl FnMut() -> bool) -> Self {
        let shared = self.lock();
        let mut image = Image::durable(&shared);
        for pending in &shared.pending {
            image.apply(pending, &mut survives);
        }
        drop(shared);
        image.disk()
    }

    /// What a power cut leaves of a disk that keeps the order: all that was synced, the first `whole` of
    /// the writes and changes of the directory since then, the first `sectors` sectors of the one after
    /// those, and nothing more.
    #[must_use]
    pub fn crashed_prefix(&self, whole: usize, sectors: usize) -> Self {
        let shared = self.lock();
        let mut image = Image::durable(&shared);
        for pending in shared.pending.iter().take(whole) {
            image.apply(pending, || true);
        }
        if let Some(torn) = shared.pending.get(whole) {
            let mut left = sectors;
            image.apply(torn, || {
                let survives = left > 0;
                left = left.saturating_sub(1);
                survives
            });
        }
        drop(shared);
        image.disk()
    }

    /// How many writes and changes of the directory are not synced.
    #[must_use]
    pub fn unsynced(&self) -> usize {
        self.lock().pending.len()
    }
}
