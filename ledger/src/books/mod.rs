//! The books on disk: what the store holds of the state, written behind the journal.
//!
//! Owns: the rows ([`rows`]), the store they live in ([`store`], `packed`) and the view-writer with the views that
//! readers see ([`view`], `changed`), how they are written ([`checkpoint`]), the history of an account ([`history`]),
//! what is known of what they contain ([`contents`]), loading the state from them ([`load`]) and finding out whether
//! they can be used ([`inspection`]). Must never: be ahead of the watermark.

mod changed;
pub mod checkpoint;
pub mod contents;
pub mod history;
pub mod inspection;
pub mod load;
mod memory;
mod packed;
pub mod rows;
mod show;
mod show_clearing;
mod show_purge;
mod show_refund;
pub mod store;
pub mod view;
mod work_list;

pub use contents::Contents;
pub use store::{BookStore, SledStore, StoreError};
pub use view::{ViewWriter, Views};

use serde::{Deserialize, Serialize};

use crate::identifiers::Timestamp;

/// How far the books are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Progress {
    /// Every row of every batch up to this one is in the store.
    pub sequence: u64,
    /// Time of that batch.
    pub time: Timestamp,
    /// What the tables then contain.
    pub contents: Contents,
}
