//! Faults of the disk, the clock and the machine under the real switch and under load: nothing is
//! acknowledged wrongly, the exit code and the message are the documented ones, and the next start is clean
//! or refuses and says what and where.
//!
//! The tables in [`cases`] say which faults there are and what must happen. What cannot be done here
//! (tracing, mounting, another clock) is said and skipped.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that panics has failed"
)]

mod harness;

#[path = "faults/cases.rs"]
mod cases;
#[path = "faults/clock.rs"]
mod clock;
#[path = "faults/damage.rs"]
mod damage;
#[path = "faults/injection.rs"]
mod injection;
#[path = "faults/late.rs"]
mod late;
#[path = "faults/load.rs"]
mod load;
#[path = "faults/mounts.rs"]
mod mounts;
#[path = "faults/running.rs"]
mod running;
#[path = "faults/starting.rs"]
mod starting;
