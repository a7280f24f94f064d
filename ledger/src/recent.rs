//! The messages of the match window, in memory.
//!
//! Owns: what is remembered of a decided message to recognise its repeats and to undo it, under which
//! match key, and which may be forgotten first. Must never: forget what the caller says is needed still,
//! or let one insertion pay for all: it grows in small parts.

use std::collections::VecDeque;

use rules::{AccountId, Deltas, Reason};

use crate::authorization::{
    Answer, AuthorizationDecided, Clearing, Decision, Fingerprint, MatchKey, Posting,
    ReversalDecided,
};
use crate::books::rows::{MessageBody, StoredMessage};
use crate::command::{Decided, Outcome};
use crate::identifiers::{RecordId, Timestamp};
use crate::map::Map;
use crate::record::Record;

/// What is remembered under a match key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Recent {
    /// A message was decided.
    Message(Remembered),
    /// It has not arrived, but its reversal has.
    ReversedBeforeArrival(RecordId),
}

/// What is kept of a decided message to recognise its repeats and to undo it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Remembered {
    pub(crate) id: RecordId,
    /// The newest record that changed this entry.
    pub(crate) touched: RecordId,
    pub(crate) fingerprint: Fingerprint,
    pub(crate) answer: Answer,
    pub(crate) reason: Option<Reason>,
    /// `None` when there is nothing to undo.
    pub(crate) effect: Option<Box<Effect>>,
}

/// What an approval did, as its reversal needs it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Effect {
    pub(crate) account: AccountId,
    pub(crate) processing_code: rules::ProcessingCode,
    pub(crate) deltas: Deltas,
    pub(crate) amount_minor: i64,
    pub(crate) remaining_minor: i64,
    pub(crate) cleared: bool,
    pub(crate) compensations: Vec<Posting>,
}

/// Parts of the map. A map that has filled up moves all its entries at once; in parts of this many, the
/// writer never stops for more than a thousandth of them.
const PARTS: usize = 1024;

/// Keys that wait in one piece to be forgotten.
const AGES_PER_PIECE: usize = 4096;

/// Messages that one call forgets at most: more than one batch can add.
const FORGOTTEN_PER_CALL: usize = 4096;

/// What is remembered, by match key.
#[derive(Debug)]
pub(crate) struct RecentMessages {
    parts: Vec<Map<MatchKey, Recent>>,
    /// Keys in the order in which they may be forgotten, in pieces: a queue in one piece would be moved as
    /// a whole when it grows. No piece is empty.
    ages: VecDeque<VecDeque<(Timestamp, MatchKey)>>,
    count: usize,
}

impl Default for RecentMessages {
    fn default() -> Self {
        Self {
            parts: (0..PARTS).map(|_| Map::default()).collect(),
            ages: VecDeque::new(),
            count: 0,
        }
    }
}

impl RecentMessages {
    /// How many are remembered.
    pub(crate) fn count(&self) -> usize {
        self.count
    }

    pub(crate) fn get(&self, key: &MatchKey) -> Option<&Recent> {
        self.parts.get(part_of(key))?.get(key)
    }

    pub(crate) fn get_mut(&mut self, key: &MatchKey) -> Option<&mut Recent> {
        self.parts.get_mut(part_of(key))?.get_mut(key)
    }

    /// Remembers a message; one that its key remembered before keeps its place among the ages.
    pub(crate) fn remember(&mut self, key: MatchKey, recent: Recent, time: Timestamp) {
        let Some(part) = self.parts.get_mut(part_of(&key)) else {
            return;
        };
        if part.insert(key, recent).is_some() {
            return;
        }
        self.count = self.count.saturating_add(1);
        match self.ages.back_mut() {
            Some(piece) if piece.len() < AGES_PER_PIECE => piece.push_back((time, key)),
            Some(_) | None => {
                let mut piece = VecDeque::with_capacity(AGES_PER_PIECE);
                piece.push_back((time, key));
                self.ages.push_back(piece);
            }
        }
    }

