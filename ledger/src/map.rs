//! The one hashed map of the ledger.
//!
//! Owns: a map whose hash function is fast and keyed per process, so that a peer who chooses STANs and
//! terminals cannot make keys collide. Deciding never iterates over it, so the keys change nothing that is
//! decided.

/// Hash map that deciding looks things up in.
#[expect(
    clippy::disallowed_types,
    reason = "the order of iteration is never decided on"
)]
pub(crate) type Map<K, V> = std::collections::HashMap<K, V, ahash::RandomState>;
