//! The end of a world: faults stop, and everything must come to rest within a bounded time.
//!
//! Owns: the liveness check. Must never: help the switch; the host only goes on doing what networks do.

use super::checkers::{Checker, Verdict, Violation};
use super::node::Backlog;
use super::peers::{Purchase, is_late};
use super::plan::NetworkFaults;
use super::world::World;

/// Simulated time of one round.
const ROUND_US: i64 = 100_000;
/// Rounds after which everything must have come to rest: three minutes.
const ROUNDS: u32 = 1800;
/// How often everything moves in a round.
const TURNS_PER_ROUND: usize = 6;
/// Decisions that a step of purging takes at most.
const MOST_PURGED: usize = 8;
/// Messages that the host repeats in a round: no more than the smallest queue takes.
const REPEATS_PER_ROUND: usize = 2;

impl World<'_> {
    /// Faults stop; every request is answered, every link is up, nothing waits anywhere.
    pub(super) fn settle(&mut self) -> Verdict {
        self.run.say(|| "faults stop".to_owned());
        self.settling = true;
        for line in &mut self.lines {
            line.faults = NetworkFaults::NONE;
        }
        self.heal()?;
        let (mut unrepeated, mut repeated_works, mut repeated_files) = (None, 0, 0);
        for round in 0..ROUNDS {
            self.insist_in_turn(round as usize * REPEATS_PER_ROUND);
            self.insist_in_office()?;
            self.with_node(|node, run| node.see_to(run));
            self.with_node(|node, run| node.purge(MOST_PURGED, run));
            self.round()?;
            self.hear_in_office()?;
            let open = self.host.which(Purchase::is_open);
            let files = self.host.open_file_actions();
            if let Some(number) = files.first() {
                self.send_file(*number);
            }
            if !open.is_empty() || !files.is_empty() || !self.office.open().is_empty() {
                continue;
            }
            if repeated_files < self.host.file_actions.len() {
                self.repeat_file_action(repeated_files);
                repeated_files += 1;
                continue;
            }
            if repeated_works < self.office.works.len() {
                repeated_works = self.repeat_in_office(repeated_works, REPEATS_PER_ROUND);
                continue;
            }
            // Everything is repeated once more: each answer must still be the stored one.
            let now = self.run.time;
            let answered = || {
                self.host
                    .which(|purchase| purchase.answer.is_some() && purchase.may_be_repeated(now))
            };
            let left = unrepeated.get_or_insert_with(answered);
            if left.is_empty() && self.is_quiet() {
                return self.finish();
            }
            for number in left.split_off(left.len().saturating_sub(REPEATS_PER_ROUND)) {
                self.repeat(number);
            }
        }
        let backlog = self.node_mut().backlog();
        let open = self.host.which(Purchase::is_open);
        let first = open.first().map(|number| &self.host.purchases[*number]);
        let what = format!("{} wait, {first:?}; {backlog:?}", open.len());
        Err(Violation::new(Checker::Liveness, what))
    }

    /// Messages that were sent when everything was at rest are answered.
    pub(super) fn come_to_rest(&mut self) -> Verdict {
        for _ in 0..ROUNDS {
            self.with_node(|node, run| node.see_to(run));
            self.round()?;
            if self.is_quiet() {
                return self.finish();
            }
        }
        let backlog = self.node_mut().backlog();
        let what = format!("does not come to rest again: {backlog:?}");
        Err(Violation::new(Checker::Liveness, what))
    }

    /// A file action is repeated once more, unless its answer may be gone.
    fn repeat_file_action(&mut self, number: usize) {
        if !is_late(self.host.file_actions[number].asked, self.run.time) {
            self.send_file(number);
        }
    }

    /// A few of what is open are repeated, one after the other.
    fn insist_in_turn(&mut self, place: usize) {
        let open = self.host.which(Purchase::is_open);
        for turn in 0..REPEATS_PER_ROUND.min(open.len()) {
            self.insist_on(open[(place + turn) % open.len()]);
        }
    }

    /// Everything moves once.
    pub(super) fn round(&mut self) -> Verdict {
        self.run.pass_us(ROUND_US);
        for _ in 0..TURNS_PER_ROUND {
            // What comes after a day has begun is not decided at its very beginning.
            self.run.pass_us(1);
            for line in 0..self.lines.len() {
                self.pump(line)?;
            }
            for id in self.node_mut().connections() {
                self.serve(id)?;
            }
            self.work();
        }
        Ok(())
    }

    fn is_quiet(&mut self) -> bool {
        let lines = self.lines.iter();
        let up = lines.filter(|line| line.is_quiet() && line.wire.is_some());
        let all_up = up.count() == self.lines.len() && self.wires.len() == self.lines.len();
        let quiet = self.wires.values().all(|wire| {
            wire.to_switch.is_empty() && wire.to_host.is_empty() && !wire.closed_by_switch
        });
        let due = self.with_node(|node, run| node.has_due(run));
        let done = self.node_mut().backlog() == Backlog::NONE && !due;
        all_up && quiet && done && self.links_are_idle()
    }

    fn links_are_idle(&mut self) -> bool {
        self.with_node(|node, _| node.is_idle())
    }

    /// Books and events are written.
    fn finish(&mut self) -> Verdict {
        self.with_node(|node, _| {
            node.view_writer.checkpoint().unwrap();
            node.emitter.save();
            node.save_totals();
        });
        Ok(())
    }
}
