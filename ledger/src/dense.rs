//! A map whose values lie close together.
//!
//! Owns: values that each know their own key, in pieces of a fixed size that never move, and a table of their places.
//! A hashed map that holds its values keeps room for up to twice as many, and of every page of it something is
//! used; here only the places have such room. Must never: take a value away, or move all of them because one more comes.

use std::hash::Hash;

use hashbrown::HashTable;

/// A value that knows its own key.
pub(crate) trait Keyed {
    /// What it is found by.
    type Key: Eq + Hash;

    /// Its key; never changes.
    fn key(&self) -> &Self::Key;
}

/// Values of one piece.
const PIECE: usize = 256;

/// Values by key. Deciding never goes through all of them, so their order changes nothing that is decided.
#[derive(Debug)]
pub(crate) struct Dense<V> {
    places: HashTable<usize>,
    pieces: Pieces<V>,
    hasher: ahash::RandomState,
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
    fn get(&self, place: usize) -> Option<&V> {
        self.0.get(place / PIECE)?.get(place % PIECE)
    }

    fn get_mut(&mut self, place: usize) -> Option<&mut V> {
        self.0.get_mut(place / PIECE)?.get_mut(place % PIECE)
    }

    fn push(&mut self, value: V) {
        match self.0.last_mut() {
            Some(piece) if piece.len() < PIECE => piece.push(value),
            Some(_) | None => self.0.push(vec![value]),
        }
    }
}

impl<V: Keyed> Dense<V> {
    fn place(&self, key: &V::Key) -> Option<usize> {
        let is_it = |place: &usize| self.pieces.get(*place).is_some_and(|it| it.key() == key);
        let place = self.places.find(self.hasher.hash_one(key), is_it);
        place.copied()
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

    /// Puts a value in the place of the one with its key, or adds it.
    pub(crate) fn put(&mut self, value: V) {
        if let Some(known) = self.get_mut(value.key()) {
            *known = value;
            return;
        }
        let (pieces, hasher) = (&self.pieces, &self.hasher);
        let hash = hasher.hash_one(value.key());
        // A place is written after its value: there is one behind each. The other hash is never asked for.
        let hash_of = |place: &usize| pieces.get(*place).map_or(0, |it| hasher.hash_one(it.key()));
        self.places.insert_unique(hash, self.places.len(), hash_of);
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
            let mut all: Vec<_> = dense.values().copied().collect();
            all.sort_unstable();
            prop_assert_eq!(all, map.into_iter().collect::<Vec<_>>());
        }
    }
}
