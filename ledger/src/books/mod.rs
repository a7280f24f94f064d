//! The books on disk: what the store holds of the state, written behind the journal.
//!
//! Owns: the rows ([`rows`]), the store they live in ([`store`]) and the view-writer with the views that
//! readers see ([`view`]), and loading the state from them ([`load`]). Must never: be ahead of the
//! watermark.

pub mod load;
pub mod rows;
pub mod store;
pub mod view;

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
}
