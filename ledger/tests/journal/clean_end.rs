//! The marker of a clean end: while it is there, nothing of the tail may be missing.

use ledger::journal::Batch;
use ledger::journal::disk::{Directory, Disk, DiskFile as _};
use ledger::journal::log::{Log, LogOptions, OpenError, SEGMENT_HEADER_BYTES};
use ledger::journal::simulated::SimulatedDisk;

use crate::parts::{batch, bytes_of, options, read_all, walk, written};

const MARKER: &str = "clean";

/// In segments of 512 bytes they begin those of 1, 3, 5 and 6.
fn batches() -> Vec<Batch> {
    (1..)
        .zip([20, 40, 60, 80, 100, 380])
        .map(|(sequence, size)| batch(sequence, &[size, 3]))
        .collect()
}

/// A journal that was closed in order, in one segment or several.
fn closed<D: Disk>(disk: D, segment_bytes: u64) {
    written(disk, segment_bytes, &batches()).close().unwrap();
}

#[test]
fn after_a_clean_end_any_changed_byte_of_any_batch_is_refused() {
    for segment_bytes in [2048, 512] {
        let disk = SimulatedDisk::default();
        closed(disk.clone(), segment_bytes);
        for name in disk.list().unwrap() {
            let bytes = bytes_of(&disk, &name);
            let places = if name == MARKER {
                Vec::new()
            } else {
                walk(&bytes).0
            };
            let end = places.last().map_or(bytes.len(), |place| place.next);
            for at in 0..end {
                let damaged = disk.crashed(|| true);
                assert!(damaged.damage(&name, at));
                let place = places
                    .iter()
                    .find(|place| (place.start..place.end).contains(&at));
                let opened = Log::open(damaged.clone(), options(segment_bytes), 0);
                match (place, opened) {
                    (
                        Some(place),
                        Err(OpenError::Damaged {
                            file,
                            offset,
                            sequence,
                            ..
                        }),
                    ) => {
                        assert_eq!((&file, sequence), (&name, place.sequence), "byte {at}");
                        assert_eq!(offset, place.start as u64, "byte {at}");
                    }
                    (None, Err(OpenError::Segment { file, .. })) => {
                        assert!(name == MARKER || at < SEGMENT_HEADER_BYTES);
                        assert_eq!(file, name, "byte {at}");
                    }
                    // The fill between two batches carries nothing.
                    (None, Ok((_, recovered))) => {
                        assert_eq!(recovered.last_sequence, 6);
                        assert!(at >= SEGMENT_HEADER_BYTES && name != MARKER, "byte {at}");
                    }
                    (_, Err(error)) => panic!("{name}: byte {at}: {error}"),
                    (Some(_), Ok(_)) => panic!("{name}: byte {at} is not noticed"),
                }
                // The report can be made again: nothing was changed.
                let again = damaged.crashed(|| false);
                assert_eq!(bytes_of(&again, &name), bytes_of(&damaged, &name));
            }
        }
    }
}

fn missing_segments<D: Disk + Clone + std::fmt::Debug>(make: impl Fn() -> D) {
    let disk = make();
    closed(disk.clone(), 512);
    let names = disk.list().unwrap();
    let last = names.last().unwrap();
    disk.remove(last).unwrap();
    let error = Log::open(disk.clone(), options(512), 0).unwrap_err();
    assert!(
        matches!(error, OpenError::Damaged { sequence: 6, .. }),
        "{error}"
    );
    for name in names.iter().filter(|name| *name != MARKER && *name != last) {
        disk.remove(name).unwrap();
    }
    let error = Log::open(disk, options(512), 0).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the journal was closed after batch 6, but holds nothing; restore its files from a copy"
    );
}

#[test]
fn after_a_clean_end_a_missing_segment_is_refused() {
    missing_segments(SimulatedDisk::default);
    let parent = tempfile::tempdir().unwrap();
    missing_segments(|| Directory::open(parent.path()).unwrap());
}

