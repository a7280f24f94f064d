//! The books: accounts, cards, limits, authorizations, transactions.
//!
//! Owns: commands and how they are decided, records and how they are applied, the writer, the journal,
//! the books in sled and the views that readers see. Every change of the books is a [`Command`] that
//! the [`writer`] decides into [`Record`]s; applying records is the only thing that changes state.
//!
//! Must never: know a message format or HTTP, read a clock while deciding, see a PAN or other card
//! secret, or hand out an outcome before the journal holds what it rests on ([`Durable`]).
#![deny(
    clippy::arithmetic_side_effects,
    clippy::float_arithmetic,
    clippy::indexing_slicing,
    clippy::wildcard_enum_match_arm
)]
#![cfg_attr(
    test,
    allow(
        clippy::arithmetic_side_effects,
        clippy::indexing_slicing,
        clippy::wildcard_enum_match_arm,
        reason = "tests state their own bounds"
    )
)]

pub mod audit;
pub mod authorization;
pub mod books;
pub mod command;
pub mod controls;
mod decide;
mod dense;
pub mod durable;
mod encoding;
pub mod entities;
pub mod identifiers;
mod invariants;
pub mod journal;
mod map;
pub mod operation;
pub mod over_limit;
pub mod purge;
mod rank;
pub mod rebuild;
mod recent;
pub mod record;
pub mod recovery;
pub mod rehearsal;
pub mod runtime;
pub mod settled;
pub mod snapshot;
pub mod state;
pub mod transfer;
pub mod writer;

pub use command::Command;
pub use durable::{Durable, Watermark};
pub use record::Record;
pub use state::State;
