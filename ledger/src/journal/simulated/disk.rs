//! A disk in memory that loses what was not synced.
//!
//! Owns: files and names whose changes stay pending, in order, until they are synced. As with the real
//! one, a call that makes, renames or removes a file syncs the directory before it returns, and a crash
//! inside the call leaves it done, undone or done in part. Must never: let a change survive by itself.

use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::faults::{Failure, Fault, Hooked, Operation};
use crate::journal::disk::{Disk, DiskFile};

/// The disk; clones share it.
#[derive(Clone, Debug, Default)]
pub struct SimulatedDisk {
    hook: Arc<Mutex<Hooked>>,
    shared: Arc<Mutex<Shared>>,
}

#[derive(Debug, Default)]
pub(super) struct Shared {
    pub(super) files: BTreeMap<u64, Contents>,
    /// The directory as the process sees it.
    pub(super) names: BTreeMap<String, u64>,
    /// The directory as it was last synced.
    pub(super) durable_names: BTreeMap<String, u64>,
    /// What is not synced, in the order it was done.
    pub(super) pending: Vec<Pending>,
    fault: Option<Fault>,
    capacity: Option<u64>,
    longest_read: Option<usize>,
    syncs: u64,
    next_file: u64,
}

#[derive(Clone, Debug, Default)]
pub(super) struct Contents {
    pub(super) durable: Vec<u8>,
    pub(super) current: Vec<u8>,
}

/// A change that a crash may undo.
#[derive(Clone, Debug)]
pub(super) enum Pending {
    Write {
        file: u64,
        offset: usize,
        bytes: Vec<u8>,
    },
    Names(NameChange),
}

#[derive(Clone, Debug)]
pub(super) enum NameChange {
    Create { name: String, file: u64 },
    Rename { from: String, to: String, file: u64 },
    Remove { name: String },
}

impl NameChange {
    pub(super) fn apply(&self, names: &mut BTreeMap<String, u64>) {
        match self {
            Self::Create { name, file } => {
                names.insert(name.clone(), *file);
            }
            Self::Rename { from, to, file } => {
                names.remove(from);
                names.insert(to.clone(), *file);
            }
            Self::Remove { name } => {
                names.remove(name);
            }
        }
    }
}

/// An open file of a [`SimulatedDisk`].
#[derive(Clone, Debug)]
pub struct SimulatedFile {
    disk: SimulatedDisk,
    file: u64,
    name: String,
}

fn failing() -> io::Error {
    io::Error::other("the simulated disk fails")
}

fn not_found() -> io::Error {
    io::ErrorKind::NotFound.into()
}

/// Writes bytes into a file, which grows if it must.
pub(super) fn put(file: &mut Vec<u8>, offset: usize, bytes: &[u8]) {
    let end = offset.saturating_add(bytes.len());
    if file.len() < end {
        file.resize(end, 0);
    }
    if let Some(place) = file.get_mut(offset..end) {
        place.copy_from_slice(bytes);
    }
}

impl SimulatedDisk {
    pub(super) fn lock(&self) -> MutexGuard<'_, Shared> {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A disk that holds these files, durably.
    pub(super) fn holding(files: impl IntoIterator<Item = (String, Vec<u8>)>) -> Self {
        let disk = Self::default();
        let mut shared = disk.lock();
        for (name, bytes) in files {
            let file = shared.add(bytes);
            shared.names.insert(name.clone(), file);
            shared.durable_names.insert(name, file);
        }
        drop(shared);
        disk
    }

    /// From now on this fails, or nothing does.
    pub fn set_fault(&self, fault: Option<Fault>) {
        self.lock().fault = fault;
    }

    /// From now on the files have room for so many bytes in all, or for any number. What does not fit is
    /// written as far as it does, and refused with [`StorageFull`](io::ErrorKind::StorageFull).
    pub fn set_capacity(&self, bytes: Option<u64>) {
        self.lock().capacity = bytes;
    }

    /// From now on a read gives at most so many bytes, or as many as asked for.
    pub fn set_longest_read(&self, bytes: Option<usize>) {
        self.lock().longest_read = bytes;
    }

