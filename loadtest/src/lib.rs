//! Open-loop load for an ISO 8583 authorization switch: figures that can be believed, and a verdict.
//!
//! Owns: the schedule, the messages, the matching of answers, the load test's own books, the report. Must
//! never: share decision code with the switch, or let an answer decide when the next message is sent.
//!
//! How it measures:
//! - **Open loop.** When each message is due follows from rate, mix and seed, before the first one is sent.
//!   A slow switch does not slow the load down. Latency runs from the *intended* time of a message to its
//!   answer, so a stall counts for every message due in it (no coordinated omission). `send_lag_us` says how
//!   much of that is the load test's own lateness.
//! - **Warm-up** is the same load; it is counted and checked, and kept out of the percentiles. A message
//!   without an answer has no latency: it is counted as timed out, and the verdict is then not good.
//! - **Correct under load.** An answer belongs to a request by its MTI, STAN and DE7, on the same connection,
//!   and by the terminal (DE41, else DE37). What fits nothing, or returns another value than was sent, or
//!   answers a repeat otherwise than the original, is mismatched. With an admin address the available limit
//!   of every account that the run may move is compared with the sum of the answers.
//!
//! A message is one line through the modules: [`plan`] says when, [`mix`] what, `session` sends it
//! (`message`) and finds its answer, `recorder` counts and measures (`latencies`), `books` adds up, [`report`] tells.
//! `opening`, `link`, `clock`, `admin` and `disk_probe` are the shells with sockets, time and files.

mod admin;
mod books;
mod clock;
mod digits;
mod disk_probe;
mod latencies;
mod link;
mod machine;
mod management;
mod message;
pub mod mix;
mod opening;
pub mod plan;
mod random;
mod recorder;
pub mod report;
pub mod run;
mod session;

pub use admin::AdminError;
pub use books::{BooksReport, Difference};
pub use machine::Machine;
