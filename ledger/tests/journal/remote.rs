//! The writer before a journal that lives elsewhere: late answers and unknown results.

use std::collections::VecDeque;

use ledger::identifiers::Timestamp;
use ledger::journal::remote::{RemoteJournal, RemoteLog, Step};
use ledger::journal::{Journal, SubmitError};
use ledger::writer::{Pending, Writer};
use ledger::{Command, State, command::Submission};
use proptest::prelude::*;

use crate::parts::batch;
use crate::support::{SHARD, made, records, rules};

/// The writer with what waits for the journal; tickets are the numbers of customers.
struct Shard {
    writer: Writer,
    journal: RemoteJournal,
    waiting: VecDeque<Pending<u64>>,
}

impl Shard {
    /// Opens the log and replays it.
    fn open(log: &RemoteLog, seed: u64) -> Self {
        let journal = log.open(seed);
        let mut writer = Writer::new(SHARD, State::default(), 0, Timestamp::default());
        for batch in log.batches() {
            writer.replay(&batch, |_| Ok(None)).unwrap();
        }
        assert_eq!(journal.watermark().sequence(), writer.sequence());
        Self {
            writer,
            journal,
            waiting: VecDeque::new(),
        }
    }

    /// Decides customers; whether the journal took their batch.
    fn decide(&mut self, customers: std::ops::Range<u64>) -> bool {
        let submissions = customers.map(|id| Submission {
            command: Command::CreateCustomer(made::customer(id)),
            deadline: None,
            ticket: id,
        });
        let decided = self
            .writer
            .decide(submissions, rules(), Timestamp(1))
            .unwrap();
        self.waiting.push_back(decided.pending);
        let Some(batch) = decided.batch else {
            return true;
        };
        let sequence = batch.sequence;
        self.journal.submit(batch, sequence).is_ok()
    }

    /// The tickets that may be answered now.
    fn release(&mut self) -> Vec<u64> {
        let mut released = Vec::new();
        while let Some(pending) = self.waiting.pop_front() {
            match pending.release(self.journal.watermark()) {
                Ok(outcomes) => released.extend(outcomes.map(|(ticket, _)| ticket)),
                Err(pending) => {
                    self.waiting.push_front(pending);
                    break;
                }
            }
        }
        released
    }
}

/// The customers that a log holds, in order.
fn customers(log: &RemoteLog) -> Vec<u64> {
    let batches = log.batches();
    let records = batches.iter().flat_map(records);
    let customer = |(_, record)| match record {
        ledger::Record::CustomerCreated(customer) => customer.id.0,
        other => panic!("{other:?}"),
    };
    records.map(customer).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn nothing_is_released_that_the_log_does_not_hold_then_and_after_reopening(
        seed in any::<u64>(),
        turns in prop::collection::vec((0_u64..4, 0_usize..6), 1..60),
    ) {
        let log = RemoteLog::default();
        let mut shard = Shard::open(&log, seed);
        let (mut next, mut released) = (1, Vec::new());
        for (life, (commands, steps)) in turns.into_iter().enumerate() {
            let taken = shard.decide(next..next + commands);
            next += commands;
            for _ in 0..steps {
                let before = shard.journal.watermark().sequence();
                let poisoned = shard.journal.is_poisoned();
                shard.journal.step();
                let after = shard.journal.watermark().sequence();
                prop_assert!(after == before || (after > before && !poisoned));
            }
            released.extend(shard.release());
            let held = customers(&log);
            prop_assert!(released.iter().all(|ticket| held.contains(ticket)));
            prop_assert!(taken || shard.journal.is_poisoned());
            if shard.journal.is_poisoned() {
                // The process ends; the next one finds what there is. The journal of the one before is
                // still under way.
                let mut reopened = Shard::open(&log, seed ^ life as u64);
                let held = customers(&log);
                for _ in 0..4 {
                    shard.journal.arrive();
                }
                prop_assert_eq!(&customers(&log), &held, "the client before is fenced");
                prop_assert!(released.iter().all(|ticket| held.contains(ticket)));
                prop_assert_eq!(reopened.journal.watermark().sequence(), log.last_sequence());
                std::mem::swap(&mut shard, &mut reopened);
            }
        }
        let mut held = customers(&log);
        let count = held.len();
        held.sort_unstable();
        held.dedup();
        prop_assert_eq!(held.len(), count, "nothing is there twice");
    }
}

#[test]
fn the_same_seed_gives_the_same_run() {
    let run = |seed| {
        let log = RemoteLog::default();
        let mut journal = log.open(seed);
        for sequence in 1..=20 {
            if journal.submit(batch(sequence, &[3]), sequence).is_err() {
                break;
            }
        }
        (0..100).map(|_| journal.step()).collect::<Vec<_>>()
    };
    assert_eq!(run(7), run(7));
    let all: Vec<_> = (0..64).flat_map(run).collect();
    for reached in [
        Step::Unknown,
        Step::Arrived(3),
        Step::Acknowledged(3),
        Step::Nothing,
    ] {
        assert!(all.contains(&reached), "{reached:?} never happens");
    }
}

#[test]
fn an_unknown_result_stops_the_journal_and_reopening_shows_how_it_ended() {
    let mut ends = Vec::new();
    for seed in 0..16 {
        let log = RemoteLog::default();
        let mut journal = log.open(seed);
        for sequence in 1..=2 {
            journal.submit(batch(sequence, &[3]), sequence).unwrap();
        }
        assert_eq!(journal.arrive(), Step::Arrived(1));
        assert_eq!(journal.acknowledge(), Step::Acknowledged(1));
        assert_eq!(journal.lose_the_result(), Step::Unknown);
        assert_eq!(journal.submit(batch(3, &[3]), 3), Err(SubmitError::Stopped));
        journal.arrive();
        assert_eq!(journal.acknowledge(), Step::Nothing);
        assert_eq!(journal.watermark().sequence(), 1);
        let reopened = log.open(seed);
        assert_eq!(reopened.watermark().sequence(), log.last_sequence());
        assert_eq!(journal.arrive(), Step::Nothing);
        ends.push(log.last_sequence());
    }
    assert!(ends.contains(&1) && ends.contains(&2), "{ends:?}");
}

#[test]
fn a_client_that_was_replaced_appends_nothing() {
    let log = RemoteLog::default();
    let mut before = log.open(1);
    before.submit(batch(1, &[3]), 1).unwrap();
    let mut after = log.open(2);
    assert_eq!(before.arrive(), Step::Fenced);
    assert!(before.is_poisoned());
    let other = batch(1, &[9]);
    after.submit(other.clone(), 1).unwrap();
    assert_eq!(after.arrive(), Step::Arrived(1));
    assert_eq!(log.batches(), [other]);
    assert_eq!(before.acknowledge(), Step::Nothing);
    let refused = after.submit(batch(3, &[1]), 2);
    let (next, submitted) = (2, 3);
    assert_eq!(refused, Err(SubmitError::WrongSequence { next, submitted }));
}
