//! The committing thread: order, gathering, and the watermark that moves only after the sync.

use std::time::Duration;

use crossbeam_channel::{Receiver, Sender, bounded};
use ledger::journal::committer::{CommitOptions, Committed, FileJournal};
use ledger::journal::disk::Directory;
use ledger::journal::log::Log;
use ledger::journal::simulated::{Fault, SimulatedDisk};
use ledger::journal::{Batch, Journal, SubmitError};
use ledger::{Watermark, identifiers::Timestamp};

use crate::disks::GateDisk;
use crate::parts::{batch, options, read_all};

const LONG: Duration = Duration::from_secs(20);
const COMMIT: CommitOptions = CommitOptions {
    queue_batches: 64,
    gather_batches: 16,
    gather_us: 0,
    gather_records: u64::MAX,
};

struct Rig {
    disk: SimulatedDisk,
    journal: FileJournal,
    watermark: Watermark,
    sync_begins: Receiver<()>,
    let_sync_end: Sender<()>,
    told: Receiver<Committed>,
}

/// A journal whose syncs wait for the test.
fn rig(commit: CommitOptions) -> Rig {
    let disk = SimulatedDisk::default();
    let (begins, sync_begins) = bounded(64);
    let (let_sync_end, may_end) = bounded(64);
    let gate = GateDisk {
        disk: disk.clone(),
        begins,
        may_end,
    };
    let (log, _) = Log::open(gate, options(1 << 16), 0).unwrap();
    let watermark = Watermark::at(0);
    let (tell, told) = bounded(64);
    let told_to = move |committed| tell.send(committed).unwrap();
    let journal = FileJournal::start(log, commit, watermark.clone(), told_to).unwrap();
    Rig {
        disk,
        journal,
        watermark,
        sync_begins,
        let_sync_end,
        told,
    }
}

impl Rig {
    fn submit(&mut self, sequence: u64) {
        assert_eq!(
            self.journal.submit(batch(sequence, &[10]), sequence),
            Ok(sequence)
        );
    }

    /// Waits for a sync to begin, checks that the watermark is where it was, and lets the sync end.
    fn sync(&self, durable_before: u64) {
        self.sync_begins.recv_timeout(LONG).unwrap();
        assert_eq!(
            self.watermark.sequence(),
            durable_before,
            "raised before the sync ended"
        );
        assert!(self.told.is_empty());
        self.let_sync_end.send(()).unwrap();
    }

    /// Commits batch 1 alone, while these come.
    fn submit_during_the_first_sync(&mut self, sequences: std::ops::RangeInclusive<u64>) {
        self.submit(1);
        self.sync(0);
        self.sync_begins.recv_timeout(LONG).unwrap();
        for sequence in sequences {
            self.submit(sequence);
        }
        self.let_sync_end.send(()).unwrap();
        assert_eq!(self.committed(), (1, 1));
    }

    fn committed(&self) -> (u64, usize) {
        match self.told.recv_timeout(LONG).unwrap() {
            Committed::Durable {
                sequence, batches, ..
            } => {
                assert!(self.watermark.sequence() >= sequence);
                (sequence, batches)
            }
            Committed::Failed(error) => panic!("{error}"),
        }
    }
}

#[test]
fn the_watermark_moves_after_the_sync_and_a_sync_carries_what_waited() {
    let mut rig = rig(COMMIT);
    rig.submit(1);
    rig.sync(0); // the segment's header
    rig.sync_begins.recv_timeout(LONG).unwrap();
    // While batch 1 is being synced, three more come.
    for sequence in 2..=4 {
        rig.submit(sequence);
    }
    assert_eq!((rig.journal.waiting(), rig.watermark.sequence()), (3, 0));
    rig.let_sync_end.send(()).unwrap();
    assert_eq!(rig.committed(), (1, 1), "a lone batch is synced at once");
    assert!(rig.watermark.wait_for(1, LONG));
    rig.sync(1);
    assert_eq!(
        rig.committed(),
        (4, 3),
        "one sync for the three that waited"
    );
    assert_eq!((rig.watermark.sequence(), rig.disk.syncs()), (4, 3));
}

#[test]
fn a_commit_takes_at_most_what_it_may_gather() {
    let mut rig = rig(CommitOptions {
        gather_batches: 2,
        ..COMMIT
    });
    rig.submit_during_the_first_sync(2..=6);
    for (before, committed) in [(1, (3, 2)), (3, (5, 2)), (5, (6, 1))] {
        rig.sync(before);
        assert_eq!(rig.committed(), committed);
    }
}

#[test]
fn a_commit_of_enough_records_waits_for_no_more() {
    let mut rig = rig(CommitOptions {
        gather_us: u64::try_from(LONG.as_micros()).unwrap() * 10,
        gather_records: 2,
        ..COMMIT
    });
    rig.submit_during_the_first_sync(2..=4);
    rig.sync_begins.recv_timeout(LONG).unwrap();
    for sequence in 5..=6 {
        rig.submit(sequence);
    }
    rig.let_sync_end.send(()).unwrap();
    assert_eq!(rig.committed(), (4, 3), "what waits is taken all the same");
    rig.sync(4);
    assert_eq!(rig.committed(), (6, 2), "behind one of several");
}

