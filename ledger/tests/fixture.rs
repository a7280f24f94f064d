//! The journals of every format, as they were written once: `fixtures/journal-v1` and so on. Every kind of
//! record ever written stays readable, so these bytes must be read to these values for ever, and the values
//! of the newest must give its bytes as long as no new version of a layout is made.
//!
//! When this fails, a layout was changed without a new version. A fixture is not written anew for that:
//! a new version gets a fixture of its own, and those before it stay.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that panics has failed"
)]

#[path = "fixture/authorizations_2.rs"]
mod authorizations_2;
#[path = "fixture/entities_2.rs"]
mod entities_2;
#[path = "fixture/operations_2.rs"]
mod operations_2;
#[path = "fixture/parts.rs"]
mod parts;
#[path = "fixture/reversals_2.rs"]
mod reversals_2;
#[path = "fixture/version_1.rs"]
mod version_1;
#[path = "fixture/version_2.rs"]
mod version_2;
#[path = "fixture/version_3.rs"]
mod version_3;
#[path = "fixture/version_4.rs"]
mod version_4;
#[path = "fixture/version_5.rs"]
mod version_5;
#[path = "fixture/version_6.rs"]
mod version_6;
#[path = "fixture/version_7.rs"]
mod version_7;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use ledger::Record;
use ledger::authorization::{ClearingResult, Decision, ReversalResult};
use ledger::identifiers::{ShardId, Timestamp};
use ledger::journal::batch::RawRecord;
use ledger::journal::cursor::Cursor;
use ledger::journal::disk::{Directory, Disk as _};
use ledger::journal::log::{Log, LogOptions, Recovered};
use ledger::operation::OperationEffect;
use ledger::record::RecordError;
use parts::encode;

const OPTIONS: LogOptions = LogOptions {
    shard: ShardId(0),
    segment_bytes: 16 * 1024,
};
/// Set to write the fixture; only where there is none.
const WRITE: &str = "LEDGER_WRITE_FIXTURE";

/// Batches with their times.
type Batches = Vec<(Timestamp, Vec<Record>)>;

/// The directory of a version's fixture.
fn fixture(version: u8) -> PathBuf {
    let name = format!("tests/fixtures/journal-v{version}");
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

/// What the fixture of each version is read to; the last is the one that this build writes.
fn versions() -> [(u8, Batches); 7] {
    [
        (1, version_1::batches()),
        (2, version_2::batches()),
        (3, version_3::batches()),
        (4, version_4::batches()),
        (5, version_5::batches()),
        (6, version_6::batches()),
        (7, version_7::batches()),
    ]
}

/// The version that this build writes.
const NEWEST: u8 = 7;

/// Writes the journal of the newest fixture, every batch with a sync of its own.
fn write(directory: &Path) {
    let (mut log, recovered) = Log::open(Directory::open(directory).unwrap(), OPTIONS, 0).unwrap();
    assert_eq!(recovered, Recovered::default());
    for (sequence, (time, records)) in (1..).zip(version_7::batches()) {
        assert_eq!(
            log.append(&[encode(sequence, time, &records)]).unwrap(),
            sequence
        );
    }
}

/// Names and bytes of the files of a directory.
fn files(directory: &Path) -> Vec<(String, Vec<u8>)> {
    let names = Directory::open(directory).unwrap().list().unwrap();
    let read = |name: String| {
        let bytes = std::fs::read(directory.join(&name)).unwrap();
        (name, bytes)
    };
    names.into_iter().map(read).collect()
}

#[test]
#[ignore = "writes the fixture, once for every format; needs LEDGER_WRITE_FIXTURE"]
fn write_the_fixture() {
    assert!(
        std::env::var_os(WRITE).is_some(),
        "set {WRITE} to write {}",
        fixture(NEWEST).display()
    );
    std::fs::create_dir_all(fixture(NEWEST)).unwrap();
    assert!(
        files(&fixture(NEWEST)).is_empty(),
        "{} is there already",
        fixture(NEWEST).display()
    );
    write(&fixture(NEWEST));
}

/// A copy of the fixture: opening a journal may write.
fn copy(version: u8) -> tempfile::TempDir {
    let directory = tempfile::tempdir().unwrap();
    for (name, bytes) in files(&fixture(version)) {
        std::fs::write(directory.path().join(name), bytes).unwrap();
    }
    directory
}

#[test]
fn every_fixture_is_read_to_its_values() {
    for (version, expected) in versions() {
        let directory = copy(version);
        let disk = Directory::open(directory.path()).unwrap();
        let last_sequence = expected.len() as u64;
        let (_, recovered) = Log::open(disk.clone(), OPTIONS, last_sequence).unwrap();
        assert_eq!(
            recovered,
            Recovered {
                last_sequence,
                cut_bytes: 0
            }
        );
        let mut cursor = Cursor::after(disk, 0);
        for (sequence, (time, records)) in (1..).zip(expected) {
            let batch = cursor.next(last_sequence).unwrap().unwrap();
            assert_eq!((batch.sequence, batch.time), (sequence, time));
            let read: Vec<_> = batch
                .records()
                .map(|raw| Record::decode(&raw).unwrap())
                .collect();
            assert_eq!(read, records, "version {version}, batch {sequence}");
            // Older versions are read; what is written is the newest.
            assert!(
                version < NEWEST || encode(sequence, time, &read) == batch,
                "batch {sequence} gives other bytes"
            );
        }
        assert!(cursor.next(last_sequence).unwrap().is_none());
    }
}

#[test]
fn the_same_records_give_the_bytes_of_the_newest_fixture() {
    let directory = tempfile::tempdir().unwrap();
    write(directory.path());
    let (written, committed) = (files(directory.path()), files(&fixture(NEWEST)));
    let names = |files: &[(String, Vec<u8>)]| files.iter().map(|f| f.0.clone()).collect::<Vec<_>>();
    assert_eq!(names(&written), names(&committed));
    for ((name, written), (_, committed)) in written.iter().zip(&committed) {
        let differs = written
            .iter()
            .zip(committed)
            .position(|(left, right)| left != right);
        assert_eq!(differs, None, "{name}: first byte that differs");
        assert_eq!(written.len(), committed.len(), "{name}");
    }
}

/// Names the kind of a record. A new kind or variant does not compile here: it needs a place in a
/// fixture.
fn variant(record: &Record) -> &'static str {
    match record {
        Record::CustomerCreated(_) => "customer created",
        Record::AccountOpened(_) => "account opened",
        Record::CardIssued(_) => "card issued",
        Record::AuthorizationDecided(decided) => match decided.decision {
            Decision::Approved(_) => "approved",
            Decision::Declined(_) => "declined",
            Decision::Completed(_) => "completed",
        },
        Record::ReversalDecided(decided) => match decided.result {
            ReversalResult::Reversed => "reversed",
            ReversalResult::NoEffect => "no effect",
            ReversalResult::UnknownOriginal => "unknown original",
            ReversalResult::AmountMismatch => "amount mismatch",
            ReversalResult::MatchConflict => "match conflict",
            ReversalResult::Restored => "restored",
        },
        Record::HoldDropped(_) => "hold dropped",
        Record::ResponseAcknowledged(_) => "response acknowledged",
        Record::FileActionDecided(_) => "file action",
        Record::HistoryPurged(_) => "history purged",
        Record::TransactionPosted(_) => "transaction posted",
        Record::OperationDone(done) => match done.effect {
            OperationEffect::Moved => "moved",
            OperationEffect::Forced(_) => "forced",
            OperationEffect::Canceled(_) => "canceled",
            OperationEffect::Granted { .. } => "granted",
            OperationEffect::AccountStatus { .. } => "account status",
            OperationEffect::Holder(_) => "holder",
            OperationEffect::CardStatus { .. } => "card status",
            OperationEffect::CardModes { .. } => "card modes",
            OperationEffect::Control { .. } => "control",
            OperationEffect::AvailableLimit { .. } => "available limit",
            OperationEffect::LimitRefunded { .. } => "limit refunded",
            OperationEffect::ClearingSettled(_) => "clearing settled",
            OperationEffect::TransferSent(_) => "transfer sent",
            OperationEffect::TransferReceived(_) => "transfer received",
            OperationEffect::TransferRefused(_) => "transfer refused",
            OperationEffect::TransferSettled(_) => "transfer settled",
            OperationEffect::PurgeOrdered => "purge ordered",
        },
        Record::ClearingDecided(decided) => match decided.result {
            ClearingResult::Posted(_) => "clearing posted",
            ClearingResult::Held => "clearing held",
            ClearingResult::Rejected => "clearing rejected",
        },
    }
}

