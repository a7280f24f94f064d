//! What befalls links: partitions, ends that are gone, peers that do not read.
//!
//! Owns: each of these faults and its end. Must never: lose bytes of a connection that lives.

use ledger::identifiers::Timestamp;

use super::checkers::Verdict;
use super::marks::Mark;
use super::wire::Wire;
use super::world::World;

impl World<'_> {
    fn any_wire(&mut self) -> Option<(usize, &mut Wire)> {
        let line = self.run.random.below(self.lines.len());
        let id = self.lines[line].wire?;
        Some((line, self.wires.get_mut(&id)?))
    }

    /// A link carries nothing for a while.
    pub(super) fn partition(&mut self) {
        let until = self.run.time.plus_us(self.run.random.below_us(30_000_000));
        if let Some((line, wire)) = self.any_wire() {
            wire.cut_off = true;
            self.lines[line].carries_again = until;
            self.run.reach(Mark::Partitioned);
        }
    }

    /// The host's end of a link is gone, and the switch is not told.
    pub(super) fn half_open(&mut self) {
        if let Some((line, wire)) = self.any_wire() {
            wire.gone = true;
            self.lines[line].wire = None;
            self.run.reach(Mark::HalfOpen);
        }
    }

    /// The host closes a link and still reads what comes.
    pub(super) fn close(&mut self) {
        if let Some((_, wire)) = self.any_wire() {
            wire.closed_by_host = true;
        }
    }

    /// The host reads nothing of a link for a while.
    pub(super) fn stop_reading(&mut self) {
        let line = self.run.random.below(self.lines.len());
        let until = self.run.time.plus_us(self.run.random.below_us(60_000_000));
        self.lines[line].reads_again = until;
    }

    /// Links carry again, and those that are gone are noticed.
    pub(super) fn heal(&mut self) -> Verdict {
        let gone = self.wires.iter().filter(|(_, wire)| wire.gone);
        for id in gone.map(|(id, _)| *id).collect::<Vec<_>>() {
            self.lose_wire(id)?;
        }
        for line in &mut self.lines {
            (line.reads_again, line.carries_again) = (Timestamp(0), Timestamp(0));
        }
        Ok(())
    }
}
