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
            let time = Timestamp(i64::from(date));
            let date_of: DateOf<'_> = &|_, _| date;
            totals.day_of(NetworkId(network), time, date_of).inquiries += 1;
            totals.day_of(NetworkId(network), time, date_of).inquiries += 1;
        }
    }
    assert_eq!(totals.days.len(), 2 * DAYS);
    assert_eq!(totals.day(NetworkId(1), 39).inquiries, 2);
    assert_eq!(totals.day(NetworkId(1), 3).inquiries, 0);
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
fn what_the_journal_let_go_of_leaves_the_days_that_had_begun_incomplete() {
    let batches = batches();
    let (first, last) = (batches.first().unwrap(), batches.last().unwrap());
    // Days begin at these times; what is missed ends with the batch that is taken after it.
    let day_at = |begins: &'static [(i64, u16)], missed: bool, date: u16| {
        let date_of = move |_: NetworkId, time: Timestamp| {
            let begun = begins.iter().rev().find(|(begin, _)| *begin <= time.0);
            begun.map_or(1, |(_, date)| *date)
        };
        let mut totals = Totals::default();
        for time in [10, 20] {
            totals
                .day_of(NetworkId(1), Timestamp(time), &date_of)
                .inquiries += 1;
        }
        if missed {
            totals.miss(first.sequence);
            let mut batch = last.clone();
            batch.time = Timestamp(30);
            totals.take(SHARD, &batch, &date_of).unwrap();
        }
        totals
            .day_of(NetworkId(1), Timestamp(40), &date_of)
            .inquiries += 1;
        totals.day(NetworkId(1), date).incomplete
    };
    const DAYS: &[(i64, u16)] = &[(0, 1), (15, 2), (25, 3), (35, 4)];
    for (date, incomplete) in [(1, false), (2, true), (3, true), (4, false), (9, true)] {
        assert_eq!(day_at(DAYS, true, date), incomplete, "day {date}");
        assert!(!day_at(DAYS, false, date), "nothing missed, day {date}");
    }
    // The same day goes on behind what was missed.
    assert!(day_at(&[(0, 7)], true, 7));
}

/// What was kept before transfers and fees were.
#[test]
fn totals_without_transfers_and_fees_are_read() {
    let sum = json!({ "count": 1, "minor": 5 });
    let kept = json!({
        "sequence": 7, "missed": false, "missed_until": null,
        "days": [{
            "network": 1, "date": 1121, "incomplete": false, "authorizations": 1, "inquiries": 0,
            "sums": { "840": { "credits": sum, "credit_reversals": sum, "debits": sum, "debit_reversals": sum } },
        }],
    });
    let totals: Totals = serde_json::from_value(kept).unwrap();
    let day = totals.day(NetworkId(1), 1121);
    assert_eq!(
        (day.transfers, day.sums(None).unwrap().debits.minor),
        (0, 5)
    );
}
