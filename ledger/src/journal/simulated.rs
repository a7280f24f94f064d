//! A disk in memory that loses what was not synced: for simulations of the shipped journal code.
//!
//! Owns: files whose writes stay pending until a sync, crashes that keep any part of them sector by
//! sector, and syncs that fail on demand. Must never: be used outside simulations and tests.

use std::collections::{BTreeMap, VecDeque};
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::disk::{Disk, DiskFile};
use super::log::Log;
use super::{Batch, Journal, SubmitError};
use crate::durable::Watermark;

/// What a crash keeps or loses as a whole.
const SECTOR_BYTES: usize = 512;

/// What fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Writes: nothing reaches the disk.
    Write,
    /// Syncs: what was written may or may not be on the disk.
    Sync,
}

/// The disk; clones share it.
#[derive(Clone, Debug, Default)]
pub struct SimulatedDisk {
    shared: Arc<Mutex<Shared>>,
}

#[derive(Debug, Default)]
struct Shared {
    files: BTreeMap<String, Contents>,
    fault: Option<Fault>,
    syncs: u64,
}

#[derive(Clone, Debug, Default)]
struct Contents {
    durable: Vec<u8>,
    current: Vec<u8>,
    pending: Vec<(usize, Vec<u8>)>,
}

/// An open file of a [`SimulatedDisk`].
#[derive(Clone, Debug)]
pub struct SimulatedFile {
    shared: Arc<Mutex<Shared>>,
    name: String,
}

impl SimulatedDisk {
    fn lock(&self) -> MutexGuard<'_, Shared> {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// From now on this fails, or nothing does.
    pub fn set_fault(&self, fault: Option<Fault>) {
        self.lock().fault = fault;
    }

    /// How many syncs have succeeded.
    #[must_use]
    pub fn syncs(&self) -> u64 {
        self.lock().syncs
    }

    /// Changes one byte of a file, as a failing medium does; `false` where there is none.
    pub fn damage(&self, name: &str, offset: usize) -> bool {
        let mut shared = self.lock();
        let Some(contents) = shared.files.get_mut(name) else {
            return false;
        };
        let mut hit = false;
        for bytes in [&mut contents.durable, &mut contents.current] {
            if let Some(byte) = bytes.get_mut(offset) {
                *byte ^= 0x55;
                hit = true;
            }
        }
        hit
    }

    /// What a power cut leaves: all that was synced, and of the writes since those sectors for which
    /// `survives`, asked in order, says so.
    #[must_use]
    pub fn crashed(&self, mut survives: impl FnMut() -> bool) -> Self {
        let mut files = BTreeMap::new();
        for (name, contents) in &self.lock().files {
            let mut left = contents.durable.clone();
            for (offset, bytes) in &contents.pending {
                let mut at = *offset;
                let mut rest = bytes.as_slice();
                while !rest.is_empty() {
                    let to_boundary =
                        SECTOR_BYTES.saturating_sub(at.checked_rem(SECTOR_BYTES).unwrap_or(0));
                    let (sector, after) = rest.split_at(to_boundary.min(rest.len()));
                    if survives() {
                        put(&mut left, at, sector);
                    }
                    at = at.saturating_add(sector.len());
                    rest = after;
                }
            }
            let contents = Contents {
                durable: left.clone(),
                current: left,
                pending: Vec::new(),
            };
            files.insert(name.clone(), contents);
        }
        let shared = Shared {
            files,
            ..Shared::default()
        };
        Self {
            shared: Arc::new(Mutex::new(shared)),
        }
    }
}

fn put(file: &mut Vec<u8>, offset: usize, bytes: &[u8]) {
    let end = offset.saturating_add(bytes.len());
    if file.len() < end {
        file.resize(end, 0);
    }
    if let Some(place) = file.get_mut(offset..end) {
        place.copy_from_slice(bytes);
    }
}

fn failing() -> io::Error {
    io::Error::other("the simulated disk fails")
}

impl Disk for SimulatedDisk {
    type File = SimulatedFile;

    fn list(&self) -> io::Result<Vec<String>> {
        Ok(self.lock().files.keys().cloned().collect())
    }

    fn open(&self, name: &str) -> io::Result<SimulatedFile> {
        if !self.lock().files.contains_key(name) {
            return Err(io::ErrorKind::NotFound.into());
        }
        Ok(SimulatedFile {
            shared: Arc::clone(&self.shared),
            name: name.to_owned(),
        })
    }

