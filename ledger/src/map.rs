//! The one hashed map of the ledger.
//!
//! Owns: a map whose hasher has fixed keys, so that two runs of the same commands behave alike. Deciding
//! never iterates over it. Its keys are identifiers of our own or carry a keyed card hash, so a peer
//! cannot choose colliding ones.

use std::hash::{BuildHasherDefault, DefaultHasher};

/// Hash map with a fixed hasher.
#[expect(
    clippy::disallowed_types,
    reason = "the hasher is fixed here, so the order is not random"
)]
pub(crate) type Map<K, V> = std::collections::HashMap<K, V, BuildHasherDefault<DefaultHasher>>;
