//! The file operations that the journal needs, and the real ones.
//!
//! Owns: [`Disk`] and [`DiskFile`], the whole outside world of the journal, so that a simulated disk
//! that loses unsynced writes runs the shipped journal code. Must never: decide anything.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

/// A directory of files.
pub trait Disk {
    /// An open file of it.
    type File: DiskFile + std::fmt::Debug;

    /// Names of its files, sorted.
    ///
    /// # Errors
    /// What the directory answers.
    fn list(&self) -> io::Result<Vec<String>>;

    /// Opens a file for reading and writing.
    ///
    /// # Errors
    /// What the file system answers.
    fn open(&self, name: &str) -> io::Result<Self::File>;

    /// Makes a file of `bytes` zero bytes whose blocks are allocated and durable, its name included.
    /// A file of that name is replaced.
    ///
    /// # Errors
    /// What the file system answers; a file of that name may then exist in part.
    fn create(&self, name: &str, bytes: u64) -> io::Result<Self::File>;

    /// Gives a file another name, durably. A file of that name is replaced. Open handles stay good.
    ///
    /// # Errors
    /// What the file system answers; it may then bear either name.
    fn rename(&self, from: &str, to: &str) -> io::Result<()>;

    /// Removes a file, durably. Handles that are open can still read it.
    ///
    /// # Errors
    /// What the file system answers; it may then be there or not.
    fn remove(&self, name: &str) -> io::Result<()>;
}

/// An open file.
pub trait DiskFile {
    /// Writes all bytes at an offset. Not durable before [`sync_data`](Self::sync_data).
    ///
    /// # Errors
    /// What the file system answers; any part may have been written.
    fn write_at(&mut self, offset: u64, bytes: &[u8]) -> io::Result<()>;

    /// Reads up to the buffer's length at an offset; 0 at the end of the file.
    ///
    /// # Errors
    /// What the file system answers.
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize>;

    /// Makes what was written durable.
    ///
    /// # Errors
    /// What the device answers. What was written before is then unknown: never call it again for it.
    fn sync_data(&mut self) -> io::Result<()>;

    /// Length in bytes.
    ///
    /// # Errors
    /// What the file system answers.
    fn length(&self) -> io::Result<u64>;
}

/// A directory of the file system.
#[derive(Clone, Debug)]
pub struct Directory {
    path: PathBuf,
}

impl Directory {
    /// Opens the directory, made if it does not exist.
    ///
    /// # Errors
    /// What the file system answers.
    pub fn open(path: &Path) -> io::Result<Self> {
        make_directory(path)?;
        Ok(Self {
            path: path.to_owned(),
        })
    }
}

/// Makes a directory that does not exist, and those it stands in, with durable names: a directory whose
/// name is not durable takes every file in it along when the power goes, however well those were synced.
///
/// # Errors
/// What the file system answers.
pub fn make_directory(path: &Path) -> io::Result<()> {
    let parent = path
        .parent()
        .filter(|parent| !parent.as_os_str().is_empty())
        .unwrap_or_else(|| Path::new("."));
    if !parent.exists() {
        make_directory(parent)?;
    }
    match std::fs::create_dir(path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists && path.is_dir() => {}
        made => made?,
    }
    // Also when it was there: the process that made it may have died before this.
    File::open(parent)?.sync_all()
}

/// How much is written at a time when a file is filled.
const FILL_BYTES: usize = 1024 * 1024;

impl Disk for Directory {
    type File = File;

    fn list(&self) -> io::Result<Vec<String>> {
        let mut names = Vec::new();
        for entry in std::fs::read_dir(&self.path)? {
            if let Ok(name) = entry?.file_name().into_string() {
                names.push(name);
            }
        }
        names.sort_unstable();
        Ok(names)
    }

    fn open(&self, name: &str) -> io::Result<File> {
        OpenOptions::new()
            .read(true)
            .write(true)
            .open(self.path.join(name))
    }

    fn create(&self, name: &str, bytes: u64) -> io::Result<File> {
        let path = self.path.join(name);
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(true)
            .open(path)?;
        // Real zeros, not a hole and not an unwritten extent: a later fdatasync then has no block
        // map to commit, only data.
        let zeros = vec![0; FILL_BYTES];
        let mut offset = 0_u64;
        while offset < bytes {
            let left = usize::try_from(bytes.saturating_sub(offset)).unwrap_or(FILL_BYTES);
            let part = zeros.get(..left.min(FILL_BYTES)).unwrap_or(&zeros);
            file.write_all_at(part, offset)?;
            offset = offset.saturating_add(part.len() as u64);
        }
        file.sync_all()?;
        File::open(&self.path)?.sync_all()?;
        Ok(file)
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        std::fs::rename(self.path.join(from), self.path.join(to))?;
        File::open(&self.path)?.sync_all()
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        std::fs::remove_file(self.path.join(name))?;
        File::open(&self.path)?.sync_all()
    }
}

impl DiskFile for File {
    fn write_at(&mut self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        self.write_all_at(bytes, offset)
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        FileExt::read_at(self, buffer, offset)
    }

    fn sync_data(&mut self) -> io::Result<()> {
        Self::sync_data(self)
    }

    fn length(&self) -> io::Result<u64> {
        Ok(self.metadata()?.len())
    }
}

/// Reads until the buffer is full or the file ends; returns how many bytes.
pub(crate) fn read_fully(
    file: &impl DiskFile,
    offset: u64,
    buffer: &mut [u8],
) -> io::Result<usize> {
    let mut filled = 0_usize;
    while let Some(rest) = buffer.get_mut(filled..).filter(|rest| !rest.is_empty()) {
        let at = offset.saturating_add(filled as u64);
        match file.read_at(at, rest) {
            Ok(0) => break,
            Ok(count) => filled = filled.saturating_add(count),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}
