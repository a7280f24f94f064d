//! The dialects of networks: messages encoded by hand, and what must hold for each of their structures.
#![allow(
    clippy::expect_used,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a failed expectation fails the test; the number of vectors is printed"
)]

#[path = "../common/mod.rs"]
mod common;
mod golden;
mod properties;

use std::collections::BTreeMap;

use crate::common::from_hex;
use serde::Deserialize;

#[derive(Deserialize)]
struct Vectors {
    vector: Vec<Vector>,
}

#[derive(Deserialize)]
pub(crate) struct Vector {
    pub(crate) id: String,
    pub(crate) mti: String,
    /// A comment stands behind a `#`.
    pub(crate) hex: String,
    pub(crate) fields: BTreeMap<String, String>,
    #[serde(default)]
    pub(crate) parts: BTreeMap<String, String>,
    #[serde(default)]
    pub(crate) retained: Vec<String>,
}

impl Vector {
    pub(crate) fn bytes(&self) -> Vec<u8> {
        let lines = self.hex.lines();
        let hex: Vec<&str> = lines.map(|line| line.split('#').next().unwrap()).collect();
        from_hex(&hex.concat())
    }
}

pub(crate) fn vectors(name: &str) -> Vec<Vector> {
    let path = format!(
        "{}/tests/vectors/network/{name}.toml",
        env!("CARGO_MANIFEST_DIR")
    );
    let text = std::fs::read_to_string(path).expect(name);
    toml::from_str::<Vectors>(&text).expect(name).vector
}
