//! Round trips over simulated and real disks: append, rotate, reopen, read behind the watermark.

use ledger::journal::Batch;
use ledger::journal::cursor::{Cursor, CursorError};
use ledger::journal::disk::{Directory, Disk, DiskFile as _};
use ledger::journal::log::{Log, OpenError, Recovered};
use ledger::journal::simulated::SimulatedDisk;

use crate::parts::{batch, bytes_of, check_chain, options, read_all, walk, written};

const SEGMENT_BYTES: u64 = 1024;

/// Batches of several sizes: some fill a segment, one is larger than a segment.
fn batches() -> Vec<Batch> {
    let sizes: [&[usize]; 8] = [
        &[0],
        &[10, 20],
        &[400],
        &[1],
        &[3000],
        &[700],
        &[5, 5, 5, 5],
        &[900],
    ];
    (1..)
        .zip(sizes)
        .map(|(sequence, sizes)| batch(sequence, sizes))
        .collect()
}

fn round_trip<D: Disk + Clone>(disk: &D) {
    let batches = batches();
    let log = written(disk.clone(), SEGMENT_BYTES, &batches[..5]);
    assert_eq!((log.next_sequence(), log.durable()), (6, 5));
    drop(log);

    let (mut log, recovered) = Log::open(disk.clone(), options(SEGMENT_BYTES), 5).unwrap();
    assert_eq!(
        recovered,
        Recovered {
            last_sequence: 5,
            cut_bytes: 0
        }
    );
    // Several batches at once, over the end of a segment.
    assert_eq!(log.append(&batches[5..]).unwrap(), 8);
    assert_eq!((log.next_sequence(), log.durable()), (9, 8));
    drop(log);

    check_chain(disk, 8);
    let segments = disk.list().unwrap();
    assert!(segments.len() >= 4, "{segments:?}");
    for applied in 0..=8 {
        let (log, recovered) = Log::open(disk.clone(), options(SEGMENT_BYTES), applied).unwrap();
        assert_eq!(
            recovered,
            Recovered {
                last_sequence: 8,
                cut_bytes: 0
            },
            "applied {applied}"
        );
        assert_eq!(log.next_sequence(), 9);
        let rest = usize::try_from(applied).unwrap();
        assert_eq!(
            read_all(disk.clone(), applied, 8),
            batches[rest..],
            "after {applied}"
        );
    }
}

#[test]
fn what_is_appended_is_read_back_from_memory() {
    round_trip(&SimulatedDisk::default());
}

#[test]
fn what_is_appended_is_read_back_from_a_directory() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("made/with/its/parents");
    round_trip(&Directory::open(&path).unwrap());
    let first = std::fs::metadata(path.join("segment-00000000000000000001.journal")).unwrap();
    assert_eq!(first.len(), SEGMENT_BYTES, "a segment is preallocated");
}

#[test]
fn an_append_is_one_sync_and_one_more_per_segment() {
    let disk = SimulatedDisk::default();
    let (mut log, _) = Log::open(disk.clone(), options(4096), 0).unwrap();
    log.append(&[batch(1, &[1])]).unwrap();
    assert_eq!(disk.syncs(), 2, "the segment's header and the batch");
    log.append(
        &(2..=6)
            .map(|sequence| batch(sequence, &[9]))
            .collect::<Vec<_>>(),
    )
    .unwrap();
    assert_eq!(disk.syncs(), 3, "five batches in one sync");
    log.append(&[]).unwrap();
    assert_eq!(disk.syncs(), 3, "nothing is nothing to sync");
    log.append(&[batch(7, &[2000]), batch(8, &[2000])]).unwrap();
    assert_eq!(
        disk.syncs(),
        6,
        "one per segment touched and one for the new header"
    );
}

#[test]
fn a_cursor_follows_the_watermark_and_never_passes_it() {
    let disk = SimulatedDisk::default();
    let (mut log, _) = Log::open(disk.clone(), options(SEGMENT_BYTES), 0).unwrap();
    let mut cursor = Cursor::after(disk, 0);
    assert_eq!(cursor.next(0).unwrap(), None);
    for batch in batches() {
        let sequence = log.append(std::slice::from_ref(&batch)).unwrap();
        assert_eq!(cursor.next(sequence - 1).unwrap(), None);
        assert_eq!(cursor.seen(), sequence - 1);
        assert_eq!(cursor.next(sequence).unwrap(), Some(batch));
        assert_eq!(cursor.next(sequence).unwrap(), None);
        assert_eq!(cursor.seen(), sequence);
    }
}

#[test]
fn a_cursor_says_what_the_journal_no_longer_holds() {
    let disk = SimulatedDisk::default();
    drop(written(disk.clone(), SEGMENT_BYTES, &batches()));
    disk.remove("segment-00000000000000000001.journal").unwrap();
    let gone = Cursor::after(disk.clone(), 1).next(8).unwrap_err();
    assert!(matches!(gone, CursorError::Gone { sequence: 2 }), "{gone}");
    assert_eq!(gone.to_string(), "the journal no longer holds batch 2");
    // Books that are further than what was removed need nothing of it.
    let (_, recovered) = Log::open(disk.clone(), options(SEGMENT_BYTES), 7).unwrap();
    assert_eq!(recovered.last_sequence, 8);
    assert_eq!(read_all(disk, 7, 8), batches()[7..]);
}

