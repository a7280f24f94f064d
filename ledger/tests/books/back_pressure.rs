//! When the books lag too far behind, commands are refused; when they have caught up, they no longer are.

use std::path::Path;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use arc_swap::ArcSwap;
use ledger::Durable;
use ledger::books::inspection::Inspector;
use ledger::command::{Command, Outcome, Submission, Undecided};
use ledger::journal::committer::CommitOptions;
use ledger::journal::retainer::Retained;
use ledger::journal::retention::Policy;
use ledger::runtime::{
    Lane, Ledger, LedgerFailure, LedgerOptions, Observer, Submitter, Ticket, Timing,
};
use ledger::snapshot::files;
use rules::{Reason, Snapshot};

use crate::LOG;
use crate::support::made;

/// A test that waits longer than this for anything has failed.
const PATIENCE: Duration = Duration::from_secs(60);

static RULES: LazyLock<Arc<ArcSwap<Snapshot>>> = LazyLock::new(|| {
    let config = Path::new(env!("CARGO_MANIFEST_DIR")).join("../config");
    Arc::new(ArcSwap::from_pointee(rules::load(&config).unwrap()))
});

#[derive(Debug)]
struct Told(SyncSender<Option<Reason>>);

impl Ticket for Told {
    fn unattended() -> Self {
        unreachable!("no hold is due while this runs")
    }

    fn decided(self, outcome: Durable<Outcome>, _: Timing) {
        assert_eq!(*outcome.get(), Outcome::Created);
        self.0.send(None).unwrap();
    }

    fn undecided(self, undecided: Undecided) {
        self.0.send(Some(undecided.reason)).unwrap();
    }
}

struct Quiet;

impl Observer for Quiet {
    fn decided(&self, _: usize, _: u32, _: Duration) {}
    fn committed(&self, _: usize, _: Duration) {}
    fn checkpointed(&self, _: usize, _: Duration) {}
    fn journal(&self, _: &Retained) {}
    fn failed(&self, failure: LedgerFailure) {
        panic!("{failure}")
    }
}

fn options(directory: &Path) -> LedgerOptions {
    LedgerOptions {
        journal_directory: directory.join("journal"),
        books_directory: directory.join("books"),
        log: LOG,
        commit: CommitOptions {
            queue_batches: 16,
            gather_batches: 16,
            gather_us: 0,
            gather_records: u64::MAX,
        },
        readers: ledger::journal::readers::Readers::default(),
        retention: Policy {
            retain_hours: 1,
            retain_bytes: 1 << 30,
            reader_lag_bytes: 1 << 30,
        },
        queue_commands: 1024,
        batch_commands: 64,
        books_cache_bytes: 4 << 20,
        checkpoint_interval_ms: 3_600_000,
        checkpoint_rows: 1_000_000,
        checkpoint_pause_percent: 100,
        view_lag_batches: 1_000_000,
        view_lag_records: 1_000_000,
        snapshots_directory: directory.join("snapshots"),
        snapshot_interval_minutes: 0,
        snapshots_kept: 2,
        history_days: None,
        inspector: Inspector::InProcess,
    }
}

fn start(options: &LedgerOptions) -> Ledger<Told> {
    Ledger::start(options, Arc::clone(&RULES), Arc::new(Quiet)).unwrap()
}

/// Submits a customer; says why it was refused, if it was.
fn submit(submitter: &Submitter<Told>, id: u64) -> Receiver<Option<Reason>> {
    let (sender, told) = sync_channel(1);
    let command = Command::CreateCustomer(made::customer(id));
    let submission = Submission {
        command,
        deadline: None,
        ticket: Told(sender),
    };
    submitter.submit(submission, Lane::Ahead);
    told
}

/// The interval of the checkpoints is an hour: only the lag itself can bring one about.
#[test]
fn a_lag_in_records_refuses_and_recovers_by_itself() {
    let directory = tempfile::tempdir().unwrap();
    let options = LedgerOptions {
        view_lag_records: 8,
        ..options(directory.path())
    };
    let ledger = start(&options);
    let submitter = ledger.submitter().unwrap();
    let (mut accepted, mut refused) = (0_u64, 0_u64);
    let mut id = 0;
    while accepted < 200 || (refused == 0 && id < 1_000_000) {
        let waiting: Vec<_> = (0..32).map(|more| submit(&submitter, id + more)).collect();
        id += 32;
        for told in waiting {
            match told.recv_timeout(PATIENCE).unwrap() {
                None => accepted += 1,
                Some(reason) => {
                    assert_eq!(reason, Reason::Overloaded);
                    refused += 1;
                }
            }
        }
    }
    assert!(refused > 0, "the bound was never met");
    drop(submitter);
    ledger.stop();
    let ledger = start(&options);
    let started = ledger.started();
    assert_eq!(
        started.books_sequence, started.sequence,
        "the end wrote the books"
    );
    ledger.stop();
}

#[test]
fn a_snapshot_is_taken_when_somebody_asks_and_survives_the_books() {
    let directory = tempfile::tempdir().unwrap();
    let options = LedgerOptions {
        checkpoint_interval_ms: 5,
        ..options(directory.path())
    };
    let ledger = start(&options);
    let submitter = ledger.submitter().unwrap();
    for id in 1..=50 {
        assert_eq!(submit(&submitter, id).recv_timeout(PATIENCE).unwrap(), None);
    }
    let snapshots = ledger.snapshots();
    let (sender, taken) = sync_channel(1);
    let reply = Box::new(move |result| sender.send(result).unwrap());
    assert!(snapshots.request(reply).is_ok());
    let taken = taken.recv_timeout(PATIENCE).unwrap().unwrap();
    assert_eq!(snapshots.newest(), taken.header.from);
    assert_eq!(taken.file, files::name(taken.header.from));
    let statuses = options.readers.statuses();
    let pin = statuses
        .iter()
        .find(|reader| reader.name == "snapshot")
        .unwrap();
    assert_eq!(
        pin.seen, taken.oldest,
        "the journal is kept from the oldest snapshot on"
    );
    assert_eq!(submit(&submitter, 51).recv_timeout(PATIENCE).unwrap(), None);
    drop(submitter);
    ledger.stop();

    std::fs::remove_dir_all(directory.path().join("books")).unwrap();
    let ledger = start(&options);
    let started = ledger.started();
    assert!(started.rebuilt);
    // Also where no checkpoint had come before it: its rows reach further than it says it begins.
    assert_eq!(started.snapshot, Some(taken.header.from));
    ledger.stop();
}
