//! The messages of the match window by their keys and references.
//!
//! Owns: where each is kept, under which names it is found, and which may be forgotten first. A name is a hash and a
//! place and no copy of what it names: the message itself says whether it is meant. Must never: forget what the caller
//! says is needed still, or let one insertion pay for all: it grows in small parts.

use std::collections::VecDeque;
use std::hash::Hash;

use hashbrown::HashTable;
use slab::Slab;

use super::kept::{Kept, References};
use super::{Recent, Remembered};
use crate::authorization::{Lookup, MessageKey, Reference};
use crate::identifiers::{RecordId, Timestamp};

/// Parts of the map. A map that has filled up moves all its entries at once; in parts of this many, the
/// writer never stops for more than a thousandth of them.
const PARTS: u16 = 1024;

/// Places that wait in one piece to be forgotten.
const AGES_PER_PIECE: usize = 4096;

/// Messages that one call forgets at most: more than one batch can add.
const FORGOTTEN_PER_CALL: usize = 4096;

/// What is remembered, by match key.
#[derive(Debug)]
pub(crate) struct RecentMessages {
    parts: Vec<Part>,
    /// Places in the order in which they may be forgotten, in pieces: a queue in one piece would be moved as
    /// a whole when it grows. No piece is empty.
    ages: VecDeque<VecDeque<(Timestamp, Place)>>,
    count: usize,
    hasher: ahash::RandomState,
}

/// One part of the map.
#[derive(Debug, Default)]
struct Part {
    messages: Slab<Kept>,
    /// By the keys of its messages.
    keys: HashTable<Named>,
    /// By the references of this part, of messages in any part.
    references: HashTable<Named>,
}

/// Where a message is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Place {
    part: u16,
    slot: u32,
}

/// The hash of a name: some of it says in which part the name is, another half of it is kept there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Name {
    part: u16,
    hash: u32,
}

/// A name, and where it leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Named {
    hash: u32,
    place: Place,
}

impl Named {
    /// A hash of all the bits that a table looks at: the highest and the lowest.
    fn spread(&self) -> u64 {
        spread(self.hash)
    }
}

fn spread(hash: u32) -> u64 {
    u64::from(hash) << 32 | u64::from(hash)
}

/// Takes one of a table's names away, if it is there.
fn take_away(table: &mut HashTable<Named>, named: Named) {
    let found = table.find_entry(named.spread(), |other| *other == named);
    if let Ok(found) = found {
        found.remove();
    }
}

impl Default for RecentMessages {
    fn default() -> Self {
        Self {
            parts: (0..PARTS).map(|_| Part::default()).collect(),
            ages: VecDeque::new(),
            count: 0,
            hasher: ahash::RandomState::default(),
        }
    }
}

impl RecentMessages {
    /// How many are remembered.
    pub(crate) fn count(&self) -> usize {
        self.count
    }

    pub(crate) fn contains(&self, key: &MessageKey) -> bool {
        self.place(key).is_some()
    }

    pub(crate) fn get(&self, key: &MessageKey) -> Option<&Recent> {
        Some(self.kept(self.place(key)?)?.get())
    }

    /// The message that a key or a reference leads to.
    pub(crate) fn find(&self, lookup: &Lookup) -> Option<(MessageKey, &Recent)> {
        let place = match lookup {
            Lookup::Key(key) => self.place(key)?,
            Lookup::Reference(reference) => self.referred(reference)?,
        };
        let kept = self.kept(place)?;
        Some((kept.key.clone(), kept.get()))
    }

    pub(crate) fn get_mut(&mut self, key: &MessageKey) -> Option<&mut Recent> {
        let place = self.place(key)?;
        self.kept_mut(place)?.get_mut()
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
        let references: References<Reference> = recent.references().into();
        let place = self.put(Kept::closed(key, recent), time);
        for reference in references {
            if let Some(place) = place {
                self.refer_to(&reference, place);
            }
        }
    }

    /// Takes back a message from the books, found by its key alone until [`refer`](Self::refer).
    pub(crate) fn recall(&mut self, key: MessageKey, message: Box<Remembered>, time: Timestamp) {
        self.put(Kept::opened(key, Recent::Message(message)), time);
    }

    /// Lets a reference that leads nowhere lead to the newest message that bears it of those with these
    /// keys.
    pub(crate) fn refer(
        &mut self,
        reference: Reference,
        keys: impl IntoIterator<Item = MessageKey>,
    ) {
        if self.referred(&reference).is_some() {
            return;
        }
        let borne = |key: MessageKey| match self.get(&key) {
            Some(Recent::Message(message)) => {
                let bears = message.references.contains(&reference);
                bears.then_some((message.id, key))
            }
            Some(Recent::ReversedBeforeArrival(_)) | None => None,
        };
        let newest = keys.into_iter().filter_map(borne).max();
        if let Some(place) = newest.and_then(|(_, key)| self.place(&key)) {
            self.refer_to(&reference, place);
        }
    }

