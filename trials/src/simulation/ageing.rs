//! Days that pass, and what hosts say of what has become old by then.
//!
//! Owns: how long a world lasts, and that nobody waits for an answer until what was asked may have left the books. Must
//! never: know what has left them.

use ledger::identifiers::Timestamp;

use super::checkers::Verdict;
use super::marks::Mark;
use super::peers::{Kind, Purchase, Standing, Undoing, is_late};
use super::plan::Action;
use super::run::BEGINNING;
use super::world::World;

const DAY_US: i64 = 86_400_000_000;
/// Pause before what is open is asked for again.
const PATIENCE_US: i64 = 400_000;
/// How often it is asked for.
const TIMES: usize = 5;
/// Operations that are asked for again at a time.
const MOST_OPEN: usize = 4;

impl World<'_> {
    /// Days pass. Where history is to be purged, something is decided on each of them.
    pub(super) fn age(&mut self) -> Verdict {
        let long = self.run.random.below_us(6 * DAY_US);
        let then = self.run.time.plus_us(long);
        if then >= BEGINNING.plus_us(self.plan.days * DAY_US) {
            return Ok(());
        }
        if self.plan.has(Action::Purge) {
            self.insist_on_the_oldest()?;
        }
        if self.waits_until_late(then) {
            return Ok(());
        }
        self.run.pass_us(long);
        self.run.reach(Mark::Aged);
        Ok(())
    }

    /// Those who have waited longest ask again and again.
    fn insist_on_the_oldest(&mut self) -> Verdict {
        for _ in 0..TIMES {
            let open = self.host.which(Purchase::is_open);
            for number in open.into_iter().take(MOST_OPEN) {
                self.insist_on(number);
            }
            if let Some(number) = self.host.open_file_actions().first() {
                self.send_file(*number);
            }
            if let Some(number) = self.office.open().first() {
                self.submit_work(*number);
            }
            self.run.pass_us(PATIENCE_US);
            self.round()?;
            self.hear_in_office()?;
        }
        Ok(())
    }

    /// Whether somebody who waits for an answer would wait until what was asked may have left the books.
    fn waits_until_late(&self, then: Timestamp) -> bool {
        let (now, host) = (self.run.time, &self.host);
        let turns_late = |asked| !is_late(asked, now) && is_late(asked, then);
        let purchases = host.purchases.iter();
        let mut waited_for = purchases.filter(|purchase| purchase.is_open());
        let mut open = self.office.open().into_iter();
        let mut files = host.open_file_actions().into_iter();
        waited_for.any(|purchase| turns_late(purchase.asked))
            || files.any(|number| turns_late(host.file_actions[number].asked))
            || open.any(|number| turns_late(self.office.works[number].asked))
    }

    /// A host names what is so old that it may have left the books: it reverses it, or repeats it.
    pub(super) fn name_the_old(&mut self) {
        let now = self.run.time;
        let old = |purchase: &Purchase| {
            let known = purchase.answer.is_some() && purchase.kind != Kind::Inquiry;
            known && purchase.is_late(now) && !purchase.is_open()
        };
        let Some(number) = self.any(old) else {
            return;
        };
        let purchase = &mut self.host.purchases[number];
        let alone = purchase.follows.is_empty() && !purchase.presented;
        if alone && self.run.random.percent(40) {
            purchase.repeated_late = true;
            return self.send_original(number, true);
        }
        if matches!(
            purchase.standing,
            Standing::Approved { .. } | Standing::Reversed
        ) {
            let place = self.host.reverse(number, Undoing::Late, &mut self.run);
            self.send_reversal(number, place);
        }
    }
}
