//! The inside of elements: golden values, descriptions, and what must hold for any bytes.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::string_slice,
    clippy::too_many_lines,
    clippy::unwrap_used,
    reason = "a failed expectation fails the test; a table is as long as it is; a test that is skipped says so"
)]

mod descriptions;
mod emv;
mod golden;
#[path = "../../benches/common/growing.rs"]
mod growing;
mod layouts;
mod linear;
mod properties;
mod tlv;
