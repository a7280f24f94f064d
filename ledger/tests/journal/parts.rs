//! What the tests of the journal share: made-up batches, and a reader of segment files that shares no
//! code with the journal, written after the layout that its documentation tells.

use std::io::Read;

use ledger::identifiers::{ShardId, Timestamp};
use ledger::journal::Batch;
use ledger::journal::cursor::Cursor;
use ledger::journal::disk::{Disk, DiskFile};
use ledger::journal::log::{Log, LogOptions, Recovered, SEGMENT_HEADER_BYTES};
use sha2::{Digest, Sha256};

/// A journal of shard 0 with segments of so many bytes.
pub(crate) fn options(segment_bytes: u64) -> LogOptions {
    LogOptions {
        shard: ShardId(0),
        segment_bytes,
    }
}

/// A batch whose content follows from its sequence and the sizes of its records.
pub(crate) fn batch(sequence: u64, sizes: &[usize]) -> Batch {
    let time = i64::try_from(sequence).unwrap() * 1_000_000;
    let mut batch = Batch::new(sequence, Timestamp(time));
    for size in sizes {
        let byte = u8::try_from((sequence * 7 + *size as u64) % 251).unwrap() + 1;
        batch.push(200, 1, &vec![byte; *size]).unwrap();
    }
    batch
}

/// Opens a journal and appends each batch with a sync of its own.
pub(crate) fn written<D: Disk>(disk: D, segment_bytes: u64, batches: &[Batch]) -> Log<D> {
    let (mut log, recovered) = Log::open(disk, options(segment_bytes), 0).unwrap();
    assert_eq!(recovered, Recovered::default());
    for batch in batches {
        assert_eq!(
            log.append(std::slice::from_ref(batch)).unwrap(),
            batch.sequence
        );
    }
    log
}

/// Every batch from the one after `seen` up to `watermark`.
pub(crate) fn read_all<D: Disk>(disk: D, seen: u64, watermark: u64) -> Vec<Batch> {
    let mut cursor = Cursor::after(disk, seen);
    let mut read = Vec::new();
    while let Some(batch) = cursor.next(watermark).unwrap() {
        read.push(batch);
    }
    assert_eq!(cursor.seen(), watermark.max(seen));
    read
}

/// The bytes of a file.
pub(crate) fn bytes_of<D: Disk>(disk: &D, name: &str) -> Vec<u8> {
    let file = disk.open(name).unwrap();
    let mut bytes = vec![0; usize::try_from(file.length().unwrap()).unwrap()];
    assert_eq!(file.read_at(0, &mut bytes).unwrap(), bytes.len());
    bytes
}

/// Where a batch stands in its segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) sequence: u64,
    pub(crate) start: usize,
    /// End of the payload.
    pub(crate) end: usize,
    /// Start of what follows.
    pub(crate) next: usize,
}

/// Follows the batches of a segment by the documented layout and checks their chain from the segment's
/// own header on; gives their places, the chain hash before the first and after the last.
pub(crate) fn walk(bytes: &[u8]) -> (Vec<Place>, [u8; 32], [u8; 32]) {
    let mut header = bytes;
    assert_eq!(take::<8>(&mut header), *b"ISOJRNL1");
    assert_eq!(u32::from_le_bytes(take(&mut header)), 1, "format version");
    assert_eq!(u16::from_le_bytes(take(&mut header)), 0, "shard");
    take::<2>(&mut header);
    let mut sequence = u64::from_le_bytes(take(&mut header));
    let before: [u8; 32] = take(&mut header);
    let (mut chain, mut places, mut start) = (before, Vec::new(), SEGMENT_HEADER_BYTES);
    while bytes.get(start..start + 4) == Some(b"BTCH") {
        let mut header = &bytes[start + 4..];
        let length = usize::try_from(u32::from_le_bytes(take(&mut header))).unwrap();
        assert_eq!(u64::from_le_bytes(take(&mut header)), sequence);
        take::<8>(&mut header);
        let time: [u8; 8] = take(&mut header);
        take::<8>(&mut header);
        let after: [u8; 32] = take(&mut header);
        let (payload, end) = (start + 96, start + 96 + length);
        let mut hash = Sha256::new();
        hash.update(chain);
        hash.update(sequence.to_le_bytes());
        hash.update(time);
        hash.update(&bytes[payload..end]);
        chain = hash.finalize().into();
        assert_eq!(
            chain, after,
            "batch {sequence} is not chained to the one before"
        );
        let next = end.next_multiple_of(8);
        places.push(Place {
            sequence,
            start,
            end,
            next,
        });
        (start, sequence) = (next, sequence + 1);
    }
    (places, before, chain)
}

fn take<const N: usize>(bytes: &mut &[u8]) -> [u8; N] {
    let mut taken = [0; N];
    bytes.read_exact(&mut taken).unwrap();
    taken
}

/// Checks that the segments of a journal are chained from the first to the last batch and hold the
/// batches from 1 to `last`.
pub(crate) fn check_chain<D: Disk>(disk: &D, last: u64) {
    let first = disk.list().unwrap().remove(0);
    assert_eq!(walk(&bytes_of(disk, &first)).1, [0; 32]);
    check_segments(disk, 1, last);
}

/// The same from a later batch on, which begins a segment.
pub(crate) fn check_segments<D: Disk>(disk: &D, first: u64, last: u64) {
    let (mut chain, mut expected) = (None, first);
    let names = disk.list().unwrap();
    for name in names.iter().filter(|name| name.starts_with("segment-")) {
        let (places, before, after) = walk(&bytes_of(disk, name));
        let chained = chain.is_none_or(|chain| chain == before);
        assert!(chained, "{name} is not chained to the segment before");
        for place in places {
            assert_eq!(place.sequence, expected, "{name}");
            expected += 1;
        }
        chain = Some(after);
    }
    assert_eq!(expected, last + 1, "the segments end early or late");
}
