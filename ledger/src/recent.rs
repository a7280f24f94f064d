//! The messages of the match window, in memory.
//!
//! Owns: what is remembered of a decided message to recognise its repeats and to change what it approved,
//! under which keys and references it is found, and which may be forgotten first. Must never: forget what
//! the caller says is needed still, or let one insertion pay for all: it grows in small parts.

mod clearing;

use std::collections::VecDeque;
use std::hash::{BuildHasher, BuildHasherDefault, DefaultHasher};

use rules::Reason;
use smallvec::SmallVec;

use crate::authorization::{
    Answer, AuthorizationDecided, Change, ClearingSettled, Decision, FileActionDecided,
    Fingerprint, Lookup, MatchKey, MessageKey, Presented, Reference, Refund, Relation,
    ReversalDecided, Standing,
};
use crate::books::rows::{MessageBody, StoredMessage};
use crate::command::{Decided, Done, Outcome};
use crate::identifiers::{RecordId, Timestamp};
use crate::map::Map;
use crate::operation::{OperationDone, OperationRequest};
use crate::record::Record;

pub(crate) use clearing::RememberedClearing;

/// What is remembered under a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Recent {
    /// A message was decided.
    Message(Box<Remembered>),
    /// It has not arrived, but its reversal has.
    ReversedBeforeArrival(RecordId),
}

/// What the repeats of a message must have in common with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Content {
    /// A network's message.
    Message(Fingerprint),
    /// An operation: the hash of what was asked.
    Operation(u64),
    /// A clearing: the hash of what it says.
    Clearing(u64),
}

/// What a message did to an authorization that another message made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Link {
    /// It raised it by a part of its own.
    Increment {
        of: MessageKey,
        authorization: RecordId,
    },
    /// It changed what remains of it, as a completion or another advice.
    Completion {
        of: MessageKey,
        authorization: RecordId,
    },
    /// It is a refund of it, and stands for itself.
    Refund(Box<Refund>),
    /// It undid it, in full or in part; `None` once that was undone in its turn.
    Reversal(Option<Box<Change>>),
    /// It is a clearing, or settled one of the work list.
    Clearing(Box<RememberedClearing>),
    /// It is a side of a transfer.
    Transfer,
}

/// What is kept of a decided message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Remembered {
    pub(crate) id: RecordId,
    /// When it was decided.
    pub(crate) time: Timestamp,
    /// The newest record that changed this entry.
    pub(crate) touched: RecordId,
    pub(crate) content: Content,
    /// `None` for an operation.
    pub(crate) answer: Option<Answer>,
    pub(crate) reason: Option<Reason>,
    /// What it stands for, where it approved something of its own.
    pub(crate) standing: Option<Standing>,
    /// What it did to another's.
    pub(crate) link: Option<Link>,
    /// Names it is found by beside its key.
    pub(crate) references: SmallVec<[Reference; 2]>,
    /// DE37, by which an approval code that several authorizations bear is told apart.
    pub(crate) retrieval: Option<[u8; RETRIEVAL_CHARACTERS]>,
    /// What clearings presented of it and refunds gave back.
    pub(crate) presented: Presented,
}

/// Characters of DE37.
const RETRIEVAL_CHARACTERS: usize = 12;

/// DE37 in a fixed length; `None` when it is longer.
pub(crate) fn retrieval(text: &str) -> Option<[u8; RETRIEVAL_CHARACTERS]> {
    let mut padded = [b' '; RETRIEVAL_CHARACTERS];
    let text = text.trim_end();
    padded
        .get_mut(..text.len())?
        .copy_from_slice(text.as_bytes());
    Some(padded)
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
    parts: Vec<Part>,
    /// Keys in the order in which they may be forgotten, in pieces: a queue in one piece would be moved as
    /// a whole when it grows. No piece is empty.
    ages: VecDeque<VecDeque<(Timestamp, MessageKey)>>,
    count: usize,
}

/// One part of the map.
#[derive(Debug, Default)]
struct Part {
    messages: Map<MessageKey, Recent>,
    references: Map<Reference, MessageKey>,
}

