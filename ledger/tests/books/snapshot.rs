//! The snapshot file: it gives back what was written, or says where it is not what was written.

use std::collections::BTreeMap;

use ledger::books::rows::Table;
use ledger::books::store::MemoryStore;
use ledger::books::{BookStore as _, load};
use ledger::identifiers::{ShardId, Timestamp};
use ledger::journal::disk::{Disk as _, DiskFile as _};
use ledger::journal::simulated::{Failure, SimulatedDisk};
use ledger::snapshot::SnapshotError;
use ledger::snapshot::files::{self, Taken};
use ledger::snapshot::read::Snapshot;

use crate::{batches, books, contents};

const WRITTEN: Timestamp = Timestamp(77);

fn take(store: &MemoryStore, disk: &SimulatedDisk, kept: usize) -> Result<Taken, SnapshotError> {
    files::take(store, ShardId(3), disk, kept, WRITTEN, &mut |_| true)
}

/// The bytes of a file.
fn bytes(disk: &SimulatedDisk, name: &str) -> Vec<u8> {
    let file = disk.open(name).unwrap();
    let mut bytes = vec![0; usize::try_from(file.length().unwrap()).unwrap()];
    assert_eq!(file.read_at(0, &mut bytes).unwrap(), bytes.len());
    bytes
}

/// A disk with one file.
fn disk_with(name: &str, bytes: &[u8]) -> SimulatedDisk {
    let disk = SimulatedDisk::default();
    disk.create(name, 0).unwrap().write_at(0, bytes).unwrap();
    disk
}

#[test]
fn a_snapshot_gives_back_every_row() {
    let batches = batches(60);
    let written = books(&batches, 1);
    let store = written.views().store();
    let disk = SimulatedDisk::default();
    let taken = take(store, &disk, 2).unwrap();
    let last = batches.len() as u64;
    assert_eq!(taken.file, files::name(last));
    assert_eq!((taken.header.from, taken.oldest), (last, last));
    assert_eq!(taken.header.written, WRITTEN);
    assert_eq!(taken.footer.through, load::progress(store).unwrap());

    // Only what was synced counts.
    let disk = disk.crashed(|| false);
    let snapshot = Snapshot::open(&disk, &taken.file).unwrap();
    assert_eq!(
        (snapshot.header, snapshot.footer, snapshot.bytes),
        (taken.header, taken.footer, taken.bytes)
    );
    let mut counted: BTreeMap<Table, u64> = BTreeMap::new();
    snapshot
        .rows(&mut |table, _, _| {
            *counted.entry(table).or_default() += 1;
            Ok(())
        })
        .unwrap();
    for table in Table::ROWS {
        assert_eq!(
            counted.get(&table).copied().unwrap_or(0),
            contents(store).of(table).rows
        );
    }
    let loaded = MemoryStore::default();
    assert_eq!(snapshot.load_into(&loaded).unwrap(), contents(store));
    let loaded = loaded.crashed(|| false);
    for table in Table::ROWS {
        let (left, right) = (
            loaded.page(table, None, usize::MAX),
            store.page(table, None, usize::MAX),
        );
        assert_eq!(left.unwrap(), right.unwrap());
    }
    assert_eq!(
        load::progress(&loaded).unwrap(),
        load::progress(store).unwrap()
    );
}

#[test]
fn empty_books_have_a_snapshot() {
    let disk = SimulatedDisk::default();
    let taken = take(&MemoryStore::default(), &disk, 1).unwrap();
    let snapshot = Snapshot::open(&disk, &taken.file).unwrap();
    assert_eq!(snapshot.footer.rows, [0; Table::ROWS.len()]);
    assert_eq!(snapshot.header.shard, ShardId(3));
}

#[test]
fn every_flipped_byte_and_every_cut_is_noticed() {
    let written = books(&batches(6), 1);
    let disk = SimulatedDisk::default();
    let file = take(written.views().store(), &disk, 1).unwrap().file;
    let good = bytes(&disk, &file);
    assert!(Snapshot::open(&disk_with(&file, &good), &file).is_ok());
    let noticed = |bytes: &[u8], what: &str| match Snapshot::open(&disk_with(&file, bytes), &file) {
        Err(SnapshotError::Damaged {
            file: named,
            offset,
            ..
        }) => {
            assert_eq!(named, file);
            assert!(offset <= good.len() as u64, "{what}: {offset}");
        }
        other => panic!("{what}: {other:?}"),
    };
    for at in 0..good.len() {
        let mut damaged = good.clone();
        damaged[at] ^= 1 << (at % 8);
        noticed(&damaged, &format!("byte {at}"));
        noticed(&good[..at], &format!("cut at {at}"));
    }
    let mut longer = good.clone();
    longer.push(0);
    noticed(&longer, "a byte more");
}

/// A crash at any operation leaves the snapshots that were there, and the new one whole or not at all.
#[test]
fn a_crash_at_any_operation_leaves_whole_snapshots_only() {
    let batches = batches(30);
    let (first, second) = (books(&batches[..5], 1), books(&batches[..10], 1));
    let third = books(&batches, 1);
    let mut finished = false;
    for operations in 0.. {
        let disk = SimulatedDisk::default();
        take(first.views().store(), &disk, 2).unwrap();
        take(second.views().store(), &disk, 2).unwrap();
        let mut left = operations;
        disk.set_hook(move |operation| {
            if !operation.changes() {
                return None;
            }
            if left == 0 {
                return Some(Failure::Refused(std::io::ErrorKind::Other));
            }
            left -= 1;
            None
        });
        finished = take(third.views().store(), &disk, 2).is_ok();
        disk.remove_hook();
        for survival in [0, u64::MAX, 0xA5A5_A5A5_A5A5_A5A5, 0x3C3C_0FF0_1234_5678] {
            let mut bits: u64 = survival;
            let crashed = disk.crashed(|| {
                bits = bits.rotate_left(1);
                bits & 1 == 1
            });
            let whole = files::list(&crashed).unwrap();
            assert!(whole.len() >= 2, "after {operations} operations: {whole:?}");
            for (from, name) in &whole {
                let snapshot = Snapshot::open(&crashed, name).unwrap();
                assert_eq!(snapshot.header.from, *from);
            }
            // The next one cleans up.
            take(third.views().store(), &crashed, 2).unwrap();
            assert_eq!(files::list(&crashed).unwrap().len(), 2);
            assert_eq!(crashed.list().unwrap().len(), 2);
        }
        if finished {
            break;
        }
    }
    assert!(finished);
}

/// A full disk costs the new snapshot and nothing else.
#[test]
fn a_full_disk_keeps_the_old_snapshots() {
    let batches = batches(60);
    let (old, new) = (books(&batches[..5], 1), books(&batches, 1));
    let disk = SimulatedDisk::default();
    let kept = take(old.views().store(), &disk, 2).unwrap();
    disk.set_capacity(Some(kept.bytes + 4_096));
    let error = take(new.views().store(), &disk, 2).unwrap_err();
    assert!(matches!(error, SnapshotError::Io { .. }), "{error}");
    assert_eq!(disk.list().unwrap(), std::slice::from_ref(&kept.file));
    assert!(Snapshot::open(&disk, &kept.file).is_ok());
}