    fn kept(&self, place: Place) -> Option<&Kept> {
        let part = self.parts.get(usize::from(place.part))?;
        part.messages.get(usize::try_from(place.slot).ok()?)
    }

    fn kept_mut(&mut self, place: Place) -> Option<&mut Kept> {
        let part = self.parts.get_mut(usize::from(place.part))?;
        part.messages.get_mut(usize::try_from(place.slot).ok()?)
    }

    fn place(&self, key: &MessageKey) -> Option<Place> {
        self.named(self.name(key), key)
    }

    /// Where the name of a key leads.
    fn named(&self, name: Name, key: &MessageKey) -> Option<Place> {
        let is_it = |named: &Named| {
            named.hash == name.hash && self.kept(named.place).is_some_and(|kept| kept.key == *key)
        };
        let keys = &self.parts.get(usize::from(name.part))?.keys;
        Some(keys.find(spread(name.hash), is_it)?.place)
    }

    /// Where a reference leads.
    fn referred(&self, reference: &Reference) -> Option<Place> {
        let name = self.name(reference);
        let is_it = |named: &Named| {
            let kept = self.kept(named.place).filter(|_| named.hash == name.hash);
            kept.is_some_and(|kept| kept.references().contains(reference))
        };
        let references = &self.parts.get(usize::from(name.part))?.references;
        Some(references.find(spread(name.hash), is_it)?.place)
    }

    /// Lets a reference lead to a place and nowhere else.
    fn refer_to(&mut self, reference: &Reference, place: Place) {
        let Name { part, hash } = self.name(reference);
        let before = self.referred(reference);
        let Some(part) = self.parts.get_mut(usize::from(part)) else {
            return;
        };
        if let Some(place) = before {
            take_away(&mut part.references, Named { hash, place });
        }
        let named = Named { hash, place };
        part.references
            .insert_unique(named.spread(), named, Named::spread);
    }

    /// Keeps a message in the place of its key; where that is.
    fn put(&mut self, kept: Kept, time: Timestamp) -> Option<Place> {
        let name = self.name(&kept.key);
        if let Some(place) = self.named(name, &kept.key) {
            self.take_references_away(place);
            *self.kept_mut(place)? = kept;
            return Some(place);
        }
        let part = self.parts.get_mut(usize::from(name.part))?;
        let slot = u32::try_from(part.messages.vacant_key()).ok()?;
        let place = Place {
            part: name.part,
            slot,
        };
        part.messages.insert(kept);
        let named = Named {
            hash: name.hash,
            place,
        };
        part.keys
            .insert_unique(named.spread(), named, Named::spread);
        self.count = self.count.saturating_add(1);
        match self.ages.back_mut() {
            Some(piece) if piece.len() < AGES_PER_PIECE => piece.push_back((time, place)),
            Some(_) | None => {
                let mut piece = VecDeque::with_capacity(AGES_PER_PIECE);
                piece.push_back((time, place));
                self.ages.push_back(piece);
            }
        }
        Some(place)
    }

    /// Forgets messages last remembered before `before`, as far as the books hold them: nothing whose
    /// record is newer than batch `in_books` leaves memory. What one call leaves goes with the next.
    pub(crate) fn forget(&mut self, before: Timestamp, in_books: u64) {
        for _ in 0..FORGOTTEN_PER_CALL {
            let oldest = self.ages.front().and_then(VecDeque::front);
            let Some((time, place)) = oldest.copied() else {
                return;
            };
            let sequence = self.kept(place).map_or(0, Kept::sequence);
            if time >= before || sequence > in_books {
                return;
            }
            if let Some(piece) = self.ages.front_mut() {
                piece.pop_front();
                if piece.is_empty() {
                    self.ages.pop_front();
                }
            }
            self.remove(place);
        }
    }

    fn remove(&mut self, place: Place) {
        self.take_references_away(place);
        let name = self.kept(place).map(|kept| self.name(&kept.key));
        let part = self.parts.get_mut(usize::from(place.part));
        if let Some((part, Name { hash, .. })) = part.zip(name) {
            take_away(&mut part.keys, Named { hash, place });
            let slot = usize::try_from(place.slot).ok();
            slot.and_then(|slot| part.messages.try_remove(slot));
        }
        self.count = self.count.saturating_sub(1);
    }

    /// Takes away the references that lead to a place; one that a later message of the same transaction took over
    /// leads elsewhere.
    fn take_references_away(&mut self, place: Place) {
        let references = self.kept(place).map(Kept::references);
        for reference in references.unwrap_or_default() {
            let Name { part, hash } = self.name(&reference);
            if let Some(part) = self.parts.get_mut(usize::from(part)) {
                take_away(&mut part.references, Named { hash, place });
            }
        }
    }

    fn name(&self, name: &impl Hash) -> Name {
        let [low, high, _, _, hash @ ..] = self.hasher.hash_one(name).to_le_bytes();
        Name {
            part: u16::from_le_bytes([low, high]) % PARTS,
            hash: u32::from_le_bytes(hash),
        }
    }
}

#[cfg(test)]
mod tests;
