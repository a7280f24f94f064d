//! What the traced process does: the real ledger on real files, over and over the same few accounts.
//!
//! It acknowledges a batch as the switch does, from [`Ticket::decided`], by writing its sequence to a file
//! beside the data; strace sees when.

use std::fs::File;
use std::io::Write as _;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use arc_swap::ArcSwap;
use crossbeam_channel::{Receiver, Sender, bounded};
use ledger::authorization::{MessageClass, RequestFacts};
use ledger::books::inspection::Inspector;
use ledger::command::{Outcome, Submission, Undecided};
use ledger::entities::{Account, CardMode};
use ledger::identifiers::GroupId;
use ledger::journal::committer::CommitOptions;
use ledger::journal::log::LogOptions;
use ledger::journal::readers::Readers;
use ledger::journal::retainer::Retained;
use ledger::journal::retention::Policy;
use ledger::runtime::{
    Ledger, LedgerFailure, LedgerOptions, Observer, SnapshotReply, Ticket, Timing,
};
use ledger::{Command, Durable};
use rules::{AccountId, Limits};

use crate::support::{SHARD, card_hash, made, match_key};

/// Set for the process that is traced: where its data goes.
pub(crate) const DIRECTORY: &str = "POWER_CUTS_DIRECTORY";
/// The file of acknowledgements, beside the data.
pub(crate) const ACKNOWLEDGED: &str = "acknowledged";
/// The journal's directory.
pub(crate) const JOURNAL: &str = "journal";
/// The books' directory.
pub(crate) const BOOKS: &str = "books";
/// The snapshots' directory.
pub(crate) const SNAPSHOTS: &str = "snapshots";

/// So many commits are made at least.
pub(crate) const COMMITS: usize = 1_000;
/// sled's page cache.
pub(crate) const CACHE_BYTES: u64 = 8 << 20;
/// Accounts with a card each.
pub(crate) const ACCOUNTS: u64 = 12;
/// Requests under way at a time, so that commits carry one batch or several.
const WINDOW: usize = 2;
/// Every so many requests one is reversed.
const REVERSED: u32 = 7;
/// Every so many requests a snapshot is taken.
const SNAPSHOT: u32 = 100;

/// How the ledger runs: everything that happens now and then happens often.
pub(crate) fn options(data: &Path) -> LedgerOptions {
    LedgerOptions {
        journal_directory: data.join(JOURNAL),
        books_directory: data.join(BOOKS),
        log: LogOptions {
            shard: SHARD,
            segment_bytes: 16 << 10,
        },
        commit: CommitOptions {
            queue_batches: 8,
            gather_batches: 8,
            gather_us: 0,
            gather_records: u64::MAX,
        },
        readers: Readers::default(),
        // Whatever nobody needs goes.
        retention: Policy {
            retain_hours: 0,
            retain_bytes: 0,
            reader_lag_bytes: 0,
        },
        queue_commands: 64,
        batch_commands: 1,
        books_cache_bytes: CACHE_BYTES,
        checkpoint_interval_ms: 1_000,
        checkpoint_rows: 60,
        checkpoint_pause_percent: 0,
        view_lag_batches: 1_000_000,
        view_lag_records: 1_000_000,
        snapshots_directory: data.join(SNAPSHOTS),
        snapshot_interval_minutes: 0,
        snapshots_kept: 2,
        history_days: None,
        inspector: Inspector::InProcess,
    }
}

/// Lives that share the commits. The last one begins without books: they are rebuilt.
const LIVES: usize = 3;

/// Runs the ledger again and again until it has made enough commits.
pub(crate) fn run(data: &Path) {
    let file = File::create(data.with_file_name(ACKNOWLEDGED)).unwrap();
    let (file, mut number) = (Arc::new(file), 0);
    for life in 1..=LIVES {
        if life == LIVES {
            std::fs::remove_dir_all(data.join(BOOKS)).unwrap();
        }
        live(data, &file, &mut number);
    }
}

