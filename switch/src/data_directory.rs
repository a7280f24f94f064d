//! The data directory: everything the switch writes.
//!
//! Owns: the names in it, the lock that keeps a second process out of it, and the mark of a restore that did
//! not come to its end. Must never: be used by two processes, or after half a restore.

use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, anyhow, bail};
use ledger::books::inspection::Inspector;
use ledger::journal::disk::make_directory;

/// The segments of the journal.
pub const JOURNAL: &str = "journal";
/// The books.
pub const BOOKS: &str = "books";
/// The snapshots of the books.
pub const SNAPSHOTS: &str = "snapshots";
/// The documents of every rules version, by their hash.
pub const RULES: &str = "rules";
/// The events.
pub const EVENTS: &str = "events";
/// What networks have said, and their totals.
pub const NETWORKS: &str = "networks";
/// The keys.
pub const KEYS: &str = "keys";
/// The lock.
pub const LOCK: &str = "lock";
/// There while a restore is under way.
pub const RESTORING: &str = "restore.incomplete";

/// The hidden subcommand that inspects books: see [`inspector`].
pub const INSPECT_BOOKS: &str = "inspect-books";

/// How a start inspects the books: in a process of its own, because a damaged store may end it.
///
/// # Errors
/// When the system does not say which program this is.
pub fn inspector() -> anyhow::Result<Inspector> {
    let program = std::env::current_exe().context("the program's own file")?;
    Ok(Inspector::Program(program, vec![INSPECT_BOOKS.to_owned()]))
}

/// Keeps a second process out of the same data. The system frees it with the process, however it ends.
#[derive(Debug)]
pub struct DataLock(File);

/// How long a start waits for a predecessor that is still ending.
const PATIENCE: Duration = Duration::from_secs(5);

impl DataLock {
    /// Locks a data directory, made if there is none, and waits a little for a predecessor.
    ///
    /// # Errors
    /// When another process uses it, or a restore into it did not come to its end.
    pub fn acquire(data: &Path) -> anyhow::Result<Self> {
        let (path, file) = open(data)?;
        let (sender, acquired) = std::sync::mpsc::sync_channel(1);
        std::thread::Builder::new()
            .name("lock".to_owned())
            .spawn(move || {
                let locked = file.lock().map(|()| file);
                // Nobody listens when the patience is over; the process is ending then.
                sender.send(locked).unwrap_or_default();
            })?;
        match acquired.recv_timeout(PATIENCE) {
            Ok(locked) => {
                let lock = Self(locked.with_context(|| path.display().to_string())?);
                refuse_half_restored(data)?;
                Ok(lock)
            }
            Err(_) => Err(anyhow!(
                "{}: another switch uses this data directory",
                path.display()
            )),
        }
    }

    /// Locks a data directory if nobody uses it; `None` when somebody does.
    ///
    /// # Errors
    /// When it cannot be locked for another reason.
    pub fn try_acquire(data: &Path) -> anyhow::Result<Option<Self>> {
        let (path, file) = open(data)?;
        match file.try_lock() {
            Ok(()) => Ok(Some(Self(file))),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => {
                Err(error).with_context(|| path.display().to_string())
            }
        }
    }
}

/// Refuses a data directory into which a restore was cut off.
///
/// # Errors
/// When it was.
pub fn refuse_half_restored(data: &Path) -> anyhow::Result<()> {
    let mark = data.join(RESTORING);
    if mark.exists() {
        bail!(
            "{}: a restore did not come to its end; empty the directory, but for {KEYS}/, and restore again",
            mark.display()
        );
    }
    Ok(())
}

fn open(data: &Path) -> anyhow::Result<(PathBuf, File)> {
    make_directory(data).with_context(|| data.display().to_string())?;
    let path = data.join(LOCK);
    let file = File::create(&path).with_context(|| path.display().to_string())?;
    Ok((path, file))
}

impl Drop for DataLock {
    fn drop(&mut self) {
        if let Err(error) = self.0.unlock() {
            tracing::warn!(%error, "the data directory stays locked until the process has ended");
        }
    }
}
