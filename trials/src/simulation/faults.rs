//! What befalls the switch: crashes, failing disks, clocks that jump, and the start after that.
//!
//! Owns: where each fault strikes, and what is left on the disks. Must never: touch what was durable.

use std::sync::{Arc, Mutex, PoisonError};

use ledger::journal::log::Log;
use ledger::journal::simulated::{Failure, Fault, Operation, SimulatedDisk};

use super::checkers::{Checker, Verdict, Violation};
use super::marks::Mark;
use super::node::{Backlog, Disks, Node, options};
use super::run::Run;
use super::world::World;

/// Rounds that a drain may take.
const DRAIN_ROUNDS: usize = 1000;

impl World<'_> {
    pub(super) fn reload(&mut self) {
        if self.run.random.percent(15) {
            assert!(self.rulebook.refuses_the_wrong());
            return self.run.reach(Mark::ReloadRefused);
        }
        let rules = self.run.random.pick(&self.rulebook.sets).after(&self.rules);
        self.rules = rules.clone();
        self.node_mut().reload(rules);
        self.run.reach(Mark::Reloaded);
    }

    pub(super) fn jump(&mut self) {
        if self.run.random.percent(50) {
            let forward = self.run.random.below_us(7_200_000_000);
            self.run.jump_us(forward);
            self.run.reach(Mark::ClockForward);
        } else {
            let back = self.run.random.below_us(7_200_000_000);
            self.run.jump_us(-back);
            self.run.reach(Mark::ClockBack);
        }
    }

    /// Time passes and nothing moves.
    pub(super) fn pause(&mut self) {
        let long = self.run.random.below_us(30_000_000);
        self.run.pass_us(long);
        self.run.reach(Mark::Paused);
    }

    /// The disk fails under a commit: the process ends, and nothing more is acknowledged.
    pub(super) fn fail_commit(&mut self) -> Verdict {
        self.node_mut().begin_commit();
        if !self.node_mut().is_committing() {
            return Ok(());
        }
        let disk = self.node_mut().disk().clone();
        let mark = match self.run.random.below(10) {
            0..3 => {
                disk.set_fault(Some(Fault::Write));
                Mark::WriteFailed
            }
            3..6 => {
                disk.set_fault(Some(Fault::Sync));
                Mark::SyncFailed
            }
            6..8 => {
                // A sync that did its work and says that it did not.
                disk.set_hook(|operation| match operation {
                    Operation::Sync { .. } => Some(Failure::Reported(std::io::ErrorKind::Other)),
                    _ => None,
                });
                Mark::FalselyReported
            }
            _ => {
                disk.set_capacity(Some(disk.used_bytes()));
                Mark::DiskFull
            }
        };
        let committed = self.with_node(Node::end_commit);
        repair(&disk);
        match committed {
            // There was room in the segment.
            Ok(()) if mark == Mark::DiskFull => Ok(()),
            Ok(()) => panic!("a failing disk committed: {mark:?}"),
            Err(_) => {
                self.run.reach(mark);
                self.end_and_start()
            }
        }
    }

    /// The books fail under a checkpoint: the process ends.
    pub(super) fn fail_checkpoint(&mut self) -> Verdict {
        if self.cut_checkpoint() {
            self.run.reach(Mark::BooksFailed);
            return self.end_and_start();
        }
        Ok(())
    }

    /// The process is killed or power is lost, perhaps in the middle of something.
    pub(super) fn crash(&mut self) -> Verdict {
        if self.run.random.percent(self.plan.cut_percent) {
            match self.run.random.below(8) {
                0..3 => self.cut_commit(),
                3..5 => {
                    if self.cut_checkpoint() {
                        self.run.reach(Mark::CrashInCheckpoint);
                    }
                }
                5 => {
                    self.node_mut().emitter.sync();
                    self.run.reach(Mark::CrashInEvents);
                }
                6 => self.cut_retention(),
                _ => self.cut_snapshot(),
            }
        }
        self.end_and_start()
    }

    /// A commit ends at one of its writes and syncs.
    fn cut_commit(&mut self) {
        self.node_mut().begin_commit();
        let disk = self.node_mut().disk().clone();
        let struck = strike_after(&disk, self.run.random.below(8));
        let committed = self.with_node(Node::end_commit);
        repair(&disk);
        if committed.is_err() {
            let mark = match *struck.lock().unwrap_or_else(PoisonError::into_inner) {
                Some(Struck::Begun) => Mark::CrashInRotation,
                _ => Mark::CrashInCommit,
            };
            self.run.reach(mark);
        }
    }

    /// Whether a checkpoint was cut off at one of its writes or syncs.
    fn cut_checkpoint(&mut self) -> bool {
        let after = self.run.random.below(30) as u64;
        let writer = &mut self.node_mut().view_writer;
        writer.views().store().fail_after(after);
        let written = writer.checkpoint();
        writer.views().store().repair();
        written.is_err()
    }

    fn cut_retention(&mut self) {
        let disk = self.node_mut().disk().clone();
        let struck = strike_after(&disk, self.run.random.below(3));
        let retained = self.with_node(|node, run| {
            let in_books = node.view_writer.views().in_books();
            node.house.retain(in_books, run.clock())
        });
        repair(&disk);
        drop(struck);
        if retained.is_err() {
            self.run.reach(Mark::CrashInRetention);
        }
    }

    fn cut_snapshot(&mut self) {
        let disk = self.node_mut().house.snapshots.clone();
        let struck = strike_after(&disk, self.run.random.below(12));
        let taken = self.with_node(|node, run| {
            let now = run.clock();
            node.house.snapshot(&mut node.view_writer, now, |_| ())
        });
        repair(&disk);
        drop(struck);
        if taken.is_err() {
            self.run.reach(Mark::CrashInSnapshot);
        }
    }

    /// The process is gone as it stands, and another one starts.
    fn end_and_start(&mut self) -> Verdict {
        for id in self.wires.keys().copied().collect::<Vec<_>>() {
            self.lose_wire(id)?;
        }
        let disks = self.end_node();
        let disks = after_crash(disks, self.plan.power_percent, &mut self.run);
        self.start(disks)
    }

    /// Starts, perhaps after starts that are cut off, or that find damage.
    fn start(&mut self, mut disks: Disks) -> Verdict {
        while self.run.random.percent(self.plan.cut_start_percent) {
            let struck = strike_after(&disks.journal, self.run.random.below(6));
            disks.books.fail_after(self.run.random.below(20) as u64);
            let started = self.try_start(disks.clone());
            repair(&disks.journal);
            disks.books.repair();
            drop(struck);
            if started.is_err() {
                self.run.reach(Mark::CrashInStart);
            }
            disks = after_crash(disks, self.plan.power_percent, &mut self.run);
        }
        if self.run.random.percent(self.plan.damage_percent) {
            self.damage_segment(&disks)?;
            self.damage_snapshot(&disks)?;
        }
        let lost = self.run.random.percent(self.plan.lost_books_percent);
        if lost {
            disks.books.make_unreadable();
        }
        let failed = |checker, what| Err(Violation::new(checker, what));
        match self.try_start(disks) {
            Ok(node) if node.damage.is_some() != lost => {
                let what = format!("lost books: {lost}, found {:?}", node.damage);
                failed(Checker::BooksEqualState, what)
            }
            Ok(node) => {
                self.rules = node.rules().clone();
                self.begin_node(node);
                Ok(())
            }
            Err(what) => failed(
                Checker::Liveness,
                format!("the switch does not start: {what}"),
            ),
        }
    }

    fn try_start(&mut self, disks: Disks) -> Result<Node, String> {
        let vault = Arc::clone(&self.vault);
        let (rules, bounds) = (self.rules.apart(&disks.states), self.plan.bounds);
        Node::start(rules, vault, bounds, disks, &mut self.run)
    }

    /// The process is told to end: links are drained, everything is answered and written, and nothing is
    /// lost even if power is lost right after.
    pub(super) fn drain(&mut self) -> Verdict {
        self.with_node(|node, run| node.drain(run));
        for round in 0.. {
            let connections = self.node_mut().connections();
            let backlog = self.node_mut().backlog();
            if connections.is_empty() && backlog == Backlog::NONE {
                break;
            }
            if round > DRAIN_ROUNDS {
                let what = format!("a drain does not end: {backlog:?}, {connections:?}");
                return Err(Violation::new(Checker::Liveness, what));
            }
            self.run.pass_us(100_000);
            for id in connections {
                self.serve(id)?;
            }
            self.work();
        }
        self.with_node(|node, _| {
            node.view_writer.checkpoint().unwrap();
            node.emitter.save();
            node.save_totals();
        });
        let ended = self.node_mut().writer.sequence();
        let mut disks = self.end_node();
        if self.run.random.percent(80) {
            let (log, _) =
                Log::open(disks.journal.clone(), options(&self.plan.bounds), ended).unwrap();
            log.close().unwrap();
            self.shorten_closed_journal(&disks)?;
        }
        disks.journal = disks.journal.crashed(|| false);
        disks.books = disks.books.crashed(|| false);
        disks.events = disks.events.crashed(0);
        self.run.reach(Mark::Drained);
        self.start(disks)?;
        // What a start leaves to the view-writer is no backlog of an end.
        self.node_mut().view(usize::MAX);
        let begun = self.node_mut().writer.sequence();
        if begun != ended || self.node_mut().backlog() != Backlog::NONE {
            let what = format!("ended in order at batch {ended}, began again at {begun}");
            return Err(Violation::new(Checker::NoLostAck, what));
        }
        Ok(())
    }

    /// Everything behind the links is done once.
    pub(super) fn work(&mut self) {
        self.with_node(|node, run| {
            while node.backlog().commands > 0 {
                node.decide(run);
            }
            node.begin_commit();
            node.end_commit(run).unwrap();
            node.view(usize::MAX);
            node.emit(usize::MAX, run);
            node.count(usize::MAX, run);
        });
    }
}

