//! The emitter over a journal that let go of batches before they were read.

use std::path::{Path, PathBuf};

use ledger::identifiers::Timestamp;
use ledger::journal::log::{Log, LogOptions};
use ledger::journal::readers::ReaderStatus;
use ledger::journal::retainer::Retainer;
use ledger::journal::retention::Policy;
use ledger::journal::simulated::SimulatedDisk;
use serde_json::Value;

use super::*;

const SHARD: ShardId = ShardId(0);
const OPTIONS: LogOptions = LogOptions {
    shard: SHARD,
    segment_bytes: 256,
};

/// The records of the journal that every build must read, in segments so small that each batch has one.
fn journal() -> (SimulatedDisk, u64) {
    let fixture = Path::new(env!("CARGO_MANIFEST_DIR")).join("../ledger/tests/fixtures/journal-v1");
    let mut cursor = Cursor::after(Directory::open(&fixture).unwrap(), 0);
    let disk = SimulatedDisk::default();
    let (mut log, _) = Log::open(disk.clone(), OPTIONS, 0).unwrap();
    let last = 7;
    while let Some(batch) = cursor.next(last).unwrap() {
        log.append(&[batch]).unwrap();
    }
    assert_eq!(log.durable(), last);
    (disk, last)
}

struct Rig {
    disk: SimulatedDisk,
    last: u64,
    readers: Readers,
    directory: tempfile::TempDir,
}

impl Rig {
    fn new() -> Self {
        let (disk, last) = journal();
        Self {
            disk,
            last,
            readers: Readers::default(),
            directory: tempfile::tempdir().unwrap(),
        }
    }

    fn emitter(&self) -> Emitter<SimulatedDisk> {
        let files = EventFiles::open(self.directory.path(), 1 << 20).unwrap();
        Emitter::over(self.disk.clone(), files, SHARD, &self.readers)
    }

    /// Lets go of everything before a batch; gives the readers that were detached for it.
    fn let_go_before(&self, first: u64) -> Vec<String> {
        let pin = self.readers.pin("books", first - 1, Timestamp(0));
        let policy = Policy {
            retain_hours: 0,
            retain_bytes: 0,
            reader_lag_bytes: 0,
        };
        let mut retainer = Retainer::new(self.disk.clone(), self.readers.clone(), policy);
        let retained = retainer.run(now()).unwrap();
        assert_eq!(retained.oldest_sequence, Some(first));
        pin.leave();
        retained.detached
    }

    fn events(&self) -> Vec<Value> {
        let path: PathBuf = self.directory.path().join("events-000000.jsonl");
        let text = std::fs::read_to_string(path).unwrap();
        text.lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    }

    fn status(&self) -> ReaderStatus {
        self.readers.statuses().remove(0)
    }

    /// What an emitter writes that misses nothing.
    fn whole() -> Vec<Value> {
        let rig = Self::new();
        let mut emitter = rig.emitter();
        while emitter.emit(rig.last).unwrap() {}
        rig.events()
    }
}

/// The sequence in the id of an event, `shard-sequence-index`.
fn sequence(event: &Value) -> u64 {
    let id = event["id"].as_str().unwrap();
    id.split('-').nth(1).unwrap().parse().unwrap()
}

/// Checks that the events after `seen` begin with the gap up to `missing` and go on with those after it.
fn check_gap(events: &[Value], seen: u64, missing: u64) {
    let whole = Rig::whole();
    let of = |range: std::ops::RangeInclusive<u64>| {
        let in_range = whole
            .iter()
            .filter(|event| range.contains(&sequence(event)));
        in_range.cloned().collect::<Vec<_>>()
    };
    let before = of(1..=seen);
    assert_eq!(events[..before.len()], before);
    let gap = &events[before.len()];
    assert_eq!(gap["type"], "journal.gap");
    assert_eq!(gap["specversion"], "1.0");
    assert_eq!(gap["source"], "/switch/shards/0");
    assert_eq!(gap["id"], format!("0-{}-{missing}-gap", seen + 1));
    assert_eq!(gap["data"]["first_sequence"], seen + 1);
    assert_eq!(gap["data"]["last_sequence"], missing);
    assert_eq!(events[before.len() + 1..], of(missing + 1..=7));
    // It stands in the order of time, at the time of the first batch that is there.
    let after = of(missing + 1..=missing + 1);
    assert!(after.iter().all(|event| event["time"] == gap["time"]));
}

#[test]
fn a_detached_emitter_says_what_is_missing_and_goes_on_with_the_oldest_batch() {
    let rig = Rig::new();
    let mut emitter = rig.emitter();
    for _ in 0..4 {
        assert!(emitter.emit(rig.last).unwrap());
    }
    emitter.save().unwrap();
    assert_eq!(rig.status().seen, 4);
    assert_eq!(rig.let_go_before(7), ["events"]);
    assert!(!rig.status().attached);
    while emitter.emit(rig.last).unwrap() {}
    emitter.save().unwrap();
    check_gap(&rig.events(), 4, 6);
    assert_eq!(emitter.sequence(), rig.last);
    let status = rig.status();
    assert!(status.attached);
    assert_eq!(status.seen, rig.last);
}

#[test]
fn a_gap_that_was_cut_off_by_a_crash_is_written_again_once_and_the_same() {
    let rig = Rig::new();
    let mut emitter = rig.emitter();
    emitter.emit(rig.last).unwrap();
    emitter.save().unwrap();
    rig.let_go_before(5);
    emitter.emit(rig.last).unwrap();
    emitter.emit(rig.last).unwrap();
    let before = rig.events();
    drop(emitter);
    // The process ends after the gap was saved and before the event after it was.
    let mut emitter = rig.emitter();
    while emitter.emit(rig.last).unwrap() {}
    emitter.save().unwrap();
    let after = rig.events();
    assert_eq!(after[..before.len()], before);
    check_gap(&after, 1, 4);
}

#[test]
fn an_emitter_whose_place_is_gone_at_its_start_says_so() {
    let rig = Rig::new();
    rig.let_go_before(6);
    let mut emitter = rig.emitter();
    while emitter.emit(rig.last).unwrap() {}
    check_gap(&rig.events(), 0, 5);
}

#[test]
fn a_detached_emitter_whose_place_is_still_held_misses_nothing() {
    let rig = Rig::new();
    let mut emitter = rig.emitter();
    emitter.emit(rig.last).unwrap();
    emitter.save().unwrap();
    assert_eq!(rig.let_go_before(2), Vec::<String>::new());
    emitter.emit(rig.last).unwrap();
    // Detached for batch 2, which it had read and not saved.
    assert_eq!(rig.let_go_before(3), ["events"]);
    while emitter.emit(rig.last).unwrap() {}
    emitter.save().unwrap();
    assert_eq!(rig.events(), Rig::whole());
    assert!(rig.status().attached);
}

#[test]
fn nothing_is_said_before_the_batch_after_the_gap_is_durable() {
    let rig = Rig::new();
    let mut emitter = rig.emitter();
    rig.let_go_before(6);
    assert!(!emitter.emit(5).unwrap());
    assert!(rig.events().is_empty());
    assert!(emitter.emit(6).unwrap());
    assert_eq!(rig.events()[0]["type"], "journal.gap");
}
