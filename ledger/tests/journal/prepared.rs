//! The next segment, made before it is needed: what a rotation then costs, and that it changes nothing.

use ledger::journal::disk::{Directory, Disk};
use ledger::journal::log::Log;
use ledger::journal::signal::Signal;
use ledger::journal::simulated::{Operation, SimulatedDisk};
use ledger::journal::{Prepared, Preparer};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::parts::{batch, bytes_of, check_segments, options, read_all};

const PARTIAL: &str = "next-segment.partial";

fn ready<D: Disk>(preparer: &mut Preparer<D>) {
    while preparer.step().unwrap() != Prepared::Ready {}
    assert_eq!(preparer.step().unwrap(), Prepared::Idle);
}

fn rotated<D: Disk + Clone>(disk: &D) {
    let wanted = Signal::default();
    let (mut log, _) = Log::open(disk.clone(), options(2000), 0).unwrap();
    let mut preparer = log.preparer(300, &wanted);
    let mut sequence = 0;
    for turn in 0..6 {
        // Every other rotation finds a segment prepared in whole, the others one in part or none.
        match turn % 3 {
            0 => ready(&mut preparer),
            1 => {
                preparer.step().unwrap();
            }
            _ => {}
        }
        for _ in 0..3 {
            sequence += 1;
            log.append(&[batch(sequence, &[400])]).unwrap();
        }
    }
    // A batch larger than any segment gets one of its own size, and leaves the prepared one.
    ready(&mut preparer);
    log.append(&[batch(sequence + 1, &[5000])]).unwrap();
    assert!(disk.list().unwrap().contains(&PARTIAL.to_owned()));
    drop(log);
    let last = sequence + 1;
    let (log, recovered) = Log::open(disk.clone(), options(2000), last).unwrap();
    assert_eq!((recovered.last_sequence, recovered.cut_bytes), (last, 0));
    assert!(!disk.list().unwrap().contains(&PARTIAL.to_owned()));
    drop(log);
    check_segments(disk, 1, last);
    assert_eq!(read_all(disk.clone(), 0, last).len() as u64, last);
}

#[test]
fn a_journal_of_prepared_segments_is_the_same_in_memory() {
    rotated(&SimulatedDisk::default());
}

#[test]
fn a_journal_of_prepared_segments_is_the_same_in_a_directory() {
    let directory = tempfile::tempdir().unwrap();
    rotated(&Directory::open(directory.path()).unwrap());
}

#[test]
fn taking_a_prepared_segment_writes_no_zeros() {
    let disk = SimulatedDisk::default();
    let wanted = Signal::default();
    let (mut log, _) = Log::open(disk.clone(), options(4000), 0).unwrap();
    let mut preparer = log.preparer(1000, &wanted);
    ready(&mut preparer);
    let prepared = bytes_of(&disk, PARTIAL);
    assert_eq!(prepared, vec![0; 4000]);
    let done = Arc::new(Mutex::new(Vec::new()));
    let heard = Arc::clone(&done);
    disk.set_hook(move |operation| {
        let what = match operation {
            Operation::Write { bytes, .. } => format!("write {bytes}"),
            Operation::Sync { .. } => "sync".to_owned(),
            Operation::Rename { .. } => "rename".to_owned(),
            Operation::SyncDirectory => "sync directory".to_owned(),
            Operation::Open { .. } => return None,
            other => format!("{other:?}"),
        };
        heard.lock().unwrap().push(what);
        None
    });
    log.append(&[batch(1, &[10])]).unwrap();
    disk.remove_hook();
    let expected = [
        "rename",
        "sync directory",
        "write 64",
        "sync",
        "write 112",
        "sync",
    ];
    assert_eq!(*done.lock().unwrap(), expected);
}

#[test]
fn the_next_segment_is_wanted_when_a_quarter_of_this_one_is_used() {
    let disk = SimulatedDisk::default();
    let wanted = Signal::default();
    let (mut log, _) = Log::open(disk.clone(), options(4000), 0).unwrap();
    let mut preparer = log.preparer(1000, &wanted);
    ready(&mut preparer);
    log.append(&[batch(1, &[100])]).unwrap();
    assert_eq!(preparer.step().unwrap(), Prepared::Idle);
    assert!(!wanted.wait(Duration::ZERO));
    log.append(&[batch(2, &[900])]).unwrap();
    assert!(wanted.wait(Duration::ZERO));
    assert_eq!(
        preparer.step().unwrap(),
        Prepared::Piece { in_haste: false }
    );
}

#[test]
fn a_full_disk_leaves_its_last_blocks_to_the_log() {
    let disk = SimulatedDisk::default();
    let (mut log, _) = Log::open(disk.clone(), options(4000), 0).unwrap();
    let mut preparer = log.preparer(1000, &Signal::default());
    disk.set_capacity(Some(3500));
    for piece in 0..3 {
        let made = preparer.step().unwrap();
        assert_eq!(made, Prepared::Piece { in_haste: false }, "{piece}");
    }
    let error = preparer.step().unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::StorageFull);
    assert_eq!(disk.used_bytes(), 0);
    disk.set_capacity(Some(4000));
    log.append(&[batch(1, &[10])]).unwrap();
    assert_eq!(log.durable(), 1);
}

#[test]
fn a_partial_file_that_somebody_removed_is_done_without() {
    let disk = SimulatedDisk::default();
    let (mut log, _) = Log::open(disk.clone(), options(4000), 0).unwrap();
    ready(&mut log.preparer(4000, &Signal::default()));
    disk.remove(PARTIAL).unwrap();
    log.append(&[batch(1, &[10])]).unwrap();
    assert_eq!(read_all(disk, 0, 1).len(), 1);
}

#[test]
fn past_half_of_a_segment_the_next_one_is_made_in_larger_pieces_and_in_haste() {
    let disk = SimulatedDisk::default();
    let (mut log, _) = Log::open(disk.clone(), options(4000), 0).unwrap();
    let mut preparer = log.preparer(500, &Signal::default());
    ready(&mut preparer);
    log.append(&[batch(1, &[1200])]).unwrap();
    assert_eq!(
        preparer.step().unwrap(),
        Prepared::Piece { in_haste: false }
    );
    log.append(&[batch(2, &[900])]).unwrap();
    // 500 bytes are there; three more steps of 2,000 at most.
    assert_eq!(preparer.step().unwrap(), Prepared::Piece { in_haste: true });
    assert_eq!(preparer.step().unwrap(), Prepared::Ready);
    assert_eq!(preparer.step().unwrap(), Prepared::Idle);
}