#[test]
fn after_a_clean_end_a_cut_or_zeroed_segment_is_refused() {
    let disk = SimulatedDisk::default();
    closed(disk.clone(), 512);
    let last = disk.list().unwrap().pop().unwrap();
    let whole = bytes_of(&disk, &last).len();
    let batch_end = walk(&bytes_of(&disk, &last)).0[0].end;
    for length in 0..whole {
        let cut = disk.crashed(|| true);
        assert!(cut.truncate(&last, length));
        let opened = Log::open(cut, options(512), 0);
        assert_eq!(opened.is_ok(), length >= batch_end, "cut at {length}");
    }
    let mut file = disk.open(&last).unwrap();
    file.write_at(0, &vec![0; whole]).unwrap();
    let error = Log::open(disk, options(512), 0).unwrap_err();
    assert_eq!(
        error.to_string(),
        format!(
            "{last}: byte 0: batch 6 was durable but cannot be read: the segment is empty; restore \
             this file from a copy"
        )
    );
}

#[test]
fn a_tail_of_another_journal_is_refused() {
    let (ours, other) = (SimulatedDisk::default(), SimulatedDisk::default());
    closed(ours.clone(), 512);
    let mut others = batches();
    others[5] = batch(6, &[380, 4]);
    drop(written(other.clone(), 512, &others));
    let name = "segment-00000000000000000006.journal";
    let mut file = ours.open(name).unwrap();
    file.write_at(0, &bytes_of(&other, name)).unwrap();
    let error = Log::open(ours, options(512), 0).unwrap_err();
    assert!(
        error
            .to_string()
            .contains("it is not the batch that the journal was closed after"),
        "{error}"
    );
}

#[test]
fn the_mark_is_gone_before_the_first_append_and_comes_back_at_the_end() {
    let disk = SimulatedDisk::default();
    closed(disk.clone(), 2048);
    let has_marker = |disk: &SimulatedDisk| disk.list().unwrap().contains(&MARKER.to_owned());
    assert!(has_marker(&disk));
    // A life that appends nothing leaves it as it is.
    let (log, _) = Log::open(disk.clone(), options(2048), 6).unwrap();
    assert!(has_marker(&disk));
    log.close().unwrap();
    let (mut log, recovered) = Log::open(disk.clone(), options(2048), 6).unwrap();
    assert_eq!(recovered.last_sequence, 6);
    log.append(&[]).unwrap();
    assert!(has_marker(&disk));
    log.append(&[batch(7, &[9])]).unwrap();
    assert!(!has_marker(&disk.crashed(|| false)));
    log.append(&[batch(8, &[9])]).unwrap();
    log.close().unwrap();
    assert!(has_marker(&disk.crashed(|| false)));
    assert_eq!(read_all(disk.clone(), 6, 8).len(), 2);
    assert!(disk.damage(&disk.list().unwrap()[1], 2000));
    let (_, recovered) = Log::open(disk, options(2048), 0).unwrap();
    assert_eq!(recovered.last_sequence, 8, "the fill carries nothing");
}

#[test]
fn an_empty_or_failed_journal_is_not_marked() {
    let disk = SimulatedDisk::default();
    let (log, _) = Log::open(disk.clone(), options(2048), 0).unwrap();
    log.close().unwrap();
    let mut log = written(disk.clone(), 2048, &batches());
    log.append(&[batch(9, &[1])]).unwrap_err();
    log.close().unwrap();
    assert!(!disk.list().unwrap().contains(&MARKER.to_owned()));
}

#[test]
fn the_mark_of_another_shard_is_refused() {
    let disk = SimulatedDisk::default();
    closed(disk.clone(), 2048);
    let other = LogOptions {
        shard: ledger::identifiers::ShardId(3),
        ..options(2048)
    };
    let error = Log::open(disk, other, 0).unwrap_err();
    assert_eq!(error.to_string(), "clean: is of another shard");
}