impl Default for RecentMessages {
    fn default() -> Self {
        Self {
            parts: (0..PARTS).map(|_| Part::default()).collect(),
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

    pub(crate) fn get(&self, key: &MessageKey) -> Option<&Recent> {
        self.parts.get(part_of(key))?.messages.get(key)
    }

    /// The message that a key or a reference leads to.
    pub(crate) fn find(&self, lookup: &Lookup) -> Option<(MessageKey, &Recent)> {
        let key = match lookup {
            Lookup::Key(key) => key,
            Lookup::Reference(reference) => {
                let part = self.parts.get(part_of_reference(reference))?;
                part.references.get(reference)?
            }
        };
        let recent = self.get(key)?;
        if let (Lookup::Reference(reference), Recent::Message(message)) = (lookup, recent)
            && !message.references.contains(reference)
        {
            // Another message has taken the key of one that is gone.
            return None;
        }
        Some((key.clone(), recent))
    }

    pub(crate) fn get_mut(&mut self, key: &MessageKey) -> Option<&mut Recent> {
        self.parts.get_mut(part_of(key))?.messages.get_mut(key)
    }

    /// The message of a record. The key of one that is gone may be that of another.
    pub(crate) fn message(&self, key: &MessageKey, id: RecordId) -> Option<&Remembered> {
        match self.get(key)? {
            Recent::Message(message) if message.id == id => Some(message),
            Recent::Message(_) | Recent::ReversedBeforeArrival(_) => None,
        }
    }

    /// The same, to change it.
    pub(crate) fn message_mut(
        &mut self,
        key: &MessageKey,
        id: RecordId,
    ) -> Option<&mut Remembered> {
        match self.get_mut(key)? {
            Recent::Message(message) if message.id == id => Some(message),
            Recent::Message(_) | Recent::ReversedBeforeArrival(_) => None,
        }
    }

    /// Remembers a message; one that its key remembered before keeps its place among the ages.
    pub(crate) fn remember(&mut self, key: MessageKey, recent: Recent, time: Timestamp) {
        if let Recent::Message(message) = &recent {
            for reference in &message.references {
                if let Some(part) = self.parts.get_mut(part_of_reference(reference)) {
                    part.references.insert(*reference, key.clone());
                }
            }
        }
        self.put(key, recent, time);
    }

    /// Takes back a message from the books, found by its key alone until [`refer`](Self::refer).
    pub(crate) fn recall(&mut self, key: MessageKey, message: Box<Remembered>, time: Timestamp) {
        self.put(key, Recent::Message(message), time);
    }

    /// Lets a reference that leads nowhere lead to the newest message that bears it of those with these
    /// keys.
    pub(crate) fn refer(
        &mut self,
        reference: Reference,
        keys: impl IntoIterator<Item = MessageKey>,
    ) {
        let borne = |key: MessageKey| match self.get(&key) {
            Some(Recent::Message(message)) => {
                let bears = message.references.contains(&reference);
                bears.then_some((message.id, key))
            }
            Some(Recent::ReversedBeforeArrival(_)) | None => None,
        };
        let newest = keys.into_iter().filter_map(borne).max();
        let part = self.parts.get_mut(part_of_reference(&reference));
        if let Some((part, (_, key))) = part.zip(newest) {
            part.references.entry(reference).or_insert(key);
        }
    }

    fn put(&mut self, key: MessageKey, recent: Recent, time: Timestamp) {
        let Some(part) = self.parts.get_mut(part_of(&key)) else {
            return;
        };
        if part.messages.insert(key.clone(), recent).is_some() {
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
            self.remove(&key);
        }
    }

    fn remove(&mut self, key: &MessageKey) {
        let part = self.parts.get_mut(part_of(key));
        let removed = part.and_then(|part| part.messages.remove(key));
        self.count = self.count.saturating_sub(1);
        let Some(Recent::Message(message)) = removed else {
            return;
        };
        for reference in &message.references {
            let part = self.parts.get_mut(part_of_reference(reference));
            let Some(part) = part else { continue };
            // A later message of the same transaction may have taken the name over.
            if part.references.get(reference) == Some(key) {
                part.references.remove(reference);
            }
        }
    }

    fn oldest(&self) -> Option<(Timestamp, MessageKey)> {
        self.ages.front()?.front().cloned()
    }
}

/// The part of the map that a key belongs to: cards are keyed hashes, so any bytes of them spread, and the
/// STAN spreads the messages of one card.
fn part_of(key: &MessageKey) -> usize {
    match key {
        MessageKey::Network(MatchKey { card, stan, .. }) => {
            let [first, second, ..] = card.0;
            let card = usize::from(u16::from_le_bytes([first, second]));
            let stan = usize::try_from(*stan).unwrap_or(0);
            (card ^ stan) % PARTS
        }
        MessageKey::Operator(id) => fixed_hash(id) % PARTS,
        MessageKey::Clearing(key) => fixed_hash(key) % PARTS,
        MessageKey::Transfer(id, step) => fixed_hash(&(id, step)) % PARTS,
    }
}

fn part_of_reference(reference: &Reference) -> usize {
    fixed_hash(reference) % PARTS
}

/// A hash that is the same in every run of one build.
fn fixed_hash(value: &impl std::hash::Hash) -> usize {
    let hash = BuildHasherDefault::<DefaultHasher>::default().hash_one(value);
    usize::try_from(hash & u64::from(u32::MAX)).unwrap_or(0)
}

impl Recent {
    /// The record of it.
    pub(crate) fn id(&self) -> RecordId {
        match self {
            Self::Message(message) => message.id,
            Self::ReversedBeforeArrival(id) => *id,
        }
    }

    fn message(message: Remembered) -> Self {
        Self::Message(Box::new(message))
    }

    /// What a stored message means, with the key under which it means it.
    pub(crate) fn of(stored: &StoredMessage) -> SmallVec<[(MessageKey, Self); 2]> {
        let mut found = SmallVec::new();
        match &stored.body {
            MessageBody::Authorization {
                decided, standing, ..
            } => {
                if decided.takes_match_key() {
                    let place = (stored.id, stored.time);
                    let mut message = Remembered::authorization(place, decided);
                    message.standing.clone_from(standing);
                    message.presented = stored.presented;
                    found.push((decided.facts.key.into(), Self::message(message)));
                }
            }
            MessageBody::Reversal { decided, restored } => {
                if decided.takes_match_key() {
                    let mut message = Remembered::reversal((stored.id, stored.time), decided);
                    if *restored {
                        message.link = Some(Link::Reversal(None));
                    }
                    found.push((decided.facts.key.into(), Self::message(message)));
                }
                if let Some(original) = decided.overtaken() {
                    found.push((original.into(), Self::ReversedBeforeArrival(stored.id)));
                }
            }
            MessageBody::FileAction(decided) if !decided.takes_match_key() => {}
            MessageBody::FileAction(decided) => {
                let message = Remembered::file_action((stored.id, stored.time), decided);
                found.push((decided.facts.key.into(), Self::message(message)));
            }
            MessageBody::Operation { done, standing } => {
                let mut message = Remembered::operation((stored.id, stored.time), done);
                message.standing.clone_from(standing);
                let key = done.request.key();
                found.push((key, Self::message(message)));
            }
            MessageBody::Clearing {
                decided,
                standing,
                settled,
            } => {
                let mut message = Remembered::clearing((stored.id, stored.time), decided);
                message.standing.clone_from(standing);
                message.settle(*settled);
                let key = MessageKey::Clearing(decided.facts.key.clone());
                found.push((key, Self::message(message)));
            }
            MessageBody::Dropped(_) => {}
        }
        found
    }
}

impl ReversalDecided {
    /// Whether it takes the place of its match key.
    pub(crate) fn takes_match_key(&self) -> bool {
        self.result != crate::authorization::ReversalResult::MatchConflict
    }

    /// The message that it undoes and that has not arrived.
    pub(crate) fn overtaken(&self) -> Option<MatchKey> {
        let unknown = self.result == crate::authorization::ReversalResult::UnknownOriginal;
        self.facts.original.filter(|_| unknown)
    }
}

impl FileActionDecided {
    /// Whether it takes the place of its match key.
    pub(crate) fn takes_match_key(&self) -> bool {
        self.reason != Some(Reason::MatchConflict)
    }
}

impl Remembered {
    /// The outcome of a repeat: the stored answer, and nothing to record.
    pub(crate) fn again(&self) -> (Vec<Record>, Outcome) {
        let outcome = match (self.answer, self.content, &self.link) {
            (Some(answer), ..) => Outcome::Decided(Decided {
                id: self.id,
                answer,
                reason: self.reason,
                repeat: true,
            }),
            (None, Content::Clearing(_), Some(Link::Clearing(clearing))) => clearing.again(self.id),
            (None, ..) => Outcome::Done(Done {
                id: self.id,
                repeat: true,
            }),
        };
        (Vec::new(), outcome)
    }

    /// What is remembered of any message: nothing but its place and content.
    fn plain((id, time): (RecordId, Timestamp), content: Content) -> Self {
        Self {
            id,
            time,
            touched: id,
            content,
            answer: None,
            reason: None,
            standing: None,
            link: None,
            references: SmallVec::new(),
            retrieval: None,
            presented: Presented::default(),
        }
    }

    pub(crate) fn authorization(
        place: (RecordId, Timestamp),
        decided: &AuthorizationDecided,
    ) -> Self {
        let link = match &decided.decision {
            Decision::Approved(approval) => match &approval.relation {
                Relation::Alone => None,
                Relation::Raises((of, authorization)) => Some(Link::Increment {
                    of: of.clone(),
                    authorization: *authorization,
                }),
                Relation::Refunds(refund) => Some(Link::Refund(Box::new(refund.clone()))),
            },
            Decision::Completed(change) => Some(Link::Completion {
                of: change.key.clone(),
                authorization: change.authorization,
            }),
            Decision::Declined(_) => None,
        };
        let standing = decided.standing(place.0);
        let references = match &standing {
            Some(_) => decided.references().collect(),
            None => SmallVec::new(),
        };
        Self {
            answer: Some(decided.answer),
            reason: decided.reason(),
            standing,
            link,
            references,
            retrieval: decided
                .facts
                .retrieval_reference
                .as_deref()
                .and_then(retrieval),
            ..Self::plain(place, Content::Message(decided.facts.fingerprint))
        }
    }

    pub(crate) fn reversal(place: (RecordId, Timestamp), decided: &ReversalDecided) -> Self {
        let undone = decided.result == crate::authorization::ReversalResult::Reversed;
        Self {
            answer: Some(decided.answer),
            reason: decided.reason(),
            link: Some(Link::Reversal(decided.change.clone().filter(|_| undone))),
            ..Self::plain(place, Content::Message(decided.facts.fingerprint))
        }
    }

    pub(crate) fn file_action(place: (RecordId, Timestamp), decided: &FileActionDecided) -> Self {
        Self {
            answer: Some(decided.answer),
            reason: decided.reason,
            ..Self::plain(place, Content::Operation(decided.facts.hash()))
        }
    }

    pub(crate) fn operation(place: (RecordId, Timestamp), done: &OperationDone) -> Self {
        let settled = done.effect.settled();
        let transferred = done.effect.is_transfer().then_some(Link::Transfer);
        Self {
            standing: done.effect.standing().cloned(),
            link: settled.map(RememberedClearing::settling).or(transferred),
            references: settled
                .and_then(ClearingSettled::reference)
                .into_iter()
                .collect(),
            ..Self::plain(place, Content::Operation(done.request.hash()))
        }
    }
}

impl OperationRequest {
    /// Hash of what is asked, the same in every run of one build; who asks does not count.
    pub(crate) fn hash(&self) -> u64 {
        let asked = (&self.operation, &self.description);
        BuildHasherDefault::<DefaultHasher>::default().hash_one(asked)
    }
}

impl crate::authorization::FileActionFacts {
    /// Hash of what is asked, the same in every run of one build.
    pub(crate) fn hash(&self) -> u64 {
        BuildHasherDefault::<DefaultHasher>::default().hash_one(self.action)
    }
}

impl AuthorizationDecided {
    /// The names that an approval is found by beside its key.
    pub(crate) fn references(&self) -> impl Iterator<Item = Reference> {
        let key = &self.facts.key;
        let network = self.facts.network_reference;
        let network = network.map(|reference| Reference::network(key, reference));
        let code = self.answer.approval_code;
        let code = code.map(|code| Reference::approval_code(key, code));
        network.into_iter().chain(code)
    }
}
