//! Disks for the tests: one whose power goes at a chosen operation, and one whose syncs wait for a word.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crossbeam_channel::{Receiver, Sender};
use ledger::journal::disk::{Disk, DiskFile};
use ledger::journal::simulated::{SimulatedDisk, SimulatedFile};

/// A simulated disk whose power goes at the n-th create, write, sync or removal.
#[derive(Clone, Debug)]
pub(crate) struct PowerDisk {
    /// What is left after the power went: see [`SimulatedDisk::crashed`].
    pub(crate) disk: SimulatedDisk,
    left: Arc<AtomicU64>,
}

#[derive(Debug)]
pub(crate) struct PowerFile {
    file: SimulatedFile,
    power: PowerDisk,
}

fn gone() -> io::Error {
    io::Error::other("the power is gone")
}

impl PowerDisk {
    /// Power for so many operations.
    pub(crate) fn new(disk: SimulatedDisk, operations: u64) -> Self {
        Self {
            disk,
            left: Arc::new(AtomicU64::new(operations)),
        }
    }

    /// How many operations the power still lasts for.
    pub(crate) fn left(&self) -> u64 {
        self.left.load(Ordering::Relaxed)
    }

    /// Takes one operation; whether there was power for it.
    fn powered(&self) -> bool {
        let take = |left: u64| left.checked_sub(1);
        self.left
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, take)
            .is_ok()
    }

    fn wrap(&self, file: SimulatedFile) -> PowerFile {
        PowerFile {
            file,
            power: self.clone(),
        }
    }
}

impl Disk for PowerDisk {
    type File = PowerFile;

    fn list(&self) -> io::Result<Vec<String>> {
        self.disk.list()
    }

    fn open(&self, name: &str) -> io::Result<PowerFile> {
        Ok(self.wrap(self.disk.open(name)?))
    }

    /// Without power the file is left in part.
    fn create(&self, name: &str, bytes: u64) -> io::Result<PowerFile> {
        if self.powered() {
            return Ok(self.wrap(self.disk.create(name, bytes)?));
        }
        self.disk.create(name, bytes / 2)?;
        Err(gone())
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        if self.powered() {
            self.disk.remove(name)
        } else {
            Err(gone())
        }
    }
}

impl DiskFile for PowerFile {
    /// Without power the write is under way: any of its sectors may be on the disk.
    fn write_at(&mut self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        self.file.write_at(offset, bytes)?;
        if self.power.powered() {
            Ok(())
        } else {
            Err(gone())
        }
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        self.file.read_at(offset, buffer)
    }

    fn sync_data(&mut self) -> io::Result<()> {
        if self.power.powered() {
            self.file.sync_data()
        } else {
            Err(gone())
        }
    }

    fn length(&self) -> io::Result<u64> {
        self.file.length()
    }
}

/// A simulated disk that says when a sync begins and lets it go on when told to.
#[derive(Clone, Debug)]
pub(crate) struct GateDisk {
    pub(crate) disk: SimulatedDisk,
    pub(crate) begins: Sender<()>,
    pub(crate) may_end: Receiver<()>,
}

#[derive(Debug)]
pub(crate) struct GateFile {
    file: SimulatedFile,
    gate: GateDisk,
}

impl Disk for GateDisk {
    type File = GateFile;

    fn list(&self) -> io::Result<Vec<String>> {
        self.disk.list()
    }

    fn open(&self, name: &str) -> io::Result<GateFile> {
        Ok(GateFile {
            file: self.disk.open(name)?,
            gate: self.clone(),
        })
    }

    fn create(&self, name: &str, bytes: u64) -> io::Result<GateFile> {
        Ok(GateFile {
            file: self.disk.create(name, bytes)?,
            gate: self.clone(),
        })
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
        self.gate.begins.send(()).map_err(io::Error::other)?;
        self.gate.may_end.recv().map_err(io::Error::other)?;
        self.file.sync_data()
    }

    fn length(&self) -> io::Result<u64> {
        self.file.length()
    }
}
