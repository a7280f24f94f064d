//! The simulated disk itself: what a crash leaves of files and names, and what fails on demand.

use std::io;

use ledger::journal::disk::{Disk, DiskFile};
use ledger::journal::log::Log;
use ledger::journal::simulated::{Failure, Fault, Operation, SimulatedDisk};

use crate::parts::{batch, bytes_of, options, written};

fn names(disk: &SimulatedDisk) -> Vec<String> {
    disk.list().unwrap()
}

/// Lets the n-th operation that changes anything fail, from 0, and none after it.
fn fail_nth(disk: &SimulatedDisk, nth: usize, failure: Failure) {
    let mut seen = 0;
    disk.set_hook(move |operation| {
        let hit = operation.changes() && seen == nth;
        seen += usize::from(operation.changes());
        hit.then_some(failure)
    });
}

#[test]
fn a_crash_inside_a_call_leaves_it_done_undone_or_in_part() {
    let refused = Failure::Refused(io::ErrorKind::Other);
    // The steps of making a file, and what prefixes of the unsynced ones leave when the next one fails.
    for (step, lengths) in [
        (1, vec![None, Some(0)]),
        (2, vec![None, Some(0), Some(600)]),
        (3, vec![None, Some(600)]),
    ] {
        let disk = SimulatedDisk::default();
        fail_nth(&disk, step, refused);
        disk.create("a", 600).unwrap_err();
        disk.remove_hook();
        assert_eq!(disk.unsynced(), lengths.len() - 1, "step {step}");
        for (whole, length) in lengths.iter().enumerate() {
            let left = disk.crashed_prefix(whole, 0);
            let found = names(&left).first().map(|name| bytes_of(&left, name).len());
            assert_eq!(found, *length, "step {step}, {whole} whole");
        }
        // The process that goes on sees it.
        assert_eq!(names(&disk), ["a"]);
    }
    let torn = SimulatedDisk::default();
    fail_nth(&torn, 2, refused);
    torn.create("a", 600).unwrap_err();
    assert_eq!(bytes_of(&torn.crashed_prefix(1, 1), "a").len(), 512);
}

#[test]
fn names_change_durably_or_not_at_all() {
    let disk = SimulatedDisk::default();
    let mut file = disk.create("a", 4).unwrap();
    file.write_at(0, b"aaaa").unwrap();
    file.sync_data().unwrap();
    disk.create("b", 4).unwrap();
    assert_eq!(disk.unsynced(), 0);

    fail_nth(&disk, 1, Failure::Refused(io::ErrorKind::Other));
    disk.rename("a", "b").unwrap_err();
    disk.remove_hook();
    assert_eq!(names(&disk.crashed(|| false)), ["a", "b"]);
    let renamed = disk.crashed(|| true);
    assert_eq!(names(&renamed), ["b"]);
    assert_eq!(bytes_of(&renamed, "b"), b"aaaa");
    assert_eq!(
        disk.rename("a", "c").unwrap_err().kind(),
        io::ErrorKind::NotFound
    );

    disk.rename("b", "c").unwrap();
    assert_eq!(names(&disk.crashed(|| false)), ["c"]);
    fail_nth(&disk, 1, Failure::Refused(io::ErrorKind::Other));
    disk.remove("c").unwrap_err();
    disk.remove_hook();
    assert_eq!(names(&disk.crashed(|| false)), ["c"]);
    assert!(names(&disk.crashed(|| true)).is_empty());
    assert_eq!(
        disk.remove("c").unwrap_err().kind(),
        io::ErrorKind::NotFound
    );
    // An open file outlives its name.
    let mut bytes = [0; 4];
    assert_eq!(file.read_at(0, &mut bytes).unwrap(), 4);
    assert_eq!(bytes, *b"aaaa");
}

