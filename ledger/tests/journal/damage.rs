//! Damage and torn tails: what was durable is refused with file, offset and sequence; what was not is cut.

use ledger::journal::Batch;
use ledger::journal::disk::{Directory, Disk, DiskFile};
use ledger::journal::log::{Log, OpenError, Recovered, SEGMENT_HEADER_BYTES};
use ledger::journal::simulated::SimulatedDisk;

use crate::parts::{Place, batch, bytes_of, options, read_all, walk, written};

/// Payloads with and without zero fill after them.
fn batches() -> Vec<Batch> {
    let sizes: [&[usize]; 6] = [&[2], &[13, 7], &[0, 0, 0], &[10], &[1], &[200]];
    (1..)
        .zip(sizes)
        .map(|(sequence, sizes)| batch(sequence, sizes))
        .collect()
}

/// What must be said of a changed byte: which batch was durable and cannot be read.
fn check_refused(disk: &SimulatedDisk, segment_bytes: u64, name: &str, at: usize, place: &Place) {
    let error = Log::open(disk.clone(), options(segment_bytes), 0).unwrap_err();
    let OpenError::Damaged {
        file,
        offset,
        sequence,
        reason,
    } = &error
    else {
        panic!("{name}: byte {at} of batch {}: {error}", place.sequence);
    };
    assert_eq!(
        (file.as_str(), *offset, *sequence),
        (name, place.start as u64, place.sequence),
        "byte {at}"
    );
    assert!(!reason.is_empty());
    assert!(error.to_string().starts_with(&format!(
        "{name}: byte {offset}: batch {sequence} was durable but cannot be read: "
    )));
}

/// Changes every byte of every segment, one at a time. `marked` is the last sequence that something
/// later calls durable.
fn damage_every_byte(segment_bytes: u64, marked: u64) {
    let disk = SimulatedDisk::default();
    let batches = batches();
    drop(written(disk.clone(), segment_bytes, &batches));
    let last = batches.len() as u64;
    for name in disk.list().unwrap() {
        let bytes = bytes_of(&disk, &name);
        let (places, _, _) = walk(&bytes);
        for at in 0..bytes.len() {
            let damaged = disk.crashed(|| true);
            assert!(damaged.damage(&name, at));
            let place = places
                .iter()
                .find(|place| (place.start..place.end).contains(&at));
            match place {
                Some(place) if place.sequence <= marked => {
                    check_refused(&damaged, segment_bytes, &name, at, place);
                }
                // The last commit: it cannot be told from one that was torn, but for the books.
                Some(place) => {
                    let books = damaged.crashed(|| true);
                    let error = Log::open(books, options(segment_bytes), last).unwrap_err();
                    let shorter = OpenError::ShorterThanBooks {
                        applied: last,
                        last: place.sequence - 1,
                    };
                    assert_eq!(error.to_string(), shorter.to_string());
                    let (_, recovered) = Log::open(damaged, options(segment_bytes), 0).unwrap();
                    assert_eq!(recovered.last_sequence, place.sequence - 1);
                    assert!(recovered.cut_bytes > 0);
                }
                None if at < SEGMENT_HEADER_BYTES => {
                    let error = Log::open(damaged, options(segment_bytes), 0).unwrap_err();
                    assert!(
                        matches!(&error, OpenError::Segment { file, .. } if *file == name),
                        "byte {at}: {error}"
                    );
                }
                // The fill carries nothing.
                None => {
                    let opened = Log::open(damaged.clone(), options(segment_bytes), last);
                    assert_eq!(opened.unwrap().1.last_sequence, last);
                    assert_eq!(read_all(damaged, 0, last), batches);
                }
            }
        }
    }
}

#[test]
fn any_byte_before_the_last_durable_mark_is_refused_in_one_segment() {
    damage_every_byte(2048, 5);
}

#[test]
fn any_byte_before_the_last_durable_mark_is_refused_over_segments() {
    // Batch 6 begins a segment of its own: that alone says that all before it were durable.
    damage_every_byte(512, 5);
}

#[test]
fn a_batch_of_another_journal_is_refused_though_its_checksum_is_right() {
    let (ours, others) = (SimulatedDisk::default(), SimulatedDisk::default());
    let same = [batch(2, &[40]), batch(3, &[40]), batch(4, &[40])];
    for (disk, first) in [(&ours, batch(1, &[24])), (&others, batch(1, &[23]))] {
        let mut log = written(disk.clone(), 4096, &[first]);
        for batch in &same {
            log.append(std::slice::from_ref(batch)).unwrap();
        }
    }
    let name = ours.list().unwrap().remove(0);
    let (places, _, _) = walk(&bytes_of(&ours, &name));
    let other = bytes_of(&others, &name);
    assert_eq!(
        walk(&other).0[1].start,
        places[1].start,
        "they stand at the same place"
    );
    let place = &places[1];
    let mut file = ours.open(&name).unwrap();
    file.write_at(place.start as u64, &other[place.start..place.next])
        .unwrap();
    check_refused(&ours, 4096, &name, place.start, place);
    let error = Log::open(ours, options(4096), 0).unwrap_err();
    assert!(
        error
            .to_string()
            .contains("it is not chained to the batch before it"),
        "{error}"
    );
}

