//! Which faults there are and what must happen: one row each.

/// A fault of a running switch under load.
#[derive(Debug)]
pub(crate) struct Running {
    pub(crate) fault: &'static str,
    pub(crate) strike: Strike,
    pub(crate) ends: Ends,
}

/// How a running switch is struck.
#[derive(Debug)]
pub(crate) enum Strike {
    /// strace lets a system call on files of a directory of the data fail or wait.
    Call { on: Files, inject: &'static str },
    /// SIGSTOP for so many milliseconds, then SIGCONT.
    Stopped { ms: u64 },
    /// The device is full: a file system of a few megabytes, filled by something else.
    FullDevice,
}

/// Files of the data directory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Files {
    /// The segments that are there.
    Journal,
    /// sled's data file.
    Books,
    /// The event files.
    Events,
    /// Whatever is opened from then on.
    Any,
}

/// How the switch takes it.
#[derive(Debug)]
pub(crate) enum Ends {
    /// It serves on; SIGTERM ends it with 0.
    Never,
    /// It serves on and says this on standard error; SIGTERM ends it with 1.
    InTheEnd(&'static [&'static str]),
    /// It ends at once with 1; the last words on standard error hold these.
    AtOnce(&'static [&'static str]),
}

/// A write or sync of the journal that the device refused is named with its file and place.
const SEGMENT_IO: &[&str] = &["journal", "segment-", "byte ", "Input/output error"];

/// After each of these the next start must be clean, and every answer that was given must be in the books
/// once.
pub(crate) const RUNNING: &[Running] = &[
    Running {
        fault: "a sync of the journal fails",
        strike: Strike::Call {
            on: Files::Journal,
            inject: "fdatasync:error=EIO:when=3",
        },
        ends: Ends::AtOnce(SEGMENT_IO),
    },
    Running {
        fault: "a write of the journal fails: the medium",
        strike: Strike::Call {
            on: Files::Journal,
            inject: "pwrite64:error=EIO:when=3",
        },
        ends: Ends::AtOnce(SEGMENT_IO),
    },
    Running {
        fault: "a write of the journal fails: no space",
        strike: Strike::Call {
            on: Files::Journal,
            inject: "pwrite64:error=ENOSPC:when=3",
        },
        ends: Ends::AtOnce(&["journal", "segment-", "byte ", "No space left on device"]),
    },
    Running {
        fault: "no file can be made: the file system turned read-only",
        strike: Strike::Call {
            on: Files::Any,
            inject: "openat:error=EROFS",
        },
        ends: Ends::AtOnce(&["journal", "segment-", "Read-only file system"]),
    },
    Running {
        fault: "no file can be opened: too many are open",
        strike: Strike::Call {
            on: Files::Any,
            inject: "openat:error=EMFILE",
        },
        ends: Ends::AtOnce(&["journal", "segment-", "Too many open files"]),
    },
    Running {
        fault: "the device is full",
        strike: Strike::FullDevice,
        ends: Ends::AtOnce(&["No space left on device"]),
    },
    Running {
        fault: "every sync of the journal takes 200 ms",
        strike: Strike::Call {
            on: Files::Journal,
            inject: "fdatasync:delay_enter=200000",
        },
        ends: Ends::Never,
    },
    Running {
        fault: "the books cannot be written",
        strike: Strike::Call {
            on: Files::Books,
            inject: "pwrite64:error=EIO",
        },
        ends: Ends::AtOnce(&["the books", "Input/output error"]),
    },
    Running {
        fault: "the books cannot be synced",
        strike: Strike::Call {
            on: Files::Books,
            inject: "fdatasync:error=EIO",
        },
        ends: Ends::AtOnce(&["the books", "/books/db", "Input/output error"]),
    },
    Running {
        fault: "the events cannot be written: no space",
        strike: Strike::Call {
            on: Files::Events,
            inject: "write:error=ENOSPC",
        },
        ends: Ends::InTheEnd(&["no more events", "/events/", "No space left on device"]),
    },
    Running {
        fault: "the process stands still for two seconds",
        strike: Strike::Stopped { ms: 2_000 },
        ends: Ends::Never,
    },
];

/// A fault that a start meets.
#[derive(Debug)]
pub(crate) struct Starting {
    pub(crate) fault: &'static str,
    pub(crate) on: Files,
    pub(crate) inject: &'static str,
    pub(crate) then: Then,
}

