//! Tests of the simulator from outside: the scenario language, the shipped files and the real
//! binary against a scripted peer. No switch takes part.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "the helpers of a test fail by panicking, as the tests do"
)]

mod networks;
mod run;
mod scenario_files;
mod scenario_language;
mod send;
mod stub;