#[test]
fn a_cursor_refuses_damage_and_goes_on_when_it_is_mended() {
    let disk = SimulatedDisk::default();
    let batches: Vec<_> = (1..=4).map(|sequence| batch(sequence, &[13, 7])).collect();
    drop(written(disk.clone(), 4096, &batches));
    let name = disk.list().unwrap().remove(0);
    let (places, _, _) = walk(&bytes_of(&disk, &name));
    let damaged = places[2];
    for at in damaged.start..damaged.end {
        let mut cursor = Cursor::after(disk.clone(), 0);
        for batch in &batches[..2] {
            assert_eq!(cursor.next(4).unwrap().as_ref(), Some(batch));
        }
        assert!(disk.damage(&name, at));
        match cursor.next(4).unwrap_err() {
            CursorError::Batch {
                file,
                sequence,
                offset,
                ..
            } => {
                assert_eq!((file.as_str(), sequence), (name.as_str(), 3), "byte {at}");
                assert_eq!(offset, damaged.start as u64, "byte {at}");
            }
            error => panic!("byte {at}: {error}"),
        }
        assert_eq!(cursor.seen(), 2, "byte {at}");
        assert!(disk.damage(&name, at));
        assert_eq!(
            cursor.next(4).unwrap().as_ref(),
            Some(&batches[2]),
            "byte {at} mended"
        );
    }
}

#[test]
fn another_shard_is_refused() {
    let disk = SimulatedDisk::default();
    drop(written(disk.clone(), SEGMENT_BYTES, &batches()[..1]));
    let other = ledger::journal::log::LogOptions {
        shard: ledger::identifiers::ShardId(3),
        ..options(SEGMENT_BYTES)
    };
    let error = Log::open(disk, other, 0).unwrap_err();
    assert!(matches!(error, OpenError::Segment { .. }), "{error}");
    assert_eq!(
        error.to_string(),
        "segment-00000000000000000001.journal: holds shard 0 from batch 1, expected shard 3 from batch 1"
    );
}

#[test]
fn books_ahead_of_the_journal_are_refused() {
    let disk = SimulatedDisk::default();
    let error = Log::open(disk.clone(), options(SEGMENT_BYTES), 1).unwrap_err();
    assert!(
        matches!(
            error,
            OpenError::ShorterThanBooks {
                applied: 1,
                last: 0
            }
        ),
        "{error}"
    );
    drop(written(disk.clone(), SEGMENT_BYTES, &batches()));
    let error = Log::open(disk, options(SEGMENT_BYTES), 9).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the books reflect batch 9, but the journal ends with batch 8"
    );
}

#[test]
fn a_missing_or_foreign_segment_is_refused() {
    let disk = SimulatedDisk::default();
    drop(written(disk.clone(), SEGMENT_BYTES, &batches()));
    let names = disk.list().unwrap();
    let without_second = disk.crashed(|| true);
    without_second.remove(&names[1]).unwrap();
    let error = Log::open(without_second, options(SEGMENT_BYTES), 0).unwrap_err();
    assert!(
        matches!(&error, OpenError::Damaged { file, .. } if *file == names[0]),
        "{error}"
    );

    // The same sequences with other content: every checksum is right, the chain is not.
    let others: Vec<_> = batches()
        .iter()
        .map(|other| batch(other.sequence, &[other.stored_bytes() - 102]))
        .collect();
    let other = SimulatedDisk::default();
    drop(written(other.clone(), SEGMENT_BYTES, &others));
    let shared = names
        .iter()
        .rev()
        .find(|name| other.list().unwrap().contains(name))
        .unwrap();
    let mut file = disk.create(shared, SEGMENT_BYTES).unwrap();
    file.write_at(0, &bytes_of(&other, shared)).unwrap();
    let error = Log::open(disk, options(SEGMENT_BYTES), 0).unwrap_err();
    assert_eq!(
        error.to_string(),
        format!("{shared}: is not chained to the segment before it")
    );
}

#[test]
fn a_batch_out_of_sequence_stops_the_log() {
    let disk = SimulatedDisk::default();
    let mut log = written(disk, SEGMENT_BYTES, &batches()[..2]);
    for wrong in [1, 2, 4] {
        log.append(&[batch(wrong, &[1])]).unwrap_err();
    }
    log.append(&[batch(3, &[1])]).unwrap_err();
    assert_eq!(log.durable(), 2);
}

#[test]
fn a_segment_of_another_format_is_refused_and_kept() {
    for (at, what, reason) in [
        (0, &b"ISOJRNL2"[..], "is not a segment of a journal"),
        (
            8,
            &2_u32.to_le_bytes()[..],
            "has a format version that this build does not know",
        ),
        (
            16,
            &9_u64.to_le_bytes()[..],
            "has a header that does not match its checksum",
        ),
    ] {
        let disk = SimulatedDisk::default();
        drop(written(disk.clone(), SEGMENT_BYTES, &batches()));
        let last = disk.list().unwrap().pop().unwrap();
        let mut file = disk.open(&last).unwrap();
        file.write_at(at, what).unwrap();
        // Nor need its batches begin as ours do.
        file.write_at(64, b"OTHER").unwrap();
        let before = bytes_of(&disk, &last);
        for applied in [0, 7, 8] {
            let error = Log::open(disk.clone(), options(SEGMENT_BYTES), applied).unwrap_err();
            assert_eq!(error.to_string(), format!("{last}: {reason}"));
        }
        assert_eq!(bytes_of(&disk, &last), before);
    }
}
