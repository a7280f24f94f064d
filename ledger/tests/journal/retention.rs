//! Retention: what may go, as tables, and its removal on real and simulated disks.

use ledger::identifiers::Timestamp;
use ledger::journal::cursor::{Cursor, CursorError, oldest_held};
use ledger::journal::disk::{Directory, Disk};
use ledger::journal::log::{Log, OpenError};
use ledger::journal::readers::{ReaderKind, ReaderStatus, Readers};
use ledger::journal::retainer::Retainer;
use ledger::journal::retention::{Decision, Policy, REMOVALS_AT_ONCE, Segment, decide, lag_bytes};
use ledger::journal::simulated::{Fault, SimulatedDisk};

use crate::parts::{batch, options, read_all, written};

const HOUR_US: i64 = 3_600_000_000;

/// Segments of 100 bytes that begin at 1, 11, 21 and so on, an hour apart from hour 0 on; the last one is
/// open.
fn segments(count: u64) -> Vec<Segment> {
    (0..count)
        .map(|number| Segment {
            first_sequence: number * 10 + 1,
            bytes: 100,
            begins_at: Some(Timestamp(i64::try_from(number).unwrap() * HOUR_US)),
        })
        .collect()
}

fn reader(name: &str, seen: u64) -> ReaderStatus {
    let (name, kind) = match name.strip_prefix('!') {
        Some(name) => (name, ReaderKind::Pin),
        None => (name, ReaderKind::Detachable),
    };
    ReaderStatus {
        name: name.to_owned(),
        kind,
        seen,
        attached: true,
        since: Timestamp(0),
    }
}

/// A line of the table: readers (pins with `!`), hour of the day, policy (hours, bytes, lag bytes), and
/// what is decided.
struct Line {
    why: &'static str,
    readers: &'static [(&'static str, u64)],
    hour: i64,
    policy: (u64, u64, u64),
    remove: &'static [u64],
    detach: &'static [&'static str],
    held_by: &'static [&'static str],
}

const NOTHING: Line = Line {
    why: "",
    readers: &[("!books", 60), ("!snapshot", 60)],
    hour: 5,
    policy: (1000, 1000, 1000),
    remove: &[],
    detach: &[],
    held_by: &[],
};

/// Over six segments: 1-10, 11-20, 21-30, 31-40, 41-50 and the open one from 51.
const TABLE: &[Line] = &[
    Line {
        why: "young and small: everything stays",
        ..NOTHING
    },
    Line {
        why: "a segment is as old as its last batch, which is not younger than the next one's first",
        policy: (3, 1000, 1000),
        remove: &[1, 11],
        ..NOTHING
    },
    Line {
        why: "the clock went back: nothing is old",
        policy: (3, 1000, 1000),
        hour: -9,
        ..NOTHING
    },
    Line {
        why: "no hours to keep: every closed segment goes, the open one never",
        policy: (0, 1000, 1000),
        remove: &[1, 11, 21, 31, 41],
        ..NOTHING
    },
    Line {
        why: "too large: the oldest go until it is not, however young",
        policy: (1000, 350, 1000),
        remove: &[1, 11, 21],
        ..NOTHING
    },
    Line {
        why: "exactly as large as it may be",
        policy: (1000, 600, 1000),
        ..NOTHING
    },
    Line {
        why: "a segment goes whole or not at all: batch 30 is still needed",
        readers: &[("!books", 60), ("!snapshot", 29)],
        policy: (0, 1000, 1000),
        remove: &[1, 11],
        ..NOTHING
    },
    Line {
        why: "the slowest pin counts",
        readers: &[("!books", 10), ("!snapshot", 30)],
        policy: (0, 1000, 1000),
        remove: &[1],
        ..NOTHING
    },
    Line {
        why: "no snapshot was ever taken: nothing goes, and nothing is wrong while it is small",
        readers: &[("!books", 60), ("!snapshot", 0)],
        policy: (0, 1000, 1000),
        ..NOTHING
    },
    Line {
        why: "a pin holds a journal that is too large: nothing goes, it is reported",
        readers: &[("!books", 60), ("!snapshot", 0)],
        policy: (0, 300, 0),
        held_by: &["snapshot"],
        ..NOTHING
    },
    Line {
        why: "some can go, then the pins hold the rest",
        readers: &[("!books", 15), ("!snapshot", 12)],
        policy: (1000, 300, 0),
        remove: &[1],
        held_by: &["books", "snapshot"],
        ..NOTHING
    },
    Line {
        why: "without any pin nothing goes",
        readers: &[("events", 60)],
        policy: (0, 0, 0),
        ..NOTHING
    },
    Line {
        why: "an attached reader is waited for while the journal is not too large, however far behind",
        readers: &[("!books", 60), ("events", 10)],
        policy: (0, 600, 0),
        remove: &[1],
        ..NOTHING
    },
    Line {
        why: "within its bound it is waited for though the journal is too large",
        readers: &[("!books", 60), ("events", 10)],
        policy: (0, 300, 400),
        remove: &[1],
        ..NOTHING
    },
    Line {
        why: "beyond its bound it is detached, and the journal cut to its size",
        readers: &[("!books", 60), ("events", 10)],
        policy: (1000, 300, 399),
        remove: &[1, 11, 21],
        detach: &["events"],
        ..NOTHING
    },
    Line {
        why: "a reader is not detached when a pin holds the journal all the same",
        readers: &[("!books", 5), ("events", 0)],
        policy: (0, 300, 0),
        held_by: &["books"],
        ..NOTHING
    },
    Line {
        why: "nor when another one that is within its bound holds it",
        readers: &[("!books", 60), ("events", 0), ("copies", 15)],
        policy: (0, 300, 400),
        remove: &[1],
        detach: &["events"],
        ..NOTHING
    },
];

