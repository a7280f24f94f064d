//! Totals of the journal that every build must read, and the ends of what is kept.

use std::path::Path;

use ledger::journal::cursor::Cursor;
use ledger::journal::disk::Directory;
use ledger::journal::readers::Readers;

use super::*;

const SHARD: ShardId = ShardId(0);

fn fixture() -> Directory {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../ledger/tests/fixtures/journal-v4");
    Directory::open(&path).unwrap()
}

fn batches() -> Vec<Batch> {
    let mut cursor = Cursor::after(fixture(), 0);
    let next = || cursor.next(u64::MAX).ok().flatten();
    std::iter::from_fn(next).collect()
}

/// A day for every other batch.
fn date_of(_: NetworkId, time: Timestamp) -> u16 {
    if time.0 % 2 == 0 { 1120 } else { 1121 }
}

fn counted(batches: &[Batch]) -> Totals {
    let mut totals = Totals::default();
    for batch in batches {
        totals.take(SHARD, batch, &date_of).unwrap();
    }
    totals
}

#[test]
fn a_batch_counts_once_however_often_it_is_read() {
    let batches = batches();
    let once = counted(&batches);
    assert!(!once.days.is_empty());
    assert_eq!(
        Some(once.sequence()),
        batches.last().map(|batch| batch.sequence)
    );
    let twice: Vec<Batch> = batches
        .iter()
        .flat_map(|batch| [batch.clone(), batch.clone()])
        .collect();
    assert_eq!(counted(&twice), once);
    // What was kept somewhere on the way goes on to the same.
    for at in 0..batches.len() {
        let (before, after) = batches.split_at(at);
        let text = serde_json::to_string(&counted(before)).unwrap();
        let mut totals: Totals = serde_json::from_str(&text).unwrap();
        for batch in before.iter().chain(after) {
            totals.take(SHARD, batch, &date_of).unwrap();
        }
        assert_eq!(totals, once, "kept after {at} batches");
    }
}

#[test]
fn days_of_each_network_are_kept_up_to_a_bound() {
    let mut totals = Totals::default();
    for network in [1, 2] {
        for date in 0..40 {
            totals.day_of(NetworkId(network), date).inquiries += 1;
            totals.day_of(NetworkId(network), date).inquiries += 1;
        }
    }
    assert_eq!(totals.days.len(), 2 * DAYS);
    assert_eq!(totals.day(NetworkId(1), 39).unwrap().inquiries, 2);
    assert_eq!(totals.day(NetworkId(1), 3), None);
}

#[test]
fn a_reader_goes_on_where_its_file_says() {
    let directory = tempfile::tempdir().unwrap();
    let last = counted(&batches()).sequence();
    let open =
        || TotalsReader::over(fixture(), directory.path(), SHARD, &Readers::default()).unwrap();
    let mut reader = open();
    for watermark in 0..=last {
        while reader.count(watermark, &date_of).unwrap() {}
        assert_eq!(reader.sequence(), watermark);
        assert_eq!(*reader.shared().reached().borrow(), watermark);
        if watermark % 3 == 0 {
            reader.save().unwrap();
        }
        if watermark % 4 == 0 {
            // Not all of it was kept.
            reader = open();
        }
    }
    while reader.count(last, &date_of).unwrap() {}
    assert_eq!(reader.shared().read(Totals::clone), counted(&batches()));
}

#[test]
fn what_the_journal_let_go_of_leaves_days_incomplete() {
    let mut totals = counted(&batches());
    totals.miss(totals.sequence() + 5);
    assert!(totals.days.iter().all(|day| day.incomplete));
}