#[test]
fn the_newest_fixture_holds_every_kind_and_variant() {
    let batches = version_7::batches();
    let records = || batches.iter().flat_map(|(_, records)| records);
    let variants: BTreeSet<_> = records().map(variant).collect();
    assert_eq!(variants.len(), 37, "{variants:?}");
    let mut reasons = BTreeSet::new();
    for record in records() {
        if let Record::AuthorizationDecided(decided) = record
            && let Decision::Declined(reason) = decided.decision
        {
            reasons.insert(reason);
        }
    }
    assert_eq!(reasons, rules::Reason::ALL.into(), "{reasons:?}");
}

#[test]
fn kinds_and_versions_are_those_of_the_format() {
    let expected = [
        (1, 2),
        (2, 2),
        (3, 2),
        (10, 5),
        (10, 5),
        (11, 4),
        (12, 2),
        (13, 1),
        (14, 2),
        (30, 3),
        (20, 2),
        (30, 3),
        (15, 2),
        (30, 3),
        (10, 5),
        (30, 3),
        (31, 1),
        (10, 5),
        (20, 2),
        (30, 3),
        (10, 5),
        (11, 4),
        (14, 2),
    ];
    assert_eq!(version_7::batches().len(), expected.len());
    for ((sequence, (time, records)), layout) in (1..).zip(version_7::batches()).zip(expected) {
        for raw in encode(sequence, time, &records).records() {
            assert_eq!((raw.kind, raw.version), layout, "batch {sequence}");
        }
    }
}

#[test]
fn what_another_build_wrote_is_refused() {
    let (_, records) = version_7::batches().remove(0);
    let batch = encode(1, Timestamp(0), &records);
    let raw = batch.records().next().unwrap();
    for (kind, version) in [(raw.kind, 3), (raw.kind, 0), (4, 1), (0, 1), (255, 1)] {
        let unknown = Record::decode(&RawRecord {
            kind,
            version,
            ..raw
        });
        assert_eq!(unknown, Err(RecordError::Unknown { kind, version }));
    }
    let longer = [raw.payload, &[0]].concat();
    for payload in [&longer, &raw.payload[1..], &[]] {
        let wrong = Record::decode(&RawRecord { payload, ..raw });
        assert!(
            matches!(
                wrong,
                Err(RecordError::Layout {
                    kind: 1,
                    version: 2,
                    ..
                })
            ),
            "{wrong:?}"
        );
    }
}