#[test]
fn what_may_go_is_what_the_table_says() {
    for line in TABLE {
        let readers: Vec<_> = line.readers.iter().map(|(n, s)| reader(n, *s)).collect();
        let (retain_hours, retain_bytes, reader_lag_bytes) = line.policy;
        let policy = Policy {
            retain_hours,
            retain_bytes,
            reader_lag_bytes,
        };
        let now = Timestamp(line.hour * HOUR_US);
        let decided = decide(&segments(6), &readers, now, policy);
        let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        let expected = Decision {
            remove: line.remove.to_vec(),
            detach: names(line.detach),
            held_by: names(line.held_by),
        };
        assert_eq!(decided, expected, "{}", line.why);
    }
}

#[test]
fn a_detached_reader_holds_nothing() {
    let mut events = reader("events", 0);
    events.attached = false;
    let policy = Policy {
        retain_hours: 0,
        retain_bytes: 1000,
        reader_lag_bytes: 0,
    };
    let decided = decide(
        &segments(3),
        &[reader("!books", 60), events],
        Timestamp(0),
        policy,
    );
    assert_eq!((decided.remove, decided.detach), (vec![], vec![]));
    let mut events = reader("events", 0);
    events.attached = false;
    let later = Timestamp(9 * HOUR_US);
    let decided = decide(&segments(3), &[reader("!books", 60), events], later, policy);
    assert_eq!((decided.remove, decided.detach), (vec![1, 11], vec![]));
}

#[test]
fn a_segment_counts_as_closed_once_the_next_one_holds_a_batch() {
    let policy = Policy {
        retain_hours: 0,
        retain_bytes: 0,
        reader_lag_bytes: 0,
    };
    let mut segments = segments(3);
    segments[2].begins_at = None;
    let decided = decide(
        &segments,
        &[reader("!books", 60)],
        Timestamp(9 * HOUR_US),
        policy,
    );
    assert_eq!(decided.remove, [1]);
    for few in 0..2 {
        let none = decide(
            &segments[..few],
            &[reader("!books", 60)],
            Timestamp(0),
            policy,
        );
        assert_eq!(none, Decision::default());
    }
}

#[test]
fn a_decision_removes_a_few_segments_at_most() {
    let policy = Policy {
        retain_hours: 0,
        retain_bytes: 0,
        reader_lag_bytes: 0,
    };
    let decided = decide(
        &segments(100),
        &[reader("!books", 2000)],
        Timestamp(1000 * HOUR_US),
        policy,
    );
    assert_eq!(decided.remove.len(), REMOVALS_AT_ONCE);
}

#[test]
fn a_lag_is_the_closed_segments_that_are_not_passed() {
    let segments = segments(4);
    for (seen, expected) in [(0, 300), (9, 300), (10, 200), (29, 100), (30, 0), (99, 0)] {
        assert_eq!(lag_bytes(&segments, seen), expected, "seen {seen}");
    }
    assert_eq!(lag_bytes(&[], 0), 0);
}

