//! What fails on a simulated disk, and when.
//!
//! Owns: lasting faults, and the hook that hears of every operation before it happens and may let it
//! fail. Must never: change a file.

use std::fmt;
use std::io;

/// What fails until it is taken back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Reads of files.
    Read,
    /// Writes, and changes of the directory: nothing of them happens.
    Write,
    /// Syncs: what was written may or may not be on the disk.
    Sync,
}

/// An operation, as the hook hears of it. Making, renaming and removing a file end with
/// [`SyncDirectory`](Self::SyncDirectory); making one also writes and syncs it before that, so that each
/// of these steps can be the last one before a crash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation<'a> {
    /// The names of the directory are read.
    List,
    /// A file is opened.
    Open {
        /// Its name.
        name: &'a str,
    },
    /// A file is read.
    Read {
        /// Its name when it was opened.
        name: &'a str,
        /// From which byte.
        offset: u64,
    },
    /// An empty file enters the directory, in place of one of that name.
    Create {
        /// Its name.
        name: &'a str,
    },
    /// A file is written.
    Write {
        /// Its name when it was opened.
        name: &'a str,
        /// From which byte.
        offset: u64,
        /// How many bytes.
        bytes: u64,
    },
    /// A file is synced.
    Sync {
        /// Its name when it was opened.
        name: &'a str,
    },
    /// A name of the directory changes.
    Rename {
        /// The name before.
        from: &'a str,
        /// The name after.
        to: &'a str,
    },
    /// A name leaves the directory.
    Remove {
        /// The name.
        name: &'a str,
    },
    /// The directory is synced.
    SyncDirectory,
}

impl Operation<'_> {
    /// Whether it changes what a crash leaves, now or later.
    #[must_use]
    pub fn changes(self) -> bool {
        !matches!(self, Self::List | Self::Open { .. } | Self::Read { .. })
    }

    /// The lasting fault it falls under.
    pub(super) fn fault(self) -> Option<Fault> {
        match self {
            Self::List | Self::Open { .. } => None,
            Self::Read { .. } => Some(Fault::Read),
            Self::Create { .. }
            | Self::Write { .. }
            | Self::Rename { .. }
            | Self::Remove { .. } => Some(Fault::Write),
            Self::Sync { .. } | Self::SyncDirectory => Some(Fault::Sync),
        }
    }
}

/// How an operation fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failure {
    /// It does not happen.
    Refused(io::ErrorKind),
    /// It happens, and yet the caller hears of an error.
    Reported(io::ErrorKind),
}

/// Hears of every operation and may let it fail.
pub(super) type Hook = Box<dyn FnMut(Operation<'_>) -> Option<Failure> + Send>;

/// The hook of a disk, when there is one.
#[derive(Default)]
pub(super) struct Hooked(pub(super) Option<Hook>);

impl fmt::Debug for Hooked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() { "hook" } else { "no hook" })
    }
}
