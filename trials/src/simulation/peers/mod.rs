//! The network side of a simulation: hosts with their books, their messages, and their links.
//!
//! Owns: what is asked, and what is believed from answers alone. Must never: share decision code with the
//! switch, or look into it.

mod files;
mod host;
mod line;
mod message;
mod purchase;
mod scheme;
mod sign_on;
mod writing;

pub use files::{Doing, FILE_SCHEME, FileAction};
pub use host::{Host, Probe};
pub use line::Line;
pub use message::{Key, Request};
pub use purchase::{
    Follow, FollowKind, Heard, Kind, Purchase, Reversal, Standing, Undoing, cash_minor, is_late,
};
pub use scheme::Scheme;
