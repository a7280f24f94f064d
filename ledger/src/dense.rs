//! A map whose values lie close together.
//!
//! Owns: values that each know their own key, in pieces of a fixed size that never move, and a table of their places.
//! A hashed map that holds its values keeps room for up to twice as many, and of every page of it something is
//! used; here only the places have such room. Must never: take a value away, or move all of them because one more comes.

use std::hash::Hash;
use std::num::NonZeroUsize;

use hashbrown::HashTable;
use smallvec::SmallVec;

/// A value that knows its own key.
pub(crate) trait Keyed {
    /// What it is found by.
    type Key: Eq + Hash;

    /// Its key; never changes.
    fn key(&self) -> &Self::Key;
}

/// Values that are read ahead together: few enough that the nearest cache holds them all.
pub(crate) const AHEAD: usize = 32;

/// Values by key. Deciding never goes through all of them, so their order changes nothing that is decided.
#[derive(Debug)]
pub(crate) struct Dense<V> {
    places: HashTable<Place>,
    pieces: Pieces<V>,
    hasher: ahash::RandomState,
}

/// The place of a value. Five bytes, little end first: no memory has room for as many values as they count.
#[derive(Clone, Copy, Debug)]
struct Place([u8; 5]);

impl Place {
    fn of(place: usize) -> Self {
        let [a, b, c, d, e, ..] = place.to_le_bytes();
        Self([a, b, c, d, e])
    }

    fn get(self) -> usize {
        let [a, b, c, d, e] = self.0;
        usize::from_le_bytes([a, b, c, d, e, 0, 0, 0])
    }
}

/// Values in the order in which they came.
#[derive(Debug)]
struct Pieces<V>(Vec<Vec<V>>);

impl<V> Default for Dense<V> {
    fn default() -> Self {
        Self {
            places: HashTable::new(),
            pieces: Pieces(Vec::new()),
            hasher: ahash::RandomState::default(),
        }
    }
}

impl<V> Pieces<V> {
    /// Values of one piece: as many as 64 KiB hold, so that an allocator of sizes wastes nothing beside it.
    const PIECE: NonZeroUsize = match (64_usize * 1024).checked_div(size_of::<V>()) {
        Some(values) => match NonZeroUsize::new(values) {
            Some(values) => values,
            None => NonZeroUsize::MIN,
        },
        None => NonZeroUsize::MIN,
    };

    fn get(&self, place: usize) -> Option<&V> {
        self.0.get(place / Self::PIECE)?.get(place % Self::PIECE)
    }

    fn get_mut(&mut self, place: usize) -> Option<&mut V> {
        let piece = self.0.get_mut(place / Self::PIECE)?;
        piece.get_mut(place % Self::PIECE)
    }

    fn push(&mut self, value: V) {
        match self.0.last_mut() {
            Some(piece) if piece.len() < Self::PIECE.get() => piece.push(value),
            Some(_) | None => {
                let mut piece = Vec::with_capacity(Self::PIECE.get());
                piece.push(value);
                self.0.push(piece);
            }
        }
    }
}

impl<V: Keyed> Dense<V> {
    /// With places for so many values: a table that grows leaves its smaller predecessors behind in memory.
    pub(crate) fn with_room(values: usize) -> Self {
        Self {
            places: HashTable::with_capacity(values),
            ..Self::default()
        }
    }

    fn place(&self, key: &V::Key) -> Option<usize> {
        let is_it = |place: &Place| {
            let value = self.pieces.get(place.get());
            value.is_some_and(|value| value.key() == key)
        };
        let place = self.places.find(self.hasher.hash_one(key), is_it);
        place.map(|place| place.get())
    }

    pub(crate) fn get(&self, key: &V::Key) -> Option<&V> {
        self.pieces.get(self.place(key)?)
    }

    pub(crate) fn get_mut(&mut self, key: &V::Key) -> Option<&mut V> {
        self.pieces.get_mut(self.place(key)?)
    }

    /// Every value, in the order in which their keys came first.
    pub(crate) fn values(&self) -> impl Iterator<Item = &V> {
        self.pieces.0.iter().flatten()
    }

    /// Reads the values of keys that will be asked for soon, at most [`AHEAD`] of them. What no cache holds is so
    /// waited for once for all instead of once for each: the reads do not depend on each other. A value of
    /// another key may be read in its place: nothing may rest on it.
    pub(crate) fn read_ahead<'a>(
        &self,
        keys: impl IntoIterator<Item = &'a V::Key>,
        read: impl FnMut(&V),
    ) where
        V::Key: 'a,
    {
        let keys = keys.into_iter().take(AHEAD);
        let places: SmallVec<[Place; AHEAD]> = keys
            .filter_map(|key| self.places.iter_hash(self.hasher.hash_one(key)).next())
            .copied()
            .collect();
        let values = places.iter().map(|place| self.pieces.get(place.get()));
        values.flatten().for_each(read);
    }

    /// Puts a value in the place of the one with its key, or adds it.
    pub(crate) fn put(&mut self, value: V) {
        if let Some(known) = self.get_mut(value.key()) {
            *known = value;
            return;
        }
        let (pieces, hasher) = (&self.pieces, &self.hasher);
        let hash = hasher.hash_one(value.key());
        // A place is written after its value: there is one behind each. The other hash is never asked for.
        let hash_of = |place: &Place| {
            let value = pieces.get(place.get());
            value.map_or(0, |value| hasher.hash_one(value.key()))
        };
        let place = Place::of(self.places.len());
        self.places.insert_unique(hash, place, hash_of);
        self.pieces.push(value);
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    impl Keyed for (u16, u8) {
        type Key = u16;

        fn key(&self) -> &u16 {
            &self.0
        }
    }

    proptest! {
        #[test]
        fn it_is_a_map(values in prop::collection::vec((0..2000_u16, any::<u8>()), 0..4000)) {
            let (mut dense, mut map) = (Dense::default(), BTreeMap::new());
            for (key, value) in values {
                dense.put((key, value));
                map.insert(key, value);
                if let Some((_, value)) = dense.get_mut(&(key / 2)) {
                    *value ^= 1;
                    map.entry(key / 2).and_modify(|value| *value ^= 1);
                }
            }
            for key in 0..2000 {
                prop_assert_eq!(dense.get(&key).map(|(_, value)| value), map.get(&key));
            }
            let mut ahead = 0;
            dense.read_ahead(&(0..100).collect::<Vec<_>>(), |_| ahead += 1);
            prop_assert!(ahead <= AHEAD);
            let mut all: Vec<_> = dense.values().copied().collect();
            all.sort_unstable();
            prop_assert_eq!(all, map.into_iter().collect::<Vec<_>>());
        }
    }
}
