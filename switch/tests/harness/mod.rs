//! What the end-to-end tests share: the real binaries started in a directory of their own, their log, a
//! client that speaks ISO 8583 over TCP, and HTTP. It judges nothing and starts nothing on fixed ports.

#![allow(
    dead_code,
    unused_imports,
    clippy::unwrap_used,
    clippy::panic,
    clippy::string_slice,
    reason = "shared by several test crates, each using a part; a test that panics has failed"
)]

mod client;
mod clock;
mod http;
mod log;
mod message;
mod process;
mod random;
mod simulator;
pub(crate) mod strace;
mod switch;
mod world;

pub(crate) use client::{Client, Receiver, Sender};
pub(crate) use clock::{PATIENCE, SetOnDrop, await_answer, eventually, now, pause};
pub(crate) use http::{Answer, get as http_get};
pub(crate) use log::Log;
pub(crate) use message::{DIALECT, Fields, generated_account, generated_pan, text};
pub(crate) use process::{Ended, Process, run, run_with_input, signal, skipped};
pub(crate) use random::Random;
pub(crate) use simulator::{loadtest, simulator};
pub(crate) use switch::Switch;
pub(crate) use world::{World, copy, is_notice, repository, set};