/// What an operation was that a crash struck.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Struck {
    /// A file was made or got its name.
    Begun,
    Other,
}

/// From the operation after so many that change something, nothing happens on a disk any more.
fn strike_after(disk: &SimulatedDisk, operations: usize) -> Arc<Mutex<Option<Struck>>> {
    let struck = Arc::new(Mutex::new(None));
    let (told, mut left) = (Arc::clone(&struck), operations);
    disk.set_hook(move |operation| {
        if !operation.changes() {
            return None;
        }
        if left > 0 {
            left -= 1;
            return None;
        }
        let what = match operation {
            Operation::Create { .. } | Operation::Rename { .. } | Operation::SyncDirectory => {
                Struck::Begun
            }
            _ => Struck::Other,
        };
        told.lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get_or_insert(what);
        Some(Failure::Refused(std::io::ErrorKind::Other))
    });
    struck
}

/// Nothing fails any more.
fn repair(disk: &SimulatedDisk) {
    disk.remove_hook();
    disk.set_fault(None);
    disk.set_capacity(None);
}

/// What a crash leaves: everything that was written when only the process died; when power was lost, what
/// was synced and a part of the rest.
fn after_crash(disks: Disks, power_percent: u64, run: &mut Run) -> Disks {
    if !run.random.percent(power_percent) {
        run.reach(Mark::Killed);
        return disks;
    }
    run.reach(Mark::PowerLost);
    let kept = *run.random.pick(&[0, 30, 60, 90, 100]);
    let random = &mut run.random;
    let journal = if random.percent(30) {
        // A disk that keeps the order of its writes.
        let whole = random.below(disks.journal.unsynced() + 1);
        disks.journal.crashed_prefix(whole, random.below(8))
    } else {
        disks.journal.crashed(|| random.percent(kept))
    };
    Disks {
        journal,
        books: disks.books.crashed(|| random.percent(kept)),
        events: disks.events.crashed(random.below(2000)),
        snapshots: disks.snapshots.crashed(|| random.percent(kept)),
        archive: disks.archive,
        states: disks.states,
        totals: disks.totals,
    }
}
