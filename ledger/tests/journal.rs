//! The journal under power cuts, damage and failing disks.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that panics has failed"
)]

#[path = "journal/committer.rs"]
mod committer;
#[path = "journal/damage.rs"]
mod damage;
#[path = "journal/disks.rs"]
mod disks;
#[path = "journal/files.rs"]
mod files;
#[path = "journal/parts.rs"]
mod parts;
#[path = "journal/power.rs"]
mod power;
mod support;
