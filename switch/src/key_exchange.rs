//! Where a network changes keys with this side (DE70 101, 161 to 163).
//!
//! Owns: the interface to whatever holds keys, and what stands in its place while nothing does. Must never: keep, copy or
//! log what a message brings of a key: it is lent for the call, and wiped with its frame.

use std::fmt;

use codec::{Dialect, Message};

/// A network brings a key, or asks for a change of keys.
#[derive(Clone, Copy)]
pub struct KeyExchangeRequest<'a> {
    /// Name of the network.
    pub network: &'a str,
    /// DE70.
    pub code: &'a str,
    /// The message: which elements hold the key is the network's affair.
    pub message: &'a Message,
    /// How the inside of its elements is read.
    pub dialect: &'a Dialect,
}

impl fmt::Debug for KeyExchangeRequest<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyExchangeRequest")
            .field("network", &self.network)
            .field("code", &self.code)
            .finish_non_exhaustive()
    }
}

/// Why keys were not taken, in words that may be logged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct KeysRefused(pub &'static str);

/// Whatever takes the keys of networks.
pub trait KeyExchange: fmt::Debug + Send + Sync {
    /// Takes what a network brings. The network uses the new keys once it is told so: this returns when they are kept
    /// where they outlive the process, and at once, because the link waits.
    ///
    /// # Errors
    /// [`KeysRefused`]: the network goes on with the keys it has.
    fn exchange(&self, request: &KeyExchangeRequest<'_>) -> Result<(), KeysRefused>;
}

/// Nothing takes keys: a key that was accepted and is not there would cost every PIN after it.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoKeys;

impl KeyExchange for NoKeys {
    fn exchange(&self, _: &KeyExchangeRequest<'_>) -> Result<(), KeysRefused> {
        Err(KeysRefused("nothing here takes keys"))
    }
}
