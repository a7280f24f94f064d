//! Disks for the tests: one whose power goes at a chosen operation, and one whose syncs wait for a word.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crossbeam_channel::{Receiver, Sender};
use ledger::journal::disk::{Disk, DiskFile};
use ledger::journal::simulated::{Failure, Operation, SimulatedDisk, SimulatedFile};

/// A simulated disk whose power goes at the n-th step that changes what a crash leaves.
#[derive(Clone, Debug)]
pub(crate) struct PowerDisk {
    /// What is left after the power went: see [`SimulatedDisk::crashed`].
    pub(crate) disk: SimulatedDisk,
    left: Arc<AtomicU64>,
}

impl PowerDisk {
    /// Power for so many steps. Without power a write is under way: any of its sectors may be on the
    /// disk.
    pub(crate) fn new(disk: SimulatedDisk, steps: u64) -> Self {
        let left = Arc::new(AtomicU64::new(steps));
        let counted = Arc::clone(&left);
        disk.set_hook(move |operation| {
            let take = |left: u64| left.checked_sub(1);
            let powered = !operation.changes()
                || counted
                    .fetch_update(Ordering::Relaxed, Ordering::Relaxed, take)
                    .is_ok();
            match operation {
                _ if powered => None,
                Operation::Sync { .. } | Operation::SyncDirectory => {
                    Some(Failure::Refused(io::ErrorKind::Other))
                }
                _ => Some(Failure::Reported(io::ErrorKind::Other)),
            }
        });
        Self { disk, left }
    }

    /// How many steps the power still lasts for.
    pub(crate) fn left(&self) -> u64 {
        self.left.load(Ordering::Relaxed)
    }

    /// The disk as the next process finds it, the power back.
    pub(crate) fn powered(&self) -> SimulatedDisk {
        self.disk.remove_hook();
        self.disk.clone()
    }
}

/// A simulated disk that says when a sync of a segment begins and lets it go on when told to.
#[derive(Clone, Debug)]
pub(crate) struct GateDisk {
    pub(crate) disk: SimulatedDisk,
    pub(crate) begins: Sender<()>,
    pub(crate) may_end: Receiver<()>,
}

#[derive(Debug)]
pub(crate) struct GateFile {
    file: SimulatedFile,
    gate: Option<GateDisk>,
}

impl GateDisk {
    fn wrap(&self, name: &str, file: SimulatedFile) -> GateFile {
        let gate = name.starts_with("segment-").then(|| self.clone());
        GateFile { file, gate }
    }
}

impl Disk for GateDisk {
    type File = GateFile;

    fn list(&self) -> io::Result<Vec<String>> {
        self.disk.list()
    }

    fn open(&self, name: &str) -> io::Result<GateFile> {
        Ok(self.wrap(name, self.disk.open(name)?))
    }

    fn create(&self, name: &str, bytes: u64) -> io::Result<GateFile> {
        Ok(self.wrap(name, self.disk.create(name, bytes)?))
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        self.disk.rename(from, to)
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        self.disk.remove(name)
    }
}

impl DiskFile for GateFile {
    fn write_at(&mut self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        self.file.write_at(offset, bytes)
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        self.file.read_at(offset, buffer)
    }

    fn sync_data(&mut self) -> io::Result<()> {
        if let Some(gate) = &self.gate {
            gate.begins.send(()).map_err(io::Error::other)?;
            gate.may_end.recv().map_err(io::Error::other)?;
        }
        self.file.sync_data()
    }

    fn length(&self) -> io::Result<u64> {
        self.file.length()
    }
}
