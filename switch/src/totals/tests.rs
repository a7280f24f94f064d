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
fn date_of(_: NetworkId, time: Timestamp) -> BusinessDate {
    BusinessDate(if time.0 % 2 == 0 { 1120 } else { 1121 })
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
            let date_of: DateOf<'_> = &|_, _| BusinessDate(date);
            for said in [None, Some(BusinessDate(date))] {
                let said = (NetworkId(network), said);
                totals.day_of(said, time, date_of).inquiries += 1;
            }
        }
    }
    assert_eq!(totals.days.len(), 2 * DAYS);
    assert_eq!(totals.day(NetworkId(1), BusinessDate(39)).inquiries, 2);
    assert_eq!(totals.day(NetworkId(1), BusinessDate(3)).inquiries, 0);
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
    // Days begin at these minutes; what is missed ends with the batch that is taken after it.
    let day_at = |begins: &'static [(i64, u16)], missed: bool, date: u16| {
        let date_of = move |_: NetworkId, time: Timestamp| {
            let mut latest_first = begins.iter().rev();
            let begun = latest_first.find(|(begin, _)| minutes(*begin) <= time);
            BusinessDate(begun.map_or(1, |(_, date)| *date))
        };
        let mut totals = Totals::default();
        for time in [10, 16, 20] {
            let said = (NetworkId(1), None);
            totals.day_of(said, minutes(time), &date_of).inquiries += 1;
            totals.time = minutes(time);
        }
        if missed {
            totals.miss(first.sequence);
            let mut batch = last.clone();
            batch.time = minutes(30);
            totals.take(SHARD, &batch, &date_of).unwrap();
        }
        let said = (NetworkId(1), None);
        totals.day_of(said, minutes(40), &date_of).inquiries += 1;
        totals.day(NetworkId(1), BusinessDate(date)).incomplete
    };
    const DAYS: &[(i64, u16)] = &[(0, 1), (15, 2), (25, 3), (35, 4)];
    for (date, incomplete) in [(1, false), (2, true), (3, true), (4, false), (9, true)] {
        assert_eq!(day_at(DAYS, true, date), incomplete, "day {date}");
        assert!(!day_at(DAYS, false, date), "nothing missed, day {date}");
    }
    // The same day goes on behind what was missed.
    assert!(day_at(&[(0, 7)], true, 7));
}

fn minutes(minutes: i64) -> Timestamp {
    Timestamp(minutes * 60_000_000)
}

/// Counts inquiries of a network as (day, microseconds), and gives them by day in the order of the days.
fn inquiries(said: &[(u16, i64)]) -> Vec<(u16, i64)> {
    let mut totals = Totals::default();
    for (date, time) in said {
        let said = (NetworkId(1), Some(BusinessDate(*date)));
        let day = totals.day_of(said, Timestamp(*time), &date_of);
        day.inquiries += 1;
    }
    let days = totals.days.iter();
    days.map(|day| (day.date.0, day.inquiries)).collect()
}

#[test]
fn a_record_counts_on_the_day_that_it_says() {
    const YEAR_US: i64 = 365 * 86_400_000_000;
    // What was under way when the next day began belongs to its own.
    let late = [
        (1120, 1),
        (1121, 2),
        (1120, 3),
        (1121, 4),
        (1122, 5),
        (1121, 6),
    ];
    assert_eq!(inquiries(&late), [(1120, 2), (1121, 3), (1122, 1)]);
    // A year later the date is that of another day; one that nobody ended goes on.
    let again = [(1120, 1), (1121, 2), (1120, YEAR_US), (1120, YEAR_US + 1)];
    assert_eq!(inquiries(&again), [(1120, 1), (1121, 1), (1120, 2)]);
    assert_eq!(inquiries(&[(1120, 1), (1120, YEAR_US)]), [(1120, 2)]);
}

#[test]
fn a_day_that_records_say_may_have_begun_before_what_the_journal_let_go_of() {
    let batches = batches();
    let (first, last) = (batches.first().unwrap(), batches.last().unwrap());
    // Days by the time of their first record; the journal let go of what came between 100 and 200 seconds.
    let seconds = |seconds: i64| Timestamp(seconds * 1_000_000);
    let mut totals = Totals {
        time: seconds(100),
        ..Totals::default()
    };
    let counted = |totals: &mut Totals, date: u16, time: Timestamp| {
        let said = (NetworkId(1), Some(BusinessDate(date)));
        totals.day_of(said, time, &date_of).inquiries += 1;
    };
    for (date, time) in [(1, 10), (2, 20), (3, 50), (4, 90)] {
        counted(&mut totals, date, seconds(time));
    }
    totals.miss(first.sequence);
    let mut batch = last.clone();
    batch.time = seconds(200);
    totals.take(SHARD, &batch, &date_of).unwrap();
    counted(&mut totals, 5, seconds(300));
    counted(&mut totals, 6, Timestamp(seconds(300).0 + LONGEST_DAY_US));
    // The second day ended less than a minute before the last batch that was counted: its messages may have been under
    // way.
    let days = [
        (1, false),
        (2, true),
        (3, true),
        (4, true),
        (5, true),
        (6, false),
    ];
    for (date, incomplete) in days {
        let day = totals.day(NetworkId(1), BusinessDate(date));
        assert_eq!(day.incomplete, incomplete, "day {date}");
    }
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
    let day = totals.day(NetworkId(1), BusinessDate(1121));
    assert_eq!(
        (day.transfers, day.sums(None).unwrap().debits.minor),
        (0, 5)
    );
}
