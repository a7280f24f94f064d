//! Random histories of authorizations, reversals, clearings, their reversals and the work list. After every step what
//! left the available limit is what is pending and what was posted, to the last minor unit: the sum of the
//! transactions is that of the cleared deltas. At the end the audit finds nothing, and a replay gives the same books.
//!
//! `CLEARING_HISTORIES=10000` runs more of them.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that panics has failed"
)]

mod support;

use std::collections::BTreeMap;

use ledger::audit::{Books, Helpers};
use ledger::authorization::{
    AcquirerReference, ClearingFacts, ClearingKey, ClearingKind, MessageClass, MessageKey,
    NetworkReference,
};
use ledger::books::store::MemoryStore;
use ledger::books::{Progress, ViewWriter};
use ledger::command::{Outcome, Submission};
use ledger::entities::CardMode;
use ledger::identifiers::Timestamp;
use ledger::journal::Batch;
use ledger::journal::disk::Directory;
use ledger::operation::{Operation, OperationRequest};
use ledger::writer::Writer;
use ledger::{Command, Record, State};
use proptest::prelude::*;
use proptest::test_runner::{RngSeed, TestRunner};
use rules::{AccountId, AccountType, LimitName, Limits, NetworkId};
use support::{SHARD, card_hash, made, match_key, records, release, rules};

/// 2026-11-20 12:00 UTC.
const START: i64 = 1_795_176_000_000_000;
const DAY_US: i64 = 86_400_000_000;
const OPENING: i64 = 50_000;
const ACCOUNT: AccountId = AccountId(1);
const CARD: &str = "card";

/// One thing that happens.
#[derive(Clone, Debug)]
enum Step {
    Authorize {
        stan: u32,
        code: &'static str,
        amount_minor: i64,
        single: bool,
    },
    Reverse {
        stan: u32,
        of: u32,
        keeping_minor: Option<i64>,
    },
    Present {
        of: u32,
        code: &'static str,
        amount_minor: i64,
        is_final: bool,
        arn: u32,
    },
    Undo {
        code: &'static str,
        amount_minor: i64,
        arn: u32,
    },
    Again {
        record: u32,
    },
    Settle {
        item: usize,
        resolved: bool,
    },
    Forget,
    Days(i64),
}

fn step() -> impl Strategy<Value = Step> {
    let code = || prop_oneof![5 => Just("003000"), 1 => Just("200030")];
    let amount = || prop::sample::select(vec![100_i64, 250, 333, 1_000, 9_999]);
    let keeping = prop::option::of(prop::sample::select(vec![1_i64, 50, 120]));
    prop_oneof![
        5 => (0..6_u32, code(), amount(), any::<bool>()).prop_map(|(stan, code, amount_minor, single)|
            Step::Authorize { stan, code, amount_minor, single }),
        2 => (10..16_u32, 0..6_u32, keeping).prop_map(|(stan, of, keeping_minor)|
            Step::Reverse { stan, of, keeping_minor }),
        6 => (0..7_u32, code(), amount(), any::<bool>(), 0..5_u32).prop_map(|(of, code, amount_minor, is_final, arn)|
            Step::Present { of, code, amount_minor, is_final, arn }),
        2 => (code(), amount(), 0..5_u32).prop_map(|(code, amount_minor, arn)|
            Step::Undo { code, amount_minor, arn }),
        1 => (0..6_u32).prop_map(|record| Step::Again { record }),
        3 => (0..3_usize, any::<bool>()).prop_map(|(item, resolved)| Step::Settle { item, resolved }),
        1 => Just(Step::Forget),
        1 => prop::sample::select(vec![1_i64, 12, 70]).prop_map(Step::Days),
    ]
}

/// Books that a history goes through.
struct World {
    writer: Writer,
    books: ViewWriter<MemoryStore>,
    batches: Vec<Batch>,
    now: i64,
    presented: BTreeMap<u32, ClearingFacts>,
    settled: u32,
    posted_minor: i64,
}