/// After each of these a start without the fault must be clean.
pub(crate) const STARTING: &[Starting] = &[
    Starting {
        fault: "a segment cannot be read",
        on: Files::Journal,
        inject: "pread64:error=EIO",
        then: Then::Refuses(&["journal", "segment-", "Input/output error"]),
    },
    Starting {
        fault: "the books cannot be read",
        on: Files::Books,
        inject: "pread64:error=EIO",
        // A medium that cannot be read is damage: the books are built anew, the old ones kept aside.
        then: Then::Starts,
    },
];

/// Damage done to the files of a stopped switch.
#[derive(Debug)]
pub(crate) struct Damaged {
    pub(crate) damage: &'static str,
    /// What is done to which files, one after the other.
    pub(crate) done: &'static [(Target, Harm)],
    pub(crate) then: Then,
}

/// A file of the stopped switch.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Target {
    /// The first segment.
    FirstSegment,
    /// The last segment but one: full and closed.
    ClosedSegment,
    /// The segment that is written to.
    OpenSegment,
    /// sled's data file.
    Books,
    /// The books' directory.
    BooksDirectory,
    /// Every snapshot.
    Snapshots,
}

/// What is done to it.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Harm {
    /// One bit of a byte in the middle of what was written is flipped.
    FlippedBit,
    /// It ends in the middle of what was written.
    Truncated,
    /// It is gone.
    Removed,
}

/// What the next start does.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Then {
    /// It starts, if need be over books that are built anew, and everything answered is there.
    Starts,
    /// It ends with 1, and its last words hold these.
    Refuses(&'static [&'static str]),
}

/// A batch that was durable and cannot be read is named with its file and place.
const BATCH: &[&str] = &["journal", "segment-", "byte ", "batch "];

/// Every file is put back before the next row.
pub(crate) const DAMAGED: &[Damaged] = &[
    Damaged {
        damage: "a bit of a closed segment that the books already reflect",
        done: &[(Target::ClosedSegment, Harm::FlippedBit)],
        then: Then::Starts,
    },
    Damaged {
        damage: "a bit of a closed segment that the books are rebuilt from",
        done: &[
            (Target::ClosedSegment, Harm::FlippedBit),
            (Target::BooksDirectory, Harm::Removed),
        ],
        then: Then::Refuses(BATCH),
    },
    Damaged {
        damage: "a bit of the open segment",
        done: &[(Target::OpenSegment, Harm::FlippedBit)],
        then: Then::Refuses(BATCH),
    },
    Damaged {
        damage: "the open segment, cut short",
        done: &[(Target::OpenSegment, Harm::Truncated)],
        then: Then::Refuses(BATCH),
    },
    Damaged {
        damage: "the open segment, gone",
        done: &[(Target::OpenSegment, Harm::Removed)],
        then: Then::Refuses(BATCH),
    },
    Damaged {
        damage: "a closed segment, gone, that the books are rebuilt from",
        done: &[
            (Target::ClosedSegment, Harm::Removed),
            (Target::BooksDirectory, Harm::Removed),
        ],
        then: Then::Refuses(BATCH),
    },
    Damaged {
        damage: "the first segment and the books, gone; a good snapshot",
        done: &[
            (Target::FirstSegment, Harm::Removed),
            (Target::BooksDirectory, Harm::Removed),
        ],
        then: Then::Starts,
    },
    Damaged {
        damage: "a bit of the first segment; the books gone; a good snapshot",
        done: &[
            (Target::FirstSegment, Harm::FlippedBit),
            (Target::BooksDirectory, Harm::Removed),
        ],
        then: Then::Starts,
    },
    Damaged {
        damage: "a bit of the snapshot; the books are good",
        done: &[(Target::Snapshots, Harm::FlippedBit)],
        then: Then::Starts,
    },
    Damaged {
        damage: "a bit of the snapshot; the books gone; the journal whole",
        done: &[
            (Target::Snapshots, Harm::FlippedBit),
            (Target::BooksDirectory, Harm::Removed),
        ],
        then: Then::Starts,
    },
    Damaged {
        damage: "a bit of the snapshot; the books and the first segment gone",
        done: &[
            (Target::Snapshots, Harm::FlippedBit),
            (Target::BooksDirectory, Harm::Removed),
            (Target::FirstSegment, Harm::Removed),
        ],
        then: Then::Refuses(&["snapshot-", "byte "]),
    },
    Damaged {
        damage: "the books, gone",
        done: &[(Target::BooksDirectory, Harm::Removed)],
        then: Then::Starts,
    },
    Damaged {
        damage: "a bit of the books",
        done: &[(Target::Books, Harm::FlippedBit)],
        then: Then::Starts,
    },
    Damaged {
        damage: "the books, cut short",
        done: &[(Target::Books, Harm::Truncated)],
        then: Then::Starts,
    },
];