    fn create(&self, name: &str, bytes: u64) -> io::Result<SimulatedFile> {
        let mut shared = self.lock();
        if shared.fault.is_some() {
            return Err(failing());
        }
        let zeros = vec![0; usize::try_from(bytes).map_err(io::Error::other)?];
        let contents = Contents {
            durable: zeros.clone(),
            current: zeros,
            pending: Vec::new(),
        };
        shared.files.insert(name.to_owned(), contents);
        Ok(SimulatedFile {
            shared: Arc::clone(&self.shared),
            name: name.to_owned(),
        })
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        self.lock()
            .files
            .remove(name)
            .map(drop)
            .ok_or_else(|| io::ErrorKind::NotFound.into())
    }
}

impl SimulatedFile {
    fn with<T>(&self, change: impl FnOnce(&mut Contents) -> T) -> io::Result<T> {
        let mut shared = self.shared.lock().unwrap_or_else(PoisonError::into_inner);
        shared
            .files
            .get_mut(&self.name)
            .map(change)
            .ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    fn refuse_on(&self, fault: Fault) -> io::Result<()> {
        let shared = self.shared.lock().unwrap_or_else(PoisonError::into_inner);
        if shared.fault == Some(fault) {
            Err(failing())
        } else {
            Ok(())
        }
    }
}

impl DiskFile for SimulatedFile {
    fn write_at(&mut self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        self.refuse_on(Fault::Write)?;
        let offset = usize::try_from(offset).map_err(io::Error::other)?;
        self.with(|contents| {
            put(&mut contents.current, offset, bytes);
            contents.pending.push((offset, bytes.to_vec()));
        })
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        let offset = usize::try_from(offset).map_err(io::Error::other)?;
        self.with(|contents| {
            let rest = contents.current.get(offset..).unwrap_or_default();
            let count = rest.len().min(buffer.len());
            if let (Some(to), Some(from)) = (buffer.get_mut(..count), rest.get(..count)) {
                to.copy_from_slice(from);
            }
            count
        })
    }

    fn sync_data(&mut self) -> io::Result<()> {
        self.refuse_on(Fault::Sync)?;
        self.with(|contents| {
            contents.pending.clear();
            contents.durable.clone_from(&contents.current);
        })?;
        let mut shared = self.shared.lock().unwrap_or_else(PoisonError::into_inner);
        shared.syncs = shared.syncs.saturating_add(1);
        Ok(())
    }

    fn length(&self) -> io::Result<u64> {
        self.with(|contents| contents.current.len() as u64)
    }
}

/// The journal of a simulation: the shipped [`Log`] over a simulated disk, committed when the
/// simulation says so instead of by a thread.
#[derive(Debug)]
pub struct SimulatedJournal {
    log: Log<SimulatedDisk>,
    waiting: VecDeque<Batch>,
    next_sequence: u64,
    watermark: Watermark,
}

impl SimulatedJournal {
    /// A journal over an open log.
    #[must_use]
    pub fn new(log: Log<SimulatedDisk>) -> Self {
        let watermark = Watermark::at(log.durable());
        Self {
            next_sequence: log.next_sequence(),
            log,
            waiting: VecDeque::new(),
            watermark,
        }
    }

    /// The watermark it raises.
    #[must_use]
    pub fn watermark(&self) -> &Watermark {
        &self.watermark
    }

    /// How many batches wait to be committed.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.waiting.len()
    }

    /// Commits at most so many of the waiting batches with one sync, then raises the watermark.
    ///
    /// # Errors
    /// What the disk answers; the journal is then as dead as the process that owns it.
    pub fn commit(&mut self, batches: usize) -> io::Result<()> {
        let count = batches.min(self.waiting.len());
        let taken: Vec<_> = self.waiting.drain(..count).collect();
        let durable = self.log.append(&taken)?;
        self.watermark.raise(durable);
        Ok(())
    }
}

impl Journal for SimulatedJournal {
    fn submit(&mut self, batch: Batch, expected_sequence: u64) -> Result<u64, SubmitError> {
        if expected_sequence != self.next_sequence || batch.sequence != expected_sequence {
            let (next, submitted) = (self.next_sequence, batch.sequence);
            return Err(SubmitError::WrongSequence { next, submitted });
        }
        self.next_sequence = self.next_sequence.saturating_add(1);
        self.waiting.push_back(batch);
        Ok(expected_sequence)
    }
}