#[test]
fn outcomes_leave_only_after_their_sync() {
    let mut rig = rig(COMMIT);
    let mut writer = ledger::writer::Writer::new(
        crate::support::SHARD,
        ledger::State::default(),
        0,
        Timestamp::default(),
    );
    let command = ledger::Command::CreateCustomer(crate::support::made::customer(1));
    let submission = ledger::command::Submission {
        command,
        deadline: None,
        ticket: "ticket",
    };
    let decided = writer
        .decide([submission], crate::support::rules(), Timestamp(1))
        .unwrap();
    rig.journal.submit(decided.batch.unwrap(), 1).unwrap();
    rig.sync(0);
    rig.sync_begins.recv_timeout(LONG).unwrap();
    let watermark = rig.watermark.clone();
    let Err(pending) = decided.pending.release(&watermark) else {
        panic!("released before the sync");
    };
    rig.let_sync_end.send(()).unwrap();
    assert!(watermark.wait_for(1, LONG));
    let released: Vec<_> = pending
        .release(&watermark)
        .unwrap()
        .map(|(ticket, _)| ticket)
        .collect();
    assert_eq!(released, ["ticket"]);
}

#[test]
fn a_wrong_sequence_is_refused_and_changes_nothing() {
    let mut rig = rig(COMMIT);
    for (submitted, expected) in [(2, 2), (2, 1), (1, 2), (0, 0)] {
        let refused = rig.journal.submit(batch(submitted, &[1]), expected);
        assert_eq!(
            refused,
            Err(SubmitError::WrongSequence { next: 1, submitted })
        );
    }
    rig.submit(1);
    let refused = rig.journal.submit(batch(1, &[1]), 1);
    assert_eq!(
        refused,
        Err(SubmitError::WrongSequence {
            next: 2,
            submitted: 1
        })
    );
    rig.sync(0);
    rig.sync(0);
    assert_eq!(rig.committed(), (1, 1));
}

#[test]
fn a_failed_sync_stops_the_journal_for_good() {
    let mut rig = rig(COMMIT);
    rig.submit(1);
    rig.sync(0);
    rig.sync(0);
    assert_eq!(rig.committed(), (1, 1));
    rig.submit(2);
    rig.sync_begins.recv_timeout(LONG).unwrap();
    let syncs = rig.disk.syncs();
    rig.disk.set_fault(Some(Fault::Sync));
    rig.let_sync_end.send(()).unwrap();
    match rig.told.recv_timeout(LONG).unwrap() {
        Committed::Failed(error) => {
            let text = error.to_string();
            let (place, reason) = text.rsplit_once(": ").unwrap();
            assert!(place.starts_with("segment-00000000000000000001.journal: byte "));
            assert_eq!(reason, "the simulated disk fails");
        }
        Committed::Durable { sequence, .. } => panic!("{sequence} cannot be durable"),
    }
    rig.disk.set_fault(None);
    // The thread is ending; a batch may still get into its queue, but never on the disk.
    let mut sequence = 3;
    while rig.journal.submit(batch(sequence, &[1]), sequence).is_ok() {
        sequence += 1;
        assert!(sequence < 200, "the journal still takes batches");
    }
    let stopped = rig.journal.submit(batch(sequence, &[1]), sequence);
    assert_eq!(stopped, Err(SubmitError::Stopped));
    assert_eq!((rig.watermark.sequence(), rig.disk.syncs()), (1, syncs));
    assert!(rig.told.try_recv().is_err());
    let left = rig.disk.crashed(|| false);
    assert_eq!(read_all(left, 0, 1), [batch(1, &[10])]);
}

#[test]
fn dropping_the_journal_makes_durable_what_was_submitted_in_order() {
    let directory = tempfile::tempdir().unwrap();
    let disk = Directory::open(directory.path()).unwrap();
    let (log, _) = Log::open(disk.clone(), options(4096), 0).unwrap();
    let watermark = Watermark::at(0);
    let (tell, told) = bounded(256);
    let commit = CommitOptions {
        queue_batches: 4,
        gather_batches: 8,
        gather_us: 200,
        gather_records: u64::MAX,
    };
    let told_to = move |committed| tell.send(committed).unwrap();
    let mut journal = FileJournal::start(log, commit, watermark.clone(), told_to).unwrap();
    let batches: Vec<Batch> = (1..=100).map(|sequence| batch(sequence, &[30])).collect();
    for batch in &batches {
        journal.submit(batch.clone(), batch.sequence).unwrap();
    }
    drop(journal);
    assert_eq!(watermark.sequence(), 100);
    let mut last = 0;
    for committed in told.try_iter() {
        let Committed::Durable {
            sequence, batches, ..
        } = committed
        else {
            panic!("failed")
        };
        assert_eq!(sequence, last + batches as u64, "commits follow each other");
        assert!(batches <= 8);
        last = sequence;
    }
    assert_eq!(last, 100);
    assert_eq!(read_all(disk.clone(), 0, 100), batches);
    let (log, _) = Log::open(disk, options(4096), 100).unwrap();
    assert_eq!(log.next_sequence(), 101);
}
