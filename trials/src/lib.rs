//! Trials of the promise: an acknowledged approval is never lost and never doubled.
//!
//! Owns: the seeded simulation of the whole switch ([`simulation`]), the torture of real processes
//! ([`torture`]), and the judgement of what clients heard ([`history`]). Must never: decide as the switch
//! does; what it believes comes from the answers alone.

pub mod history;
pub mod random;
pub mod simulation;
pub mod torture;
