//! The audit of the books: what a writer and a view-writer made is good, and damage of every sort is found and
//! named. Damage is planted in records before the books are made of them, or in rows of the store.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that panics has failed"
)]

#[path = "audit/damage.rs"]
mod damage;
#[path = "audit/entries.rs"]
mod entries;
mod support;
#[path = "audit/transfers.rs"]
mod transfers;
#[path = "audit/world.rs"]
mod world;

use std::sync::Arc;

use damage::{CASES, Damage};
use ledger::audit::{self, AuditError, Books, Helpers, Rule, Summary, TransferSums};
use ledger::books::store::MemoryStore;
use ledger::books::{Progress, ViewWriter};
use ledger::identifiers::{RecordId, ShardId, Timestamp};
use ledger::journal::Batch;
use ledger::journal::disk::Directory;
use ledger::journal::log::{Log, LogOptions};
use ledger::writer::Writer;
use ledger::{Record, State};
use rules::{Deltas, LimitName};
use support::SHARD;
use world::{History, batches, history};

const OPTIONS: LogOptions = LogOptions {
    shard: ShardId(0),
    segment_bytes: 256 * 1024,
};

/// Books made of a history; the last batches stay in the views.
fn books(history: &History, in_views: usize) -> ViewWriter<MemoryStore> {
    let mut books = ViewWriter::new(SHARD, MemoryStore::default(), Progress::default());
    let batches = batches(history);
    let in_store = batches.len() - in_views;
    for (number, batch) in (1..).zip(&batches) {
        books.apply(batch).unwrap();
        if number == in_store {
            books.checkpoint().unwrap();
        }
    }
    books
}

/// The journal of a history.
fn journal(history: &History) -> tempfile::TempDir {
    let directory = tempfile::tempdir().unwrap();
    let disk = Directory::open(directory.path()).unwrap();
    let (mut log, _) = Log::open(disk, OPTIONS, 0).unwrap();
    for batch in batches(history) {
        log.append(&[batch]).unwrap();
    }
    log.close().unwrap();
    directory
}

