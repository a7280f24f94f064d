//! What several tests share: the dialect as it is shipped, and hexadecimal.
#![allow(
    dead_code,
    reason = "each test crate compiles this module and uses a part of it"
)]

use std::path::PathBuf;

use codec::{Dialect, Element};

/// Path of the shipped generic dialect.
pub(crate) fn dialect_path() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../config/dialects/iso1987-ascii.toml")
}

/// The shipped generic dialect.
pub(crate) fn dialect() -> Dialect {
    Dialect::load(&dialect_path()).expect("the shipped dialect compiles")
}

/// An element of a number known to be one.
#[allow(
    dead_code,
    reason = "each test crate compiles this module and uses a part of it"
)]
pub(crate) fn element(number: u8) -> Element {
    Element::new(number).expect("2 to 128")
}

/// Bytes of hexadecimal text.
#[allow(
    dead_code,
    reason = "each test crate compiles this module and uses a part of it"
)]
pub(crate) fn from_hex(text: &str) -> Vec<u8> {
    let digit = |c: u8| {
        char::from(c)
            .to_digit(16)
            .and_then(|d| u8::try_from(d).ok())
            .expect("hex")
    };
    text.as_bytes()
        .chunks_exact(2)
        .map(|pair| digit(pair[0]) << 4 | digit(pair[1]))
        .collect()
}