/// Policy of a journal that keeps what somebody needs and nothing else.
const NOTHING_KEPT: Policy = Policy {
    retain_hours: 0,
    retain_bytes: 0,
    reader_lag_bytes: 0,
};

/// Twelve batches, two or three to a segment.
fn twelve<D: Disk>(disk: D) -> Log<D> {
    let batches: Vec<_> = (1..=12).map(|sequence| batch(sequence, &[300])).collect();
    written(disk, 1300, &batches)
}

fn retained<D: Disk + Clone + std::fmt::Debug>(disk: &D) {
    drop(twelve(disk.clone()));
    let readers = Readers::default();
    let now = Timestamp(1_000_000_000);
    let (books, events) = (
        readers.pin("books", 0, now),
        readers.detachable("events", 0, now),
    );
    let mut retainer = Retainer::new(disk.clone(), readers, NOTHING_KEPT);
    let before = retainer.run(now).unwrap();
    assert_eq!((before.removed, before.oldest_sequence), (0, Some(1)));
    assert_eq!(before.held_by, ["books"]);
    assert_eq!(before.bytes, before.segments as u64 * 1300);
    let lags: Vec<_> = before.readers.iter().map(|(_, bytes)| *bytes).collect();
    assert_eq!(lags, vec![before.bytes - 1300; 2]);

    // An open cursor reads on from what it has open, then hears that the rest is gone.
    let mut cursor = Cursor::after(disk.clone(), 0);
    assert_eq!(cursor.next(12).unwrap().unwrap().sequence, 1);
    books.saw(8);
    let after = retainer.run(now).unwrap();
    assert!(events.is_detached());
    assert_eq!(
        (after.removed, after.detached),
        (2, vec!["events".to_owned()])
    );
    assert_eq!(after.held_by, ["books"]);
    let oldest = after.oldest_sequence.unwrap();
    assert_eq!((oldest, oldest_held(disk).unwrap()), (7, Some(7)));
    assert_eq!(cursor.next(12).unwrap().unwrap().sequence, 2);
    assert_eq!(cursor.next(12).unwrap().unwrap().sequence, 3);
    let gone = cursor.next(12).unwrap_err();
    assert!(matches!(gone, CursorError::Gone { sequence: 4 }), "{gone}");
    assert_eq!(retainer.run(now).unwrap().removed, 0);

    // What the books need is there; books that are older are refused.
    for applied in 6..=12 {
        let (log, recovered) = Log::open(disk.clone(), options(1300), applied).unwrap();
        assert_eq!((recovered.last_sequence, log.next_sequence()), (12, 13));
        assert_eq!(
            read_all(disk.clone(), applied, 12).len() as u64,
            12 - applied
        );
    }
    for applied in 0..6 {
        let error = Log::open(disk.clone(), options(1300), applied).unwrap_err();
        let wanted = applied + 1;
        assert!(
            matches!(error, OpenError::Gone { wanted: w, first: 7 } if w == wanted),
            "{error}"
        );
        assert_eq!(
            error.to_string(),
            format!(
                "the journal no longer holds batch {wanted}: it begins with batch 7; restore the \
                 books from a snapshot or a backup"
            )
        );
    }
}

#[test]
fn what_nobody_needs_goes_from_memory() {
    retained(&SimulatedDisk::default());
}

#[test]
fn what_nobody_needs_goes_from_a_directory() {
    let directory = tempfile::tempdir().unwrap();
    retained(&Directory::open(directory.path()).unwrap());
}

#[test]
fn after_a_failed_removal_nothing_is_removed_any_more() {
    let disk = SimulatedDisk::default();
    drop(twelve(disk.clone()));
    let readers = Readers::default();
    readers.pin("books", 12, Timestamp(0));
    let now = Timestamp(1_000_000_000);
    let mut retainer = Retainer::new(disk.clone(), readers, NOTHING_KEPT);
    disk.set_fault(Some(Fault::Sync));
    retainer.run(now).unwrap_err();
    disk.set_fault(None);
    let after = retainer.run(now).unwrap();
    assert_eq!((after.removed, after.oldest_sequence), (0, Some(4)));
    // Whatever the directory made of it, what is left is whole.
    for left in [disk.crashed(|| false), disk.crashed(|| true)] {
        let (_, recovered) = Log::open(left, options(1300), 12).unwrap();
        assert_eq!(recovered.last_sequence, 12);
    }
}