type Heard = Vec<(RecordId, &'static str)>;

fn run(
    books: &ViewWriter<MemoryStore>,
    journal: Option<&tempfile::TempDir>,
    heard: &mut Heard,
) -> Result<Summary, AuditError> {
    let rules = world::rules();
    let books = Books {
        views: books.views(),
        shard: SHARD,
        journal: journal.map(|directory| Directory::open(directory.path()).unwrap()),
        still: true,
    };
    let helpers = Helpers {
        pace: &mut |_| true,
        rules: &mut |version| (version == rules.version()).then(|| Arc::clone(rules)),
        witness: &mut |id, _: Timestamp, record| {
            let kind = match record {
                Record::TransactionPosted(_) => "transaction",
                Record::ResponseAcknowledged(_) => "acknowledgement",
                _ => "message",
            };
            heard.push((id, kind));
            Ok(())
        },
    };
    audit::run(books, helpers)
}

#[test]
fn books_of_a_writer_are_good_wherever_their_rows_are() {
    let history = history();
    let journal = journal(&history);
    let all = history.len();
    for in_views in [0, 1, all / 2, all] {
        let mut heard = Heard::new();
        let summary = run(&books(&history, in_views), Some(&journal), &mut heard);
        let summary = summary.unwrap_or_else(|error| panic!("{in_views} in views: {error}"));
        assert_eq!(summary.sequence, all as u64);
        assert_eq!(summary.accounts, 2);
        assert_eq!(summary.journal_from_sequence, 1);
        let records: usize = history.iter().map(|(_, records)| records.len()).sum();
        assert_eq!(summary.journal_records, records as u64);
        assert_eq!(summary.floors_not_measured, 0);
        let transfers = [
            summary.transfers_completed,
            summary.transfers_returned,
            summary.transfers_in_flight,
        ];
        assert_eq!(transfers, [1, 1, 1]);
        check_figures(&history, &summary);
        assert!(
            summary.floors >= 4 && summary.authorizations >= 5,
            "{summary:?}"
        );
        assert!(heard.is_sorted(), "records are told in their order");
        let told = |kind| heard.iter().filter(|(_, heard)| *heard == kind).count() as u64;
        assert_eq!(told("message"), summary.messages);
        assert_eq!(told("transaction"), summary.transactions);
        assert_eq!(told("acknowledgement"), 1);
    }
}

/// The figures of the audit are those of the records.
fn check_figures(history: &History, summary: &Summary) {
    let [of_currency] = summary.currencies.as_slice() else {
        panic!("{:?}", summary.currencies);
    };
    let posted = |credit| {
        let records = history.iter().flat_map(|(_, records)| records);
        let amounts = records.filter_map(|record| match record {
            Record::TransactionPosted(posted) if posted.posting.credit == credit => {
                Some(posted.posting.amount_minor)
            }
            _ => None,
        });
        amounts.sum::<i64>()
    };
    let accounts = (of_currency.credits_minor, of_currency.debits_minor);
    assert_eq!(accounts, (posted(true), posted(false)));
    let sides = of_currency.counter_entries.iter();
    let named: Vec<&str> = sides.clone().map(|entry| entry.side.as_str()).collect();
    assert_eq!(named, ["network 1", "operations", "transfers"]);
    let counter = sides.fold((0, 0), |(credits, debits), entry| {
        (credits + entry.credits_minor, debits + entry.debits_minor)
    });
    assert_eq!(counter, (accounts.1, accounts.0), "the other way round");
    assert_eq!(
        of_currency.transfers,
        TransferSums {
            sent_minor: 1_200 + 340 + 56,
            received_minor: 1_200,
            returned_minor: 340,
            in_flight_minor: 56,
        }
    );
}

#[test]
fn what_is_left_of_purged_books_is_good_and_its_opening_counts() {
    let purged = world::purged_history();
    let summary = run(&books(&purged, 0), None, &mut Heard::new()).unwrap();
    assert_eq!((summary.messages, summary.transactions), (2, 1));
    assert_eq!(
        (summary.purged_messages, summary.purged_transactions),
        (2, 2)
    );
    // What undoes a decision that is gone is taken as it is.
    let figures = &summary.currencies[0];
    assert_eq!((figures.credits_minor, figures.debits_minor), (800, 0));
    let mut damaged = purged;
    let (_, record) = world::find(&mut damaged, |record| {
        matches!(record, Record::HistoryPurged(_))
    });
    if let Record::HistoryPurged(purged) = record {
        let mut deltas = Deltas::NONE;
        assert!(deltas.set(LimitName::AvailableCreditLimit, 1));
        let opening = purged.accounts[0].opening.unwrap();
        purged.accounts[0].opening = ledger::authorization::moves::sum(&opening, &deltas);
    }
    match run(&books(&damaged, 0), None, &mut Heard::new()) {
        Err(AuditError::Violation(violation)) => assert_eq!(violation.rule, Rule::Sums),
        other => panic!("{other:?}"),
    }
}

#[test]
fn without_a_journal_the_books_are_audited_by_themselves() {
    let summary = run(&books(&history(), 0), None, &mut Heard::new()).unwrap();
    assert_eq!(
        (summary.journal_from_sequence, summary.journal_records),
        (0, 0)
    );
}

#[test]
fn damage_of_every_sort_is_found_with_its_records() {
    let clean = history();
    let journal = journal(&clean);
    let (mut found, mut wrong) = (Vec::new(), Vec::new());
    for case in CASES.iter().chain(&transfers::CASES).chain(&entries::CASES) {
        let mut history = clean.clone();
        let (books, with_journal) = match case.damage {
            Damage::Records(plant) => {
                plant(&mut history);
                (books(&history, 0), None)
            }
            Damage::RecordsBesideTheJournal(plant) => {
                plant(&mut history);
                (books(&history, 0), Some(&journal))
            }
            Damage::Rows(plant) => {
                let books = books(&history, 0);
                plant(&history, books.views().store());
                (books, None)
            }
            Damage::RowsBesideTheJournal(plant) => {
                let books = books(&history, 0);
                plant(&history, books.views().store());
                (books, Some(&journal))
            }
        };
        match run(&books, with_journal, &mut Heard::new()) {
            Err(AuditError::Violation(violation))
                if violation.rule == case.rule
                    && violation.finding.contains(case.says)
                    && !violation.records.is_empty() =>
            {
                found.push(violation.rule.as_str());
            }
            other => wrong.push(format!("{}: {other:?}", case.name)),
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    found.sort_unstable();
    found.dedup();
    // Events are compared by the switch, which emits them.
    assert_eq!(
        found.len(),
        13,
        "every rule but events has a case: {found:?}"
    );
}

/// The state that a history has made before one of its batches.
fn state_before(history: &History, sequence: u64) -> Writer {
    let mut writer = Writer::new(SHARD, State::default(), 0, Timestamp::default());
    let batches = batches(history);
    for batch in batches.iter().filter(|batch| batch.sequence < sequence) {
        writer.replay(batch, |_| Ok(None)).unwrap();
    }
    writer
}

fn admitted(
    clean: &History,
    history: &History,
    sequence: u64,
) -> Result<(), ledger::state::InvariantViolation> {
    let mut writer = state_before(clean, sequence);
    let place = usize::try_from(sequence).unwrap() - 1;
    for (index, record) in (0..).zip(&history[place].1) {
        let id = RecordId {
            shard: SHARD,
            sequence,
            index,
        };
        writer.state().admits(world::rules(), id, record)?;
        // Only the first record of a batch is damaged; those that follow rest on it.
        let mut batch = Batch::new(sequence, history[place].0);
        record.append_to(&mut batch, &mut Vec::new()).unwrap();
        writer.replay(&batch, |_| Ok(None)).unwrap();
    }
    Ok(())
}

#[test]
fn the_writer_takes_no_record_that_its_state_shows_to_be_wrong() {
    let clean = history();
    for sequence in 1..=clean.len() as u64 {
        admitted(&clean, &clean, sequence).unwrap();
    }
    let mut refused = 0;
    for case in CASES {
        let Damage::Records(plant) = case.damage else {
            continue;
        };
        if !matches!(
            case.rule,
            Rule::Sums | Rule::Moves | Rule::Lives | Rule::Floors
        ) {
            continue;
        }
        let mut history = clean.clone();
        plant(&mut history);
        let differs = clean.iter().zip(&history).position(|(one, two)| one != two);
        let sequence = differs.unwrap() as u64 + 1;
        let violation = admitted(&clean, &history, sequence).unwrap_err();
        assert_eq!(violation.id.sequence, sequence, "{}", case.name);
        refused += 1;
    }
    assert!(refused >= 9, "{refused} cases");
}

#[test]
fn who_compares_events_is_heard() {
    let history = history();
    let books = books(&history, 0);
    let audited = |good: bool| {
        let books = Books {
            views: books.views(),
            shard: SHARD,
            journal: None::<Directory>,
            still: true,
        };
        let helpers = Helpers {
            pace: &mut |_| true,
            rules: &mut |_| None,
            witness: &mut |_, _, _| {
                if good {
                    Ok(())
                } else {
                    Err("no event".to_owned())
                }
            },
        };
        audit::run(books, helpers)
    };
    let AuditError::Violation(violation) = audited(false).unwrap_err() else {
        panic!("not a violation");
    };
    assert_eq!(
        (violation.rule, violation.finding.as_str()),
        (Rule::Events, "no event")
    );
    // Without rules no floor can be measured, which is said and is no violation.
    let summary = audited(true).unwrap();
    assert!(summary.floors_not_measured > 0);
}

#[test]
fn who_gives_up_waiting_for_the_books_is_heard() {
    let books = books(&history(), 1);
    let books = Books {
        views: books.views(),
        shard: SHARD,
        journal: None::<Directory>,
        still: false,
    };
    let mut asked = 0;
    let helpers = Helpers {
        pace: &mut |_| {
            asked += 1;
            asked < 3
        },
        rules: &mut |_| None,
        witness: &mut |_, _, _| Ok(()),
    };
    let error = audit::run(books, helpers).unwrap_err();
    assert!(matches!(error, AuditError::GivenUp), "{error}");
    assert_eq!(asked, 3);
}