impl World {
    fn new() -> Self {
        let mut world = Self {
            writer: Writer::new(SHARD, State::default(), 0, Timestamp::default()),
            books: ViewWriter::new(SHARD, MemoryStore::default(), Progress::default()),
            batches: Vec::new(),
            now: START,
            presented: BTreeMap::new(),
            settled: 0,
            posted_minor: 0,
        };
        let limits = Limits {
            available_credit_limit: OPENING,
            ..Limits::default()
        };
        world.submit(Command::CreateCustomer(made::customer(1)));
        let account = Box::new(made::account(ACCOUNT.0, 1, limits));
        world.submit(Command::OpenAccount(account));
        let card = made::card(card_hash(CARD), CardMode::Single(ACCOUNT));
        world.submit(Command::IssueCard(card));
        world
    }

    fn submit(&mut self, mut command: Command) -> Outcome {
        let related = self.books.views().related(command.lookups()).unwrap();
        command.attach(related);
        let submission = Submission {
            command,
            deadline: None,
            ticket: (),
        };
        let decided = self
            .writer
            .decide([submission], rules(), Timestamp(self.now))
            .unwrap();
        if let Some(batch) = decided.batch {
            self.books.apply(&batch).unwrap();
            if batch.sequence % 4 == 0 {
                self.books.checkpoint().unwrap();
            }
            for (_, record) in records(&batch) {
                if let Record::TransactionPosted(posted) = record {
                    let sign = if posted.posting.credit { 1 } else { -1 };
                    self.posted_minor += sign * posted.posting.amount_minor;
                }
            }
            self.batches.push(batch);
        }
        release(decided.pending).pop().unwrap().1
    }

    fn clear(&mut self, facts: ClearingFacts) -> Outcome {
        self.submit(Command::Clear {
            facts: Box::new(facts),
            stored: Vec::new(),
        })
    }

    fn present(&mut self, facts: ClearingFacts) {
        self.presented.insert(facts.key.record, facts.clone());
        assert!(matches!(self.clear(facts), Outcome::Cleared(cleared) if !cleared.repeat));
    }

    fn facts(&self, kind: ClearingKind, code: &str, amount_minor: i64, arn: u32) -> ClearingFacts {
        let account_type = |range| AccountType::parse(code.get(range).unwrap()).unwrap();
        ClearingFacts {
            key: ClearingKey {
                file: "DAY1".parse().unwrap(),
                record: u32::try_from(self.presented.len()).unwrap(),
            },
            network: NetworkId(1),
            card: card_hash(CARD),
            kind,
            processing_code: code.get(..2).unwrap().parse().unwrap(),
            from_account: account_type(2..4),
            to_account: account_type(4..6),
            amount_minor,
            currency: made::dollar(),
            billing: None,
            fee_minor: None,
            mcc: None,
            installments: 1,
            is_final: true,
            processing_date: None,
            network_reference: None,
            approval_code: None,
            retrieval_reference: None,
            acquirer_reference: AcquirerReference::new(&format!("{arn:023}")),
            card_acceptor: None,
        }
    }

    fn take(&mut self, step: &Step) {
        let class = |single| match single {
            true => MessageClass::Financial,
            false => MessageClass::Authorization,
        };
        let reference = |stan: u32| NetworkReference::new(&format!("TX{stan}"));
        match *step {
            Step::Authorize {
                stan,
                code,
                amount_minor,
                single,
            } => {
                let key = match_key(card_hash(CARD), class(single), stan);
                let code = code.as_bytes().try_into().unwrap();
                let mut facts = made::request(key, made::fingerprint(code, amount_minor));
                facts.network_reference = reference(stan);
                self.submit(Command::Authorize {
                    facts: Box::new(facts),
                    stored: Vec::new(),
                });
            }
            Step::Reverse {
                stan,
                of,
                keeping_minor,
            } => {
                let of = match_key(card_hash(CARD), MessageClass::Authorization, of);
                let key = match_key(card_hash(CARD), MessageClass::Reversal, stan);
                let mut facts = made::reversal(key, of, made::fingerprint(*b"003000", 0));
                (facts.advice, facts.replacement_minor) = (true, keeping_minor);
                self.submit(Command::Reverse {
                    facts: Box::new(facts),
                    stored: Vec::new(),
                });
            }
            Step::Present {
                of,
                code,
                amount_minor,
                is_final,
                arn,
            } => {
                let facts = self.facts(ClearingKind::Presentment, code, amount_minor, arn);
                let network_reference = reference(of);
                self.present(ClearingFacts {
                    network_reference,
                    is_final,
                    ..facts
                });
            }
            Step::Undo {
                code,
                amount_minor,
                arn,
            } => {
                let facts = self.facts(ClearingKind::Reversal, code, amount_minor, arn);
                self.present(facts);
            }
            Step::Again { record } => self.again(record),
            Step::Settle { item, resolved } => self.settle(item, resolved),
            Step::Forget => {
                self.books.checkpoint().unwrap();
                self.writer.forget(-1, self.books.views().in_books());
            }
            Step::Days(days) => self.days(days),
        }
    }