#[test]
fn damage_in_a_directory_is_refused_and_changes_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let disk = Directory::open(directory.path()).unwrap();
    drop(written(disk.clone(), 2048, &batches()));
    let name = disk.list().unwrap().remove(0);
    let mut bytes = bytes_of(&disk, &name);
    let (places, _, _) = walk(&bytes);
    bytes[places[3].start + 100] ^= 1;
    std::fs::write(directory.path().join(&name), &bytes).unwrap();
    for _ in 0..2 {
        let error = Log::open(disk.clone(), options(2048), 0).unwrap_err();
        assert_eq!(
            error.to_string(),
            format!(
                "{name}: byte {}: batch 4 was durable but cannot be read: the checksum does not \
                 match; restore this file from a copy",
                places[3].start
            )
        );
        assert_eq!(bytes_of(&disk, &name), bytes);
    }
}

#[test]
fn a_torn_tail_is_cut_and_overwritten() {
    let disk = SimulatedDisk::default();
    let mut log = written(disk.clone(), 8192, &[batch(1, &[50]), batch(2, &[50])]);
    let (places, _, _) = walk(&bytes_of(&disk, "segment-00000000000000000001.journal"));
    let end = places[1].next;
    // One write of three batches; of its sectors only the last ones reach the disk, so that batch 5 is
    // whole and batch 3 is not.
    let mut file = disk.open("segment-00000000000000000001.journal").unwrap();
    let torn = SimulatedDisk::default();
    let more = [batch(3, &[900]), batch(4, &[900]), batch(5, &[100])];
    log.append(&more).unwrap();
    let whole = bytes_of(&disk, "segment-00000000000000000001.journal");
    drop(written(
        torn.clone(),
        8192,
        &[batch(1, &[50]), batch(2, &[50])],
    ));
    file = {
        drop(file);
        torn.open("segment-00000000000000000001.journal").unwrap()
    };
    file.write_at(1024, &whole[1024..]).unwrap();
    file.sync_data().unwrap();

    let (mut log, recovered) = Log::open(torn.clone(), options(8192), 0).unwrap();
    assert_eq!(recovered.last_sequence, 2);
    assert!(recovered.cut_bytes > 1000, "{recovered:?}");
    let other = batch(3, &[77]);
    log.append(std::slice::from_ref(&other)).unwrap();
    let bytes = bytes_of(&torn, "segment-00000000000000000001.journal");
    let (places, _, _) = walk(&bytes);
    assert_eq!((places.len(), places[2].start), (3, end));
    assert!(
        bytes[places[2].next..].iter().all(|byte| *byte == 0),
        "nothing stale follows"
    );
    let (_, recovered) = Log::open(torn.clone(), options(8192), 3).unwrap();
    assert_eq!(
        recovered,
        Recovered {
            last_sequence: 3,
            cut_bytes: 0
        }
    );
    assert_eq!(read_all(torn, 2, 3), [other]);
}

/// How far the creation of a segment came before the power went.
fn unfinished(name: &str, disk: &impl Disk, length: u64, header: &[u8]) {
    let mut file = disk.create(name, length).unwrap();
    if !header.is_empty() {
        file.write_at(0, header).unwrap();
        file.sync_data().unwrap();
    }
}

fn cut_off<D: Disk + Clone>(make: impl Fn() -> D) {
    const NEXT: &str = "segment-00000000000000000004.journal";
    let whole_header = {
        let disk = SimulatedDisk::default();
        let batches: Vec<_> = (1..=4).map(|sequence| batch(sequence, &[150])).collect();
        drop(written(disk.clone(), 900, &batches));
        bytes_of(&disk, NEXT)[..SEGMENT_HEADER_BYTES].to_vec()
    };
    for applied in [0, 1, 2, 3] {
        for (length, header) in [
            (0, &[][..]),
            (10, &[]),
            (900, &[]),
            (900, &whole_header[..30]),
            (900, &whole_header[..60]),
            (900, &whole_header[..]),
        ] {
            let disk = make();
            let batches: Vec<_> = (1..=3).map(|sequence| batch(sequence, &[150])).collect();
            drop(written(disk.clone(), 900, &batches));
            unfinished(NEXT, &disk, length, header);
            let case = format!(
                "applied {applied}, {length} bytes, header of {}",
                header.len()
            );
            let (mut log, recovered) = Log::open(disk.clone(), options(900), applied)
                .unwrap_or_else(|error| panic!("{case}: {error}"));
            assert_eq!(recovered.last_sequence, 3, "{case}");
            log.append(&[batch(4, &[150])]).unwrap();
            drop(log);
            let (_, recovered) = Log::open(disk.clone(), options(900), applied).unwrap();
            assert_eq!(
                recovered,
                Recovered {
                    last_sequence: 4,
                    cut_bytes: 0
                },
                "{case}"
            );
            assert_eq!(read_all(disk, 0, 4).len(), 4, "{case}");
        }
    }
}

#[test]
fn a_segment_whose_creation_was_cut_off_is_made_again() {
    cut_off(SimulatedDisk::default);
}

#[test]
fn a_segment_whose_creation_was_cut_off_is_made_again_in_a_directory() {
    let parent = tempfile::tempdir().unwrap();
    let count = std::cell::Cell::new(0);
    cut_off(|| {
        count.set(count.get() + 1);
        Directory::open(&parent.path().join(count.get().to_string())).unwrap()
    });
}

#[test]
fn other_files_in_the_directory_are_left_alone() {
    let disk = SimulatedDisk::default();
    for name in [
        "LOCK",
        "segment-.journal",
        "segment-1.journal.tmp",
        "segment-x.journal",
    ] {
        unfinished(name, &disk, 10, b"other");
    }
    let batches = batches();
    drop(written(disk.clone(), 512, &batches));
    let (_, recovered) = Log::open(disk.clone(), options(512), 0).unwrap();
    assert_eq!(recovered.last_sequence, 6);
    assert_eq!(read_all(disk.clone(), 0, 6), batches);
    assert!(bytes_of(&disk, "LOCK").starts_with(b"other"));
}