    /// Forgets messages last remembered before `before`, as far as the books hold them: nothing whose
    /// record is newer than batch `in_books` leaves memory. What one call leaves goes with the next.
    pub(crate) fn forget(&mut self, before: Timestamp, in_books: u64) {
        for _ in 0..FORGOTTEN_PER_CALL {
            let Some((time, key)) = self.oldest() else {
                return;
            };
            let touched = match self.get(&key) {
                Some(Recent::Message(message)) => message.touched,
                Some(Recent::ReversedBeforeArrival(reversal)) => *reversal,
                None => RecordId::default(),
            };
            if time >= before || touched.sequence > in_books {
                return;
            }
            if let Some(piece) = self.ages.front_mut() {
                piece.pop_front();
                if piece.is_empty() {
                    self.ages.pop_front();
                }
            }
            if let Some(part) = self.parts.get_mut(part_of(&key)) {
                part.remove(&key);
            }
            self.count = self.count.saturating_sub(1);
        }
    }

    fn oldest(&self) -> Option<(Timestamp, MatchKey)> {
        self.ages.front()?.front().copied()
    }
}

/// The part of the map that a key belongs to: cards are keyed hashes, so any bytes of them spread, and the
/// STAN spreads the messages of one card.
fn part_of(key: &MatchKey) -> usize {
    let [first, second, ..] = key.card.0;
    let card = usize::from(u16::from_le_bytes([first, second]));
    let stan = usize::try_from(key.stan).unwrap_or(0);
    (card ^ stan) % PARTS
}
impl Recent {
    /// What a stored message means under a key.
    pub(crate) fn of(key: &MatchKey, stored: &StoredMessage) -> Option<Self> {
        match &stored.body {
            MessageBody::Authorization {
                decided,
                remaining_minor,
            } => {
                let message = Remembered::authorization(stored.id, decided, Some(*remaining_minor));
                (decided.facts.key == *key).then_some(Self::Message(message))
            }
            MessageBody::Reversal(decided) if decided.facts.key == *key => {
                Some(Self::Message(Remembered::reversal(stored.id, decided)))
            }
            MessageBody::Reversal(decided) => {
                (decided.facts.original == *key).then_some(Self::ReversedBeforeArrival(stored.id))
            }
        }
    }
}

impl Remembered {
    /// The outcome of a repeat: the stored answer, and nothing to record.
    pub(crate) fn again(&self) -> (Vec<Record>, Outcome) {
        let decided = Decided {
            id: self.id,
            answer: self.answer,
            reason: self.reason,
            repeat: true,
        };
        (Vec::new(), Outcome::Decided(decided))
    }

    pub(crate) fn authorization(
        id: RecordId,
        decided: &AuthorizationDecided,
        remaining_minor: Option<i64>,
    ) -> Self {
        let (reason, effect) = match (&decided.decision, decided.account) {
            (Decision::Approved(approval), Some(account)) if !approval.deltas.is_none() => {
                let effect = Effect {
                    account,
                    processing_code: decided.facts.processing_code,
                    deltas: approval.deltas,
                    amount_minor: approval.amount_minor,
                    remaining_minor: remaining_minor.unwrap_or(approval.amount_minor),
                    cleared: decided.facts.clearing == Clearing::Online,
                    compensations: approval.compensations.clone(),
                };
                (None, Some(Box::new(effect)))
            }
            (Decision::Approved(_), _) => (None, None),
            (Decision::Declined(reason), _) => (Some(*reason), None),
        };
        let fingerprint = decided.facts.fingerprint;
        Self {
            id,
            touched: id,
            fingerprint,
            answer: decided.answer,
            reason,
            effect,
        }
    }

    pub(crate) fn reversal(id: RecordId, decided: &ReversalDecided) -> Self {
        Self {
            id,
            touched: id,
            fingerprint: decided.facts.fingerprint,
            answer: decided.answer,
            reason: decided.reason(),
            effect: None,
        }
    }
}
