//! The journal under power cuts, damage and failing disks.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that panics has failed"
)]

#[path = "journal/clean_end.rs"]
mod clean_end;
#[path = "journal/committer.rs"]
mod committer;
#[path = "journal/damage.rs"]
mod damage;
#[path = "journal/disks.rs"]
mod disks;
#[path = "journal/files.rs"]
mod files;
#[path = "journal/house.rs"]
mod house;
#[path = "journal/parts.rs"]
mod parts;
#[path = "journal/power.rs"]
mod power;
#[path = "journal/prepared.rs"]
mod prepared;
#[path = "journal/readers.rs"]
mod readers;
#[path = "journal/remote.rs"]
mod remote;
#[path = "journal/retention.rs"]
mod retention;
#[path = "journal/simulated.rs"]
mod simulated;
mod support;