    /// From now on this hears of every operation before it happens, and may let it fail. It must not
    /// operate on this disk; it may look at what a crash would leave.
    pub fn set_hook(&self, hook: impl FnMut(Operation<'_>) -> Option<Failure> + Send + 'static) {
        self.hooked().0 = Some(Box::new(hook));
    }

    /// No hook any more.
    pub fn remove_hook(&self) {
        self.hooked().0 = None;
    }

    fn hooked(&self) -> MutexGuard<'_, Hooked> {
        self.hook.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many syncs of files have succeeded.
    #[must_use]
    pub fn syncs(&self) -> u64 {
        self.lock().syncs
    }

    /// Bytes of all files that have a name.
    #[must_use]
    pub fn used_bytes(&self) -> u64 {
        self.lock().used_bytes()
    }

    /// Changes one byte of a file, as a failing medium does; `false` where there is none.
    pub fn damage(&self, name: &str, offset: usize) -> bool {
        let mut shared = self.lock();
        let Some(contents) = shared.contents_of(name) else {
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

    /// Cuts a file to a length, as a careless copy does; `false` where there is no such file.
    pub fn truncate(&self, name: &str, length: usize) -> bool {
        let mut shared = self.lock();
        let Some(contents) = shared.contents_of(name) else {
            return false;
        };
        contents.durable.truncate(length);
        contents.current.truncate(length);
        true
    }

    /// Runs an operation unless it is to fail.
    fn operate<T>(
        &self,
        operation: Operation<'_>,
        run: impl FnOnce(&mut Shared) -> io::Result<T>,
    ) -> io::Result<T> {
        let mut hooked = self.hooked();
        let failure = hooked.0.as_mut().and_then(|hook| hook(operation));
        if let Some(Failure::Refused(kind)) = failure {
            return Err(kind.into());
        }
        let mut shared = self.lock();
        if shared.fault.is_some() && shared.fault == operation.fault() {
            return Err(failing());
        }
        let done = run(&mut shared);
        match failure {
            Some(Failure::Reported(kind)) => Err(kind.into()),
            Some(Failure::Refused(_)) | None => done,
        }
    }

    fn sync_directory(&self) -> io::Result<()> {
        self.operate(Operation::SyncDirectory, |shared| {
            shared
                .pending
                .retain(|pending| matches!(pending, Pending::Write { .. }));
            shared.durable_names = shared.names.clone();
            Ok(())
        })
    }

    fn handle(&self, file: u64, name: &str) -> SimulatedFile {
        SimulatedFile {
            disk: self.clone(),
            file,
            name: name.to_owned(),
        }
    }
}

impl Shared {
    fn add(&mut self, bytes: Vec<u8>) -> u64 {
        let file = self.next_file;
        self.next_file = file.saturating_add(1);
        let contents = Contents {
            durable: bytes.clone(),
            current: bytes,
        };
        self.files.insert(file, contents);
        file
    }

    fn contents_of(&mut self, name: &str) -> Option<&mut Contents> {
        let file = self.names.get(name)?;
        self.files.get_mut(file)
    }

    fn change_names(&mut self, change: NameChange) {
        change.apply(&mut self.names);
        self.pending.push(Pending::Names(change));
    }

    fn used_bytes(&self) -> u64 {
        let lengths = self.names.values().filter_map(|file| self.files.get(file));
        lengths.map(|contents| contents.current.len() as u64).sum()
    }

    fn write(&mut self, file: u64, offset: u64, bytes: &[u8]) -> io::Result<()> {
        let offset = usize::try_from(offset).map_err(io::Error::other)?;
        let free = self
            .capacity
            .map(|capacity| capacity.saturating_sub(self.used_bytes()));
        let contents = self.files.get_mut(&file).ok_or_else(not_found)?;
        let mut taken = bytes;
        if let Some(free) = free {
            let room = (contents.current.len() as u64).saturating_add(free);
            let room = room.saturating_sub(offset as u64);
            let room = usize::try_from(room).unwrap_or(usize::MAX);
            taken = bytes.get(..room.min(bytes.len())).unwrap_or(bytes);
        }
        put(&mut contents.current, offset, taken);
        self.pending.push(Pending::Write {
            file,
            offset,
            bytes: taken.to_vec(),
        });
        if taken.len() < bytes.len() {
            return Err(io::ErrorKind::StorageFull.into());
        }
        Ok(())
    }

    fn sync(&mut self, file: u64) -> io::Result<()> {
        let contents = self.files.get_mut(&file).ok_or_else(not_found)?;
        self.pending.retain(|pending| match pending {
            Pending::Write {
                file: of,
                offset,
                bytes,
            } if *of == file => {
                put(&mut contents.durable, *offset, bytes);
                false
            }
            Pending::Write { .. } | Pending::Names(_) => true,
        });
        Ok(())
    }
}

impl Disk for SimulatedDisk {
    type File = SimulatedFile;

    fn list(&self) -> io::Result<Vec<String>> {
        self.operate(Operation::List, |shared| {
            Ok(shared.names.keys().cloned().collect())
        })
    }

    fn open(&self, name: &str) -> io::Result<SimulatedFile> {
        let file = self.operate(Operation::Open { name }, |shared| {
            shared.names.get(name).copied().ok_or_else(not_found)
        })?;
        Ok(self.handle(file, name))
    }

    fn create(&self, name: &str, bytes: u64) -> io::Result<SimulatedFile> {
        let zeros = vec![0; usize::try_from(bytes).map_err(io::Error::other)?];
        let file = self.operate(Operation::Create { name }, |shared| {
            let file = shared.add(Vec::new());
            let name = name.to_owned();
            shared.change_names(NameChange::Create { name, file });
            Ok(file)
        })?;
        let offset = 0;
        self.operate(
            Operation::Write {
                name,
                offset,
                bytes,
            },
            |shared| shared.write(file, offset, &zeros),
        )?;
        self.operate(Operation::Sync { name }, |shared| shared.sync(file))?;
        self.sync_directory()?;
        Ok(self.handle(file, name))
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        self.operate(Operation::Rename { from, to }, |shared| {
            let file = shared.names.get(from).copied().ok_or_else(not_found)?;
            let (from, to) = (from.to_owned(), to.to_owned());
            shared.change_names(NameChange::Rename { from, to, file });
            Ok(())
        })?;
        self.sync_directory()
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        self.operate(Operation::Remove { name }, |shared| {
            if !shared.names.contains_key(name) {
                return Err(not_found());
            }
            let name = name.to_owned();
            shared.change_names(NameChange::Remove { name });
            Ok(())
        })?;
        self.sync_directory()
    }
}

impl DiskFile for SimulatedFile {
    fn write_at(&mut self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        let operation = Operation::Write {
            name: &self.name,
            offset,
            bytes: bytes.len() as u64,
        };
        self.disk
            .operate(operation, |shared| shared.write(self.file, offset, bytes))
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        let name = &self.name;
        self.disk
            .operate(Operation::Read { name, offset }, |shared| {
                let offset = usize::try_from(offset).map_err(io::Error::other)?;
                let longest = shared.longest_read.unwrap_or(usize::MAX).max(1);
                let contents = shared.files.get(&self.file).ok_or_else(not_found)?;
                let rest = contents.current.get(offset..).unwrap_or_default();
                let count = rest.len().min(buffer.len()).min(longest);
                if let (Some(to), Some(from)) = (buffer.get_mut(..count), rest.get(..count)) {
                    to.copy_from_slice(from);
                }
                Ok(count)
            })
    }

    fn sync_data(&mut self) -> io::Result<()> {
        let name = &self.name;
        self.disk.operate(Operation::Sync { name }, |shared| {
            shared.sync(self.file)?;
            shared.syncs = shared.syncs.saturating_add(1);
            Ok(())
        })
    }

    fn length(&self) -> io::Result<u64> {
        let shared = self.disk.lock();
        let contents = shared.files.get(&self.file).ok_or_else(not_found)?;
        Ok(contents.current.len() as u64)
    }
}