    fn again(&mut self, record: u32) {
        if let Some(facts) = self.presented.get(&record).cloned() {
            let again = self.clear(facts);
            assert!(matches!(again, Outcome::Cleared(cleared) if cleared.repeat));
        }
    }

    fn settle(&mut self, item: usize, resolved: bool) {
        let waiting = self.books.views().work_list(None, 10).unwrap();
        let Some(decided) = waiting.get(item).and_then(|message| message.item()) else {
            return;
        };
        let item = decided.facts.key.clone();
        self.settled += 1;
        let operation = if resolved {
            Operation::ResolveClearing { item }
        } else {
            Operation::RejectClearing { item }
        };
        self.submit(Command::Operate {
            request: Box::new(OperationRequest {
                tracking_id: format!("settle-{}", self.settled).parse().unwrap(),
                operation,
                description: "drawn".to_owned(),
                operator: None,
            }),
            stored: Vec::new(),
        });
    }

    /// Days pass, and holds run out.
    fn days(&mut self, days: i64) {
        self.now += days * DAY_US;
        for stan in 0..6 {
            let key = match_key(card_hash(CARD), MessageClass::Authorization, stan);
            let key = MessageKey::Network(key);
            self.submit(Command::DropExpired {
                key,
                stored: Vec::new(),
            });
        }
    }

    /// What left the available limit is pending, or was posted.
    fn check(&self) -> Result<(), String> {
        let account = self.writer.state().account(ACCOUNT).unwrap();
        let pending = account.pending.get(LimitName::AvailableCreditLimit);
        let expected = OPENING + pending + self.posted_minor;
        let found = account.limits.available_credit_limit;
        if found == expected {
            return Ok(());
        }
        Err(format!(
            "available {found}: {OPENING}, pending {pending} and posted {} make {expected}",
            self.posted_minor
        ))
    }

    fn end(&self) -> Result<(), String> {
        let books = Books {
            views: self.books.views(),
            shard: SHARD,
            journal: None::<Directory>,
            still: true,
        };
        let helpers = Helpers {
            pace: &mut |_| true,
            rules: &mut |_| None,
            witness: &mut |_, _, _| Ok(()),
        };
        ledger::audit::run(books, helpers).map_err(|error| error.to_string())?;
        let mut replayed = Writer::new(SHARD, State::default(), 0, Timestamp::default());
        for batch in &self.batches {
            replayed.replay(batch).map_err(|error| error.to_string())?;
        }
        let account = |writer: &Writer| writer.state().account(ACCOUNT).cloned();
        if account(&replayed) == account(&self.writer) {
            Ok(())
        } else {
            Err("a replay gives another account".to_owned())
        }
    }
}

fn holds(steps: &[Step]) -> Result<(), String> {
    let mut world = World::new();
    for step in steps {
        world.take(step);
        world
            .check()
            .map_err(|error| format!("{step:?}: {error}"))?;
    }
    world.end()
}

#[test]
fn what_left_the_limit_is_pending_or_posted() {
    let histories = std::env::var("CLEARING_HISTORIES");
    let config = ProptestConfig {
        cases: histories.ok().and_then(|n| n.parse().ok()).unwrap_or(300),
        failure_persistence: None,
        rng_seed: RngSeed::Fixed(1),
        ..ProptestConfig::default()
    };
    let steps = prop::collection::vec(step(), 1..40);
    let result =
        TestRunner::new(config).run(&steps, |steps| holds(&steps).map_err(TestCaseError::fail));
    assert!(result.is_ok(), "{}", result.unwrap_err());
}
