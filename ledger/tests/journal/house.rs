//! Whole lives of a journal under power cuts at every operation: appends, segments prepared and taken,
//! pins that move, retention, clean ends and new starts. A batch that a pin needs is never lost.

use ledger::identifiers::Timestamp;
use ledger::journal::Batch;
use ledger::journal::cursor::{Cursor, CursorError, oldest_held};
use ledger::journal::disk::Disk as _;
use ledger::journal::log::Log;
use ledger::journal::readers::{Reader, Readers};
use ledger::journal::retainer::Retainer;
use ledger::journal::retention::Policy;
use ledger::journal::signal::Signal;
use ledger::journal::simulated::SimulatedDisk;
use proptest::prelude::*;

use crate::disks::PowerDisk;
use crate::parts::{batch, check_segments, options, read_all};
use crate::power::survival;

const SEGMENT_BYTES: u64 = 1500;

/// One thing that happens in a life.
#[derive(Clone, Debug)]
enum Event {
    /// Batches of these sizes are committed together.
    Append(Vec<usize>),
    /// The preparer takes so many steps.
    Prepare(u8),
    /// The pin moves by so many batches, as far as what is durable.
    Pin(u8),
    /// The detachable reader reads so many batches.
    Read(u8),
    /// Retention runs.
    Retain,
    /// The journal is closed and opened again.
    Restart,
}

fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        4 => prop::collection::vec(0_usize..600, 1..4).prop_map(Event::Append),
        3 => (1_u8..5).prop_map(Event::Prepare),
        2 => (1_u8..9).prop_map(Event::Pin),
        1 => (1_u8..9).prop_map(Event::Read),
        2 => Just(Event::Retain),
        1 => Just(Event::Restart),
    ]
}

fn policy() -> impl Strategy<Value = Policy> {
    (0_u64..2, 0_u64..9000, 0_u64..9000).prop_map(|(hours, retain_bytes, reader_lag_bytes)| {
        Policy {
            retain_hours: hours,
            retain_bytes,
            reader_lag_bytes,
        }
    })
}

/// Every batch that a life submits: its content follows from its sequence.
fn content(sequence: u64, size: usize) -> Batch {
    batch(sequence, &[size])
}

/// What must outlive a crash.
#[derive(Clone, Debug, Default)]
struct Promised {
    /// The batches that were submitted, from 1 on.
    submitted: Vec<Batch>,
    durable: u64,
    pinned: u64,
}

struct House {
    readers: Readers,
    pin: Reader,
    events: Reader,
}

/// Lives through the events until they end or the power does.
fn live(disk: &PowerDisk, events: &[Event], policy: Policy, promised: &mut Promised) -> Option<()> {
    let mut events = events.iter();
    loop {
        let (log, recovered) =
            Log::open(disk.disk.clone(), options(SEGMENT_BYTES), promised.pinned).ok()?;
        promised.durable = promised.durable.max(recovered.last_sequence);
        promised
            .submitted
            .truncate(usize::try_from(recovered.last_sequence).unwrap());
        let readers = Readers::default();
        let house = House {
            pin: readers.pin("books", promised.pinned, Timestamp(0)),
            events: readers.detachable("events", promised.pinned, Timestamp(0)),
            readers,
        };
        if !life(disk, log, &house, &mut events, policy, promised)? {
            return Some(());
        }
    }
}

