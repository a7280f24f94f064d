//! The `iso8583` command as its users run it.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::too_many_lines,
    clippy::unwrap_used,
    reason = "a failed expectation fails the test; a table is as long as it is"
)]

#[path = "../pcap/build.rs"]
#[allow(dead_code, reason = "other tests use the rest of it")]
mod build;
mod check;
#[path = "../common/mod.rs"]
mod common;
mod describe;
mod detect;
mod dialects;
mod diff;
mod guide;
mod import;
mod input;
mod messages;
mod pcap;
mod run;
mod streams;
mod structures;
mod terminal;