#[test]
fn a_prefix_keeps_the_order_over_all_files() {
    let disk = SimulatedDisk::default();
    let (mut a, mut b) = (
        disk.create("a", 1024).unwrap(),
        disk.create("b", 1024).unwrap(),
    );
    a.write_at(0, &[1; 1024]).unwrap();
    b.write_at(0, &[2; 1024]).unwrap();
    a.write_at(0, &[3; 512]).unwrap();
    let first = |left: &SimulatedDisk| {
        let byte = |name, at: usize| bytes_of(left, name)[at];
        [byte("a", 0), byte("a", 512), byte("b", 0), byte("b", 512)]
    };
    assert_eq!(disk.unsynced(), 3);
    for (whole, sectors, expected) in [
        (0, 0, [0, 0, 0, 0]),
        (0, 1, [1, 0, 0, 0]),
        (1, 0, [1, 1, 0, 0]),
        (1, 1, [1, 1, 2, 0]),
        (2, 0, [1, 1, 2, 2]),
        (2, 9, [3, 1, 2, 2]),
        (9, 0, [3, 1, 2, 2]),
    ] {
        assert_eq!(
            first(&disk.crashed_prefix(whole, sectors)),
            expected,
            "{whole} {sectors}"
        );
    }
    // A sync of one file leaves the other pending.
    b.sync_data().unwrap();
    assert_eq!(
        (disk.unsynced(), first(&disk.crashed(|| false))),
        (2, [0, 0, 2, 2])
    );
}

#[test]
fn a_full_disk_takes_what_fits_and_says_so() {
    let disk = SimulatedDisk::default();
    disk.set_capacity(Some(1000));
    let mut file = disk.create("a", 600).unwrap();
    let full = disk.create("b", 600).unwrap_err();
    assert_eq!(full.kind(), io::ErrorKind::StorageFull);
    assert_eq!((bytes_of(&disk, "b").len(), disk.used_bytes()), (400, 1000));
    // What is there can be written over; growing it cannot be done.
    file.write_at(0, &[1; 600]).unwrap();
    let full = file.write_at(599, &[2; 2]).unwrap_err();
    assert_eq!(full.kind(), io::ErrorKind::StorageFull);
    assert_eq!(bytes_of(&disk, "a")[599], 2);
    disk.remove("b").unwrap();
    file.write_at(599, &[2; 2]).unwrap();
    assert_eq!(disk.used_bytes(), 601);
}

#[test]
fn lasting_faults_and_short_reads_are_heard_by_whoever_they_meet() {
    let disk = SimulatedDisk::default();
    let mut log = written(disk.clone(), 1000, &[batch(1, &[200])]);
    disk.set_fault(Some(Fault::Read));
    Log::open(disk.clone(), options(1000), 0).unwrap_err();
    // Reads alone fail: the log still appends.
    log.append(&[batch(2, &[200])]).unwrap();
    disk.set_fault(Some(Fault::Write));
    disk.create("a", 1).unwrap_err();
    disk.rename("a", "b").unwrap_err();
    disk.remove("segment-00000000000000000001.journal")
        .unwrap_err();
    assert_eq!(disk.unsynced(), 0, "nothing of it happened");
    log.append(&[batch(3, &[200])]).unwrap_err();
    disk.set_fault(None);
    for longest in [1, 7, 95, 4096] {
        disk.set_longest_read(Some(longest));
        let (_, recovered) = Log::open(disk.clone(), options(1000), 0).unwrap();
        assert_eq!(recovered.last_sequence, 2, "{longest} bytes at a time");
    }
}

#[test]
fn a_hook_hears_every_operation_and_may_look_at_what_a_crash_would_leave() {
    let disk = SimulatedDisk::default();
    let (heard, seen) = crossbeam_channel::bounded(64);
    let watched = disk.clone();
    disk.set_hook(move |operation| {
        let left = watched.crashed(|| true);
        heard
            .send((format!("{operation:?}"), left.used_bytes()))
            .unwrap();
        matches!(operation, Operation::Sync { name: "b" })
            .then_some(Failure::Reported(io::ErrorKind::Other))
    });
    let mut file = disk.create("a", 8).unwrap();
    file.write_at(2, b"x").unwrap();
    file.sync_data().unwrap();
    let heard: Vec<_> = seen.try_iter().collect();
    let expected = [
        ("Create { name: \"a\" }", 0),
        ("Write { name: \"a\", offset: 0, bytes: 8 }", 0),
        ("Sync { name: \"a\" }", 8),
        ("SyncDirectory", 8),
        ("Write { name: \"a\", offset: 2, bytes: 1 }", 8),
        ("Sync { name: \"a\" }", 8),
    ];
    let expected: Vec<_> = expected.map(|(what, used)| (what.to_owned(), used)).into();
    assert_eq!(heard, expected);
    // Reported as failed, and done all the same.
    disk.create("b", 3).unwrap_err();
    disk.remove_hook();
    assert_eq!(disk.unsynced(), 1, "only its name is not synced");
}
