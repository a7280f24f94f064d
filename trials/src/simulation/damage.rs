//! Damaged media: a start must refuse them, or not be touched by them.
//!
//! Owns: the damage, which is done to copies, and the comparison with a start without it. Must never: let
//! a world go on with what was damaged.

use ledger::identifiers::Timestamp;
use ledger::journal::simulated::SimulatedDisk;
use ledger::recovery::{Recovery, Replay};
use ledger::snapshot::files;

use super::checkers::{Checker, Verdict, Violation};
use super::marks::Mark;
use super::node::{Disks, Manner, Store, open, options, read, segments, since};
use super::world::World;

/// What a start gives, without what it was built from.
type Started = Recovery<SimulatedDisk, Store>;

impl World<'_> {
    /// A byte of a full segment changes: a start refuses it, or nothing reads it.
    pub(super) fn damage_segment(&mut self, disks: &Disks) -> Verdict {
        let mut names = segments(&disks.journal);
        // Without a batch in it, the last segment says nothing about the one before, whose end is then
        // taken for a torn tail.
        let begun = |name: &String| memchr::memmem::find(&read(&disks.journal, name), b"BTCH");
        if names.last().is_some_and(|name| begun(name).is_none()) {
            names.pop();
        }
        let Some((_, full)) = names.split_last().filter(|(_, full)| !full.is_empty()) else {
            return Ok(());
        };
        let name = self.run.random.pick(full).clone();
        let length = self.plan.bounds.segment_bytes as usize;
        let offset = self.run.random.below(length);
        let damaged = copy(disks);
        damaged.journal.damage(&name, offset);
        let what = format!("{name} was damaged at {offset}");
        self.start_damaged(disks, &damaged, Mark::SegmentRefused, &what)
    }

    /// The books are lost, and a byte of the newest snapshot changes: an older one or the whole journal
    /// takes its place, or the start is refused.
    pub(super) fn damage_snapshot(&mut self, disks: &Disks) -> Verdict {
        let taken = files::list(&disks.snapshots).unwrap_or_default();
        let Some((_, name)) = taken.last() else {
            return Ok(());
        };
        let length = read(&disks.snapshots, name).len();
        let offset = self.run.random.below(length);
        let damaged = copy(disks);
        damaged.snapshots.damage(name, offset);
        damaged.books.make_unreadable();
        let what = format!("{name} was damaged at {offset}");
        self.start_damaged(disks, &damaged, Mark::SnapshotRefused, &what)
    }

    /// A journal that was closed in order loses its last batch: a start refuses it.
    pub(super) fn shorten_closed_journal(&mut self, disks: &Disks) -> Verdict {
        let damaged = copy(disks);
        let names = segments(&damaged.journal);
        let Some(name) = names.last() else {
            return Ok(());
        };
        let bytes = read(&damaged.journal, name);
        let Some(last) = memchr::memmem::rfind(&bytes, b"BTCH") else {
            return Ok(());
        };
        damaged.journal.truncate(name, last);
        if self.started(&damaged).is_ok() {
            let what = format!("{name} lost its last batch after a clean end and was accepted");
            return Err(Violation::new(Checker::NoLostAck, what));
        }
        self.run.reach(Mark::ShortJournalRefused);
        Ok(())
    }

    fn start_damaged(
        &mut self,
        disks: &Disks,
        damaged: &Disks,
        refused: Mark,
        what: &str,
    ) -> Verdict {
        let Ok(started) = self.started(damaged) else {
            self.run.reach(refused);
            return Ok(());
        };
        match self.started(&copy(disks)) {
            Ok(whole) if !are_alike(&started, &whole) => Err(Violation::new(
                Checker::StateEqualsReplay,
                format!("{what} and accepted"),
            )),
            Ok(_) => {
                self.run.reach(Mark::DamageHarmless);
                Ok(())
            }
            // The start that follows will say so.
            Err(_) => Ok(()),
        }
    }

    fn started(&self, disks: &Disks) -> Result<Started, String> {
        let now: Timestamp = self.run.clock();
        let manner = Manner {
            options: options(&self.plan.bounds),
            since: since(&self.rules, now),
            replay: Replay::whole(usize::MAX),
        };
        open(disks, manner).map(|started| started.recovery)
    }
}

/// The same files on disks of their own.
fn copy(disks: &Disks) -> Disks {
    Disks {
        journal: disks.journal.crashed(|| true),
        books: disks.books.crashed(|| true),
        events: disks.events.clone(),
        snapshots: disks.snapshots.crashed(|| true),
        archive: disks.archive.clone(),
        states: disks.states.clone(),
        totals: disks.totals.clone(),
    }
}

fn are_alike(one: &Started, other: &Started) -> bool {
    let accounts = |recovery: &Started| {
        let state = recovery.writer.state();
        let mut accounts: Vec<_> = state.accounts().cloned().collect();
        accounts.sort_by_key(|account| account.id);
        (accounts, recovery.last_sequence)
    };
    accounts(one) == accounts(other)
}