/// Runs the ledger for its share of the commits, and ends it in order.
fn live(data: &Path, file: &Arc<File>, number: &mut u32) {
    let commits = Arc::new(AtomicUsize::new(0));
    let observer = Arc::new(Counting(Arc::clone(&commits)));
    let config = Path::new(env!("CARGO_MANIFEST_DIR")).join("../config");
    let rules = rules::load(&config).unwrap_or_else(|errors| panic!("{errors}"));
    let rules = Arc::new(ArcSwap::from_pointee(rules));
    let ledger = Ledger::start(&options(data), rules, observer).unwrap();
    let submitter = ledger.submitter().unwrap();
    let snapshots = ledger.snapshots();
    let (done, finished) = bounded(WINDOW);
    let mut under_way = 0;
    let mut submit = |command: Command| {
        if under_way == WINDOW {
            finished_one(&finished);
        } else {
            under_way += 1;
        }
        let (file, done) = (Arc::clone(file), done.clone());
        let submission = Submission {
            command,
            deadline: None,
            ticket: Acknowledging { file, done },
        };
        submitter.submit_waiting(submission).unwrap();
    };
    world().for_each(&mut submit);
    while commits.load(Ordering::Relaxed) < COMMITS.div_ceil(LIVES) {
        submit(request(*number));
        *number += 1;
        if number.is_multiple_of(SNAPSHOT) {
            // One that is under way will do as well.
            let reply: SnapshotReply = Box::new(|taken| drop(taken.unwrap()));
            drop(snapshots.request(reply));
        }
    }
    for _ in 0..under_way {
        finished_one(&finished);
    }
    drop(submitter);
    ledger.stop();
}

fn finished_one(finished: &Receiver<()>) {
    finished.recv_timeout(Duration::from_secs(60)).unwrap();
}

struct Counting(Arc<AtomicUsize>);

impl Observer for Counting {
    fn decided(&self, _: usize, _: u32, _: Duration) {}

    fn committed(&self, _: usize, _: Duration) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    fn checkpointed(&self, _: usize, _: Duration) {}

    fn journal(&self, _: &Retained) {}

    fn failed(&self, failure: LedgerFailure) {
        eprintln!("{failure:?}");
        std::process::exit(1);
    }
}

/// Acknowledges as a link does.
#[derive(Debug)]
struct Acknowledging {
    file: Arc<File>,
    done: Sender<()>,
}

impl Ticket for Acknowledging {
    fn unattended() -> Self {
        unreachable!("no hold is due while this runs")
    }

    fn decided(self, outcome: Durable<Outcome>, _: Timing) {
        match outcome.get() {
            Outcome::Decided(decided) => {
                let text = format!("{}\n", decided.id.sequence);
                (&*self.file).write_all(text.as_bytes()).unwrap();
            }
            Outcome::Created => {}
            other => panic!("{other:?}"),
        }
        self.done.send(()).unwrap();
    }

    fn undecided(self, undecided: Undecided) {
        panic!("{undecided:?}");
    }
}

fn account_of(number: u32) -> u64 {
    1 + u64::from(number) % ACCOUNTS
}

fn card_of(account: u64) -> String {
    format!("card {account}")
}

fn world() -> impl Iterator<Item = Command> {
    let customer = Command::CreateCustomer(made::customer(1));
    let accounts = (1..=ACCOUNTS).map(|id| {
        let limits = Limits {
            max_credit_limit: 400_000,
            total_credit_limit: 400_000,
            available_credit_limit: 400_000,
            ..Limits::default()
        };
        Command::OpenAccount(Box::new(Account {
            group: GroupId(id),
            ..made::account(id, 1, limits)
        }))
    });
    let cards = (1..=ACCOUNTS).map(|id| {
        let mode = CardMode::Single(AccountId(id));
        Command::IssueCard(made::card(card_hash(&card_of(id)), mode))
    });
    std::iter::once(customer).chain(accounts).chain(cards)
}

/// Purchases; now and then one is reversed, and late ones find the limit used up.
fn request(number: u32) -> Command {
    if number % REVERSED == REVERSED - 1 {
        reversal(number)
    } else {
        let facts = Box::new(purchase(number));
        Command::Authorize {
            facts,
            stored: Vec::new(),
        }
    }
}

fn purchase(number: u32) -> RequestFacts {
    let card = card_hash(&card_of(account_of(number)));
    let key = match_key(card, MessageClass::Authorization, number);
    let amount_minor = 1_000 + i64::from(number * 37 % 9_000);
    RequestFacts {
        expiry_yymm: Some(9912),
        retrieval_reference: Some(format!("{number:012}")),
        card_acceptor: Some("POWER CUT SHOP".to_owned()),
        ..made::request(key, made::fingerprint(*b"003000", amount_minor))
    }
}

/// The reversal of the purchase before it, on that account.
fn reversal(number: u32) -> Command {
    let original = purchase(number - 1);
    let key = match_key(original.key.card, MessageClass::Reversal, number);
    let facts = made::reversal(key, original.key, original.fingerprint);
    Command::Reverse {
        facts: Box::new(facts),
        stored: Vec::new(),
    }
}
