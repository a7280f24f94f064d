//! What several tests share: the dialects as they are shipped, and hexadecimal.
#![allow(
    dead_code,
    reason = "each test crate compiles this module and uses a part of it"
)]

use std::path::PathBuf;

use codec::{Dialect, Element};

/// Names of the shipped dialects.
pub(crate) const SHIPPED: [&str; 5] = [
    "iso1987-ascii",
    "iso1987-binary",
    "iso1993-ascii",
    "iso1993-binary",
    "iso2003-binary",
];

/// Names of the shipped dialects of networks.
pub(crate) const NETWORKS: [&str; 8] = [
    "visa-base1",
    "mastercard-cis",
    "mastercard-ipm",
    "mastercard-ipm-ascii",
    "cb-like",
    "elo-like",
    "postilion-like",
    "base24-like",
];

/// Path of a shipped dialect.
pub(crate) fn shipped_path(name: &str) -> PathBuf {
    let directory = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../config/dialects");
    directory.join(format!("{name}.toml"))
}

/// A shipped dialect.
pub(crate) fn shipped(name: &str) -> Dialect {
    Dialect::load(&shipped_path(name)).expect("the shipped dialect compiles")
}

/// Path of the shipped generic dialect.
pub(crate) fn dialect_path() -> PathBuf {
    shipped_path("iso1987-ascii")
}

/// The shipped generic dialect.
pub(crate) fn dialect() -> Dialect {
    shipped("iso1987-ascii")
}

/// An element of a number known to be one.
pub(crate) fn element(number: u8) -> Element {
    Element::new(number).expect("2 to 192")
}

/// Bytes of hexadecimal text, white space skipped.
pub(crate) fn from_hex(text: &str) -> Vec<u8> {
    let digits: Vec<u8> = text
        .bytes()
        .filter(|byte| !byte.is_ascii_whitespace())
        .map(|byte| {
            let digit = char::from(byte).to_digit(16);
            digit
                .and_then(|digit| u8::try_from(digit).ok())
                .expect("hex")
        })
        .collect();
    digits
        .chunks_exact(2)
        .map(|pair| pair[0] << 4 | pair[1])
        .collect()
}

/// Upper-case hexadecimal text.
pub(crate) fn to_hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02X}")).collect()
}
