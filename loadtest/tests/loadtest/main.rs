//! The `loadtest` command against an issuer inside the test: counts, verdicts and exit codes under every
//! fault that an issuer can have.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "the helpers of a test fail by panicking, as the tests do"
)]

mod command;
mod faults;
mod figures;
mod stub;
