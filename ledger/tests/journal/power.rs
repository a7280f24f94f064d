//! Power cuts at every operation, with any part of what was not synced on the disk.

use ledger::journal::Batch;
use ledger::journal::disk::Disk;
use ledger::journal::log::Log;
use ledger::journal::simulated::{Fault, SimulatedDisk};
use proptest::prelude::*;

use crate::disks::PowerDisk;
use crate::parts::{batch, check_chain, options, read_all};

/// Which sectors survive: none, all, or some, the same for the same seed.
pub(crate) fn survival(seed: u64) -> impl FnMut() -> bool {
    let mut state = seed;
    move || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        match seed % 4 {
            0 => false,
            1 => true,
            _ => state >> 63 == 1,
        }
    }
}

/// The appends of one life of the journal: sizes of records by batch by append.
type Appends = Vec<Vec<Vec<usize>>>;

fn batches_of(appends: &Appends, first: u64) -> Vec<Vec<Batch>> {
    let mut sequence = first;
    let mut made = |sizes: &Vec<usize>| {
        sequence += 1;
        batch(sequence - 1, sizes)
    };
    appends
        .iter()
        .map(|batches| batches.iter().map(&mut made).collect())
        .collect()
}

/// Opens and appends until all is done or the power goes. Gives what was durable before.
fn live(disk: &PowerDisk, segment_bytes: u64, applied: u64, appends: &Appends) -> u64 {
    let Ok((mut log, _)) = Log::open(disk.disk.clone(), options(segment_bytes), applied) else {
        assert_eq!(disk.left(), 0, "opening fails for nothing but power");
        return applied;
    };
    for batches in batches_of(appends, log.next_sequence()) {
        match log.append(&batches) {
            Ok(durable) => assert_eq!(durable, log.durable()),
            Err(_) => {
                assert_eq!(disk.left(), 0, "appending fails for nothing but power");
                log.append(&batches).unwrap_err();
                return log.durable();
            }
        }
    }
    log.durable()
}

/// What a journal holds, after checking that it opens and is whole.
fn held(disk: &SimulatedDisk, segment_bytes: u64, applied: u64) -> Vec<Batch> {
    let opened = Log::open(disk.clone(), options(segment_bytes), applied);
    let (log, recovered) = opened.unwrap_or_else(|error| panic!("applied {applied}: {error}"));
    let last = recovered.last_sequence;
    assert_eq!((log.durable(), log.next_sequence()), (last, last + 1));
    check_chain_but_unfinished(disk, last);
    read_all(disk.clone(), 0, last)
}

fn check_chain_but_unfinished(disk: &SimulatedDisk, last: u64) {
    if disk.list().unwrap().is_empty() {
        assert_eq!(last, 0);
    } else {
        check_chain(disk, last);
    }
}

fn appends() -> impl Strategy<Value = Appends> {
    let sizes = prop::collection::vec(0_usize..700, 1..3);
    prop::collection::vec(prop::collection::vec(sizes, 1..4), 1..6)
}

const PLENTY: u64 = 1_000_000;

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_synced_batch_survives_any_power_cut(
        appends in appends(),
        segment_bytes in 600_u64..4000,
        seed in any::<u64>(),
        applied_share in 0_u64..=4,
    ) {
        let all: Vec<Batch> = batches_of(&appends, 1).into_iter().flatten().collect();
        let counting = PowerDisk::new(SimulatedDisk::default(), PLENTY);
        prop_assert_eq!(live(&counting, segment_bytes, 0, &appends), all.len() as u64);
        for operations in 0..PLENTY - counting.left() {
            let disk = PowerDisk::new(SimulatedDisk::default(), operations);
            let durable = live(&disk, segment_bytes, 0, &appends);
            let left = disk.disk.crashed(survival(seed ^ operations));
            // The books may be as far as the watermark was, at most.
            let held = held(&left, segment_bytes, durable * applied_share / 4);
            prop_assert!(held.len() as u64 >= durable, "{} of {durable} left", held.len());
            prop_assert_eq!(&held[..], &all[..held.len()]);
        }
    }

    #[test]
    fn a_power_cut_while_recovering_from_one_loses_nothing(
        first in appends(),
        second in appends(),
        segment_bytes in 600_u64..4000,
        cut in any::<prop::sample::Index>(),
        seed in any::<u64>(),
    ) {
        let counting = PowerDisk::new(SimulatedDisk::default(), PLENTY);
        live(&counting, segment_bytes, 0, &first);
        let operations = cut.index(usize::try_from(PLENTY - counting.left()).unwrap()) as u64;
        let disk = PowerDisk::new(SimulatedDisk::default(), operations);
        let durable = live(&disk, segment_bytes, 0, &first);
        for operations in 0..12 {
            let disk = PowerDisk::new(disk.disk.crashed(survival(seed)), operations);
            let durable = live(&disk, segment_bytes, durable, &second).max(durable);
            let left = disk.disk.crashed(survival(seed.rotate_left(7) ^ operations));
            prop_assert!(held(&left, segment_bytes, durable).len() as u64 >= durable);
        }
    }

    // A process that dies leaves in the system's cache what was written and not synced. The next one
    // reads it, calls it durable and answers from it: a power cut after that must not take it away.
    #[test]
    fn what_a_restart_finds_is_durable_from_then_on(
        appends in appends(),
        segment_bytes in 600_u64..4000,
        cut in any::<prop::sample::Index>(),
        seed in any::<u64>(),
    ) {
        let counting = PowerDisk::new(SimulatedDisk::default(), PLENTY);
        live(&counting, segment_bytes, 0, &appends);
        let operations = cut.index(usize::try_from(PLENTY - counting.left()).unwrap()) as u64;
        let disk = PowerDisk::new(SimulatedDisk::default(), operations);
        let durable = live(&disk, segment_bytes, 0, &appends);
        let found = held(&disk.powered(), segment_bytes, durable);
        let left = disk.disk.crashed(survival(seed));
        prop_assert_eq!(held(&left, segment_bytes, found.len() as u64), found);
    }
}

#[test]
fn a_failed_sync_stops_for_good_and_is_never_retried() {
    let disk = SimulatedDisk::default();
    let (mut log, _) = Log::open(disk.clone(), options(4096), 0).unwrap();
    log.append(&[batch(1, &[10])]).unwrap();
    let syncs = disk.syncs();
    disk.set_fault(Some(Fault::Sync));
    let end = 64 + batch(1, &[10]).stored_bytes();
    let error = log.append(&[batch(2, &[10])]).unwrap_err();
    assert_eq!(
        error.to_string(),
        format!("segment-00000000000000000001.journal: byte {end}: the simulated disk fails")
    );
    // The device is well again; what it made of the failed write is unknown all the same.
    disk.set_fault(None);
    for next in [2, 3] {
        let error = log.append(&[batch(next, &[10])]).unwrap_err();
        assert_eq!(error.to_string(), "an earlier write or sync failed");
    }
    assert_eq!((disk.syncs(), log.durable()), (syncs, 1));
    drop(log);
    let left = disk.crashed(|| false);
    assert_eq!(held(&left, 4096, 1), [batch(1, &[10])]);
    assert_eq!(left.list().unwrap().len(), 1);
}
