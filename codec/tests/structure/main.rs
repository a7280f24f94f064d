//! The inside of elements: golden values, descriptions, and what must hold for any bytes.
#![allow(
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::too_many_lines,
    clippy::unwrap_used,
    reason = "a failed expectation fails the test; a table is as long as it is"
)]

mod descriptions;
mod emv;
mod golden;
mod layouts;
mod properties;
mod tlv;
