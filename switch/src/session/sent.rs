//! The requests of a session that were sent.
//!
//! Owns: which of them wait for an answer, and which are remembered after their time, so that what comes is found.
//! Must never: grow without a bound, or find a request twice.

use std::collections::VecDeque;

use codec::Element;
use ledger::identifiers::Timestamp;

use super::note::Near;
use super::request::{Key, OwnRequest, Purpose};

/// Requests that may wait for their answers.
pub(super) const MOST_WAITING: usize = 16;
/// Requests that are remembered after their time, and for how long.
pub(super) const MOST_LATE: usize = 32;
const LATE_KEPT_US: i64 = 120_000_000;

/// A request that was sent.
#[derive(Clone, Debug)]
pub(super) struct Sent {
    request: OwnRequest,
    key: Key,
    /// Until when its answer is waited for.
    due: Timestamp,
}

impl Sent {
    /// Whether it has this DE11, and this DE7 where it is said.
    pub(super) fn is(&self, stan: u32, transmission: Option<u64>) -> bool {
        self.request.stan == stan
            && transmission.is_none_or(|said| said == self.request.transmission)
    }

    /// Whether an answer with this key is its own.
    pub(super) fn has_key(&self, key: &Key) -> bool {
        self.key == *key
    }
}

/// Those that wait, and those that came to nothing.
#[derive(Clone, Debug, Default)]
pub(super) struct SentRequests {
    waiting: Vec<Sent>,
    /// Those whose answers did not come in time, the oldest first.
    late: VecDeque<Sent>,
}

impl SentRequests {
    /// Whether another may be sent.
    pub(super) fn has_room(&self) -> bool {
        self.waiting.len() < MOST_WAITING
    }

    /// A request was sent. Its answer has these elements, and is waited for until then.
    pub(super) fn add(&mut self, request: OwnRequest, key: Key, due: Timestamp) {
        self.waiting.push(Sent { request, key, due });
    }

    /// Whether any waits.
    pub(super) fn is_waiting(&self) -> bool {
        !self.waiting.is_empty()
    }

    /// Whether one for this purpose waits.
    pub(super) fn waits_for(&self, purpose: Purpose) -> bool {
        let mut purposes = self.waiting.iter().map(|sent| sent.request.purpose);
        purposes.any(|waiting| waiting == purpose)
    }

    /// When the time of the next one is over.
    pub(super) fn next_due(&self) -> Option<Timestamp> {
        self.waiting.iter().map(|sent| sent.due).min()
    }

    /// What a remembered request was for.
    pub(super) fn purpose(&self, is: impl Fn(&Sent) -> bool) -> Option<Purpose> {
        let found = self.all().find(|sent| is(sent));
        found.map(|sent| sent.request.purpose)
    }

    /// Takes out one that waits; what it was for.
    pub(super) fn take(&mut self, is: impl Fn(&Sent) -> bool) -> Option<Purpose> {
        let index = self.waiting.iter().position(is)?;
        Some(self.waiting.remove(index).request.purpose)
    }

    /// Takes out one whose time is over; what it was for, and by how much.
    pub(super) fn take_late(
        &mut self,
        is: impl Fn(&Sent) -> bool,
        now: Timestamp,
    ) -> Option<(Purpose, i64)> {
        let index = self.late.iter().position(is)?;
        let sent = self.late.remove(index)?;
        let late_us = now.0.saturating_sub(sent.due.0);
        Some((sent.request.purpose, late_us))
    }

    /// Gives up waiting for one whose time is over, and remembers it as late; what it was for.
    pub(super) fn give_up(&mut self, now: Timestamp) -> Option<Purpose> {
        let index = self.waiting.iter().position(|sent| sent.due <= now)?;
        let sent = self.waiting.remove(index);
        let purpose = sent.request.purpose;
        self.late.push_back(sent);
        Some(purpose)
    }

    /// Forgets those that are late for long, or too many.
    pub(super) fn forget(&mut self, now: Timestamp) {
        let kept = |sent: &Sent| sent.due.plus_us(LATE_KEPT_US) > now;
        self.late.retain(kept);
        while self.late.len() > MOST_LATE {
            self.late.pop_front();
        }
    }

    /// The one that an answer with this key is nearest to, by the elements of keys.
    pub(super) fn nearest(&self, key: &Key, elements: &[Element]) -> Option<Near> {
        let differs = |sent: &Sent| -> Vec<Element> {
            let elements = elements.iter();
            let differs = elements.filter(|element| sent.key.get(element) != key.get(element));
            differs.copied().collect()
        };
        let near = self.all().map(|sent| Near {
            purpose: sent.request.purpose,
            differs: differs(sent),
        });
        near.filter(|near| near.differs.len() < elements.len())
            .min_by_key(|near| near.differs.len())
    }

    /// How many wait, and how many are late.
    #[cfg(test)]
    pub(super) fn counts(&self) -> (usize, usize) {
        (self.waiting.len(), self.late.len())
    }

    fn all(&self) -> impl Iterator<Item = &Sent> {
        self.waiting.iter().chain(&self.late)
    }
}