/// One life; whether it ended with a restart. `None` when the power went.
fn life(
    disk: &PowerDisk,
    mut log: Log<SimulatedDisk>,
    house: &House,
    events: &mut std::slice::Iter<'_, Event>,
    policy: Policy,
    promised: &mut Promised,
) -> Option<bool> {
    let mut preparer = log.preparer(400, &Signal::default());
    let mut retainer = Retainer::new(disk.disk.clone(), house.readers.clone(), policy);
    let mut cursor = Cursor::after(disk.disk.clone(), house.events.seen());
    for event in events {
        match event {
            Event::Append(sizes) => {
                let first = log.next_sequence();
                let batches: Vec<_> = (first..)
                    .zip(sizes)
                    .map(|(sequence, size)| content(sequence, *size))
                    .collect();
                promised.submitted.extend(batches.clone());
                promised.durable = log.append(&batches).ok()?;
            }
            Event::Prepare(steps) => {
                for _ in 0..*steps {
                    preparer.step().ok()?;
                }
            }
            Event::Pin(batches) => {
                let pinned = (promised.pinned + u64::from(*batches)).min(promised.durable);
                promised.pinned = pinned;
                house.pin.saw(pinned);
            }
            Event::Read(batches) => {
                if house.events.is_detached() {
                    let oldest = oldest_held(&disk.disk).unwrap().unwrap();
                    let seen = house.events.seen().max(oldest - 1);
                    cursor = Cursor::after(disk.disk.clone(), seen);
                    house.events.attach(seen, Timestamp(1));
                }
                for _ in 0..*batches {
                    match cursor.next(promised.durable) {
                        Ok(Some(batch)) => {
                            let place = usize::try_from(batch.sequence).unwrap() - 1;
                            assert_eq!(batch, promised.submitted[place]);
                            house.events.saw(batch.sequence);
                        }
                        Ok(None) => break,
                        // Only somebody who was detached misses anything.
                        Err(CursorError::Gone { .. }) => panic!("an attached reader was passed"),
                        Err(error) => panic!("{error}"),
                    }
                }
            }
            Event::Retain => {
                let hours = i64::try_from(promised.durable).unwrap() / 8;
                let now = Timestamp(hours * 3_600_000_000);
                let retained = retainer.run(now).ok()?;
                let needed = promised.pinned + 1;
                assert!(
                    retained
                        .oldest_sequence
                        .is_none_or(|oldest| oldest <= needed)
                );
            }
            Event::Restart => {
                log.close().ok()?;
                return Some(true);
            }
        }
    }
    Some(false)
}

/// What a crash left must open for the pin, hold everything durable after it, and nothing else.
fn check(left: &SimulatedDisk, promised: &Promised) {
    let opened = Log::open(left.clone(), options(SEGMENT_BYTES), promised.pinned);
    let (log, recovered) = opened.unwrap_or_else(|error| panic!("{error}: {promised:?}"));
    drop(log);
    let last = recovered.last_sequence;
    assert!(last >= promised.durable, "{last} of {promised:?}");
    let held = read_all(left.clone(), promised.pinned, last);
    let from = usize::try_from(promised.pinned).unwrap();
    assert_eq!(
        held[..],
        promised.submitted[from..usize::try_from(last).unwrap()]
    );
    if let Some(oldest) = oldest_held(left).unwrap() {
        assert!(oldest <= promised.pinned + 1);
        check_segments(left, oldest, last);
    }
    for name in left.list().unwrap() {
        assert!(!name.ends_with(".partial"), "{name} is left");
    }
}

const PLENTY: u64 = 1_000_000;

proptest! {
    #![proptest_config(ProptestConfig { cases: 32, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_power_cut_at_any_operation_of_any_life_takes_nothing_that_is_needed(
        events in prop::collection::vec(event(), 4..24),
        policy in policy(),
        seed in any::<u64>(),
    ) {
        let disk = PowerDisk::new(SimulatedDisk::default(), PLENTY);
        let mut promised = Promised::default();
        live(&disk, &events, policy, &mut promised).unwrap();
        check(&disk.powered(), &promised);
        for operations in 0..PLENTY - disk.left() {
            let disk = PowerDisk::new(SimulatedDisk::default(), operations);
            let mut promised = Promised::default();
            prop_assert_eq!(live(&disk, &events, policy, &mut promised), None);
            let left = disk.disk.crashed(survival(seed ^ operations));
            check(&left, &promised);
            // Life goes on from there, whatever there is.
            let again = PowerDisk::new(left, PLENTY);
            let mut later = promised.clone();
            prop_assert_eq!(live(&again, &events, policy, &mut later), Some(()));
            check(&again.powered(), &later);
            for whole in 0..=disk.disk.unsynced() {
                check(&disk.disk.crashed_prefix(whole, usize::try_from(seed % 4).unwrap()), &promised);
            }
            // A process that dies finds all of it, and a power cut after that takes nothing away.
            let left = disk.powered();
            check(&left, &promised);
            let found = Log::open(left.clone(), options(SEGMENT_BYTES), promised.pinned).unwrap().1;
            promised.durable = found.last_sequence;
            check(&left.crashed(survival(seed.rotate_left(9) ^ operations)), &promised);
        }
    }
}
